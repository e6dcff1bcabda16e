"""CSV files into documents and customers: reading, mapping, running (product 10.7)."""

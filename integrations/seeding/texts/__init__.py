"""What customers write: vocabularies by topic and language, and how each channel shapes them."""

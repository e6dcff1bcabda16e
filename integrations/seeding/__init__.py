"""Demo data: a believable company's directory, the same for the same seed."""

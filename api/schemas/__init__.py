"""What the REST API takes and gives, as its OpenAPI document says it."""

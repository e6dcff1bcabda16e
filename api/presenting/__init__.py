"""Records as the API and MCP give them: plain JSON of what the holder of a key may see."""

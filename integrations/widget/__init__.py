"""The form that other sites embed (5.6): which pages may send it, what it may say, and the script itself."""

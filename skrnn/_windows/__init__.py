"""Windows over rows, and where they come from."""

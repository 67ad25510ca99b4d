"""Windows over rows: their checks, their layout, and the rows they are cut from."""

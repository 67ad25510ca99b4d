"""Reading a pandas index: its stamps and series, steps, runs and the axis of time."""

"""Reading a pandas index: steps, runs and the axis of time."""

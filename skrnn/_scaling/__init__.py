"""Scaling by the training samples, and of each window by itself."""

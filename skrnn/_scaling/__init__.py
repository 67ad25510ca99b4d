"""Scaling of a fit, and of each window."""

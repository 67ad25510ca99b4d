"""What estimators store: plain values under a version."""

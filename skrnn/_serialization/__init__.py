"""What estimators store: plain values under a version, and names that stay."""

"""The shipped series, each a CSV file and its description."""

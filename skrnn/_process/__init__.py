"""The process: settings, memory and signals."""

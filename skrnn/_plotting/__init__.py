"""Displays of forecasts and losses, and what they draw with."""

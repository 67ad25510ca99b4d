"""Drawing, and the displays."""

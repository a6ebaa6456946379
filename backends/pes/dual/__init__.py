"""The PE that multiplies or shifts."""

"""The multiply PE."""

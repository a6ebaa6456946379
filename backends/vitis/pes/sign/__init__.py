"""The sign PE."""

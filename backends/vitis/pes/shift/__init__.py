"""The shift PE."""

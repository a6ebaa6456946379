"""Converters: what turns the model of a framework into a ``Graph``."""

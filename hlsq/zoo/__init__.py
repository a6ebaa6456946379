"""Keras builders of the networks of the examples, tests and benchmarks; Keras is imported when one is built."""

from hlsq.discovery import lazy_modules

__getattr__ = lazy_modules(__name__)

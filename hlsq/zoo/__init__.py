"""Keras builders of the networks of the examples, tests and benchmarks; Keras is imported when one is built."""

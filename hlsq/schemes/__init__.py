"""Quantisation schemes: from a float network and calibration samples to a ``Plan``; one scheme per file.

``run_scheme("doubleq", graph, samples, last_layer="doubleq")`` makes a plan; ``scheme_names()`` lists what there is.
"""

from hlsq.schemes.base import Scheme, get_scheme, run_scheme, scheme_names

__all__ = ["Scheme", "get_scheme", "run_scheme", "scheme_names"]

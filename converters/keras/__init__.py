"""Keras models to ``hlsq.graph.Graph``.

Neither Keras 3 nor tf_keras is imported here: a model object brings its own package, and a model file names the one
that loads it.
"""

from hlsq.converters.keras.convert import draft_from_keras, from_file, from_keras
from hlsq.converters.keras.files import load_model_file
from hlsq.converters.keras.read import read_model

__all__ = ["draft_from_keras", "from_file", "from_keras", "load_model_file", "read_model"]

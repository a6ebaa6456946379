"""Saved QKeras models."""

from __future__ import annotations

import importlib
import os
import warnings
from pathlib import Path
from typing import Any

from hlsq.converters.keras.saved import SavedModel, read_saved, refuse_code
from hlsq.errors import ModelFileError


def load_qkeras_file(path: str | os.PathLike[str]) -> Any:
    """The QKeras model saved in the ``.keras`` or ``.h5`` file ``path``, with QKeras's or hlsq's quantizers.

    No code from the file runs: Lambda layers and custom objects are refused before it is opened.

    Raises:
        ModelFileError: no such file, a damaged one, or one that would run code.
        KerasVersionError: TensorFlow has been loaded with Keras 3.
    """
    saved = read_saved(Path(path))
    refuse_code(saved)
    importlib.import_module("hlsq.quantizers")  # makes TensorFlow use tf_keras, and QKeras know hlsq's quantizers
    utils = importlib.import_module("qkeras.utils")
    with warnings.catch_warnings():
        # QKeras serialises quantizers as constraints, which tf_keras remarks on for each of them.
        warnings.filterwarnings("ignore", message="The `keras.constraints.serialize", category=UserWarning)
        try:
            return utils.load_qmodel(str(saved.path), compile=False)
        except Exception as first:  # whatever an unknown layer or a damaged file makes Keras raise
            try:
                return rebuild(saved)
            except Exception as second:
                reason = next(iter(str(second).splitlines()), type(second).__name__)
                raise ModelFileError(f"{saved.path}: QKeras cannot load it: {reason}") from first


def rebuild(saved: SavedModel) -> Any:
    """The model made from the saved configuration, and then its weights.

    Where Keras 3 and tf_keras are both installed QKeras's own loader can look for layers in the wrong one.
    """
    tf_keras = importlib.import_module("tf_keras")
    utils = importlib.import_module("qkeras.utils")
    known: dict[str, Any] = {}
    utils._add_supported_quantized_objects(known)
    kind = tf_keras.Sequential if saved.config.get("class_name") == "Sequential" else tf_keras.Model
    with tf_keras.utils.custom_object_scope(known):
        model = kind.from_config(saved.config["config"])
    model.load_weights(str(saved.path))
    return model

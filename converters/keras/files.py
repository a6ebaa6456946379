"""Saved Keras models."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from hlsq.converters.keras.qkeras_files import load_qkeras_file
from hlsq.converters.keras.reader import is_model
from hlsq.converters.keras.saved import SavedModel, read_saved, refuse_code, refuse_unknown_layers
from hlsq.errors import ModelFileError


def load_model_file(path: str | os.PathLike[str]) -> Any:
    """The Keras model saved in ``path``, loaded by the package that wrote it.

    No code from the file runs: its configuration is read first, and Lambda layers, custom objects and layers that
    could not be converted anyway are refused before Keras opens it.

    Args:
        path: a ``.keras``, ``.h5`` or ``.hdf5`` file of Keras 3 or tf_keras.

    Raises:
        ModelFileError: no such file, a damaged one, or one that would run code.
        UnsupportedLayerError: a layer that is not converted.
    """
    saved = read_saved(Path(path))
    refuse_code(saved)
    if saved.is_qkeras:
        return _load_qkeras(saved)
    refuse_unknown_layers(saved)
    try:
        model = _load(saved)
    except ImportError as error:
        raise ModelFileError(
            f"{saved.path} was written by {saved.package}, which cannot be imported: {error}"
        ) from error
    except Exception as error:  # whatever a damaged file makes Keras raise
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelFileError(f"{saved.path}: {saved.package} cannot load it: {reason}") from error
    if not is_model(model):
        raise ModelFileError(f"{saved.path}: its configuration describes no model; save the model again")
    return model


def _load_qkeras(saved: SavedModel) -> Any:
    try:
        return load_qkeras_file(saved.path)
    except ImportError as error:
        raise ModelFileError(f"{saved.path} holds QKeras layers, which cannot be loaded here: {error}") from error


def _load(saved: SavedModel) -> Any:
    """Let the package that wrote the file load it."""
    if saved.package == "keras":
        keras = importlib.import_module("keras")
        return keras.saving.load_model(saved.path, compile=False, safe_mode=True)
    tf_keras = importlib.import_module("tf_keras")
    return tf_keras.models.load_model(str(saved.path), compile=False, safe_mode=True)

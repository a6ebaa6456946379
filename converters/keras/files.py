"""Saved Keras models."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from hlsq.converters.keras.qkeras_files import load_json, load_qkeras
from hlsq.converters.keras.reader import is_model
from hlsq.converters.keras.saved import SavedModel, read_saved
from hlsq.converters.keras.trusted import refuse_code, refuse_unknown_layers, refuse_unknown_objects
from hlsq.errors import HlsqError, ModelFileError, OptionError
from hlsq.files.fields import one_line


def load_model_file(path: str | os.PathLike[str], weights: str | os.PathLike[str] | None = None) -> Any:
    """The Keras model saved in ``path``, loaded by the package that wrote it.

    Models of QKeras 0.9, which needs tf_keras, become models of QKeras on Keras 3 with the same weights and
    quantizers. No code from the file runs: its configuration is read first, and Lambda layers, custom objects and
    layers that could not be converted anyway are refused before Keras opens it.

    Args:
        path: a ``.keras``, ``.h5`` or ``.hdf5`` file of Keras 3, tf_keras or QKeras, or a ``.json`` file with the
            structure alone, as ``model.to_json()`` gives it.
        weights: for a ``.json`` file, the file that ``model.save_weights()`` wrote.

    Raises:
        ModelFileError: no such file, a damaged one, or one that would run code.
        OptionError: ``weights`` is missing for a ``.json`` file, or given for another.
        UnsupportedLayerError: a layer that is not converted.
        KerasVersionError: a QKeras model, where another package than QKeras for Keras 3 is installed as ``qkeras``.
    """
    for name, value in (("model", path), ("weights", weights)):
        if value is not None and not isinstance(value, str | os.PathLike):
            raise OptionError(f"{name} is {value!r}; allowed: the path of a file, as text or pathlib.Path")
    saved = read_saved(Path(path), None if weights is None else Path(weights))
    refuse_code(saved)
    refuse_unknown_layers(saved)
    refuse_unknown_objects(saved)
    try:
        model = load_qkeras(saved) if saved.is_qkeras else _load(saved)
    except HlsqError:
        raise
    except ImportError as error:
        raise ModelFileError(
            f"{saved.path} was written by {saved.package}, which cannot be imported: {error}"
        ) from error
    except Exception as error:  # whatever a damaged file makes Keras raise
        reason = one_line(str(error)) or type(error).__name__
        name = "QKeras" if saved.is_qkeras else saved.package
        raise ModelFileError(f"{saved.path}: {name} cannot load it: {reason}") from error
    if not is_model(model):
        raise ModelFileError(f"{saved.path}: its configuration describes no model; save the model again")
    return model


def _load(saved: SavedModel) -> Any:
    """Let the package that wrote the file load it."""
    package = importlib.import_module(saved.package)
    if saved.path.suffix == ".json":
        return load_json(saved, package)
    return package.models.load_model(str(saved.path), compile=False, safe_mode=True)

"""Saved QKeras models: those of QKeras on Keras 3 by Keras, older ones by their own reader."""

from __future__ import annotations

import importlib
import json
from typing import Any

from hlsq.converters.keras.archive import rebuild
from hlsq.converters.keras.saved import SavedModel, other_weights


def load_json(saved: SavedModel, package: Any) -> Any:
    """The model whose structure is in a ``.json`` file, and whose weights are in another, made by ``package``.

    Raises:
        ModelFileError: the weights are those of another model.
        Exception: whatever Keras raises for a damaged structure.
    """
    model = package.models.model_from_json(json.dumps(saved.config))
    try:
        model.load_weights(str(saved.weights))
    except Exception as error:  # ValueError, TypeError and others, by the kind of difference
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise other_weights(saved, reason) from error
    return model


def load_qkeras(saved: SavedModel) -> Any:
    """The QKeras model ``saved``, with QKeras's or hlsq's quantizers; what it may build has been checked.

    Raises:
        KerasVersionError: another package than QKeras for Keras 3 is installed as ``qkeras``.
        Exception: whatever Keras raises for a damaged file.
    """
    importlib.import_module("hlsq.quantizers")  # which QKeras and Keras then find by name
    keras = importlib.import_module("keras")
    if saved.package == "tf_keras":
        return rebuild(saved)
    if saved.path.suffix == ".json":
        return load_json(saved, keras)
    return keras.saving.load_model(str(saved.path), compile=False, safe_mode=True)

"""Saved QKeras models: those of QKeras on Keras 3 by Keras, older ones by their own reader."""

from __future__ import annotations

import importlib
from typing import Any

from hlsq.converters.keras.archive import rebuild
from hlsq.converters.keras.saved import SavedModel


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
        model = keras.models.model_from_json(saved.path.read_text(encoding="utf-8"))
        model.load_weights(str(saved.weights))
        return model
    return keras.saving.load_model(str(saved.path), compile=False, safe_mode=True)

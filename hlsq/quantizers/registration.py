"""Making QKeras and Keras find a quantizer by its name."""

from __future__ import annotations

import importlib

import keras

PACKAGE = "hlsq"


def register(quantizer: type) -> None:
    """Let strings, layer configurations and saved models name the class ``quantizer``.

    QKeras looks strings up among the globals of ``qkeras.quantizers``, and the configurations of old files too. Keras
    looks the objects in its own files up by the registered name, and a bare one among the custom objects.
    """
    setattr(importlib.import_module("qkeras.quantizers"), quantizer.__name__, quantizer)
    keras.saving.register_keras_serializable(package=PACKAGE)(quantizer)
    keras.saving.get_custom_objects()[quantizer.__name__] = quantizer

"""Making QKeras and tf_keras find a quantizer by its name."""

from __future__ import annotations

from typing import Any

import qkeras
import qkeras.quantizers
import tf_keras


def register(quantizer: type) -> None:
    """Let strings, layer configurations and saved models name the class ``quantizer``.

    QKeras looks strings and configurations up among the globals of ``qkeras.quantizers``; tf_keras looks the
    objects inside a saved ``QActivation`` up among its custom objects.
    """
    setattr(qkeras.quantizers, quantizer.__name__, quantizer)
    tf_keras.utils.get_custom_objects()[quantizer.__name__] = quantizer


def restore_quantizer_objects() -> None:
    """Let a ``QActivation`` made with a quantizer object come back from a ``.keras`` file.

    QKeras 0.9 has no ``from_config`` for it, so the layer is left with the object's configuration, a dictionary
    that cannot be called. ``.h5`` files and strings are not concerned.
    """
    if "from_config" not in vars(qkeras.QActivation):
        qkeras.QActivation.from_config = classmethod(_activation_from_config)


def _activation_from_config(cls: type, config: dict[str, Any]) -> Any:
    activation = config["activation"]
    if isinstance(activation, dict):
        config = {**config, "activation": qkeras.get_quantizer(activation)}
    return cls(**config)

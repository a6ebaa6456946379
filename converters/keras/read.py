"""One way in for every kind of model: Keras 3, tf_keras, QKeras, or a saved file of one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hlsq.converters.keras.convert import from_keras
from hlsq.converters.keras.files import load_model_file
from hlsq.errors import OptionError
from hlsq.formats import Format
from hlsq.graph import Graph
from hlsq.plan import Plan


def read_model(model: Any, *, input_format: Format | None = None) -> tuple[Graph, Plan | None]:
    """The float network of ``model``, and for a QKeras model the plan that its quantizers are.

    Args:
        model: a model object, or the path of a saved one.
        input_format: format of the inputs of a QKeras model that does not begin with a ``QActivation``.

    Raises:
        UnsupportedLayerError: a layer that hlsq does not convert.
        ModelFileError: a file that cannot be read or would run code.
        OptionError: ``input_format`` for a model that takes its input's format from a scheme.
    """
    if isinstance(model, (str, Path)):
        model = load_model_file(model)
    if _is_qkeras(model):
        from hlsq.converters.keras.qkeras import from_qkeras

        return from_qkeras(model, input_format=input_format)
    if input_format is not None:
        raise OptionError("input_format is for QKeras models; a scheme chooses the input's format by calibration")
    return from_keras(model), None


def _is_qkeras(model: Any) -> bool:
    """Whether a layer of ``model``, or of a model inside it, comes from QKeras, without importing QKeras."""
    layers = getattr(model, "layers", None) or []
    for layer in layers:
        if any(cls.__module__.split(".")[0] == "qkeras" for cls in type(layer).__mro__) or _is_qkeras(layer):
            return True
    return False

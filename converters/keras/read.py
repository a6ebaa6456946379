"""One way in for every kind of model: Keras 3, tf_keras, QKeras, or a saved file of one of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from hlsq.converters.keras.convert import from_keras
from hlsq.converters.keras.files import load_model_file
from hlsq.converters.keras.qkeras import from_qkeras, is_qkeras
from hlsq.errors import OptionError
from hlsq.formats import Format
from hlsq.graph import Graph
from hlsq.plan import Plan


def read_model(
    model: Any,
    *,
    weights: str | os.PathLike[str] | None = None,
    input_format: Format | Mapping[str, Format] | None = None,
) -> tuple[Graph, Plan | None]:
    """The float network of ``model``, and for a QKeras model the plan that its quantizers are.

    Args:
        model: a model object, or the path of a saved one.
        weights: file of the weights, where the path is that of a ``.json`` file.
        input_format: format of the inputs of a QKeras model that does not begin with a ``QActivation``; see
            ``from_qkeras``.

    Raises:
        UnsupportedLayerError: a layer that hlsq does not convert.
        ModelFileError: a file that cannot be read or would run code.
        OptionError: ``input_format`` for a model that takes its input's format from a scheme, or that contradicts a
            QKeras model's own; ``weights`` for a model object.
    """
    if isinstance(model, str | os.PathLike):
        model = load_model_file(model, weights)
    elif weights is not None:
        raise OptionError("weights is for the path of a .json file; a model object has its own")
    if is_qkeras(model):
        return from_qkeras(model, input_format=input_format)
    if input_format is not None:
        raise OptionError("input_format is for QKeras models; a scheme chooses the input's format by calibration")
    return from_keras(model), None

"""QKeras models to a graph of quantised weights and the plan that their quantizers are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from hlsq.converters.keras.convert import draft_from_keras
from hlsq.converters.keras.files import load_model_file
from hlsq.converters.keras.qkeras_inputs import take_input_formats
from hlsq.converters.keras.qkeras_passes import join_quantizers
from hlsq.converters.keras.qkeras_plan import make_plan
from hlsq.converters.keras.reader import is_model
from hlsq.errors import KerasVersionError
from hlsq.formats import Format
from hlsq.graph import Graph
from hlsq.packages import INSTALL_QKERAS, check_qkeras
from hlsq.plan import Plan


def from_qkeras(model: Any, *, input_format: Format | Mapping[str, Format] | None = None) -> tuple[Graph, Plan]:
    """The graph of a QKeras ``model``, with the values its quantizers make of the weights, and its formats.

    The plan's formats are those of the quantizers: they hold the graph's weights exactly, and requantisation to them
    gives the values of the model's own activations. What the model leaves open is decided so, and noted in the plan:
    a bias without quantizer is rounded to the accumulator's scale (``float_biases``); the unquantised sums and means
    that additions, further quantizers or a pooled dense layer read are kept exactly (``exact_outputs``).

    Args:
        model: of QKeras layers with quantizers of ``hlsq.quantizers`` or QKeras, or the path of a saved one.
        input_format: one per input name, or one for all inputs that the model does not quantise first. Not needed
            where the model's first layer is a ``QActivation``, whose format it then is; no other can be given there.

    Raises:
        UnsupportedLayerError: a layer or quantizer that hardware cannot follow, a weight without quantizer, or an
            unquantised tensor that another layer reads; names the layer and the remedy.
        OptionError: an ``input_format`` of no input, or that contradicts the model's own.
        ModelFileError: the file cannot be read, or would run code.
        KerasVersionError: the model is of QKeras 0.9, or another package is installed in place of QKeras for Keras 3.
    """
    if isinstance(model, str | os.PathLike):
        model = load_model_file(model)
    _check_package(model)
    draft = join_quantizers(draft_from_keras(model))
    draft, inputs = take_input_formats(draft, input_format)
    return make_plan(draft, inputs)


def _check_package(model: Any) -> None:
    """Refuse layers of another package of that name, which have other attributes.

    Raises:
        KerasVersionError: there is such a layer.
    """
    for layer in getattr(model, "layers", ()):
        if is_model(layer):
            _check_package(layer)
        elif _is_qkeras_layer(layer) and any(cls.__module__.startswith("tf_keras.") for cls in type(layer).__mro__):
            raise KerasVersionError(
                f"layer {layer.name!r} ({type(layer).__name__}) comes from QKeras 0.9, which works with tf_keras only; "
                "save the model, model.save('model.h5'), and convert that file in an environment with QKeras for "
                f"Keras 3: {INSTALL_QKERAS}"
            )
    if is_model(model):
        check_qkeras()


def is_qkeras(model: Any) -> bool:
    """Whether ``model`` is a Keras model that holds a QKeras layer; imports neither."""
    return is_model(model) and any(_is_qkeras_layer(layer) for layer in model.layers)


def _is_qkeras_layer(layer: Any) -> bool:
    if is_model(layer):
        return is_qkeras(layer)
    return any(cls.__module__.partition(".")[0] == "qkeras" for cls in type(layer).__mro__)

"""From a Keras model to a graph of float blocks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hlsq.converters.keras.draft import Draft, Node
from hlsq.converters.keras.files import load_model_file
from hlsq.converters.keras.handler import handler_for
from hlsq.converters.keras.parameters import check_finite
from hlsq.converters.keras.passes import merge
from hlsq.converters.keras.reader import LayerList, read_layers
from hlsq.errors import OptionError
from hlsq.graph import Graph


def from_keras(model: Any, *, name: str | None = None) -> Graph:
    """The float graph of a Keras 3 or tf_keras ``model``.

    Batch norms become per-channel scales (FxP-QNet eq. 4-5): ``multiplier = gamma / sqrt(variance + epsilon)`` and
    ``shift = beta - mean * multiplier``. Activations and zero padding join the operation they belong to. A softmax or
    sigmoid at an output is left to the host and recorded in ``Graph.host``.

    Args:
        model: a functional or Sequential model, nested ones included, or the path of a saved one (``.keras``, ``.h5``).
        name: of the graph; the model's own by default.

    Raises:
        UnsupportedLayerError: a layer, or an option of it, that cannot be converted; the model is not built.
        ModelFileError: the file cannot be read, or would run code.
        OptionError: the model has quantised layers, or is no Keras model.
        QuantizationError: weights that are NaN or infinite, or variances that are not positive.
    """
    if isinstance(model, str | os.PathLike):
        model = load_model_file(Path(model))
    draft = draft_from_keras(model)
    if quantised := [node.name for node in draft.nodes if node.quantizers]:
        raise OptionError(
            f"model {draft.name!r}: layer {quantised[0]!r} has quantizers, which a float graph cannot hold; "
            "convert the model with its own formats, by hlsq.convert(model) without a scheme"
        )
    return Graph(
        name=draft.name if name is None else name,
        inputs=draft.inputs,
        blocks=tuple(node.block for node in draft.nodes),
        outputs=draft.outputs,
        host={node.name: node.host for node in draft.nodes if node.host is not None},
    )


def from_file(path: str | os.PathLike[str], *, name: str | None = None) -> Graph:
    """The float graph of the model saved in ``path``; see ``load_model_file`` and ``from_keras``."""
    return from_keras(load_model_file(path), name=name)


def draft_from_keras(model: Any) -> Draft:
    """The merged blocks of ``model`` with everything a graph does not hold, such as the quantizers of QKeras layers.

    Raises:
        UnsupportedLayerError: a layer, or an option of it, that cannot be converted; the model is not built.
        QuantizationError: weights that are NaN or infinite, or variances that are not positive.
    """
    return merge(_convert(read_layers(model)))


def _convert(layers: LayerList) -> Draft:
    """One or more nodes per layer; layers that pass their input on vanish."""
    nodes: list[Node] = []
    stands_for = {i.name: i.name for i in layers.inputs}
    for call in layers.calls:
        call = call.reading(tuple(stands_for[i] for i in call.inputs))
        handler = handler_for(call.layer)
        check_finite(call.layer)
        made = handler.convert(call)
        nodes += made
        stands_for[call.name] = made[-1].name if made else call.inputs[0]
    outputs = tuple(stands_for[o] for o in layers.outputs)
    return Draft(layers.name, layers.inputs, tuple(nodes), outputs)

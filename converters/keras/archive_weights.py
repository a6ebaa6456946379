"""Weights of a saved tf_keras model, by layer and by name.

There are two arrangements: the older one (``.h5``) has a group a layer, with arrays that have names; the newer one
(``.keras``, ``.weights.h5``) has a group a layer, named after its class and counted, with arrays that are numbered in
the order in which the layer made its variables.
"""

from __future__ import annotations

import importlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hlsq.converters.keras.archive_layers import plain_name
from hlsq.errors import ModelFileError

VARIABLES = (
    *("depthwise_kernel", "pointwise_kernel", "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"),
    *("ema_min", "ema_max"),
)
"""Names of the variables that inference reads, in the order in which layers make them."""


class OtherWeightsError(Exception):
    """Weights that do not fit the model; whoever knows the files makes an error for users of it."""


@contextmanager
def open_weights(path: Path) -> Iterator[Any]:
    """The HDF5 group with the weights that a ``.h5``, ``.weights.h5`` or ``.keras`` file holds.

    Raises:
        ModelFileError: it cannot be read.
    """
    import h5py

    try:
        source: Any = path
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                source = io.BytesIO(archive.read("model.weights.h5"))
        file = h5py.File(source, "r")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelFileError(f"{path} holds no readable weights ({error}); save the model again") from error
    with file:
        yield file.get("model_weights", file)


def assign_weights(model: Any, group: Any) -> None:
    """Give every layer of ``model`` its arrays of ``group``.

    Raises:
        OtherWeightsError: a layer's weights are missing or have another shape.
    """
    if "layer_names" in group.attrs:
        _assign_named(model, group)
    else:
        _assign_counted(model, group)


def _assign_named(model: Any, group: Any) -> None:
    plain = {plain_name(name): name for name in _texts(group, "layer_names")}
    for layer in model.layers:
        held = group.get(plain.get(layer.name, ""), None)
        names = [] if held is None else _texts(held, "weight_names")
        if not hasattr(layer, "layers"):
            _assign(layer, {_variable(name): np.asarray(held[name]) for name in names})
            continue
        for leaf in _leaves(layer):
            own = [name for name in names if leaf.name in (plain_name(name.rpartition("/")[0]), *name.split("/")[:-1])]
            _assign(leaf, {_variable(name): np.asarray(held[name]) for name in own})


def _texts(group: Any, attribute: str) -> list[str]:
    return [str(text.decode() if isinstance(text, bytes) else text) for text in group.attrs.get(attribute, ())]


def _assign_counted(model: Any, group: Any) -> None:
    seen: Counter[str] = Counter()
    for layer in model.layers:
        kind = _snake_case(type(layer).__name__)
        place = f"layers/{kind}" + (f"_{seen[kind]}" if seen[kind] else "")
        seen[kind] += 1
        held = group.get(place)
        if held is None:
            held = {}
        if hasattr(layer, "layers"):
            _assign_counted(layer, held)
            continue
        arrays = dict(zip(_own_variables(layer), _numbered(held), strict=False))
        norm = getattr(layer, "batchnorm", None)
        if norm is not None and "batchnorm" in held:
            arrays |= dict(zip(_own_variables(norm), _numbered(held["batchnorm"]), strict=False))
        _assign(layer, arrays)


def _assign(layer: Any, arrays: dict[str, Any]) -> None:
    """Set the variables of one layer."""
    for owner in (layer, getattr(layer, "batchnorm", None)):
        for name in _own_variables(owner):
            variable, values = _attribute(owner, name), arrays.get(name)
            if values is None or tuple(values.shape) != tuple(variable.shape):
                found = "no values" if values is None else f"values of shape {list(values.shape)}"
                raise OtherWeightsError(
                    f"layer {layer.name!r} ({type(layer).__name__}) needs {name} of shape {list(variable.shape)}, but "
                    f"the file has {found} for it"
                )
            variable.assign(values)
    if type(layer).__name__ == "QAdaptiveActivation":
        _find_integer_bits(layer)


def _find_integer_bits(layer: Any) -> None:
    """The integer bits of an adaptive activation, which it computes from the range that it has found."""
    quantizers = importlib.import_module("qkeras.quantizers")
    bits = quantizers._get_integer_bits(
        min_value=layer.ema_min,
        max_value=layer.ema_max,
        bits=layer.total_bits,
        symmetric=layer.symmetric,
        keep_negative=layer.keep_negative,
        is_clipping=layer.po2_rounding,
    )
    layer.quantizer.integer.assign(bits)


def _own_variables(layer: Any) -> list[str]:
    """Names of the variables that ``layer`` itself has."""
    return [] if layer is None else [name for name in VARIABLES if _attribute(layer, name) is not None]


def _attribute(layer: Any, name: str) -> Any:
    found = getattr(layer, name, None)
    is_depthwise = type(layer).__name__.startswith("DepthwiseConv")
    if is_depthwise and name in ("kernel", "depthwise_kernel"):  # Keras 3 names it kernel, tf_keras depthwise_kernel
        return layer.kernel if name == "depthwise_kernel" else None
    return found if hasattr(found, "assign") else None


def _leaves(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _leaves(layer)
        else:
            yield layer


def _variable(name: str) -> str:
    """``"conv/kernel:0"`` names the variable ``kernel``."""
    return name.rpartition("/")[2].partition(":")[0]


def _numbered(group: Any) -> list[Any]:
    """Arrays in the order in which the layer made its variables, less what counts its steps in training."""
    held = group.get("vars", {})
    arrays = [np.asarray(held[key]) for key in sorted(held, key=int)]
    return [array for array in arrays if array.shape]


def _snake_case(name: str) -> str:
    """``"QConv2DBatchnorm"`` becomes ``"q_conv2d_batchnorm"``, as Keras names groups after classes."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()

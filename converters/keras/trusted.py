"""What of a saved model may be built: layers that convert, Keras's own objects, quantizers; nothing that runs code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hlsq.converters.keras.handler import supported_classes
from hlsq.converters.keras.layers.merge import PLUS
from hlsq.converters.keras.saved import SavedModel, is_qkeras_class, layer_name, layers_of
from hlsq.errors import ModelFileError, UnsupportedLayerError

RUNS_CODE = ("Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")
MODELS = ("Functional", "InputLayer", "Model", "Sequential")
QUANTIZERS = (
    *("affine", "fixed_point", "power_of_two"),
    *("bernoulli", "binary", "quantized_bits", "quantized_hswish", "quantized_linear", "quantized_po2"),
    *("quantized_relu", "quantized_relu_po2", "quantized_sigmoid", "quantized_tanh", "quantized_ulaw"),
    *("stochastic_binary", "stochastic_ternary", "ternary"),
)
"""Names of the quantizers of hlsq and QKeras."""
FUNCTIONS = ("linear", "relu", "relu6", "sigmoid", "softmax", "tanh")
"""Names of Keras's functions that a QKeras layer may have as its activation."""
SAFE_MODULES = re.compile(
    r"(tf_)?keras(\.(activations|constraints|dtype_policies|initializers|layers|losses|metrics|mixed_precision|models"
    r"|optimizers(\.legacy)?|regularizers|src\.(engine|models)\.\w+|src\.layers\.core\.tf_op_layer|src\.ops\.numpy))?"
)
QUANTIZED_MODULES = re.compile(r"(qkeras|hlsq\.quantizers)(\.\w+)*")
QUANTIZED_PACKAGES = ("qkeras", "hlsq")


def refuse_code(saved: SavedModel) -> None:
    """Refuse a file whose loading could run code: Lambda layers, functions and classes that are not Keras's own.

    Raises:
        ModelFileError: there is such an object.
    """
    loaded = {key: part for key, part in saved.config.items() if key != "compile_config"}  # left out with compile=False
    for entry in _objects(loaded):
        name, module = str(entry["class_name"]), entry.get("module")
        where = f"{saved.path}: {_named(entry)}"
        if name.rpartition(">")[2] in RUNS_CODE:
            raise ModelFileError(
                f"{where} of class {name} would run code when loaded; "
                "replace it by layers of Keras, or load the model yourself if you trust it and pass the model"
            )
        registered = str(entry.get("registered_name") or "")
        if saved.is_qkeras and (_is_quantised(name, module, registered) or _is_function(entry)):
            continue
        custom = ">" in name or ">" in registered or name == "function"
        if custom or (isinstance(module, str) and not SAFE_MODULES.fullmatch(module)):
            source = f" from {module!r}" if module else ""
            raise ModelFileError(
                f"{where} is the custom object {registered or name!r}{source}, which a file cannot bring along; "
                "load the model yourself with its custom_objects and pass the model"
            )
    if saved.is_qkeras:
        for layer in layers_of(saved.config):
            _check_strings(saved, layer)


def refuse_unknown_layers(saved: SavedModel) -> None:
    """Refuse a file with a layer that has no handler.

    Raises:
        UnsupportedLayerError: there is such a layer.
    """
    known = [*supported_classes("qkeras"), *supported_classes(saved.package)] if saved.is_qkeras else []
    known = known or supported_classes(saved.package)
    for layer in layers_of(saved.config):
        kind, config = str(layer.get("class_name")), layer.get("config")
        name = kind.rpartition(">")[2] if is_qkeras_class(kind) else kind
        if name not in known and name not in MODELS:
            raise UnsupportedLayerError(layer_name(layer), kind, "no such layer is converted", ", ".join(known))
        if kind == "TFOpLambda" and (not isinstance(config, dict) or config.get("function") not in PLUS):
            function = config.get("function") if isinstance(config, dict) else None
            raise UnsupportedLayerError(
                layer_name(layer), kind, f"TensorFlow function {function!r}", "the + of two tensors"
            )


def is_quantizer_text(text: str) -> bool:
    """Whether ``text`` names a quantizer, perhaps with arguments, or a function that QKeras may look up."""
    name = text.partition("(")[0]
    return name in QUANTIZERS or text in FUNCTIONS


def _check_strings(saved: SavedModel, layer: dict[str, Any]) -> None:
    """QKeras evaluates the texts it finds where a quantizer belongs."""
    config = layer.get("config")
    if not isinstance(config, dict) or not is_qkeras_class(str(layer.get("class_name"))):
        return
    for key, value in config.items():
        is_place = key == "activation" or key.endswith("quantizer")
        if is_place and isinstance(value, str) and not is_quantizer_text(value):
            raise ModelFileError(
                f"{saved.path}: layer {layer_name(layer)!r} has {key}={value!r}, which names no quantizer; valid: "
                f"{', '.join((*QUANTIZERS, *FUNCTIONS))}"
            )


def _is_quantised(name: str, module: Any, registered: str) -> bool:
    """Whether an object is a layer of QKeras, a quantizer of QKeras or hlsq, or what QKeras wraps these in."""
    bare = name.rpartition(">")[2]
    if bare not in (*QUANTIZERS, "Clip", "QInitializer") and not is_qkeras_class(name):
        return False
    owner = (registered or name).rpartition(">")[0]
    if owner and owner not in QUANTIZED_PACKAGES:
        return False
    return module is None or (isinstance(module, str) and QUANTIZED_MODULES.fullmatch(module) is not None)


def _is_function(entry: dict[str, Any]) -> bool:
    """Whether an object is the name of one of Keras's functions, as Keras 3 writes that of a QKeras layer."""
    is_name = entry["class_name"] == "function" and isinstance(entry.get("config"), str)
    return is_name and entry["config"] in FUNCTIONS and entry.get("module") in ("builtins", "keras.activations", None)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every serialised object inside ``value``, the outermost first."""
    if isinstance(value, dict):
        if isinstance(value.get("class_name"), str):
            yield value
        for part in value.values():
            yield from _objects(part)
    elif isinstance(value, list):
        for part in value:
            yield from _objects(part)


def _named(entry: dict[str, Any]) -> str:
    config = entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return f"layer {name!r}" if isinstance(name, str) else "an object in it"

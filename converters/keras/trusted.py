"""What of a saved model may be built: layers that convert, Keras's own objects, quantizers; nothing that runs code."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

from hlsq.converters.keras.handler import supported_classes
from hlsq.converters.keras.layers.merge import PLUS
from hlsq.converters.keras.saved import SavedModel, is_qkeras_class, layer_name, layers_of
from hlsq.errors import ModelFileError, UnsupportedLayerError

RUNS_CODE = ("Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")
NOTATIONS = ("__keras_tensor__", "__tuple__", "TensorShape")
"""Of values in configurations, which Keras and tf_keras write like objects."""
PARTS = (
    *("constraints", "initializers", "losses", "metrics", "mixed_precision", "optimizers", "optimizers.legacy"),
    *("optimizers.schedules", "regularizers", "dtype_policies"),
)
"""Of Keras: modules whose classes compute numbers and do nothing else."""
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
        for entry in _objects(loaded):
            _check_strings(saved, entry)


def refuse_unknown_objects(saved: SavedModel) -> None:
    """Refuse a file with any object that is not known to be harmless; what may be built is listed, not what may not.

    These are the layers that convert, models, and the classes that Keras offers for training and numeric types, each
    where it has them: Keras looks a class up by the module that the file names.

    Raises:
        ModelFileError: there is such an object.
    """
    package = importlib.import_module("keras" if saved.is_qkeras else saved.package)
    layers = {*supported_classes(saved.package), *MODELS, *(supported_classes("qkeras") if saved.is_qkeras else ())}
    for entry in _objects({key: part for key, part in saved.config.items() if key != "compile_config"}):
        name, module = entry["class_name"], entry.get("module")
        is_text = isinstance(name, str) and isinstance(module, str | None)
        if is_text and (_is_harmless(entry, package, layers) or (saved.is_qkeras and _is_known(entry))):
            continue
        source = f" from {module!r}" if module else ""
        raise ModelFileError(
            f"{saved.path}: {_named(entry)} is of class {name!r}{source}, which a file may not name; valid: layers "
            "that convert, and Keras's initializers, regularizers, constraints, losses, metrics and optimizers. "
            "Load the model yourself if you trust it and pass the model"
        )


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


def _check_strings(saved: SavedModel, entry: dict[str, Any]) -> None:
    """QKeras calls by name what the texts say that it finds where a quantizer belongs, wherever its object stands."""
    config = entry.get("config")
    if not isinstance(config, dict) or not _is_quantised(str(entry["class_name"]), None, ""):
        return
    for key, value in config.items():
        is_place = key == "activation" or key.endswith("quantizer")
        if is_place and isinstance(value, str) and not is_quantizer_text(value):
            raise ModelFileError(
                f"{saved.path}: {_named(entry)} has {key}={value!r}, which names no quantizer; valid: "
                f"{', '.join((*QUANTIZERS, *FUNCTIONS))}"
            )


def _is_harmless(entry: dict[str, Any], package: Any, layers: set[str]) -> bool:
    name, module = entry["class_name"], entry.get("module")
    if name in NOTATIONS:
        return True
    owner = "" if module is None else str(module).partition(".")[2]
    if name in layers and (module is None or owner.partition(".")[0] in ("", "layers", "models", "src")):
        return True
    places = [owner or "dtype_policies"] if module is not None else PARTS
    return any(isinstance(_public(package, place, name), type) for place in places if place in PARTS)


def _public(package: Any, place: str, name: str) -> Any:
    """What Keras offers under ``name`` in one of its parts."""
    for part in filter(None, [*place.split("."), name]):
        package = getattr(package, part, None)
    return package


def _is_known(entry: dict[str, Any]) -> bool:
    registered = str(entry.get("registered_name") or "")
    return _is_quantised(entry["class_name"], entry.get("module"), registered) or _is_function(entry)


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
        if "class_name" in value:
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

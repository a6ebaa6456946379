"""From a layer's configuration as tf_keras saved it to the layer on Keras 3."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hlsq.converters.keras.handler import supported_classes
from hlsq.converters.keras.trusted import FUNCTIONS, QUANTIZERS, is_quantizer_text
from hlsq.errors import HlsqError, ModelFileError

Config = dict[str, Any]

TRAINING_ONLY = ("_initializer", "_regularizer", "_constraint", "_range")
"""Endings of options that inference does not read."""
WITHOUT_EFFECT = ("batch_input_shape", "dtype", "synchronized", "ragged", "seed", "noise_shape")
OFF = {"renorm": False, "sparse": False, "groups": 1, "mask": None, "inverse_quantizer": None}
"""Options that are gone or new, and the value at which that changes nothing."""
RENAMED = {("LeakyReLU", "alpha"): "negative_slope"}
REMEDY = "build the model with QKeras for Keras 3 and load its weights"


def plain_name(name: Any) -> str | None:
    """A layer's or model's name without the slashes that Keras 3 forbids; names that differ stay so."""
    return None if name is None else str(name).replace("_", "__").replace("/", "_") if "/" in str(name) else str(name)


@contextmanager
def understood(where: str) -> Iterator[None]:
    """Whatever goes wrong with a part of the configuration becomes an error that names the layer.

    Raises:
        ModelFileError: something went wrong.
    """
    try:
        yield
    except HlsqError:
        raise
    except Exception as error:  # a missing key, another type, or what Keras says of an option
        reason = next(iter(str(error).splitlines()), "")
        raise ModelFileError(f"{where} is not understood ({type(error).__name__}: {reason}); {REMEDY}") from error


def make_layer(entry: Config, where: str) -> Any:
    """The layer that ``entry`` describes.

    Raises:
        ModelFileError: a class or option that is not understood; names the layer.
    """
    kind, config = str(entry["class_name"]).rpartition(">")[2], dict(entry["config"])
    name = config.get("name")
    where = f"{where}: layer {name!r} ({kind})"
    if kind == "TFOpLambda":  # the + of two tensors; others have been refused
        return importlib.import_module("keras").layers.Add(name=plain_name(name))
    cls = _class(kind, where)
    accepted = _parameters(cls)
    options: Config = {}
    for key, value in config.items():
        key = RENAMED.get((kind, key), key)
        if key == "name":
            options[key] = plain_name(value)
        elif key.endswith(TRAINING_ONLY) or key in WITHOUT_EFFECT or (key in OFF and value == OFF[key]):
            continue
        elif key not in accepted:
            raise ModelFileError(f"{where} has the option {key}={value!r}, which is not understood; {REMEDY}")
        elif key == "activation" or key.endswith("quantizer"):
            options[key] = _function_or_quantizer(value, f"{where}: {key}", functions=key == "activation")
        elif key == "axis" and isinstance(value, list) and len(value) == 1:
            options[key] = value[0]
        else:
            options[key] = tuple(value) if isinstance(value, list) and kind.startswith("Q") else value
    with understood(where):
        return cls(**options)


def _class(kind: str, where: str) -> Any:
    if kind in supported_classes("qkeras"):
        return getattr(importlib.import_module("qkeras"), kind)
    if kind in supported_classes("keras"):
        return getattr(importlib.import_module("keras").layers, kind)
    raise ModelFileError(f"{where}: no such layer is known; {REMEDY}")


def _parameters(cls: type) -> set[str]:
    """Names of the options that ``cls`` takes, those that it hands on to its base classes included."""
    names: set[str] = set()
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(base.__init__).parameters  # type: ignore[misc]
        names |= {n for n, p in parameters.items() if p.kind is not p.VAR_KEYWORD and n != "self"}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            break
    return names


def _function_or_quantizer(value: Any, where: str, functions: bool) -> Any:
    """A quantizer as an object, or the name of one or, where ``functions`` may stand, of a function of Keras."""
    names = (*QUANTIZERS, *FUNCTIONS) if functions else QUANTIZERS
    if value is None:
        return None
    if isinstance(value, dict):
        kind, config = str(value.get("class_name")).rpartition(">")[2], value.get("config")
        if kind == "function" and functions and isinstance(config, str) and config in FUNCTIONS:
            return config
        if kind in QUANTIZERS and isinstance(config, dict):
            return _quantizer(kind, config, where)
    elif isinstance(value, str) and is_quantizer_text(value) and (functions or value not in FUNCTIONS):
        return value
    raise ModelFileError(f"{where}={value!r} is no quantizer that is known; valid: {', '.join(names)}")


def _quantizer(kind: str, config: Config, where: str) -> Any:
    cls = getattr(importlib.import_module("qkeras.quantizers"), kind)
    if unknown := sorted(set(config) - _parameters(cls)):
        raise ModelFileError(f"{where}: {kind} has the option {unknown[0]!r}, which is not understood; {REMEDY}")
    with understood(where):
        return cls(**config)

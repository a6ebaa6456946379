"""Reading what a saved Keras model says about itself, and refusing what would run code, before any Keras sees it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hlsq.converters.keras.handler import supported_classes
from hlsq.converters.keras.layers.merge import PLUS
from hlsq.errors import ModelFileError, UnsupportedLayerError

SUFFIXES = (".keras", ".h5", ".hdf5")
RUNS_CODE = ("Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")
MODELS = ("Functional", "InputLayer", "Model", "Sequential")
SAFE_MODULES = re.compile(
    r"(tf_)?keras(\.(activations|constraints|dtype_policies|initializers|layers|losses|metrics|mixed_precision|models"
    r"|optimizers(\.legacy)?|regularizers|src\.(engine|models)\.\w+|src\.layers\.core\.tf_op_layer|src\.ops\.numpy))?"
)
QUANTIZED_MODULES = re.compile(r"(qkeras|hlsq\.quantizers)(\.\w+)*")


@dataclass(frozen=True)
class SavedModel:
    """Structure of a saved model.

    Args:
        path: of the file.
        package: ``"keras"`` (Keras 3) or ``"tf_keras"``, whichever wrote it.
        config: the model's configuration.
    """

    path: Path
    package: str
    config: dict[str, Any]

    @property
    def is_qkeras(self) -> bool:
        """Whether it holds a QKeras layer."""
        return any(re.match("Q[A-Z]", str(layer.get("class_name"))) for layer in _layers(self.config))


def read_saved(path: Path) -> SavedModel:
    """The structure of the model in ``path``; loads neither Keras nor any object.

    Raises:
        ModelFileError: no such file, another kind of file, a damaged one, or one with weights alone.
    """
    if path.is_dir():
        raise ModelFileError(f"{path} is a folder; save the model as one file, model.save('model.keras')")
    if not path.is_file():
        raise ModelFileError(f"{path}: there is no such file")
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"{path}: the suffix {path.suffix!r} is unknown; valid: {', '.join(SUFFIXES)}")
    config, version = _read_zip(path) if path.suffix == ".keras" else _read_hdf5(path)
    if not isinstance(config, dict):
        raise ModelFileError(f"{path}: its configuration describes no model; save the model again")
    return SavedModel(path, "keras" if _major(version) >= 3 else "tf_keras", config)


def refuse_code(saved: SavedModel) -> None:
    """Refuse a file whose loading could run code: Lambda layers, functions and classes that are not Keras's own.

    Raises:
        ModelFileError: there is such an object.
    """
    loaded = {key: part for key, part in saved.config.items() if key != "compile_config"}  # left out with compile=False
    for entry in _objects(loaded):
        name, module = str(entry["class_name"]), entry.get("module")
        where = f"{saved.path}: {_named(entry)}"
        if name in RUNS_CODE or name.split(">")[-1] in RUNS_CODE:
            raise ModelFileError(
                f"{where} of class {name} would run code when loaded; "
                "replace it by layers of Keras, or load the model yourself if you trust it and pass the model"
            )
        registered = str(entry.get("registered_name") or "")
        if saved.is_qkeras and name != "function" and _is_quantised_layer_or_quantizer(module, registered):
            continue
        custom = ">" in name or ">" in registered or name == "function"
        if custom or (isinstance(module, str) and not SAFE_MODULES.fullmatch(module)):
            source = f" from {module!r}" if module else ""
            raise ModelFileError(
                f"{where} is the custom object {registered or name!r}{source}, which a file cannot bring along; "
                "load the model yourself with its custom_objects and pass the model"
            )


def refuse_unknown_layers(saved: SavedModel) -> None:
    """Refuse a file with a layer that has no handler.

    Raises:
        UnsupportedLayerError: there is such a layer.
    """
    known = {*MODELS, *supported_classes(saved.package)}
    for layer in _layers(saved.config):
        kind, config = str(layer.get("class_name")), layer.get("config")
        name = str(config.get("name") if isinstance(config, dict) else layer.get("name"))
        if kind not in known:
            supported = ", ".join(supported_classes(saved.package))
            raise UnsupportedLayerError(name, kind, "no such layer is converted", supported)
        if kind == "TFOpLambda" and (not isinstance(config, dict) or config.get("function") not in PLUS):
            function = config.get("function") if isinstance(config, dict) else None
            raise UnsupportedLayerError(name, kind, f"TensorFlow function {function!r}", "the + of two tensors")


def _read_zip(path: Path) -> tuple[Any, str]:
    """Configuration and Keras version of a ``.keras`` file."""
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
            metadata = json.loads(archive.read("metadata.json"))
        return config, str(metadata.get("keras_version", "3"))
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, RecursionError, OSError) as error:
        raise ModelFileError(f"{path} is no readable .keras file ({error}); save the model again") from error


def _read_hdf5(path: Path) -> tuple[Any, str]:
    """Configuration and Keras version of a ``.h5`` file."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            text, version = file.attrs.get("model_config"), file.attrs.get("keras_version", "2")
        config = None if text is None else json.loads(text)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{path} is no readable HDF5 file ({error}); save the model again") from error
    if config is None:
        raise ModelFileError(
            f"{path} holds no model_config, so weights alone; load them into the model and pass that, "
            "or save the whole model"
        )
    return config, version.decode() if isinstance(version, bytes) else str(version)


def _major(version: str) -> int:
    digits = version.partition(".")[0]
    return int(digits) if digits.isdigit() else 2


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


def _layers(config: Any) -> Iterator[dict[str, Any]]:
    """Every layer of a model's configuration, those of nested models included."""
    inner = config.get("config") if isinstance(config, dict) else None
    layers = inner.get("layers", ()) if isinstance(inner, dict) else inner
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict):
            yield layer
            yield from _layers(layer)


def _is_quantised_layer_or_quantizer(module: Any, registered: str) -> bool:
    """Whether an object is a layer of QKeras, or a quantizer of QKeras or hlsq."""
    if isinstance(module, str) and not QUANTIZED_MODULES.fullmatch(module):
        return False
    return isinstance(module, str) or registered.partition(">")[0] in ("qkeras", "hlsq")


def _named(entry: dict[str, Any]) -> str:
    config = entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return f"layer {name!r}" if isinstance(name, str) else "an object in it"

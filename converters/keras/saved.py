"""Reading what a saved Keras model says about itself; loads neither Keras nor any object of the file."""

from __future__ import annotations

import errno
import json
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hlsq.converters.keras.limits import check_archive, check_config, check_hdf5
from hlsq.errors import HlsqError, ModelFileError, OptionError

SUFFIXES = (".keras", ".h5", ".hdf5", ".json")


@dataclass(frozen=True)
class SavedModel:
    """Structure of a saved model.

    Args:
        path: of the file.
        package: ``"keras"`` (Keras 3) or ``"tf_keras"``, whichever wrote it.
        config: the model's configuration.
        weights: file that holds the weights; ``path`` itself unless that is a ``.json`` file.
    """

    path: Path
    package: str
    config: dict[str, Any]
    weights: Path

    @property
    def is_qkeras(self) -> bool:
        """Whether it holds a QKeras layer."""
        return any(is_qkeras_class(str(layer.get("class_name"))) for layer in layers_of(self.config))


def is_qkeras_class(name: str) -> bool:
    """Whether ``name``, perhaps with the package it is registered in, is that of a QKeras layer."""
    return re.match("Q[A-Z]", name.rpartition(">")[2]) is not None


def read_saved(path: Path, weights: Path | None = None) -> SavedModel:
    """The structure of the model in ``path``.

    Args:
        path: a ``.keras``, ``.h5`` or ``.hdf5`` file, or a ``.json`` file (``model.to_json()``).
        weights: for a ``.json`` file, the file of the weights.

    Raises:
        ModelFileError: no such file, another kind of file, a damaged one, or one with weights alone.
        OptionError: ``weights`` is missing for a ``.json`` file, or given for another.
    """
    _check_file(path, "save the model as one file, model.save('model.keras')")
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"{path}: the suffix {path.suffix!r} is unknown; valid: {', '.join(SUFFIXES)}")
    if path.suffix == ".json":
        if weights is None:
            raise OptionError(
                f"{path} holds a structure alone; name the file of its weights too, for example "
                f"weights='{path.stem}.weights.h5'"
            )
        _check_file(weights, "name the file that model.save_weights wrote")
    elif weights is not None:
        raise OptionError(f"{path} holds its own weights; leave {weights} out, or give the model as a .json file")
    read = {".keras": _read_zip, ".json": _read_json}.get(path.suffix, _read_hdf5)
    config, version = read(path)
    if weights is not None:
        _check_weights(weights)
    if not isinstance(config, dict):
        raise ModelFileError(f"{path}: its configuration describes no model; save the model again")
    package = "keras" if _major(version) >= 3 else "tf_keras"
    return SavedModel(path, package, config, path if weights is None else weights)


def other_weights(saved: SavedModel, reason: str) -> ModelFileError:
    """The error for weights that do not fit their structure, with what was found."""
    if saved.weights == saved.path:
        return ModelFileError(
            f"{saved.path}: its weights do not fit its configuration ({reason}); save the model again"
        )
    return ModelFileError(
        f"{saved.weights} and {saved.path} belong to different models ({reason}); name the file that save_weights of "
        "that very model wrote"
    )


def layers_of(config: Any) -> Iterator[dict[str, Any]]:
    """Every layer of a model's configuration, those of nested models included."""
    inner = config.get("config") if isinstance(config, dict) else None
    layers = inner.get("layers", ()) if isinstance(inner, dict) else inner
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict):
            yield layer
            yield from layers_of(layer)


def layer_name(layer: dict[str, Any]) -> str:
    """Name of a layer in a configuration."""
    config = layer.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return str(layer.get("name") if name is None else name)


def _check_file(path: Path, folder_remedy: str) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # a path that is too long, or holds a zero byte, too
        reason = (
            error.strerror if isinstance(error, OSError) and error.errno != errno.ENOENT else "there is no such file"
        )
        raise ModelFileError(f"{path}: {reason}") from error
    if stat.S_ISDIR(mode):
        raise ModelFileError(f"{path} is a folder; {folder_remedy}")
    if not stat.S_ISREG(mode):
        raise ModelFileError(f"{path} is no regular file; {folder_remedy}")


def _read_zip(path: Path) -> tuple[Any, str]:
    """Configuration and Keras version of a ``.keras`` file."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(path, archive)
            config = json.loads(archive.read("config.json"))
            metadata = json.loads(archive.read("metadata.json"))
        return config, str(metadata.get("keras_version", "3"))
    except HlsqError:
        raise
    except Exception as error:  # whatever a damaged archive makes zipfile raise
        raise ModelFileError(f"{path} is no readable .keras file ({error}); save the model again") from error


def _read_json(path: Path) -> tuple[Any, str]:
    """Configuration and Keras version of what ``model.to_json()`` wrote; Keras 3 does not write its version."""
    check_config(path.stat().st_size, str(path))
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no readable JSON file ({error}); write model.to_json() into it") from error
    if not isinstance(config, dict):
        return config, "3"
    return config, str(config.get("keras_version", "3" if "module" in config else "2"))


def _read_hdf5(path: Path) -> tuple[Any, str]:
    """Configuration and Keras version of a ``.h5`` file."""
    import h5py

    try:
        check_hdf5(path, str(path))
        with h5py.File(path, "r") as file:
            text, version = file.attrs.get("model_config"), file.attrs.get("keras_version", "2")
        check_config(0 if text is None else len(text), f"{path}: its attribute 'model_config'")
        config = None if text is None else json.loads(text)
    except HlsqError:
        raise
    except Exception as error:  # whatever a damaged file makes h5py raise
        raise ModelFileError(f"{path} is no readable HDF5 file ({error}); save the model again") from error
    if config is None:
        raise ModelFileError(
            f"{path} holds no model_config, so weights alone; load them into the model and pass that, "
            "or give the model as a .json file, with these as its weights"
        )
    return config, version.decode(errors="replace") if isinstance(version, bytes) else str(version)


def _check_weights(path: Path) -> None:
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                check_archive(path, archive)
        else:
            check_hdf5(path, str(path))
    except HlsqError:
        raise
    except Exception as error:  # whatever a damaged file makes zipfile or h5py raise
        raise ModelFileError(f"{path} holds no readable weights ({error}); save the weights again") from error


def _major(version: str) -> int:
    digits = version.partition(".")[0]
    return int(digits) if re.fullmatch(r"\d{1,9}", digits, re.ASCII) else 2

"""Models that QKeras 0.9 saved on tf_keras, made anew of QKeras's and Keras's layers on Keras 3.

Keras 3 reads few of these files: they name tf_keras's classes, options that are gone, and weights in another order.
Only the layers that convert are made, from the options that matter to inference.
"""

from __future__ import annotations

import importlib
from typing import Any

from hlsq.converters.keras.archive_layers import make_layer, plain_name, understood
from hlsq.converters.keras.archive_weights import OtherWeightsError, assign_weights, open_weights
from hlsq.converters.keras.saved import SavedModel, other_weights
from hlsq.errors import ModelFileError

Config = dict[str, Any]
MODELS = ("Functional", "Model", "Sequential")


def rebuild(saved: SavedModel) -> Any:
    """The Keras 3 model of ``saved``, with its weights.

    Raises:
        ModelFileError: an option or a connection that is not understood, or weights that are missing; names the layer.
    """
    with understood(f"{saved.path}: its configuration"):
        model = _model(saved.config, str(saved.path))
    with open_weights(saved.weights) as weights, understood(f"{saved.weights}: the arrangement of its weights"):
        try:
            assign_weights(model, weights)
        except OtherWeightsError as error:
            raise other_weights(saved, str(error)) from error
    return model


def _model(entry: Config, where: str) -> Any:
    """The model that a configuration describes; its layers have their old names, less what Keras 3 forbids in them."""
    config = entry["config"]
    if entry["class_name"] == "Sequential":
        return _sequential(config, where)
    return _Functional(config, where).model()


def _sequential(config: Any, where: str) -> Any:
    keras = importlib.import_module("keras")
    entries = config if isinstance(config, list) else config["layers"]
    layers = []
    if entries and entries[0]["class_name"] != "InputLayer":
        shape = entries[0]["config"].get("batch_input_shape")
        if shape is None:
            raise ModelFileError(f"{where}: the Sequential model was saved before it was built, so without input shape")
        layers.append(keras.Input(shape[1:]))
    layers += [_input(entry) if entry["class_name"] == "InputLayer" else _layer(entry, where) for entry in entries]
    name = None if isinstance(config, list) else plain_name(config.get("name"))
    return keras.Sequential(layers, name=name)


def _layer(entry: Config, where: str) -> Any:
    if entry["class_name"] in MODELS:
        return _model(entry, where)
    return make_layer(entry, where)


def _input(entry: Config) -> Any:
    config = entry["config"]
    shape = config.get("batch_input_shape", config.get("batch_shape"))
    return importlib.import_module("keras").Input(shape[1:], name=plain_name(config.get("name")))


class _Functional:
    """A functional model under construction: calls its layers in the order in which their inputs become known."""

    def __init__(self, config: Config, where: str) -> None:
        self.config = config
        self.where = where
        self.tensors: dict[tuple[str, int, int], Any] = {}

    def model(self) -> Any:
        """The model."""
        pending = []
        seen: set[str] = set()
        for entry in self.config["layers"]:
            name = entry["name"]
            if name in seen:
                raise ModelFileError(f"{self.where}: two layers have the name {name!r}; every layer needs its own")
            seen.add(name)
            if entry["class_name"] == "InputLayer":
                self.tensors[name, 0, 0] = _input(entry)
                continue
            with understood(f"{self.where}: layer {name!r}"):
                layer = _layer(entry, self.where)
            nodes = [self._references(name, node) for node in entry["inbound_nodes"]]
            first = int(_counts_its_making(entry))
            pending += [(name, index, layer, references) for index, references in enumerate(nodes, first)]
        while pending:
            ready = [call for call in pending if all(reference in self.tensors for reference in call[3])]
            if not ready:
                raise ModelFileError(f"{self.where}: layer {pending[0][0]!r} reads a tensor that no layer makes")
            for name, index, layer, references in ready:
                inputs = [self.tensors[reference] for reference in references]
                made = layer(inputs[0] if len(inputs) == 1 else inputs)
                for place, tensor in enumerate(made if isinstance(made, list | tuple) else [made]):
                    self.tensors[name, index, place] = tensor
            pending = [call for call in pending if call not in ready]
        ends = [[self.tensors[key] for key in _keys(self.config[side])] for side in ("input_layers", "output_layers")]
        inputs, outputs = (tensors[0] if len(tensors) == 1 else tensors for tensors in ends)
        return importlib.import_module("keras").Model(inputs, outputs, name=plain_name(self.config.get("name")))

    def _references(self, name: str, node: Any) -> list[tuple[str, int, int]]:
        """The tensors that one call of the layer ``name`` reads."""
        if not isinstance(node, list):
            raise self._not_understood(name, node)
        references = []
        for part in [node] if node and isinstance(node[0], str) else node:
            if not isinstance(part, list) or len(part) < 3:
                raise self._not_understood(name, part)
            references.append((str(part[0]), int(part[1]), int(part[2])))
            for option, value in (part[3] if len(part) > 3 else {}).items():
                if option == "y" and isinstance(value, list) and len(value) == 3:  # the second summand of a +
                    references.append((str(value[0]), int(value[1]), int(value[2])))
                elif value not in (None, False):
                    raise self._not_understood(name, {option: value})
        return references

    def _not_understood(self, name: str, part: Any) -> ModelFileError:
        return ModelFileError(
            f"{self.where}: layer {name!r} is called with {part!r}, which is not understood; build the model with "
            "QKeras for Keras 3 and load its weights"
        )


def _counts_its_making(entry: Config) -> bool:
    """Whether calls of a layer are numbered from 1 on: a model's number 0 is how it was made of its own inputs."""
    config = entry["config"]
    layers = config.get("layers", ()) if isinstance(config, dict) else config
    return entry["class_name"] in MODELS and bool(layers) and layers[0]["class_name"] == "InputLayer"


def _keys(references: Any) -> list[tuple[str, int, int]]:
    """Input or output tensors; a single one may stand without its list."""
    parts = [references] if references and isinstance(references[0], str) else references
    return [(str(part[0]), int(part[1]), int(part[2])) for part in parts]

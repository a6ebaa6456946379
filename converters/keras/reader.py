"""Walks the layer graph of a Keras model into a plain list of layer calls, nested models included.

Both packages mark every symbolic tensor with the call that made it (``_keras_history``: layer, index of the call, index
of the output); they differ in where a call keeps its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hlsq.converters.keras.call import LayerCall
from hlsq.errors import OptionError, UnsupportedLayerError
from hlsq.graph import GraphInput
from hlsq.graph.ops import Shape

TensorKey = tuple[int, int, int]
KERAS_PACKAGES = ("keras", "tf_keras")
FIXED = "fixed sizes: build the model with every axis of its Input given, for example Input(shape=(32, 32, 3))"
FUNCTIONAL = "functional and Sequential models, which show their layers: build it as Model(inputs, outputs)"


@dataclass(frozen=True, eq=False)
class LayerList:
    """All layer calls of a model in topological order."""

    name: str
    inputs: tuple[GraphInput, ...]
    calls: tuple[LayerCall, ...]
    outputs: tuple[str, ...]


def read_layers(model: Any) -> LayerList:
    """The layer calls of a functional or Sequential ``model`` of Keras 3 or tf_keras.

    Raises:
        OptionError: it is no Keras model.
        UnsupportedLayerError: it is not built, is a subclassed model, or has axes of unknown size.
    """
    if not is_model(model):
        raise OptionError(f"expected a Keras 3 or tf_keras model, or the path of a saved one; got {_describe(model)}")
    _check_readable(model)
    reader = _Reader()
    given: dict[TensorKey, str] = {}
    inputs = []
    for tensor in _flatten(model.inputs):
        layer = tensor._keras_history[0]
        if getattr(layer, "sparse", False) or getattr(layer, "ragged", False):
            raise UnsupportedLayerError(layer.name, type(layer).__name__, "sparse or ragged input", "dense inputs")
        name = reader.fresh(layer.name)
        given[_key(tensor)] = name
        inputs.append(GraphInput(name, _shape(tensor, layer)))
    outputs = reader.walk(model, given, "")
    return LayerList(model.name, tuple(inputs), tuple(reader.calls), tuple(outputs))


def is_model(value: Any) -> bool:
    """Whether ``value`` is a model of Keras 3 or tf_keras; imports neither."""
    return any(c.__name__ == "Model" and _package(c) in KERAS_PACKAGES for c in type(value).__mro__)


def _describe(value: Any) -> str:
    """What ``value`` is, in words."""
    cls = type(value)
    return f"an object of class {cls.__module__}.{cls.__qualname__}"


def _package(cls: type) -> str:
    return cls.__module__.partition(".")[0]


def _check_readable(model: Any) -> None:
    """Refuse a model whose layer graph is unknown, or is not what the model computes."""
    kind = type(model).__name__
    for cls in type(model).__mro__:
        if _package(cls) in KERAS_PACKAGES:
            break
        if "call" in vars(cls):
            raise UnsupportedLayerError(
                model.name, kind, f"the class {cls.__name__} has a call() of its own", FUNCTIONAL
            )
    try:
        tensors = [*_flatten(model.inputs), *_flatten(model.outputs)]
    except (AttributeError, ValueError):
        tensors = []
    if tensors and all(hasattr(t, "_keras_history") for t in tensors):
        return
    names = {c.__name__ for c in type(model).__mro__}
    if "Sequential" in names:
        raise UnsupportedLayerError(
            model.name,
            kind,
            "it is not built: its input shape is unknown and it has no weights",
            f"built models; give {FIXED}",
        )
    raise UnsupportedLayerError(model.name, kind, "a subclassed model keeps its layer graph in code", FUNCTIONAL)


def _flatten(tensors: Any) -> list[Any]:
    if tensors is None:
        return []
    if isinstance(tensors, Mapping):
        return [t for key in sorted(tensors) for t in _flatten(tensors[key])]
    if isinstance(tensors, list | tuple):
        return [t for part in tensors for t in _flatten(part)]
    return [tensors]


def _key(tensor: Any) -> TensorKey:
    layer, call, output = tensor._keras_history
    return id(layer), call, output


def _shape(tensor: Any, layer: Any) -> Shape:
    """Shape of ``tensor`` per sample."""
    shape = tuple(tensor.shape)
    if len(shape) < 2 or any(axis is None for axis in shape[1:]):
        raise UnsupportedLayerError(layer.name, type(layer).__name__, f"shape {_written(shape)} of its tensor", FIXED)
    return tuple(int(axis) for axis in shape[1:])


def _written(shape: Iterable[int | None]) -> str:
    return "[" + ", ".join("None" if axis is None else str(axis) for axis in shape) + "]"


@dataclass(frozen=True)
class _Arguments:
    """The arguments of one call, and the symbolic tensors among them."""

    tensors: list[Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def training(self) -> bool:
        return self.kwargs.get("training") is True or any(a is True for a in self.args)


def _arguments(call: Any) -> _Arguments:
    if hasattr(call, "arguments"):  # Keras 3
        return _Arguments(list(call.arguments.keras_tensors), tuple(call.arguments.args), call.arguments.kwargs)
    return _Arguments(list(call.keras_inputs), tuple(call.call_args), call.call_kwargs)


@dataclass(eq=False)
class _Reader:
    calls: list[LayerCall] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def fresh(self, name: str) -> str:
        """``name``, or with the first free number from 2 on behind it."""
        free, number = name, 2
        while free in self.names:
            free, number = f"{name}_{number}", number + 1
        self.names.add(free)
        return free

    def walk(self, model: Any, given: Mapping[TensorKey, str], prefix: str) -> list[str]:
        """Read ``model``, whose inputs are ``given``; the names of its outputs."""
        names = dict(given)
        outputs = _flatten(model.outputs)
        pending = outputs[::-1]
        while pending:
            tensor = pending[-1]
            if _key(tensor) in names:
                pending.pop()
                continue
            layer, number, _ = tensor._keras_history
            call = layer._inbound_nodes[number]
            arguments = _arguments(call)
            missing = [t for t in arguments.tensors if _key(t) not in names]
            if missing:
                pending.extend(missing[::-1])
                continue
            if not arguments.tensors:
                problem = "it reads no tensor of the model"
                raise UnsupportedLayerError(
                    layer.name, type(layer).__name__, problem, "layers fed by an Input of the model"
                )
            made = self._read(layer, call, arguments, [names[_key(t)] for t in arguments.tensors], prefix)
            names.update({(id(layer), number, index): name for index, name in enumerate(made)})
        return [names[_key(t)] for t in outputs]

    def _read(self, layer: Any, call: Any, arguments: _Arguments, inputs: list[str], prefix: str) -> list[str]:
        made = _flatten(call.outputs)
        if is_model(layer):
            return self._read_nested(layer, arguments, inputs, prefix)
        if len(made) != 1:
            problem = f"it has {len(made)} outputs"
            raise UnsupportedLayerError(layer.name, type(layer).__name__, problem, "layers with one output")
        name = self.fresh(prefix + layer.name)
        self.calls.append(
            LayerCall(
                layer=layer,
                name=name,
                inputs=tuple(inputs),
                input_shapes=tuple(_shape(t, layer) for t in arguments.tensors),
                output_shape=_shape(made[0], layer),
                training=arguments.training,
                fresh=self.fresh,
            )
        )
        return [name]

    def _read_nested(self, model: Any, arguments: _Arguments, inputs: list[str], prefix: str) -> list[str]:
        kind = type(model).__name__
        if arguments.training:
            raise UnsupportedLayerError(
                model.name, kind, "it is called with training=True", "models called for inference"
            )
        _check_readable(model)
        own = _flatten(model.inputs)
        if any(isinstance(a, Mapping) for a in arguments.args) or len(own) != len(inputs):
            problem = "its inputs are not given as one list in the order of its own"
            raise UnsupportedLayerError(
                model.name, kind, problem, "nested models called with a tensor or a list of tensors"
            )
        given = {_key(t): name for t, name in zip(own, inputs, strict=True)}
        return self.walk(model, given, f"{prefix}{model.name}_")

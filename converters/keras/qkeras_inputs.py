"""Formats of the network's inputs: given by the user, or those of the quantizers that read the inputs first."""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.converters.keras.draft import Draft, Node
from hlsq.errors import OptionError, UnsupportedLayerError
from hlsq.formats import Format
from hlsq.graph.ops import Identity, MaxPool2D, Reshape, ZeroPad2D

REMEDY = (
    "a QActivation as the first layer, or the input's format given by hand, for example "
    "input_format=FixedPoint(width=8, frac=7)"
)


def take_input_formats(draft: Draft, given: Format | Mapping[str, Format] | None) -> tuple[Draft, dict[str, Format]]:
    """The format of every input, and the draft without the quantizers that only do what the input format does.

    One format ``given`` for all is that of the inputs that the model leaves open. An input that the model quantises
    itself can be given no other format: its samples would be rounded twice, and the model rounds them once.

    Raises:
        UnsupportedLayerError: an input that is not quantised first, with no format ``given``.
        OptionError: formats ``given`` for inputs that do not exist, or another format than the model's own.
    """
    names = [i.name for i in draft.inputs]
    first = {name: _first_quantizers(draft, name) for name in names}
    own = {name: _common_format(quantizers) for name, quantizers in first.items()}
    if isinstance(given, Format):
        wanted = dict.fromkeys([name for name in names if own[name] is None] or names, given)
    else:
        wanted = dict(given or {})
    if unknown := sorted(set(wanted) - set(names)):
        raise OptionError.unknown("input_format", unknown[0], names)
    formats: dict[str, Format] = {}
    for name in names:
        fmt = wanted.get(name, own[name])
        if fmt is None:
            raise _open(draft, name, first[name])
        if own[name] not in (None, fmt):
            layer = first[name][0].block.layers[-1]
            raise OptionError(
                f"input_format of input {name!r} is {fmt}, but the model itself quantises this input to {own[name]} "
                f"(layer {layer!r}); leave input_format out, or change that layer"
            )
        formats[name] = fmt
        for node in first[name]:
            if _does_the_same(node, fmt) and node.name not in draft.outputs:
                draft = draft.bypass(node.name)
    return draft, formats


def _first_quantizers(draft: Draft, name: str) -> list[Node]:
    """The quantizers that read tensor ``name``, past operations that move values only; none if others read it too."""
    found: list[Node] = []
    if name in draft.outputs:
        return []
    for node in draft.readers.get(name, ()):
        if isinstance(node.block.op, Identity) and "output" in node.quantizers:
            found.append(node)
        elif isinstance(node.block.op, MaxPool2D | Reshape | ZeroPad2D):
            behind = _first_quantizers(draft, node.name)
            if not behind:
                return []
            if isinstance(node.block.op, ZeroPad2D) and any(_format(n).fake_quantize(0.0) != 0 for n in behind):
                return []
            found += behind
        else:
            return []
    return found


def _common_format(first: list[Node]) -> Format | None:
    """The one format of the ``first`` quantizers, if quantising to it is all that they do."""
    formats = [_format(node) for node in first]
    return formats[0] if formats and all(_does_the_same(node, formats[0]) for node in first) else None


def _open(draft: Draft, name: str, first: list[Node]) -> UnsupportedLayerError:
    """The error about the input ``name``, whose format its ``first`` quantizers do not tell."""
    if not first:
        reader = next(iter(draft.readers.get(name, ())), None)
        where = "the network's output" if reader is None else f"layer {reader.block.layers[0]!r}"
        return UnsupportedLayerError(name, "InputLayer", f"the input is not quantised before {where} reads it", REMEDY)
    odd = next(node for node in first if not _does_the_same(node, _format(first[0])))
    problem = f"input {name!r} is quantised by several different activations, or by one that also changes its values"
    return odd.refuse(problem, REMEDY, layer=odd.block.layers[-1])


def _does_the_same(node: Node, fmt: Format) -> bool:
    """Whether quantising to ``fmt`` is all that ``node`` does."""
    activation = node.block.activation
    clips = activation.relu and fmt.qmin >= fmt.offset and activation.max_value is None
    return _format(node) == fmt and (activation.is_linear or clips)


def _format(node: Node) -> Format:
    fmt: Format = node.quantizers["output"]
    return fmt

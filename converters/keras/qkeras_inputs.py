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

    Raises:
        UnsupportedLayerError: an input that is not quantised first, with no format ``given``.
        OptionError: formats ``given`` for inputs that do not exist.
    """
    names = [i.name for i in draft.inputs]
    wanted = dict.fromkeys(names, given) if isinstance(given, Format) else dict(given or {})
    if unknown := sorted(set(wanted) - set(names)):
        raise OptionError.unknown("input_format", unknown[0], names)
    formats: dict[str, Format] = {}
    for name in names:
        first = _first_quantizers(draft, name)
        fmt = wanted.get(name)
        if fmt is None:
            fmt = _common_format(draft, name, first)
        formats[name] = fmt
        for node in first or ():
            if _does_the_same(node, fmt) and node.name not in draft.outputs:
                draft = draft.bypass(node.name)
    return draft, formats


def _first_quantizers(draft: Draft, name: str) -> list[Node] | None:
    """The quantizers that read tensor ``name``, past operations that move values only; None if others read it."""
    found: list[Node] = []
    if name in draft.outputs:
        return None
    for node in draft.readers.get(name, ()):
        if isinstance(node.block.op, Identity) and "output" in node.quantizers:
            found.append(node)
        elif isinstance(node.block.op, MaxPool2D | Reshape | ZeroPad2D):
            behind = _first_quantizers(draft, node.name)
            if behind is None:
                return None
            if isinstance(node.block.op, ZeroPad2D) and any(_format(n).fake_quantize(0.0) != 0 for n in behind):
                return None
            found += behind
        else:
            return None
    return found


def _common_format(draft: Draft, name: str, first: list[Node] | None) -> Format:
    """The one format of the ``first`` quantizers."""
    if not first:
        reader = next(iter(draft.readers.get(name, ())), None)
        where = "the network's output" if reader is None else f"layer {reader.block.layers[0]!r}"
        raise UnsupportedLayerError(name, "InputLayer", f"the input is not quantised before {where} reads it", REMEDY)
    fmt = _format(first[0])
    odd = next((n for n in first if not _does_the_same(n, fmt)), None)
    if odd is not None:
        problem = (
            f"input {name!r} is quantised by several different activations, or by one that also changes its values"
        )
        raise odd.refuse(problem, REMEDY, layer=odd.block.layers[-1])
    return fmt


def _does_the_same(node: Node, fmt: Format) -> bool:
    """Whether quantising to ``fmt`` is all that ``node`` does."""
    activation = node.block.activation
    clips = activation.relu and fmt.qmin >= fmt.offset and activation.max_value is None
    return _format(node) == fmt and (activation.is_linear or clips)


def _format(node: Node) -> Format:
    fmt: Format = node.quantizers["output"]
    return fmt

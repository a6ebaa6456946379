"""What has to run: a window over a map for every block, additions fused into what they add to, and what is an address.

A ``Reshape`` that keeps the channels, or that only dense layers read, and a ``Concatenate`` that keeps the integers are
no work: the map is looked at in another way, or its parts are written side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.moves import MOST, move_weights, moves_between, size_of
from hlsq.backends.folded.refuse import refused
from hlsq.graph import Interval, QBlock, QuantizedGraph
from hlsq.graph.ops import (
    Add,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Identity,
    MaxPool2D,
    Reshape,
    Shape,
    ZeroPad2D,
)
from hlsq.graph.ops.base import spatial
from hlsq.graph.quantized import DyadicRequant, Requant

Mode = Literal["mac", "lanes", "sum", "max"]


@dataclass(frozen=True)
class Window:
    """A window that slides over a map of [height, width, channels], giving [out_height, out_width, out_channels]."""

    source: tuple[int, int, int]
    target: tuple[int, int, int]
    kernel: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return prod(self.kernel)

    @property
    def pixels(self) -> int:
        """Output positions."""
        return self.target[0] * self.target[1]


@dataclass(frozen=True, eq=False)
class Task:
    """One pass over a map.

    Attributes:
        block: whose arithmetic it does; None where it copies, or, in mode ``"mac"``, moves integers to other channels.
        mode: see ``program.MODES``.
        source: tensor that it reads.
        window: over that.
        target: tensor that it writes: that of ``block``, or of ``add``.
        requant: of the first stage.
        add: an addition that follows in the same pass, behind the first requantisation; or a concatenation that
            requantises what the pass computes.
        add_requant: the requantisation of that.
        operands: other inputs of that, or of ``block``, if that is an addition.
        multipliers: of the pass itself and of each operand.
    """

    block: QBlock | None
    mode: Mode
    source: str
    window: Window
    target: str
    requant: Requant | None = None
    add: QBlock | None = None
    add_requant: Requant | None = None
    operands: tuple[str, ...] = ()
    multipliers: tuple[int, ...] = ()

    @property
    def weights(self) -> NDArray[np.int64] | None:
        """Integer weights; zeros and ones of a pass that moves integers."""
        if self.block is not None:
            return None if self.block.weights is None else self.block.weights.values
        if self.mode != "mac":
            return None
        return move_weights(self.window.source, self.window.target, self.window.kernel)

    @property
    def blocks(self) -> tuple[QBlock, ...]:
        """Blocks whose outputs it computes."""
        return tuple(block for block in (self.block, self.add) if block is not None)

    @property
    def reads(self) -> tuple[str, ...]:
        """Tensors it reads."""
        return (self.source, *self.operands)


@dataclass(frozen=True, eq=False)
class Work:
    """All passes in order.

    Attributes:
        graph: the network.
        tasks: in order.
        aliases: a tensor that is another one looked at differently, to that one.
        parts: a tensor that lies in a concatenation, to that and its number among the inputs.
        copies: tensors that are copies, made for a concatenation or to bring channels into order: shape by name.
        origins: of those that hold the same integers as another tensor, that.
    """

    graph: QuantizedGraph
    tasks: tuple[Task, ...]
    aliases: dict[str, str]
    parts: dict[str, tuple[str, int]]
    copies: dict[str, Shape]
    origins: dict[str, str] = field(default_factory=dict)

    def interval(self, name: str) -> Interval:
        """Integers that a tensor or copy can take."""
        return self.graph.intervals[self.origins.get(name, name)]

    def zero(self, name: str) -> int:
        """Its integer for 0."""
        return self.graph.formats[self.origins.get(name, name)].offset

    def root(self, name: str) -> str:
        """The tensor that holds the integers of ``name``."""
        return map_of(name, self.aliases)

    def shape(self, name: str) -> Shape:
        """Of a tensor or of a copy."""
        return self.copies.get(name) or self.graph.shapes[name]


def make_tasks(graph: QuantizedGraph, joins: bool = True) -> Work:
    """The work that ``graph`` is.

    Args:
        graph: the network.
        joins: whether the pass that computes an input of a concatenation can requantise it for that, too.

    Raises:
        UnsupportedLayerError: a block that the folded accelerator does not run.
    """
    aliases = aliases_of(graph)
    parts: dict[str, tuple[str, int]] = {}
    copies: dict[str, Shape] = {}
    origins: dict[str, str] = {}
    tasks: list[Task] = []
    for block in graph.blocks:
        op = block.op
        if isinstance(op, Reshape):
            if block.name not in aliases:
                tasks += _moved(graph, block, copies, origins)
        elif isinstance(op, Concatenate):
            for number, (name, requant) in enumerate(zip(block.inputs, block.input_requants, strict=True)):
                root = map_of(name, aliases)
                if requant is None and root not in parts:
                    parts[root] = (block.name, number)
                else:
                    copy = f"{block.name}.input{number}"
                    shape = graph.shapes[name]
                    copies[copy] = shape
                    # With a requantisation they are those of the concatenation.
                    origins[copy] = name if requant is None else block.name
                    parts[copy] = (block.name, number)
                    maker = next((i for i, task in enumerate(tasks) if task.target == name), None)
                    if (
                        joins
                        and maker is not None
                        and requant is not None
                        and _can_requantise(graph, tasks[maker], requant)
                    ):
                        tasks[maker] = replace(
                            tasks[maker], target=copy, add=block, add_requant=requant, multipliers=(1,)
                        )
                    else:
                        tasks.append(Task(None, "sum", name, _pixelwise(shape), copy, requant))
        else:
            tasks.append(_task(graph, block, aliases))
    return Work(graph, tuple(_fused(graph, tasks)), aliases, parts, copies, origins)


def _moved(graph: QuantizedGraph, block: QBlock, copies: dict[str, Shape], origins: dict[str, str]) -> list[Task]:
    """The passes of a reshape that changes the channels; notes a copy between two of them."""
    source, before = block.inputs[0], graph.shapes[block.inputs[0]]
    found = []
    moves = moves_between(before, block.shape)
    for number, move in enumerate(moves):
        if size_of(move) > MOST:
            raise refused(
                block,
                f"moves the integers of {list(before)} to other channels, {list(block.shape)}, which "
                f"takes a matrix of {size_of(move):,} zeros and ones",
                f"reshapes with at most {MOST:,} of them, those that keep the channels, and those in front of dense "
                "layers alone",
            )
        last = number == len(moves) - 1
        target = block.name if last else f"{block.name}.pixel"
        if not last:
            copies[target], origins[target] = move[1], block.name
        found.append(Task(None, "mac", source, Window(move[0], move[1], move[2], move[3], padding=move[4]), target))
        source = target
    return found


def aliases_of(graph: QuantizedGraph) -> dict[str, str]:
    """Reshapes that are another tensor looked at differently, to that: channels stay, or dense layers alone read."""
    return {
        block.name: block.inputs[0]
        for block in graph.blocks
        if isinstance(block.op, Reshape)
        and (graph.shapes[block.inputs[0]][-1] == block.shape[-1] or _only_dense(graph, block))
    }


def _only_dense(graph: QuantizedGraph, block: QBlock) -> bool:
    readers = graph.consumers(block.name)
    return bool(readers) and all(isinstance(b.op, Dense) for b in readers) and block.name not in graph.outputs


def _pixelwise(shape: Shape) -> Window:
    return Window(spatial(shape), spatial(shape))


def _task(graph: QuantizedGraph, block: QBlock, aliases: dict[str, str]) -> Task:
    op = block.op
    source = spatial(graph.shapes[block.inputs[0]])
    target = spatial(block.shape)
    first = block.inputs[0]
    if isinstance(op, (Conv2D, DepthwiseConv2D)):
        assert block.weights is not None  # noqa: S101 - these have some
        kernel = block.weights.values.shape
        window = Window(source, target, (kernel[0], kernel[1]), op.strides, op.dilation, (op.padding[0], op.padding[2]))
        mode: Mode = "mac" if isinstance(op, Conv2D) else "lanes"
        return Task(block, mode, first, window, block.name, block.requant)
    if isinstance(op, Dense):
        # A dense layer behind a flattened map is a convolution whose kernel is the whole map.
        map_ = spatial(graph.shapes[map_of(first, aliases)])
        window = Window(map_, (1, 1, block.shape[-1]), (map_[0], map_[1]))
        return Task(block, "mac", first, window, block.name, block.requant)
    if isinstance(op, (MaxPool2D, AveragePool2D)):
        # A squeezed output has lost its height and width, which are 1.
        window = Window(source, target, op.pool, op.strides, (1, 1), (op.padding[0], op.padding[2]))
        return Task(block, "max" if isinstance(op, MaxPool2D) else "sum", first, window, block.name, block.requant)
    if isinstance(op, Identity):
        return Task(block, "sum", first, _pixelwise(block.shape), block.name, block.requant)
    if isinstance(op, ZeroPad2D):
        window = Window(source, target, padding=(op.padding[0], op.padding[2]))
        return Task(block, "sum", first, window, block.name)
    if isinstance(op, Add):
        multipliers = block.input_multipliers or (1,) * len(block.inputs)
        window = _pixelwise(block.shape)
        return Task(
            block, "sum", first, window, block.name, block.requant, operands=block.inputs[1:], multipliers=multipliers
        )
    raise refused(block, "is no operation", "convolutions, dense layers, pools, additions, concatenations")


def map_of(name: str, aliases: dict[str, str]) -> str:
    """The map that is looked at differently as tensor ``name``, or that itself."""
    while name in aliases:
        name = aliases[name]
    return name


def _fused(graph: QuantizedGraph, tasks: list[Task]) -> list[Task]:
    """``tasks`` with each addition in the pass that computes its latest input, where nothing else reads that."""
    found: list[Task] = []
    for task in tasks:
        add = task.block
        if add is not None and isinstance(add.op, Add):
            maker = next((t for t in reversed(found) if t.target in task.reads), None)
            if maker is not None and _is_plain(add) and _can_take(graph, maker, add):
                number = add.inputs.index(maker.target)
                others = tuple(name for i, name in enumerate(add.inputs) if i != number)
                weights = (task.multipliers[number], *(m for i, m in enumerate(task.multipliers) if i != number))
                merged = replace(
                    maker,
                    target=task.target,
                    add=add,
                    add_requant=add.requant,
                    operands=others,
                    multipliers=weights,
                )
                found.remove(maker)
                found.append(merged)
                continue
        found.append(task)
    return found


def _is_plain(add: QBlock) -> bool:
    """Whether one dyadic number requantises all of its sums, as the second stage of post-processing does."""
    return _is_single(add.requant) and add.bias is None and add.scale is None and not add.product_shift


def _is_single(requant: Requant | None) -> bool:
    return requant is None or (
        isinstance(requant, DyadicRequant) and len(set(requant.multiplier)) == len(set(requant.shift)) == 1
    )


def _can_requantise(graph: QuantizedGraph, maker: Task, requant: Requant) -> bool:
    """Whether the pass of what a concatenation requantises can do that as well."""
    return _is_single(requant) and _is_read_once(graph, maker)


def _can_take(graph: QuantizedGraph, maker: Task, add: QBlock) -> bool:
    """Whether the pass can add what it computes to other maps."""
    return graph.shapes[maker.target] == add.shape and _is_read_once(graph, maker)


def _is_read_once(graph: QuantizedGraph, maker: Task) -> bool:
    """Whether a pass has its second stage free, and a single reader: what it computes need not be kept."""
    return (
        maker.block is not None
        and maker.add is None
        and not maker.operands
        and maker.target not in graph.outputs
        and sum(block.inputs.count(maker.target) for block in graph.blocks) == 1
    )

"""What post-processing needs of every output channel: bias, scale, and the requantisation's multiplier and shift.

``y = clamp(round((((sum << a) + bias) * scale << b) + shift0) * multiplier << left >> right) + zero, low, high)``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.layout import NONE, Layout
from hlsq.backends.folded.tasks import Task, Work
from hlsq.formats import Rounding
from hlsq.graph import Interval, QBlock
from hlsq.graph.ops import Add, AveragePool2D
from hlsq.graph.ops.pool2d import average_weights
from hlsq.graph.quantized import DyadicRequant, Requant, ThresholdRequant

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Amounts:
    """A requantisation as multiplier, left and right shift, each one or one a channel."""

    multiplier: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def multiplies(self) -> bool:
        """Whether a multiplier is needed."""
        return any(m != 1 for m in self.multiplier)


def amounts(requant: DyadicRequant) -> Amounts:
    """Those of ``requant``: shifts alone where all of its multipliers are powers of two."""
    if not requant.is_shift:
        return Amounts(requant.multiplier, (0,), requant.shift)
    count = max(len(requant.multiplier), len(requant.shift))
    powers = [m.bit_length() - 1 for m in _repeated(requant.multiplier, count)]
    net = [s - p for s, p in zip(_repeated(requant.shift, count), powers, strict=True)]
    return Amounts((1,), tuple(max(-n, 0) for n in net), tuple(max(n, 0) for n in net))


def _repeated(values: tuple[int, ...], count: int) -> tuple[int, ...]:
    return values * count if len(values) == 1 else values


@dataclass(frozen=True, eq=False)
class Stage:
    """One requantisation, its constants that all channels share.

    Attributes:
        fields: of the instruction.
        rows: of the channels by name: bias, scale, offset, multiplier, left, right.
        features: what the hardware needs for it.
        value: integers before the multiplier, and those that come out.
        product: integers of all that comes of them, rounding included.
    """

    fields: dict[str, int]
    rows: dict[str, Ints]
    features: frozenset[str]
    value: Interval
    product: Interval


def first_stage(work: Work, task: Task, layout: Layout, word_sum: Interval) -> Stage:
    """The stage of ``task``'s own block (or copy).

    Args:
        work: the passes.
        task: the pass.
        layout: of what it writes: channel of every lane.
        word_sum: integers of its accumulators.
    """
    block = task.block
    lanes = np.asarray(layout)
    bias = np.zeros(len(lanes), dtype=np.int64)
    fields = {"product_shift": 0, "scale_shift": 0}
    features: set[str] = set()
    rows: dict[str, Ints] = {}
    value = word_sum
    if block is not None and isinstance(block.op, Add):
        constant, value = combined(work, task, block)
        bias = bias + constant
        features |= {"combine", *_weighs(task)}
    if block is not None and block.op.accumulates:
        fields["product_shift"] = block.product_shift
        if block.bias is not None:
            bias = bias + _by_lane(block.bias, lanes)
        bias = bias + _zero_bias(work, task, block, lanes)
        shifted = Interval(value.lo << block.product_shift, value.hi << block.product_shift)
        lowered = Interval(shifted.lo + int(bias.min()), shifted.hi + int(bias.max()))
        value = value.union(shifted).union(lowered).union(block.accumulator)
        if block.product_shift:
            features.add("product_shift")
        if block.scale is not None:
            features.add("scale")
            rows["scale"] = _by_lane(block.scale.multiplier, lanes)
            rows["offset"] = _by_lane(block.scale.shift, lanes)
            fields["scale_shift"] = block.scale.product_shift
            value = _scaled(value, rows, block.scale.product_shift).union(block.scaled)
    rows["bias"] = bias
    stage = _requant(task.requant, lanes, value)
    return Stage(
        fields | stage.fields, rows | stage.rows, frozenset(features) | stage.features, stage.value, stage.product
    )


def _scaled(value: Interval, rows: dict[str, Ints], shift: int) -> Interval:
    """``value``, and what a scale makes of it."""
    scale, offset = rows["scale"], rows["offset"]
    ends = [v * int(m) << shift for v in (value.lo, value.hi) for m in (scale.min(), scale.max())]
    low, high = min(ends), max(ends)
    return Interval(min(value.lo, low, low + int(offset.min())), max(value.hi, high, high + int(offset.max())))


def combined(work: Work, task: Task, add: QBlock) -> tuple[int, Interval]:
    """What zero points add to the sum of the maps of ``add``, taken away, and the integers the sum can take."""
    own = task.source if task.add is None or task.block is None else task.block.name
    constant = bound = 0
    for name, multiplier in zip((own, *task.operands), task.multipliers, strict=True):
        constant -= multiplier * work.zero(name)
        interval = work.interval(name)
        bound += abs(multiplier) * max(abs(interval.lo), abs(interval.hi))
    bound += abs(constant)
    return constant, Interval(-bound, bound)


def _weighs(task: Task) -> set[str]:
    """Features for the factors of maps that are added."""
    return {"add_weights"} if any(m & (m - 1) or m <= 0 for m in task.multipliers) else set()


def second_stage(work: Work, task: Task) -> Stage:
    """The stage of the addition or concatenation that follows in the pass, or nothing."""
    add = task.add
    if add is None:
        return Stage({}, {}, frozenset(), Interval(0, 0), Interval(0, 0))
    constant, value = combined(work, task, add)
    stage = _requant(task.add_requant, np.zeros(1, dtype=np.int64), value)
    fields = {f"add_{k}": v for k, v in stage.fields.items()} | {f"add_{k}": int(v[0]) for k, v in stage.rows.items()}
    features = {f"add_{f}" if f in ("multiply", "left") else f for f in stage.features} | {"add"} | _weighs(task)
    fields["add_bias"] = constant
    fields["adds"] = 1
    return Stage(fields, {}, frozenset(features), stage.value, stage.product)


def _zero_bias(work: Work, task: Task, block: QBlock, lanes: Ints) -> Ints:
    """What the input's zero point adds to every product, taken away with the bias."""
    zero = work.zero(task.source)
    if not zero or block.weights is None:
        return np.zeros(1, dtype=np.int64)
    values = block.weights.values
    sums = values.sum(axis=(0, 1)) if task.mode == "lanes" else values.reshape(-1, values.shape[-1]).sum(axis=0)
    return _by_lane(-zero * sums << block.product_shift, lanes)


def _by_lane(values: Ints, lanes: Ints) -> Ints:
    """Values of channels (or a single one) in the order of lanes, 0 where there is no channel."""
    if values.size == 1:
        return np.where(lanes == NONE, 0, int(values.reshape(-1)[0])).astype(np.int64)
    return np.where(lanes == NONE, 0, values[np.maximum(lanes, 0)]).astype(np.int64)


def _requant(requant: Requant | None, lanes: Ints, value: Interval) -> Stage:
    if requant is None:
        return Stage({"plain": 1}, {}, frozenset(), value, value)
    if isinstance(requant, ThresholdRequant):
        steps = requant.thresholds.shape[1]
        rows = {f"threshold{i}": _by_lane(requant.thresholds[:, i], lanes) for i in range(steps)}
        levels = {f"level{i}": int(level) for i, level in enumerate(requant.values)}
        ends = Interval(int(requant.thresholds.min()), int(requant.thresholds.max()))
        fields = {"plain": 0, "thresholds": steps, **levels}
        leaving = value.union(Interval(min(requant.values), max(requant.values)))
        return Stage(fields, rows, frozenset({"thresholds"}), leaving, leaving.union(ends))
    found = amounts(requant)
    features = set()
    rows = {}
    for key, values in (("multiplier", found.multiplier), ("left", found.left), ("right", found.right)):
        rows[key] = np.where(
            lanes == NONE, int(key == "multiplier"), _by_lane(np.asarray(values, dtype=np.int64), lanes)
        )
    if found.multiplies:
        features.add("multiply")
    if any(found.left):
        features.add("left")
    if requant.negative_shift:
        features.add("leaky")
    features.add("half_up" if requant.rounding is Rounding.HALF_UP else "half_even")
    bound = max(abs(value.lo), abs(value.hi)) * max(found.multiplier) << max(found.left)
    half = 1 << (max(found.right) + requant.negative_shift)
    fields = {
        "plain": 0,
        "half_up": int(requant.rounding is Rounding.HALF_UP),
        "negative_shift": requant.negative_shift,
        "zero": requant.zero_point,
        "low": requant.lo,
        "high": requant.hi,
    }
    bound += half + abs(requant.zero_point)
    # A shift to the left can leave more than came.
    leaving = value.union(Interval(requant.lo, requant.hi))
    return Stage(fields, rows, frozenset(features), leaving, Interval(-bound, bound).union(leaving))


def start_value(work: Work, task: Task) -> int:
    """What accumulators begin with: less than all values for a maximum, the zero points that a sum has too much."""
    zero = work.zero(task.source)
    if task.mode == "max":
        return work.interval(task.source).lo
    block = task.block
    accumulates = task.requant is not None if block is None else block.op.accumulates and not isinstance(block.op, Add)
    subtracts = task.mode == "sum" and accumulates
    return -zero * task.window.taps if subtracts else 0


def fill_value(work: Work, task: Task) -> int:
    """What positions outside of the map hold."""
    if task.mode == "max":
        return work.interval(task.source).lo
    # Beside what is moved lies nothing.
    return 0 if task.block is None else work.zero(task.source)


def border_factors(task: Task) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Factors of rows and columns of an average whose windows overhang the map, None where all windows are whole."""
    if task.block is None or not isinstance(task.block.op, AveragePool2D):
        return None
    found = average_weights(task.block.op, task.window.source)
    return None if found.uniform else (found.rows, found.columns)

"""PEs, the sums of their products, and what finishes an output."""

from __future__ import annotations

from math import prod
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hlsq.cost.estimate.cells import NOTHING, cells, packed
from hlsq.cost.estimate.choices import Multipliers, PEs
from hlsq.cost.estimate.model import Resources
from hlsq.cost.multipliers import multipliers_of
from hlsq.cost.requantisers import requantisers_of
from hlsq.cost.reuse import Split
from hlsq.formats import PowerOfTwo, Rounding
from hlsq.graph import DyadicRequant, QBlock, QuantizedGraph, QWeights, Requant, ThresholdRequant
from hlsq.graph.ops import Concatenate
from hlsq.memory.taps import tap_bits

FABRIC_PRODUCT = 16
"""Widest product, in bits, of PEs that stay in LUTs with multipliers="auto": an assumption. Vitis HLS asks for no DSP
slice for products of eight by eight bits that no sum follows in the same slice, and sums are asked for in fabric."""
_Digits = tuple[int, int]
_KNOWN: WeakKeyDictionary[QWeights, _Digits] = WeakKeyDictionary()


def in_dsp(bits: int, multipliers: Multipliers) -> bool:
    """Whether a product of ``bits`` bits is computed in a DSP slice."""
    return multipliers == "dsp" or (multipliers == "auto" and bits > FABRIC_PRODUCT)


def products(
    graph: QuantizedGraph, block: QBlock, split: Split, pes: PEs, multipliers: Multipliers
) -> dict[str, Resources]:
    """PEs with the adder trees and accumulators behind them.

    With one step, every PE has a weight that never changes: a shift is wires, a product the sum of as many shifted taps
    as its weight has digits that are not 0 (canonical signed digits), and a weight of 0 nothing at all.
    """
    assert block.weights is not None  # noqa: S101 - only blocks with weights have PEs
    taps, fmt = tap_bits(graph, block.inputs[0]), block.weights.format
    sums = pes.sum_bits or block.accumulator.width
    constant = split.reuse_factor == 1
    width = min(product_bits(fmt, taps, pes.kind), sums)
    count, inputs = split.pes, float(split.tap_block)
    trees = float(split.output_block)
    if constant:
        nonzero, digits = _digits(block.weights)
        inputs = max(1.0, nonzero / trees)
        added = cells("tree", "pipelined", 2, width).times(digits - nonzero)
        elements = NOTHING if pes.kind != "multiply" else Resources(added.lut, added.ff)
    elif pes.kind == "shift":
        assert isinstance(fmt, PowerOfTwo)  # noqa: S101 - shift PEs have such weights
        elements = packed("shift", "shift", "varying", taps, max(1, fmt.max_exponent.bit_length())).times(count)
    elif pes.kind == "sign":
        elements = cells("sign", "varying", taps).times(count)
    elif in_dsp(taps + fmt.bits, multipliers):
        elements = cells("multiply", "dsp", taps, fmt.bits).times(count)
    else:
        elements = packed("multiply", "multiply", "lut", taps, fmt.bits).times(count)
    low, share = int(inputs), inputs - int(inputs)
    tree = NOTHING
    for size, part in ((low, 1 - share), (low + 1, share)):
        if size > 1 and part:
            # The factor of published arrays is that of PEs and trees together.
            one = (
                packed("shift", "tree", "pipelined", size, width)
                if pes.kind == "shift" and not constant
                else cells("tree", "pipelined", size, width)
            )
            tree += one.times(part * trees)
    found = {"PEs": elements, "adder trees": tree}
    if split.tap_steps > 1:
        grown = min(sums, width + (split.tap_block - 1).bit_length())
        found["accumulators"] = cells("accumulator", "select", grown, sums).times(split.output_block)
    return found


def product_bits(fmt: object, taps: int, kind: str) -> int:
    """Bits of a product of a tap of ``taps`` bits."""
    if kind == "shift" and isinstance(fmt, PowerOfTwo):
        return taps + fmt.max_exponent + 1
    if kind == "sign":
        return taps + 1
    bits: int = fmt.bits  # type: ignore[attr-defined]
    return taps + bits


def finishing(
    graph: QuantizedGraph, block: QBlock, split: Split | None, multipliers: Multipliers
) -> dict[str, Resources]:
    """Requantisers, multipliers beside those of PEs, and the tables of what outputs do not share."""
    found: dict[str, Resources] = {}
    if isinstance(block.op, Concatenate):
        parts = NOTHING
        for source, requant in zip(block.inputs, block.input_requants, strict=True):
            width = graph.intervals[source].width
            parts += _requantiser(requant, width, block.format.bits, False, multipliers).times(graph.shapes[source][-1])
        found["requantisers"] = parts
        return found
    if split is None:
        return found
    counted = requantisers_of(graph, block, split)
    width, out = block.scaled.width, block.format.bits
    one = _requantiser(block.requant, width, out, counted.shifters > 0, multipliers)
    found["requantisers"] = one.times(split.output_block)
    others = multipliers_of(graph, block, split)
    beside = others.total - others.requantisation
    if beside:
        kind: Literal["dsp", "lut"] = "dsp" if in_dsp(16 + block.accumulator.width, multipliers) else "lut"
        found["multipliers"] = cells("multiply", kind, 16, block.accumulator.width).times(beside)
    if split.output_steps > 1 and (bits := _table_bits(block)):
        # A row for each group of outputs, with what each of the group needs.
        found["tables"] = cells("rom", "lut", split.output_steps, bits * split.output_block)
    return found


def _requantiser(requant: Requant | None, width: int, out: int, varies: bool, multipliers: Multipliers) -> Resources:
    if requant is None:
        return NOTHING
    if isinstance(requant, ThresholdRequant):
        # A comparison, and a step of the count, for each threshold.
        return cells("max", "signed", width).times(requant.thresholds.shape[1]) + Resources(ff=out)
    assert isinstance(requant, DyadicRequant)  # noqa: S101 - there are two kinds
    out = max(out, 2)
    if not requant.is_shift:
        kind = "dyadic" if multipliers == "fabric" else "dyadic_dsp"
        return cells("requantise", kind, max(width, out), out)
    if varies:
        return cells("requantise", "varying", max(width, out), out)
    rounding = "half_even" if requant.rounding is Rounding.HALF_EVEN else "half_up"
    return cells("requantise", rounding, max(width, out), out)


def _table_bits(block: QBlock) -> int:
    """Bits of what one output of a group of its own needs: bias, factor, shift, as far as outputs differ in it."""
    bits = 0
    if block.bias is not None and len(np.unique(block.bias)) > 1:
        bits += block.accumulator.width
    if block.scale is not None and block.scale.multiplier.size > 1:
        bits += 16 + block.scaled.width
    if isinstance(block.requant, DyadicRequant):
        multipliers, shifts = block.requant.multiplier, block.requant.shift
        bits += max(multipliers).bit_length() if len(set(multipliers)) > 1 else 0
        bits += (max(shifts) - min(shifts)).bit_length() if len(set(shifts)) > 1 else 0
    if isinstance(block.requant, ThresholdRequant) and block.requant.thresholds.shape[0] > 1:
        bits += block.requant.thresholds.shape[1] * block.scaled.width
    return bits


def _digits(weights: QWeights) -> _Digits:
    """How many weights are not 0, and the digits of all of them that are not 0, in canonical signed digits."""
    if weights not in _KNOWN:
        values = np.abs(weights.values.astype(np.int64)).ravel()
        count = sum(int(np.count_nonzero((values * 3 ^ values) >> 1 & 1 << bit)) for bit in range(_most_bits(values)))
        _KNOWN[weights] = int(np.count_nonzero(values)), count
    return _KNOWN[weights]


def _most_bits(values: NDArray[np.int64]) -> int:
    return int(values.max(initial=0)).bit_length() + 2


def pool_values(pool: tuple[int, int]) -> int:
    """Values of a window."""
    return prod(pool)

"""What computes sums and maxima: PEs with the adder trees and accumulators behind them, pools, additions."""

from __future__ import annotations

from math import ceil

from hlsq.cost.estimate.cells import (
    NOTHING,
    Named,
    accumulator,
    cells,
    moving,
    multiplier,
    packed,
    tree,
    waiting,
)
from hlsq.cost.estimate.choices import Choices, Multipliers, PEs
from hlsq.cost.estimate.facts import Facts
from hlsq.cost.estimate.model import Resources
from hlsq.cost.reuse import Split
from hlsq.graph import QBlock


def products(facts: Facts, split: Split, pes: PEs, choices: Choices) -> Named:
    """PEs with the adder trees and accumulators behind them.

    With one step, every PE has a weight that never changes: a shift is wires, a product the sum of as many shifted taps
    as its weight has digits that are not 0 (canonical signed digits), and a weight of 0 nothing at all.
    """
    constant = split.reuse_factor == 1
    most = pes.sum_bits or facts.accumulator
    taps, outputs = split.tap_block, split.output_block
    if constant:
        taps = ceil(taps * facts.nonzero)
    # The factor of published arrays is that of PEs and trees together.
    family = "shift" if pes.kind == "shift" and not constant else None
    element = _constant(facts, pes) if constant else _element(facts, pes, choices.multipliers)
    found = [
        ("PEs", element.times(taps * outputs)),
        ("adder trees", tree(taps, facts.product, most, family).times(outputs)),
    ]
    if split.tap_steps > 1:
        summand = min(facts.product + (taps - 1).bit_length(), most)
        found.append(("accumulators", accumulator(summand, most).times(outputs)))
    return found


def _element(facts: Facts, pes: PEs, multipliers: Multipliers) -> Resources:
    if pes.kind == "multiply":
        return multiplier(facts.signed_tap, facts.weight, multipliers, facts.taps[0] + facts.code)
    if pes.kind == "sign":
        return cells("sign", "varying", facts.signed_tap)
    return packed("shift", "shift", "varying", facts.taps[0], max(1, facts.exponent))


def _constant(facts: Facts, pes: PEs) -> Resources:
    """Adders of a multiplier by a constant, and a register."""
    return Resources(facts.digits * facts.product, facts.product) if pes.kind == "multiply" else NOTHING


def largest(facts: Facts) -> Named:
    """Of every channel as many comparisons as a window has places beside the first; over a whole map it is one."""
    compared = (1 if facts.whole else facts.pool - 1) * facts.channels
    return [("comparisons", cells("max", "signed", facts.taps[0]).times(compared))]


def average(facts: Facts, split: Split, weights: int, choices: Choices) -> Named:
    """Sums of windows, or of all channels of a map as they come.

    Args:
        facts: of the block.
        split: of it.
        weights: multipliers for windows that overhang the border.
        choices: options.
    """
    if facts.whole:
        # Sums move past what finishes them.
        slots = split.output_steps * split.output_block
        sums = accumulator(facts.taps[0], facts.accumulator).times(slots)
        return [("sums", sums + moving(facts.accumulator * slots, split.output_steps))]
    sums = tree(facts.pool, facts.taps[0], facts.accumulator).times(split.output_block)
    factor = max(2, facts.accumulator - facts.taps[0])
    weighing = multiplier(facts.accumulator, factor, choices.multipliers).times(weights)
    return [("sums", sums), ("multipliers", weighing)]


def addition(facts: Facts, block: QBlock, split: Split, choices: Choices) -> Named:
    """Inputs in registers that move past what aligns and adds them."""
    outputs = split.output_block
    found: Named = [("sums", tree(len(facts.taps), facts.accumulator - 1, facts.accumulator).times(outputs))]
    for bits, offset, factor in zip(facts.taps, facts.offsets, block.input_multipliers, strict=True):
        found.append(("packets", waiting(bits, split.output_steps, outputs)))
        if offset:
            found.append(("zero points", Resources(lut=bits).times(outputs)))
        if abs(factor) & (abs(factor) - 1):
            product = multiplier(bits + 1, abs(factor).bit_length() + 1, choices.multipliers)
            found.append(("multipliers", product.times(outputs)))
    return found


def held(facts: Facts, split: Split) -> Named:
    """The packet of an activation or change of format, as it moves past what finishes it."""
    return [("packets", waiting(facts.taps[0], split.output_steps, split.output_block))]

"""What finishes outputs: bias, scale and requantiser of each that a cycle finishes, and the packet they gather in."""

from __future__ import annotations

from hlsq.cost.estimate.cells import Named, adder, cells, in_dsp, multiplier, waiting
from hlsq.cost.estimate.choices import Choices, Multipliers
from hlsq.cost.estimate.facts import Facts, Requantiser
from hlsq.cost.estimate.model import Resources
from hlsq.cost.multipliers import Multipliers as Counted
from hlsq.cost.requantisers import Requantisers
from hlsq.cost.reuse import Split

FACTOR_BITS = 16
"""Of the factor of the table's dyadic requantisers; one of fewer bits takes its share of the multiplier."""


def finishing(facts: Facts, split: Split, kinds: Requantisers, others: Counted, choices: Choices) -> Named:
    """Of a block that computes.

    Args:
        facts: of the block.
        split: of it.
        kinds: its requantisers.
        others: multiplications beside those of PEs.
        choices: options.
    """
    outputs, where = split.output_block, choices.multipliers
    # A packet is whole as its last group is finished, so that group never waits.
    found: Named = [("packets", Resources(ff=facts.out * (split.output_steps - 1) * outputs))]
    if facts.bias:
        found.append(("biases", adder(facts.accumulator).times(outputs)))
    if others.scale:
        found.append(("multipliers", multiplier(facts.accumulator, facts.gain, where).times(others.scale)))
    if facts.shifted:
        found.append(("biases", adder(facts.scaled).times(outputs)))
    if (requant := facts.requantisers[0]) is not None:
        found.append(("requantisers", requantiser(requant, where, kinds.shifters > 0).times(kinds.total)))
    return found


def concatenated(facts: Facts, split: Split | None, choices: Choices) -> Named:
    """Inputs move past requantisers of their own, or are handed on, and wait for the others if these take steps."""
    found: Named = []
    steps = 1 if split is None else split.output_steps
    inputs = zip(facts.requantisers, facts.packets, facts.carried, facts.offsets, strict=True)
    for requant, values, bits, offset in inputs:
        if requant is None or split is None:
            found.append(("packets", Resources(ff=values * facts.out * (1 + (steps > 1)))))
            continue
        outputs = split.share_of(values)
        found.append(("requantisers", requantiser(requant, choices.multipliers, False).times(outputs)))
        found.append(("packets", waiting(bits, steps, outputs) + Resources(ff=facts.out * (steps - 1) * outputs)))
        if offset:
            found.append(("zero points", Resources(lut=bits).times(outputs)))
    return found


def requantiser(requant: Requantiser, multipliers: Multipliers, varies: bool) -> Resources:
    """One requantiser, its clamp and output register included.

    Args:
        requant: what it does.
        multipliers: the option.
        varies: whether its shift is known only when it runs.
    """
    if requant.thresholds:
        # A comparison of two bits a LUT for each, and a LUT for the bits of the level that it changes.
        compared = (requant.source + 1) // 2 + 1
        return Resources(requant.thresholds * compared, requant.out)
    rounded = cells("requantise", requant.rounding, requant.sum, requant.out)
    varying = cells("requantise", "varying", requant.sum, requant.out)
    if not requant.factor:
        cost = varying if varies else rounded
    elif in_dsp(requant.source + requant.factor, multipliers):
        cost = cells("requantise", "dyadic_dsp", requant.source, requant.out)
    else:
        rounded = cells("requantise", requant.rounding, requant.source, requant.out)
        whole = cells("requantise", "dyadic", requant.source, requant.out)
        share = min(1.0, requant.factor / FACTOR_BITS)
        cost = Resources(rounded.lut + (whole.lut - rounded.lut) * share, whole.ff)
    if requant.factor and varies:
        cost += Resources(lut=varying.lut - rounded.lut)
    if requant.leaky and not varies:
        cost += Resources(lut=rounded.lut)  # for two constant shifts, of which the sign selects one
    return cost + Resources(lut=requant.out + 1 if requant.offset else 0)

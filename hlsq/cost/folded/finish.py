"""Post-processing: what finishes the sums of an engine, some lanes a cycle, with constants that change by layer."""

from __future__ import annotations

from hlsq.cost.estimate.cells import NOTHING, Named, adder, cells, multiplier, selection
from hlsq.cost.estimate.model import Resources
from hlsq.cost.folded.facts import EngineFacts, MapFacts

STAGES = 4
"""Multiplexer levels of the measured requantiser whose shift varies, by 0 to 15 bits."""
FACTOR_BITS = 18
"""Of a map's factor in an addition, and of a window's at a border."""


def finish_parts(engine: EngineFacts, maps: MapFacts) -> Named:
    """All parts, a name perhaps several times.

    Args:
        engine: whose sums are finished.
        maps: that they go to.
    """
    has, field = engine.features, engine.fields
    groups = -(-engine.sums // maps.granule)  # lanes begin at any granule of the position whose turn it is
    found: Named = [("sum selection", selection(groups, engine.sum_bits)), ("biases", adder(engine.value_bits))]
    if "product_shift" in has:
        found.append(("shifters", _shifter(engine.value_bits, field.get("product_shift", 0))))
    if "scale" in has:
        found.append(("multipliers", multiplier(engine.value_bits, _constant(engine, "scale"), engine.multipliers)))
        found.append(("shifters", _shifter(engine.value_bits, field.get("scale_shift", 0))))
        found.append(("biases", adder(engine.value_bits)))
    if "factors" in has:
        found.append(("multipliers", multiplier(engine.sum_bits, FACTOR_BITS, engine.multipliers)))
    if engine.thresholds:
        compared = (engine.value_bits + 1) // 2 + 1
        found.append(("requantisers", Resources(engine.thresholds * compared, maps.lane_bits)))
    if has & {"half_up", "half_even"}:
        factor = _constant(engine, "multiplier") if "multiply" in has else 0
        shifts = _constant(engine, "right"), _constant(engine, "left") if "left" in has else 0
        found.append(("requantisers", _requantiser(engine, maps, factor, *shifts)))
    if engine.operands:
        found += _addition(engine, maps)
    found = [(name, cost.times(engine.lanes)) for name, cost in found]
    if engine.operands:
        # A word of any memory and bank for all lanes, which take their parts of it.
        word = selection(len(maps.depths) * maps.banks, maps.word * maps.lane_bits)
        found.append(("operand selection", word))
    return found


def _addition(engine: EngineFacts, maps: MapFacts) -> Named:
    """Maps that are added: a part of their words, factors, sums so far, and a requantiser behind."""
    has, field = engine.features, engine.fields
    bits = max((width for name, width in field.items() if name.startswith("add_weight")), default=0)
    if "add_weights" in has:
        factors = [multiplier(width, bits + 1, engine.multipliers) for width in (maps.lane_bits, engine.value_bits)]
    else:
        factors = [_shifter(engine.value_bits, bits)] * 2
    found: Named = [
        ("operand selection", selection(maps.word // maps.granule, maps.lane_bits)),
        *(("additions", factor) for factor in factors),
        ("additions", adder(engine.value_bits).times(2)),
    ]
    if "add" in has:
        factor = field.get("add_multiplier", 0) if "add_multiply" in has else 0
        left = field.get("add_left", 0) if "add_left" in has else 0
        found.append(("requantisers", _requantiser(engine, maps, factor, field.get("add_right", 0), left)))
    return found


def _requantiser(engine: EngineFacts, maps: MapFacts, factor: int, right: int, left: int) -> Resources:
    """Of one lane: product, shift, rounding and clamp, all of them by constants that change from cycle to cycle.

    Args:
        engine: that it is of.
        maps: that results go to.
        factor: bits of the factor, 0 for none.
        right: bits of the amount of the shift.
        left: of one to the left before.
    """
    source = engine.value_bits
    found = multiplier(source, factor + 1, engine.multipliers) if factor else NOTHING
    width = min(source + factor, engine.wide_bits)
    varying, fixed = (cells("requantise", kind, width, maps.lane_bits) for kind in ("varying", "half_even"))
    # As many levels of multiplexers as the amount has bits; rounding and clamp stay what they are.
    found += Resources(fixed.lut + (varying.lut - fixed.lut) * right / STAGES, varying.ff)
    if {"half_up", "half_even"} <= engine.features:
        found += Resources(lut=fixed.lut)
    zero_point = Resources(lut=maps.lane_bits + 1)
    return found + _shifter(width, left) + zero_point


def _shifter(width: int, amount: int) -> Resources:
    """Of ``width`` bits by an amount of ``amount`` bits; two levels of multiplexers are a LUT of six inputs a bit."""
    return Resources(width * -(-amount // 2), width) if amount else NOTHING


def _constant(engine: EngineFacts, parameter: str) -> int:
    """Bits of a constant by channel without its sign; 0 for one that has no memory, as it is neutral everywhere."""
    table = engine.parameters.get(parameter)
    return 0 if table is None else table.bits - 1

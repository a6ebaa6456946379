"""The array of an engine: weight decoders, PEs, adder trees that are tapped at several depths, accumulators."""

from __future__ import annotations

from hlsq.cost.estimate.cells import NOTHING, Named, accumulator, cells, multiplier, packed, selection, tree
from hlsq.cost.estimate.model import Resources
from hlsq.cost.folded.facts import EngineFacts, MapFacts

DUAL_BITS = 8
"""Of the weights of the measured dual PE with a multiplier."""
DIGIT_LINES = 3
"""Of a decoded digit of radix 4."""


def array_parts(engine: EngineFacts, maps: MapFacts) -> Named:
    """All parts, a name perhaps several times.

    Args:
        engine: that the array is of.
        maps: that its taps come from.
    """
    found: Named = []
    if "mac" in engine.features:
        found += [
            ("PEs", processing_element(engine).times(engine.pes)),
            ("adder trees", _trees(engine)),
            ("tap selection", _tap_selection(engine, maps)),
            ("weight decoders", _decoder(engine).times(engine.taps * engine.outputs)),
        ]
    found.append(("accumulators", _accumulators(engine)))
    if engine.singles:
        found += _single_lanes(engine)
    return found


def processing_element(engine: EngineFacts) -> Resources:
    """One PE, whose weight is decoded."""
    shifter = engine.tap_bits, max(1, engine.exponent_bits)
    integer = engine.signed_tap_bits, engine.code_bits
    match engine.kind:
        case "multiply":
            return multiplier(*integer, engine.multipliers, engine.tap_bits + engine.code_bits)
        case "sign":
            return cells("sign", "varying", engine.signed_tap_bits)
        case "shift":
            return packed("shift", "shift", "varying", *shifter)
        case "booth":
            return packed("dual", "digits", "select", engine.tap_bits, _digits(engine))
        case _:
            if engine.multipliers == "dsp":
                shifted = packed("shift", "shift", "varying", *shifter)
                return multiplier(*integer, "dsp") + shifted + selection(2, engine.product_bits)
            return packed("dual", "dual", "mux", engine.tap_bits).times(engine.code_bits / DUAL_BITS)


def _family(engine: EngineFacts) -> str | None:
    """Of published arrays, whose factors are those of PEs and trees together."""
    return {"shift": "shift", "booth": "dual", "mux": "dual"}.get(engine.kind)


def _digits(engine: EngineFacts) -> int:
    return engine.operand_bits // DIGIT_LINES


def _trees(engine: EngineFacts) -> Resources:
    """A tree for each output and position, and the choice of the depth at which an accumulator's sum is tapped."""
    one = tree(engine.taps, engine.product_bits, engine.sum_bits, _family(engine))
    summand = _summand(engine)
    depths = [sum(i // (engine.outputs * split) < engine.turns for split in engine.splits) for i in range(engine.sums)]
    chosen = NOTHING
    for count in depths:
        chosen += selection(count, summand)
    return one.times(engine.outputs * engine.positions) + chosen.times(engine.positions)


def _summand(engine: EngineFacts) -> int:
    return min(engine.product_bits + (engine.taps - 1).bit_length(), engine.sum_bits)


def _tap_selection(engine: EngineFacts, maps: MapFacts) -> Resources:
    """Where a tree is tapped in parts, all see the first lanes; an array narrower than a word takes parts of it."""
    chunks = max(1, maps.word // engine.taps)
    one = NOTHING
    for tap in range(engine.taps):
        one += selection(len({tap % (engine.taps // split) for split in engine.splits}) * chunks, maps.lane_bits)
    return one.times(engine.positions)


def _decoder(engine: EngineFacts) -> Resources:
    """The code of one weight, from slices that begin at any memory, as an operand that PEs understand.

    Where codes have several widths, one of their bits is the sign, which fills those above it. A bit of an operand
    that is neither an integer nor digits is a function of the code and its form, so of six inputs or little more.
    """
    slices = selection(len(engine.weights), sum(table.bits for table in engine.weights))
    if len(engine.weights) > 1 and engine.kind != "sign":
        slices += Resources(lut=selection(len(engine.weights), 1).lut + engine.code_bits)
    if engine.kind == "booth":
        return slices + cells("decoder", "dual" if engine.exponent_bits else "integer", _digits(engine))
    if engine.kind == "multiply":
        return slices + Resources(ff=engine.operand_bits)
    return slices + Resources(engine.operand_bits, engine.operand_bits)


def _accumulators(engine: EngineFacts) -> Resources:
    """Sums that grow, and those of the group before, which move past post-processing position by position."""
    held = selection(2, engine.sum_bits) if engine.positions > 1 else Resources(ff=engine.sum_bits)
    if "mac" not in engine.features:
        grown = Resources(ff=engine.sum_bits)  # the adders are those of single lanes
    else:
        grown = accumulator(_summand(engine), engine.sum_bits)
    return (grown + held).times(engine.sums * engine.positions)


def _single_lanes(engine: EngineFacts) -> Named:
    """Products, sums or maxima lane by lane, beside the array: each with an adder or comparator of its own."""
    count = engine.taps * engine.positions
    found: Named = [("single lanes", Resources(engine.sum_bits).times(count))]
    if "max" in engine.features:
        found.append(("single lanes", cells("max", "signed", engine.sum_bits).times(count)))
    if "lanes" in engine.features:
        found.append(("single lanes", processing_element(engine).times(count)))
        weight = selection(engine.outputs, engine.code_bits) + _decoder(engine)
        found.append(("weight decoders", weight.times(engine.taps)))
    return found

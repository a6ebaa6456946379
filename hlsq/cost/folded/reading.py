"""What brings taps from the memories to the positions of arrays: pointers, selection of banks, fill values."""

from __future__ import annotations

from hlsq.cost.estimate.cells import NOTHING, Named, selection
from hlsq.cost.estimate.model import Resources
from hlsq.cost.folded.facts import EngineFacts, FoldedFacts


def reading_parts(engine: EngineFacts, facts: FoldedFacts) -> Named:
    """All parts of one engine.

    Args:
        engine: that reads.
        facts: of the whole.
    """
    maps = facts.maps
    memories = selection(len(maps.depths), maps.word * maps.lane_bits).times(maps.banks)
    # A word of any bank, or the fill value.
    banks = selection(maps.banks + 1, maps.word * maps.lane_bits).times(engine.positions)
    addresses = selection(engine.positions + (engine.operands > 0), facts.address_bits).times(maps.banks)
    chosen = Resources(lut=-(-facts.bank_bits // 6)).times(engine.positions * maps.banks)
    return [
        ("pointers", _pointer(facts).times(engine.positions)),
        ("bank selection", memories + banks + addresses + chosen),
    ]


def _pointer(facts: FoldedFacts) -> Resources:
    """Bank, address, row and column of one position.

    Bank: a sum, a comparison, a difference. Address: two sums. Row and column: the tap's place and its comparisons with
    the map, the next group's and what is taken away behind the end of a row, and the comparisons with the output.
    """
    bank = Resources(2.5 * facts.bank_bits, facts.bank_bits)
    words = Resources(2 * facts.address_bits, facts.address_bits)
    place = Resources(8 * facts.coordinate_bits, 2 * facts.coordinate_bits)
    return bank + words + place


def load_parts(facts: FoldedFacts) -> Named:
    """What writes to the memories: an engine's results, or an input's words.

    Where an input is loaded beside a pass, both come to every bank of every memory in one cycle; else either is chosen
    in front of all of them.
    """
    maps = facts.maps
    if not facts.engines:
        return [("writing", NOTHING)]
    word = maps.word * maps.lane_bits
    if not facts.loads_beside:
        return [("writing", selection(2, word))]
    granules = Resources(lut=maps.word // maps.granule)  # whether it is written, by whom
    each = selection(2, word + facts.address_bits) + granules
    return [("writing", each.times(maps.banks * len(maps.depths)))]

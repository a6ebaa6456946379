"""Which memories move, and which stay, by figures that are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from math import ceil
from types import MappingProxyType
from typing import Any

import pytest

from hlsq.cost.estimate import Choices
from hlsq.cost.estimate.choices import Storage
from hlsq.cost.estimate.model import BlockEstimate, Estimate, Memory, Resources
from hlsq.cost.estimate.storage import fifo, memory_cells, ram, rom
from hlsq.cost.parts import Part
from hlsq.cost.placement import moved_memories, placed

LINES = {
    "few": ram("line buffers", 2, 4, 720, "auto"),
    "one": ram("line buffers", 2, 64, 72, "auto"),  # 2 block RAMs of 36 Kb
    "odd": ram("line buffers", 2, 64, 76, "auto"),  # as many and two halves
    "kept": ram("kept vector", 1, 64, 36, "auto"),  # one half
    "deep": ram("line buffers", 1, 2000, 36, "auto"),  # block RAM
}
OTHERS = {"one": (ram("windows", 1, 64, 720, "lutram"), ram("maps", 1, 64, 720, "lutram"))}
FIFOS = {"one": fifo("streams", 64, 720), "odd": fifo("streams", 16, 40), "few": fifo("copies", 2, 720)}


WEIGHTS = {
    "few": rom("weights", 64, 360, "auto"),  # LUTs, none of which are memory LUTs
    "one": rom("weights", 600, 36, "auto"),  # 2 halves of block RAMs
    "kept": rom("weights", 600, 20, "auto"),  # as many for fewer LUTs
}
TAKEN = Resources(lut=100_000, lutram=10_000, ff=200_000, dsp=9, bram18=1000)
"""What a design takes altogether, most of it for something else than memories."""


def design(
    lutram: float, bram18: int, lut: float = 10_000, fifos: Mapping[str, Memory] = MappingProxyType({}), **changes: Any
) -> Estimate:
    """A design with memories as above, of a part that has so much more of these than it takes."""
    blocks = {name: (line, *OTHERS.get(name, ())) for name, line in LINES.items()}
    blocks = {name: (*found, fifos[name]) if name in fifos else found for name, found in blocks.items()}
    blocks = {name: (*found, WEIGHTS[name]) if name in WEIGHTS else found for name, found in blocks.items()}
    # Halves of block RAMs that a part has are even in number, so the design takes one less where need be.
    bram36 = -(-(TAKEN.bram18 + bram18) // 2)
    part = Part("some", "", ceil(TAKEN.lut + lut), 10**6, 10, bram36, 0, ceil(TAKEN.lutram + lutram))
    needs = replace(TAKEN, lut=part.lut - lut, lutram=part.lutram - lutram, bram18=2 * bram36 - bram18)
    estimates = {name: BlockEstimate(memories=found) for name, found in blocks.items()}
    return replace(Estimate(**asdict(needs), blocks=estimates, capacity=part, limit=1.0), **changes)


def moved(estimate: Estimate, asked: Choices = Choices()) -> tuple[Any, Any]:  # noqa: B008 - it is frozen
    """What then is in which storage: lines, and weights."""
    found = moved_memories(estimate, asked, LINES)
    return found.lines, found.roms


def given(*names: str) -> float:
    """Memory LUTs of lines."""
    return sum(memory_cells(LINES[name]).lutram for name in names)


STAYS = ("auto", "auto")


def test_the_cheapest_go_first_and_no_more_than_it_takes() -> None:
    assert moved(design(0, 100)) == STAYS
    assert moved(design(-1, 100)) == ({"kept": "bram"}, "auto")
    assert moved(design(-given("kept"), 100)) == ({"kept": "bram"}, "auto")
    assert moved(design(-given("kept") - 1, 100)) == ({"kept": "bram", "one": "bram"}, "auto")
    every = given("kept", "one", "odd")
    assert moved(design(-every, 100)) == (dict.fromkeys(("kept", "one", "odd"), "bram"), "auto")
    assert moved(design(-every - 1, 100)) == STAYS, "windows, maps, weights and few places stay where they are"


def test_there_must_be_room() -> None:
    assert moved(design(-1, 0)) == STAYS
    assert moved(design(-given("kept") - 1, 4)) == STAYS, "one and kept would take five"
    assert moved(design(-given("kept") - 1, 5)) == ({"kept": "bram", "one": "bram"}, "auto")
    assert moved(design(-1, -1)) == STAYS, "both are short"
    assert moved(design(-1, 100, capacity=None)) == STAYS


def test_block_rams_are_given_back_for_luts() -> None:
    """Weights take LUTs of any kind, lines memory LUTs; what takes the smallest share of the part goes first."""
    assert moved(design(5000, -1)) == ("auto", {"kept": "lutram"})
    assert moved(design(5000, -2)) == ("auto", {"kept": "lutram"})
    assert moved(design(5000, -3)) == ("auto", {"kept": "lutram", "one": "lutram"})
    assert moved(design(5000, -5)) == ({"deep": "lutram"}, {"kept": "lutram", "one": "lutram"})
    assert moved(design(10, -5)) == STAYS, "too few memory LUTs"
    assert moved(design(10, -4)) == ("auto", {"kept": "lutram", "one": "lutram"})
    assert moved(design(5000, -4, lut=10)) == STAYS, "too few LUTs"
    assert moved(design(5000, -9)) == STAYS


def test_streams_move_as_well() -> None:
    """Those of more than two words: LUTRAM or shift registers become block RAM, and block RAM becomes LUTRAM."""
    pinned = Choices(lines=dict.fromkeys(LINES, "lutram"))  # type: ignore[arg-type]
    given = {name: memory_cells(found).lutram for name, found in FIFOS.items()}
    assert moved_memories(design(-1, 100, fifos=FIFOS), pinned, LINES).fifos == {"one": "bram"}
    both = moved_memories(design(-given["one"] - 1, 100, fifos=FIFOS), pinned, LINES)
    assert (both.fifos, both.lines) == ({"one": "bram", "odd": "bram"}, pinned.lines)
    assert moved_memories(design(-given["one"] - given["odd"] - 1, 100, fifos=FIFOS), pinned, LINES) == pinned
    asked = replace(pinned, fifos={"one": "lutram"})
    assert moved_memories(design(-1, 100, fifos=FIFOS), asked, LINES).fifos == {"one": "lutram", "odd": "bram"}
    deep = {"one": fifo("streams", 600, 36)}
    pinned = replace(pinned, roms="bram")
    assert moved_memories(design(5000, -1, fifos=deep), pinned, LINES).fifos == {"one": "lutram"}


def test_only_what_may_move_does() -> None:
    lines: dict[str, Storage] = {"kept": "lutram", "odd": "auto"}
    assert moved(design(-1, 100), Choices(lines=lines)) == ({**lines, "one": "bram"}, "auto")
    assert moved(design(-1, 100), Choices(lines="lutram")) == ("lutram", "auto")
    assert moved(design(5000, -2), Choices(roms={"kept": "bram"})) == ("auto", {"kept": "bram", "one": "lutram"})


@pytest.mark.parametrize("fits", [True, False])
def test_memories_move_only_if_the_design_fits_then(fits: bool) -> None:
    short, enough, asked = design(-1, 100), design(1, 100, dsp=9 if fits else 11), Choices(lines={"one": "lutram"})
    goes = replace(asked, lines={"one": "lutram", "kept": "bram"})
    estimates = {str(asked): short, str(goes): enough}
    assert placed(lambda choices: estimates[str(choices)], asked, LINES) == ((enough, goes) if fits else (short, asked))


def test_memories_are_those_that_size_asks_for() -> None:
    assert [line.storage for line in LINES.values()] == ["LUTRAM"] * 4 + ["block RAM"]
    assert LINES["deep"] == Memory("line buffers", 1, 2000, 36, "block RAM", 4)
    assert [found.bram18 for found in WEIGHTS.values()] == [0, 2, 2]
    assert design(5.5, -3).utilization["bram18"] > 1
    assert [design(5.5, -3).fits, design(5.5, 3).fits] == [False, True]

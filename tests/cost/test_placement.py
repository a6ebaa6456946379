"""Which lines move, and which stay, by figures of memories that are given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hlsq.cost.estimate.model import BlockEstimate, Estimate, Memory
from hlsq.cost.estimate.storage import fifo, memory_cells, ram
from hlsq.cost.parts import given_part
from hlsq.cost.placement import moved_lines, placed

LINES = {
    "few": ram("line buffers", 2, 4, 720, "auto"),
    "one": ram("line buffers", 2, 64, 72, "auto"),  # 2 block RAMs of 36 Kb
    "odd": ram("line buffers", 2, 64, 76, "auto"),  # as many and two halves
    "kept": ram("kept vector", 1, 64, 36, "auto"),  # one half
    "deep": ram("line buffers", 1, 2000, 36, "auto"),  # block RAM
}
OTHERS = {"one": (ram("windows", 1, 64, 720, "lutram"), fifo("streams", 64, 720))}


def design(lutram: float, bram18: float, **changes: Any) -> Estimate:
    """A design with lines as above, of a part that has so much more of each than it takes."""
    memories = {name: (line, *OTHERS.get(name, ())) for name, line in LINES.items()}
    blocks = {name: BlockEstimate(memories=found) for name, found in memories.items()}
    costs = [memory_cells(memory) for found in memories.values() for memory in found]
    needs = sum(cost.lutram for cost in costs), sum(cost.bram18 for cost in costs)
    held = {"lut": 10**6, "ff": 10**6, "dsp": 9, "bram36": 500, "uram": 0, "lutram": 10_000}
    # Numbers of a part are even and whole, so the rest is taken by something else.
    taken = {"lutram": 10_000 - lutram, "bram18": 1000 - int(bram18)}
    assert needs[0] <= taken["lutram"]
    assert needs[1] <= taken["bram18"]
    return replace(Estimate(**taken, blocks=blocks, capacity=given_part("some", held), limit=1.0), **changes)


def given(name: str) -> float:
    return memory_cells(LINES[name]).lutram


def test_the_cheapest_go_first_and_no_more_than_it_takes() -> None:
    assert moved_lines(design(0, 100), LINES) == {}
    assert moved_lines(design(-1, 100), LINES) == {"kept": "bram"}
    assert moved_lines(design(-given("kept"), 100), LINES) == {"kept": "bram"}
    assert moved_lines(design(-given("kept") - 1, 100), LINES) == {"kept": "bram", "one": "bram"}
    every = given("kept") + given("one") + given("odd")
    assert set(moved_lines(design(-every, 100), LINES)) == {"kept", "one", "odd"}
    assert moved_lines(design(-every - 1, 100), LINES) == {}, "windows, streams and few places stay where they are"


def test_there_must_be_room() -> None:
    assert moved_lines(design(-1, 0), LINES) == {}
    assert moved_lines(design(-given("kept") - 1, 4), LINES) == {}, "one and kept would take five"
    assert moved_lines(design(-given("kept") - 1, 5), LINES) == {"kept": "bram", "one": "bram"}
    assert moved_lines(design(-1, -1), LINES) == {}, "both are short"
    assert moved_lines(design(-1, 100, capacity=None), LINES) == {}


def test_block_rams_are_given_back_for_memory_luts() -> None:
    assert moved_lines(design(10_000 - 5000, -1), LINES) == {"deep": "lutram"}
    assert moved_lines(design(10, -1), LINES) == {}
    assert moved_lines(design(10_000 - 5000, -100), LINES) == {}


def test_only_what_may_move_does() -> None:
    assert moved_lines(design(-1, 100), ["one", "odd"]) == {"one": "bram"}
    assert moved_lines(design(-1, 100), ["few", "deep"]) == {}


@pytest.mark.parametrize("fits", [True, False])
def test_lines_move_only_if_the_design_fits_then(fits: bool) -> None:
    short, enough = design(-1, 100), design(1, 100, ff=0 if fits else 10**7)
    asked = {"one": "lutram", "odd": "auto"}

    def estimate(lines: Any) -> Estimate:
        return short if lines == asked else enough

    moved = (enough, {"one": "lutram", "odd": "auto", "kept": "bram"})
    assert placed(estimate, asked, LINES) == (moved if fits else (short, asked))


def test_memories_are_those_that_size_asks_for() -> None:
    assert [line.storage for line in LINES.values()] == ["LUTRAM"] * 4 + ["block RAM"]
    assert LINES["deep"] == Memory("line buffers", 1, 2000, 36, "block RAM", 4)

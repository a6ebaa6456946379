"""Estimates as they are printed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hlsq.cost.estimate import BlockEstimate, Estimate, Resources
from hlsq.cost.estimate.words import cycles, duration, kind, over, percent, rate
from hlsq.cost.parts import Part

SMALL = Part("small", "as given", lut=1500, ff=1000, dsp=0, bram36=10, uram=0, lutram=600)
BLOCK = BlockEstimate(1000.2, 500, 0, 3, pes=18, latency=200, interval=144, useful=0.25)


def estimate(**changes: Any) -> Estimate:
    given = {"pes": 18, "latency": 250, "interval": 144, "useful": 0.945, "blocks": {"conv": BLOCK}}
    return Estimate(1200.7, 900, 3, 1, **(given | changes))


def lines(found: Estimate) -> list[list[str]]:
    return [re.split(r" {2,}", line.strip()) for line in str(found).splitlines()]


def test_a_printed_estimate_is_a_short_table() -> None:
    assert lines(estimate(capacity=SMALL, limit=0.85))[:11] == [
        ["estimate", "part has", "share"],
        ["LUT", "1,201", "1,500", "80 %"],
        ["LUTRAM", "0", "600", "0 %"],
        ["FF", "900", "1,000", "90 %"],
        ["DSP", "3", "0", "has none"],
        ["BRAM", "0.5", "10", "5.0 %"],
        ["fits", "no: 900 FF of at most 850, 3 DSP where there are none; 85 % of small may be taken"],
        ["samples per second", "1,388,889 at 200 MHz"],
        ["interval", "144 cycles, 720 ns from sample to sample"],
        ["latency", "250 cycles, 1.25 us from first input to last output"],
        ["useful", "94 % of the cycles of 18 PEs"],
    ]
    text = str(estimate(capacity=SMALL))
    assert "kind " + kind() in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 120


def test_of_an_unknown_part_it_says_so() -> None:
    found = lines(estimate())
    assert found[1] == ["LUT", "1,201", "unknown", "-"]
    assert found[6] == ["fits", "unknown: the part is not known to hlsq"]
    assert over(estimate()) == ""


def test_blocks_and_resources_are_a_line() -> None:
    told = "18 PEs, 25 % useful, 1,001 LUT, 500 FF, 1.5 BRAM, interval 144, latency 200 cycles"
    assert str(BLOCK) == told
    assert str(BlockEstimate(0.3, interval=36)) == "1 LUT, interval 36, latency 0 cycles"
    assert str(Resources(dsp=2, uram=1, lutram=7)) == "7 LUTRAM, 2 DSP, 1 URAM"
    assert str(Resources()) == "no resources"


def test_representations_stay_those_of_dataclasses() -> None:
    assert repr(Resources(1, 2)) == "Resources(lut=1, ff=2, dsp=0, bram18=0, uram=0, lutram=0.0)"
    assert repr(estimate()).startswith("Estimate(lut=1200.7, ff=900, dsp=3, bram18=1, ")


@pytest.mark.parametrize(
    ("cycles", "told"), [(1, "5 ns"), (200, "1 us"), (65_600, "328 us"), (10**6, "5 ms"), (10**9, "5 s"), (0, "0 ns")]
)
def test_durations(cycles: int, told: str) -> None:
    assert duration(cycles, 5.0) == told


def test_small_numbers_keep_their_digits() -> None:
    assert [percent(share) for share in (0.0, 1e-6, 0.004, 0.1, 12.0, float("inf"))] == [
        *("0 %", "< 0.1 %", "0.4 %", "10 %", "1,200 %", "has none")
    ]
    assert [rate(fps) for fps in (0.25, 30.5, 3052.4)] == ["0.25", "30.5", "3,052"]


def test_cycles() -> None:
    assert [cycles(count, 5.0) for count in (1, 65_600)] == ["1 cycle, 5 ns", "65,600 cycles, 328 us"]

"""Numbers of PEs from a target, for cycles and costs that are made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hlsq.cost.estimate import BlockEstimate, Estimate
from hlsq.cost.folded.sizing import FINE, fastest_fitting, fewest_pes
from hlsq.cost.parts import given_part
from hlsq.errors import ResourceError

PART = given_part("some", {"lut": 1000, "ff": 10**6, "dsp": 0, "bram36": 50, "uram": 0})


def cycles(pes: int) -> int:
    """Fall in steps of 7 PEs, and rise once in between."""
    return 5000 // (pes // 7 + 1) + (pes % 7 == 5) * 3


@pytest.mark.parametrize("interval", [5000, 2500, 1000, 400, 99])
def test_the_fewest_are_found(interval: int) -> None:
    found = fewest_pes(cycles, interval, 400, "")
    assert cycles(found) <= interval
    assert all(cycles(n) > interval for n in range(1, found))


def test_too_fast_is_refused() -> None:
    assert fewest_pes(cycles, cycles(400), 400, "") <= 400
    with pytest.raises(
        ResourceError, match=r"asked: .* at most 400 PEs takes 86 cycles a sample: give target_interval=86"
    ):
        fewest_pes(cycles, cycles(400) - 1, 400, "asked")


def estimate(pes: int, luts: float = 3.0, bram18: int = 10) -> Estimate:
    blocks = {"e": BlockEstimate(lut=luts * pes), "feature maps": BlockEstimate(bram18=bram18)}
    return replace(
        Estimate(lut=luts * pes, bram18=bram18, blocks=blocks, capacity=PART, limit=0.8), interval=cycles(pes)
    )


@pytest.mark.parametrize("luts", [1.0, 3.0, 20.0, 800.0])
def test_the_fastest_that_fits_is_found(luts: float) -> None:
    found = fastest_fitting(lambda n: estimate(n, luts), 400, lambda n: "")
    assert estimate(found, luts).fits
    most = max(n for n in range(1, 401) if estimate(n, luts).fits)
    assert cycles(found) <= cycles(most - most // FINE) + 3


def test_what_never_fits_is_refused_with_what_takes_most() -> None:
    with pytest.raises(
        ResourceError,
        match=r"estimated 101 block RAMs of 18 Kb, and 80 % of the part's 100 are 80; most "
        r"take 'feature maps' 101; with 1; what helps: .*fewer bits of feature maps; smaller inputs$",
    ):
        fastest_fitting(lambda n: estimate(n, 0.0, 100 + n), 400, "with {}".format)

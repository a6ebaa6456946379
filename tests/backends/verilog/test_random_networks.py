"""Random networks on random engines: RTL simulation equals emulation in every block, in as many cycles as is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from random_folded import random_folded
from random_rtl import mismatches


@pytest.mark.rtl
@pytest.mark.slow(60)
@pytest.mark.parametrize("seed", [6, 11, 12])
def test_rtl_simulation_equals_emulation(seed: int, tmp_path: Path) -> None:
    """PEs that multiply or shift in each form, with most of post-processing; two engines, DSP blocks and signs."""
    assert mismatches(random_folded(seed)[1], tmp_path / "net", stalls=7) == []

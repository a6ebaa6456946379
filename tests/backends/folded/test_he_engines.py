"""He et al.'s accelerator: their ResNet-20, their four PEs and the widths of their Fig. 9."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hlsq
from hlsq.zoo.resnet20 import resnet20

PES = {"PE1": 432, "PE2": 1152, "PE3": 1152, "PE4": 10}
THEIR_CYCLES = 47_000
"""0.47 ms at 100 MHz."""
MOST_CYCLES = 44_000


def convolutions(stage: int) -> list[str]:
    shortcut = [f"layer{stage}_0_downsample_0"] if stage > 1 else []
    return [f"layer{stage}_{i}_conv{c}" for i in range(3) for c in (1, 2)] + shortcut


def widths() -> dict[str, tuple[int | None, int]]:
    """Weights of 8, 7, 8 and 8 bits, activations in front of them of 8, 6, 7 and 8 (their multipliers' operands)."""
    inner = dict.fromkeys([*convolutions(1), *convolutions(2)], (7, 6)) | dict.fromkeys(convolutions(3), (8, 7))
    sums = {f"layer{s}_{i}_add": (None, 7 if s == 3 or (s, i) == (2, 2) else 6) for s in (1, 2, 3) for i in range(3)}
    return {"conv1": (8, 6), "pool": (None, 8), **inner, **sums}


def engines() -> dict[str, dict[str, Any]]:
    array = {"taps": 16, "outputs": 8, "positions": 9, "multiplier": "lut"}
    narrow = {"weight_width": 7, "activation_width": 6, "blocks": [*convolutions(1), *convolutions(2)]}
    return {
        "PE1": {"taps": 3, "outputs": 16, "positions": 9, "multiplier": "dsp", "blocks": ["conv1"]},
        "PE2": {**array, **narrow},
        "PE3": {**array, "weight_width": 8, "activation_width": 7, "blocks": convolutions(3)},
        "PE4": {"taps": 1, "outputs": 10, "positions": 1, "multiplier": "dsp", "blocks": ["fc"]},
    }


@pytest.mark.slow(seconds=20)
def test_their_network_on_their_engines_takes_fewer_cycles(tmp_path: Path) -> None:
    model = resnet20(shortcut_kernel=3)
    images = np.random.default_rng(0).normal(size=(4, 32, 32, 3))
    plan = hlsq.quantize(model, "fixed", images, unsigned=False, widths=widths())
    hw = hlsq.convert(model, plan, output_dir=tmp_path / "he", architecture="folded", engines=engines())
    program = hw.program
    assert {engine.name: engine.pes for engine in program.engines} == PES
    assert {engine.kind for engine in program.engines} == {"multiply"}
    assert sum(item.macs for item in program.instructions) == 42_910_336
    print(f"{program.cycles:,} cycles, theirs take {THEIR_CYCLES:,}")
    assert program.cycles <= MOST_CYCLES
    hw.verify(images[:1])

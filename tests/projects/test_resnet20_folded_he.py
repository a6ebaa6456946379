"""projects/resnet20_folded/engine_sets.py: He et al.'s ResNet-20 on their four PEs, with the widths of their Fig. 9."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import hlsq
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.zoo.resnet20 import resnet20

PES = {"PE1": 432, "PE2": 1152, "PE3": 1152, "PE4": 10}
THEIR_CYCLES = 47_000
"""0.47 ms at 100 MHz."""
MOST_CYCLES = 44_000


@pytest.mark.csim
@pytest.mark.slow(20)
def test_their_network_on_their_engines_takes_fewer_cycles(script: Callable[[str], ModuleType], tmp_path: Path) -> None:
    sets = script("resnet20_folded/engine_sets.py")
    model = resnet20(shortcut_kernel=3)
    images = np.random.default_rng(0).normal(size=(4, 32, 32, 3))
    plan = hlsq.quantize(model, "fixed", images, unsigned=False, widths=sets.he_widths())
    hw = hlsq.convert(model, plan, output_dir=tmp_path / "he", architecture="folded", engines=sets.he_engines())
    program = hw.program
    assert {engine.name: engine.pes for engine in program.engines} == PES
    assert {engine.kind for engine in program.engines} == {"multiply"}
    assert sum(item.macs for item in program.instructions) == 42_910_336
    print(f"{program.cycles:,} cycles, theirs take {THEIR_CYCLES:,}")
    assert program.cycles <= MOST_CYCLES
    hw.verify(images[:1])
    # Their outlook, every engine a stage: the slowest one's cycles are those of its layers and of its two maps.
    options = HardwareOptions(architecture="folded", engines=sets.he_engines(), pipeline=True)
    pipeline = PipelinedDesign(hw.graph, options).program
    assert {stage.name: stage.program.pes for stage in pipeline.stages} == PES
    assert pipeline.interval == pipeline.stages[1].program.cycles == max(pipeline.stage_cycles)
    assert pipeline.interval < 0.7 * program.cycles

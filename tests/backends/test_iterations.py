"""Every block is one pipelined loop: its iterations in C simulation are those that the design promises."""

import os
from pathlib import Path

import pytest
from networks import random_inputs, random_network

import hlsq

pytestmark = pytest.mark.csim


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow(4)) for seed in range(2, 12))])
def test_loops_run_as_often_as_promised_also_with_moving_registers(
    seed: int, io_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, plan = random_network(seed)
    monkeypatch.setenv("HLSQ_CXXFLAGS", f"{os.environ.get('HLSQ_CXXFLAGS', '')} -DHLSQ_REGISTERS")
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", io_type=io_type)
    inputs = random_inputs(hw.graph, 3, seed)
    hw.verify(inputs)
    promised = {b.block.name: 3 * b.iterations for b in hw.design.blocks}
    assert hw.count_iterations(inputs) == promised
    assert all((promised[b.block.name] == 0) == b.is_wire for b in hw.design.blocks)

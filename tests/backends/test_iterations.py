"""Every block is one pipelined loop: its iterations, reads and writes in C simulation are those of the design."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from networks import quantized_network, random_inputs, random_network

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.limits import Limit, ToolLimits
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import write_project
from hlsq.hardware import HardwareModel

pytestmark = pytest.mark.csim
RECORDER = Path(__file__).parents[1] / "support" / "recorded_streams.h"


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow(4)) for seed in range(2, 12))])
def test_loops_run_as_often_as_promised_also_with_moving_registers(
    seed: int, io_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, plan = random_network(seed)
    # Not beside the headers that a test run compiles once, which have streams of their own.
    monkeypatch.setenv("HLSQ_CXXFLAGS", f"-O1 -DHLSQ_REGISTERS -include {RECORDER}")
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", io_type=io_type)
    inputs = random_inputs(hw.graph, 3, seed)
    hw.verify(inputs)
    promised = {b.block.name: 3 * b.iterations for b in hw.design.blocks}
    record = tmp_path / "record"
    monkeypatch.setenv("RECORDED_STREAMS", str(record))
    assert hw.count_iterations(inputs) == promised
    assert all((promised[b.block.name] == 0) == b.is_wire for b in hw.design.blocks)
    if io_type == "io_stream":
        _check_reads_and_writes(hw, record, 3)


@pytest.mark.parametrize(
    ("seed", "bits"),
    [(6, 16), *(pytest.param(*case, marks=pytest.mark.slow(4)) for case in [(2, 8), (9, 24), (13, 8)])],
)
def test_words_come_and_go_as_promised(seed: int, bits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", f"-O1 -DHLSQ_REGISTERS -include {RECORDER}")
    limits = ToolLimits(word_bits=Limit(bits, "bits", "this test"))
    design = Design(quantized_network(seed), HardwareOptions(target_interval=3000), limits)
    assert any(words > 1 for words in design.words.values())
    hw = HardwareModel(design, write_project(design, tmp_path / "net"))
    record = tmp_path / "record"
    monkeypatch.setenv("RECORDED_STREAMS", str(record))
    hw.count_iterations(random_inputs(hw.graph, 2, seed))
    _check_reads_and_writes(hw, record, 2)


def _check_reads_and_writes(hw: HardwareModel, record: Path, samples: int) -> None:
    """The schedules from which depths follow say in which iterations streams are read and written."""
    noted: dict[tuple[int, str], list[int]] = defaultdict(list)
    for line in record.read_text().splitlines():
        number, what, iteration = line.split()
        noted[int(number), what].append(int(iteration))
    loops = {process.name: process.schedule for process in hw.design.processes}
    for block in hw.design.functions:
        name, number = block.block.name, hw.design.tensors[block.block.name].index
        reads = np.sort(np.concatenate(loops[name].reads))
        assert noted[number, "r"] == reads.tolist() * samples, name
        assert noted[number, "w"] == loops[name].writes.tolist() * samples, name

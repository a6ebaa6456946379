"""A concatenation requantises as few channels a cycle as its pace allows, those of each input side by side."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder, random_inputs
from random_designs import faults

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.limits import TOOL_LIMITS, Limit, ToolLimits
from hlsq.backends.vitis.options import HardwareOptions, IOType
from hlsq.backends.vitis.project import write_project
from hlsq.cost.estimate import Estimate
from hlsq.cost.requantisers import Requantisers
from hlsq.errors import OptionError
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import Activation, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Concatenate
from hlsq.hardware import HardwareModel
from hlsq.plan import BlockPlan

OUTPUT = Affine(8, 0.05, 3)
FORMATS = {"wide": Affine(8, 0.07, -4), "same": OUTPUT, "short": Affine(6, 0.1), "same too": Affine(5, 0.0125)}
SIZES = {"wide": 7, "same": 4, "short": 5, "same too": 1}


def joined(output: Any = OUTPUT, activation: Activation = Activation()) -> QuantizedGraph:  # noqa: B008 - frozen
    b = NetworkBuilder(np.random.default_rng(0))
    names = [b.input(name, (3, 2, SIZES[name]), fmt) for name, fmt in FORMATS.items()]
    b.add("all", Concatenate(), names, activation=activation, plan=BlockPlan(output=output))
    return quantize_graph(*b.build(["all"]))


def design_of(graph: QuantizedGraph, reuse: int, io_type: IOType = "io_stream", bits: int = 4096) -> Design:
    limits = ToolLimits(word_bits=Limit(bits, "bits", "this test")) if bits != 4096 else TOOL_LIMITS
    return Design(graph, HardwareOptions(io_type=io_type, reuse_factor={"all": reuse}), limits)


@pytest.mark.csim
@pytest.mark.parametrize(
    ("reuse", "io_type", "bits"),
    [(3, "io_stream", 4096), (4, "io_parallel", 24), *(
        pytest.param(*case, marks=pytest.mark.slow(3))
        for case in [(1, "io_stream", 4096), (2, "io_parallel", 4096), (7, "io_stream", 16)]
    )],
)  # fmt: skip
def test_integers_and_iterations(
    reuse: int, io_type: IOType, bits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", f"{os.environ.get('HLSQ_CXXFLAGS', '')} -DHLSQ_REGISTERS")
    design = design_of(joined(), reuse, io_type, bits)
    hw = HardwareModel(design, write_project(design, tmp_path / "net"))
    inputs = random_inputs(hw.graph, 4)
    assert hw.verify(inputs).mismatches == 0
    counted = hw.count_iterations(inputs)
    assert counted == {b.block.name: 4 * b.iterations for b in design.blocks}
    assert counted["all"] == 4 * 6 * reuse or bits < 4096


@pytest.mark.parametrize(("reuse", "finished"), [(1, (7, 5, 1)), (2, (4, 3, 1)), (3, (3, 2, 1)), (7, (1, 1, 1))])
def test_what_is_finished_in_a_cycle(reuse: int, finished: tuple[int, ...]) -> None:
    design = design_of(joined(), reuse)
    assert design.operators["all"].requantisers == Requantisers(dyadic=finished[0], shift=finished[1] + finished[2])
    assert faults(design) == []  # the C++ has as many
    # With thresholds, or a ReLU, those in the output's format change as well.
    most = sum(finished) + -(-SIZES["same"] // reuse)
    design = design_of(joined(PowerOfTwo(4, 6, 0.01), Activation(relu=True)), reuse)
    assert design.operators["all"].requantisers == Requantisers(threshold=most)
    assert faults(design) == []


def test_steps_take_fewer_requantisers_and_registers_in_return() -> None:
    def estimate(reuse: int) -> Estimate:
        return design_of(joined(), reuse).estimate

    fast, slow = (estimate(reuse).blocks["all"] for reuse in (1, 7))
    assert slow.components["requantisers"].lut * 3 < fast.components["requantisers"].lut
    assert slow.components["packets"].ff > fast.components["packets"].ff
    assert slow.interval == 7 * fast.interval
    assert slow.latency - fast.latency == 6 * fast.interval


def test_a_target_chooses_the_steps() -> None:
    design = Design(joined(), HardwareOptions(target_interval=6 * 5))
    assert design.by_name["all"].reuse_factor == 4  # five steps have as many requantisers
    assert Design(joined(), HardwareOptions(target_interval=6)).by_name["all"].reuse_factor == 1


def test_what_only_hands_on_takes_no_steps() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    names = [b.input(name, (3, 2, 4), OUTPUT) for name in "xy"]
    b.add("all", Concatenate(), names, plan=BlockPlan(output=OUTPUT))
    design = Design(quantize_graph(*b.build(["all"])), HardwareOptions(target_interval=100))
    assert design.by_name["all"].split is None
    assert faults(design) == []
    with pytest.raises(OptionError, match="reuse_factor"):
        Design(design.graph, HardwareOptions(reuse_factor={"all": 2})).splits  # noqa: B018

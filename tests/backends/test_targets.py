"""Parallelism from a target: what is asked for, what is refused, and that a project keeps what was chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder
from small import small_network

from hlsq.backends.vitis import parallelism
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.facts import design_facts
from hlsq.backends.vitis.integrity import check_design
from hlsq.backends.vitis.limits import Limit, ToolLimits
from hlsq.backends.vitis.options import MOST_CYCLES, MOST_FPS, HardwareOptions
from hlsq.backends.vitis.project import read_project, write_project
from hlsq.cost import split
from hlsq.cost.dataflow import Channel
from hlsq.cost.estimate import Estimate
from hlsq.cost.pacing import pacing_depths
from hlsq.errors import GraphError, OptionError, ResourceError
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Dense, MaxPool2D, Reshape, ZeroPad2D
from hlsq.plan import BlockPlan


@pytest.fixture(scope="module")
def graph() -> Any:
    return quantize_graph(*small_network())


def interval(design: Design) -> int:
    return max(block.iterations for block in design.blocks)


def test_a_target_balances_the_blocks(graph: Any) -> None:
    default = Design(graph, HardwareOptions(reuse_factor=4))
    design = Design(graph, HardwareOptions(target_interval=interval(default)))
    assert interval(design) <= interval(default)
    assert sum(b.pes for b in design.blocks) < sum(b.pes for b in default.blocks)
    assert design.pace is not None
    assert design.pace.interval == interval(design)


def test_only_balanced_blocks_have_fifos_for_bursts(graph: Any) -> None:
    target = HardwareOptions(target_interval=1000)
    balanced = Design(graph, target)
    depths = balanced.channel_depths
    pacing = pacing_depths(balanced.processes)
    assert max(pacing.values()) > 4
    assert all(depths[channel] >= depth for channel, depth in pacing.items())
    alike = Design(graph, HardwareOptions(reuse_factor=balanced.settled.reuse_factor))
    assert alike.splits == balanced.splits
    streams = [design.estimate.components["streams"] for design in (balanced, alike)]
    assert streams[0].lut + streams[0].bram18 > streams[1].lut + streams[1].bram18
    assert {c for c, depth in alike.channel_depths.items() if depth > 2} == {Channel("conv/first", ("sum", 0))}


def test_samples_a_second_are_cycles_of_the_clock(graph: Any) -> None:
    design = Design(graph, HardwareOptions(target_fps=250_000, clock_period=4.0))
    assert design.options.interval == 1000
    assert (design.settled.target_fps, design.settled.target_interval) == (250_000, None)
    assert design.splits == Design(graph, HardwareOptions(target_interval=1000)).splits
    assert design.splits != Design(graph, HardwareOptions(target_interval=2000)).splits


@pytest.mark.parametrize("period", [3.3, 4.0, 5.0])
def test_the_samples_a_second_of_an_estimate_ask_for_its_interval(period: float) -> None:
    for cycles in (*range(1, 2000), 2**53):
        told = replace(Estimate(), interval=cycles, clock_period=period).fps
        if told <= MOST_FPS:
            assert HardwareOptions(target_fps=told, clock_period=period).interval == cycles
            assert HardwareOptions(target_fps=told * (1 + 1e-6), clock_period=period).interval < cycles


def test_blocks_with_a_factor_of_their_own_keep_it(graph: Any) -> None:
    free = Design(graph, HardwareOptions(target_interval=1000))
    pinned = Design(graph, HardwareOptions(target_interval=1000, reuse_factor={"conv/second": 2}))
    assert pinned.splits == free.splits | {"conv/second": split("", free.splits["conv/second"].products, 2)}
    assert pinned.splits != free.splits
    with pytest.raises(
        OptionError, match=r"reuse_factor 36 of block 'conv/second' .* more than target_interval=1000"
    ) as e:
        Design(graph, HardwareOptions(target_interval=1000, reuse_factor={"conv/second": 36}))
    most = int(str(e.value).split("at most ")[1].split(",")[0])
    products = free.splits["conv/second"].products
    Design(
        graph,
        HardwareOptions(
            target_interval=1000,
            reuse_factor={"conv/second": max(v for v in (1, 2, 3, 4, 6, 8, 9, 12, 18) if v <= most)},
        ),
    )
    assert products.total == 144


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target_interval": 0}, r"target_interval 0 must be a whole number of cycles from 1"),
        ({"target_interval": 2.5}, r"target_interval 2\.5 must be"),
        ({"target_interval": True}, r"target_interval True must be"),
        ({"target_fps": 0}, r"target_fps 0 must be a number of samples a second above 0"),
        ({"target_fps": float("nan")}, r"target_fps nan must be"),
        ({"target_fps": "fast"}, r"target_fps 'fast' must be"),
        ({"target_fps": 5, "target_interval": 5}, "target_interval=5 and target_fps=5 each say"),
        ({"target": "fit", "target_interval": 5}, "target_interval=5 and target=.fit. each say"),
        ({"target": "fast"}, "target: 'fast' is unknown; valid: fit"),
        ({"target": "fit", "reuse_factor": 8}, "target='fit' chooses the reuse factors, so reuse_factor 8 cannot"),
        ({"utilization": 0}, "utilization 0 must be a share of the part above 0, at most 1"),
        ({"utilization": 80}, "utilization 80 must be"),
        ({"target_fps": 5, "reuse_factor": 5}, r"target_fps=5 chooses the reuse factors, so reuse_factor 5 cannot"),
    ],
)
def test_targets_that_say_nothing_or_contradict(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        HardwareOptions(**options)


def test_a_pace_that_a_block_cannot_keep(graph: Any) -> None:
    with pytest.raises(
        ResourceError, match=r"target_fps=1e\+07 is 20 cycles of 5 ns: block '.*give target_interval="
    ) as e:
        Design(graph, HardwareOptions(target_fps=10_000_000))
    fastest = int(str(e.value).split("give target_interval=")[1].split()[0])
    assert interval(Design(graph, HardwareOptions(target_interval=fastest))) == fastest
    with pytest.raises(ResourceError, match=f"target_interval={fastest - 1}: block "):
        Design(graph, HardwareOptions(target_interval=fastest - 1))


def test_no_block_gets_more_pes_than_the_tool_takes(graph: Any) -> None:
    few = replace(ToolLimits(), loop_copies=Limit(20, "copies", ""))
    slowest = replace(ToolLimits(), reshape_bits=Limit(64, "bits", ""))
    for limits, most in ((few, 20), (slowest, 12)):
        with pytest.raises(ResourceError, match="the next faster way has more PEs at once than Vitis HLS can do") as e:
            Design(graph, HardwareOptions(target_interval=70), limits)
        fastest = int(str(e.value).split("give target_interval=")[1].split()[0])
        design = Design(graph, HardwareOptions(target_interval=fastest), limits)
        assert max(block.pes for block in design.blocks) <= most


def test_a_project_keeps_what_was_chosen(graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = Design(graph, HardwareOptions(target_interval=1000, reuse_factor={"class": 3}))
    write_project(design, tmp_path / "net")
    # Whatever a later version would choose for the target.
    monkeypatch.setattr(parallelism, "balanced", lambda tasks, *_: {t.name: t.splits[0] for t in tasks if t.splits})
    loaded = read_project(tmp_path / "net")
    assert loaded.splits == design.splits
    assert loaded.options.target_interval == 1000
    assert loaded.settled == loaded.options
    check_design(tmp_path / "net", loaded)
    check_design(tmp_path / "net", design)
    with pytest.raises(GraphError, match="of other options"):
        check_design(tmp_path / "net", Design(graph, HardwareOptions(target_interval=2000)))


def small_part(lut: int) -> dict[str, int]:
    return {"lut": lut, "ff": 10**5, "dsp": 100, "bram36": 100, "uram": 0}


def test_what_fits_is_as_fast_as_the_estimate_allows(graph: Any, tmp_path: Path) -> None:
    last = 10**9
    for lut in (2000, 3000, 10_000):
        options = HardwareOptions(target="fit", resources=small_part(lut))
        design = Design(graph, options)
        assert design.estimate.fits
        assert design.estimate.limit == 0.8
        assert design.estimate.lut <= 0.8 * lut
        assert interval(design) < last
        last = interval(design)
        faster = {task.cycles.at(s) for task in design.parallelism.tasks for s in task.splits}
        paces = [pace for pace in faster if design.pace is not None and design.pace.fastest <= pace < last]
        for pace in sorted(paces)[-3:]:
            try:
                faster_design = Design(graph, replace(options, target=None, target_interval=pace))
            except ResourceError:
                continue
            assert not faster_design.estimate.fits
    half = Design(graph, HardwareOptions(target="fit", resources=small_part(4000), utilization=0.5))
    assert (
        half.estimate.lut
        <= 0.5 * 4000
        < Design(graph, HardwareOptions(target_interval=interval(half) // 2)).estimate.lut
    )
    write_project(half, tmp_path / "net")
    assert read_project(tmp_path / "net").splits == half.splits


def test_what_does_not_fit_is_refused(graph: Any) -> None:
    with pytest.raises(ResourceError, match=r"the network does not fit xc7a35t.* LUTs, and 80 % .* part='x"):
        Design(graph, HardwareOptions(part="xc7a35t", target="fit", resources=small_part(500)))


def test_without_a_known_part_nothing_is_fitted(graph: Any) -> None:
    design = Design(graph, HardwareOptions(part="mine", part_check=False, target="fit"))
    assert design.splits == Design(graph, HardwareOptions(reuse_factor={})).splits
    note = "what part mine has is unknown, so reuse factors are those closest to 64"
    assert design.pace is not None
    assert design.pace_in_words == design_facts(design).pace == f"{design.pace.sentence}; {note}"
    known = Design(graph, HardwareOptions(target_interval=1000))
    assert known.pace is not None
    assert known.pace_in_words == known.pace.sentence


ALL = {"conv/first": 72, "conv/second": 144, "class": 12, "sum": 4, "pool": 4}


def test_factors_for_all_blocks_do_not_silence_the_target(graph: Any, tmp_path: Path) -> None:
    slow = HardwareOptions(target_interval=5195, reuse_factor=ALL)
    with pytest.raises(OptionError, match=r"of block 'conv/second' makes it take 5,196 .* more than target_interval="):
        Design(graph, slow)
    design = Design(graph, replace(slow, target_interval=5196))
    assert interval(design) == 5196
    small = HardwareOptions(target="fit", reuse_factor=ALL, utilization=0.001)
    with pytest.raises(ResourceError, match=r"does not fit xc7a100t.*larger factors in reuse_factor, or none"):
        Design(graph, small)
    # What was made stays, whatever is known of cycles and costs now.
    for options in (slow, small):
        write_project(Design(graph, options, made=True), tmp_path / "net")
        assert read_project(tmp_path / "net").splits == design.splits


@pytest.mark.parametrize("given", [{"target": "fit"}, {"target_interval": 1000}, {"target_fps": 1000}])
def test_a_block_may_have_the_name_default(given: dict[str, Any], tmp_path: Path) -> None:
    b = NetworkBuilder(np.random.default_rng(1))
    b.input("in", (4,), Affine(8, 0.03, 120, signed=False))
    b.add("default", Dense(), ["in"], kernel=b.kernel(4, 3), plan=BlockPlan(weight=PowerOfTwo(scale=0.01)))
    network = quantize_graph(*b.build(["default"]))
    design = Design(network, HardwareOptions(**given))
    write_project(design, tmp_path / "net")
    loaded = read_project(tmp_path / "net")
    assert loaded.splits == design.splits
    assert Design(network, HardwareOptions(**given, reuse_factor={"default": 6})).by_name["default"].reuse_factor == 6


@pytest.mark.parametrize("given", [{"target": "fit"}, {"target_interval": 1000}])
def test_a_target_leaves_no_default_for_the_others(graph: Any, given: dict[str, Any]) -> None:
    with pytest.raises(
        OptionError, match=f"{next(iter(given))}=.* chooses the reuse factors, so reuse_factor {{'default"
    ):
        Design(graph, HardwareOptions(**given, reuse_factor={"default": 4, "class": 3}))


@pytest.mark.parametrize("op", [Reshape((32,)), ZeroPad2D((1, 1, 1, 1)), MaxPool2D((2, 2), (2, 2))])
def test_what_has_no_pes_is_made_to_fit_as_well(op: Any) -> None:
    b = NetworkBuilder(np.random.default_rng(1))
    b.input("in", (4, 4, 2), Affine(8, 0.03, 120, signed=False))
    b.add("only", op, ["in"])
    network = quantize_graph(*b.build(["only"]))
    assert Design(network, HardwareOptions(target="fit")).estimate.fits
    with pytest.raises(ResourceError, match="does not fit xc7a100t"):
        Design(network, HardwareOptions(target="fit", utilization=1e-9))


@pytest.mark.parametrize("fps", [5e-324, 1e-300, 1e-9])
def test_a_pace_that_is_hardly_one_leaves_a_year(graph: Any, fps: float) -> None:
    options = HardwareOptions(target_fps=fps, clock_period=0.1)
    assert options.interval == MOST_CYCLES
    assert Design(graph, options).splits == Design(graph, HardwareOptions(target_interval=MOST_CYCLES)).splits


def test_a_part_that_resources_describe_is_told_how_to_get_another(graph: Any) -> None:
    none = dict.fromkeys(("lut", "ff", "dsp", "bram36", "uram"), 0)
    with pytest.raises(ResourceError, match=r"a larger part, as in part='\w+' in place of the given resources"):
        Design(graph, HardwareOptions(target="fit", resources=none))


def test_the_design_that_fits_is_estimated_as_it_was_when_it_was_chosen(graph: Any) -> None:
    """Also where fitting is the default: its FIFOs are those of a target."""
    for options in (HardwareOptions(), HardwareOptions(target="fit")):
        design = Design(graph, options)
        assert design.parallelism.estimate(design.splits) == design.estimate

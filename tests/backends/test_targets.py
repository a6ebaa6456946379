"""Parallelism from a target: what is asked for, what is refused, and that a project keeps what was chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small import small_network

from hlsq.backends.vitis import parallelism
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.integrity import check_design
from hlsq.backends.vitis.limits import Limit, ToolLimits
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import read_project, write_project
from hlsq.cost import split
from hlsq.cost.dataflow import Channel
from hlsq.cost.pacing import pacing_depths
from hlsq.errors import GraphError, OptionError, ResourceError
from hlsq.graph.lowering import quantize_graph


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
    streams = [design.estimate.parts["streams"] for design in (balanced, alike)]
    assert streams[0].lut + streams[0].bram18 > streams[1].lut + streams[1].bram18
    assert {c for c, depth in alike.channel_depths.items() if depth > 2} == {Channel("conv/first", ("sum", 0))}


def test_samples_a_second_are_cycles_of_the_clock(graph: Any) -> None:
    design = Design(graph, HardwareOptions(target_fps=250_000, clock_period=4.0))
    assert design.options.interval == 1000
    assert (design.settled.target_fps, design.settled.target_interval) == (250_000, None)
    assert design.splits == Design(graph, HardwareOptions(target_interval=1000)).splits
    assert design.splits != Design(graph, HardwareOptions(target_interval=2000)).splits


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
        ({"target_fps": 5, "target_interval": 5}, "target_interval and target_fps all say"),
        ({"target": "fit", "target_interval": 5}, "target_interval and target all say"),
        ({"target": "fast"}, "target: 'fast' is unknown; valid: fit"),
        ({"target": "fit", "reuse_factor": 8}, "target chooses the reuse factors, so reuse_factor 8 cannot"),
        ({"utilization": 0}, "utilization 0 must be a share of the part above 0, at most 1"),
        ({"utilization": 80}, "utilization 80 must be"),
        ({"target_fps": 5, "reuse_factor": 5}, r"target_fps chooses the reuse factors, so reuse_factor 5 cannot"),
        ({"target_interval": 5, "reuse_factor": {"default": 5}}, "target_interval chooses the reuse factors"),
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
    for lut in (1800, 3000, 10_000):
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
    with pytest.raises(ResourceError, match=r"the network does not fit xc7a35t.* LUTs, and 80% .* part='x"):
        Design(graph, HardwareOptions(part="xc7a35t", target="fit", resources=small_part(500)))


def test_without_a_known_part_nothing_is_fitted(graph: Any) -> None:
    design = Design(graph, HardwareOptions(part="mine", part_check=False, target="fit"))
    assert design.splits == Design(graph, HardwareOptions(reuse_factor={})).splits
    assert design.parallelism.note == "what part mine has is unknown, so reuse factors are those closest to 64"
    assert Design(graph, HardwareOptions(target_interval=1000)).parallelism.note is None

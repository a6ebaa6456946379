"""Pipelines of folded accelerators: how they are cut, what C simulation computes, how many cycles they take."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder
from pipelines import sample_times
from random_designs import random_quantized
from random_folded import mismatches
from small import UNSIGNED, small_network

import hlsq
from hlsq.backends.folded import EngineOptions
from hlsq.backends.folded.pieces import PIPELINE
from hlsq.backends.folded.pipeline import PipelinedProgram, compile_pipeline
from hlsq.backends.folded.stages import layers
from hlsq.backends.vitis.designs import make_design
from hlsq.backends.vitis.facts import design_facts
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.folded.pipelined_render import render_pipelined
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.errors import GraphError, OptionError, ResourceError, VerificationError
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import Activation, Graph, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense
from hlsq.plan import BlockPlan, Plan

ENGINE: dict[str, Any] = {"taps": 4, "outputs": 4, "positions": 3}


def residual() -> tuple[Graph, Plan]:
    """Three convolutions, of which the first one's result is added to the last one's: it passes the second one by."""
    b = NetworkBuilder(np.random.default_rng(5))
    weight, relu, pads = PowerOfTwo(scale=0.01), Activation(relu=True), (1, 1, 1, 1)
    b.input("image", (6, 6, 2), Affine(8, 0.03, 120, signed=False))
    plan = BlockPlan(weight=weight, output=UNSIGNED)
    first = b.add("first", Conv2D((1, 1), pads), ["image"], kernel=b.kernel(3, 3, 2, 4), activation=relu, plan=plan)
    x = b.add("second", Conv2D((1, 1), pads), [first], kernel=b.kernel(3, 3, 4, 10), activation=relu, plan=plan)
    x = b.add("third", Conv2D((1, 1), pads), [x], kernel=b.kernel(3, 3, 10, 4), plan=plan)
    x = b.add("sum", Add(), [first, x], activation=relu, plan=BlockPlan(output=UNSIGNED))
    x = b.add("pool", AveragePool2D((6, 6), (6, 6), squeeze=True), [x], plan=BlockPlan(output=UNSIGNED))
    b.add("class", Dense(), [x], kernel=b.kernel(4, 3), plan=BlockPlan(weight=Affine(8, 0.01, symmetric=True)))
    return b.build(["class"])


def branching(seed: int) -> tuple[Graph, Plan]:
    """Convolutions, and additions of what some of them gave, however long before."""
    rng = np.random.default_rng(seed)
    b = NetworkBuilder(rng)
    weight, relu = PowerOfTwo(scale=0.01), Activation(relu=True)
    unread = [b.input("image", (4, 4, 4), Affine(8, 0.03, 120, signed=False))]
    every = list(unread)
    for n in range(8):
        k = int(rng.choice([1, 3]))
        source = str(rng.choice([*unread, *every[-2:]]))
        plan = BlockPlan(weight=weight, output=UNSIGNED)
        op = Conv2D((1, 1), (k // 2,) * 4)
        x = b.add(f"conv{n}", op, [source], kernel=b.kernel(k, k, 4, 4), activation=relu, plan=plan)
        unread = [name for name in unread if name != source]
        every.append(x)
        if every[2:] and rng.random() < 0.6:
            other = str(rng.choice(unread or every[1:-1]))
            x = b.add(f"sum{n}", Add(), [x, other], activation=relu, plan=BlockPlan(output=UNSIGNED))
            unread = [name for name in unread if name != other]
            every.append(x)
        unread.append(x)
    return b.build([name for name in unread if name != "image"])


def engine_a_layer(graph: QuantizedGraph, seed: int = 0) -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    sizes = [{"outputs": int(rng.integers(1, 9)), "positions": int(rng.integers(1, 9))} for _ in layers(graph)]
    pairs = zip(sizes, layers(graph), strict=True)
    return {f"e{n}": {"taps": 8, **size, "blocks": part} for n, (size, part) in enumerate(pairs)}


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> hlsq.HardwareModel:
    """A stage a layer, so that a skip connection passes one by, and words of several widths meet."""
    folder = tmp_path_factory.mktemp("pipeline") / "project"
    return hlsq.convert(*residual(), output_dir=folder, architecture="folded", pes=120, pipeline=True)


@pytest.fixture(autouse=True)
def quickly_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", "-O1")


SAMPLES = np.random.default_rng(0).normal(size=(5, 6, 6, 2))


@pytest.mark.csim
def test_every_integer_is_that_of_emulation_and_every_loop_as_long_as_the_program_says(hw: hlsq.HardwareModel) -> None:
    program = hw.program
    assert isinstance(program, PipelinedProgram)
    assert [stage.blocks for stage in program.stages] == [
        ("first",), ("second",), ("third", "sum", "pool"), ("class",),
    ]  # fmt: skip
    assert {(c.tensor, c.source, c.reader, c.maps) for c in program.channels} >= {
        ("first", 0, 1, 0),
        ("first", 0, 2, 1),
    }
    assert any(c.written != c.read for c in program.channels), "no words of another width"
    hw.verify(SAMPLES)
    counts = hw.count_iterations(SAMPLES)
    told = {
        f"{stage.name}: {name}": item.cycles - PIPELINE
        for stage in program.stages
        for item in stage.program.instructions
        for name in [item.target if item.opcode == "run" else f"{item.opcode} {item.target}"]
    }
    assert counts == {name: len(SAMPLES) * cycles for name, cycles in told.items()}
    # The cycles of stages are these, and those in which the faster end of a transfer waits for the other one.
    alone: Counter[str] = Counter()
    for name, cycles in told.items():
        alone[name.split(": ")[0]] += cycles + PIPELINE

    def waits(one: str, other: str) -> int:
        return max(0, told[other] - told[one])

    assert [own - alone[s.name] for s, own in zip(program.stages, program.stage_cycles, strict=True)] == [
        waits("stage0: emit first", "stage1: load first"),
        waits("stage1: load first", "stage0: emit first") + waits("stage1: emit second", "stage2: load second"),
        waits("stage2: load first", "stage0: emit first")
        + waits("stage2: load second", "stage1: emit second")
        + waits("stage2: emit pool", "stage3: load pool"),
        waits("stage3: load pool", "stage2: emit pool"),
    ]
    assert program.interval == max(program.stage_cycles)


def test_the_project_is_loaded_as_it_was_written(hw: hlsq.HardwareModel) -> None:
    loaded = hlsq.load_project(hw.output_dir)
    assert str(loaded.program) == str(hw.program)
    assert loaded.program.cycles == hw.program.cycles
    assert loaded.estimate() == hw.estimate()
    assert [stage.blocks for stage in loaded.program.stages] == [stage.blocks for stage in hw.program.stages]
    path = hw.output_dir / "firmware/image/stages.json"
    before = path.read_text()
    path.write_text(before.replace('"second"', '"nothing"'))
    with pytest.raises(GraphError, match=r"stages\.json: not as hlsq wrote it"):
        hlsq.load_project(hw.output_dir)
    with pytest.raises(GraphError, match=r"stages\.json.*'nothing' is no block of the network"):
        PipelinedProgram.load(path.parent, hw.graph)
    path.write_text(before)


@pytest.mark.csim
def test_a_changed_weight_of_a_stage_is_noticed_by_its_block(hw: hlsq.HardwareModel) -> None:
    path = hw.output_dir / "firmware/image/stage1/engine0_weights.bin"
    before = path.read_bytes()
    path.write_bytes(bytes(b ^ 1 for b in before))
    with pytest.raises(VerificationError, match=r"stage1/engine0_weights\.bin") as caught:
        hw.verify(SAMPLES)
    assert caught.value.block == "second"
    path.write_bytes(before)


@pytest.mark.csim
@pytest.mark.slow(10)
def test_the_test_bench_passes_with_types_of_synthesis(hw: hlsq.HardwareModel, tmp_path: Path) -> None:
    line = next(t for t in (hw.output_dir / "hlsq_net_test.cpp").read_text().splitlines() if "g++" in t)
    command = line.removeprefix("//").replace("test_bench", str(tmp_path / "test_bench"))
    subprocess.run(command.replace("-O2", "-O1").replace("./", ""), shell=True, check=True, cwd=hw.output_dir)
    done = subprocess.run([tmp_path / "test_bench"], cwd=hw.output_dir, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "10 samples, 0 differences")


def random_pipeline(seed: int) -> PipelinedDesign:
    """A random network, some with long branches, cut at random places; every third one has a stage a layer."""
    graph = quantize_graph(*branching(seed)) if seed % 2 else random_quantized(seed)
    rng = np.random.default_rng(seed)
    most = len(layers(graph))
    stages = True if seed % 3 == 0 or most < 3 else int(rng.integers(2, most))
    options = HardwareOptions(architecture="folded", pes=int(rng.choice([4, 16, 64, 250])), pipeline=stages)
    return PipelinedDesign(graph, options)


@pytest.mark.csim
@pytest.mark.parametrize("seed", [5, *(pytest.param(seed, marks=pytest.mark.slow(6)) for seed in (9, 12, 18))])
def test_random_networks(seed: int, tmp_path: Path) -> None:
    assert mismatches(random_pipeline(seed), tmp_path / "net") == []


def test_words_come_as_the_cycle_model_says() -> None:
    """Of networks with branches that pass several stages by, too; with fewer maps in their streams, some would wait."""
    waiting: list[bool] = []
    for seed in range(24):
        check_words(seed, waiting)
    assert sum(waiting) > 3


def check_words(seed: int, waiting: list[bool]) -> None:
    graph = quantize_graph(*branching(seed)) if seed % 3 else random_quantized(seed)
    program = compile_pipeline(graph, EngineOptions(engines=engine_a_layer(graph, seed)))
    times = sample_times(program, 12)
    assert set(np.diff(times)[6:]) == {program.interval}
    assert times[0] <= program.cycles
    if max(c.maps for c in program.channels) > 1:
        waiting.append(np.diff(sample_times(program, 12, maps_less=1))[-1] > program.interval)
    ways = Counter(c.source for c in program.channels)
    if set(ways.values()) == {1} and not any(c.maps for c in program.channels):
        assert times[0] == program.cycles


def test_stages_are_cut_where_the_slowest_is_fastest() -> None:
    graph = quantize_graph(*residual())
    program = compile_pipeline(graph, EngineOptions(pes=64), 2)
    assert [stage.blocks for stage in program.stages] == [("first", "second"), ("third", "sum", "pool", "class")]
    turns = compile_pipeline(graph, EngineOptions(pes=64))
    assert program.pes <= 64 + 4
    assert len(turns.stages) == 4
    assert f"{program.cycles_of(100):,} in the pipeline (eq. 12)" in str(program)
    assert f"100 samples: {100 * program.cycles:,} cycles with stages that take turns" in str(program)


def test_the_listing_tells_what_a_stage_waits_for() -> None:
    program = compile_pipeline(quantize_graph(*residual()), EngineOptions(pes=24))
    waits = [taken - stage.program.cycles for stage, taken in zip(program.stages, program.stage_cycles, strict=True)]
    assert 0 in waits
    assert any(waits)
    lines = str(program).splitlines()
    for stage, taken, waiting in zip(program.stages, program.stage_cycles, waits, strict=True):
        assert f"Stage {stage.name}" in lines
        told = f", {waiting:,} of them waiting for words of a neighbour" if waiting else ""
        assert f"{stage.name}: {taken:,} cycles a sample on {stage.program.pes:,} PEs{told}" in lines


def test_the_estimate_is_that_of_stages_and_streams() -> None:
    design = PipelinedDesign(quantize_graph(*residual()), HardwareOptions(architecture="folded", pes=64, pipeline=True))
    found, program = design.estimate, design.program
    assert (found.interval, found.latency, found.pes) == (program.interval, program.cycles, program.pes)
    stages = [stage.estimate for stage in design.stages]
    between = found.blocks["between stages"]
    assert found.lut == pytest.approx(sum(stage.lut for stage in stages) + between.lut)
    assert found.bram18 == sum(stage.bram18 for stage in stages) + between.bram18
    top = str(render_pipelined(design)["firmware/hlsq_net.cpp"])
    declared = re.findall(r"packet<hlsq::[us]int<(\d+)>, (\d+)>> \w+\(.*\n#pragma HLS STREAM.*depth = (\d+)", top)
    counted = Counter((int(depth), int(bits) * int(word)) for bits, word, depth in declared)
    # All of those that the estimate tells of are there; some more take words of another width.
    assert all(counted[m.depth, m.width] >= 1 for m in between.memories if m.depth > 2)
    assert {m.depth for m in between.memories} == {2, 36 * -(-4 // design.tensors["first"].word)}


def test_the_report_tells_of_stages_and_both_equations(hw: hlsq.HardwareModel) -> None:
    report, program = hw.report(), hw.program
    assert isinstance(program, PipelinedProgram)
    assert report.program is not None
    told = [(stage.name, stage.blocks, stage.cycles) for stage in report.program.stages]
    assert told == [(s.name, s.blocks, c) for s, c in zip(program.stages, program.stage_cycles, strict=True)]
    assert (report.program.cycles, report.program.interval) == (program.cycles, program.interval)
    words = " ".join(str(report).split())
    assert f"a sample every {program.interval:,} cycles, ready after {program.cycles:,}" in words
    assert f"{100 * program.cycles:,} cycles with stages that take turns (He et al. eq. 10" in words
    assert f"{program.cycles_of(100):,} in the pipeline (eq. 12)" in words
    assert "at most 120 PEs in all stages" in words
    assert str(hlsq.load_project(hw.output_dir).report().program) == str(report.program)


@pytest.mark.parametrize("pipeline", [False, True])
def test_reports_of_engines_that_are_given(pipeline: bool) -> None:
    options = HardwareOptions(architecture="folded", engines={"a": ENGINE}, pipeline=pipeline)
    assert design_facts(make_design(quantize_graph(*residual()), options)).asked.in_words == "engines as they are given"


def test_targets() -> None:
    graph = quantize_graph(*small_network())

    def design(**options: Any) -> PipelinedDesign:
        return PipelinedDesign(graph, HardwareOptions(architecture="folded", pipeline=2, **options))

    paced = design(target_interval=700)
    assert paced.program.interval <= 700 < design(pes=max(1, (paced.pes or 0) - 8)).program.interval
    assert PipelinedDesign(graph, paced.settled, made=True).program.interval == paced.program.interval
    with pytest.raises(ResourceError, match=r"target_interval=10: a folded accelerator .*give target_interval=\d+ or"):
        design(target_interval=10)
    fitting = design(resources={"lut": 12_000, "ff": 24_000, "dsp": 40, "bram36": 50, "uram": 0})
    assert fitting.estimate.fits
    assert fitting.program.interval < paced.program.interval


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no number": ({"pipeline": 1}, "pipeline 1 must be True, False, or a number of stages from 2 on"),
    "text": ({"pipeline": "yes"}, "pipeline 'yes' must be True, False, or a number of stages"),
    "overlay": ({"pipeline": 2, "program": "axi"}, "program='axi' and pipeline=2: an overlay has one program.*'rom'"),
    "dataflow": ({"architecture": "dataflow", "pipeline": 2}, "has no use for pipeline=2"),
    "stages": ({"pipeline": 5}, "pipeline=5: the network has 4 layers with weights.*at most 4"),
    "both": ({"pipeline": 2, "engines": {"a": ENGINE}}, "pipeline=2: engines= says which stages.*give pipeline=True"),
    "pes": ({"pipeline": True, "pes": 4, "engines": {"a": ENGINE}}, "engines= says how many PEs there are, and pes=4"),
    "apart": (
        {"pipeline": True, "engines": {"a": {**ENGINE, "blocks": ["first", "third"]}, "b": ENGINE}},
        r"engines\['a'\]: block 'third' comes behind 'second' of 'b', and in a pipeline .*give the block to 'b'",
    ),
    "unknown": (
        {"pipeline": True, "engines": {"a": {**ENGINE, "blocks": ["fourth"]}, "b": ENGINE}},
        r"engines\['a'\]: blocks: 'fourth' is unknown; valid: class, first",
    ),
    "twice": (
        {"pipeline": True, "engines": {"a": {**ENGINE, "blocks": ["first"]}, "b": {**ENGINE, "blocks": ["first"]}}},
        "block 'first' is on 'a' and on 'b'",
    ),
    "nowhere": (
        {"pipeline": True, "engines": {"a": {**ENGINE, "blocks": ["first"]}}},
        "block 'second' is on none of them",
    ),
    "idle": (
        {"pipeline": True, "engines": {"a": ENGINE, "b": {**ENGINE, "blocks": []}}},
        r"engines\['b'\] has no block to run",
    ),
    "lanes": (
        {"pipeline": True, "engines": {"a": ENGINE, "b": {**ENGINE, "taps": 2, "blocks": ["pool", "class"]}}},
        r"engines\['b'\]: block 'pool' works channel by channel and needs as many taps as the widest engine has, 4",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case: str, tmp_path: Path) -> None:
    options, message = REFUSED[case]
    with pytest.raises(OptionError, match=message):
        hlsq.convert(*residual(), output_dir=tmp_path / "p", **{"architecture": "folded", **options})
    assert not (tmp_path / "p").exists()

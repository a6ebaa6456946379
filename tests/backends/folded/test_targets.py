"""Targets of folded designs: the fewest PEs that keep a pace, those of the fastest that fits, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder
from small import small_network

from hlsq.backends.folded.grouping import DEFAULT_PES
from hlsq.backends.vitis.folded import sizing
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.integrity import check_design
from hlsq.backends.vitis.limits import Limit, ToolLimits
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import read_project, write_project
from hlsq.cost.folded.sizing import fewest_pes
from hlsq.cost.parts import known_parts
from hlsq.errors import OptionError, ResourceError
from hlsq.formats import Affine
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import MaxPool2D


@pytest.fixture(scope="module")
def graph() -> QuantizedGraph:
    return quantize_graph(*small_network())


def design(graph: QuantizedGraph, **options: Any) -> FoldedDesign:
    return FoldedDesign(graph, HardwareOptions(architecture="folded", **options))


def small_part(lut: int, **more: int) -> dict[str, int]:
    return {"lut": lut, "ff": 10**5, "dsp": 100, "bram36": 100, "uram": 0, **more}


@pytest.mark.parametrize("interval", [400, 1000, 5000, 20_000])
def test_a_pace_gets_the_fewest_pes_that_keep_it(graph: QuantizedGraph, interval: int) -> None:
    found = design(graph, target_interval=interval)
    assert found.program.cycles <= interval
    every = [design(graph, pes=n) for n in range(1, min(found.pes or 0, 40))]
    assert [d.options.pes for d in every if d.program.cycles <= interval] == []
    assert max(engine.pes for engine in found.program.engines) <= (found.pes or 0)


def test_samples_a_second_are_cycles_of_the_clock(graph: QuantizedGraph) -> None:
    found = design(graph, target_fps=250_000, clock_period=4.0)
    assert found.program.cycles <= 1000
    assert found.pes == design(graph, target_interval=1000).pes
    assert found.pes != design(graph, target_interval=2000).pes
    assert (found.settled.target_fps, found.settled.target_interval) == (250_000, None)


def test_a_pace_that_nothing_keeps(graph: QuantizedGraph) -> None:
    with pytest.raises(
        ResourceError, match=r"target_fps=1e\+07 is 20 cycles .* takes (\d+) cycles a sample: give target_interval="
    ) as e:
        design(graph, target_fps=10_000_000)
    fastest = int(str(e.value).split("target_interval=")[1].split()[0])
    assert design(graph, target_interval=fastest).program.cycles == fastest
    with pytest.raises(
        ResourceError, match=f"target_interval={fastest - 1}: a folded accelerator of at most 4,096 PEs"
    ):
        design(graph, target_interval=fastest - 1)


def test_no_engine_gets_more_pes_than_the_tool_unrolls(graph: QuantizedGraph) -> None:
    few = replace(ToolLimits(), loop_copies=Limit(20, "copies", ""))
    found = FoldedDesign(graph, HardwareOptions(architecture="folded"), few)
    assert 10 < found.program.pes <= 20
    with pytest.raises(ResourceError, match="of at most 20 PEs takes"):
        FoldedDesign(graph, HardwareOptions(architecture="folded", target_interval=found.program.cycles - 1), few)


def test_what_fits_is_as_fast_as_the_estimate_allows(graph: QuantizedGraph) -> None:
    last = 10**9
    for lut in (4000, 6000, 12_000):
        part = small_part(lut)
        found = design(graph, resources=part)
        assert found.estimate.fits
        assert found.estimate.lut <= 0.8 * lut
        assert found.program.cycles < last
        last = found.program.cycles
        assert found.pes is not None
        more = [design(graph, pes=n, resources=part) for n in (2 * found.pes, 3 * found.pes)]
        assert not any(d.estimate.fits for d in more if d.program.cycles < last)
    assert design(graph, target="fit", resources=part).pes == found.pes
    assert design(graph, resources=part, utilization=0.4).estimate.lut <= 0.4 * 12_000


def test_what_does_not_fit_is_refused(graph: QuantizedGraph) -> None:
    with pytest.raises(
        ResourceError,
        match=r"does not fit xc7a35t.* LUTs, and 80 % of the part's 500 are 400; most take 'engine0.*larger part, as",
    ):
        design(graph, part="xc7a35t", resources=small_part(500))
    with pytest.raises(
        ResourceError,
        match=r"block RAMs of 18 Kb, and it has none; .*the largest feature maps are those of 'conv/first' 2 Kb",
    ):
        design(graph, resources=small_part(10**5, bram36=0))


def wide_network(side: int) -> QuantizedGraph:
    b = NetworkBuilder(np.random.default_rng(1))
    b.input("in", (side, side, 16), Affine(8, 0.03, 120, signed=False))
    b.add("shrink", MaxPool2D((2, 2), (2, 2)), ["in"])
    return quantize_graph(*b.build(["shrink"]))


def test_maps_larger_than_the_part_are_refused_whatever_the_pes() -> None:
    graph = wide_network(64)
    fitting = design(graph, pes=16, part="xc7a100t").estimate
    assert fitting.fits
    need = fitting.blocks["feature maps"].bram18
    assert 32 <= need <= 64  # 512 Kb
    with pytest.raises(
        ResourceError,
        match=rf"the feature maps do not fit .*: they take {need} block RAMs of 18 Kb, and it has 20; the largest "
        r"feature maps are those of 'in' 512 Kb, of 51\d Kb at once; what helps: a larger part, as in part='(\w+)'",
    ) as e:
        design(graph, pes=16, resources=small_part(10**6, bram36=10))
    part = str(e.value).split("as in part='")[1].split("'")[0]
    assert design(graph, pes=16, part=part).estimate.fits
    assert part in known_parts()
    # What was made stays, and a part of which nothing is known refuses nothing.
    options = HardwareOptions(architecture="folded", pes=16, resources=small_part(10**6, bram36=10))
    assert FoldedDesign(graph, options, made=True).program.pes <= 16
    assert design(graph, pes=16, part="mine", part_check=False).estimate.fits is None


def test_without_a_known_part_nothing_is_fitted(graph: QuantizedGraph) -> None:
    found = design(graph, part="mine", part_check=False)
    assert found.pes == DEFAULT_PES
    assert f"what part mine has is unknown, so an engine has at most {DEFAULT_PES} PEs" in found.pace_in_words
    assert "unknown" not in design(graph).pace_in_words
    assert "'conv/second + sum' takes " in found.pace_in_words


@pytest.mark.parametrize("given", [{}, {"target": "fit"}, {"target_interval": 1000}, {"target_fps": 90_000}])
def test_a_project_keeps_what_was_chosen(
    graph: QuantizedGraph, given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = design(graph, **given)
    write_project(made, tmp_path / "net")
    # Whatever a later version would choose for the target.
    monkeypatch.setattr(sizing, "fewest_pes", lambda *_: 1)
    monkeypatch.setattr(sizing, "fastest_fitting", lambda *_: 1)
    loaded = read_project(tmp_path / "net")
    assert isinstance(loaded, FoldedDesign)
    assert str(loaded.program) == str(made.program)
    assert loaded.settled == loaded.options == made.settled
    check_design(tmp_path / "net", loaded)
    check_design(tmp_path / "net", made)
    assert loaded.estimate == made.estimate


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reuse_factor": 4}, "architecture='folded' has no use for reuse_factor=4: layers share the PEs"),
        ({"reuse_factor": {"a": 4}}, "no use for reuse_factor="),
        ({"io_type": "io_parallel", "word_bits": 32}, "no use for io_type='io_parallel', word_bits=32: "),
        ({"rom_storage": "bram"}, "no use for rom_storage='bram'"),
        ({"line_storage": {"a": "bram"}}, "no use for line_storage="),
        ({"separate_windows": []}, "no use for separate_windows="),
        ({"pes": 0}, "pes 0 must be a whole number"),
        ({"pes": 2.5}, r"pes 2\.5 must be"),
    ],
)
def test_options_that_say_nothing_to_a_folded_accelerator(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        HardwareOptions(architecture="folded", **options)


def test_options_that_contradict(graph: QuantizedGraph) -> None:
    engines = {"one": {"taps": 4, "outputs": 2, "positions": 1}}
    for of_folded in ({"pes": 8}, {"dual": "mux"}, {"engines": engines}, {"program": "axi"}):
        (name,) = of_folded
        with pytest.raises(OptionError, match=f"architecture='dataflow' has no use for {name}=.*: every block has PEs"):
            HardwareOptions(**of_folded)
    for given in ({"target": "fit"}, {"target_interval": 1000}, {"target_fps": 1000}):
        (name, value), *_ = given.items()
        with pytest.raises(OptionError, match=f"{name}={value!r} chooses the number of PEs, so pes=8 cannot apply"):
            design(graph, pes=8, **given)
        with pytest.raises(
            OptionError, match=f"{name}={value!r} chooses the number of PEs, so engines=.* cannot apply"
        ):
            design(graph, engines=engines, **given)
    assert design(graph, engines=engines).program.pes == 8


def test_more_pes_need_not_be_faster() -> None:
    # As of stages whose words get wider than their neighbour's.
    taken = {8: 100, 4: 60, 2: 80, 1: 200}

    def cycles(pes: int) -> int:
        return taken[max(n for n in taken if n <= pes)]

    assert fewest_pes(cycles, 60, 8, "a target") == 4
    assert fewest_pes(cycles, 90, 8, "a target") == 2
    assert fewest_pes(cycles, 100, 8, "a target") == 2
    with pytest.raises(ResourceError, match=r"a target: .* takes 60 cycles a sample: give target_interval=60 or more"):
        fewest_pes(cycles, 59, 8, "a target")

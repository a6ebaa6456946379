"""Overlays: instructions and constants from memory, other networks on the same hardware and compiled C simulation."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hlsq
from hlsq.backends.folded import FoldedProgram
from hlsq.backends.folded.overlay_image import instruction_places
from hlsq.backends.folded.pieces import PIPELINE
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.network import given_network
from hlsq.backends.vitis.integrity import edited_files
from hlsq.errors import GraphError, InputError, OptionError, ResourceError, VerificationError
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from tests.support.networks import random_network
from tests.support.small import small_network

HOST = 19
"""A random network whose overlay has room for many others."""
TRIED = range(60)
IMAGE = "tb_data/program_image.bin"
SAMPLES = 3


def inputs(hw: hlsq.HardwareModel) -> dict[str, np.ndarray]:
    return {i.name: np.random.default_rng(1).normal(size=(SAMPLES, *i.shape)) for i in hw.graph.inputs}


def check(hw: hlsq.HardwareModel, ap_types: bool = False) -> None:
    """All blocks are exact, and loops run as often as the program says, loading included."""
    x = inputs(hw)
    hw.verify(x, ap_types=ap_types)
    cycles = [item.cycles - PIPELINE for item in hw.program.instructions]
    model = {name: SAMPLES * cycles[number] for name, number in hw.design.counted.items()}
    assert hw.count_iterations(x, ap_types=ap_types) == model


def overlay_of(seed: int, folder: Path) -> hlsq.HardwareModel:
    graph, plan = random_network(seed)
    return hlsq.convert(graph, plan, output_dir=folder, architecture="folded", pes=16, program="axi")


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> hlsq.HardwareModel:
    return overlay_of(HOST, tmp_path_factory.mktemp("overlay") / "project")


@dataclass(frozen=True)
class Tried:
    """Random networks on the overlay: those that fit, and why the others do not."""

    fitting: list[QuantizedGraph]
    refusals: list[str]


@pytest.fixture(scope="module")
def tried(hw: hlsq.HardwareModel) -> Tried:
    found = Tried([], [])
    for seed in TRIED:
        graph = quantize_graph(*random_network(seed))
        try:
            hw.with_network(graph)
            if seed != HOST:
                found.fitting.append(graph)
        except ResourceError as error:
            found.refusals.append(str(error))
    assert len(found.fitting) >= 5
    return found


def test_one_compiled_simulation_runs_several_networks(hw: hlsq.HardwareModel, tried: Tried) -> None:
    check(hw)
    library = hw._simulations[False][1].library
    for graph in tried.fitting[:5]:
        other = hw.with_network(graph)
        check(other)
        assert other._simulation(False).library is library
    check(hw)
    assert hw._simulations[False][1].library is library


def test_it_does_with_arbitrary_precision_types(hw: hlsq.HardwareModel, tried: Tried) -> None:
    check(hw, ap_types=True)
    check(hw.with_network(tried.fitting[1]), ap_types=True)


def test_run_image_gives_what_the_other_network_emulates(hw: hlsq.HardwareModel, tried: Tried) -> None:
    other = hw.with_network(tried.fitting[2])
    found = hw.run_image(other.graph, inputs(other), raw=True)
    for mine, theirs in zip(found, other.emulate(inputs(other), raw=True), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_another_network_has_no_stored_vectors(hw: hlsq.HardwareModel, tried: Tried) -> None:
    """Those in the folder are the overlay's own, and may have the same shapes."""
    other = hw.with_network(tried.fitting[0])
    for use in (other.verify, other.stored_inputs):
        with pytest.raises(InputError, match=r"are those of the network that the overlay was made for.*; give samples"):
            use()


def test_the_image_is_written_as_it_lies_in_memory(hw: hlsq.HardwareModel, tried: Tried, tmp_path: Path) -> None:
    own = hw.program_image()
    assert own == (hw.output_dir / IMAGE).read_bytes()
    words = np.frombuffer(own, dtype="<u8")
    assert words[0] == len(hw.program.instructions)
    assert words[1] == len(words) - 2
    overlay = hw.program.overlay
    assert overlay is not None
    assert len(words) - 2 == sum(overlay.words(item.fields) for item in hw.program.instructions)
    other = tried.fitting[0]
    content = hw.program_image(other, tmp_path / "other.bin")
    assert (tmp_path / "other.bin").read_bytes() == content != own


def test_the_test_bench_reads_the_image(hw: hlsq.HardwareModel, tmp_path: Path) -> None:
    top = hw.design.options.top
    bench = tmp_path / "test_bench"
    sources = [f"{top}_test.cpp", f"firmware/{top}.cpp"]
    command = ["g++", "-std=c++14", "-O1", "-Ifirmware/ap_types", "-Wno-unknown-pragmas", *sources, "-o", str(bench)]
    subprocess.run(command, check=True, cwd=hw.output_dir)
    done = subprocess.run([bench], cwd=hw.output_dir, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "10 samples, 0 differences")
    assert IMAGE in (hw.output_dir / "hls_config.cfg").read_text()
    assert not list(hw.output_dir.glob("firmware/image/*.inc"))


def test_a_loaded_overlay_is_as_it_was_saved_and_names_a_changed_image(hw: hlsq.HardwareModel) -> None:
    loaded = hlsq.load_project(hw.output_dir)
    assert isinstance(loaded.program, FoldedProgram)
    assert loaded.program.overlay == hw.program.overlay
    assert loaded.program_image() == hw.program_image()
    path = hw.output_dir / IMAGE
    before = path.read_bytes()
    number = next(n for n, item in enumerate(hw.program.instructions) if item.macs)
    overlay = hw.program.overlay
    assert overlay is not None
    start = 2 + sum(overlay.words(item.fields) for item in hw.program.instructions[:number])
    end = start + overlay.words(hw.program.instructions[number].fields)
    words = np.frombuffer(before, dtype="<u8").copy()
    words[end - hw.program.instructions[number].fields["weight_rows"] : end] ^= 0x0101010101010101
    path.write_bytes(words.tobytes())
    assert edited_files(hw.output_dir) == [IMAGE]
    with pytest.raises(VerificationError, match=r"program_image\.bin") as caught:
        loaded.verify(inputs(hw))
    assert caught.value.block in hw.program.instructions[number].blocks
    path.write_bytes(before)
    loaded.verify(inputs(hw))


def test_an_image_with_other_instructions_is_refused_before_it_runs(tmp_path: Path) -> None:
    """What it says would take the C simulation out of its memories."""
    graph, plan = small_network()
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", architecture="folded", pes=8, program="axi")
    path = hw.output_dir / IMAGE
    good = path.read_bytes()
    words = np.frombuffer(good, dtype="<u8")
    assert isinstance(hw.design, FoldedDesign)
    places = np.flatnonzero(instruction_places(hw.design.program)).tolist()
    network = partial(given_network, hw.design, hw.output_dir)
    for number in (0, 1, places[2], places[-1]):
        path.write_bytes(np.where(np.arange(len(words)) == number, words ^ np.uint64(1 << 40), words).tobytes())
        with pytest.raises(
            GraphError, match=rf"program_image\.bin: word {number} is 0x.*instructions may not: restore"
        ):
            network()
    for content in (b"", good[:16], good[:-8], good[:-3], good + good):
        path.write_bytes(content)
        with pytest.raises(GraphError, match=rf"has {len(content):,} bytes; those of the program are {len(good):,}"):
            network()
    path.write_bytes(good)
    network()


@pytest.mark.parametrize(
    ("need", "limit"),
    [
        (r"2 input ports", r"1"),
        (r"3 output ports", r"2"),
        (r"74 words for outputs", r"64"),
        (r"\d+ words of feature-map memory \d", r"512"),
        (
            r"weights that are integers of 9 bits",
            r"integers of 8 bits or powers of two up to 2\^7 in engine0 of 4 taps",
        ),
        (r"multipliers behind additions", r"none in engine0"),
        (r"constants 'threshold\d+' of 17 bits", r"16 bits in engine0"),
    ],
)
def test_what_does_not_fit_is_named(tried: Tried, need: str, limit: str) -> None:
    text = (
        rf"block '\w+( \+ \w+)?' does not fit the overlay: it needs {need}, the overlay has {limit}; make the overlay "
    )
    assert [found for found in tried.refusals if re.match(text, found) and "program='axi'" in found]


@pytest.mark.parametrize(
    "other", ["build/net", None, 3, random_network(HOST)[0]], ids=["path", "none", "number", "float"]
)
def test_what_is_no_network_is_refused(hw: hlsq.HardwareModel, other: Any) -> None:
    for run in (hw.with_network, lambda network: hw.run_image(network, [])):
        with pytest.raises(OptionError, match=f"network is {re.escape(repr(other))}; an overlay runs a hardware model"):
            run(other)


def test_only_overlays_run_other_networks(hw: hlsq.HardwareModel, tmp_path: Path) -> None:
    graph, plan = random_network(0)
    rom = hlsq.convert(graph, plan, output_dir=tmp_path / "rom", architecture="folded", pes=4)
    with pytest.raises(OptionError, match="program='axi'"):
        rom.with_network(hw)
    with pytest.raises(OptionError, match="architecture='folded'"):
        hlsq.convert(graph, plan, output_dir=tmp_path / "flow", program="axi")

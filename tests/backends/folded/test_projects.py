"""Projects of folded accelerators: their program is saved with them, synthesis reads the numbers of C simulation, and
the test bench passes as a user compiles it."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import hlsq
from hlsq.backends.folded import FoldedProgram
from hlsq.backends.folded.storage import PROGRAM
from hlsq.backends.vitis.integrity import edited_files
from hlsq.errors import GraphError, ToolFailedError, VerificationError
from hlsq.formats import Affine
from hlsq.graph.ops import Dense
from hlsq.plan import BlockPlan
from hlsq.toolchain import find_cxx
from tests.support.networks import NetworkBuilder, random_network

IMAGE = "firmware/image"
READ = """
#include "image.h"
extern "C" int read(int row, int i) { return image::engine0_weights(0, row, i); }
"""


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> hlsq.HardwareModel:
    """A network with depthwise convolutions, an addition, several forms of weights and two outputs."""
    graph, plan = random_network(5)
    folder = tmp_path_factory.mktemp("folded") / "project"
    return hlsq.convert(graph, plan, output_dir=folder, architecture="folded", pes=16)


def same(one: FoldedProgram, other: FoldedProgram) -> None:
    for field in fields(FoldedProgram):
        if field.name not in ("instructions", "images", "tables"):
            assert getattr(one, field.name) == getattr(other, field.name)
    for a, b in zip(one.instructions, other.instructions, strict=True):
        assert vars(a) == vars(b)
    mine, theirs = one.arrays, other.arrays
    assert list(mine) == list(theirs)
    for name, values in mine.items():
        assert values.dtype == theirs[name].dtype
        np.testing.assert_array_equal(values, theirs[name])


def test_a_program_is_loaded_as_it_was_saved(hw: hlsq.HardwareModel, tmp_path: Path) -> None:
    hw.program.save(tmp_path)
    loaded = FoldedProgram.load(tmp_path)
    same(loaded, hw.program)
    assert str(loaded) == str(hw.program)
    assert loaded.fields == hw.program.fields


def test_a_project_is_loaded_with_its_program(hw: hlsq.HardwareModel) -> None:
    loaded = hlsq.load_project(hw.output_dir)
    same(loaded.program, hw.program)
    assert edited_files(hw.output_dir) == []
    assert {f"{IMAGE}/{PROGRAM}", f"{IMAGE}/engine0_weights.bin"} <= {
        str(p.relative_to(hw.output_dir)) for p in hw.output_dir.rglob("*")
    }


def test_a_changed_program_is_no_project_any_more(hw: hlsq.HardwareModel) -> None:
    path = hw.output_dir / IMAGE / PROGRAM
    before = path.read_text()
    data = json.loads(before)
    data["instructions"][0]["cycles"] += 1
    path.write_text(json.dumps(data))
    with pytest.raises(GraphError, match=r"program\.json: not as hlsq wrote it"):
        hlsq.load_project(hw.output_dir)
    data["instructions"][1]["blocks"] = ["nothing"]
    path.write_text(json.dumps(data))
    with pytest.raises(GraphError, match=r"program.json: instructions\[1\]: 'nothing' is no tensor of the network"):
        FoldedProgram.load(path.parent, hw.graph)
    path.write_text(before)
    hlsq.load_project(hw.output_dir)


def test_a_program_of_which_there_is_no_checksum_is_refused(hw: hlsq.HardwareModel) -> None:
    path = hw.output_dir / "hlsq_project.json"
    before = path.read_text()
    data = json.loads(before)
    del data["checksums"][f"{IMAGE}/{PROGRAM}"]
    path.write_text(json.dumps(data))
    with pytest.raises(GraphError, match=r"program\.json: hlsq_project\.json has no checksum of it; restore both"):
        hlsq.load_project(hw.output_dir)
    del data["checksums"]
    path.write_text(json.dumps(data))
    with pytest.raises(GraphError, match=r"program\.json: hlsq_project\.json has no checksum of it; restore both"):
        hlsq.load_project(hw.output_dir)
    path.write_text(before)
    hlsq.load_project(hw.output_dir)


def test_a_changed_memory_is_the_users_right_and_is_named_where_it_shows(hw: hlsq.HardwareModel) -> None:
    path = hw.output_dir / IMAGE / "engine0_weights.bin"
    before = path.read_bytes()
    path.write_bytes(bytes(b ^ 1 for b in before))
    loaded = hlsq.load_project(hw.output_dir)
    assert (loaded.program.images[0].weights == hw.program.images[0].weights ^ 1).all()
    with pytest.raises(VerificationError, match=r"engine0_weights\.bin"):
        loaded.verify()
    path.write_bytes(before[1:])
    with pytest.raises(
        GraphError, match=r"engine0_weights.bin: has .* bytes; images\[0\].weights of program.json says"
    ):
        hlsq.load_project(hw.output_dir)
    path.write_bytes(before)


@pytest.mark.csim
@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"0"], ids=["shorter", "longer"])
def test_a_memory_of_another_size_is_not_simulated(hw: hlsq.HardwareModel, change: Callable[[bytes], bytes]) -> None:
    path = hw.output_dir / IMAGE / "program.bin"
    before = path.read_bytes()
    path.write_bytes(change(before))
    try:
        with pytest.raises(
            ToolFailedError, match=rf"program.bin has not the {len(before)} bytes of its memory: restore"
        ):
            hw.compile()
    finally:
        path.write_bytes(before)


def test_a_memory_that_is_no_file_is_named(hw: hlsq.HardwareModel) -> None:
    """A pipe would be waited for without end."""
    path = hw.output_dir / IMAGE / "engine0_weights.bin"
    before = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(GraphError, match=r"engine0_weights\.bin: cannot be read: it is no regular file"):
        hlsq.load_project(hw.output_dir)
    path.unlink()
    path.write_bytes(before)


def test_synthesis_reads_the_numbers_of_c_simulation(hw: hlsq.HardwareModel) -> None:
    folder = hw.output_dir / IMAGE
    arrays = hw.program.arrays
    for name, values in arrays.items():
        text = (folder / f"{name}.inc").read_text()
        rows = text.splitlines()
        assert len(rows) == values.size // values.shape[-1]
        found = np.array([int(n) for row in rows for n in row.rstrip(",").split(",")])
        np.testing.assert_array_equal(found, values.reshape(-1))
    words = np.frombuffer((folder / "program.bin").read_bytes(), dtype=np.uint8)
    found = np.array([int(n) for n in (folder / "program.inc").read_text().replace("\n", "").rstrip(",").split(",")])
    np.testing.assert_array_equal(found, words)


def test_the_test_bench_passes_as_its_header_says_to_compile_it(hw: hlsq.HardwareModel, tmp_path: Path) -> None:
    top = hw.design.options.top
    line = next(text for text in (hw.output_dir / f"{top}_test.cpp").read_text().splitlines() if "g++" in text)
    command = line.removeprefix("//").replace("test_bench", str(tmp_path / "test_bench"))
    subprocess.run(command.replace("-O2", "-O1").replace("./", ""), shell=True, check=True, cwd=hw.output_dir)
    done = subprocess.run([tmp_path / "test_bench"], cwd=hw.output_dir, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "10 samples, 0 differences")


def test_rows_in_several_memories_are_those_of_one(tmp_path: Path) -> None:
    """Rows of weights that are some more than a power of two, read as synthesis does."""
    b = NetworkBuilder(np.random.default_rng(1))
    b.input("x", (136,), Affine(8, 0.03, 3))
    weight = Affine(8, 0.001, symmetric=True)
    b.add("y", Dense(), ["x"], kernel=b.kernel(136, 136), plan=BlockPlan(weight=weight))
    hw = hlsq.convert(*b.build(["y"]), output_dir=tmp_path / "net", architecture="folded", pes=16)
    slices, rows, codes = hw.program.images[0].weights.shape
    assert (slices, hw.program.engines[0].slice_bits) == (1, 8)
    assert hw.program.images[0].pieces(8) == (1024, rows - 1024)
    memories = hw.estimate().blocks["engine0 weights"].memories
    assert [(m.depth, m.width) for m in memories] == [(1024, 8 * codes), (rows - 1024, 8 * codes)]
    (tmp_path / "read.cpp").write_text(READ)
    library, firmware = tmp_path / "read.so", hw.output_dir / "firmware"
    flags = [
        "-std=c++14",
        "-shared",
        "-fPIC",
        "-DHLSQ_NATIVE_INT",
        f"-I{firmware}",
        f"-I{firmware}/ap_types",
        "-Wno-unknown-pragmas",
    ]
    subprocess.run([find_cxx(), *flags, tmp_path / "read.cpp", "-o", library], check=True)
    read = ctypes.CDLL(str(library)).read
    for row, values in enumerate(hw.program.images[0].weights[0]):
        assert [read(row, i) for i in range(codes)] == values.tolist(), row


def test_tools_are_given_files_that_are_there(hw: hlsq.HardwareModel) -> None:
    config = dict.fromkeys(
        value
        for key, _, value in (
            line.partition("=") for line in (hw.output_dir / "hls_config.cfg").read_text().splitlines()
        )
        if key.endswith(".file")
    )
    tcl = [
        line.split()[2 if "-tb" in line else 1]
        for line in (hw.output_dir / "build_prj.tcl").read_text().splitlines()
        if line.startswith("add_files")
    ]
    component = json.loads((hw.output_dir / "vitis-comp.json").read_text())
    for name in (*config, *tcl, *component["configuration"]["configFiles"]):
        assert (hw.output_dir / name).exists(), name
    # Everything that a compiler is told to include is there, too.
    top = hw.design.options.top
    assert f"firmware/{top}.cpp" in config
    image = (hw.output_dir / "firmware/image.h").read_text()
    for text in image.splitlines():
        if text.startswith('#include "image/'):
            assert (hw.output_dir / "firmware" / text.split('"')[1]).is_file()

"""``HLSQ_CXXFLAGS``: flags of the user for the C simulation."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from headers import precompile
from networks import NetworkBuilder

import hlsq
from hlsq import toolchain
from hlsq.errors import ToolFailedError
from hlsq.formats import Affine
from hlsq.graph.ops import Identity
from hlsq.plan import BlockPlan

pytestmark = pytest.mark.csim


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the command lines of the compiler."""
    log, compiler = tmp_path / "log", tmp_path / "compiler"
    compiler.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {toolchain.find_cxx()} "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("HLSQ_CXX", str(compiler))
    return log


def compiled(log: Path) -> list[list[str]]:
    lines = [line.split() for line in log.read_text().splitlines()]
    return [line for line in lines if "-fsyntax-only" not in line]


def levels(line: list[str]) -> list[str]:
    return [word for word in line if word.startswith("-O")]


def test_flags_of_the_user_come_after_ours(
    project: hlsq.HardwareModel, samples: np.ndarray, commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", "-O1 -DMINE=1")
    project.verify(samples)
    assert compiled(commands)
    for line in compiled(commands):
        assert levels(line)[-1] == "-O1"
        assert "-DMINE=1" in line


@pytest.mark.slow(2)
@pytest.mark.parametrize(("jobs", "parts"), [("2", 2), ("64", 2)])
def test_blocks_are_optimised_and_compiled_in_parts(
    project: hlsq.HardwareModel,
    samples: np.ndarray,
    commands: Path,
    shipped_flags: None,
    monkeypatch: pytest.MonkeyPatch,
    jobs: str,
    parts: int,
) -> None:
    """Five blocks are two parts at most; the top function and what calls it are quick to compile."""
    monkeypatch.setenv("HLSQ_JOBS", jobs)
    project.verify(samples)
    assert sorted(levels(line) for line in compiled(commands)) == [[], *[["-O1"]] * 2, *[["-O3"]] * parts]
    assert [line for line in compiled(commands) if levels(line) == ["-O1"] and "-DHLSQ_BLOCKS_APART" in line]


def test_one_job_compiles_a_small_network_at_once(
    project: hlsq.HardwareModel,
    samples: np.ndarray,
    commands: Path,
    shipped_flags: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HLSQ_JOBS", "1")
    project.verify(samples)
    assert sorted(levels(line) for line in compiled(commands)) == [[], ["-O3"]]


def test_one_job_compiles_a_large_network_apart(
    tmp_path: Path, commands: Path, shipped_flags: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Optimising a top function of many streams takes too long."""
    monkeypatch.setenv("HLSQ_JOBS", "1")
    builder = NetworkBuilder(np.random.default_rng(1))
    name = builder.input("x", (3,), Affine(8, 0.03))
    for number in range(18):  # of which the first is a wire
        plan = BlockPlan(output=Affine(8, 0.03 / (number % 2 + 1)))
        name = builder.add(f"block{number}", Identity(), [name], plan=plan)
    hw = hlsq.convert(*builder.build([name]), output_dir=tmp_path / "net")
    assert hw.verify(np.ones((2, 3))).mismatches == 0
    assert sorted(levels(line) for line in compiled(commands)) == [[], ["-O1"], ["-O1"], ["-O3"]]


def test_nothing_but_the_library_stays_behind(project: hlsq.HardwareModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a part does not compile: an earlier library is kept, whole."""
    before = {path for path in project.output_dir.rglob("*") if path.is_file()}
    project.compile()
    (library,) = {path for path in project.output_dir.rglob("*") if path.is_file() and path.suffix == ".so"} - before
    content = library.read_bytes()
    block = project.output_dir / "firmware" / "blocks" / "sum_q.h"
    block.write_text(block.read_text().replace("#endif", "this is no C++\n#endif", 1))
    with pytest.raises(ToolFailedError, match="this"):
        project.compile()
    after = {path for path in project.output_dir.rglob("*") if path.is_file()}
    assert after - before == {library, project.output_dir / "build_lib.log"}
    assert library.read_bytes() == content
    assert not [path for path in project.output_dir.iterdir() if path.name.startswith(".build")]


def test_a_flag_that_the_compiler_does_not_know(project: hlsq.HardwareModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", "--no-such-flag")
    with pytest.raises(ToolFailedError, match="no-such-flag"):
        project.compile()


@pytest.mark.slow(4)
def test_headers_that_a_test_run_compiles_are_taken(
    project: hlsq.HardwareModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are compiled with the flags of ``build_lib.sh``; with others, tests would be slow and nobody would know."""
    flags = os.environ["HLSQ_CXXFLAGS"]
    if "-include" not in flags:  # without workers
        flags = precompile(tmp_path, flags)
    monkeypatch.setenv("HLSQ_CXXFLAGS", f"{flags} -H")
    monkeypatch.setenv("HLSQ_JOBS", "1")
    printed, compiler = tmp_path / "printed", tmp_path / "compiler"
    # Each process has a file of its own, since their lines would mix.
    compiler.write_text(f'#!/bin/sh\nexec {toolchain.find_cxx()} "$@" 2> {printed}/$$\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("HLSQ_CXX", str(compiler))
    for ap_types, name in ((False, "machine_integers"), (True, "ap_types")):
        printed.mkdir()
        project.compile(ap_types=ap_types)
        text = "".join(path.read_text() for path in printed.iterdir())
        assert re.findall(r"^! .*/headers\.h\.gch/(\w+)$", text, re.MULTILINE) == [name]
        shutil.rmtree(printed)

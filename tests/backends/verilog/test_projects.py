"""SystemVerilog of folded accelerators: Verilator computes the emulation's integers, in as many cycles as is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from small import small_network

import hlsq
from hlsq.backends.verilog.cycles import instruction_cycles
from hlsq.errors import OptionError, ToolNotFoundError, VerificationError
from hlsq.toolchain import find_verilator, find_yosys

SAMPLES = 3


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> hlsq.HardwareModel:
    """A residual network on two engines, of shift and of multiply PEs."""
    graph, plan = small_network()
    folder = tmp_path_factory.mktemp("rtl") / "project"
    engines = {
        "maps": {"taps": 4, "outputs": 1, "positions": 2},
        "last": {"taps": 2, "outputs": 1, "positions": 1, "blocks": ["class"]},
    }
    return hlsq.convert(
        graph, plan, output_dir=folder, architecture="folded", engines=engines, language="systemverilog"
    )


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(SAMPLES, 6, 6, 2)).astype(np.float32)


@pytest.mark.rtl
def test_every_integer_is_the_emulations(hw: hlsq.HardwareModel, x: np.ndarray) -> None:
    assert {engine.kind for engine in hw.program.engines} == {"shift", "multiply"}
    found = hw.verify(x)
    assert found.integers == SAMPLES * sum(int(np.prod(shape)) for shape in hw.graph.shapes.values())
    np.testing.assert_array_equal(hw.predict(x), hw.emulate(x))
    np.testing.assert_array_equal(hw.predict(x, trace=True)["sum"], hw.emulate(x, trace=True)["sum"])


@pytest.mark.rtl
def test_it_takes_the_cycles_that_are_told(hw: hlsq.HardwareModel, x: np.ndarray) -> None:
    found = hw.cosim(x)
    np.testing.assert_array_equal(found.cycles, [instruction_cycles(hw.program)] * SAMPLES)


@pytest.mark.rtl
def test_streams_that_wait_change_no_integer(hw: hlsq.HardwareModel, x: np.ndarray) -> None:
    calm, waiting = hw.cosim(x), hw.cosim(x, stalls=11)
    assert waiting.cycles.sum() > calm.cycles.sum()
    for name, values in calm.outputs.items():
        np.testing.assert_array_equal(waiting.outputs[name], values)


@pytest.mark.rtl
@pytest.mark.parametrize("stalls", [0, 11])
def test_a_reset_leaves_nothing_of_the_sample_before(hw: hlsq.HardwareModel, x: np.ndarray, stalls: int) -> None:
    """While a sample is loaded, is computed, and is sent; a cycle of reset, and streams that go on at once."""
    told = instruction_cycles(hw.program)
    begin, end = 260, 260 + sum(told)
    expected = hw.emulate(x, trace=True)
    for reset in (*range(begin, end, 80), *range(end - 12, end + 12, 3)):
        found = hw.cosim(x, stalls=stalls, reset=reset)
        for name, values in found.outputs.items():
            np.testing.assert_array_equal(values, expected[name], str(reset))
        if not stalls:
            np.testing.assert_array_equal(found.cycles, [told] * SAMPLES, str(reset))


@pytest.mark.rtl
def test_a_changed_weight_is_noticed_also_in_a_loaded_project(hw: hlsq.HardwareModel, x: np.ndarray) -> None:
    loaded = hlsq.load_project(hw.output_dir)
    item = next(item for item in loaded.program.instructions if "conv/second" in item.blocks)
    memory = hw.output_dir / "rtl/image/engine0_weights_a.hex"
    before = memory.read_text()
    words = before.splitlines()
    # The code of all taps of a step: some input of the samples is not 0.
    at = item.fields["weight_address"]
    words[at] = f"{int(words[at], 16) ^ int('1' * len(words[at]), 16):0{len(words[at])}x}"
    memory.write_text("\n".join(words) + "\n")
    try:
        with pytest.raises(VerificationError, match=r"RTL simulation .*engine0_weights_a\.hex") as caught:
            loaded.verify(x)
        assert caught.value.block == "conv/second"
    finally:
        memory.write_text(before)
    loaded.verify(x)


@pytest.mark.rtl
def test_verilator_has_nothing_to_remark(hw: hlsq.HardwareModel) -> None:
    tool = find_verilator()
    root = {} if tool.root is None else {"VERILATOR_ROOT": str(tool.root)}
    command = [tool.program, "--lint-only", "-Wall", "hlsq.vlt", "-f", "files.f", "--top-module", "hlsq_net"]
    result = subprocess.run(command, cwd=hw.output_dir / "rtl", env=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "%Warning" not in result.stderr


def test_yosys_reads_it(hw: hlsq.HardwareModel) -> None:
    """Every signal has one driver, in the language as synthesis takes it."""
    try:
        tool = find_yosys()
    except ToolNotFoundError as error:
        pytest.skip(str(error))
    package, *modules = (hw.output_dir / "rtl/files.f").read_text().split()
    script = (
        f"read_verilog -sv {package}; read_verilog -sv -defer {' '.join(modules)}; hierarchy -check -top hlsq_net; "
        "proc; opt -fast; check -assert"
    )
    command = [tool, "-q", "-p", script]
    result = subprocess.run(command, cwd=hw.output_dir / "rtl", capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    known = "Replacing memory \\some.line with list of registers"
    assert [line for line in result.stderr.splitlines() if "Warning" in line and known not in line] == []


def test_what_there_is_no_systemverilog_for(tmp_path: Path, x: np.ndarray) -> None:
    graph, plan = small_network()
    with pytest.raises(OptionError, match="architecture='dataflow' has no use for language='systemverilog'"):
        hlsq.convert(graph, plan, output_dir=tmp_path / "a", language="systemverilog")
    with pytest.raises(OptionError, match="give program='rom', or language='cpp'"):
        hlsq.convert(
            graph, plan, output_dir=tmp_path / "b", architecture="folded", language="systemverilog", program="axi"
        )
    with pytest.raises(OptionError, match="pipeline has no SystemVerilog yet"):
        hlsq.convert(
            graph, plan, output_dir=tmp_path / "d", architecture="folded", language="systemverilog", pipeline=True
        )
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "c", architecture="folded", pes=8)
    with pytest.raises(OptionError, match="convert with language='systemverilog'"):
        hw.cosim(x)


def test_what_is_for_c_plus_plus_alone(hw: hlsq.HardwareModel, x: np.ndarray) -> None:
    with pytest.raises(OptionError, match="ap_types=True simulates C"):
        hw.predict(x, ap_types=True)


def test_a_missing_verilator_is_named(hw: hlsq.HardwareModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSQ_VERILATOR", "/nowhere/verilator")
    with pytest.raises(ToolNotFoundError, match="no Verilator: HLSQ_VERILATOR is '/nowhere/verilator'"):
        hlsq.load_project(hw.output_dir).compile()


@pytest.mark.parametrize("option", ["stalls", "reset"])
def test_numbers_of_a_cosimulation_are_whole(hw: hlsq.HardwareModel, x: np.ndarray, option: str) -> None:
    with pytest.raises(OptionError, match=f"{option} -1 must be a whole number"):
        hw.cosim(x, **{option: -1})

"""The pytest plugin: skips with reasons, the fixture, and the example of the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[1]
MARKED = """
import pytest

@pytest.fixture
def costly():
    raise AssertionError("the fixture of a skipped test must not run")

@pytest.mark.csim
def test_csim():
    pass

@pytest.mark.cosim
def test_cosim():
    pass

@pytest.mark.cosim
def test_cosim_with_fixture(costly):
    pass

@pytest.mark.cosim("vitis")
def test_build():
    pass

@pytest.mark.cosim("verilator")
def test_waveform():
    pass

def test_plain():
    pass
"""
BOTH = """
import pytest
from small import small_network

@pytest.mark.cosim
def test_hardware(hls_project):
    network, plan = small_network()
    assert (hls_project(network, plan, pes=4).output_dir / "rtl" / "hlsq.sv").is_file()
    assert not (hls_project(network, plan, language="cpp").output_dir / "rtl").exists()

def test_language(hls_project):
    network, plan = small_network()
    assert (hls_project(network, plan, language="systemverilog").output_dir / "rtl" / "hlsq.sv").is_file()
    assert not (hls_project(network, plan).output_dir / "rtl").exists()
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.Pytester:
    """A test session with the marked tests, on a machine without compiler or Vitis HLS."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.delenv("HLSQ_CXX", raising=False)
    monkeypatch.delenv("HLSQ_VITIS", raising=False)
    monkeypatch.setenv("HLSQ_VERILATOR", "/nowhere/verilator")
    pytester.makepyfile(test_marked=MARKED)
    return pytester


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_missing_simulators_skip_with_their_reason(session: pytest.Pytester) -> None:
    result = session.runpytest("-rs", "--strict-markers")
    result.assert_outcomes(passed=1, skipped=5)
    result.stdout.fnmatch_lines(
        [
            "*no C++ compiler: neither g++ nor c++*HLSQ_CXX*",
            "*co-simulation runs only with --cosim",
            "*co-simulation runs only with --cosim=vitis",
            "*co-simulation runs only with --cosim=verilator",
        ]
    )


def test_cosim_option_without_vitis_skips_with_its_reason(session: pytest.Pytester) -> None:
    result = session.runpytest("-rs", "--cosim", "-k", "test_cosim and not fixture")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no Vitis HLS: neither vitis-run nor vitis_hls*HLSQ_VITIS*"])


def test_found_simulators_run_the_tests(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HLSQ_CXX", str(program(tmp_path, "g++")))
    monkeypatch.setenv("HLSQ_VITIS", str(program(tmp_path, "vitis-run")))
    for option in ("--cosim", "--cosim=vitis"):
        session.runpytest(option, "-k", "not fixture").assert_outcomes(passed=4, skipped=1)
        session.runpytest(option, "-k", "fixture").assert_outcomes(errors=1)
    session.runpytest("-k", "not fixture").assert_outcomes(passed=2, skipped=3)


def test_verilator_runs_them_without_vitis(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = session.runpytest("-rs", "--cosim=verilator", "-k", "test_cosim and not fixture")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no Verilator: HLSQ_VERILATOR is '/nowhere/verilator'*"])
    for tool in ("cxx", "verilator", "make"):
        monkeypatch.setenv(f"HLSQ_{tool.upper()}", str(program(tmp_path, tool)))
    session.runpytest("--cosim=verilator", "-k", "not fixture").assert_outcomes(passed=4, skipped=1)
    session.runpytest("--cosim=verilator", "-k", "fixture").assert_outcomes(errors=1)


@pytest.mark.parametrize(
    ("test", "option", "message"),
    [
        ("pass", "--cosim=modelsim", "--cosim modelsim: no simulator of that name; give --cosim=verilator or"),
        (
            "import pytest\n@pytest.mark.cosim('x')\ndef test_it(): pass",
            "--cosim",
            "names no simulator; give 'verilator'",
        ),
    ],
)
def test_a_simulator_that_there_is_none_of(pytester: pytest.Pytester, test: str, option: str, message: str) -> None:
    pytester.makepyfile(test)
    result = pytester.runpytest(option)
    assert result.ret != 0
    assert message in result.stdout.str() + result.stderr.str()


def test_plugin_loads_no_framework(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_modules():\n"
        "    assert 'hlsq.pytest_plugin' in sys.modules\n"
        "    assert not {'tensorflow', 'keras', 'tf_keras', 'hls4ml', 'qkeras'} & set(sys.modules)\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def readme_example() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"<!-- pytest-example -->\n```python\n(.*?)```", text, flags=re.DOTALL)
    return code


@pytest.mark.slow(8)
def test_example_of_the_readme_has_ten_lines_and_passes(pytester: pytest.Pytester) -> None:
    code = readme_example()
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    pytester.makepyfile(test_readme=code)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.rtl
@pytest.mark.slow(3)
def test_a_marked_test_builds_systemverilog_for_verilator(pytester: pytest.Pytester) -> None:
    """One test for both simulators; which language it gets goes by the option, unless it says one."""
    pytester.makepyfile(test_marked=BOTH)
    pytester.makeconftest(f"import sys\nsys.path.insert(0, {str(ROOT / 'tests' / 'support')!r})\n")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--cosim=verilator")
    result.assert_outcomes(passed=2)

"""pytest plugin: build HLS projects in tests, and skip what this machine cannot simulate, with the reason.

Loaded by its ``pytest11`` entry point wherever hlsq is installed, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hlsq import toolchain
from hlsq.errors import ToolNotFoundError

if TYPE_CHECKING:
    import hlsq

_MARKERS = (
    "csim: runs a C simulation; skipped where no C++ compiler is found",
    "rtl: simulates SystemVerilog; skipped where Verilator, make or a C++ compiler is not found",
    "cosim: runs Vitis HLS; skipped without --cosim, or where Vitis HLS is not found",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--cosim``."""
    group = parser.getgroup("hlsq")
    group.addoption("--cosim", action="store_true", help="run tests marked cosim, which need Vitis HLS")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, so that ``--strict-markers`` knows them."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose simulator is missing, before its fixtures build anything."""
    if item.get_closest_marker("csim"):
        _skip_without(toolchain.find_cxx)
    if item.get_closest_marker("rtl"):
        for find in (toolchain.find_verilator, toolchain.find_make, toolchain.find_cxx):
            _skip_without(find)
    if item.get_closest_marker("cosim"):
        if not item.config.getoption("--cosim"):
            pytest.skip("co-simulation runs only with --cosim")
        _skip_without(toolchain.find_vitis)


@pytest.fixture
def hls_project(tmp_path: Path) -> Callable[..., hlsq.HardwareModel]:
    """Factory of projects: takes what ``hlsq.convert`` takes, writes to a new folder in ``tmp_path``.

    All of its options, such as ``architecture="folded", pipeline=4``, work here alike.

    Example::

        @pytest.mark.csim
        def test_my_network(hls_project):
            hw = hls_project(model, calibration=x_train[:500])
            hw.verify(x_test[:100])
    """
    projects = 0

    def build(model: Any, plan: Any = None, **options: Any) -> hlsq.HardwareModel:
        import hlsq

        nonlocal projects
        projects += 1
        return hlsq.convert(model, plan, **{"output_dir": tmp_path / f"project{projects}", **options})

    return build


def _skip_without(find: Callable[[], object]) -> None:
    try:
        find()
    except ToolNotFoundError as error:
        pytest.skip(str(error))

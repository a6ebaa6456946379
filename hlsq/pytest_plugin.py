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
    "cosim(simulator): runs a co-simulation; skipped without --cosim, where its simulator is not found, and where the "
    "mark names another one, 'verilator' or 'vitis'",
)
_SIMULATORS: dict[str, tuple[Callable[[], object], ...]] = {
    "verilator": (toolchain.find_verilator, toolchain.find_make, toolchain.find_cxx),
    "vitis": (toolchain.find_vitis,),
}
"""What each needs."""
_RTL_OPTIONS = {"language": "systemverilog", "architecture": "folded"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--cosim``."""
    parser.getgroup("hlsq").addoption(
        "--cosim",
        nargs="?",
        const="vitis",
        type=_simulator,
        metavar="SIMULATOR",
        help="run tests marked cosim: with Vitis HLS (--cosim or --cosim=vitis), or SystemVerilog with Verilator "
        "(--cosim=verilator)",
    )


def _simulator(name: str) -> str:
    if name not in _SIMULATORS:
        allowed = " or ".join(f"--cosim={simulator}" for simulator in _SIMULATORS)
        raise pytest.UsageError(
            f"--cosim {name}: no simulator of that name; give {allowed}, and paths in front of --cosim"
        )
    return name


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
        for find in _SIMULATORS["verilator"]:
            _skip_without(find)
    if marker := item.get_closest_marker("cosim"):
        chosen = item.config.getoption("--cosim")
        wanted = next(iter(marker.args), chosen)
        if wanted is not None and wanted not in _SIMULATORS:
            raise pytest.UsageError(
                f"{item.nodeid}: mark cosim({wanted!r}) names no simulator; give {' or '.join(map(repr, _SIMULATORS))}"
            )
        if chosen is None or wanted != chosen:
            pytest.skip("co-simulation runs only with --cosim" + ("" if wanted is None else f"={wanted}"))
        for find in _SIMULATORS[chosen]:
            _skip_without(find)


@pytest.fixture
def hls_project(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., hlsq.HardwareModel]:
    """Factory of projects: takes what ``hlsq.convert`` takes, writes to a new folder in ``tmp_path``.

    All of its options, such as ``architecture="folded", pipeline=4``, work here alike; ``language="systemverilog"``
    needs no architecture beside it, since there is one alone. In a test marked ``cosim`` that is the language where
    ``--cosim=verilator`` is given, unless the test says another.

    Example::

        @pytest.mark.csim
        def test_my_network(hls_project):
            hw = hls_project(model, calibration=x_train[:500])
            hw.verify(x_test[:100])
    """
    projects = 0
    by_verilator = request.node.get_closest_marker("cosim") and request.config.getoption("--cosim") == "verilator"

    def build(model: Any, plan: Any = None, **options: Any) -> hlsq.HardwareModel:
        import hlsq

        nonlocal projects
        projects += 1
        language = options.get("language", _RTL_OPTIONS["language"] if by_verilator else None)
        defaults = _RTL_OPTIONS if language == _RTL_OPTIONS["language"] else {}
        return hlsq.convert(model, plan, **{"output_dir": tmp_path / f"project{projects}", **defaults, **options})

    return build


def _skip_without(find: Callable[[], object]) -> None:
    try:
        find()
    except ToolNotFoundError as error:
        pytest.skip(str(error))

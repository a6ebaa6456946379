"""Python formats against the generated C++ types: every code of small widths, one compiled program."""

import importlib.util
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo, Rounding, pack, unpack

SOURCE = Path(__file__).with_name("raw_integers.cpp")
WIDTHS = range(1, 7)

# In steps of each format: a fine grid over and beyond every range, ties, and values just beside the ties.
_FINE = np.arange(-8 * 70, 8 * 70 + 1) / 8
_TIES = np.arange(-70, 70) + 0.5
GRID = np.concatenate([_FINE, np.nextafter(_TIES, np.inf), np.nextafter(_TIES, -np.inf), [1e6, -1e6]])


def fixed_formats() -> Iterator[FixedPoint]:
    for width, signed, symmetric, rounding in itertools.product(WIDTHS, (True, False), (False, True), Rounding):
        if symmetric and not signed and width != 4:
            continue
        for frac in sorted({-2, 0, 3, width, width + 2}):
            fmt = FixedPoint(width, frac, signed, symmetric, rounding)
            if not fmt.is_sign:
                yield fmt


FIXED = list(fixed_formats())
INTEGER: list[Format] = [
    *(FixedPoint(1, frac) for frac in (-1, 0, 4)),
    *(FixedPoint(w, (1, 2, 3), signed) for w in (2, 5) for signed in (True, False)),
    *(Affine(w, 0.3, 0, signed) for w in WIDTHS for signed in (True, False)),
    *(PowerOfTwo(bits, top, 0.7, signed) for bits, top in ((2, 0), (3, 2), (5, 7)) for signed in (True, False)),
]
CUT = [FixedPoint(w, 0, signed) for w in WIDTHS if w > 1 for signed in (True, False)] + [FixedPoint(1, 0, False)]
SHIFT = PowerOfTwo()


def words_of(fmt: Format) -> NDArray[np.uint64]:
    """Every code of ``fmt`` packed into 16-bit words, in full words."""
    per_word = 16 // fmt.bits
    codes = np.arange(2**fmt.bits)
    return pack(np.resize(codes, -(-len(codes) // per_word) * per_word), fmt.bits, 16)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[NDArray[np.int64]]:
    """One row of integers for each case, in the order of the lists above."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not installed")
    spec = importlib.util.find_spec("hls4ml")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    headers = Path(spec.submodule_search_locations[0]) / "templates" / "vivado" / "ap_types"
    folder = tmp_path_factory.mktemp("cpp_types")
    GRID.astype(np.float64).tofile(folder / "grid.bin")
    lines = [f"convert<{f.cpp_type()}>({f.frac});" for f in FIXED]
    lines += [f"hold<{f.cpp_type()}>({f.qmin}, {f.qmax});" for f in INTEGER]
    for fmt in CUT:
        words = ", ".join(map(str, words_of(fmt)))
        lines.append(f"cut<ap_{'' if fmt.signed else 'u'}int<{fmt.width}>>({{{words}}});")
    lines.append(f"shift({{{', '.join(map(str, words_of(SHIFT)))}}});")
    (folder / "cases.inc").write_text("\n".join(lines) + "\n")
    flags = ["-O0", "-w", "-std=c++14", f"-I{headers}", f"-I{folder}"]
    subprocess.run([compiler, *flags, str(SOURCE), "-o", str(folder / "program")], check=True)
    run = subprocess.run([folder / "program", folder / "grid.bin"], check=True, capture_output=True, text=True)
    return [np.array(line.split(), dtype=np.int64) for line in run.stdout.splitlines()]


def codes_on_grid(fmt: FixedPoint) -> NDArray[np.int64]:
    return fmt.encode(fmt.quantize(GRID * fmt.step)).astype(np.int64)


@pytest.mark.slow(6)
def test_fixed_point_converts_as_ap_fixed(printed: list[NDArray[np.int64]]) -> None:
    wrong = [str(f) for f, row in zip(FIXED, printed, strict=False) if not np.array_equal(codes_on_grid(f), row)]
    assert not wrong


@pytest.mark.slow(6)
def test_the_grid_reaches_every_code(printed: list[NDArray[np.int64]]) -> None:
    for fmt, row in zip(FIXED, printed, strict=False):
        assert len(set(row.tolist())) == fmt.qmax - fmt.qmin + 1, fmt


@pytest.mark.slow(6)
def test_another_rounding_or_saturation_is_noticed(printed: list[NDArray[np.int64]]) -> None:
    """The comparison must be able to fail: each format differs from the C++ type of a slightly different one."""
    rows = dict(zip(FIXED, printed, strict=False))
    half_up = FixedPoint(4, 3, rounding=Rounding.HALF_UP)
    half_even = FixedPoint(4, 3)
    symmetric = FixedPoint(4, 3, symmetric=True)
    assert not np.array_equal(codes_on_grid(half_up), rows[half_even])
    assert not np.array_equal(codes_on_grid(half_even), rows[half_up])
    assert not np.array_equal(codes_on_grid(half_even), rows[symmetric])


@pytest.mark.slow(6)
def test_integer_types_hold_every_integer(printed: list[NDArray[np.int64]]) -> None:
    for fmt, row in zip(INTEGER, printed[len(FIXED) :], strict=False):
        assert row.tolist() == list(range(fmt.qmin, fmt.qmax + 1)), (fmt, fmt.cpp_type())


@pytest.mark.slow(6)
def test_codes_cut_out_of_words(printed: list[NDArray[np.int64]]) -> None:
    for fmt, row in zip([*CUT, SHIFT], printed[len(FIXED) + len(INTEGER) :], strict=True):
        codes = unpack(words_of(fmt), len(row), fmt.bits, 16)
        assert fmt.decode(codes).tolist() == row.tolist(), fmt

"""The vectors stored with a project: what verify compares them with, and what is wrong with damaged ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from networks import NetworkBuilder

import hlsq
from hlsq.cli import main
from hlsq.errors import InputError, VerificationError
from hlsq.formats import Affine, FixedPoint, PowerOfTwo
from hlsq.graph.ops import Dense
from hlsq.plan import BlockPlan

FILES = ("u_q", "j_q", "k_q", "a_q_out", "b_q_out")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> hlsq.HardwareModel:
    """Three inputs (any integers, powers of two, signs) and two outputs."""
    b = NetworkBuilder(np.random.default_rng(1))
    b.input("u", (4,), Affine(8, 0.03, 5))
    b.input("j", (6,), PowerOfTwo(4, 5, 0.1))
    b.input("k", (2,), FixedPoint(1, 0))
    plan = BlockPlan(weight=Affine(8, 0.01, symmetric=True), output=Affine(8, 0.05))
    b.add("a", Dense(), ["u"], kernel=b.kernel(4, 3), plan=plan)
    b.add("b", Dense(), ["j"], kernel=b.kernel(6, 2), plan=plan)
    return hlsq.convert(*b.build(["a", "b"]), output_dir=tmp_path_factory.mktemp("vectors") / "net")


@pytest.fixture
def hw(shared: hlsq.HardwareModel) -> hlsq.HardwareModel:
    """With fresh vectors of five samples."""
    rng = np.random.default_rng(2)
    shared.write_vectors({item.name: rng.normal(size=(5, *item.shape)) for item in shared.graph.inputs})
    for library in shared.output_dir.glob("firmware/*.so"):
        library.unlink()
    assert sorted(p.stem for p in (shared.output_dir / "tb_data").iterdir()) == sorted(FILES)
    return shared


def change(hw: hlsq.HardwareModel, name: str, edit: Callable[[list[str]], list[str]]) -> None:
    path = hw.output_dir / "tb_data" / f"{name}.dat"
    path.write_text("".join(f"{line}\n" for line in edit(path.read_text().splitlines())))


def line(number: int, edit: Callable[[list[str]], list[str]]) -> Callable[[list[str]], list[str]]:
    """Edits the words of one line."""
    return lambda lines: [" ".join(edit(x.split())) if n == number else x for n, x in enumerate(lines, 1)]


DAMAGES: dict[str, tuple[str, Callable[[list[str]], list[str]], str]] = {
    "empty": ("u_q", lambda _: [], r"u_q\.dat' hold no samples"),
    "empty outputs": ("b_q_out", lambda _: [], r"b_q_out\.dat' hold no samples"),
    "fewer columns": (
        "u_q",
        lambda x: [" ".join(r.split()[1:]) for r in x],
        r"u_q\.dat', line 1: 3 values; expected 4",
    ),
    "ragged": ("j_q", line(3, lambda w: w[:-1]), r"j_q\.dat', line 3: 5 values; expected 6"),
    "too many": ("a_q_out", line(2, lambda w: [*w, "1"]), r"a_q_out\.dat', line 2: 4 values; expected 3"),
    "blank line": ("u_q", lambda x: [*x[:2], "", *x[2:]], r"u_q\.dat', line 3: 0 values"),
    "a real": ("u_q", line(4, lambda w: ["1.5", *w[1:]]), r"u_q\.dat', line 4: '1\.5' is no integer"),
    "a word": ("u_q", line(5, lambda w: [*w[:-1], "nan"]), r"u_q\.dat', line 5: 'nan' is no integer"),
    "a sign": ("b_q_out", line(1, lambda w: ["5-", *w[1:]]), r"b_q_out\.dat', line 1: '5-' is no integer"),
    "underscore": ("u_q", line(1, lambda w: ["1_0", *w[1:]]), r"line 1: '1_0' is no integer"),
    "out of range": ("u_q", line(2, lambda w: ["128", *w[1:]]), r"u_q\.dat', line 2: 128 is outside .* -128 to 127"),
    "beyond 64 bits": (
        "u_q",
        line(2, lambda w: [str(2**64), *w[1:]]),
        r"u_q\.dat', line 2: 18446744073709551616 is outs",
    ),
    "no power": ("j_q", line(1, lambda w: ["3", *w[1:]]), r"j_q\.dat', line 1: 3 is outside .*certain integers"),
    "no sign": ("k_q", line(5, lambda w: ["0", *w[1:]]), r"k_q\.dat', line 5: 0 is outside"),
    "fewer samples": ("j_q", lambda x: x[:-1], r"numbers of samples differ: u_q\.dat has 5, j_q\.dat has 4"),
    "more outputs": ("a_q_out", lambda x: [*x, x[0]], r"numbers of samples differ: .*a_q_out\.dat has 6"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_vectors_are_named_before_anything_is_compiled(hw: hlsq.HardwareModel, kind: str) -> None:
    name, edit, message = DAMAGES[kind]
    change(hw, name, edit)
    for look in (hw.verify, hw.stored_inputs):
        with pytest.raises(InputError, match=message):
            look()
    found = CliRunner().invoke(main, ["verify", str(hw.output_dir)])
    assert found.exit_code == 1
    assert re.search(message, found.output)
    assert "mismatches" not in found.output
    assert not list(hw.output_dir.glob("firmware/*.so"))


@pytest.mark.parametrize("name", FILES)
def test_missing_and_unreadable_files_are_named(hw: hlsq.HardwareModel, name: str) -> None:
    path: Path = hw.output_dir / "tb_data" / f"{name}.dat"
    text = path.read_bytes()
    path.write_bytes(b"\xff" + text)
    with pytest.raises(InputError, match=rf"{name}\.dat' cannot be read"):
        hw.verify()
    path.unlink()
    with pytest.raises(InputError, match=rf"{name}\.dat' is missing; .*give samples"):
        hw.verify()
    path.mkdir()
    with pytest.raises(InputError, match=rf"{name}\.dat' cannot be read"):
        hw.verify()
    path.rmdir()


@pytest.mark.csim
@pytest.mark.slow(3)
def test_stored_expectations_are_compared_as_the_test_bench_does(hw: hlsq.HardwareModel) -> None:
    found = hw.verify()
    assert (found.samples, found.tensors) == (5, 5)
    assert found.integers == 5 * (4 + 6 + 2 + 3 + 2)
    expected = int(hw.emulate(hw.stored_inputs(), trace=True)["b"][3, 1])
    changed = expected - 1 if expected > 0 else expected + 1
    change(hw, "b_q_out", line(4, lambda w: [w[0], str(changed)]))
    with pytest.raises(VerificationError, match=r"block 'b'.*stored vectors \(.*b_q_out\.dat, line 4\)") as caught:
        hw.verify()
    assert caught.value.index == (3, 1)
    assert (caught.value.expected, caught.value.actual) == (expected, changed)
    assert CliRunner().invoke(main, ["verify", str(hw.output_dir)]).exit_code == 1
    inputs = {item.name: np.zeros((2, *item.shape)) for item in hw.graph.inputs}
    assert hw.verify(inputs).samples == 2, "given samples have nothing stored to go with them"


def test_no_samples_are_an_error(hw: hlsq.HardwareModel) -> None:
    with pytest.raises(InputError, match="no samples"):
        hw.verify({item.name: np.zeros((0, *item.shape)) for item in hw.graph.inputs})

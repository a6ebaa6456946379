"""``hlsq demo``, in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hlsq.cli import main
from hlsq.counted import in_percent
from hlsq.demo import DemoResult, run_demo
from hlsq.errors import ToolNotFoundError


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, train_once: Callable[..., Any]) -> Iterator[DemoResult]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HLSQ_CXXFLAGS")
        patch.setattr("hlsq.demo.train", train_once)
        yield run_demo(tmp_path_factory.mktemp("demo") / "project")


@pytest.mark.csim
@pytest.mark.slow(20)
def test_demo_is_exact_and_loses_little_accuracy(demo: DemoResult) -> None:
    assert demo.images == 360
    assert demo.mismatches == 0
    assert demo.integers > 360 * 1000
    assert demo.float_accuracy > 0.97
    assert demo.quantised_accuracy > demo.float_accuracy - 0.06


@pytest.mark.csim
@pytest.mark.slow(20)
def test_demo_saves_memory_and_multipliers(demo: DemoResult) -> None:
    assert demo.code_bits < demo.word_bits < 0.2 * demo.float_bits
    convolutions = [block for block in demo.blocks if block.operation == "conv2d"]
    assert len(convolutions) == 6
    assert {block.pe_kind for block in convolutions} == {"shift"}
    assert all(block.pes > 0 for block in convolutions)


@pytest.mark.csim
@pytest.mark.slow(20)
def test_demo_shows_what_it_found_and_leaves_a_project(demo: DemoResult) -> None:
    text = "\n".join(demo.lines())
    for part in (in_percent(demo.float_accuracy, 2), in_percent(demo.quantised_accuracy, 2), str(demo.project)):
        assert part in text
    for block in demo.blocks:
        assert any(line.startswith(block.name) and str(block.pes or "-") in line.split() for line in demo.lines())
    result = CliRunner().invoke(main, ["verify", str(demo.project)])
    assert result.exit_code == 0, result.output
    assert "0 mismatches" in result.output


def test_demo_without_compiler_stops_before_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HLSQ_CXX", "/no/such/compiler")
    with pytest.raises(ToolNotFoundError):
        run_demo(tmp_path / "project")


@pytest.mark.csim
def test_demo_refuses_a_folder_of_somebody_else_before_training(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    result = CliRunner().invoke(main, ["demo", "--output", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert (tmp_path / "thesis.tex").read_text() == "precious"

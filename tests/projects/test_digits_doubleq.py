"""projects/digits_doubleq."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import hlsq

RUN = "digits_doubleq/run.py"


@pytest.mark.csim
@pytest.mark.slow
def test_four_ways_are_exact_and_leave_projects(call: Callable[..., Result], tmp_path: Path) -> None:
    result = call(RUN, "--epochs", 25, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split() for line in result.output.splitlines()[2:7]}
    assert list(rows) == ["float", "quant8", "doubleq", "fixed8", "fixed4"]
    for name in ("quant8", "doubleq", "fixed8", "fixed4"):
        assert rows[name][-3:] == ["360", "2,250,000", "0"]
        assert hlsq.load_project(tmp_path / name).stored_inputs()["image"].shape == (10, 8, 8, 1)
    assert hlsq.load_project(tmp_path / "doubleq").verify().mismatches == 0
    accuracy = {name: float(row[1]) for name, row in rows.items()}
    assert accuracy["float"] > 90
    assert accuracy["quant8"] > accuracy["float"] - 2
    for name, bytes_ in (("float", "77,632"), ("quant8", "19,408"), ("doubleq", "12,250"), ("fixed4", "9,704")):
        assert rows[name][3] == bytes_
    assert "1193 shift" in result.output
    assert str(tmp_path) in result.output


def test_a_folder_of_somebody_else_is_left_alone_before_training(call: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "fixed4").mkdir()
    (tmp_path / "fixed4" / "thesis.tex").write_text("precious")
    result = call(RUN, "--output", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: output_dir")
    assert [p.name for p in tmp_path.iterdir()] == ["fixed4"]

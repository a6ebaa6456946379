"""``hlsq explore``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import hlsq
from hlsq.cli import main
from hlsq.data import digits


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras

    folder = tmp_path_factory.mktemp("explore")
    (x, y), _ = digits()
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input(x.shape[1:]), keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    model.save(folder / "model.keras")
    np.savez(folder / "xy.npz", x=x[:60], y=y[:60])
    hlsq.quantize(model, "quant8", x[:60]).save(folder / "plan.json")
    return folder


def run(files: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["explore", str(files / "model.keras"), *arguments])


def test_explore(files: Path, tmp_path: Path) -> None:
    samples = ("--calibration", str(files / "xy.npz"), "--evaluation", str(files / "xy.npz"))
    chosen = ("--scheme", "doubleq_ef,code_bits=3", "--scheme", "doubleq", "--plan", str(files / "plan.json"))
    wanted = ("--target", "interval=1000", "--target", "fps=100000", "--part", "xc7a35t", "--clock-period", "4")
    result = run(files, *samples, *chosen, *wanted, "--limit", "40", "-o", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert f"\npage   {tmp_path / 'out' / 'exploration.html'}\n" in result.output
    assert result.output.endswith(f"\nplans  {tmp_path / 'out' / 'plans'}, for hlsq convert --plan\n")
    data = json.loads((tmp_path / "out" / "exploration.json").read_text())
    names = ["doubleq_ef (code_bits=3)", "doubleq", "plan"]
    assert [(r["plan"], r["target"]) for r in data["rows"]] == [
        (name, target) for name in names for target in ("interval=1000", "fps=100000")
    ]
    assert (data["clock_period"], data["samples"], {r["part"] for r in data["rows"]}) == (4.0, 60, {"xc7a35t"})
    for row in data["rows"]:
        assert row["plan"] in result.output
        assert f"{100 * row['accuracy']:.2f} %" in result.output
    again = run(files, *samples, *chosen, *wanted, "--limit", "40", "-o", str(tmp_path / "out"), "--json")
    assert json.loads(again.output) == data


def test_options_of_the_hardware_are_those_of_all_designs(files: Path, tmp_path: Path) -> None:
    given = ("--rom-storage", "bram", "--line-storage", "bram", "--multipliers", "dsp", "--word-bits", "32")
    result = run(
        files, "--plan", str(files / "plan.json"), "--target", "reuse=1", *given, "-o", str(tmp_path), "--json"
    )
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.output)["rows"]
    plain, wanted = (
        hlsq.explore(str(files / "model.keras"), [files / "plan.json"], ["reuse=1"], **options).rows[0]
        for options in (
            {},
            {"rom_storage": "bram", "line_storage": "bram", "multipliers": "dsp", "word_bits": 32},
        )
    )
    assert row == asdict(wanted)
    assert (row["dsp"], row["bram18"], row["lut"]) > (plain.dsp, plain.bram18, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--scheme", "quant9"], 2, "scheme: 'quant9' is unknown"),
        (["--scheme", "quant8,bits"], 2, "--scheme 'bits': expected NAME=VALUE"),
        (["--scheme", "quant8,code=3"], 2, "'code' is unknown"),
        (["--target", "fast"], 2, "targets: 'fast' is no target"),
        (["--part", "xc7"], 2, "nearest known"),
        (["--limit", "3"], 2, "--limit chooses among samples"),
        (["--evaluation-limit", "3"], 2, "--evaluation-limit chooses among samples"),
        (["--accumulator", "1"], 2, "accumulator 1 must be"),
        ([], 2, "give samples of the training data, as in --calibration SAMPLES"),
    ],
)
def test_wrong_usage(files: Path, tmp_path: Path, arguments: list[str], code: int, told: str) -> None:
    result = run(files, *arguments, "-o", str(tmp_path / "out"))
    assert result.exit_code == code, result.output
    assert told in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()


def test_a_folder_of_others(files: Path) -> None:
    result = run(files, "--calibration", "digits", "-o", str(files))
    assert result.exit_code == 1
    assert "holds files that hlsq explore did not write" in result.output

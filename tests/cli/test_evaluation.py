"""Labelled samples on the command line: ``--evaluation`` of ``quantize`` and ``convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import hlsq
from hlsq.cli import main
from hlsq.data import digits

SEARCH = ("--scheme", "doubleq_ext", "--option", "mrt=1", "--option", "max_layers=1")


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network for the digits, calibration samples, and labelled samples in several forms."""
    import keras

    found = tmp_path_factory.mktemp("evaluation")
    keras.utils.set_random_seed(1)
    (_, _), (x, y) = digits()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Conv2D(4, 3, activation="relu", name="conv1"),
            layers.Conv2D(4, 3, activation="relu", name="conv2"),
            layers.Flatten(name="flat"),
            layers.Dense(10, name="fc"),
        ]
    )
    model.save(found / "model.keras")
    x, y = x[:60], y[:60]
    np.save(found / "x.npy", x)
    np.savez(found / "xy.npz", x=x, y=y)
    np.savez(found / "images.npz", images=x, y=y)
    np.savez(found / "unlabelled.npz", x=x)
    np.savez(found / "short.npz", x=x, y=y[:9])
    np.savez(found / "classes.npz", x=x, y=y + 10)
    np.savez(found / "onlylabels.npz", y=y)
    return found


def quantize(folder: Path, output: Path, *more: Any) -> Result:
    return run("quantize", folder / "model.keras", *SEARCH, "--calibration", folder / "x.npy", "-o", output, *more)


@pytest.mark.parametrize(
    ("arguments", "samples"),
    [
        (["xy.npz"], 60),
        (["images.npz"], 60),
        (["xy.npz", "--evaluation-limit", 40], 40),
        (["digits", "--evaluation-limit", 50], 50),
    ],
    ids=str,
)
def test_a_search_on_samples_of_a_file(folder: Path, tmp_path: Path, arguments: list[Any], samples: int) -> None:
    source, *rest = arguments
    path = folder / source if source.endswith(".npz") else source
    result = quantize(folder, tmp_path / "plan.json", "--evaluation", path, *rest)
    assert result.exit_code == 0, result.output
    plan = hlsq.Plan.load(tmp_path / "plan.json")
    (_, _), (x, y) = digits()
    expected = hlsq.quantize(
        f"{folder}/model.keras",
        "doubleq_ext",
        x[:60],
        evaluation=(x[:samples], y[:samples]),
        mrt=1,
        max_layers=1,
    )
    assert plan.info["evaluation"] == {"samples": samples, "metric": "accuracy"}
    assert plan.info["search"]["fingerprint"] == expected.info["search"]["fingerprint"]
    assert dict(plan.blocks) == dict(expected.blocks)


def test_convert_takes_it_too(folder: Path, tmp_path: Path) -> None:
    arguments = ("convert", folder / "model.keras", *SEARCH, "--calibration", folder / "x.npy", "-o", tmp_path / "net")
    result = run(*arguments, "--evaluation", folder / "xy.npz")
    assert result.exit_code == 0, result.output
    plan = hlsq.load_project(tmp_path / "net").plan
    assert plan is not None
    assert plan.info["evaluation"]["samples"] == 60


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x.npy", "a single array; expected an .npz archive with labels as 'y'"),
        ("unlabelled.npz", "arrays 'x'; expected an .npz archive with labels as 'y'"),
        ("short.npz", "60 samples, but labels 'y' of shape [9]; expected one label for each sample"),
        ("onlylabels.npz", "expected the samples as 'x'"),
        ("classes.npz", "the network has 10 classes"),
    ],
)
def test_samples_that_cannot_be_used(folder: Path, tmp_path: Path, source: str, message: str) -> None:
    result = quantize(folder, tmp_path / "plan.json", "--evaluation", folder / source)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "plan.json").exists()


def test_a_search_without_samples_says_how_to_name_them(folder: Path, tmp_path: Path) -> None:
    result = quantize(folder, tmp_path / "plan.json")
    assert result.exit_code == 2
    assert "evaluation is missing" in result.stderr
    assert "--evaluation SAMPLES" in result.stderr


def test_a_scheme_that_evaluates_nothing_refuses_them(folder: Path, tmp_path: Path) -> None:
    base = ("quantize", folder / "model.keras", "--scheme", "quant8", "--calibration", folder / "x.npy")
    result = run(*base, "-o", tmp_path / "plan.json", "--evaluation", folder / "xy.npz")
    assert result.exit_code == 2
    assert "'evaluation' is unknown" in result.stderr


@pytest.mark.parametrize("command", ["quantize", "convert"])
def test_a_limit_needs_samples(folder: Path, tmp_path: Path, command: str) -> None:
    base = (command, folder / "model.keras", "-o", tmp_path / "out", "--calibration", folder / "x.npy")
    result = run(*base, "--evaluation-limit", 3)
    assert result.exit_code == 2
    assert "--evaluation-limit chooses among the samples of --evaluation" in result.stderr


def test_a_plan_needs_none(folder: Path, tmp_path: Path) -> None:
    plan = hlsq.quantize(f"{folder}/model.keras", "doubleq", np.load(folder / "x.npy"))
    plan.save(tmp_path / "plan.json")
    base = ("convert", folder / "model.keras", "-o", tmp_path / "net", "--plan", tmp_path / "plan.json")
    result = run(*base, "--evaluation", folder / "xy.npz")
    assert result.exit_code == 2
    assert "leave out --scheme, --option and --evaluation" in result.stderr

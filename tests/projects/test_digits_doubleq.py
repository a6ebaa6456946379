"""projects/digits_doubleq."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

import hlsq
from hlsq import data, demo
from hlsq.converters.keras import from_keras
from hlsq.demo import accuracy
from hlsq.emulate.emulator import Emulator
from hlsq.graph.lowering import quantize_graph
from hlsq.zoo.digits import digits_cnn, train_digits
from hlsq.zoo.reference import keras_outputs

RUN = "digits_doubleq/run.py"


@pytest.mark.csim
@pytest.mark.slow(35)
@pytest.mark.usefixtures("shipped_flags")
def test_five_ways_are_exact_and_leave_projects(
    call: Callable[..., Result], train_once: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "train", train_once)
    result = call(RUN, "--epochs", 30, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split() for line in result.output.splitlines()[2:8]}
    assert list(rows) == ["float", "quant8", "doubleq", "doubleq_ef", "fixed8", "fixed4"]
    for name in list(rows)[1:]:
        assert rows[name][-3:] == ["360", "2,250,000", "0"]
        assert hlsq.load_project(tmp_path / name).stored_inputs()["image"].shape == (10, 8, 8, 1)
    assert hlsq.load_project(tmp_path / "doubleq").verify().mismatches == 0
    accuracy = {name: float(row[1]) for name, row in rows.items()}
    assert accuracy["float"] > 90
    assert accuracy["quant8"] > accuracy["float"] - 2
    for name, bytes_ in (("float", "77,632"), ("quant8", "19,408"), ("doubleq", "12,250"), ("doubleq_ef", "9,704")):
        assert rows[name][3] == bytes_
    assert "1193 shift" in result.output
    assert str(tmp_path) in result.output


@pytest.mark.slow(40)
def test_four_bits_lose_at_most_a_fifth_of_a_point(train_once: Callable[..., Any]) -> None:
    """Three trainings together, as one of the 360 images is more than a fifth of a point already."""
    import keras

    (x, y), (x_test, y_test) = data.digits()
    losses = []
    models = [train_once(30)]
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        models.append(digits_cnn())
        train_digits(models[-1], x, y, epochs=30, seed=seed)
    for model in models:
        graph = from_keras(model)
        real = accuracy(keras_outputs(model, x_test), y_test)
        plans = {name: hlsq.quantize(graph, scheme=name, calibration=x[:500]) for name in ("doubleq_ef", "doubleq")}
        losses.append([real - accuracy(emulate(graph, plan, x_test), y_test) for plan in plans.values()])
    four_bits, plain = np.mean(losses, axis=0)
    assert four_bits <= 0.002 < plain


def emulate(graph: hlsq.Graph, plan: hlsq.Plan, x: Any) -> Any:
    network = quantize_graph(graph, plan)
    return Emulator(network).run(x).outputs[network.outputs[0]]


def test_a_folder_of_somebody_else_is_left_alone_before_training(call: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "fixed4").mkdir()
    (tmp_path / "fixed4" / "thesis.tex").write_text("precious")
    result = call(RUN, "--output", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: --output '")
    assert [p.name for p in tmp_path.iterdir()] == ["fixed4"]

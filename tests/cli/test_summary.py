"""What quantize tells of a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from fxp_plain import refined
from searching import images, predictions, sure_images

import hlsq
from hlsq.cli import main
from hlsq.cli.summary import summary
from hlsq.counted import in_percent
from hlsq.data import digits
from hlsq.plan import Plan
from hlsq.schemes import run_scheme

GRAPH = refined(2, 2)
X = sure_images(GRAPH, 40)
WIDTHS = {"weight_width": 5, "activation_width": 6, "edge_width": 6, "other_width": 6}


def found(scheme: str, **options: Any) -> Plan:
    return run_scheme(scheme, GRAPH, images(24, 2), **options)


def test_fxpqnet_tells_accuracies_and_word_lengths() -> None:
    plan = found("fxpqnet", evaluation=(X, predictions(GRAPH, X)), max_drop=0.1, competition="lazy", **WIDTHS)
    told = dict(summary(plan))
    assert told["evaluation samples"] == "40"
    assert told["accuracy, floating point"] == "100.00 %"
    assert told["accuracy, before the search"] == in_percent(plan.info["start"]["accuracy"], 2)
    assert told["accuracy, found"] == in_percent(plan.info["result"]["accuracy"], 2)
    assert told["bits of weights, on average"] == f"{plan.info['average_bits']['weights']['values']:.2f}"
    assert list(told)[-2:] == ["bits of weights, on average", "bits of others, on average"]


@pytest.mark.slow(2)
def test_a_metric_of_ones_own_is_no_percentage() -> None:
    def closeness(outputs: Any, labels: Any) -> float:
        return -float(np.abs(outputs).mean())

    options = {"metric": closeness, "max_drop": 0.0, "competition": "lazy"}
    plan = found("fxpqnet", evaluation=(X, None), **options, **WIDTHS)
    (value,) = (v for name, v in summary(plan) if name.endswith("closeness, floating point"))
    assert float(value) == pytest.approx(plan.info["float"]["accuracy"], rel=1e-5)


def test_doubleq_ext_tells_both_ends_and_what_it_found() -> None:
    plan = found("doubleq_ext", evaluation=(X, predictions(GRAPH, X)), mrt=1.0, max_layers=1)
    told = dict(summary(plan))
    assert told["accuracy, quant8"] == in_percent(plan.info["quant8"]["accuracy"], 2)
    assert told["accuracy, doubleq"] == in_percent(plan.info["doubleq"]["accuracy"], 2)
    assert told["accuracy, found"] == in_percent(plan.info["rounds"][-1]["accuracy"], 2)


def test_a_scheme_without_a_search_tells_what_it_has() -> None:
    assert summary(found("quant8")) == []
    assert [name for name, _ in summary(found("fxp_uniform", **WIDTHS))] == [
        f"bits of {group}, on average" for group in ("activations", "weights", "others")
    ]


def test_quantize_prints_it(tmp_path: Path) -> None:
    import keras

    (_, _), (x, y) = digits()
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(10)])
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "xy.npz", x=x[:60], y=y[:60])
    arguments = [
        *("quantize", tmp_path / "model.keras", "--scheme", "fxpqnet", "--option", "competition=lazy"),
        *("--calibration", tmp_path / "xy.npz", "--evaluation", tmp_path / "xy.npz", "-o", tmp_path / "plan.json"),
    ]
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    plan = hlsq.Plan.load(tmp_path / "plan.json")
    for name, value in summary(plan):
        assert f"{name:<32} {value}\n" in result.output

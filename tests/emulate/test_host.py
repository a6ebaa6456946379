"""What is left to the host: without ``host`` logits, with it what Keras itself returns."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hlsq
from hlsq.emulate.host import apply_host
from hlsq.errors import GraphError, OptionError
from hlsq.formats import FixedPoint
from hlsq.plan import BlockPlan, Plan

INPUT = FixedPoint(6, 2)
WEIGHT = FixedPoint(6, 3)


def exact(values: np.ndarray, fmt: FixedPoint) -> np.ndarray:
    return fmt.fake_quantize(values).astype(np.float32)


@pytest.fixture(scope="module")
def hardware(tmp_path_factory: pytest.TempPathFactory) -> tuple[hlsq.HardwareModel, Any, Any, np.ndarray]:
    """Hardware of a model whose every value has few bits, the model, one that ends in logits, and samples.

    Three outputs: a softmax over the last axis of a map, a sigmoid, and one without a function.
    """
    import keras

    layers, rng = keras.layers, np.random.default_rng(0)
    x = inputs = keras.Input((4, 3, 2), name="x")
    logits = [layers.Conv2D(5, 2, name="map")(x), layers.Dense(3, name="gates")(layers.Flatten(name="flat")(x))]
    plain = layers.Conv2D(2, 1, name="plain")(x)
    model = keras.Model(
        inputs, [layers.Softmax(name="soft")(logits[0]), layers.Activation("sigmoid")(logits[1]), plain]
    )
    for variable in model.weights:
        variable.assign(exact(rng.normal(size=variable.shape), WEIGHT))
    plans = {name: BlockPlan(weight=WEIGHT) for name in ("map", "gates", "plain")} | {"flat": BlockPlan()}
    hw = hlsq.convert(
        model, Plan("exact", "fold", {"x": INPUT}, plans), output_dir=tmp_path_factory.mktemp("host") / "net"
    )
    return hw, model, keras.Model(inputs, [*logits, plain]), exact(rng.normal(0, 3, (9, 4, 3, 2)), INPUT)


def test_without_host_the_outputs_are_logits(hardware: Any) -> None:
    hw, _, to_logits, x = hardware
    assert dict(hw.graph.host) == {"map": "softmax", "gates": "sigmoid"}
    for actual, expected in zip(hw.emulate(x), to_logits(x), strict=True):
        assert np.array_equal(actual, expected)


@pytest.mark.csim
def test_with_host_they_are_what_keras_returns(hardware: Any) -> None:
    hw, model, _, x = hardware
    emulated, simulated = hw.emulate(x, host=True), hw.predict(x, host=True)
    loaded = hlsq.load_project(hw.output_dir).emulate(x, host=True)
    for actual, expected in zip(emulated, model(x), strict=True):
        assert actual.dtype == np.float32
        # Keras computes the function in float32, so the last bits of its own result are open.
        np.testing.assert_array_max_ulp(actual, np.asarray(expected), maxulp=16)
    assert np.array_equal(emulated[2], np.asarray(model(x)[2]))
    for other in (simulated, loaded):
        assert all(np.array_equal(a, b) for a, b in zip(emulated, other, strict=True))


@pytest.mark.parametrize("options", [{"raw": True}, {"trace": True}, {"raw": True, "trace": True}])
@pytest.mark.parametrize("method", ["emulate", "predict"])
def test_integers_and_host_exclude_each_other(hardware: Any, method: str, options: dict[str, bool]) -> None:
    hw, _, _, x = hardware
    with pytest.raises(OptionError, match=f"host=True .*{next(iter(options))}=True"):
        getattr(hw, method)(x, host=True, **options)


@pytest.mark.parametrize("flag", ["raw", "trace", "host"])
@pytest.mark.parametrize("method", ["emulate", "predict"])
def test_flags_are_true_or_false(hardware: Any, method: str, flag: str) -> None:
    hw, _, _, x = hardware
    with pytest.raises(OptionError, match=f"{flag} is 'x'; allowed: True, False"):
        getattr(hw, method)(x, **{flag: "x"})


def test_the_repr_says_what_is_left(hardware: Any, tmp_path: Path) -> None:
    import keras

    assert "softmax of 'map' and sigmoid of 'gates' left to the host" in repr(hardware[0])
    for activation, said in (("softmax", ", softmax left to the host, in "), (None, "")):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=activation)])
        hw = hlsq.convert(model, scheme="quant8", calibration=np.eye(4), output_dir=tmp_path / "net")
        assert said in repr(hw)
        assert ("host" in repr(hw)) == bool(said)
        assert repr(hlsq.load_project(tmp_path / "net")) == repr(hw)


def test_a_project_with_an_unknown_function(hardware: Any, tmp_path: Path) -> None:
    hw = hlsq.convert(
        hardware[1], scheme="quant8", calibration=hardware[3], output_dir=tmp_path / "net", io_type="io_parallel"
    )
    path = hw.output_dir / "graph.json"
    data = json.loads(path.read_text())
    data["host"]["map"] = "tanh"
    path.write_text(json.dumps(data))
    with pytest.raises(
        GraphError, match=r"graph\.json: host\.map: the function 'tanh' left to the host is unknown; va"
    ):
        hlsq.load_project(hw.output_dir)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0, 1e4, 1e300])
def test_functions_are_stable(scale: float) -> None:
    """Against plain scalars in double precision; far out they reach 0 and 1 without an overflow."""
    x = scale * np.array([[-1.0, 0.0, 0.5, 1.0], [1.0, 1.0, -1.0, -1.0]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        soft, gate = apply_host("o", "softmax", x), apply_host("o", "sigmoid", x)
    for row, values in zip(soft, x.tolist(), strict=True):
        powers = [math.exp(v - max(values)) for v in values]
        np.testing.assert_allclose(row, [p / math.fsum(powers) for p in powers], rtol=1e-14, atol=0)
        assert row.sum() == pytest.approx(1, abs=1e-15)
    for value, v in zip(gate.flat, x.ravel().tolist(), strict=True):
        plain = 1 / (1 + math.exp(-v)) if v >= 0 else (math.exp(v) / (1 + math.exp(v)))
        np.testing.assert_allclose(value, plain, rtol=1e-15, atol=0)

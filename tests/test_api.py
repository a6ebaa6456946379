"""The public functions: what they accept, and what they say to mistakes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import small_network

import hlsq
from hlsq.errors import CalibrationError, HlsqError, OptionError, PlanError


@pytest.fixture
def samples() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(20, 6, 6, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def keras_model() -> Any:
    import keras

    keras.utils.set_random_seed(1)  # what formats clip depends on the weights
    layers = keras.layers
    x = inputs = keras.Input((6, 6, 2), name="image")
    x = layers.Conv2D(3, 3, activation="relu", name="conv")(x)
    return keras.Model(inputs, layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D(name="pool")(x)))


@pytest.fixture(scope="module")
def qkeras_model() -> Any:
    import keras
    import qkeras

    bits = qkeras.quantized_bits(6, 1, alpha=1)
    x = inputs = keras.Input((4,), name="x")
    x = qkeras.QActivation("quantized_bits(8,2,alpha=1)", name="q")(x)
    return keras.Model(inputs, qkeras.QDense(2, kernel_quantizer=bits, bias_quantizer=bits, name="d")(x))


def test_the_whole_way_in_both_forms(keras_model: Any, samples: np.ndarray, tmp_path: Path) -> None:
    plan = hlsq.quantize(keras_model, scheme="quant8", calibration=samples, per_channel=True)
    plan.save(tmp_path / "new" / "folder" / "plan.json")
    once = hlsq.convert(keras_model, plan, output_dir=tmp_path / "a")
    again = hlsq.convert(keras_model, tmp_path / "new" / "folder" / "plan.json", output_dir=str(tmp_path / "b"))
    third = hlsq.convert(keras_model, plan.to_dict(), output_dir=tmp_path / "c")
    direct = hlsq.convert(
        keras_model, scheme="quant8", calibration=samples, per_channel=True, output_dir=tmp_path / "d", reuse_factor=2
    )
    expected = once.emulate(samples, raw=True)
    for other in (again, third, direct):
        assert np.array_equal(other.emulate(samples, raw=True), expected)
    assert np.allclose(once.emulate(samples), keras_model(samples), atol=0.1)
    assert direct.design.options.reuse_factor == 2


def test_a_network_without_a_framework(samples: np.ndarray, tmp_path: Path) -> None:
    graph, _ = small_network()
    hw = hlsq.convert(graph, scheme="doubleq", calibration=samples, output_dir=tmp_path / "net")
    assert hw.emulate(samples).shape == (20, 3)
    assert hw.stored_inputs()["image"].shape == (10, 6, 6, 2)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"scheme": "quant4"}, OptionError, "'quant4' is unknown; valid: doubleq, "),
        (
            {"scheme": "doubleq", "per_chanel": True},
            OptionError,
            "'per_chanel' is unknown; valid: .*clock_period.*per_channel.*reuse",
        ),
        ({"calibration": None}, CalibrationError, "calibration data is missing.*as in calibration=x_train"),
        ({"calibration": np.zeros((0, 6, 6, 2))}, CalibrationError, "no samples"),
        ({"calibration": np.zeros((3, 5, 6, 2))}, CalibrationError, r"'image' has shape \[3, 5, 6, 2\]"),
        ({"calibration": np.full((3, 6, 6, 2), np.nan)}, CalibrationError, "NaN"),
        ({"calibration": "samples.npy"}, CalibrationError, "expected numbers"),
        ({"io_type": "io_magic"}, OptionError, "io_type: 'io_magic' is unknown"),
        ({"input_format": hlsq.FixedPoint(8, 4)}, OptionError, "input_format is for QKeras models"),
    ],
)
def test_mistakes(
    keras_model: Any, samples: np.ndarray, tmp_path: Path, options: dict[str, Any], error: type[HlsqError], message: str
) -> None:
    with pytest.raises(error, match=message):
        hlsq.convert(keras_model, **{"calibration": samples, "output_dir": tmp_path / "net", **options})
    assert not list(tmp_path.iterdir())


def test_a_plan_fixes_the_formats(keras_model: Any, samples: np.ndarray, tmp_path: Path) -> None:
    plan = hlsq.quantize(keras_model, calibration=samples)
    assert (plan.scheme, plan.options["scale"]) == ("doubleq_ef", "power_of_two")
    with pytest.raises(OptionError, match=r"fixed by the plan .*scheme, per_channel cannot apply"):
        hlsq.convert(keras_model, plan, scheme="quant8", per_channel=True, output_dir=tmp_path / "net")
    with pytest.raises(OptionError, match="plan is a int"):
        hlsq.convert(keras_model, 5, output_dir=tmp_path / "net")  # type: ignore[arg-type]
    with pytest.raises(PlanError, match=r"cannot read a plan from .*none\.json"):
        hlsq.convert(keras_model, tmp_path / "none.json", output_dir=tmp_path / "net")
    with pytest.raises(PlanError, match="cannot write the plan"):
        plan.save("/proc/plan.json")


def test_formats_of_single_tensors(keras_model: Any, samples: np.ndarray, tmp_path: Path) -> None:
    """A new width takes a step that fits the weights; the old step would clip most of them, and the plan says so."""
    usual = hlsq.quantize(keras_model, "quant8", samples)
    formats = {"conv.weights": {"width": 4}, "conv.output": {"width": 5}, "image.input": {"width": 7}}
    plan = hlsq.quantize(keras_model, "quant8", samples, formats=formats)
    kernel = keras_model.get_layer("conv").kernel.numpy()
    weight = plan.blocks["conv"].weight
    assert weight == usual.with_format("conv", width=4, values=kernel).blocks["conv"].weight
    assert (weight.bits, plan.blocks["conv"].output.bits, plan.inputs["image"].bits) == (4, 5, 7)  # type: ignore[union-attr]
    assert plan.blocks["logits"] == usual.blocks["logits"]
    fitting = hlsq.convert(keras_model, plan, output_dir=tmp_path / "net", calibration=samples).plan.info
    assert not {"conv.weight", "conv.output", "image.input"} & set(fitting.get("clipped", {}))

    data = usual.to_dict()
    data["blocks"]["conv"]["weight"]["width"] = 4
    data["inputs"]["image"] = {"format": "fixed", "width": 5, "frac": 6}
    hw = hlsq.convert(keras_model, data, output_dir=tmp_path / "net", calibration=samples)
    assert set(hw.plan.info["clipped"]) == {"conv.weight", "image.input"}
    step = usual.blocks["conv"].weight.step  # type: ignore[union-attr]
    found = hw.plan.info["clipped"]["conv.weight"]
    assert found["share"] == np.mean((kernel > 7.5 * step) | (kernel < -7.5 * step))
    assert found["times_worse"] > 4
    assert "conv.weight" in str(hw.report())
    data = usual.to_dict()
    data["blocks"]["conv"]["output"]["width"] = 5
    short = hlsq.convert(keras_model, data, output_dir=tmp_path / "s", calibration=samples)
    assert set(short.plan.info["clipped"]) == {"conv.output"}
    mended = hlsq.convert(
        keras_model, hw.plan.to_dict() | {"blocks": plan.to_dict()["blocks"]}, output_dir=tmp_path / "m"
    )
    assert "clipped" not in mended.plan.info
    with pytest.raises(PlanError, match="the plan has no input or block 'conv1'"):
        hlsq.quantize(keras_model, "quant8", samples, formats={"conv1.weight": {"width": 4}})
    with pytest.raises(OptionError, match="formats: 'conv': 4; expected a tensor and fields"):
        hlsq.quantize(keras_model, "quant8", samples, formats={"conv": 4})  # type: ignore[dict-item]


def test_a_qkeras_model_brings_its_formats(qkeras_model: Any, tmp_path: Path) -> None:
    plan = hlsq.quantize(qkeras_model)
    assert plan.inputs["x"] == hlsq.FixedPoint(8, 5)
    for options, message in (
        ({"scheme": "quant8"}, "cannot apply"),
        ({"per_channel": True}, "cannot apply"),
        ({"reuse_facter": 1}, "'reuse_facter' is unknown; valid:"),
    ):
        with pytest.raises(OptionError, match=message):
            hlsq.quantize(qkeras_model, **options)
        with pytest.raises(OptionError, match=message):
            hlsq.convert(qkeras_model, output_dir=tmp_path / "net", **options)
    hw = hlsq.convert(qkeras_model, output_dir=tmp_path / "net", clock_period=4)
    x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    assert np.allclose(hw.emulate(x), qkeras_model(x), atol=1e-6)


def test_the_package_shows_what_it_has() -> None:
    assert set(hlsq.__all__) <= set(dir(hlsq))
    for name in hlsq.__all__:
        assert getattr(hlsq, name).__module__.startswith("hlsq.")
    with pytest.raises(AttributeError, match="has no attribute 'convort'"):
        _ = hlsq.convort

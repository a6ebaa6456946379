"""Every array that a user hands in: what is no array of numbers gets one error that says what is wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import small_network

import hlsq
from hlsq.calibration import calibrate
from hlsq.errors import CalibrationError, FormatError, HlsqError, InputError, OptionError, PlanError
from hlsq.formats import Affine, FixedPoint, PowerOfTwo

GOOD = np.zeros((3, 6, 6, 2))


class Foreign:
    """An object that cannot become an array, as symbolic tensors cannot."""

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise NotImplementedError("cannot convert a symbolic tensor\nand more")


MASKED = np.ma.masked_array(GOOD, mask=GOOD == 0)
BAD: dict[str, Any] = {
    "ragged": [[1, 2], [3]],
    "ragged in a list": [[[1, 2], [3]]],
    "ragged arrays": [np.zeros((6, 6, 2)), np.zeros((5, 6, 2))],
    "ragged object array": np.array([[1], [2, 3]], dtype=object),
    "by name": {"image": [[1, 2], [3]]},
    "other name": {"picture": GOOD},
    "empty mapping": {},
    "text": "samples.npy",
    "array of text": np.full(GOOD.shape, "x"),
    "bytes": b"abc",
    "objects": np.full(GOOD.shape, None),
    "numbers as objects": GOOD.astype(object),
    "complex": GOOD + 1j,
    "dates": np.full(GOOD.shape, np.datetime64("2020-01-01")),
    "records": np.zeros(GOOD.shape, dtype=[("a", float)]),
    "set": {1, 2},
    "generator": (row for row in GOOD),
    "number": 3,
    "object": object(),
    "foreign": Foreign(),
    "masked": MASKED,
    "too many": [GOOD, GOOD],
    "nothing": [],
    "infinite": np.full(GOOD.shape, np.inf),
}


@pytest.fixture(scope="module")
def hardware(tmp_path_factory: pytest.TempPathFactory) -> hlsq.HardwareModel:
    graph, plan = small_network()
    return hlsq.convert(graph, plan, output_dir=tmp_path_factory.mktemp("arrays") / "net")


def graph() -> hlsq.Graph:
    return small_network()[0]


def searched(data: Any) -> None:
    hlsq.quantize(graph(), "doubleq_ext", calibration=GOOD, evaluation=(data, np.zeros(3, int)))


TAKERS: dict[str, tuple[type[HlsqError], Callable[[hlsq.HardwareModel, Any], Any]]] = {
    "quantize": (CalibrationError, lambda hw, x: hlsq.quantize(graph(), "quant8", calibration=x)),
    "quantize fxp": (CalibrationError, lambda hw, x: hlsq.quantize(graph(), "fxp_uniform", calibration=x)),
    "quantize ef": (CalibrationError, lambda hw, x: hlsq.quantize(graph(), "doubleq_ef", calibration=x)),
    "convert": (
        CalibrationError,
        lambda hw, x: hlsq.convert(*small_network(), calibration=x, output_dir=hw.output_dir.parent / "other"),
    ),
    "calibrate": (CalibrationError, lambda hw, x: calibrate(graph(), x)),
    "evaluation": (InputError, lambda hw, x: searched(x)),
    "emulate": (InputError, lambda hw, x: hw.emulate(x)),
    "predict": (InputError, lambda hw, x: hw.predict(x)),
    "verify": (InputError, lambda hw, x: hw.verify(x)),
    "write_vectors": (InputError, lambda hw, x: hw.write_vectors(x)),
}


@pytest.mark.csim
@pytest.mark.parametrize("taker", TAKERS)
def test_samples_that_are_none(taker: str, hardware: hlsq.HardwareModel) -> None:
    error, take = TAKERS[taker]
    for name, data in BAD.items():
        with pytest.raises(error, match=r"image|inputs|picture") as caught:
            take(hardware, data)
        assert str(caught.value).count("\n") == 0, name
    assert not (hardware.output_dir.parent / "other").exists()


@pytest.mark.parametrize("taker", ["emulate", "predict", "write_vectors"])
def test_none_is_no_samples(taker: str, hardware: hlsq.HardwareModel) -> None:
    with pytest.raises(InputError, match="input 'image' has values of type object; expected numbers"):
        TAKERS[taker][1](hardware, None)


def test_messages_say_what_is_wanted(hardware: hlsq.HardwareModel) -> None:
    wanted = r"input 'image' takes numbers \[samples, 6, 6, 2\]"
    with pytest.raises(InputError, match=rf"{wanted}; a list was given that is no array: .*inhomogeneous"):
        hardware.emulate(BAD["ragged"])
    with pytest.raises(InputError, match=rf"{wanted}; a Foreign was given .*: cannot convert a symbolic tensor$"):
        hardware.emulate(Foreign())
    with pytest.raises(InputError, match=rf"{wanted}; an array was given of which 216 values are masked"):
        hardware.emulate(MASKED)


@pytest.mark.parametrize("data", [GOOD > 0, GOOD.astype(np.float16), GOOD.astype(np.uint8).tolist(), [GOOD], (GOOD,)])
def test_samples_of_every_numeric_kind(data: Any, hardware: hlsq.HardwareModel) -> None:
    assert np.array_equal(hardware.emulate(data), hardware.emulate(GOOD))
    nothing_masked = np.ma.masked_array(GOOD, mask=False)
    assert np.array_equal(hardware.emulate(nothing_masked), hardware.emulate(GOOD))


@pytest.mark.parametrize(
    "labels", [[[1, 2], [3]], None, "abc", [1.5, 1, 1], np.zeros(3, complex), np.array(1), [0, 1], Foreign()]
)
def test_labels_that_are_none(labels: Any) -> None:
    with pytest.raises(InputError, match="labels"):
        hlsq.quantize(graph(), "doubleq_ext", calibration=GOOD, evaluation=(GOOD, labels))


@pytest.mark.parametrize("labels", [[[1, 2], [3]], "abc", [1.5, 1, 1], Foreign(), np.zeros((3, 2), int)])
def test_calibration_labels_that_are_none(labels: Any) -> None:
    with pytest.raises(OptionError, match="calibration_labels"):
        hlsq.quantize(graph(), "fxp_uniform", calibration=GOOD, cost="top1", calibration_labels=labels)


@pytest.mark.parametrize("method", [[1], {}, None, 3])
def test_calibration_methods_that_are_none(method: Any) -> None:
    with pytest.raises(OptionError, match=r"calibration method: .* is unknown; valid: entropy"):
        hlsq.quantize(graph(), "quant8", calibration=GOOD, calibration_method=method)


def test_a_metric_of_ones_own_takes_labels_of_any_kind() -> None:
    for labels in (np.array(1), None, [[1, 2], [3]]):
        options = {"evaluation": (GOOD, labels), "metric": lambda outputs, _: float(outputs.sum())}
        assert hlsq.quantize(graph(), "doubleq_ext", calibration=GOOD + 1, **options).scheme == "doubleq_ext"


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "8", None])
def test_numbers_beside_the_samples(value: Any, hardware: hlsq.HardwareModel) -> None:
    with pytest.raises(OptionError, match=f"batch_size is {value!r}; allowed: a whole number from 1"):
        hardware.emulate(GOOD, batch_size=value)
    if value is not None:
        with pytest.raises(OptionError, match=f"threads is {value!r}; allowed: a whole number from 1"):
            hardware.emulate(GOOD, threads=value)


@pytest.mark.parametrize("fmt", [FixedPoint(8, 4), FixedPoint(1, 0), Affine(8, (0.1, 0.2)), PowerOfTwo()], ids=str)
@pytest.mark.parametrize("method", ["quantize", "dequantize", "fake_quantize", "encode", "decode"])
def test_arrays_of_formats(fmt: hlsq.FixedPoint, method: str) -> None:
    bad = [[[1, 2], [3]], "abc", None, [1j, 1j], {"a": 1}, object(), [None, None], ["a", "b"], {1}, [b"a", b"b"]]
    for values in [*bad, np.full(2, np.datetime64("2020-01-01")), [np.nan, np.nan]]:
        with pytest.raises(FormatError):
            getattr(fmt, method)(values)


@pytest.mark.parametrize("values", [[[1, 2], [3]], "abc", 1j, {"a": 1}, object(), ["a"], [None], 1.5, True])
def test_bias_values_of_a_plan(values: Any) -> None:
    with pytest.raises(PlanError, match=r"bias_values(\[0\])?: expected a (list|finite number), found "):
        hlsq.BlockPlan(bias_values=values)


INPUT_FORMATS: list[Any] = [
    (8, 7), [8, 7], "8,7", 8, {"image": (8, 7)}, {"image": "8,7"}, {"image": None}, {0: FixedPoint(8, 7)},
    pytest.param(object(), id="object"), FixedPoint, {"format": "fixed_point", "width": 8, "frac": 7}, True,
]  # fmt: skip


@pytest.mark.parametrize("given", INPUT_FORMATS, ids=str)
@pytest.mark.parametrize("kind", ["qkeras", "keras"])
def test_input_formats_that_are_none(given: Any, kind: str, tmp_path: Path) -> None:
    import keras
    import qkeras

    bits = qkeras.quantized_bits(6, 1, alpha=1)
    layer = qkeras.QDense(2, kernel_quantizer=bits, bias_quantizer=bits) if kind == "qkeras" else keras.layers.Dense(2)
    model = keras.Sequential([keras.Input((4,), name="image"), layer])
    for call in (hlsq.quantize, lambda m, **options: hlsq.convert(m, output_dir=tmp_path / "net", **options)):
        with pytest.raises(
            OptionError, match=r"allowed: a format, or a mapping.*input_format=hlsq\.FixedPoint"
        ) as caught:
            call(model, input_format=given)
        assert f"input_format is {given!r};" in str(caught.value)
    if kind == "qkeras":
        for right in (FixedPoint(8, 7), {"image": FixedPoint(8, 7)}):
            assert hlsq.quantize(model, input_format=right).inputs == {"image": FixedPoint(8, 7)}

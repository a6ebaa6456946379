"""A quantizer computes exactly the values of its format."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsq.errors import FormatError
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo, Rounding
from hlsq.quantizers import FormatQuantizer, affine, fixed_point, power_of_two

F32 = np.finfo(np.float32)
SPECIAL = [0.0, -0.0, 1.0, -1.0, F32.tiny, -F32.tiny, F32.max, F32.min, 3e38, 1e-30, np.inf, -np.inf]

CASES: list[tuple[FormatQuantizer, Format]] = [
    (fixed_point(8, 4), FixedPoint(8, 4)),
    (fixed_point(8, 4, symmetric=True), FixedPoint(8, 4, symmetric=True)),
    (fixed_point(4, 2, signed=False), FixedPoint(4, 2, signed=False)),
    (fixed_point(6, -3, rounding="half_up"), FixedPoint(6, -3, rounding=Rounding.HALF_UP)),
    (fixed_point(5, 9), FixedPoint(5, 9)),
    (fixed_point(16, 120), FixedPoint(16, 120)),
    (fixed_point(16, -120), FixedPoint(16, -120)),
    (fixed_point(1, 3), FixedPoint(1, 3)),
    (fixed_point(1, 0, signed=False), FixedPoint(1, 0, signed=False)),
    (fixed_point(64, 20), FixedPoint(64, 20)),
    (fixed_point(8, (4, -2, 7)), FixedPoint(8, (4, -2, 7))),
    (fixed_point(1, (0, 1, 2)), FixedPoint(1, (0, 1, 2))),
    (affine(8, 0.1, -5), Affine(8, 0.1, -5)),
    (affine(8, 1 / 3, 128, signed=False), Affine(8, 1 / 3, 128, signed=False)),
    (affine(8, (0.1, 0.01, 3.3), symmetric=True), Affine(8, (0.1, 0.01, 3.3), symmetric=True)),
    (affine(4, 0.7, rounding="half_up"), Affine(4, 0.7, rounding=Rounding.HALF_UP)),
    (power_of_two(), PowerOfTwo()),
    (power_of_two(5, 7, scale=2**-7), PowerOfTwo(5, 7, scale=2**-7)),
    (power_of_two(5, 14, scale=0.013), PowerOfTwo(5, 14, scale=0.013)),
    (power_of_two(7, 61, scale=2**-30), PowerOfTwo(7, 61, scale=2**-30)),
    (power_of_two(4, 6, scale=(0.3, 1.0, 2.0)), PowerOfTwo(4, 6, scale=(0.3, 1.0, 2.0))),
    (power_of_two(4, 10, signed=False, scale=0.25), PowerOfTwo(4, 10, signed=False, scale=0.25)),
    (power_of_two(4, 7, zero_below=0), PowerOfTwo(4, 7, zero_below=0)),
    (power_of_two(3, 7, signed=False, zero_below=0), PowerOfTwo(3, 7, signed=False, zero_below=0)),
    (power_of_two(2, 0, scale=0.5, zero_below=0.66), PowerOfTwo(2, 0, scale=0.5, zero_below=0.66)),
]
IDS = [str(quantizer) for quantizer, _ in CASES]


def equal(quantizer: Callable, fmt: Format, x: np.ndarray) -> None:
    """Values of both for float32 ``x``, repeated for every channel; equal, not close."""
    x = np.where(np.abs(x) < F32.tiny, np.float32(0), x)  # TensorFlow takes subnormal numbers for zero
    if fmt.channels:
        x = np.repeat(x[:, None], fmt.channels, axis=1)
    with np.errstate(over="ignore"):
        expected = fmt.fake_quantize(x).astype(np.float32)
    actual = np.asarray(quantizer(x))
    assert actual.dtype == np.float32
    np.testing.assert_array_equal(actual, expected)


def boundaries(fmt: Format) -> np.ndarray:
    """Where rounding changes and where the format saturates, with both float32 neighbours of each."""
    step = float(fmt.step.flat[0])
    low, high = max(fmt.qmin, -600), min(fmt.qmax, 600)
    integers = np.concatenate([np.arange(low, high + 1), np.exp2(np.arange(-4, 62))]) - fmt.offset
    points = [integers * step, (integers + 0.5) * step, integers * step * np.sqrt(0.5)]
    points += [(fmt.qmax - fmt.offset) * step, (fmt.qmin - fmt.offset) * step]
    x = np.concatenate([np.ravel(p) for p in points])
    x = np.concatenate([x, -x])
    x = np.clip(x, F32.min, F32.max).astype(np.float32)
    with np.errstate(over="ignore"):
        return np.concatenate([x, np.nextafter(x, np.float32(np.inf)), np.nextafter(x, np.float32(-np.inf))])


@pytest.mark.parametrize(("quantizer", "fmt"), CASES, ids=IDS)
def test_edges_and_random_values(quantizer: FormatQuantizer, fmt: Format, rng: np.random.Generator) -> None:
    assert quantizer.format == fmt
    spread = np.exp2(rng.uniform(-150, 127, 2000)) * rng.choice([-1, 1], 2000)
    near = rng.normal(size=5000) * float(fmt.step.max()) * min(float(fmt.qmax), 1e6)
    near = np.clip(near, F32.min, F32.max)
    equal(quantizer, fmt, np.concatenate([SPECIAL, boundaries(fmt), spread, near]).astype(np.float32))


@pytest.mark.parametrize(("quantizer", "fmt"), CASES, ids=IDS)
@given(x=st.lists(st.floats(width=32, allow_nan=False, allow_subnormal=False), min_size=1, max_size=30))
@settings(max_examples=20, deadline=None)
def test_any_float32(quantizer: FormatQuantizer, fmt: Format, x: list[float]) -> None:
    equal(quantizer, fmt, np.asarray(x, dtype=np.float32))


@pytest.mark.parametrize(("quantizer", "fmt"), CASES, ids=IDS)
def test_same_values_in_a_compiled_graph(quantizer: FormatQuantizer, fmt: Format) -> None:
    import tensorflow as tf

    equal(tf.function(quantizer.__call__), fmt, boundaries(fmt))


def test_the_comparison_notices_a_wrong_format() -> None:
    x = boundaries(FixedPoint(8, 4))
    with pytest.raises(AssertionError):
        equal(fixed_point(8, 4, rounding="half_up"), FixedPoint(8, 4), x)
    with pytest.raises(AssertionError):
        equal(fixed_point(8, 4, symmetric=True), FixedPoint(8, 4), x)


@pytest.mark.parametrize(("quantizer", "fmt"), CASES, ids=IDS)
def test_bounds(quantizer: FormatQuantizer, fmt: Format) -> None:
    low, high = fmt.range()
    assert quantizer.max() == high.max()
    assert quantizer.min() == low.min()
    assert quantizer.bits == fmt.bits


def test_gradient_is_one_inside_the_range_and_zero_outside() -> None:
    import tensorflow as tf

    x = tf.constant([-9.0, -8.0, -0.3, 0.0, 0.2, 7.9375, 8.5])
    for quantizer in (fixed_point(8, 4), affine(8, 1 / 16), power_of_two(4, 6, scale=2**-3)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = quantizer(x)
        assert np.asarray(tape.gradient(y, x)).tolist() == [0, 1, 1, 1, 1, 1, 0]


def test_gradient_of_a_relu_like_quantizer() -> None:
    import tensorflow as tf

    x = tf.constant([-1.0, 0.5, 4.5])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = fixed_point(4, 2, signed=False)(x)
    assert np.asarray(tape.gradient(y, x)).tolist() == [0, 1, 0]


def test_wrong_number_of_channels() -> None:
    with pytest.raises(FormatError, match="3 channels but the tensor has shape"):
        fixed_point(8, (1, 2, 3))(np.zeros((2, 4), np.float32))


def test_other_float_types_are_kept() -> None:
    import tensorflow as tf

    assert fixed_point(8, 4)(tf.constant([0.3], tf.float64)).dtype == tf.float64
    assert np.asarray(fixed_point(4, 2)(tf.constant([0.3], tf.float16))).tolist() == [0.25]
    assert np.asarray(fixed_point(4, 2)([1, 7])).tolist() == [1.0, 1.75]

"""What holds for every format, whatever its parameters."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo, Rounding, format_from_dict

CHANNELS = 3

scales = st.floats(1e-6, 1e6)
any_scale = scales | st.tuples(*[scales] * CHANNELS)
fracs = st.integers(-20, 40)
any_frac = fracs | st.tuples(*[fracs] * CHANNELS)


@st.composite
def fixed(draw: st.DrawFn, max_width: int = 64) -> FixedPoint:
    signed = draw(st.booleans())
    width = draw(st.integers(1, max_width - (not signed and max_width == 64)))
    return FixedPoint(width, draw(any_frac), signed, draw(st.booleans()), draw(st.sampled_from(Rounding)))


@st.composite
def affine(draw: st.DrawFn, max_width: int = 32) -> Affine:
    signed, symmetric = draw(st.booleans()), draw(st.booleans())
    width = draw(st.integers(1 + (signed and symmetric), max_width))
    zero_point = draw(st.integers(-(2 ** (width - 1)) + symmetric if signed else 0, 2 ** (width - signed) - 1))
    return Affine(width, draw(any_scale), zero_point, signed, symmetric, draw(st.sampled_from(Rounding)))


@st.composite
def power_of_two(draw: st.DrawFn, max_bits: int = 16) -> PowerOfTwo:
    signed, zero_below = draw(st.booleans()), draw(st.sampled_from([0.5, 0.0, 0.3]))
    code_bits = draw(st.integers(1 + (signed and zero_below > 0), max_bits))
    top = min(2 ** (code_bits - signed) - 1 - (zero_below > 0), 61)
    return PowerOfTwo(code_bits, draw(st.integers(0, top)), draw(any_scale), signed, zero_below)


def formats(max_width: int | None = None) -> st.SearchStrategy[Format]:
    """Any format; ``max_width`` bounds the stored bits."""
    if max_width is None:
        return st.one_of(fixed(), affine(), power_of_two())
    return st.one_of(fixed(max_width), affine(max_width), power_of_two(max_width))


reals = hnp.arrays(np.float64, (4, CHANNELS), elements=st.floats(-1e12, 1e12) | st.sampled_from([np.inf, -np.inf, 0.0]))


@given(formats(), reals)
def test_quantising_twice_changes_nothing(fmt: Format, x: np.ndarray) -> None:
    once = fmt.quantize(x)
    assert np.array_equal(fmt.quantize(fmt.dequantize(once)), once)
    assert np.array_equal(fmt.fake_quantize(fmt.fake_quantize(x)), fmt.fake_quantize(x))


@given(formats(), reals)
def test_integers_stay_in_range(fmt: Format, x: np.ndarray) -> None:
    q = fmt.quantize(x)
    assert q.dtype == np.int64
    assert q.shape == x.shape
    assert q.min() >= fmt.qmin
    assert q.max() <= fmt.qmax
    if fmt.levels is not None:
        assert set(q.ravel().tolist()) <= set(fmt.levels)
    lo, hi = fmt.range()
    assert (fmt.dequantize(q) >= lo).all()
    assert (fmt.dequantize(q) <= hi).all()


@given(formats(), reals)
def test_codes_decode_to_their_integers(fmt: Format, x: np.ndarray) -> None:
    q = fmt.quantize(x)
    codes = fmt.encode(q)
    assert codes.dtype == np.uint64
    assert all(int(c) < 2**fmt.bits for c in codes.ravel())
    assert np.array_equal(fmt.decode(codes), q)


@given(formats(max_width=8))
def test_every_integer_has_its_own_code_and_every_code_an_integer(fmt: Format) -> None:
    integers = np.array(fmt.levels if fmt.levels is not None else range(fmt.qmin, fmt.qmax + 1))
    codes = fmt.encode(integers)
    assert len(set(codes.tolist())) == len(integers) <= 2**fmt.bits
    assert fmt.decode(codes).tolist() == integers.tolist()
    if len(integers) == 2**fmt.bits:
        everything = np.arange(2**fmt.bits)
        assert np.array_equal(fmt.encode(fmt.decode(everything)), everything)


@given(fixed(max_width=40) | power_of_two(), reals)
def test_a_larger_value_never_gets_a_smaller_integer(fmt: Format, x: np.ndarray) -> None:
    order = np.sort(x, axis=0)
    assert (np.diff(fmt.quantize(order), axis=0) >= 0).all()


@given(st.integers(2, 24), st.integers(-10, 20), st.sampled_from(Rounding), st.floats(-1e4, 1e4))
def test_fixed_point_is_nearest(width: int, frac: int, rounding: Rounding, x: float) -> None:
    fmt = FixedPoint(width, frac, rounding=rounding)
    lo, hi = fmt.range()
    inside = min(max(x, float(lo)), float(hi))
    assert abs(float(fmt.fake_quantize(x)) - inside) <= float(fmt.step) / 2


@given(st.integers(1, 30), st.floats(2.0**-0.4, 2.0**29))
def test_power_of_two_is_nearest_in_the_logarithm(top: int, magnitude: float) -> None:
    fmt = PowerOfTwo(code_bits=6, max_exponent=top)
    expected = min(max(round(np.log2(magnitude)), 0), top)
    assert abs(int(fmt.quantize(-magnitude))) == 2**expected


@given(formats())
def test_dict_round_trip_through_json(fmt: Format) -> None:
    again = format_from_dict(json.loads(json.dumps(fmt.to_dict())))
    assert again == fmt
    assert type(again) is type(fmt)
    assert hash(again) == hash(fmt)


@given(formats(), reals)
def test_per_channel_is_each_channel_on_its_own(fmt: Format, x: np.ndarray) -> None:
    if fmt.channels is None:
        return
    data = fmt.to_dict()
    name = "frac" if isinstance(fmt, FixedPoint) else "scale"
    for c in range(CHANNELS):
        alone = format_from_dict({**data, name: data[name][c]})
        assert np.array_equal(alone.quantize(x[:, c]), fmt.quantize(x)[:, c])
        assert np.array_equal(alone.fake_quantize(x[:, c]), fmt.fake_quantize(x)[:, c])

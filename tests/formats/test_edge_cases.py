"""Exact values at the edges, and every error of the formats."""

import warnings
from typing import Any

import numpy as np
import pytest

from hlsq.errors import FormatError
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo, Rounding, format_from_dict


def test_ties() -> None:
    x = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999999999999994, 4503599627370497.0]
    assert Rounding.HALF_EVEN.apply(np.array(x)).tolist() == [-2, -2, 0, 0, 2, 2, 0, 4503599627370497]
    assert Rounding.HALF_UP.apply(np.array(x)).tolist() == [-2, -1, 0, 1, 2, 3, 0, 4503599627370497]


def test_examples_of_he_et_al() -> None:
    """Fig. 1: 1.253 with one sign bit, three integer and four fraction bits is 20, that is 1.25."""
    fmt = FixedPoint(8, 4, rounding=Rounding.HALF_UP)
    assert fmt.quantize(1.253) == 20
    assert fmt.fake_quantize(1.253) == 1.25


def test_examples_of_doubleq() -> None:
    """Table 2: -8, 30, 59 become -2^3, 2^5, 2^6; and eq. 1-3 on a range that is not symmetric."""
    assert PowerOfTwo().quantize([-8, 30, 59, 127, 0, 91, 90]).tolist() == [-8, 32, 64, 128, 0, 128, 64]
    fmt = Affine(8, scale=3.0 / 255, zero_point=-43)
    assert fmt.quantize([-1.0, 0.0, 2.0]).tolist() == [-128, -43, 127]


def test_codes_of_doubleq() -> None:
    """Sign, zero flag, exponent."""
    assert PowerOfTwo().encode([1, 128, -1, -128, 0]).tolist() == [0b00000, 0b00111, 0b10000, 0b10111, 0b01000]
    assert PowerOfTwo(4, 6).encode([1, 64, -1, 0]).tolist() == [0b0001, 0b0111, 0b1001, 0b0000]
    assert PowerOfTwo().decode([0b11000, 0b01101]).tolist() == [0, 0], "a zero's sign and exponent do not matter"


@pytest.mark.parametrize(
    ("fmt", "low", "high"),
    [
        (FixedPoint(64, 0), -(2**63), 2**63 - 1),
        (FixedPoint(64, 0, symmetric=True), -(2**63) + 1, 2**63 - 1),
        (FixedPoint(60, 3, symmetric=True), -(2**59) + 1, 2**59 - 1),
        (FixedPoint(63, 0, signed=False), 0, 2**63 - 1),
        (FixedPoint(1, 5), -1, 1),
        (FixedPoint(1, 5, signed=False), 0, 1),
        (FixedPoint(2, 0, symmetric=True), -1, 1),
        (Affine(1, 1.0), -1, 0),
        (Affine(63, 1.0, signed=False), 0, 2**63 - 1),
        (PowerOfTwo(2, 0), -1, 1),
        (PowerOfTwo(7, 61), -(2**61), 2**61),
    ],
)
def test_saturation_is_exact(fmt: Format, low: int, high: int) -> None:
    assert (fmt.qmin, fmt.qmax) == (low, high)
    for rounding in Rounding:
        if not isinstance(fmt, PowerOfTwo):
            fmt = format_from_dict({**fmt.to_dict(), "rounding": rounding})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert fmt.quantize([-np.inf, -1e300, 1e300, np.inf]).tolist() == [low, low, high, high]
    assert fmt.decode(fmt.encode([low, high])).tolist() == [low, high]


def test_tiny_scale_overflows_quietly() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rounding in Rounding:
            assert Affine(8, 1e-300, rounding=rounding).quantize([1e30, -1e30]).tolist() == [127, -128]
        assert PowerOfTwo(scale=1e-300).quantize(1e30) == 128


def test_sign_format() -> None:
    fmt = FixedPoint(1, 2)
    assert fmt.is_sign
    assert fmt.quantize([-3, -0.0, 0, 1e-9]).tolist() == [-1, 1, 1, 1]
    assert fmt.dequantize([-1, 1]).tolist() == [-0.25, 0.25]
    assert fmt.encode([1, -1]).tolist() == [0, 1]
    with pytest.raises(FormatError, match="no integer 0"):
        fmt.encode([0])


def test_fraction_length_outside_the_width() -> None:
    assert FixedPoint(4, -3).fake_quantize([20, 100, -100]).tolist() == [16, 56, -64]
    assert FixedPoint(4, 9, signed=False).range() == (0, 15 / 512)
    assert FixedPoint(4, (-3, 9)).cpp_type() == "ap_int<4>"


def test_numpy_parameters_become_plain_ones() -> None:
    fmt = FixedPoint(np.int64(8), np.int32(3), np.bool_(False))  # type: ignore[arg-type]
    assert fmt == FixedPoint(8, 3, False)
    assert type(fmt.to_dict()["width"]) is int
    assert Affine(np.int64(8), np.float32(0.5), np.int64(3)).to_dict() == {  # type: ignore[arg-type]
        "format": "affine",
        "width": 8,
        "scale": 0.5,
        "zero_point": 3,
    }


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (FixedPoint, {"width": 0, "frac": 0}, "width must be a whole number from 1 to 64; got 0"),
        (FixedPoint, {"width": 65, "frac": 0}, "from 1 to 64; got 65"),
        (FixedPoint, {"width": 64, "frac": 0, "signed": False}, "from 1 to 63; got 64"),
        (FixedPoint, {"width": True, "frac": 0}, "width must be"),
        (FixedPoint, {"width": 8.0, "frac": 0}, "width must be"),
        (FixedPoint, {"width": 8, "frac": 1.5}, "frac must be"),
        (FixedPoint, {"width": 8, "frac": None}, "frac must be"),
        (FixedPoint, {"width": 8, "frac": True}, "frac must be"),
        (FixedPoint, {"width": 8, "frac": 257}, "from -256 to 256"),
        (FixedPoint, {"width": 8, "frac": ()}, "frac must be"),
        (FixedPoint, {"width": 8, "frac": ((1, 2), (3, 4))}, "frac must be"),
        (FixedPoint, {"width": 8, "frac": ((1, 2), 3)}, "frac must be"),
        (FixedPoint, {"width": 8, "frac": 1, "rounding": "down"}, "rounding 'down' is unknown; valid: half_even"),
        (FixedPoint, {"width": 8, "frac": 1, "signed": "false"}, "signed must be true or false; got 'false'"),
        (FixedPoint, {"width": 8, "frac": 1, "symmetric": 1}, "symmetric must be true or false"),
        (Affine, {"width": 0, "scale": 1.0}, "width must be"),
        (Affine, {"width": 8, "scale": 0.0}, "scale must be a positive"),
        (Affine, {"width": 8, "scale": -1.0}, "scale must be"),
        (Affine, {"width": 8, "scale": np.nan}, "scale must be"),
        (Affine, {"width": 8, "scale": np.inf}, "scale must be"),
        (Affine, {"width": 8, "scale": (1.0, 0.0)}, "scale must be"),
        (Affine, {"width": 8, "scale": ()}, "scale must be"),
        (Affine, {"width": 8, "scale": "wide"}, "scale must be"),
        (Affine, {"width": 8, "scale": 1.0, "zero_point": 128}, "zero_point must be a whole number from -128 to 127"),
        (Affine, {"width": 8, "scale": 1.0, "zero_point": -128, "symmetric": True}, "from -127 to 127"),
        (Affine, {"width": 8, "scale": 1.0, "zero_point": -1, "signed": False}, "from 0 to 255"),
        (Affine, {"width": 8, "scale": 1.0, "zero_point": 0.5}, "zero_point must be"),
        (Affine, {"width": 8, "scale": 1.0, "zero_point": None}, "zero_point must be"),
        (Affine, {"width": 1, "scale": 1.0, "symmetric": True}, "holds zero alone"),
        (PowerOfTwo, {"code_bits": 1}, "code_bits must be a whole number from 2 to 16"),
        (PowerOfTwo, {"code_bits": 17}, "code_bits must be"),
        (PowerOfTwo, {"code_bits": 5, "max_exponent": 15}, "max_exponent of 5-bit codes must be .* 0 to 14; got 15"),
        (PowerOfTwo, {"code_bits": 16, "max_exponent": 62}, "from 0 to 61"),
        (PowerOfTwo, {"max_exponent": -1}, "max_exponent"),
        (PowerOfTwo, {"scale": 0}, "scale must be"),
        (PowerOfTwo, {"signed": "yes"}, "signed must be"),
        (PowerOfTwo, {"zero_below": "0.5"}, "zero_below must be"),
    ],
)
def test_impossible_parameters(kind: type[Format], values: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        kind(**values)


@pytest.mark.parametrize("fmt", [FixedPoint(8, 3), Affine(8, 0.1), PowerOfTwo()])
def test_not_a_number(fmt: Format) -> None:
    with pytest.raises(FormatError, match="cannot hold NaN; 2 of"):
        fmt.quantize([np.nan, 1.0, np.nan])


@pytest.mark.parametrize("fmt", [FixedPoint(8, (3, 4)), Affine(8, (0.1, 0.2)), PowerOfTwo(scale=(1.0, 2.0))])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (), (2, 1)])
def test_wrong_number_of_channels(fmt: Format, shape: tuple[int, ...]) -> None:
    assert fmt.channels == 2
    with pytest.raises(FormatError, match="2 channels but the values have shape"):
        fmt.quantize(np.zeros(shape))
    with pytest.raises(FormatError, match="the last axis must be the channels"):
        fmt.dequantize(np.zeros(shape, dtype=np.int64))


@pytest.mark.parametrize(
    ("fmt", "integer"),
    [
        (FixedPoint(4, 0), 8),
        (FixedPoint(4, 0, symmetric=True), -8),
        (FixedPoint(4, 0, signed=False), -1),
        (FixedPoint(4, 0), 1.5),
        (FixedPoint(4, 0), np.nan),
        (Affine(4, 1.0), -9),
        (PowerOfTwo(), 3),
        (PowerOfTwo(), 256),
        (PowerOfTwo(signed=False), -1),
    ],
)
def test_integers_that_do_not_belong(fmt: Format, integer: float) -> None:
    with pytest.raises(FormatError, match="has no integer"):
        fmt.encode([0, integer])


@pytest.mark.parametrize(
    ("fmt", "code"),
    [
        (FixedPoint(4, 0), 16),
        (FixedPoint(1, 0), 2),
        (Affine(4, 1.0), -1),
        (PowerOfTwo(), 32),
        (PowerOfTwo(5, 3), 0b00100),
        (PowerOfTwo(16, 5), 0b0011_1111_1111_1111),
    ],
)
def test_codes_that_do_not_belong(fmt: Format, code: int) -> None:
    with pytest.raises(FormatError, match=r"has no (integer|exponent)"):
        fmt.decode([0, code])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "unknown number format None; valid: affine, fixed, power_of_two"),
        ({"format": "float"}, "unknown number format 'float'"),
        ([], "an object with the key 'format'"),
        ({"format": "fixed", "width": 8, "frac": 3, "scale": 1}, "has no field scale; valid: frac, rounding, signed"),
        ({"format": "fixed", "width": 8}, "format 'fixed'.*frac"),
        ({"format": "fixed", "width": "8", "frac": 3}, "width must be"),
        ({"format": "affine", "width": 8, "scale": [[1], [2]]}, "scale must be"),
    ],
)
def test_dicts_that_are_no_format(data: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        format_from_dict(data)


@pytest.mark.parametrize("width", range(2, 65))
def test_signs_of_every_width(width: int) -> None:
    fmt = FixedPoint(width, 0)
    ends = np.array([fmt.qmin, -1, 0, 1, fmt.qmax], dtype=np.int64)
    assert np.array_equal(fmt.decode(fmt.encode(ends)), ends)

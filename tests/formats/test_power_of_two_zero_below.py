"""Power-of-two formats whose zero lies elsewhere, or that have none (QKeras's power-of-two activations)."""

import numpy as np
import pytest

from hlsq.errors import FormatError
from hlsq.formats import PowerOfTwo, format_from_dict


def test_no_zero_signed() -> None:
    fmt = PowerOfTwo(code_bits=3, max_exponent=3, scale=0.25, zero_below=0)
    assert fmt.fake_quantize([0.0, -0.0, 1e-9, -1e-9, 0.26, 5, -5]).tolist() == [0.25, 0.25, 0.25, -0.25, 0.25, 2, -2]
    assert not fmt.zero_flag


def test_no_zero_unsigned() -> None:
    fmt = PowerOfTwo(code_bits=2, max_exponent=3, scale=1.0, signed=False, zero_below=0)
    assert fmt.quantize([-3, 0, 1.4, 1.5, 100]).tolist() == [1, 1, 1, 2, 8]
    assert (fmt.qmin, fmt.qmax) == (1, 8)


def test_ternary_threshold() -> None:
    fmt = PowerOfTwo(code_bits=2, max_exponent=0, scale=2.0, zero_below=0.165)
    assert fmt.quantize([0.32, 0.33, -0.33, -0.32, 50]).tolist() == [0, 1, -1, 0, 1]


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("code_bits", "max_exponent"), [(2, 1), (3, 3), (4, 7), (5, 9)])
def test_codes_without_zero_round_trip(code_bits: int, max_exponent: int, signed: bool) -> None:
    fmt = PowerOfTwo(code_bits=code_bits, max_exponent=max_exponent, signed=signed, zero_below=0)
    q = 2 ** np.arange(max_exponent + 1)
    q = np.concatenate([-q, q]) if signed else q
    codes = fmt.encode(q)
    assert codes.max() < 2**code_bits
    assert len(set(codes.tolist())) == len(q)
    assert fmt.decode(codes).tolist() == q.tolist()
    assert format_from_dict(fmt.to_dict()) == fmt
    with pytest.raises(FormatError, match="no integer 0"):
        fmt.encode([0])


def test_sign_alone_takes_one_bit() -> None:
    fmt = PowerOfTwo(code_bits=1, max_exponent=0, scale=0.7, zero_below=0)
    assert fmt.encode([1, -1]).tolist() == [0, 1]
    assert fmt.decode([0, 1]).tolist() == [1, -1]
    with pytest.raises(FormatError, match="code_bits"):
        PowerOfTwo(code_bits=1, max_exponent=0)


@pytest.mark.parametrize("zero_below", [-1, float("nan"), float("inf")])
def test_impossible_zero(zero_below: float) -> None:
    with pytest.raises(FormatError, match="zero_below"):
        PowerOfTwo(zero_below=zero_below)

"""Values as they are written on the command line."""

from __future__ import annotations

import pytest

import hlsq
from hlsq.cli.values import (
    parse_accumulators,
    parse_formats,
    parse_input_format,
    parse_options,
    parse_resources,
    parse_reuse_factors,
)
from hlsq.errors import OptionError


def test_options_are_json_or_text() -> None:
    given = ("bits=8", "per_channel=true", "symmetric=False", "scale=None", "name=mse", "widths=[4, 8]", "at=a=b")
    assert parse_options(given) == {
        "bits": 8,
        "per_channel": True,
        "symmetric": False,
        "scale": None,
        "name": "mse",
        "widths": [4, 8],
        "at": "a=b",
    }


@pytest.mark.parametrize("given", [("bits",), ("=8",), ("two words=1",), ("bits=8", "bits=4")])
def test_malformed_options(given: tuple[str, ...]) -> None:
    with pytest.raises(OptionError):
        parse_options(given)


def test_reuse_factors_of_network_and_blocks() -> None:
    assert parse_reuse_factors(("64",)) == 64
    assert parse_reuse_factors(("64", "conv1=16", "a=b=2")) == {"default": 64, "conv1": 16, "a=b": 2}
    assert parse_reuse_factors(("fc=1",)) == {"fc": 1}


@pytest.mark.parametrize(
    "given", [("0",), ("x",), ("-4",), ("conv1=",), ("64", "32"), ("a=1", "a=2"), ("1.5",), ("9" * 5000,)]
)
def test_malformed_reuse_factors(given: tuple[str, ...]) -> None:
    with pytest.raises(OptionError):
        parse_reuse_factors(given)


def test_accumulators_of_network_and_blocks() -> None:
    assert parse_accumulators(("fxpqnet",)) == "fxpqnet"
    assert parse_accumulators(("24", "conv1=20", "fc=interval")) == {"default": 24, "conv1": 20, "fc": "interval"}
    with pytest.raises(OptionError, match="--accumulator 'fc=8': expected WIDTH or BLOCK=WIDTH, each block once"):
        parse_accumulators(("fc=4", "fc=8"))


def test_resources() -> None:
    assert parse_resources("lut=63400, ff=126800,dsp=0") == {"lut": 63400, "ff": 126800, "dsp": 0}


@pytest.mark.parametrize(
    "given", ["", "63400", "lut", "lut=", "=5", "lut=x", "lut=-1", "lut=1,lut=2", "lut=1,", "lut=" + "9" * 5000]
)
def test_malformed_resources(given: str) -> None:
    with pytest.raises(OptionError, match=r"--resources .*: expected NAME=N with commas between"):
        parse_resources(given)


def test_formats_of_tensors() -> None:
    given = ("conv1.weight.width=4", "a.b.weight.frac=-1", "a.b.weight.signed=false", "x.output.rounding=half_up")
    assert parse_formats(given) == {
        "conv1.weight": {"width": 4},
        "a.b.weight": {"frac": -1, "signed": False},
        "x.output": {"rounding": "half_up"},
    }


@pytest.mark.parametrize("given", [("conv1.weight=4",), ("conv1.weight.width",), ("a.b.c=1", "a.b.c=2"), ("",)])
def test_malformed_formats(given: tuple[str, ...]) -> None:
    with pytest.raises(OptionError, match=r"expected LAYER\.TENSOR\.FIELD=VALUE"):
        parse_formats(given)


def test_input_formats() -> None:
    assert parse_input_format(None) == {}
    assert parse_input_format("8,7") == {"input_format": hlsq.FixedPoint(8, 7)}
    assert parse_input_format("4,-2,signed") == {"input_format": hlsq.FixedPoint(4, -2)}
    assert parse_input_format("8,8,unsigned") == {"input_format": hlsq.FixedPoint(8, 8, signed=False)}


@pytest.mark.parametrize("given", ["8", "8,", "a,b", "8,7,maybe", "8,7,unsigned,1", ""])
def test_malformed_input_formats(given: str) -> None:
    with pytest.raises(OptionError):
        parse_input_format(given)

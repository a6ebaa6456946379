"""Accumulators of widths that a user fixes: enough, or refused with the layer named."""

from __future__ import annotations

from pathlib import Path

import pytest

import hlsq
from hlsq.errors import OptionError
from tests.support.residual import residual_network, residual_samples

GRAPH = residual_network()
ENGINES = {
    "edges": {"taps": 8, "outputs": 4, "positions": 1, "blocks": ["first", "fc"]},
    "inner": {"taps": 8, "outputs": 8, "positions": 1},
}


def model(folder: Path, width: int, accumulator: object) -> hlsq.HardwareModel:
    plan = hlsq.quantize(GRAPH, "fixed", residual_samples(8), weight_width=width, activation_width=width)
    return hlsq.convert(
        GRAPH, plan, output_dir=folder, architecture="folded", engines=ENGINES, accumulator=accumulator
    )  # fmt: skip


def test_fxpqnets_accumulators_are_wide_at_the_edges_alone(tmp_path: Path) -> None:
    hw = model(tmp_path / "p", 5, "fxpqnet")
    edges, inner = hw.program.engines
    assert (edges.sum.width, inner.sum.width) == (32, 16)
    assert "sint<16> sum_t" in (hw.output_dir / "firmware/program.h").read_text()
    hw.verify(residual_samples(2), ap_types=True)


def test_what_could_overflow_is_refused_with_the_layer(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="overflow in 2 of 4 layers: 'inner' needs 20 bits and has 16; 'outer'"):
        model(tmp_path / "p", 8, "fxpqnet")
    with pytest.raises(OptionError, match=r"overflow in 1 of 1 layers: 'outer' needs 1\d bits and has 8"):
        model(tmp_path / "p", 5, {"outer": 8})


def test_an_unknown_block_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="accumulator: 'second' is unknown; valid: default, fc, first, inner, outer"):
        model(tmp_path / "p", 5, {"second": 20})

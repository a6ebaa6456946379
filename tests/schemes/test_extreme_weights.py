"""Weights of any magnitude give the right result or an error of hlsq, and never a warning of NumPy."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import run_float
from hlsq.errors import CalibrationError, HlsqError, QuantizationError
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.schemes import run_scheme, scheme_names
from tests.support.searching import chain, images

X = images(40, 1)
EVALUATION = {"evaluation": (images(40, 2), np.random.default_rng(5).integers(0, 5, 40))}
SCHEMES: list[tuple[str, dict[str, Any], float]] = [
    ("quant8", {}, 0.05),
    ("quant8", {"calibration_method": "entropy", "per_channel": True}, 0.5),
    ("doubleq", {}, 1.0),
    ("fixed", {"per_channel": True}, 0.2),
    ("fixed", {"weight_width": 1}, 3.0),
    ("doubleq_ef", {"scale": "free"}, 0.3),
    ("doubleq_ef", {"scale": "power_of_two"}, 0.3),
    ("doubleq_ext", {**EVALUATION, "max_layers": 1}, 1.0),
    ("doubleq_ext", {**EVALUATION, "max_layers": 1, "form": "error_feedback", "code_bits": (3, 8)}, 0.5),
    ("fxp_uniform", {}, 0.2),
    ("fxp_uniform", {"cost": "l2"}, 0.2),
    ("fxp_uniform", {"cost": "l1"}, 0.2),
    ("fxpqnet", {**EVALUATION, "max_drop": 0.1, "max_reductions": 2, "rank": "deviation"}, 0.5),
]
FACTORS = (1e-320, 1e-300, 1e-77, 1e-30, 1e30, 1e37, 1e300)
LAYERS = ("conv1", "class")
GRAPH = chain(2)


def scaled(layer: str, factor: float, bias: bool) -> Graph:
    """The network with one layer's weights times ``factor``, and its bias too or none."""
    blocks = [
        replace(b, kernel=b.kernel * factor, bias=b.bias * factor if bias and b.bias is not None else None)
        if b.name == layer and b.kernel is not None
        else b
        for b in GRAPH.blocks
    ]
    return replace(GRAPH, blocks=tuple(blocks))


def test_every_scheme_is_here() -> None:
    assert {name for name, _, _ in SCHEMES} == set(scheme_names())


@pytest.mark.parametrize(("name", "options", "most"), SCHEMES)
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.slow(1)
def test_result_or_error(name: str, options: dict[str, Any], most: float, layer: str) -> None:
    results, messages = 0, []
    for factor in FACTORS:
        graph = scaled(layer, factor, bias=factor != 1e-300)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                quantized = quantize_graph(graph, run_scheme(name, graph, X, **options))
            except (CalibrationError, QuantizationError) as error:
                messages.append(str(error))
                continue
            made = quantized.by_name["class"].format.dequantize(Emulator(quantized).run(X).outputs["class"])
            real = run_float(graph, {"image": X.astype(np.float32)})["class"].astype(np.float64)
        assert np.abs(made - real).max() <= most * np.abs(real).max() + 2.0**-125, factor
        results += 1
    assert results >= 2
    assert all(re.search("(layer|block) '(conv1|pool|class)'", message) for message in messages), messages


def test_overflow_names_the_layer() -> None:
    with pytest.raises(CalibrationError, match=r"'conv1'.*overflows float32"):
        run_scheme("fxp_uniform", scaled("conv1", 1e300, bias=True), X)
    assert issubclass(CalibrationError, HlsqError)

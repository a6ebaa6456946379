"""Graphs that contradict themselves are refused, and all that quantisation makes are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fixed_networks import fixed_quantized
from networks import quantized_network

from hlsq.emulate.host import FUNCTIONS
from hlsq.errors import GraphError
from hlsq.formats import Affine, FixedPoint, Rounding
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.check import check_graph
from hlsq.graph.quantized import HOST_FUNCTIONS, DyadicRequant, Interval, ThresholdRequant

Change = Callable[[QBlock], dict[str, Any]]
GRAPHS = [*map(quantized_network, range(60)), *map(fixed_quantized, range(20))]


def test_every_network_passes() -> None:
    for graph in GRAPHS:
        check_graph(graph)


def test_functions_of_the_host_are_the_emulators() -> None:
    assert set(HOST_FUNCTIONS) == set(FUNCTIONS)


def having(test: Callable[[QBlock], bool]) -> tuple[QuantizedGraph, int]:
    """The first network, and the place of its block, that passes ``test``."""
    return next((graph, i) for graph in GRAPHS for i, block in enumerate(graph.blocks) if test(block))


def changed(graph: QuantizedGraph, place: int, **values: Any) -> QuantizedGraph:
    blocks = list(graph.blocks)
    blocks[place] = replace(blocks[place], **values)
    return replace(graph, blocks=tuple(blocks))


def weighted(block: QBlock) -> bool:
    return block.weights is not None and block.bias is not None and isinstance(block.requant, DyadicRequant)


def dyadic(block: QBlock) -> bool:
    return isinstance(block.requant, DyadicRequant)


def steps(block: QBlock) -> bool:
    return isinstance(block.requant, ThresholdRequant) and len(np.unique(block.requant.thresholds)) > 2


def of_kind(kind: str) -> Callable[[QBlock], bool]:
    return lambda block: block.op.kind == kind


def requant(**values: Any) -> Change:
    return lambda b: {"requant": replace(b.requant, **values)}  # type: ignore[type-var]


def weights(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda b: {"weights": replace(b.weights, values=change(b.weights.values.copy()))}  # type: ignore[union-attr]


def first_is(value: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array.reshape(-1)[0] = value
        return array

    return change


CASES: dict[str, tuple[Callable[[QBlock], bool], Change, str]] = {
    "shape": (weighted, lambda b: {"shape": (1,)}, "shape: [1], but inputs and operation give"),
    "unknown input": (weighted, lambda b: {"inputs": ("nowhere",)}, "inputs: 'nowhere' is no earlier block"),
    "input of itself": (weighted, lambda b: {"inputs": (b.name,)}, "is no earlier block"),
    "two inputs": (weighted, lambda b: {"inputs": b.inputs * 2}, "takes 1, found 2"),
    "one summand": (of_kind("add"), lambda b: {"inputs": b.inputs[:1]}, "takes two or more, found 1"),
    "no weights": (weighted, lambda b: {"weights": None}, "weights: missing"),
    "weights too small": (weighted, weights(lambda w: w[..., :-1]), "shape: "),
    "no channels": (weighted, weights(lambda w: w[..., :0]), "holds none"),
    "a weight beyond its format": (weighted, weights(first_is(2**40)), "weights: "),
    "another weight": (weighted, weights(lambda w: -w), "weights and inputs give"),
    "bias too short": (weighted, lambda b: {"bias": b.bias[:-1]}, "bias: shape ["),
    "bias too large": (weighted, lambda b: {"bias": first_is(2**62)(b.bias.copy())}, "bias: more than 62 bits"),
    "least bias": (weighted, lambda b: {"bias": first_is(-(2**63))(b.bias.copy())}, "bias: more than 62 bits"),
    "bias of a pool": (of_kind("max_pool2d"), lambda b: {"bias": np.zeros(1, np.int64)}, "bias: max_pool2d has none"),
    "product shift": (weighted, lambda b: {"product_shift": 100}, "product_shift: 100; allowed: 0 to 60"),
    "large product shift": (weighted, lambda b: {"product_shift": 60}, "more than 62 bits"),
    "shift of a pool": (of_kind("max_pool2d"), lambda b: {"product_shift": 1}, "product_shift: max_pool2d has none"),
    "accumulator": (weighted, lambda b: {"accumulator": Interval(-1, 1)}, "accumulator: -1 to 1, but weights"),
    "scaled": (weighted, lambda b: {"scaled": Interval(0, 2**70)}, "scaled: 0 to"),
    "interval": (dyadic, lambda b: {"interval": Interval(0, 0)}, "interval: 0 to 0, but"),
    "multiplier 0": (dyadic, requant(multiplier=(0,), shift=(3,)), "requant.multiplier: 0; allowed"),
    "wide multiplier": (dyadic, requant(multiplier=(65537,), shift=(3,)), "requant.multiplier: 65537; allowed"),
    "large multiplier": (dyadic, requant(multiplier=(2**60,), shift=(0,)), "requant: it needs"),
    "negative shift": (dyadic, requant(multiplier=(1,), shift=(-1,)), "requant.shift: -1; allowed: 0 to 60"),
    "shift 100": (dyadic, requant(multiplier=(1,), shift=(100,)), "requant.shift: 100"),
    "slope 100": (dyadic, requant(negative_shift=100), "requant.negative_shift: 100"),
    "too many shifts": (dyadic, requant(multiplier=(1,) * 99, shift=(1,) * 99), "have lengths {99}"),
    "lo above hi": (dyadic, lambda b: requant(lo=b.requant.hi, hi=b.requant.lo)(b), "requant: lo"),
    "hi beyond": (dyadic, lambda b: requant(hi=b.format.qmax + 1)(b), "requant: lo"),
    "zero point": (dyadic, lambda b: requant(zero_point=b.requant.zero_point + 1)(b), "requant.zero_point"),
    "rounding": (
        dyadic,
        lambda b: requant(rounding=next(r for r in Rounding if r is not b.requant.rounding))(b),
        "requant.rounding",
    ),
    "no requant": (lambda b: dyadic(b) and b.name != "logits", lambda b: {"requant": None}, "requant: missing"),
    "requant of a pool": (of_kind("max_pool2d"), lambda b: {"requant": 1}, "requant: max_pool2d keeps"),
    "thresholds": (steps, lambda b: requant(thresholds=b.requant.thresholds[:, ::-1])(b), "they must ascend"),
    "too few": (steps, lambda b: requant(thresholds=b.requant.thresholds[:, 1:])(b), "requant.thresholds: shape"),
    "far thresholds": (steps, lambda b: requant(thresholds=b.requant.thresholds - 2**62)(b), "thresholds: outside"),
    "values": (steps, lambda b: requant(values=b.requant.values + 1)(b), "requant.values: other integers"),
    "multipliers": (of_kind("add"), lambda b: {"input_multipliers": (1,)}, "input_multipliers: 1 for"),
    "negative": (of_kind("add"), lambda b: {"input_multipliers": (-1,) * len(b.inputs)}, "allowed: 0 to"),
    "other multipliers": (weighted, lambda b: {"input_multipliers": (1,)}, "only an addition has them"),
    "joined": (of_kind("concatenate"), lambda b: {"input_requants": ()}, "input_requants: 0 for"),
    "format per channel": (dyadic, lambda b: {"format": FixedPoint(16, (1, 2))}, ": "),
    "another format": (of_kind("max_pool2d"), lambda b: {"format": Affine(40, 1.0)}, "but max_pool2d keeps"),
    "infinite": (
        lambda b: b.name == "logits" and b.requant is None,
        lambda b: {"format": replace(b.format, scale=1e300)},
        "which float32 cannot hold",
    ),
    "name": (lambda b: b.name == "b1", lambda b: {"name": "b0"}, "the name is there twice"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be(name: str) -> None:
    test, change, message = CASES[name]
    graph, place = having(test)
    with pytest.raises(GraphError) as caught:
        check_graph(changed(graph, place, **change(graph.blocks[place])))
    assert str(caught.value).startswith(f"blocks[{place}] (")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: {"outputs": ()}, "outputs: the network has none"),
        (lambda g: {"outputs": ("no",)}, r"outputs\[0\]: 'no' is no block"),
        (lambda g: {"outputs": (g.inputs[0].name,)}, r"outputs\[0\]: 'x' is no block"),
        (lambda g: {"outputs": g.outputs * 2}, r"outputs\[0\]: .* is there twice"),
        (lambda g: {"inputs": g.inputs * 2}, r"inputs\[\d\] \(.*\): the name is there twice"),
        (lambda g: {"inputs": ()}, "inputs: the network has none"),
        (lambda g: {"inputs": (replace(g.inputs[0], shape=(1 << 20, 1 << 20)),)}, "has too many values"),
        (lambda g: {"inputs": (replace(g.inputs[0], format=Affine(8, (1.0, 2.0))),)}, "has 2 scales; allowed is one"),
        (lambda g: {"host": {"no": "softmax"}}, "host.no: 'no' is no output"),
        (lambda g: {"host": {g.outputs[0]: "tanh"}}, "the function 'tanh' left to the host is unknown; valid: softmax"),
    ],
)
def test_what_a_network_cannot_be(change: Callable[[QuantizedGraph], dict[str, Any]], message: str) -> None:
    graph = fixed_quantized(0)
    with pytest.raises(GraphError, match=message):
        check_graph(replace(graph, **change(graph)))

"""Iterations of loops, against windows that are moved one place at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from networks import quantized_network

from hlsq.cost import products_of, split, valid_reuse_factors
from hlsq.cost.iterations import Sweep, loop_iterations
from hlsq.graph.ops import Conv2D
from hlsq.graph.ops.base import spatial

CASES = [
    (size, span, stride, before, after)
    for size, span, stride, before, after in itertools.product((1, 5, 8), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (0, 1, 3))
    if size + before + after >= span
]


@pytest.mark.parametrize(("size", "span", "stride", "before", "after"), CASES)
def test_a_sweep_passes_the_map_and_every_window(size: int, span: int, stride: int, before: int, after: int) -> None:
    outputs = (size + before + after - span) // stride + 1
    corners = {n * stride - before + span - 1 for n in range(outputs)}
    passed = range(min(0, *corners), max(size - 1, *corners) + 1)
    assert Sweep(size, span, stride, before, outputs).places == len(passed)


def test_a_same_convolution_takes_one_more_place_a_row() -> None:
    rows = columns = Sweep(28, 3, 1, 1, 28)
    assert rows.places == columns.places == 29


@pytest.mark.parametrize("seed", range(20))
def test_more_steps_take_that_many_iterations_more_at_every_output(seed: int) -> None:
    graph = quantized_network(seed)
    for block in graph.blocks:
        products = products_of(block, graph)
        if products is None or not isinstance(block.op, Conv2D):
            continue
        positions = int(np.prod(block.shape[:-1]))
        factors = valid_reuse_factors(products)
        splits = [split(block.name, products, factor) for factor in factors]
        found = [loop_iterations(graph, block, s) for s in splits]
        # And one for each word of a memory, where a row with outputs has a place without one.
        assert isinstance(block.op, Conv2D)
        (_, width, _), (rows, outputs, _) = spatial(graph.shapes[block.inputs[0]]), spatial(block.shape)
        assert block.weights is not None
        span = (block.weights.values.shape[1] - 1) * block.op.dilation[1] + 1
        places = Sweep(width, span, block.op.strides[1], block.op.padding[2], outputs).places - outputs
        assert [n - found[0] for n in found] == [
            positions * (s.reuse_factor - factors[0]) + rows * places * (s.window_words - 1) for s in splits
        ]

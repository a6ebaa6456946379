"""Reshapes that change the channels: integers move, whatever the zero points, and what is too large is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder
from random_folded import mismatches

from hlsq.backends.folded.moves import moves_between
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.errors import UnsupportedLayerError
from hlsq.formats import Affine
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Dense, Identity, Reshape
from hlsq.plan import BlockPlan

PLAN = BlockPlan(weight=Affine(4, 0.1, symmetric=True), output=Affine(8, 0.05, zero_point=-7))


def network(*shapes: tuple[int, ...]) -> QuantizedGraph:
    """A convolution, whose map becomes one of each shape in turn; all of them are looked at and leave."""
    b = NetworkBuilder(np.random.default_rng(0))
    last = b.input("image", (4, 4, 3), Affine(8, 0.03, zero_point=5))
    last = b.add("first", Conv2D(), [last], kernel=b.kernel(1, 1, 3, 3), plan=PLAN)
    outputs = []
    for number, shape in enumerate(shapes):
        last = b.add(f"shape{number}", Reshape(shape), [last])
        outputs.append(b.add(f"seen{number}", Identity(), [last], plan=BlockPlan(output=PLAN.output)))
    outputs.append(b.add("dense", Dense(), [b.add("flat", Reshape((48,)), [last])], kernel=b.kernel(48, 5), plan=PLAN))
    return quantize_graph(*b.build(outputs))


def test_passes() -> None:
    assert [move[1] for move in moves_between((4, 4, 3), (2, 4, 6))] == [(1, 8, 6)]
    assert [move[1] for move in moves_between((48,), (4, 3, 4))] == [(1, 12, 4)]
    assert [move[1] for move in moves_between((4, 4, 3), (4, 3, 4))] == [(1, 1, 48), (1, 12, 4)]


@pytest.mark.csim
def test_integers_move(tmp_path: Path) -> None:
    """Pixels join, a map takes the way by a single pixel, that one becomes several, and a dense layer reads them."""
    graph = network((2, 4, 6), (4, 3, 4), (48,), (2, 2, 12))
    design = FoldedDesign(graph, HardwareOptions(architecture="folded", pes=32))
    assert {item.target for item in design.program.instructions} >= {"shape0", "shape1.pixel", "shape1", "shape3"}
    assert mismatches(design, tmp_path / "net") == []


def test_a_matrix_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsq.backends.folded.tasks.MOST", 2000)
    with pytest.raises(
        UnsupportedLayerError,
        match=r"'shape0'.* moves the integers of \[4, 4, 3\] to other channels, \[4, 3, 4\], which takes a matrix "
        r"of 2,304 zeros and ones on the folded accelerator; .*at most 2,000 of them, those that keep the channels",
    ):
        FoldedDesign(network((4, 3, 4)), HardwareOptions(architecture="folded", pes=32))

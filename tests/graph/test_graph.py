"""Float graphs: shapes, folding, and what is refused."""

from typing import Any

import numpy as np
import pytest
from networks import random_network

from hlsq.emulate.real import run_float
from hlsq.errors import GraphError, QuantizationError
from hlsq.files.fields import Field
from hlsq.graph import Block, ChannelScale, Graph, GraphInput
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense, Identity, MaxPool2D, Reshape, read_op
from hlsq.graph.ops.pool2d import average_weights

X = GraphInput("x", (8, 8, 3))
CONV = Block("c", Conv2D(), ("x",), kernel=np.ones((3, 3, 3, 4)))


@pytest.mark.parametrize(
    ("blocks", "outputs", "message"),
    [
        ([Block("c", Identity(), ("z",))], ["c"], "block 'c': input 'z' is no earlier block"),
        ([Block("x", Identity(), ("x",))], ["x"], "the name 'x' occurs more than once"),
        ([Block("", Identity(), ("x",))], [""], "a name is empty; name the network"),
        ([CONV], ["d"], "output 'd' is no block"),
        ([Block("a", Add(), ("x",))], ["a"], "has 1 inputs; expected two or more"),
        ([Block("i", Identity(), ("x", "x"))], ["i"], "has 2 inputs; expected 1"),
        ([CONV, Block("a", Add(), ("x", "c"))], ["a"], "block 'a': the inputs of an addition have shapes"),
        ([Block("c", Conv2D(), ("x",), kernel=np.ones((3, 3, 2, 4)))], ["c"], r"does not fit 3 input channels"),
        ([Block("d", Dense(), ("x",), kernel=np.ones((192, 2)))], ["d"], "dense kernel"),
        ([Block("p", MaxPool2D((9, 9), (1, 1)), ("x",))], ["p"], "a window of 9 does not fit an axis of 8"),
        ([Block("r", Reshape((7,)), ("x",))], ["r"], "different number of values"),
    ],
)
def test_what_is_no_network(blocks: list[Block], outputs: list[str], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Graph("n", (X,), tuple(blocks), tuple(outputs))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kernel": np.full((3, 3, 3, 4), np.nan)}, "weights"),
        ({"bias": np.asarray([0, 1, np.inf, 2])}, "bias"),
        ({"scale": ChannelScale(np.asarray([1, np.nan, 1, 1]), np.zeros(4))}, "batch norm scale"),
    ],
)
def test_parameters_that_are_not_finite_name_the_layer(change: dict[str, Any], what: str) -> None:
    values = {"kernel": np.ones((3, 3, 3, 4)), **change}
    with pytest.raises(QuantizationError, match=f"layer 'c': .* of its {what} are NaN or infinite"):
        Graph("n", (X,), (Block("c", Conv2D(), ("x",), **values),), ("c",))


@pytest.mark.parametrize("seed", range(20))
def test_folding_batch_norms_keeps_the_function(seed: int) -> None:
    graph, _ = random_network(seed)
    folded = graph.fold_batch_norm()
    assert all(block.scale is None for block in folded.blocks if block.kernel is not None)
    rng = np.random.default_rng(seed)
    inputs = {i.name: rng.normal(size=(2, *i.shape)).astype(np.float32) for i in graph.inputs}
    expected, actual = run_float(graph, inputs), run_float(folded, inputs)
    for name, values in expected.items():
        assert np.allclose(actual[name], values, rtol=1e-3, atol=1e-3 * np.abs(values).max())


def test_operations_survive_json() -> None:
    for block in random_network(3)[0].blocks:
        assert read_op(Field(block.op.to_dict(), GraphError, "op")) == block.op
    with pytest.raises(GraphError, match=r"op: expected one of 'add', .*found 'warp'"):
        read_op(Field({"op": "warp"}, GraphError, "op"))


@pytest.mark.parametrize(("size", "pool", "stride", "pads"), [(5, 2, 2, (0, 1)), (7, 3, 2, (1, 1)), (4, 3, 1, (1, 1))])
def test_average_weights_give_one_divisor(size: int, pool: int, stride: int, pads: tuple[int, int]) -> None:
    op = AveragePool2D((pool, pool), (stride, stride), (*pads, *pads))
    weights = average_weights(op, (size, size, 1))
    for i, row in enumerate(weights.rows):
        for j, column in enumerate(weights.columns):
            inside = [sum(0 <= k * stride - pads[0] + u < size for u in range(pool)) for k in (i, j)]
            assert row * column * inside[0] * inside[1] == weights.divisor

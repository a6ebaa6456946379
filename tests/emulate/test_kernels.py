"""The kernels' fast paths against the same sums in 64-bit integers."""

import numpy as np
import pytest

from hlsq.emulate.kernels import kernel_for
from hlsq.errors import GraphError
from hlsq.graph.ops import AveragePool2D, Conv2D, Dense, DepthwiseConv2D, MaxPool2D, Op

CONVOLUTIONS = [
    (Conv2D((1, 1), (1, 1, 1, 1)), (3, 3, 5, 4), (17, 15, 5)),
    (Conv2D((1, 1), (0, 2, 3, 1)), (5, 2, 3, 7), (20, 18, 3)),
    (Conv2D((1, 1), (2, 2, 2, 2), (2, 2)), (3, 3, 4, 4), (16, 16, 4)),
    (Conv2D((1, 1), (0, 0, 0, 0), (3, 1)), (3, 1, 2, 3), (40, 16, 2)),
    (Conv2D((2, 1), (1, 1, 1, 1)), (3, 3, 4, 4), (30, 30, 4)),
    (Conv2D((1, 1), (0, 0, 1, 1)), (1, 3, 4, 6), (300, 4)),
    (Conv2D(), (1, 1, 8, 3), (20, 20, 8)),
    (Conv2D((2, 2)), (1, 1, 8, 3), (20, 20, 8)),
    (Conv2D((1, 1), (3, 3, 3, 3)), (7, 7, 3, 16), (64, 64, 3)),
]


@pytest.mark.parametrize(("op", "kernel", "shape"), CONVOLUTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_convolutions(op: Conv2D, kernel: tuple[int, ...], shape: tuple[int, ...], dtype: type) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-100, 100, (3, *shape))
    w = rng.integers(-100, 100, kernel)
    expected = kernel_for(op).linear(op, [x], w)
    assert expected.dtype == np.int64
    assert expected.shape[1:] == op.output_shape([shape], kernel)
    actual = kernel_for(op).linear(op, [x.astype(dtype)], w.astype(dtype))
    assert actual.dtype == dtype
    assert np.array_equal(actual, expected)


@pytest.mark.parametrize(
    ("op", "kernel", "shape"),
    [
        (DepthwiseConv2D((1, 2), (1, 0, 1, 0)), (3, 3, 8), (9, 9, 4)),
        (Dense(), (12, 5), (12,)),
        (MaxPool2D((3, 2), (2, 2), (1, 1, 0, 1)), None, (9, 8, 3)),
        (AveragePool2D((3, 3), (2, 2), (1, 1, 1, 1)), None, (9, 8, 3)),
    ],
)
def test_other_operations(op: Op, kernel: tuple[int, ...] | None, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-100, 100, (3, *shape))
    w = None if kernel is None else rng.integers(-100, 100, kernel)
    expected = kernel_for(op).linear(op, [x], w)
    assert expected.shape[1:] == op.output_shape([shape], kernel)
    for dtype in (np.float32, np.float64):
        actual = kernel_for(op).linear(op, [x.astype(dtype)], None if w is None else w.astype(dtype))
        assert np.array_equal(actual, expected)


def test_an_operation_without_a_kernel_is_named() -> None:
    class Warp(Dense):
        """An operation that nobody computes."""

        kind = "warp"

    with pytest.raises(GraphError, match="operation 'warp' has no kernel"):
        kernel_for(Warp())
    del Op._kinds["warp"]

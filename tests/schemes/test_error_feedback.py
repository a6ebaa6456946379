"""The rounding itself, against the published recursion, exhaustive search and explicit loops."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.emulate.real import run_block
from hlsq.graph import Block
from hlsq.graph.ops import Conv2D, Dense, DepthwiseConv2D
from hlsq.schemes.error_feedback import Problem, Rounder, round_weights
from hlsq.schemes.grids import EvenGrid, Grid, PowerGrid
from hlsq.schemes.second_moments import Moments, MomentsBuilder, grouped, ungrouped

Floats = NDArray[np.float64]
THREE = PowerGrid(3, 2)


def problem(taps: int, channels: int, seed: int = 0, independent: bool = False) -> Problem:
    rng = np.random.default_rng(seed)
    mixed = np.eye(taps) if independent else rng.normal(size=(taps, taps))
    inputs = rng.normal(size=(4 * taps, taps)) @ mixed
    moments = inputs.T @ inputs / len(inputs) + 0.01 * np.eye(taps)
    if independent:
        moments = np.diag(np.diag(moments))
    return Problem.of(rng.normal(size=(taps, channels)), moments, rng.permutation(taps))


def best(p: Problem) -> Floats:
    """The real weights that the problem is about."""
    return np.asarray(np.linalg.solve(p.moments, p.pull))


def error(p: Problem, channels: NDArray[np.intp], weights: Floats) -> Floats:
    """Mean squared error of the output, computed as it is written."""
    e = best(p)[:, channels] - weights
    return np.asarray((e * (p.moments @ e)).sum(axis=0))


def in_order(rounder: Rounder, integers: Floats) -> Floats:
    """What the rounder holds in reverse order of the taps."""
    result = np.empty_like(integers)
    result[rounder.reverse] = integers
    return result


def with_inverse(p: Problem, grid: Grid, scale: Floats) -> Floats:
    """Rounding by the inverse of the moments, as the method was published: one tap, then update all that follow."""
    weights = best(p)[p.order]
    inverse = np.linalg.inv(p.moments[np.ix_(p.order, p.order)])
    upper = np.linalg.cholesky(inverse).T
    integers = np.empty_like(weights)
    for t in range(len(weights)):
        integers[t] = grid.nearest(weights[t] / scale)
        error = (weights[t] - integers[t] * scale) / upper[t, t]
        weights[t + 1 :] -= np.outer(upper[t, t + 1 :], error)
    result = np.empty_like(integers)
    result[p.order] = integers
    return result


@pytest.mark.parametrize("grid", [THREE, PowerGrid(4, 6), EvenGrid(8)])
@pytest.mark.parametrize("taps", [1, 5, 64, 150])
def test_equals_the_recursion_with_the_inverse(grid: Grid, taps: int) -> None:
    p = problem(taps, 6)
    rounder = Rounder.make(p, grid)
    assert np.allclose(rounder.target, best(p))
    scale = np.abs(rounder.target).max(axis=0) / grid.peak
    found, errors = rounder.feed_back(np.arange(6), scale)
    mine = in_order(rounder, found)
    assert np.allclose(errors, error(p, np.arange(6), mine * scale))
    assert np.array_equal(mine, with_inverse(p, grid, scale))
    if taps > 1 and grid is THREE:
        assert not np.array_equal(mine, grid.nearest(rounder.target / scale)), "plain rounding is something else"


def test_error_of_integers_and_scale() -> None:
    p = problem(70, 8)
    channels, scale = np.array([3, 1, 3]), np.array([0.3, 0.5, 0.7])
    rounder = Rounder.make(p, THREE)
    integers = THREE.nearest(rounder.target[:, channels] / scale)
    mine = rounder.errors(rounder.rounded(channels, scale, integers[rounder.reverse]))
    nothing = error(p, channels, np.zeros_like(integers))
    assert np.allclose(mine + nothing, error(p, channels, integers * scale), rtol=1e-8)


def test_without_correlation_it_is_plain_rounding() -> None:
    p = problem(40, 5, independent=True)
    scale = np.abs(best(p)).max(axis=0) / THREE.peak
    rounder = Rounder.make(p, THREE)
    plain = THREE.nearest(best(p) / scale)
    integers, _ = rounder.feed_back(np.arange(5), scale)
    assert np.array_equal(in_order(rounder, integers), plain)
    found = rounder.rounded(np.arange(5), scale, integers)
    rounder.revisit(found)
    assert np.array_equal(in_order(rounder, found.integers), plain)


@pytest.mark.parametrize("seed", range(5))
def test_each_stage_lowers_the_error(seed: int) -> None:
    p = problem(70, 8, seed)
    channels = np.arange(8)
    rounder = Rounder.make(p, THREE)
    scale = np.abs(rounder.target).max(axis=0) / THREE.peak
    plain = error(p, channels, THREE.nearest(rounder.target / scale) * scale)
    found = rounder.rounded(channels, scale, rounder.feed_back(channels, scale)[0])

    def now() -> Floats:
        return error(p, channels, in_order(rounder, found.integers) * found.scale)

    first = now()
    rounder.revisit(found)
    assert np.allclose(found.sums.T, rounder.moments @ found.integers)
    second = now()
    rounder.fit_scale(found)
    third = now()
    assert first.sum() < plain.sum()
    assert (second <= first + 1e-12).all()
    assert (third <= second + 1e-12).all()
    assert third.sum() < first.sum()


def test_a_small_one_against_all_possibilities() -> None:
    p = problem(4, 30, seed=2)
    scale = np.full(30, 0.4)
    levels = np.array([-4, -2, -1, 0, 1, 2, 4])
    every = np.array(list(itertools.product(levels, repeat=4)), dtype=np.float64).T
    many = np.array([error(p, np.full(every.shape[1], c), every * 0.4).min() for c in range(30)])
    integers, _ = round_weights(Rounder.make(p, THREE), scale[None], free=False, sweeps=1)
    mine = error(p, np.arange(30), integers * scale)
    plain = error(p, np.arange(30), THREE.nearest(best(p) / scale) * scale)
    assert (mine >= many - 1e-12).all()
    assert np.isclose(mine, many).mean() > 0.5 > np.isclose(plain, many).mean()


@pytest.mark.parametrize("shared", [False, True])
def test_scales(shared: bool) -> None:
    p = problem(30, 6)
    scales = np.outer([0.1, 0.3, 0.6], np.ones(6) if shared else np.linspace(1, 2, 6))
    rounder = Rounder.make(p, THREE)
    integers, scale = round_weights(rounder, scales, shared=shared, free=False, sweeps=0)
    channels = np.arange(6)
    errors = np.array(
        [
            error(p, channels, in_order(rounder, rounder.feed_back(channels, candidate)[0]) * candidate)
            for candidate in scales
        ]
    )
    best = np.full(6, errors.sum(axis=1).argmin()) if shared else errors.argmin(axis=0)
    assert np.array_equal(scale, scales[best, channels])
    assert np.allclose(error(p, channels, integers * scale), errors[best, channels])
    fitted = round_weights(rounder, scales, shared=shared, free=True, sweeps=2)
    assert (len(np.unique(fitted[1])) == 1) == shared
    assert error(p, channels, fitted[0] * fitted[1]).sum() < errors[best, channels].sum()


@pytest.mark.parametrize("grid", [THREE, PowerGrid(5, 7), EvenGrid(8)])
def test_nearest(grid: Grid) -> None:
    fmt = grid.format(np.asarray(1.0))
    members = np.array(fmt.levels if fmt.levels is not None else range(fmt.qmin, fmt.qmax + 1), dtype=np.float64)
    assert members.max() == grid.peak
    values = np.random.default_rng(0).normal(size=500) * grid.peak
    distance = np.abs(values[:, None] - members)
    assert np.array_equal(np.abs(values - grid.nearest(values)), distance.min(axis=1))
    fmt.encode(grid.nearest(values))


BLOCKS = [
    Block("conv", Conv2D((2, 1), (1, 0, 2, 1), (1, 2)), ("x",), np.random.default_rng(0).normal(size=(3, 2, 4, 5))),
    Block("deep", DepthwiseConv2D((1, 2), (1, 1, 1, 1)), ("x",), np.random.default_rng(1).normal(size=(3, 3, 8))),
    Block("fc", Dense(), ("x",), np.random.default_rng(2).normal(size=(4, 3))),
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: b.name)
def test_moments_predict_the_layer(block: Block) -> None:
    """With all windows, ``cross`` is ``square`` times the weights, and the means follow the weights."""
    assert block.kernel is not None
    x = np.random.default_rng(3).normal(5, 20, size=(6, 4) if isinstance(block.op, Dense) else (6, 7, 9, 4)).round()

    def gather(middle: int, centred: bool) -> Moments:
        builder = MomentsBuilder(block, 4, positions=10**9, middle=middle)
        for part in (slice(0, 4), slice(4, 6)):
            inputs = x[part].astype(np.float32)
            builder.add(builder.sums(part.start, inputs, run_block(block, [inputs])))
        return builder.finish(0.25, centred)

    moments, centred = gather(0, centred=False), gather(0, centred=True)
    weights = grouped(block, block.kernel, 4) / 0.25
    assert np.allclose(moments.cross, moments.square @ weights, atol=1e-3)
    assert np.allclose(moments.outputs, (moments.inputs[:, None] @ weights)[:, 0], atol=1e-4)
    assert np.allclose(centred.cross, centred.square @ weights, atol=1e-3)
    means = moments.inputs
    assert np.allclose(centred.square, moments.square - means[:, :, None] * means[:, None, :])
    assert moments.count == run_block(block, [x.astype(np.float32)])[..., 0].size
    for kind, other in ((moments, gather(7, centred=False)), (centred, gather(7, centred=True))):
        assert np.array_equal(kind.square, other.square)
        assert np.array_equal(kind.inputs, other.inputs)
        assert np.allclose(kind.cross, other.cross)
    assert np.array_equal(ungrouped(block, list(weights)), block.kernel / 0.25)
    assert not np.allclose(moments.cross, moments.square @ weights[:, ::-1], atol=1e-2), "the comparison can fail"


def test_a_few_windows_stand_for_all() -> None:
    block = BLOCKS[0]
    x = np.random.default_rng(3).normal(0, 20, size=(400, 7, 9, 4)).round().astype(np.float32)
    full, few = MomentsBuilder(block, 4, 10**9), MomentsBuilder(block, 4, 5)
    for builder in (full, few):
        builder.add(builder.sums(0, x, run_block(block, [x])))
    some, every = few.finish(1.0), full.finish(1.0)
    assert some.count == 5 * 400
    assert np.allclose(some.square, every.square, atol=60)
    assert not np.array_equal(some.square, every.square)

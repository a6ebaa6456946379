"""Rounding weights one after the other, each making up for the errors of those before it.

For one output channel, let ``e`` be real weight minus rounded weight for every tap and ``A`` the second moments of the
inputs. The mean squared error of the output is ``e' A e``. With the Cholesky factor ``A = R' R`` this is a sum of one
square per row,

    R[t,t]**2 * (e[t] + sum over s > t of R[t,s] / R[t,t] * e[s])**2 ,

so, going from the last tap to the first, the best choice for tap ``t`` given the later ones is to round
``w[t] + sum R[t,s] / R[t,t] * e[s]``. That is what optimal brain quantisation (OBQ, GPTQ) does with the inverse of
``A``; this form needs no inverse. Afterwards every tap is revisited with all others fixed, which can only improve.

``A`` and ``R`` lie on grids on which their products with the rounded weights' integers are exact, and everything else
is done value by value or by ``hlsq.emulate.products``: the integers found are the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.products import bits_beside, multiply, on_grid, product
from hlsq.schemes.grids import Grid
from hlsq.schemes.linear_systems import cholesky
from hlsq.schemes.threads import in_threads
from hlsq.schemes.weights import LEAST_WEIGHT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FINALISTS = 8
"""Candidate scales of a channel that are revisited."""
TAPS = 64
"""Taps between matrix products: inside, single rows are updated."""
LARGEST = np.array(2**7)
"""The largest magnitude among the integers of all grids."""
COLUMNS = 1024
"""Channels times candidate scales that one thread rounds together; bounds the memory."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Weights to round, and how much each error counts.

    Attributes:
        target: real weights that would be best, [taps, channels].
        moments: second moments ``A`` of the inputs, damped and so positive definite, [taps, taps]; rounded to a grid.
        order: taps in the order in which they are rounded; the first ones have the most others to correct them.
    """

    target: Floats
    moments: Floats
    order: NDArray[np.intp]

    def __post_init__(self) -> None:
        object.__setattr__(self, "moments", on_grid(self.moments, _bits(len(self.target))))

    @cached_property
    def pull(self) -> Floats:
        """``A`` times the target, [taps, channels]."""
        return product(self.moments, self.target)

    def errors(self, channels: NDArray[np.intp], scale: Floats, integers: Floats) -> Floats:
        """``e' A e`` of the weights ``integers * scale`` ([taps, n], [n]) of ``channels`` [n]."""
        rest = self.target[:, channels] - integers * scale
        force = self.pull[:, channels] - multiply(self.moments, integers) * scale
        return np.asarray((rest * force).sum(axis=0))


@dataclass(frozen=True, eq=False)
class Rounder:
    """Rounds the channels of a problem for given scales.

    Attributes:
        problem: the problem.
        grid: the integers there are.
        factor: ``R[t,s] / R[t,t]`` on a grid, taps in reverse order, [taps, taps].
        wanted: ``factor`` times the target, [taps, channels].
        pivots: ``R[t,t]``, [taps].
        reverse: the taps in reverse order.
    """

    problem: Problem
    grid: Grid
    factor: Floats
    wanted: Floats
    pivots: Floats
    reverse: NDArray[np.intp]

    @classmethod
    def make(cls, problem: Problem, grid: Grid) -> Rounder:
        """Factorises the moments once for all scales.

        Raises:
            SingularError: they are not positive definite.
        """
        reverse = problem.order[::-1]
        lower = cholesky(problem.moments[np.ix_(reverse, reverse)])
        pivots = lower.diagonal().copy()
        lower /= pivots
        factor = on_grid(lower.T, _bits(len(lower)), axis=1)
        return cls(problem, grid, factor, product(factor, problem.target[reverse]), pivots, reverse)

    def feed_back(self, channels: NDArray[np.intp], scale: Floats) -> tuple[Floats, Floats]:
        """Integers [taps, n] of ``channels`` [n] for steps of the real value ``scale`` [n], and their errors [n]."""
        wanted = self.wanted[:, channels] / scale
        taps = len(wanted)
        integers = np.empty_like(wanted)
        total = np.zeros(len(channels))
        for stop in range(taps, 0, -TAPS):
            start = max(0, stop - TAPS)
            wanted[start:stop] -= multiply(self.factor[start:stop, stop:], integers[stop:])
            for t in range(stop - 1, start - 1, -1):
                wanted[t] -= multiply(self.factor[t, t + 1 : stop], integers[t + 1 : stop])
                integers[t] = self.grid.nearest(wanted[t])
                total += np.square((wanted[t] - integers[t]) * (self.pivots[t] * scale))
        result = np.empty_like(integers)
        result[self.reverse] = integers
        return result, total

    def revisit(self, channels: NDArray[np.intp], scale: Floats, integers: Floats) -> Floats:
        """Every tap rounded once more, in order, with all others fixed; the error does not grow."""
        moments, pull = self.problem.moments, self.problem.pull
        integers = integers.copy()
        for start in range(0, len(self.problem.order), TAPS):
            rows = self.problem.order[start : start + TAPS]
            among = moments[np.ix_(rows, rows)]
            force = pull[np.ix_(rows, channels)] / scale - multiply(moments[rows], integers)
            for i, t in enumerate(rows):
                best = self.grid.nearest(integers[t] + force[i] / among[i, i])
                force += np.multiply.outer(among[:, i], integers[t] - best)
                integers[t] = best
        return integers

    def fit_scale(self, channels: NDArray[np.intp], scale: Floats, integers: Floats, sharing: int = 1) -> Floats:
        """The scale of smallest error for ``integers``, one for so many successive channels; ``scale`` without one."""
        square = (integers * multiply(self.problem.moments, integers)).sum(axis=0).reshape(-1, sharing).sum(axis=1)
        along = (integers * self.problem.pull[:, channels]).sum(axis=0).reshape(-1, sharing).sum(axis=1)
        good = (square > 0) & (along > LEAST_WEIGHT * square)
        return np.where(np.repeat(good, sharing), np.repeat(along / np.where(good, square, 1.0), sharing), scale)


def round_weights(
    problem: Problem, grid: Grid, scales: Floats, *, shared: bool = False, free: bool = True, sweeps: int = 2
) -> tuple[Ints, Floats]:
    """Integers [taps, channels] and the real value [channels] of one step that give a small output error.

    The best few candidate scales of the first pass are carried to the end, and the best result is taken.

    Args:
        problem: what to round.
        grid: the integers there are.
        scales: candidates for one step, [candidates, channels].
        shared: one step for all channels together instead of one for each.
        free: steps need not be candidates; the best one for the integers found is fitted.
        sweeps: how often all taps are revisited.
    """
    rounder = Rounder.make(problem, grid)
    channels = problem.target.shape[1]
    width = channels if shared else max(1, COLUMNS // len(scales))
    everything = np.arange(channels)
    integers = np.empty_like(problem.target)
    scale = np.empty(channels)

    def work(start: int) -> None:
        part = slice(start, start + width)
        integers[:, part], scale[part] = _best(rounder, everything[part], scales[:, part], shared, free, sweeps)

    in_threads(work, range(0, channels, width))
    return integers.astype(np.int64), scale


def _best(
    rounder: Rounder, channels: NDArray[np.intp], scales: Floats, shared: bool, free: bool, sweeps: int
) -> tuple[Floats, Floats]:
    many, flat = np.tile(channels, len(scales)), scales.ravel()
    integers, errors = rounder.feed_back(many, flat)
    finalists = _ranked(errors.reshape(scales.shape), shared)[:FINALISTS]
    chosen = (finalists * len(channels) + np.arange(len(channels))).ravel()
    many, integers, flat = many[chosen], integers[:, chosen], flat[chosen]
    for _ in range(sweeps):
        if free:
            flat = rounder.fit_scale(many, flat, integers, len(channels) if shared else 1)
        integers = rounder.revisit(many, flat, integers)
    errors = rounder.problem.errors(many, flat, integers)
    winners = _ranked(errors.reshape(finalists.shape), shared)[0] * len(channels) + np.arange(len(channels))
    return integers[:, winners], flat[winners]


def _bits(taps: int) -> int:
    """Of the grids beside the integers of so many taps."""
    return bits_beside(LARGEST, taps)


def _ranked(errors: Floats, shared: bool) -> NDArray[np.intp]:
    """Candidates [candidates, channels], the best ones first; the same in all channels where they share one."""
    if shared:
        errors = np.broadcast_to(errors.sum(axis=1, keepdims=True), errors.shape)
    return np.argsort(errors, axis=0, kind="stable")

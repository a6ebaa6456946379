"""Rounding weights one after the other, each making up for the errors of those before it.

For one output channel, let ``e`` be real weight minus rounded weight for every tap and ``A`` the second moments of the
inputs. The mean squared error of the output is ``e' A e``. With the Cholesky factor ``A = R' R`` this is a sum of one
square per row,

    R[t,t]**2 * (e[t] + sum over s > t of R[t,s] / R[t,t] * e[s])**2 ,

so, going from the last tap to the first, the best choice for tap ``t`` given the later ones is to round
``w[t] + sum R[t,s] / R[t,t] * e[s]``. That is what optimal brain quantisation (OBQ, GPTQ) does with the inverse of
``A``; this form needs no inverse. Afterwards every tap is revisited with all others fixed, which can only improve.

The same factor gives the weights ``w`` themselves, where the problem is told by ``A w``; and ``R w`` comes on the way.

``A`` and ``R`` lie on grids on which their products with the rounded weights' integers are exact, and everything else
is done value by value or by ``hlsq.emulate.products``: the integers found are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.products import bits_beside, multiply, on_grid, product
from hlsq.schemes.grids import Grid
from hlsq.schemes.linear_systems import cholesky, solve_lower, solve_upper
from hlsq.schemes.threads import in_threads
from hlsq.schemes.weights import LEAST_WEIGHT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Indices = NDArray[np.intp]

FINALISTS = 8
"""Candidate scales of a channel that are revisited first, the better half at most; then half of those, and so on."""
LAST = 2
"""So many of them are revisited to the end."""
TAPS = 64
"""Taps between matrix products: inside, single rows are updated."""
LARGEST = np.array(2**8)
"""The largest change of one of the integers of all grids."""
COLUMNS = 1024
"""Channels times candidate scales that one thread rounds together; bounds the memory."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Weights to round, and how much each error counts.

    Attributes:
        moments: second moments ``A`` of the inputs, damped and so positive definite, [taps, taps]; on the grid that
            ``on_exact_grid`` gives.
        pull: ``A`` times the real weights that would be best, [taps, channels].
        order: taps in the order in which they are rounded; the first ones have the most others to correct them.
    """

    moments: Floats
    pull: Floats
    order: Indices

    @classmethod
    def of(cls, target: Floats, moments: Floats, order: Indices) -> Problem:
        """The problem of rounding the weights ``target`` [taps, channels]."""
        moments = on_exact_grid(moments)
        return cls(moments, product(moments, target), order)


def on_exact_grid(moments: Floats) -> Floats:
    """``moments`` [taps, taps] on the grid on which their products with integers of weights are exact."""
    return on_grid(moments, bits_beside(LARGEST, len(moments)))


@dataclass(eq=False)
class Rounded:
    """Integers that were found, for some channels and one scale for each of them.

    Attributes:
        channels: of the problem, [n]; one may be there several times, with other scales.
        scale: the real value of one step, [n].
        integers: in reverse order of the taps, [taps, n].
        sums: ``A`` times the integers, in that order, [n, taps].
    """

    channels: Indices
    scale: Floats
    integers: Floats
    sums: Floats

    def take(self, chosen: Indices) -> Rounded:
        """Some of them."""
        return Rounded(self.channels[chosen], self.scale[chosen], self.integers[:, chosen], self.sums[chosen])


@dataclass(frozen=True, eq=False)
class Rounder:
    """Rounds the channels of a problem for given scales. Inside, taps are in reverse order.

    Attributes:
        grid: the integers there are.
        target: real weights that would be best, in the problem's order, [taps, channels].
        reverse: the taps in reverse order.
        moments: ``A``, [taps, taps].
        pull: ``A`` times the target, [taps, channels].
        factor: ``R[t,s] / R[t,t]`` on a grid, [taps, taps].
        wanted: ``factor`` times the target, [taps, channels].
        pivots: ``R[t,t]``, [taps].
    """

    grid: Grid
    target: Floats
    reverse: Indices
    moments: Floats
    pull: Floats
    factor: Floats
    wanted: Floats
    pivots: Floats

    @classmethod
    def make(cls, problem: Problem, grid: Grid) -> Rounder:
        """Factorises the moments once for all scales, and solves for the target.

        Raises:
            SingularError: they are not positive definite.
        """
        reverse = problem.order[::-1]
        moments, pull = problem.moments[np.ix_(reverse, reverse)], problem.pull[reverse]
        lower = cholesky(moments)
        half = solve_lower(lower, pull)
        target = np.empty_like(pull)
        target[reverse] = solve_upper(lower, half)
        pivots = lower.diagonal().copy()
        lower /= pivots
        factor = on_grid(lower.T, bits_beside(LARGEST, len(lower)), axis=1)
        return cls(grid, target, reverse, moments, pull, factor, half / pivots[:, None], pivots)

    @property
    def _blocks(self) -> Iterator[slice]:
        """Successive taps from the last to the first."""
        taps = len(self.reverse)
        return (slice(max(0, stop - TAPS), stop) for stop in range(taps, 0, -TAPS))

    def feed_back(self, channels: Indices, scale: Floats) -> tuple[Floats, Floats]:
        """Integers [taps, n] of ``channels`` [n] for steps of the real value ``scale`` [n], and their errors [n]."""
        wanted = self.wanted[:, channels] / scale
        integers = np.empty_like(wanted)
        total = np.zeros(len(channels))
        for block in self._blocks:
            start, stop = block.start, block.stop
            rest = wanted[block]
            rest -= multiply(self.factor[block, stop:], integers[stop:])
            for t in range(stop - 1, start - 1, -1):
                rest[t - start] -= multiply(self.factor[t, t + 1 : stop], integers[t + 1 : stop])
                integers[t] = self.grid.nearest(rest[t - start])
            rest -= integers[block]
            rest *= self.pivots[block, None]
            total += np.square(rest, out=rest).sum(axis=0)
        return integers, total * np.square(scale)

    def rounded(self, channels: Indices, scale: Floats, integers: Floats) -> Rounded:
        """``integers`` [taps, n] that ``feed_back`` gave."""
        return Rounded(channels, scale, integers, multiply(integers.T, self.moments))

    def revisit(self, found: Rounded) -> None:
        """Every tap rounded once more, in order, with all others fixed; the error does not grow."""
        for block in self._blocks:
            integers, among = found.integers[block], self.moments[block, block]
            force = self.pull[block][:, found.channels] / found.scale - found.sums[:, block].T
            change = np.empty_like(force)
            for t in range(len(integers) - 1, -1, -1):
                force[t] -= multiply(among[t, t + 1 :], change[t + 1 :])
                best = self.grid.nearest(integers[t] + force[t] / among[t, t])
                np.subtract(best, integers[t], out=change[t])
                integers[t] = best
            changed = np.flatnonzero(change.any(axis=0))
            found.sums[changed] += multiply(change[:, changed].T, self.moments[block])

    def fit_scale(self, found: Rounded, sharing: int = 1) -> None:
        """The scale of smallest error for the integers, one for so many successive channels; the same without one."""
        square, along = (part.reshape(-1, sharing).sum(axis=1) for part in self._products(found))
        good = (square > 0) & (along > LEAST_WEIGHT * square)
        best = np.repeat(along / np.where(good, square, 1.0), sharing)
        found.scale = np.where(np.repeat(good, sharing), best, found.scale)

    def errors(self, found: Rounded) -> Floats:
        """``e' A e`` less what does not depend on the integers, ``w' A w``, [n]."""
        square, along = self._products(found)
        return found.scale * (found.scale * square - 2 * along)

    def _products(self, found: Rounded) -> tuple[Floats, Floats]:
        """``q' A q`` and ``q' A w`` of the integers ``q``, [n]."""
        square, along = np.zeros((2, len(found.channels)))
        for block in self._blocks:
            integers = found.integers[block]
            square += (integers * found.sums[:, block].T).sum(axis=0)
            along += (integers * self.pull[block][:, found.channels]).sum(axis=0)
        return square, along


def round_weights(
    rounder: Rounder, scales: Floats, *, shared: bool = False, free: bool = True, sweeps: int = 2
) -> tuple[Ints, Floats]:
    """Integers [taps, channels] and the real value [channels] of one step that give a small output error.

    The best few candidate scales of the first pass are revisited, fewer each time, and the best result is taken.

    Args:
        rounder: of the problem.
        scales: candidates for one step, [candidates, channels].
        shared: one step for all channels together instead of one for each.
        free: steps need not be candidates; the best one for the integers found is fitted.
        sweeps: how often all taps are revisited.
    """
    taps, channels = rounder.target.shape
    width = channels if shared else max(1, COLUMNS // len(scales))
    everything = np.arange(channels)
    integers = np.empty((taps, channels), dtype=np.int64)
    scale = np.empty(channels)

    def work(start: int) -> None:
        part = slice(start, start + width)
        integers[rounder.reverse, part], scale[part] = _best(
            rounder, everything[part], scales[:, part], shared, free, sweeps
        )

    in_threads(work, range(0, channels, width))
    return integers, scale


def _best(
    rounder: Rounder, channels: Indices, scales: Floats, shared: bool, free: bool, sweeps: int
) -> tuple[Floats, Floats]:
    many, flat = np.tile(channels, len(scales)), scales.ravel()
    integers, errors = rounder.feed_back(many, flat)
    first = max(LAST, min(len(scales) // 2, FINALISTS))
    chosen = _ranked(errors.reshape(scales.shape), shared, first)
    found = rounder.rounded(many[chosen], flat[chosen], integers[:, chosen])
    for _ in range(sweeps):
        if free:
            rounder.fit_scale(found, len(channels) if shared else 1)
        rounder.revisit(found)
        left = len(found.channels) // len(channels)
        if left > LAST:
            found = found.take(_ranked(rounder.errors(found).reshape(left, -1), shared, max(LAST, left // 2)))
    chosen = _ranked(rounder.errors(found).reshape(-1, len(channels)), shared, 1)
    return found.integers[:, chosen], found.scale[chosen]


def _ranked(errors: Floats, shared: bool, count: int) -> Indices:
    """Places of so many of the best candidates among ``errors`` [candidates, channels], flat.

    The same ones in all channels where they share a step.
    """
    if shared:
        errors = np.broadcast_to(errors.sum(axis=1, keepdims=True), errors.shape)
    best = np.argsort(errors, axis=0, kind="stable")[:count]
    return np.asarray((best * errors.shape[1] + np.arange(errors.shape[1])).ravel())

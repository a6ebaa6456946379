"""Extremes and histogram."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hlsq.calibration import StatsBuilder, TensorStats
from hlsq.calibration.stats import BINS
from hlsq.errors import CalibrationError

floats = (
    st.floats(-(2.0**100), 2.0**100, width=32)
    | st.floats(-2.0, 2.0, width=32)
    | st.sampled_from([0.0, -0.0, 1.0, -1.0])
)
arrays = hnp.arrays(np.float32, st.integers(1, 40), elements=floats)


def stats_of(*batches: np.ndarray) -> TensorStats:
    builder = StatsBuilder()
    for batch in batches:
        builder.add(batch)
    return builder.finish()


def same(a: TensorStats, b: TensorStats) -> bool:
    numbers = ("minimum", "maximum", "count", "zeros", "exponent")
    return all(getattr(a, n) == getattr(b, n) for n in numbers) and np.array_equal(a.counts, b.counts)


@given(arrays, st.lists(st.integers(0, 40), max_size=4), st.randoms())
def test_neither_order_nor_batches_matter(x: np.ndarray, cuts: list[int], random: object) -> None:
    shuffled = x.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert same(stats_of(*np.split(shuffled, sorted(c % len(x) for c in cuts))), stats_of(x))


@given(arrays)
def test_every_value_lies_in_its_bin(x: np.ndarray) -> None:
    stats = stats_of(x)
    assert (stats.minimum, stats.maximum, stats.count) == (x.min(), x.max(), x.size)
    assert stats.zeros == np.count_nonzero(x == 0)
    nonzero = x[x != 0].astype(np.float64)
    expected = np.zeros(2 * BINS, dtype=np.int64)
    for value in nonzero:
        expected[int(np.floor(value / stats.bin_width)) + BINS] += 1
    assert np.array_equal(stats.counts, expected)
    if nonzero.size:
        peak = np.abs(nonzero).max()
        assert BINS / 2 * stats.bin_width <= peak < BINS * stats.bin_width


def test_memory_is_constant() -> None:
    builder = StatsBuilder()
    rng = np.random.default_rng(0)
    for _ in range(50):
        builder.add(rng.normal(size=1000))
    stats = builder.finish()
    assert stats.counts.nbytes == 2 * BINS * 8
    assert stats.count == stats.counts.sum() == 50_000


def test_centres_lie_within_the_extremes() -> None:
    values, counts = stats_of(np.array([0.25, 0.0, 1.0, 1.0, -3.0])).filled()
    assert counts.tolist() == [1, 1, 2]
    assert values[0] == pytest.approx(-3.0, rel=1e-3)
    assert values.min() >= -3
    assert values.max() <= 1


def test_nothing_and_not_finite() -> None:
    with pytest.raises(CalibrationError, match="no values"):
        stats_of(np.zeros(0))
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(CalibrationError, match="1 of 2 values are NaN or infinite"):
            stats_of(np.array([1.0, bad]))

"""The four ways to choose a range."""

import numpy as np
import pytest

from hlsq.calibration import Target, TensorStats, affine_target, choose_range, fixed_target, get_method
from hlsq.calibration.entropy import divergence
from hlsq.calibration.mse import squared_error
from hlsq.errors import OptionError
from hlsq.formats import Affine, FixedPoint, Format

RNG = np.random.default_rng(7)
BELL = RNG.normal(size=200_000)
OUTLIERS = np.concatenate([BELL, [40.0, -30.0]])
RELU = np.maximum(OUTLIERS, 0)
UNIFORM = RNG.uniform(-1, 3, size=100_000)


def stats_of(values: np.ndarray) -> TensorStats:
    from hlsq.calibration import StatsBuilder

    builder = StatsBuilder()
    builder.add(values)
    return builder.finish()


def error(fmt: Format, values: np.ndarray) -> float:
    return float(np.square(fmt.fake_quantize(values) - values).mean())


@pytest.mark.parametrize("values", [BELL, OUTLIERS, RELU])
def test_minmax_is_the_extremes(values: np.ndarray) -> None:
    assert choose_range(stats_of(values)) == (values.min(), values.max())


@pytest.mark.parametrize("values", [BELL, OUTLIERS, RELU, UNIFORM])
@pytest.mark.parametrize("p", [99.99, 99.0, 90.0])
def test_percentile(values: np.ndarray, p: float) -> None:
    stats = stats_of(values)
    lo, hi = choose_range(stats, "percentile", options={"p": p})
    spacing = 2 * stats.bin_width + 0.02 * (p > 99.9)  # sparse tails: the next value may be further away than a bin
    assert lo == pytest.approx(np.percentile(values, 100 - p), abs=spacing)
    assert hi == pytest.approx(np.percentile(values, p), abs=spacing)


def test_percentile_of_100_is_the_full_range() -> None:
    assert choose_range(stats_of(OUTLIERS), "percentile", options={"p": 100}) == (OUTLIERS.min(), OUTLIERS.max())


@pytest.mark.parametrize("values", [BELL, OUTLIERS, RELU, UNIFORM])
@pytest.mark.parametrize("target", [affine_target(8), affine_target(4), fixed_target(8), fixed_target(3)])
def test_mse_beats_the_extremes_and_nearly_every_other_range(values: np.ndarray, target: Target) -> None:
    stats = stats_of(values)
    chosen = error(target(*choose_range(stats, "mse", target)), values)
    assert chosen <= error(target(*choose_range(stats)), values) * 1.001
    best = min(error(target(values.min() * f, values.max() * f), values) for f in np.geomspace(1, 1 / 64, 50))
    assert chosen <= best * 1.03


@pytest.mark.parametrize("width", [8, 12, 16])
def test_mse_estimate_from_the_histogram(width: int) -> None:
    """Also where the step is finer than the histogram's bins."""
    stats = stats_of(BELL)
    fmt = affine_target(width)(-3.0, 3.0)
    estimate = squared_error(fmt, *stats.filled(), stats.bin_width) / stats.count
    assert estimate == pytest.approx(error(fmt, BELL), rel=0.02)


def test_mse_keeps_values_that_the_full_range_holds_exactly() -> None:
    levels = np.repeat(np.arange(256) / 255, 100)
    assert choose_range(stats_of(levels), "mse") == (0, 1)
    assert choose_range(stats_of(levels), "entropy") == (0, 1)


@pytest.mark.parametrize("target", [affine_target(8), fixed_target(8)])
def test_entropy_drops_outliers(target: Target) -> None:
    lo, hi = choose_range(stats_of(OUTLIERS), "entropy", target)
    assert -12 < lo < -2.5
    assert 3 < hi < 16
    lo, hi = choose_range(stats_of(RELU), "entropy", target)
    assert lo == 0
    assert 2.5 < hi < 16


def test_entropy_keeps_a_uniform_range() -> None:
    lo, hi = choose_range(stats_of(UNIFORM), "entropy")
    assert lo < -0.9
    assert hi > 2.7


def test_entropy_is_not_caught_by_a_constant_background() -> None:
    image = np.concatenate([np.full(90_000, 0.02), RNG.uniform(0, 1, 10_000)])
    assert choose_range(stats_of(image), "entropy")[1] > 0.85
    assert choose_range(stats_of(image), "entropy", options={"keep": 0.6})[1] < 0.1


def test_divergence_by_hand() -> None:
    """Four bins in two levels: P = [1, 3, 2, 2 + 4 outside] / 12, Q = [2, 2, 2, 2] / 8."""
    values, counts = np.array([0.6, 1.4, 1.6, 2.4, 9.0]), np.array([1.0, 3.0, 2.0, 2.0, 4.0])
    fmt = Affine(2, 1.0, symmetric=False, signed=False)  # 0, 1, 2, 3
    inside = np.array([1, 3, 2, 6]) / 12
    assert divergence(fmt, values, counts) == pytest.approx(float(np.sum(inside * np.log(inside / 0.25))))
    assert divergence(fmt, values, counts, keep=0.7) == np.inf
    assert divergence(Affine(2, 0.1, signed=False), values, counts) == np.inf


@pytest.mark.parametrize("method", ["minmax", "percentile", "mse", "entropy"])
@pytest.mark.parametrize("target", [affine_target(8), affine_target(1), fixed_target(8), fixed_target(1)])
def test_constant_tensors(method: str, target: Target) -> None:
    for constant in (0.0, 5.0, -5.0, 1e-30):
        lo, hi = choose_range(stats_of(np.full(10, constant, dtype=np.float32)), method, target)
        fmt = target(lo, hi)
        assert np.isfinite(fmt.step).all()


def test_affine_target() -> None:
    """DoubleQ eq. 2-3; a range that is never negative is unsigned with zero point 0."""
    assert affine_target(8)(0.0, 2.55) == Affine(8, 2.55 / 255, 0, signed=False)
    assert affine_target(8)(0.5, 2.55) == Affine(8, 2.55 / 255, 0, signed=False)
    assert affine_target(8)(-1.0, 2.0) == Affine(8, 3.0 / 255, -43)
    assert affine_target(8)(-3.0, -1.0) == Affine(8, 3.0 / 255, 127)
    assert affine_target(8)(0.0, 0.0) == Affine(8, 1.0 / 255, 0, signed=False)


@pytest.mark.parametrize(("lo", "hi"), [(-0.1, 7.3), (-7.3, 0.1), (-1e-9, 1.0), (-5.0, 5.0), (0.0, 1e-20)])
def test_affine_target_holds_zero_exactly_and_the_range_within_a_step(lo: float, hi: float) -> None:
    fmt = affine_target(8)(lo, hi)
    assert fmt.fake_quantize(0.0) == 0.0
    for value in (lo, hi):
        assert abs(float(fmt.fake_quantize(value)) - value) <= float(fmt.step) * 0.5001


def test_fixed_target() -> None:
    """He et al. eq. 1: the fraction length is the width less integer bits and sign."""
    assert fixed_target(8)(-1.0, 1.253).frac == 6  # type: ignore[attr-defined]
    assert fixed_target(8)(0.0, 3.99) == FixedPoint(8, 6, signed=False, rounding="half_up")  # type: ignore[arg-type]
    assert fixed_target(8, unsigned=False)(0.0, 3.99).frac == 5  # type: ignore[attr-defined]
    assert fixed_target(8)(0.0, 4.0).frac == 5  # type: ignore[attr-defined]
    assert fixed_target(8)(0.0, 0.01).frac == 14  # type: ignore[attr-defined]
    assert fixed_target(4)(-1000.0, 0.0).frac == -7  # type: ignore[attr-defined]
    assert fixed_target(8)(0.0, 0.0).frac == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("max", {}, "calibration method: 'max' is unknown; valid: entropy, minmax, mse, percentile"),
        ("percentile", {"q": 99}, "'percentile', option: 'q' is unknown; valid: p"),
        ("minmax", {"p": 99}, "'minmax', option: 'p' is unknown; valid: none"),
        ("percentile", {"p": 50}, "p is 50; allowed: above 50, at most 100"),
        ("percentile", {"p": 101}, "p is 101"),
        ("percentile", {"p": "99"}, "p is '99'"),
        ("percentile", {"p": float("nan")}, "p is nan"),
        ("entropy", {"keep": 1.5}, "keep is 1.5; allowed: above 0.5, at most 1"),
    ],
)
def test_wrong_options(method: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        get_method(method, options)
    with pytest.raises(OptionError, match=message):
        choose_range(stats_of(BELL[:10]), method, options=options)

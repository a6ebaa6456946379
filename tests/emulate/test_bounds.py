"""Layers driven to the bounds at which the emulator changes its arithmetic, compared with Python integers."""

import numpy as np
import pytest
from networks import NetworkBuilder
from plain import run_plain

from hlsq.emulate.emulator import Emulator
from hlsq.emulate.exact import carrier
from hlsq.emulate.integers import IntegerStage, requantise
from hlsq.emulate.requantise import FloatRequant, stage_for
from hlsq.emulate.single import _agrees, single_factors, staircase, step_edges
from hlsq.errors import QuantizationError
from hlsq.formats import Affine, FixedPoint, Rounding
from hlsq.graph import Activation, DyadicRequant, Graph, Interval, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Dense
from hlsq.plan import BlockPlan, Plan


def dense(weights: np.ndarray, bias: np.ndarray | None = None) -> QuantizedGraph:
    """A dense layer whose integers are exactly ``weights`` and ``bias``."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (len(weights),), FixedPoint(8, 0, signed=False))
    plan = BlockPlan(weight=FixedPoint(32, 0))
    b.add("y", Dense(), ["x"], kernel=weights.astype(float), bias=bias, plan=plan)
    return quantize_graph(*b.build(["y"]))


@pytest.mark.parametrize(
    ("bound", "expected"),
    [(2**24, "float32"), (2**24 + 1, "float64"), (2**53, "float64"), (2**53 + 1, "int64"), (2**60, "int64")],
)
def test_carrier_at_its_bound(bound: int, expected: str) -> None:
    assert carrier(Interval(0, bound)).name == expected
    assert carrier(Interval(-bound, 3)).name == expected


@pytest.mark.parametrize(
    ("total", "dtype"),
    [(2**24, "float32"), (2**24 + 255, "float64"), (2**33, "float64"), (2**53, "float64"), (2**53 + 255, "int64")],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_layer_at_its_largest_sum(total: int, dtype: str, sign: int) -> None:
    """All inputs 255, weights that add up to ``total / 255`` in awkward portions, and a bias for the remainder."""
    share, remainder = divmod(total, 255)
    rng = np.random.default_rng(1)
    cuts = np.sort(rng.integers(0, share, 63)) if share > 63 * 2 else np.arange(1, 64)
    weights = np.diff([0, *cuts.tolist(), share]).reshape(64, 1)
    while np.abs(weights).max() >= 2**31:  # split what a 32-bit weight cannot hold
        weights = np.concatenate([weights // 2, weights - weights // 2])
    graph = dense(sign * weights, np.asarray([float(sign * remainder)]))
    block = graph.by_name["y"]
    assert max(block.accumulator.hi, -block.accumulator.lo) == total
    emulator = Emulator(graph)
    assert emulator.steps[0].dtype.name == dtype
    rows = np.stack([np.full(len(weights), 255.0), np.zeros(len(weights)), rng.integers(0, 256, len(weights))])
    outputs = emulator.run(rows).outputs["y"]
    expected = [
        [sign * (sum(int(a) * int(w) for a, w in zip(row, weights[:, 0], strict=True)) + remainder)] for row in rows
    ]
    assert outputs.tolist() == expected
    assert outputs[0, 0] == sign * total


def test_float32_would_be_wrong_beyond_its_bound() -> None:
    """The case that the carrier guards against: one more, and float32 loses the last bit."""
    weights = np.asarray([[65793], [65793], [1]])
    graph = dense(weights)
    assert carrier(graph.by_name["y"].accumulator).name == "float64"
    row = np.asarray([[255.0, 255.0, 1.0]])
    exact = 2 * 255 * 65793 + 1
    assert Emulator(graph).run(row).outputs["y"][0, 0] == exact
    assert int((row.astype(np.float32) @ weights.astype(np.float32))[0, 0]) != exact


@pytest.mark.parametrize("width", [8, 16])
@pytest.mark.parametrize("relu", [True, False])
def test_requantisation_beyond_float64_uses_integers(width: int, relu: bool) -> None:
    b = NetworkBuilder(np.random.default_rng(2))
    b.input("x", (9, 9, 3), FixedPoint(16, 0))
    plan = BlockPlan(weight=FixedPoint(16, 0), output=Affine(width, 3.3e5 if width == 16 else 9.1e7, signed=not relu))
    kernel = b.rng.integers(-(2**15), 2**15, (3, 3, 3, 4)).astype(float)
    activation = Activation(relu=relu)
    b.add("y", Conv2D(), ["x"], kernel=kernel, bias=b.rng.normal(size=4) * 1e9, activation=activation, plan=plan)
    graph = quantize_graph(*b.build(["y"]))
    block = graph.by_name["y"]
    stage = stage_for(block, carrier(block.accumulator), carrier(block.interval))
    assert isinstance(stage, (IntegerStage, FloatRequant))
    x = np.random.default_rng(3).integers(-(2**15), 2**15, (3, 9, 9, 3)).astype(float)
    x[0] = 2**15 - 1
    x[1] = -(2**15)
    result = Emulator(graph).run(x).outputs["y"]
    for sample in range(3):
        expected = run_plain(graph, {"x": x[sample].astype(np.int64)})["y"]
        assert np.array_equal(result[sample], expected.astype(np.int64))


def test_what_does_not_fit_62_bits_is_refused() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4,), FixedPoint(32, 0))
    b.add("wide", Dense(), ["x"], kernel=np.full((4, 1), 2.0**31 - 1), plan=BlockPlan(weight=FixedPoint(33, 0)))
    graph, plan = b.build(["wide"])
    with pytest.raises(QuantizationError, match=r"layer 'wide': .*more than 62 bits"):
        quantize_graph(graph, plan)


def _conv() -> tuple[Graph, Plan]:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (8, 8, 2), Affine(8, 0.1, 7))
    plan = BlockPlan(weight=Affine(8, 0.1), output=Affine(8, 0.5))
    b.add("y", Conv2D((1, 1), (1, 1, 1, 1)), ["x"], kernel=b.kernel(3, 3, 2, 5), plan=plan)
    return b.build(["y"])


@pytest.mark.parametrize(("batch_size", "threads"), [(1, 1), (3, 2), (64, 1), (5, None)])
def test_batches_and_threads_do_not_matter(batch_size: int, threads: int | None) -> None:
    graph = quantize_graph(*_conv())
    x = np.random.default_rng(1).normal(size=(33, 8, 8, 2)) * 5
    expected = Emulator(graph).run(x).outputs["y"]
    assert np.array_equal(Emulator(graph, batch_size, threads).run(x).outputs["y"], expected)


def test_memory_does_not_grow_with_the_number_of_samples() -> None:
    import tracemalloc

    graph = quantize_graph(*_conv())
    peaks = []
    for samples in (64, 1024):
        x = np.zeros((samples, 8, 8, 2), dtype=np.float32)
        emulator = Emulator(graph, threads=1)
        emulator.run(x[:8])
        tracemalloc.start()
        result = emulator.run(x)
        peaks.append(tracemalloc.get_traced_memory()[1] - sum(v.nbytes for v in result.outputs.values()))
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 100_000


def test_quantising_takes_no_memory_beside_its_result() -> None:
    import tracemalloc

    emulator = Emulator(quantize_graph(*_conv()))
    x = np.random.default_rng(0).normal(size=(4096, 8, 8, 2)).astype(np.float32)
    tracemalloc.start()
    found = emulator.quantize_inputs(x)["x"]
    beside = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    assert beside < x.nbytes / 10
    assert np.array_equal(found, emulator.graph.inputs[0].format.quantize(x))


def test_the_progress_bar_is_for_terminals(capfd: pytest.CaptureFixture[str]) -> None:
    graph = quantize_graph(*_conv())
    x = np.zeros((40, 8, 8, 2))
    Emulator(graph).run(x)
    assert capfd.readouterr().err == ""
    assert Emulator(graph, threads=1).run(x, progress=True).outputs["y"].shape == (40, 8, 8, 5)


@pytest.mark.parametrize("seed", range(40))
def test_float32_requantisation_is_exact_wherever_it_is_used(seed: int) -> None:
    """Every single accumulator value, against the integer arithmetic, for random multipliers, shifts and bounds."""
    rng = np.random.default_rng(seed)
    shifts = [int(v) for v in rng.integers(16, 26, 3)]
    requant = DyadicRequant(
        multiplier=tuple(int(v) for v in rng.integers(2**13, 2**16, 3)),
        shift=tuple(shifts),
        rounding=[Rounding.HALF_EVEN, Rounding.HALF_UP][seed % 2],
        zero_point=int(rng.integers(-20, 20)),
        lo=-int(rng.integers(0, 128)),
        hi=int(rng.integers(1, 256)),
    )
    scaled = Interval(-int(rng.integers(0, 60_000)), int(rng.integers(1, 60_000)))
    factors = single_factors(requant, scaled)
    if factors is None:
        pytest.skip("no float32 factor is exact here, so float64 is used")
    t = np.repeat(np.arange(scaled.lo, scaled.hi + 1)[:, None], 3, axis=1)
    assert np.array_equal(staircase(requant, t.astype(np.float32), factors), requantise(requant, t))


def test_float32_factors_that_are_wrong_are_found_out() -> None:
    requant = DyadicRequant((40503,), (24,), Rounding.HALF_EVEN, 0, 0, 255)
    scaled = Interval(-100_000, 100_000)
    factors = single_factors(requant, scaled)
    assert factors is not None
    t = np.arange(scaled.lo, scaled.hi + 1)[:, None]
    off = staircase(requant, t.astype(np.float32), factors * np.float32(1.0001))
    assert not np.array_equal(off, requantise(requant, t))
    assert not _agrees(requant, factors * np.float32(1.0001), step_edges(requant, scaled), scaled).any()

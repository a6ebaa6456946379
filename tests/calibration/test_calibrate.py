"""Running networks on samples."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from hlsq.calibration import Calibration, calibrate
from hlsq.emulate.real import iterate_blocks
from hlsq.errors import CalibrationError, OptionError
from hlsq.graph import Graph

DATA = np.random.default_rng(3).normal(size=(37, 6, 6, 2)).astype(np.float32)


def assert_same(a: Calibration, b: Calibration) -> None:
    assert a.samples == b.samples
    assert a.tensors.keys() == b.tensors.keys()
    for name, stats in a.tensors.items():
        other = b.tensors[name]
        assert (stats.minimum, stats.maximum, stats.zeros) == (other.minimum, other.maximum, other.zeros), name
        assert np.array_equal(stats.counts, other.counts), name


def test_statistics_are_those_of_the_forward_pass(graph: Graph) -> None:
    calibration = calibrate(graph, DATA)
    values = dict(iterate_blocks(graph, {"image": DATA}))
    assert calibration.samples == 37
    assert set(calibration.tensors) == set(values) == {"image", "conv", "mix", "pool", "fc"}
    for name, stats in calibration.tensors.items():
        assert stats.count == values[name].size
        assert stats.minimum == pytest.approx(values[name].min(), rel=1e-5)
        assert stats.maximum == pytest.approx(values[name].max(), rel=1e-5)
        assert stats.zeros == np.count_nonzero(values[name] == 0)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 36, 37, 1000])
def test_batch_size_changes_nothing(graph: Graph, batch_size: int) -> None:
    assert_same(calibrate(graph, DATA, batch_size=batch_size), calibrate(graph, DATA))


def test_order_changes_nothing_but_samples_do(graph: Graph) -> None:
    order = np.random.default_rng(0).permutation(len(DATA))
    assert_same(calibrate(graph, DATA[order], batch_size=8), calibrate(graph, DATA))
    with pytest.raises(AssertionError):
        assert_same(calibrate(graph, np.concatenate([DATA[1:], DATA[1:2]])), calibrate(graph, DATA))


def test_memory_does_not_grow_with_the_samples(graph: Graph) -> None:
    peaks = []
    for repeats in (4, 40):
        data = np.tile(DATA, (repeats, 1, 1, 1))
        calibrate(graph, data[:1])
        tracemalloc.start()
        calibrate(graph, data)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1


def test_several_inputs(two_inputs: Graph) -> None:
    rng = np.random.default_rng(2)
    left, right = rng.normal(size=(9, 3)), rng.normal(size=(9, 4))
    by_name = calibrate(two_inputs, {"right": right, "left": left})
    assert_same(by_name, calibrate(two_inputs, [left, right]))
    assert by_name.tensors["right"].maximum == np.float32(right.max())


def test_one_input_by_name_in_a_list_or_as_integers(graph: Graph) -> None:
    expected = calibrate(graph, DATA)
    assert_same(calibrate(graph, {"image": DATA}), expected)
    assert_same(calibrate(graph, [DATA]), expected)
    assert_same(calibrate(graph, DATA.tolist()), expected)
    whole = np.rint(DATA * 10)
    assert_same(calibrate(graph, whole.astype(np.int8)), calibrate(graph, whole))


def spoilt(value: float) -> np.ndarray:
    data = DATA.astype(np.float64)
    data[3, 1, 1, 1] = value
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA[0], r"input 'image' has shape \[6, 6, 2\]; expected \[samples, 6, 6, 2\]; add the axis of samples"),
        (DATA[..., :1], r"input 'image' has shape \[37, 6, 6, 1\]; expected \[samples, 6, 6, 2\]"),
        (DATA[:0], r"input 'image' has no samples; expected \[samples, 6, 6, 2\]"),
        (spoilt(np.nan), r"input 'image' has 1 values that are NaN or infinite; expected \[samples, 6, 6, 2\]"),
        (spoilt(np.inf), "1 values that are NaN or infinite"),
        (spoilt(1e39), "input 'image': 1 values of samples 0 to 36 are beyond float32"),
        (spoilt(1e37), "block '(conv|mix)', calibration samples 0 to 36: .* overflows float32"),
        ({"picture": DATA}, "inputs are named picture; the network's are image"),
        ([DATA, DATA], "image"),
        (np.full(DATA.shape, "x"), "expected numbers"),
        (None, "input 'image'"),
    ],
)
def test_unusable_samples(graph: Graph, data: object, message: str) -> None:
    if isinstance(data, np.ndarray) and data.dtype == np.float64 and np.nanmax(data) == 1e37:
        loud = replace(graph.blocks[0], kernel=graph.blocks[0].kernel * 1e3)  # type: ignore[operator]
        graph = replace(graph, blocks=(loud, *graph.blocks[1:]))
    with pytest.raises(CalibrationError, match=message):
        calibrate(graph, data)  # type: ignore[arg-type]


def test_unusable_samples_of_several_inputs(two_inputs: Graph) -> None:
    left, right = np.zeros((9, 3)), np.zeros((9, 4))
    with pytest.raises(CalibrationError, match=r"left.*right.*by name"):
        calibrate(two_inputs, left)
    with pytest.raises(CalibrationError, match=r"different numbers of samples.*'left': 9, 'right': 8"):
        calibrate(two_inputs, [left, right[:8]])
    with pytest.raises(CalibrationError, match="the network's are left, right"):
        calibrate(two_inputs, {"left": left})


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True])
def test_wrong_batch_size(graph: Graph, batch_size: object) -> None:
    with pytest.raises(OptionError, match=r"batch_size is .* from 1"):
        calibrate(graph, DATA, batch_size=batch_size)  # type: ignore[arg-type]


def test_no_progress_bar_where_stderr_is_no_terminal(graph: Graph, capfd: pytest.CaptureFixture[str]) -> None:
    calibrate(graph, DATA)
    assert capfd.readouterr() == ("", "")

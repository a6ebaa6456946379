"""Several threads with one project: each gets its own results, and what they need is compiled once."""

from __future__ import annotations

import copy
import pickle
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder
from small import small_network

import hlsq
from hlsq import toolchain
from hlsq.errors import OptionError
from hlsq.formats import FixedPoint
from hlsq.graph import Activation
from hlsq.graph.ops import Identity
from hlsq.plan import BlockPlan

pytestmark = pytest.mark.csim

THREADS = 8
ROUNDS = 12
SAMPLES = [np.random.default_rng(i).normal(size=(48, 6, 6, 2)).astype(np.float32) for i in range(THREADS)]


def at_once(work: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """The results of ``work(0)``, ``work(1)``, ..., each in a thread, all begun together."""
    together = threading.Barrier(count, timeout=60)

    def begin(number: int) -> Any:
        together.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


@pytest.fixture(scope="module", params=["io_stream", "io_parallel"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> hlsq.HardwareModel:
    folder = tmp_path_factory.mktemp("threads") / "net"
    return hlsq.convert(*small_network(), output_dir=folder, calibration=SAMPLES[0], io_type=request.param)


@pytest.mark.slow(5)
@pytest.mark.parametrize("ap_types", [False, True])
def test_each_thread_gets_its_own_results(shared: hlsq.HardwareModel, ap_types: bool) -> None:
    shared.compile(ap_types=ap_types)
    expected = [shared.emulate(x, trace=True, progress=False) for x in SAMPLES]

    def predict(number: int) -> None:
        for turn in range(ROUNDS):
            trace = turn % 2 == 1
            found = shared.predict(SAMPLES[number], raw=not trace, trace=trace, ap_types=ap_types)
            for name, values in (found if trace else {"class": found}).items():
                assert np.array_equal(values, expected[number][name]), name

    at_once(predict)


def test_samples_are_shared_among_threads_in_constant_memory(shared: hlsq.HardwareModel) -> None:
    shared.predict(SAMPLES[0])

    def peak(samples: int, threads: int | None, **what: bool) -> int:
        """Beside the samples and the results."""
        x = np.random.default_rng(1).normal(size=(samples, 6, 6, 2)).astype(np.float32)
        tracemalloc.start()
        found = shared.predict(x, threads=threads, **what)
        size = sum(values.nbytes for values in (found.values() if isinstance(found, dict) else [found]))
        used = tracemalloc.get_traced_memory()[1] - size
        tracemalloc.stop()
        expected = shared.emulate(x, progress=False, **what)
        for name, values in expected.items() if isinstance(found, dict) else [("", expected)]:
            assert np.array_equal(found[name] if name else found, values)
        return used

    for what in ({"raw": True}, {"trace": True}):
        assert peak(2048, 1, **what) < 1.2 * peak(256, 1, **what) + 50_000
    peak(100, 4)
    with pytest.raises(OptionError, match="threads is 0"):
        shared.predict(SAMPLES[0], threads=0)


@pytest.mark.slow(5)
@pytest.mark.parametrize("ap_types", [False, True])
def test_verify_beside_predict_finds_nothing(shared: hlsq.HardwareModel, ap_types: bool) -> None:
    expected = [shared.emulate(x, raw=True, progress=False) for x in SAMPLES]

    def work(number: int) -> None:
        for _ in range(ROUNDS):
            if number % 2:
                assert shared.verify(SAMPLES[number], ap_types=ap_types, progress=False).mismatches == 0
            else:
                assert np.array_equal(shared.predict(SAMPLES[number], raw=True, ap_types=ap_types), expected[number])

    at_once(work)


@pytest.mark.slow(3)
def test_hls4ml_s_predict_in_several_threads(shared: hlsq.HardwareModel) -> None:
    shared.model_graph.compile()
    expected = [shared.emulate(x, progress=False) for x in SAMPLES]

    def predict(number: int) -> None:
        real = (np.float32, np.float64)[number % 2]
        for _ in range(ROUNDS):
            found = shared.model_graph.predict(np.ascontiguousarray(SAMPLES[number], dtype=real))
            assert np.array_equal(found.astype(np.float32).reshape(-1, 3), expected[number])

    at_once(predict)


def test_what_all_threads_need_is_compiled_once(
    project: hlsq.HardwareModel, samples: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, compiler = tmp_path / "log", tmp_path / "compiler"
    compiler.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {toolchain.find_cxx()} "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("HLSQ_CXX", str(compiler))
    expected = project.emulate(samples)
    assert all(np.array_equal(found, expected) for found in at_once(lambda _: project.predict(samples)))
    assert sum("-shared" in line for line in log.read_text().splitlines()) == 1
    graphs = at_once(lambda _: project.model_graph)
    assert all(found is graphs[0] for found in graphs)


@pytest.mark.slow(8)
def test_arrays_larger_than_a_stack(tmp_path: Path) -> None:
    """In io_parallel all feature maps are arrays of the top function: 10 MB here, more than the stack of a thread."""
    b = NetworkBuilder(np.random.default_rng(3))
    last = b.input("x", (64, 64, 4), FixedPoint(32, 3))
    for i in range(80):
        plan = BlockPlan(output=FixedPoint(50 - i % 2, 4))
        last = b.add(f"b{i}", Identity(), [last], activation=Activation(relu=i % 2 == 0), plan=plan)
    hw = hlsq.convert(*b.build([last]), output_dir=tmp_path / "net", io_type="io_parallel", reuse_factor={})
    x = b.rng.normal(size=(2, 64, 64, 4))
    hw.compile()
    for found in at_once(lambda _: hw.predict(x, raw=True), 2):
        assert np.array_equal(found, hw.emulate(x, raw=True))


@pytest.mark.slow(2)
def test_a_copy_compiles_for_itself(project: hlsq.HardwareModel, samples: np.ndarray) -> None:
    """The loaded library, and who may use it, stay with the process."""
    assert project.model_graph is not None
    copied = pickle.loads(pickle.dumps(copy.deepcopy(copy.copy(project))))
    assert np.array_equal(copied.predict(samples), project.emulate(samples))

"""Calls spread over threads: in order, and with none where one call has nothing to share."""

import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from networks import quantized_network, random_inputs
from threadpoolctl import threadpool_info, threadpool_limits

from hlsq.emulate.emulator import Emulator
from hlsq.emulate.threads import one_blas_thread, spread
from hlsq.schemes.threads import in_order, in_threads


def blas_threads() -> set[int]:
    return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}


def seen(parts: int, threads: int | None, calls: int) -> tuple[list[int], set[str]]:
    """Results of ``calls`` calls, and the threads that made them."""
    names: set[str] = set()
    together = threading.Barrier(min(parts, threads or parts, calls), timeout=20)

    def work(number: int) -> int:
        names.add(threading.current_thread().name)
        together.wait()
        return number**2

    with spread(parts, threads) as each:
        return list(each(work, range(calls))), names


@pytest.mark.parametrize(("parts", "threads"), [(1, None), (1, 4), (3, 1)])
def test_one_call_at_a_time_needs_no_thread(parts: int, threads: int | None) -> None:
    results, names = seen(parts, threads, 1)
    assert results == [0]
    assert names == {threading.current_thread().name}


@pytest.mark.parametrize(("parts", "threads", "used"), [(6, 3, 3), (2, 5, 2)])
def test_threads_are_as_many_as_allowed_and_needed(parts: int, threads: int, used: int) -> None:
    """The calls wait for each other, so that fewer threads would never finish."""
    results, names = seen(parts, threads, 6)
    assert results == [0, 1, 4, 9, 16, 25]
    assert len(names) == used


@pytest.mark.parametrize("parts", [1, 2])
def test_matrix_products_have_one_core_and_then_what_they_had(parts: int) -> None:
    assert np.all(np.ones((2, 2)) @ np.ones((2, 2)) == 2)
    with threadpool_limits(limits=2, user_api="blas"):
        with spread(parts, 2) as each:
            assert list(each(lambda _: blas_threads(), range(parts))) == [{1}] * parts
        assert blas_threads() == {2}


def test_an_error_comes_out() -> None:
    def fail(number: int) -> int:
        raise ZeroDivisionError

    for parts in (1, 3):
        with pytest.raises(ZeroDivisionError), spread(parts, 2) as each:
            list(each(fail, range(parts)))


@pytest.mark.parametrize("leaving", list(itertools.permutations(range(3))))
def test_limits_of_several_threads_overlap(leaving: tuple[int, ...]) -> None:
    """Whoever leaves last, the limit holds until then, and no longer."""
    entered = threading.Barrier(4, timeout=20)
    may_leave = [threading.Event() for _ in leaving]

    def work(number: int) -> None:
        context = one_blas_thread() if number else spread(1)
        with context:
            entered.wait()
            assert may_leave[number].wait(20)

    with threadpool_limits(limits=2, user_api="blas"), ThreadPoolExecutor(3) as pool:
        running = [pool.submit(work, number) for number in range(3)]
        entered.wait()
        for number in leaving:
            assert blas_threads() == {1}
            may_leave[number].set()
            running[number].result(timeout=20)
        assert blas_threads() == {2}


def test_every_helper_shares_the_limit() -> None:
    def nested(number: int) -> int:
        with spread(2, 2) as each:
            assert list(each(lambda _: blas_threads(), range(2))) == [{1}, {1}]
        in_threads(lambda _: None, range(2))
        assert blas_threads() == {1}, "the outer one still needs it"
        return number

    with threadpool_limits(limits=2, user_api="blas"):
        results = in_order(nested, range(6))
        assert next(results) == 0
        assert blas_threads() == {1}, "of a generator that waits"
        assert list(results) == [1, 2, 3, 4, 5]
        assert blas_threads() == {2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_a_thread_that_it_has_not() -> None:
    limit = one_blas_thread()
    with limit._lock:  # type: ignore[attr-defined]
        child = os.fork()
        if not child:
            os._exit(0 if limit._lock.acquire(timeout=5) else 1)  # type: ignore[attr-defined]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_emulations_in_several_threads_leave_the_limit_as_it_was() -> None:
    emulator = Emulator(quantized_network(3))
    x = random_inputs(emulator.graph, 40)
    with threadpool_limits(limits=2, user_api="blas"):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: emulator.run(x, progress=False), range(40)))
        assert blas_threads() == {2}

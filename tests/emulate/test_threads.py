"""Calls spread over threads: in order, and with none where one call has nothing to share."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from hlsq.emulate.threads import spread


def blas_threads() -> set[int]:
    return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}


def seen(parts: int, threads: int | None, calls: int) -> tuple[list[int], set[str]]:
    """Results of ``calls`` calls, and the threads that made them."""
    names: set[str] = set()
    together = threading.Barrier(min(parts, threads or parts, calls), timeout=60)

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

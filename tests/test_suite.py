"""What the tests' own conftest promises: order, shares of the cores, and work that is done once in a run."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from once import SharedFolder
from threadpoolctl import threadpool_info

pytest_plugins = ["pytester"]

TESTS = Path(__file__).resolve().parent
MARKED = """
import pytest

def test_first():
    pass

@pytest.mark.slow(2)
def test_two_seconds():
    pass

@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_ten_seconds(number):
    pass

@pytest.mark.slow(30)
def test_thirty_seconds():
    pass

def test_last():
    pass
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test session with this conftest."""
    monkeypatch.setenv("SEEN", str(pytester.path / "seen"))
    monkeypatch.setenv("PYTHONPATH", str(TESTS / "support"))
    pytester.makeconftest((TESTS / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers =\n    slow: takes time\n    realdata: needs data\n")
    return pytester


def test_the_longest_tests_run_first(session: pytest.Pytester) -> None:
    session.makepyfile(test_marked=MARKED)
    result = session.runpytest_subprocess("--collect-only", "-q")
    order = [line.split("::")[1] for line in result.outlines if "::" in line]
    assert order == [
        *("test_thirty_seconds", "test_ten_seconds[1]", "test_ten_seconds[2]", "test_two_seconds"),
        *("test_first", "test_last"),
    ]
    session.runpytest_subprocess("-m", "not slow").assert_outcomes(passed=2, deselected=4)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.slow(3)
def test_workers_divide_the_cores(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    pytest.importorskip("xdist")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.delenv(name, raising=False)
    share = max(1, (os.cpu_count() or 1) // workers)
    session.makepyfile(
        f"""
        import os
        import numpy
        from threadpoolctl import threadpool_info

        def test_share(shared_folder):
            assert [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"] == [{share}]
            assert os.environ["TF_NUM_INTRAOP_THREADS"] == "{share}"
        """
    )
    session.runpytest_subprocess("-n", str(workers)).assert_outcomes(passed=1)


def test_more_threads_than_the_share_can_be_asked_for() -> None:
    """So that tests of what depends on their number mean something in a worker with a single one."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=2, user_api="blas"):
        assert np.all(np.ones((64, 64)) @ np.ones((64, 64)) == 64)
        assert {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"} == {2}


def write_slowly(path: Path) -> None:
    path.write_text("unfinished")
    time.sleep(0.3)
    path.write_text(f"{os.getpid()}")


def ask(folder: Path) -> str:
    return SharedFolder(folder).once("file", write_slowly).read_text()


def test_work_is_done_once_for_all_processes(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        answers = list(pool.map(ask, [tmp_path] * 4))
    assert len(set(answers)) == 1
    assert answers[0].isdigit()


def test_work_that_failed_is_done_again(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        SharedFolder(tmp_path).once("file", fail)
    assert SharedFolder(tmp_path).once("file", lambda path: path.write_text("whole")).read_text() == "whole"


@pytest.mark.slow(7)
def test_workers_of_a_run_have_one_folder_and_other_runs_another(session: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    session.makepyfile(
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_worker(shared_folder, number):
            made = []
            path = shared_folder.once("file", lambda path: made.append(path.write_text("")))
            with open(os.environ["SEEN"], "a") as file:
                file.write(f"{len(made)} {path}\\n")
        """
    )
    seen = session.path / "seen"
    for options in (["-n", "2"], ["-n", "2"], []):
        seen.unlink(missing_ok=True)
        session.runpytest_subprocess(*options, "-p", "no:cacheprovider").assert_outcomes(passed=4)
        lines = [line.split() for line in seen.read_text().splitlines()]
        assert sum(int(made) for made, _ in lines) == 1, "written once, and not by an earlier run"
        assert len({path for _, path in lines}) == 1

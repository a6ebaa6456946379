"""A search that is killed at any of its writes goes on to the same result, and its workers and files go with it."""

import multiprocessing
import os
import shutil
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from kills import run_killed
from searching import Counting, chain, images, problem_of, tell

from hlsq.search import GreedySearch, Problem, Settings
from hlsq.search.sharing import Folder, sweep


def rounds(problem: Problem, state: Path | None, executor: Counting) -> list[tuple[str, float]]:
    with GreedySearch(problem, Settings(state=state, executor=executor, workers=1, progress=False)) as search:
        found = [search.round(number) for number in range(2)]
    return [(r.name, r.value) for r in found if r is not None]


@pytest.mark.slow(4)
def test_a_kill_at_any_write_loses_no_finished_task(tmp_path: Path) -> None:
    graph = chain(3, 1)
    problem = problem_of(graph, images(40, 2))
    alone = Counting()
    expected = rounds(problem, None, alone)
    state = tmp_path / "folder" / "state.json"
    at, needed = 0, []
    while run_killed(lambda: rounds(problem, state, Counting()), at):
        rest = Counting()
        assert rounds(problem, state, rest) == expected, at
        needed.append(len(rest.tasks))
        assert [p.name for p in state.parent.iterdir()] == ["state.json"]
        shutil.rmtree(state.parent)
        at += 17
    assert at > 50
    assert needed[0] == len(alone.tasks)
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] < 3


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but nobody has asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def within(seconds: float, condition: object) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.05)
    return bool(condition())  # type: ignore[operator]


@pytest.mark.slow(3)
@pytest.mark.parametrize(
    ("number", "method"), [(signal.SIGKILL, "fork"), (signal.SIGTERM, "fork"), (signal.SIGKILL, "spawn")]
)
def test_workers_and_files_of_a_killed_search_go(tmp_path: Path, number: signal.Signals, method: str) -> None:
    problem = problem_of(chain(3, 1), images(40, 2))
    pids = tmp_path / "pids"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    child = os.fork()
    if child == 0:
        try:
            with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
                while len(set(pool.map(tell, range(8)))) < 2:  # both have started
                    pass
                settings = Settings(executor=pool, scratch=scratch, progress=False)
                with GreedySearch(problem, settings) as search:
                    for round in range(2):
                        search.round(round)
                    (tmp_path / "unfinished").write_text(" ".join(map(str, pool._processes)))
                    (tmp_path / "unfinished").rename(pids)
                    time.sleep(60)
        finally:
            os._exit(1)
    assert within(30, pids.exists)
    workers = [int(pid) for pid in pids.read_text().split()]
    assert len(workers) == 2
    assert all(map(alive, workers))
    assert list(scratch.iterdir())
    os.kill(child, number)
    os.waitpid(child, 0)
    try:
        assert within(10, lambda: not any(map(alive, workers)))
    finally:
        for worker in filter(alive, workers):
            os.kill(worker, signal.SIGKILL)
    sweep(scratch)  # as the next search does: workers that end at the same moment leave the folder to each other
    assert not list(scratch.iterdir())


def test_files_of_a_killed_search_without_workers_go_with_the_next(tmp_path: Path) -> None:
    def leave() -> None:
        Folder(tmp_path)
        os.kill(os.getpid(), signal.SIGKILL)

    living = Folder(tmp_path)
    (tmp_path / "hlsq-search-mine").mkdir()  # of that name, but nothing that a search has made
    assert run_killed(leave, 10**9)
    assert len(list(tmp_path.iterdir())) == 3
    other = Folder(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {living.path.name, other.path.name, "hlsq-search-mine"}
    living.close()
    other.close()
    assert [p.name for p in tmp_path.iterdir()] == ["hlsq-search-mine"]

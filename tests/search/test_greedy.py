"""How much is saved, and where the work is done."""

import multiprocessing
import pickle
import tempfile
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from searching import Counting, Unlucky, algorithm_1, chain, die, fail, images, problem_of, sure_images

from hlsq.errors import SearchError
from hlsq.formats import Affine
from hlsq.plan import BlockPlan
from hlsq.search import GreedySearch, Problem, Settings
from hlsq.search.greedy import FULL, START
from hlsq.search.problem import Rank


def rounds_of(problem: Problem, count: int = 6, **settings: Any) -> list[tuple[str, float]]:
    with GreedySearch(problem, Settings(**settings)) as search:
        found = [search.round(number) for number in range(count)]
    return [(r.name, r.value) for r in found if r is not None]


@pytest.fixture(scope="module")
def expected(problem: Problem) -> list[tuple[str, float]]:
    return rounds_of(problem)


def test_every_layer_is_taken_once(problem: Problem, expected: list[tuple[str, float]]) -> None:
    assert sorted(name for name, _ in expected) == sorted(problem.levels)
    with GreedySearch(problem) as search:
        assert search.round(6) is None
        assert search.reference(START) < search.reference(FULL)
        assert search.round(5) is not None
        assert expected[-1][1] == search.reference(FULL), "all changes, one after the other or at once"


@pytest.mark.parametrize(("seed", "residual"), [(8, False), (9, True)])
def test_the_search_to_its_very_end_is_the_plain_algorithm(seed: int, residual: bool) -> None:
    graph, x = chain(6, seed, residual), images(320, 3)
    problem = problem_of(graph, x)
    plain = algorithm_1(graph, images(64, 2), x, problem.labels, float("inf"))
    assert sorted(name for name, _ in plain) == sorted(problem.levels)
    assert rounds_of(problem, 7) == plain


def coarser(formats: BlockPlan, bits: int) -> Affine:
    assert isinstance(formats.weight, Affine)
    return Affine(bits, float(formats.weight.scale) * 2 ** (8 - bits), symmetric=True)


@pytest.mark.slow(6)
@pytest.mark.parametrize("rank", ["metric", "metric_per_byte"])
def test_several_levels_in_processes(problem: Problem, rank: Rank) -> None:
    """From powers of two to integers of 6, 7 and 8 bits."""
    levels = {
        name: [replace(formats, weight=coarser(formats, bits)) for bits in (6, 7, 8)]
        for name, (formats,) in problem.levels.items()
    }
    several = replace(problem, levels=levels, rank=rank)
    alone = rounds_of(several, 30)
    assert len(alone) > len(levels), "some blocks rise more than once"
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        assert rounds_of(several, 30, executor=pool) == alone
    assert rounds_of(several, 30, cache_bytes=0) == alone


def test_a_deep_chain_needs_three_times_fewer_block_evaluations() -> None:
    """Where most samples are right, as in a trained network: those that the float network is sure of."""
    graph = chain(14, 2)
    problem = problem_of(graph, sure_images(graph, 320))
    with GreedySearch(problem) as search:
        assert search.reference(START) > 0.9
        found = [search.round(number) for number in range(4)]
    mine, plain = (sum(getattr(r, key) for r in found) for key in ("evaluations", "plain_evaluations"))
    assert plain == (2 + 14 + 13 + 12 + 11) * 16 * 320
    assert plain >= 3 * mine, plain / mine


def test_nothing_kept_gives_the_same_for_more_work(problem: Problem, expected: list[tuple[str, float]]) -> None:
    assert rounds_of(problem, cache_bytes=0) == expected
    counts = []
    for cache_bytes in (0, 2**31):
        with GreedySearch(problem, Settings(cache_bytes=cache_bytes)) as search:
            found = search.round(0)
            assert found is not None
            counts.append(found.evaluations)
    assert counts[0] > counts[1]


def test_threads(problem: Problem, expected: list[tuple[str, float]]) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert rounds_of(problem, executor=pool) == expected
        assert rounds_of(problem, executor=pool, workers=7) == expected


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("hlsq-search-*"))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes(problem: Problem, expected: list[tuple[str, float]], method: str) -> None:
    before = folders()
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        assert rounds_of(problem, executor=pool) == expected
        assert rounds_of(problem, 2, executor=pool) == expected[:2], "the same pool, another search"
    assert folders() == before, "temporary files are gone"


@pytest.mark.slow(4)
def test_dask(problem: Problem, expected: list[tuple[str, float]], tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (pip install distributed)")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = rounds_of(problem, 3, executor=client.get_executor(), workers=2, scratch=tmp_path)
    assert found == expected[:3]
    assert not list(tmp_path.glob("hlsq-search-*"))


def test_activations_are_not_sent(problem: Problem) -> None:
    executor = Counting()
    rounds_of(problem, 1, executor=executor)
    assert max(len(pickle.dumps(task)) for task in executor.tasks) < 4000


@pytest.mark.parametrize(("instead", "message"), [(fail, "ZeroDivisionError: no luck"), (die, "BrokenProcessPool")])
def test_a_failing_process_is_reported(
    problem: Problem, expected: list[tuple[str, float]], tmp_path: Path, instead: Any, message: str
) -> None:
    state = tmp_path / "state.json"
    before = folders()
    context = multiprocessing.get_context("fork")
    with (
        ProcessPoolExecutor(2, context) as pool,
        pytest.raises(SearchError, match=f"(?s)round 1, candidate.*'conv4'.*{message}.*kept"),
    ):
        rounds_of(problem, executor=Unlucky(pool, "conv4", instead), state=state)
    assert folders() == before
    assert state.exists()
    with ProcessPoolExecutor(2, context) as pool:
        assert rounds_of(problem, executor=pool, state=state) == expected


def test_a_scratch_folder_must_exist(problem: Problem, tmp_path: Path) -> None:
    with pytest.raises(SearchError, match=r"cannot make a folder.*missing.*scratch="):
        rounds_of(problem, executor=Counting(), scratch=tmp_path / "missing")


def test_a_bar_shows_the_progress(problem: Problem, capfd: pytest.CaptureFixture[str]) -> None:
    rounds_of(problem, 1, progress=False)
    assert capfd.readouterr().err == ""
    rounds_of(problem, 1, progress=None)
    assert capfd.readouterr().err == "", "not on a terminal"


class Elsewhere(Executor):
    """A worker that cannot see the search's folder."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(fn, replace(args[0], search="elsewhere", folder="/nowhere"))


def test_a_worker_without_the_folder_says_what_to_do(problem: Problem) -> None:
    with pytest.raises(SearchError, match=r"cannot read the search's folder '/nowhere'.*scratch="):
        rounds_of(problem, executor=Elsewhere())


def test_the_fingerprint_tells_problems_apart(problem: Problem) -> None:
    x = problem.inputs["image"].copy()
    x[0, 0, 0, 0] += 1e-9
    others = [
        replace(problem, inputs={"image": x}),
        replace(problem, labels=problem.labels[::-1].copy()),
        replace(problem, levels=dict(list(problem.levels.items())[:-1])),
        replace(problem, levels=dict(reversed(problem.levels.items()))),
        problem_of(chain(6, 5)),
    ]
    prints = {p.fingerprint for p in (problem, *others)}
    assert len(prints) == 6
    assert problem_of(chain(6, 4)).fingerprint == problem.fingerprint

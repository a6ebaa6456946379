"""The network designer stopped on its way: by hand, killed, or by a worker that fails; and states of other searches."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from designing import WIDTHS, design, judges, small_network, tasks_of_search, whole_search
from searching import Counting, fail, interrupt

from hlsq.errors import SearchError
from hlsq.graph import Graph
from hlsq.plan import Plan
from hlsq.schemes.fxp.forward import ForwardOptimizer


@pytest.fixture(scope="module")
def network() -> Graph:
    return small_network()


@pytest.fixture(scope="module")
def evaluation() -> tuple[Any, Any]:
    return judges()


@pytest.fixture(scope="module")
def found() -> Plan:
    return whole_search()


@pytest.mark.slow(5)
@pytest.mark.parametrize(
    ("after", "options"),
    [
        (3, {}),
        (150, {"rank": "deviation"}),
        (400, {}),
        (150, {"competition": "lazy"}),
        (400, {"competition": "lazy", "rank": "deviation"}),
    ],
)
def test_an_interrupted_search_goes_on(
    network: Graph,
    evaluation: Any,
    after: int,
    options: dict[str, Any],
    tmp_path: Path,
) -> None:
    whole = whole_search(**options)
    state = tmp_path / "state.json"
    counting = Counting(after, interrupt)
    with pytest.raises(KeyboardInterrupt):
        design(network, evaluation, state=state, executor=counting, **options)
    rest = Counting()
    plan = design(network, evaluation, state=state, executor=rest, **options)
    assert (plan.blocks, plan.inputs) == (whole.blocks, whole.inputs)
    assert plan.info["reductions"] == whole.info["reductions"]
    assert len(rest.tasks) <= tasks_of_search(**options) - after + 60, (
        "of what is finished only the round under way may be repeated"
    )
    json.loads(state.read_text())


@pytest.mark.slow(3)
def test_an_interrupted_forward_optimizer_goes_on(
    network: Graph, evaluation: Any, found: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state.json"
    optimise, asked = ForwardOptimizer._optimise, []

    def counted(self: Any, structure: Any, fmt: Any) -> int:
        if len(asked) == 4:
            raise KeyboardInterrupt
        asked.append(structure.key)
        return optimise(self, structure, fmt)

    monkeypatch.setattr(ForwardOptimizer, "_optimise", counted)
    with pytest.raises(KeyboardInterrupt):
        design(network, evaluation, state=state)
    first = asked.copy()
    asked.clear()
    with pytest.raises(KeyboardInterrupt):
        design(network, evaluation, state=state)
    assert len(first) == len(asked) == 4
    assert not set(first) & set(asked), "what was finished is not optimised again"
    monkeypatch.undo()
    plan = design(network, evaluation, state=state)
    assert (plan.blocks, plan.inputs) == (found.blocks, found.inputs)


SCRIPT = """
import os, signal, sys
sys.path.insert(0, {support!r})
from fxp_plain import refined
from searching import Counting, images, kill_this_process, predictions, sure_images
from hlsq.schemes import run_scheme
graph = refined(2, 2)
x = sure_images(graph, 96)
run_scheme("fxpqnet", graph, images(32, 2), evaluation=(x, predictions(graph, x)), max_drop=0.05,
           state=sys.argv[1], executor=Counting(120, kill_this_process), **{widths!r})
"""


@pytest.mark.slow(3)
def test_a_killed_search_goes_on(network: Graph, evaluation: Any, found: Plan, tmp_path: Path) -> None:
    support = str(Path(__file__).parents[1] / "support")
    state = tmp_path / "state.json"
    script = SCRIPT.format(support=support, widths=WIDTHS)
    killed = subprocess.run([sys.executable, "-c", script, str(state)], capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr
    plan = design(network, evaluation, state=state)
    assert (plan.blocks, plan.inputs) == (found.blocks, found.inputs)


def test_a_state_of_another_search_is_refused(network: Graph, evaluation: Any, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with pytest.raises(KeyboardInterrupt):
        design(network, evaluation, state=state, executor=Counting(5, interrupt))
    before = state.read_bytes()
    for other in (
        {"max_drop": 0.04},
        {"cost": "l2"},
        {"competition": "lazy"},
        {"rank": "deviation"},
        {"reserve": 1},
        {"stages": 2},
        {"weight_width": 6},
    ):
        with pytest.raises(SearchError, match="belongs to another search"):
            design(network, evaluation, state=state, **other)
    assert state.read_bytes() == before


class UnluckyTensor(Counting):
    """Fails for candidates of one data-structure."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return super().submit(fail if args[0].candidate.name.startswith("conv1.weight") else fn, *args, **kwargs)


@pytest.mark.slow(3)
def test_a_failing_worker_is_named_and_nothing_else_is_lost(
    network: Graph, evaluation: Any, found: Plan, tmp_path: Path
) -> None:
    state = tmp_path / "state.json"
    with pytest.raises(SearchError, match=r"candidate 'conv1.weight 4 bits.*ZeroDivisionError: no luck"):
        design(network, evaluation, state=state, executor=UnluckyTensor())
    plan = design(network, evaluation, state=state)
    assert (plan.blocks, plan.inputs) == (found.blocks, found.inputs)

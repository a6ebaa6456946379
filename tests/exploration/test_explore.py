"""Every plan with every target: the figures against single conversions, and what goes wrong."""

from __future__ import annotations

import json
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exploring import SCHEMES, TARGETS, Case
from networks import NetworkBuilder

import hlsq
from hlsq.cost.estimate.words import cells
from hlsq.errors import CalibrationError, InputError, OptionError, PlanError, SearchError
from hlsq.exploration import Exploration, Row
from hlsq.exploration.plans import read_sources, sources_for
from hlsq.formats import Affine
from hlsq.graph.ops import Dense
from hlsq.memory import measure

FIGURES = ("pes", "lut", "ff", "dsp", "bram18", "uram", "interval", "latency", "fps", "useful", "fits")


def test_rows_are_plans_by_targets(found: Exploration) -> None:
    names = ["quant8", "doubleq_ef (code_bits=3)"]
    assert [(row.plan, row.target) for row in found.rows] == [(name, target) for name in names for target in TARGETS]
    assert {row.part for row in found.rows} == {"xc7a100tcsg324-1"}
    assert found.samples == 60
    accuracies = {row.plan: row.accuracy for row in found.rows}
    assert 0.4 < min(accuracies.values()) < max(accuracies.values()) <= 1, "they tell the plans apart"


@pytest.mark.parametrize("scheme", [0, 1])
def test_figures_are_those_of_a_conversion(case: Case, found: Exploration, tmp_path: Path, scheme: int) -> None:
    options: dict[str, Any] = {"scheme": SCHEMES[0]} if scheme == 0 else dict(SCHEMES[1])  # type: ignore[call-overload]
    wanted = {"interval=600": {"target_interval": 600}, "reuse=4": {"reuse_factor": 4}}
    for number, (target, hardware) in enumerate(wanted.items()):
        hw = hlsq.convert(case.graph, calibration=case.x[:40], output_dir=tmp_path / str(number), **options, **hardware)
        row = next(row for row in found.rows[3 * scheme :] if row.target == target)
        estimate = hw.estimate()
        assert {name: getattr(row, name) for name in FIGURES} == {name: getattr(estimate, name) for name in FIGURES}
        assert row.weight_bits == measure(hw.graph).weights.after
        assert row.accuracy == float((hw.emulate(case.x[40:]).argmax(axis=1) == case.labels[40:]).mean())
        assert hw.design.pace is not None
        assert (row.pace, row.reason) == (hw.design.pace.sentence, "")


def test_a_design_that_cannot_be_is_a_row_with_its_reason(found: Exploration) -> None:
    cannot = [row for row in found.rows if row.target == "interval=1"]
    assert len(cannot) == 2
    for row in cannot:
        assert (row.fits, row.pes, row.lut, row.usable) == (False, None, None, False)
        assert row.reason.startswith("target_interval=1: block ")
        assert row.accuracy is not None


def test_an_impossible_reuse_factor_is_a_row_too(case: Case) -> None:
    first, second = case.explore(["quant8"], ["reuse=7", "reuse=4"]).rows
    assert "reuse_factor 7 is impossible" in first.reason
    assert (second.reason, second.fits) == ("", True)


@pytest.mark.parametrize("accumulator", [{1: 20, "class": 20}, {("class",): 20}])
def test_sums_of_a_block_that_there_is_not_are_a_row_too(case: Case, accumulator: dict[object, int]) -> None:
    (row,) = case.explore(["quant8"], ["reuse=4"], accumulator=accumulator).rows
    assert "accumulator" in row.reason
    assert "is unknown; valid: class, conv/first" in row.reason


def test_fit_is_as_fast_as_fits(case: Case) -> None:
    (row,) = case.explore(["quant8"], ["fit"], parts=["xc7s15"]).rows
    half, none = case.explore(["quant8"], ["fit", "interval=600"], parts=["xc7s15"], utilization=0.42).rows
    assert row.fits
    assert half.fits
    assert row.interval is not None
    assert half.interval is not None
    assert half.interval > row.interval
    assert (none.fits, none.reason) == (False, "")
    (row,) = case.explore(["quant8"], ["fit"], parts=["xc7s15"], utilization=0.01).rows
    assert row.fits is False
    assert "xc7s15" in row.reason


def test_parts(case: Case) -> None:
    small = {"lut": 2000, "ff": 100_000, "dsp": 10, "bram36": 10, "uram": 0}
    rows = case.explore(["quant8"], ["reuse=4"], parts=["xc7a35t", "xc7z020"]).rows
    assert [row.part for row in rows] == ["xc7a35t", "xc7z020"]
    assert [row.fits for row in rows] == [True, True]
    (row,) = case.explore(["quant8"], ["reuse=4"], parts=["mine"], resources=small).rows
    assert (row.fits, row.usable, row.lut) == (False, False, rows[0].lut)
    assert row.over == f"{cells(row.lut or 0)} LUT of at most 1,600, {row.dsp} DSP of at most 8"
    assert rows[0].over == rows[1].over == ""
    (row,) = case.explore(["quant8"], ["reuse=4"], parts=["mine"], part_check=False).rows
    assert (row.fits, row.usable) == (None, True)


def test_plans_that_exist_are_reused(case: Case, tmp_path: Path) -> None:
    plan = hlsq.quantize(case.graph, "quant8", case.x[:20])
    plan.save(tmp_path / "mine.json")
    found = hlsq.explore(case.graph, {"a": plan, "b": tmp_path / "mine.json"}, ["reuse=4"])
    assert [row.plan for row in found.rows] == ["a", "b"]
    assert [row.accuracy for row in found.rows] == [None, None]
    assert found.rows[0].lut == found.rows[1].lut
    names = [row.plan for row in case.explore([plan, str(tmp_path / "mine.json")], ["reuse=4"]).rows]
    assert names == ["plan of quant8", "mine"]


def test_files_of_one_name_in_several_folders_are_told_apart(case: Case, tmp_path: Path) -> None:
    files = [tmp_path / "a" / "plan.json", tmp_path / "b" / "plan.json"]
    for file in files:
        hlsq.quantize(case.graph, "quant8", case.x[:20]).save(file)
    assert [source.name for source in read_sources(files) or []] == [str(file) for file in files]


def test_a_search_judges_by_the_evaluation(case: Case) -> None:
    searched = {"scheme": "doubleq_ext", "mrt": 1.0, "max_layers": 1}
    with ThreadPoolExecutor(2) as executor:
        found = case.explore({"searched": searched, "doubleq": "doubleq"}, ["reuse=4"], executor=executor)
    evaluation = (case.x[40:], case.labels[40:])
    plan = hlsq.quantize(case.graph, calibration=case.x[:40], evaluation=evaluation, **searched)  # type: ignore[arg-type]
    (again,) = case.explore({"searched": plan}, ["reuse=4"]).rows
    assert found.rows[0] == again
    with pytest.raises(OptionError, match="evaluation is missing"):
        case.explore([searched], ["reuse=4"], evaluation=None)


@pytest.mark.parametrize("kind", ["thread", "process"])
@pytest.mark.slow(4)
def test_an_executor_changes_nothing(case: Case, found: Exploration, kind: str) -> None:
    executor = ThreadPoolExecutor(2) if kind == "thread" else ProcessPoolExecutor(1, get_context("spawn"))
    with executor:
        assert case.explore(executor=executor) == found


class Failing(Executor):
    """Computes ``works`` tasks and fails then: when it is asked to work, or by what it gives back."""

    def __init__(self, works: int, problem: Exception | None) -> None:
        self.works, self.problem = works, problem

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.works:
            self.works -= 1
            future.set_result(fn(*args, **kwargs))
        elif isinstance(self.problem, RuntimeError):
            raise self.problem
        elif self.problem is not None:
            future.set_exception(self.problem)
        else:
            future.cancel()
            future.set_running_or_notify_cancel()
        return future


@pytest.mark.parametrize("problem", [RuntimeError("shut down"), BrokenExecutor("died"), MemoryError("no room"), None])
@pytest.mark.parametrize("works", [0, 3])
def test_an_executor_that_fails_is_told(
    case: Case, found: Exploration, tmp_path: Path, problem: Exception | None, works: int
) -> None:
    told = "CancelledError" if problem is None else f"{type(problem).__name__}: {problem}"
    with pytest.raises(SearchError, match=f"a worker of executor failed: {told}.*; executor=None computes here"):
        case.explore(executor=Failing(works, problem), output_dir=tmp_path)
    assert case.explore(output_dir=tmp_path) == found


def test_what_a_task_in_an_executor_refuses_is_told_as_it_is(case: Case) -> None:
    with pytest.raises(CalibrationError, match="has no samples"):
        case.explore(calibration=case.x[:0], executor=Failing(0, CalibrationError("input 'image' has no samples")))


def test_a_model_with_formats_of_its_own_needs_no_scheme() -> None:
    plan = hlsq.Plan("qkeras", "fold", {}, {})
    (source,) = sources_for(None, plan)
    assert (source.name, source.plan) == ("its quantizers", plan)
    with pytest.raises(OptionError, match="'quant8': the model has formats of its own"):
        sources_for(read_sources(["quant8"]), plan)
    assert sources_for(None, None)[0].scheme == "doubleq_ef"


LABELLED = (np.zeros((3, 6, 6, 2)), np.zeros(2, int))


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"schemes": []}, OptionError, "schemes: there are none; expected names of schemes"),
        ({"schemes": "quant8"}, OptionError, "schemes is 'quant8'; expected names"),
        ({"schemes": ["quant8", "quant9"]}, OptionError, "scheme: 'quant9' is unknown; valid: .*quant8"),
        ({"schemes": ["quant8", "quant8"]}, OptionError, "schemes: 'quant8' is given twice"),
        ({"schemes": [{"scheme": "quant8", "bits": 3}]}, OptionError, "'bits' is unknown; valid: .*per_channel"),
        ({"schemes": [7]}, OptionError, "schemes: {'scheme': 7}|schemes: 7: expected names"),
        ({"schemes": {"": "quant8"}}, OptionError, "schemes: '' is no name"),
        ({"schemes": [Path("nowhere.json")]}, PlanError, "nowhere.json"),
        ({"targets": []}, OptionError, "targets: there are none; expected a list of 'fit'"),
        ({"targets": ["fast"]}, OptionError, "targets: 'fast' is no target; expected 'fit', or interval="),
        ({"targets": ["interval=1.5"]}, OptionError, "'interval=1.5' is no target"),
        ({"targets": ["interval=1e3"]}, OptionError, "'interval=1e3' is no target"),
        ({"targets": ["reuse=-4"]}, OptionError, "'reuse=-4' is no target"),
        ({"targets": [64]}, OptionError, "targets: 64 is no target"),
        ({"targets": ["reuse=4", "reuse=4"]}, OptionError, "targets: 'reuse=4' is given twice"),
        ({"targets": ["fit", np.array([1, 2])]}, OptionError, r"targets: array\(\[1, 2\]\) is no target"),
        ({"schemes": [np.array([1, 2]), "quant8"]}, OptionError, r"schemes: array\(\[1, 2\]\): expected names"),
        ({"parts": ["xc7a35t", np.array([1, 2])]}, OptionError, r"part array\(\[1, 2\]\) is no part number"),
        ({"targets": ["reuse=0"]}, OptionError, "reuse_factor 0 must be"),
        ({"parts": ["xc7a999t"]}, OptionError, "xc7a999t.* is unknown; nearest known"),
        ({"parts": []}, OptionError, "parts: there are none"),
        ({"reuse_factor": 4}, OptionError, "reuse_factor: name it in targets"),
        ({"part": "xc7a35t"}, OptionError, "part: name it in parts"),
        ({"architecture": "folded"}, OptionError, "'folded' has no use for reuse_factor=4"),
        ({"targets": ["pes=4"]}, OptionError, "'dataflow' has no use for pes=4"),
        ({"targets": ["pes=2.5"]}, OptionError, "'pes=2.5' is no target; expected 'fit', .* pes=NUMBER"),
        ({"pes": 4}, OptionError, "pes: name it in targets"),
        ({"engines": {}}, OptionError, "'engines' is unknown; valid: .*architecture"),
        ({"code_bits": 4}, OptionError, "explore, option: 'code_bits' is unknown; valid: .*clock_period"),
        ({"weights": "w.h5"}, OptionError, "'weights': a Graph is not read from a file"),
        ({"executor": 2}, OptionError, "explore: executor is 2"),
        ({"calibration": None}, CalibrationError, "scheme 'quant8' needs calibration data"),
        ({"evaluation": np.zeros(3)}, OptionError, "explore: evaluation is a ndarray"),
        ({"evaluation": LABELLED}, InputError, "3 samples but 2 labels"),
        ({"evaluation": (LABELLED[0], np.array([0, 1, 99]))}, InputError, "99"),
        ({"evaluation": (np.zeros((3, 5, 5, 2)), np.zeros(3, int))}, InputError, "explore, evaluation samples"),
    ],
)
def test_what_cannot_be_is_refused(case: Case, given: dict[str, Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        case.explore(**({"schemes": ["quant8"], "targets": ["reuse=4"]} | given))


REGRESSION = [
    (1, np.zeros(20), "the outputs of this one are 'class' of shape \\[1\\]: leave evaluation out"),
    (3, np.zeros((20, 3)), "class numbers .*; for a network that is no classifier, leave evaluation out"),
]


@pytest.mark.parametrize(("outputs", "labels", "told"), REGRESSION)
def test_of_a_network_that_is_no_classifier_there_is_no_accuracy(outputs: int, labels: Any, told: str) -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4,), Affine(8, 0.05))
    b.add("class", Dense(), ["x"], kernel=b.kernel(4, outputs))
    graph, x = b.build(["class"])[0], np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    with pytest.raises((OptionError, InputError), match=told):
        hlsq.explore(graph, ["quant8"], calibration=x, evaluation=(x, labels))
    (row,) = hlsq.explore(graph, ["quant8"], calibration=x).rows
    assert (row.accuracy, row.usable) == (None, True)


def row(accuracy: float | None, lut: float | None, fps: float = 1.0, fits: bool = True, reason: str = "") -> Row:
    return Row("p", "t", "x", accuracy, 8, lut=lut, fps=fps, fits=fits, reason=reason)


def test_pareto_keeps_what_no_other_beats() -> None:
    good, cheap, worse, same = row(0.9, 100), row(0.8, 50), row(0.85, 100), row(0.9, 100)
    none = row(1.0, None, fits=False, reason="no")
    found = Exploration("n", 5.0, 1, (good, worse, row(0.99, 10, fits=False), cheap, row(0.7, 60), same, none))
    assert found.pareto() == (cheap, good, same)
    fast, slow = row(0.9, 100, 20.0), row(0.95, 100, 10.0)
    assert Exploration("n", 5.0, 1, (slow, fast)).pareto("fps", "accuracy") == (fast, slow)
    assert Exploration("n", 5.0, 1, (slow, fast)).pareto("lut", "fps") == (fast,)
    with pytest.raises(OptionError, match=r"cost: 'luts' is unknown; valid: .*lut"):
        found.pareto("luts")  # type: ignore[arg-type]


def test_best() -> None:
    good, cheap = row(0.9, 100, 5.0), row(0.8, 50, 9.0)
    found = Exploration("n", 5.0, 1, (good, cheap, row(0.99, 10, fits=False)))
    assert found.best() == cheap
    assert found.best(min_accuracy=0.85) == good
    assert found.best(min_fps=6.0) == cheap
    assert found.best(min_accuracy=0.95) is None
    assert found.best(min_accuracy=np.float32(0.85), min_fps=2) == good  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["x", None, True, float("nan"), float("inf"), -0.1, [0.5], np.zeros(2), 1j])
@pytest.mark.parametrize("name", ["min_accuracy", "min_fps"])
def test_best_takes_numbers_alone(found: Exploration, name: str, given: Any) -> None:
    with pytest.raises(OptionError, match=f"{name} .* must be a "):
        found.best(**{name: given})


def test_best_by_accuracy_needs_accuracies_from_0_to_1(found: Exploration) -> None:
    with pytest.raises(OptionError, match=r"min_accuracy 98 must be a share from 0 to 1, such as 0\.98"):
        found.best(min_accuracy=98)
    with pytest.raises(OptionError, match=r"explore with evaluation=\(samples, labels\)"):
        Exploration("n", 5.0, 0, (row(None, 1),)).best(min_accuracy=0.5)
    assert Exploration("n", 5.0, 0, (row(None, 1),)).best() is not None


def test_json(found: Exploration) -> None:
    data = json.loads(found.to_json())
    assert data == json.loads(json.dumps(found.to_dict()))
    assert [Row(**item) for item in data["rows"]] == list(found.rows)
    assert (data["hlsq_exploration"], data["samples"]) == (1, 60)

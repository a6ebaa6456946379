"""DoubleQExt: powers of two everywhere but in the layers where eight bits recover most of the accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from hlsq.calibration import calibrate
from hlsq.calibration.run import Calibration, CalibrationData
from hlsq.emulate.inputs import as_inputs
from hlsq.errors import InputError, OptionError, PlanError
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.memory import measure
from hlsq.plan import Plan
from hlsq.schemes.doubleq import DoubleQ
from hlsq.search import GreedySearch, Problem, Round, Settings, scoring_for
from hlsq.search.greedy import FULL, START

RUN_ONLY = ("evaluation", "executor", "workers", "state", "continue_from", "scratch", "cache_bytes")
"""Options that say how to search and not what; a plan does not record them."""
ROUNDING = 1e-12
"""Slack of comparing a recovered share, a quotient of rounded numbers, with its threshold."""


@dataclass(frozen=True, kw_only=True)
class DoubleQExt(DoubleQ):
    """Layer selection (DoubleQ section III-B, Algorithm 1).

    Starts from ``doubleq``. Each round tries each layer that still has powers of two with its eight-bit weights instead
    and keeps the change with the best metric (of equal ones the first layer's), until the recovered share of what
    ``doubleq`` lost against ``quant8`` reaches ``mrt``. ``budget`` and ``max_layers`` stop it earlier. The rounds are
    the same whatever these three say, so asking for more later goes on where the search ended (``state``,
    ``continue_from``).

    The plan's ``info`` has the metric and weight memory of both ends, every round (layer, metric, recovered share,
    memory in bytes as the paper counts it, reduction against eight bits, block evaluations) and why the search stopped.
    Where ``doubleq`` loses nothing there is nothing to recover, and no round.

    Args:
        evaluation: ``(samples, labels)`` by which layers are chosen, e.g. a validation set; samples as for calibration.
        metric: ``"accuracy"`` for labels that are class numbers, or a function of outputs (float32 [samples, ...], a
            list for several) and labels that returns a number, larger for better.
        mrt: minimum recovery threshold from 0 (plain ``doubleq``) to 1 (the metric of ``quant8``).
        budget: largest weight memory in bytes, by the paper's count (codes of the convolutions); None for no limit.
        max_layers: most layers with eight bits; None for no limit.
        executor: any ``concurrent.futures.Executor`` in which candidates run in parallel (threads, processes, Dask's
            ``Client.get_executor()``); None computes in this process, on all cores. Results do not depend on it.
        workers: tasks in flight at a time; None asks the executor. Set it for executors that do not tell, such as
            Dask's (otherwise the number of this machine's cores).
        state: file that is written after every step, and from which the same search goes on after an interruption.
        continue_from: plan (or path of one) that this scheme made of the same network, calibration and evaluation: its
            rounds are taken over.
        scratch: where to make the folder that worker processes share; on a cluster a place that all machines see. The
            folder is deleted at the end, but a killed process leaves it behind (``hlsq-search-...``).
        cache_bytes: most memory (or, with processes, disk) for activations that candidates share; changes only speed.
        last_layer: as for ``doubleq``.
        per_channel: as for ``doubleq``.
        calibration_method: as for every scheme; the paper takes the extremes.
        calibration_options: as for every scheme.
        batch_norm: as for every scheme.
        batch_size: as for every scheme.
    """

    name: ClassVar[str] = "doubleq_ext"

    evaluation: tuple[Any, Any] | None = field(default=None, repr=False, compare=False)
    metric: Literal["accuracy"] | Callable[[Any, Any], float] = "accuracy"
    mrt: float = 0.8
    budget: float | None = None
    max_layers: int | None = None
    executor: Executor | None = field(default=None, repr=False, compare=False)
    workers: int | None = None
    state: str | Path | None = None
    continue_from: Plan | str | Path | None = field(default=None, repr=False, compare=False)
    scratch: str | Path | None = None
    cache_bytes: int = 2**31

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.evaluation, (tuple, list)) or len(self.evaluation) != 2:
            found = "missing" if self.evaluation is None else f"a {type(self.evaluation).__name__}"
            raise OptionError(
                f"scheme {self.name!r}: evaluation is {found}; name the samples and labels that decide which layers "
                "keep eight bits, as in evaluation=(x_val, y_val)"
            )
        if self.metric != "accuracy" and not callable(self.metric):
            raise self._wrong("metric", "'accuracy', or a function of outputs and labels")
        if not _is_number(self.mrt) or not 0 <= self.mrt <= 1:
            raise self._wrong("mrt", "a number from 0 to 1")
        if self.budget is not None and not (_is_number(self.budget) and self.budget > 0):
            raise self._wrong("budget", "a positive number of bytes, or None")
        self._whole("max_layers", 0, optional=True)
        self._whole("workers", 1, optional=True)
        self._whole("cache_bytes", 0)
        if self.executor is not None and not callable(getattr(self.executor, "submit", None)):
            raise self._wrong("executor", "a concurrent.futures.Executor, or None")
        for option in ("state", "scratch"):
            if not isinstance(getattr(self, option), (str, Path, type(None))):
                raise self._wrong(option, "a path, or None")
        if not isinstance(self.continue_from, (Plan, str, Path, type(None))):
            raise self._wrong("continue_from", "a plan, the path of one, or None")

    def run(self, graph: Graph, data: CalibrationData, progress: bool | None = None) -> Plan:
        """Calibrate ``graph`` on ``data`` and search.

        Raises:
            CalibrationError: ``data`` does not fit the network.
            OptionError: an option that does not fit the network.
            InputError: evaluation samples that do not fit it.
            SearchError: a worker failed, or the state belongs to another search.
        """
        self.check(graph)
        return self._search(graph, calibrate(graph, data, self.batch_size, progress), progress)

    def check(self, graph: Graph) -> None:
        """Refuse evaluation samples, labels or a metric that do not fit ``graph``.

        Raises:
            OptionError, InputError: naming the option and what is allowed.
        """
        samples = len(next(iter(self._inputs(graph).values())))
        _, labels = self._evaluation
        scoring_for(self.metric, labels, {name: graph.shapes[name] for name in dict.fromkeys(graph.outputs)})
        if hasattr(labels, "__len__") and len(labels) != samples:
            raise OptionError(f"scheme {self.name!r}: evaluation has {samples} samples but {len(labels)} labels")

    def plan(self, graph: Graph, calibration: Calibration) -> Plan:
        """The formats of ``graph``, after the search."""
        return self._search(graph, calibration, None)

    def options(self) -> dict[str, Any]:
        """The options that decide the result; of a metric function its name."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in RUN_ONLY}
        if callable(self.metric):
            found["metric"] = getattr(self.metric, "__qualname__", type(self.metric).__qualname__)
        return {**found, "calibration_options": dict(self.calibration_options)}

    def _search(self, graph: Graph, calibration: Calibration, progress: bool | None) -> Plan:
        start = super().plan(graph, calibration)
        changes = {
            name: replace(formats, weight=formats.first_level, first_level=None)
            for name, formats in start.blocks.items()
            if formats.first_level is not None
        }
        _, labels = self._evaluation
        outputs = {name: graph.shapes[name] for name in dict.fromkeys(graph.outputs)}
        scoring = scoring_for(self.metric, labels, outputs)
        problem = Problem(graph, start, changes, self._inputs(graph), scoring, labels)
        lowest, highest = _weight_bytes(graph, start), _weight_bytes(graph, problem.plan(list(changes)))
        if self.budget is not None and self.budget < lowest:
            raise OptionError(
                f"scheme {self.name!r}: budget is {self.budget!r} bytes; with powers of two in every layer the weights "
                f"take {lowest:g} bytes already (eight bits: {highest:g})"
            )
        settings = Settings(
            executor=self.executor,
            workers=self.workers,
            state=self.state,
            scratch=self.scratch,
            cache_bytes=self.cache_bytes,
            progress=progress,
        )
        with GreedySearch(problem, settings, self._earlier()) as search:
            first, last = search.reference(START), search.reference(FULL)
            taken: list[Round] = []
            rounds: list[dict[str, Any]] = []
            recovered = _recovered(first, first, last)
            while (stop := self._stop(recovered, taken)) is None:
                found = search.round(len(taken))
                if found is None:
                    stop = "no layer left"
                    break
                memory = _weight_bytes(graph, problem.plan([r.name for r in (*taken, found)]))
                if self.budget is not None and memory > self.budget:
                    stop = "budget"
                    break
                taken.append(found)
                recovered = _recovered(found.value, first, last)
                rounds.append(_row(len(taken), found, recovered, memory, highest))
            record = search.to_dict()
        info = {
            "evaluation": {"samples": problem.samples, "metric": scoring.name},
            "doubleq": {"accuracy": first, "memory_bytes": lowest, "reduction": 1 - lowest / highest if highest else 0},
            "quant8": {"accuracy": last, "memory_bytes": highest},
            "rounds": rounds,
            "critical_layers": sorted(r.index for r in taken),
            "stopped": stop,
            "search": record,
        }
        return replace(problem.plan([r.name for r in taken]), info={**start.info, **info})

    def _stop(self, recovered: float, taken: list[Round]) -> str | None:
        if recovered >= self.mrt - ROUNDING:
            return "mrt"
        if self.max_layers is not None and len(taken) >= self.max_layers:
            return "max_layers"
        return None

    @property
    def _evaluation(self) -> tuple[Any, Any]:
        assert self.evaluation is not None  # noqa: S101 - checked when made
        samples, labels = self.evaluation
        return samples, labels

    def _inputs(self, graph: Graph) -> dict[str, Any]:
        try:
            return as_inputs(graph.inputs, self._evaluation[0])
        except InputError as error:
            raise InputError(f"scheme {self.name!r}, evaluation samples: {error}") from None

    def _earlier(self) -> Mapping[str, Any] | None:
        if self.continue_from is None:
            return None
        plan = self.continue_from if isinstance(self.continue_from, Plan) else Plan.load(self.continue_from)
        if not isinstance(found := plan.info.get("search"), Mapping):
            raise PlanError(
                f"continue_from is a plan of scheme {plan.scheme!r} without a search; expected {self.name!r}"
            )
        return found


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and bool(np.isfinite(float(value)))


def _recovered(value: float, first: float, last: float) -> float:
    """The share of the loss from ``last`` (eight bits) to ``first`` (powers of two) that ``value`` wins back."""
    return 1.0 if last <= first else (value - first) / (last - first)


def _weight_bytes(graph: Graph, plan: Plan) -> float:
    return measure(quantize_graph(graph, plan)).paper.after / 8


def _row(number: int, found: Round, recovered: float, memory: float, highest: float) -> dict[str, Any]:
    return {
        "round": number,
        "layer": found.index,
        "name": found.name,
        "accuracy": found.value,
        "recovered": recovered,
        "memory_bytes": memory,
        "reduction": 1 - memory / highest if highest else 0.0,
        "evaluations": found.evaluations,
        "plain_evaluations": found.plain_evaluations,
    }

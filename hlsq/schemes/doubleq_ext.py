"""DoubleQExt: powers of two everywhere but in the layers where wider codes recover most of the accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from hlsq.calibration import calibrate
from hlsq.calibration.run import Calibration, CalibrationData
from hlsq.errors import OptionError, PlanError
from hlsq.graph import Graph
from hlsq.plan import Plan
from hlsq.schemes.base import Scheme
from hlsq.schemes.doubleq import DoubleQ
from hlsq.schemes.doubleq_ef import DoubleQEF
from hlsq.schemes.doubleq_ext_levels import (
    CALIBRATION,
    FORMS,
    WIDTHS,
    Form,
    Levels,
    check_form_options,
    check_widths,
    error_feedback_levels,
    nearest_levels,
    rerounded,
)
from hlsq.schemes.doubleq_ext_table import recovered_share, reduction, row, weight_bytes
from hlsq.schemes.evaluation import Evaluation, check_executor, check_paths
from hlsq.search import Change, GreedySearch, Problem, Settings
from hlsq.search.greedy import FULL, START
from hlsq.search.problem import Rank
from hlsq.search.scoring import metric_name

RUN_ONLY = ("evaluation", "executor", "workers", "state", "continue_from", "scratch", "cache_bytes")
"""Options that say how to search and not what; a plan does not record them."""
ROUNDING = 1e-12
"""Slack of comparing a recovered share, a quotient of rounded numbers, with its threshold."""


@dataclass(frozen=True, kw_only=True)
class DoubleQExt(DoubleQ):
    """Layer selection (DoubleQ section III-B, Algorithm 1), over eight bits or over several code widths.

    Starts with powers of two in every layer. Each round tries, one layer at a time, every wider code that the layer may
    still get, and keeps the change that ranks best (of equal ones that of the first layer, and its fewest bits), until
    the recovered share of what powers of two lost against eight bits reaches ``mrt``. ``budget`` and ``max_layers``
    stop it earlier. The rounds are the same whatever these three say, so asking for more later goes on where the search
    ended (``state``, ``continue_from``).

    With ``form="nearest"`` this is the paper's algorithm: ``doubleq``, in which layers get their eight bits back. With
    ``form="error_feedback"`` the codes are those of ``doubleq_ef``, which start at 3 bits and lose far less.

    The plan's ``info`` has the metric and weight memory of both ends (``doubleq`` with the fewest bits, ``quant8`` with
    eight in every layer), every round (layer, bits of its codes, metric, recovered share, memory in bytes of the codes
    of all weights, reduction against eight bits, block evaluations) and why the search stopped. Where powers of two
    lose nothing there is nothing to recover, and no round.

    Args:
        evaluation: ``(samples, labels)`` by which layers are chosen, e.g. a validation set; samples as for calibration.
        metric: ``"accuracy"`` for labels that are class numbers, or a function of outputs (float32 [samples, ...], a
            list for several) and labels that returns a number, larger for better.
        mrt: minimum recovery threshold from 0 (no layer changes) to 1 (the metric with eight bits everywhere).
        budget: largest memory in bytes of the codes of all weights, dense layers included; None for no limit.
        max_layers: most rounds, in each of which one layer gets wider codes; None for no limit.
        rank: ``"metric"`` keeps the change with the best metric, as the paper; ``"metric_per_byte"`` the one that
            raises it most for each byte of weights that it adds, and where none raises it, that with the best metric.
        form: of the powers of two: every weight rounded to the ``"nearest"``, or ``"error_feedback"``.
        form_options: options of ``doubleq_ef`` for error feedback: ``scale``, ``samples``, ``damping``, ``order``,
            ``reference``, ``bias_correction``, ``sweeps``, ``activation_width``; ``scale`` is ``"free"`` unless told.
        code_bits: widths that layers may have, ascending, the last one 8 (which multiplies): ``(5, 8)`` for nearest
            powers, of 3, 4, 5 and 8 for error feedback. None takes all.
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
        reround: error feedback runs once more with the widths that were found, so that layers make up for the errors of
            those before them, and these codes are taken if the metric is better with them (``info``: ``rerounded``).
            Rounds, and searches that go on, do not depend on it; without effect on nearest powers.
        last_layer: as for ``doubleq``; with ``"quant8"`` a dense last layer is not searched and keeps eight bits.
        per_channel: as for ``doubleq``; error feedback always has one scale per output channel.
        calibration_method: as for every scheme; None takes the extremes, as the paper, for nearest powers, and the
            ranges of smallest squared error for error feedback.
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
    rank: Rank = "metric"
    form: Form = "nearest"
    form_options: Mapping[str, Any] = field(default_factory=dict)
    code_bits: Sequence[int] | None = None
    reround: bool = True
    calibration_method: str | None = None  # type: ignore[assignment] # a method's name once it is made
    executor: Executor | None = field(default=None, repr=False, compare=False)
    workers: int | None = None
    state: str | Path | None = None
    continue_from: Plan | str | Path | None = field(default=None, repr=False, compare=False)
    scratch: str | Path | None = None
    cache_bytes: int = 2**31

    def __post_init__(self) -> None:
        self._choice("form", FORMS)
        if self.calibration_method is None:
            object.__setattr__(self, "calibration_method", CALIBRATION[self.form])
        super().__post_init__()
        self._check_form()
        Evaluation.check_options(f"scheme {self.name!r}", self.evaluation, self.metric)
        if not _is_number(self.mrt) or not 0 <= self.mrt <= 1:
            raise self._wrong("mrt", "a number from 0 to 1")
        if self.budget is not None and not (_is_number(self.budget) and self.budget > 0):
            raise self._wrong("budget", "a positive number of bytes, or None")
        self._whole("max_layers", 0, optional=True)
        self._choice("rank", ("metric", "metric_per_byte"))
        self._whole("workers", 1, optional=True)
        self._whole("cache_bytes", 0)
        check_executor(f"scheme {self.name!r}", self.executor)
        check_paths(f"scheme {self.name!r}", state=self.state, scratch=self.scratch)
        if not isinstance(self.continue_from, (Plan, str, Path, type(None))):
            raise self._wrong("continue_from", "a plan, the path of one, or None")

    def _check_form(self) -> None:
        widths = check_widths(self.form, self.code_bits)
        if widths is None:
            allowed = ", ".join(map(str, WIDTHS[self.form]))
            raise self._wrong(
                "code_bits", f"two or more of {allowed} for form {self.form!r}, ascending, the last one 8"
            )
        object.__setattr__(self, "code_bits", widths)
        if not isinstance(self.form_options, Mapping):
            raise self._wrong("form_options", "a dict")
        check_form_options(self.name, self.form, self.form_options)
        self._flag("reround")
        if self.form == "error_feedback":
            if self.per_channel:
                raise self._wrong("per_channel", "False for form 'error_feedback', whose scales are per channel anyway")
            DoubleQEF(**self._error_feedback())

    def run(self, graph: Graph, data: CalibrationData, progress: bool | None = None) -> Plan:
        """Calibrate ``graph`` on ``data`` and search.

        Raises:
            CalibrationError: ``data`` does not fit the network.
            OptionError: an option that does not fit the network.
            InputError: evaluation samples that do not fit it.
            SearchError: a worker failed, or the state belongs to another search.
        """
        self.check(graph)
        if self.form == "nearest":
            return self.plan(graph, calibrate(graph, data, self.batch_size, progress), progress)
        assert self.code_bits is not None  # noqa: S101 - resolved when made
        options = self._error_feedback()
        levels = error_feedback_levels(graph, data, self.code_bits, self.last_layer, options, self.state, progress)
        plan = self._search(graph, levels, progress)
        return self._rerounded(graph, plan, rerounded(graph, data, plan, options, progress)) if self.reround else plan

    def _rerounded(self, graph: Graph, plan: Plan, other: Plan) -> Plan:
        """``plan`` with the weights of ``other`` if these are better."""
        given = self._evaluation(graph)
        with GreedySearch(Problem(graph, other, {}, given.inputs, given.scoring, given.labels)) as search:
            value = search.reference(START)
        kept = value > [plan.info["doubleq"], *plan.info["rounds"]][-1]["accuracy"]
        info = {**plan.info, "rerounded": {"accuracy": value, "kept": kept}}
        return replace(plan, blocks=other.blocks if kept else plan.blocks, info=info)

    def _error_feedback(self) -> dict[str, Any]:
        """Options of ``doubleq_ef``."""
        shared = {name: getattr(self, name) for name in Scheme.option_names()}
        return {**shared, "scale": "free", **self.form_options}

    def check(self, graph: Graph) -> None:
        """Refuse evaluation samples, labels or a metric that do not fit ``graph``.

        Raises:
            OptionError, InputError: naming the option and what is allowed.
        """
        self._evaluation(graph)

    def plan(self, graph: Graph, calibration: Calibration, progress: bool | None = None) -> Plan:
        """The formats of ``graph``, after the search.

        Raises:
            OptionError: error feedback, which needs samples and not only their ranges.
        """
        if self.form != "nearest":
            raise OptionError(f"scheme {self.name!r}: form {self.form!r} needs calibration samples; call run")
        return self._search(graph, nearest_levels(super().plan(graph, calibration)), progress)

    def options(self) -> dict[str, Any]:
        """The options that decide the result; of a metric function its name."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in RUN_ONLY}
        mappings = {name: dict(getattr(self, name)) for name in ("calibration_options", "form_options")}
        return {**found, **mappings, "metric": metric_name(self.metric), "code_bits": list(self.code_bits or ())}

    def _search(self, graph: Graph, levels: Levels, progress: bool | None) -> Plan:
        given = self._evaluation(graph)
        scoring = given.scoring
        problem = Problem(graph, levels.start, levels.wider, given.inputs, scoring, given.labels, self.rank)
        lowest = weight_bytes(graph, levels.start)
        highest = weight_bytes(graph, problem.plan(problem.everything))
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
            plan = levels.start
            taken: list[Change] = []
            rounds: list[dict[str, Any]] = []
            recovered = recovered_share(first, first, last)
            while (stop := self._stop(recovered, len(taken))) is None:
                found = search.round(len(taken))
                if found is None:
                    stop = "no layer left"
                    break
                wider = problem.plan([*taken, found.change])
                memory = weight_bytes(graph, wider)
                if self.budget is not None and memory > self.budget:
                    stop = "budget"
                    break
                plan = wider
                taken.append(found.change)
                recovered = recovered_share(found.value, first, last)
                rounds.append(row(len(taken), found, plan, recovered, memory, highest))
            record = search.to_dict()
        info = {
            "calibration": levels.start.info["calibration"],
            "evaluation": {"samples": problem.samples, "metric": scoring.name},
            "doubleq": {"accuracy": first, "memory_bytes": lowest, "reduction": reduction(lowest, highest)},
            "quant8": {"accuracy": last, "memory_bytes": highest},
            "rounds": rounds,
            "critical_layers": sorted({r["layer"] for r in rounds}),
            "stopped": stop,
            "search": record,
        }
        return replace(plan, scheme=self.name, options=self.options(), info=info)

    def _stop(self, recovered: float, rounds: int) -> str | None:
        if recovered >= self.mrt - ROUNDING:
            return "mrt"
        if self.max_layers is not None and rounds >= self.max_layers:
            return "max_layers"
        return None

    def _evaluation(self, graph: Graph) -> Evaluation:
        return Evaluation.of(f"scheme {self.name!r}", graph, self.evaluation, self.metric)

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

"""Mixed low-precision dynamic fixed point: the whole framework of FxP-QNet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hlsq.calibration.run import CalibrationData
from hlsq.emulate.real import float_outputs
from hlsq.graph import Graph
from hlsq.graph.sums import EDGE_BITS
from hlsq.plan import Plan
from hlsq.schemes.evaluation import Evaluation, check_executor, check_paths
from hlsq.schemes.fxp.averages import average_bits
from hlsq.schemes.fxp.cost import Cost, make_cost
from hlsq.schemes.fxp.designer import COMPETITIONS, CompetitionKind, NetworkDesigner, effort, replayed
from hlsq.schemes.fxp.reduction import RANKS, Competition, Rank
from hlsq.schemes.fxp.references import References
from hlsq.schemes.fxp.rounds import FORWARD, check_rounds
from hlsq.schemes.fxp.scheme import FxPScheme
from hlsq.schemes.fxp.sum_limit import SumLimit
from hlsq.search.evaluator import Evaluator, Resources, growing_parts
from hlsq.search.fingerprint import Fingerprint
from hlsq.search.scoring import Outputs, Scoring, metric_name
from hlsq.search.state import State

REFERENCE = "float"
Inputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class FxPQNet(FxPScheme):
    """The smallest word lengths that keep a metric within ``max_drop`` of the float network's (FxP-QNet).

    Starts from ``fxp_uniform`` with the widths below and shortens one data-structure after the other (Algorithm 2):
    those of equal size compete, each with its fraction length optimised anew for the shorter word (Algorithm 1); of the
    reductions that the metric allows the one by most bits is taken, of equal ones that which costs least. Words longer
    than eight bits are shortened by a binary search, others bit by bit, down to a single bit.

    The plan's ``info`` has the metric of the float network and of the result, the average word lengths, every
    reduction in order, and how many block evaluations and seconds they took.

    Args:
        evaluation: ``(samples, labels)`` that decide which reductions are allowed, e.g. a validation set.
        metric: ``"accuracy"`` for labels that are class numbers, or a function of outputs (float32 [samples, ...], a
            list for several) and labels that returns a number, larger for better.
        max_drop: largest drop of the metric against the float network (Delta_thld); 0.01 is one percent of accuracy.
        competition: ``"full"`` evaluates all data-structures of a cluster for every reduction, as the paper does;
            ``"lazy"`` evaluates the one that came second before and takes it unless it fell behind: several times
            faster, and not always the same result.
        rank: what decides between reductions by as many bits: ``"metric"`` takes the one of smallest drop, as the paper
            does; ``"deviation"`` the one whose outputs are nearest to the float network's (for accuracies by the
            Kullback-Leibler divergence, else by squares). A metric of a few thousand samples favours what fits these
            samples by chance, and with every reduction more of it; the deviation hardly does.
        reserve: how many standard errors of the drop are kept from ``max_drop``, so that it holds for other samples
            than those of ``evaluation`` too: the drop is that of a sample, uncertain by the root of the number of
            predictions that became right or wrong. 1.645 stands for 95 % of all such samples; 0, as in the paper, for
            none. For metric ``"accuracy"`` only.
        stages: into how many equal steps ``max_drop`` is divided. With one, as in the paper, the largest tensors may
            spend all of it before the small ones are looked at; with several, all tensors give what they can at a small
            loss before a larger one is allowed.
        sum_bits: bits of the accumulators of all but first and last layers, which have 32; the paper's hardware has 16.
            What takes part in longer sums is shortened before anything else, and no reduction is taken that would make
            a sum too long. None for sums of any length.
        max_reductions: stop after so many reductions; None goes on until no more is allowed. Asking for more later goes
            on where the search ended (``state``).
        executor: any ``concurrent.futures.Executor`` in which members of a cluster are tried in parallel; None computes
            in this process, on all cores. Results do not depend on it.
        workers: tasks in flight at a time; None asks the executor.
        state: file that is written after every step, and from which the same search goes on after an interruption.
        scratch: where to make the folders that worker processes share.
        cache_bytes: most memory (or, with processes, disk) for activations that candidates share, for each of the two
            sets of samples; changes only speed.
        weight_width: initial bits of the weights of convolutions and dense layers.
        activation_width: initial bits of inputs and outputs.
        edge_width: as for ``fxp_uniform``.
        other_width: as for ``fxp_uniform``.
        widths: initial bits of single data-structures, as for ``fxp_uniform``.
        strategy: as for ``fxp_uniform``.
        forward: optimise the initial fraction lengths first, as for ``fxp_uniform``.
        cost: as for ``fxp_uniform``; for all reductions too.
        search_limit: as for ``fxp_uniform``; for all reductions too.
        cost_samples: as for ``fxp_uniform``.
        calibration_labels: as for ``fxp_uniform``.
        calibration_method: as for every scheme; the paper takes the extremes.
        calibration_options: as for every scheme.
        batch_norm: as for every scheme; the paper refines.
        batch_size: as for every scheme.
    """

    name: ClassVar[str] = "fxpqnet"
    run_only: ClassVar[tuple[str, ...]] = (
        "evaluation",
        "executor",
        "workers",
        "state",
        "scratch",
        "cache_bytes",
        "calibration_labels",
    )

    evaluation: tuple[Any, Any] | None = field(default=None, repr=False, compare=False)
    metric: Literal["accuracy"] | Callable[[Any, Any], float] = "accuracy"
    max_drop: float = 0.01
    competition: CompetitionKind = "full"
    rank: Rank = "metric"
    reserve: float = 0.0
    stages: int = 1
    sum_bits: int | None = None
    max_reductions: int | None = None
    executor: Executor | None = field(default=None, repr=False, compare=False)
    workers: int | None = None
    state: str | Path | None = None
    scratch: str | Path | None = None
    cache_bytes: int = 2**31

    def __post_init__(self) -> None:
        super().__post_init__()
        Evaluation.check_options(f"scheme {self.name!r}", self.evaluation, self.metric)
        self._from_zero("max_drop", 0.01)
        self._from_zero("reserve", 1.645)
        if self.reserve and callable(self.metric):
            raise self._wrong("reserve", "0 for a metric of your own, whose standard error is not known")
        self._choice("competition", COMPETITIONS)
        self._choice("rank", RANKS)
        self._whole("stages", 1)
        self._whole("sum_bits", 2, EDGE_BITS, optional=True)
        self._whole("max_reductions", 0, optional=True)
        self._whole("workers", 1, optional=True)
        self._whole("cache_bytes", 0)
        check_executor(f"scheme {self.name!r}", self.executor)
        check_paths(f"scheme {self.name!r}", state=self.state, scratch=self.scratch)

    def check(self, graph: Graph) -> None:
        """Refuse evaluation samples, labels, a metric or widths that do not fit ``graph``.

        Raises:
            OptionError, InputError: naming the option and what is allowed.
        """
        super().check(graph)
        self._evaluation(graph)

    def options(self) -> dict[str, Any]:
        """The options that decide the result; of a metric function its name."""
        return {**super().options(), "metric": metric_name(self.metric)}

    def run(self, graph: Graph, data: CalibrationData, progress: bool | None = None) -> Plan:
        """Calibrate ``graph`` on ``data`` and search.

        Raises:
            CalibrationError: ``data`` does not fit the network.
            OptionError: an option that does not fit the network.
            InputError: evaluation samples that do not fit it.
            SearchError: a worker failed, or the state belongs to another search.
        """
        self.check(graph)
        evaluation = self._evaluation(graph)
        inputs, calibration, found = self._calibrated(graph, data, progress)
        structures = found.structures
        initial = self.plan(graph, calibration)
        fingerprint = self._fingerprint(structures.graph, initial, inputs, evaluation)
        state = State(self.state, fingerprint, lambda rounds: check_rounds(rounds, structures))
        real = float_outputs(structures.graph, evaluation.inputs)
        scoring = evaluation.scoring
        reference = state.references[REFERENCE] = scoring.value(scoring.loss(real, np.arange(evaluation.samples)))
        plan = self._optimised(initial, found, inputs, state, progress)
        cost = make_cost(self.cost, found, self._labels())
        sums = SumLimit(structures.graph, self.sum_bits)
        with ExitStack() as stack:
            on_metric, on_cost = self._evaluators(
                stack, replayed(plan, structures, state, self.max_reductions), evaluation, found, inputs, cost, real
            )
            if "start" not in state.references:
                state.references["start"] = scoring.value(on_metric.base_loss())
                state.save()
            start = state.references["start"]
            designer = NetworkDesigner(
                structures,
                self._competition(on_metric, on_cost, cost, scoring, reference, sums, state),
                self.max_drop,
                reference - start,
                self.competition,
                self.stages,
                state,
                lambda: self.reserve * scoring.standard_error(on_metric.outputs, real),
                sums,
                self.max_reductions,
            )
            plan = designer.run(progress)
        info = {
            "evaluation": {"samples": evaluation.samples, "metric": evaluation.scoring.name},
            "float": {"accuracy": reference},
            "start": {"accuracy": start},
            "stopped": "max_reductions" if designer.complete else "nothing more is allowed",
            "result": {"accuracy": reference - designer.drop, "drop": designer.drop},
            "average_bits": average_bits(plan, structures),
            "reductions": [_row(entry) for entry in designer.entries if entry["taken"]],
            **effort(designer.entries),
        }
        return replace(plan, info={**plan.info, **info})

    def _evaluation(self, graph: Graph) -> Evaluation:
        return Evaluation.of(f"scheme {self.name!r}", graph, self.evaluation, self.metric)

    def _optimised(self, plan: Plan, found: References, inputs: Inputs, state: State, progress: bool | None) -> Plan:
        known = {r["key"]: r["frac"] for r in state.rounds if r["stage"] == FORWARD}

        def done(key: str, frac: int) -> None:
            state.finish({"stage": FORWARD, "key": key, "frac": frac})

        return self._forward(plan, found, inputs, progress, known, done)

    def _evaluators(
        self,
        stack: ExitStack,
        plan: Plan,
        evaluation: Evaluation,
        found: References,
        inputs: Inputs,
        cost: Cost,
        real: Outputs,
    ) -> tuple[Evaluator, Evaluator]:
        """Of the metric and of the cost; ``stack`` closes them."""
        structures = found.structures
        names = [[name] for name in dict.fromkeys(s.name for s in structures.all)]
        resources = Resources(
            executor=self.executor, workers=self.workers, scratch=self.scratch, cache_bytes=self.cache_bytes
        )
        scoring = evaluation.scoring
        on_metric = Evaluator(
            structures.graph,
            plan,
            evaluation.inputs,
            loss=lambda answer, rows: scoring.loss(answer.outputs, rows),
            deviation=None if self.rank == "metric" else lambda a, rows: scoring.deviation(a.outputs, real, rows),
            parts=scoring.parts,
            alternatives=names,
            reals=evaluation.inputs,
            resources=resources,
        )
        stack.enter_context(on_metric)
        if not cost.forwards:
            return on_metric, on_metric
        on_cost = Evaluator(
            structures.graph,
            plan,
            inputs,
            loss=lambda answer, rows: cost.of(answer.outputs, answer.errors, rows),
            parts=lambda _: growing_parts(found.samples),
            alternatives=names,
            reals=found.reals,
            resources=resources,
        )
        stack.enter_context(on_cost)
        return on_metric, on_cost

    def _competition(
        self,
        on_metric: Evaluator,
        on_cost: Evaluator,
        cost: Cost,
        scoring: Scoring,
        reference: float,
        sums: SumLimit,
        state: State,
    ) -> Competition:
        def known(name: str) -> float | None:
            return state.current.get(name, {}).get(0)

        return Competition(
            cost,
            on_cost,
            on_metric,
            drop_of=lambda loss: reference - scoring.value(loss),
            loss_at=lambda drop: scoring.loss_at(reference - drop),
            reach=self.search_limit,
            rank=self.rank,
            fits=sums.allows,
            known=known,
            done=lambda name, loss: state.record(name, 0, loss, 0),
        )

    def _fingerprint(self, graph: Graph, initial: Plan, inputs: Inputs, evaluation: Evaluation) -> str:
        drop = [float(self.max_drop), float(self.reserve), self.stages]
        options = [self.cost, self.search_limit, self.forward, self.competition, self.rank, *drop]
        options += [] if self.sum_bits is None else [self.sum_bits]
        labels = self._labels()
        return (
            Fingerprint()
            .graph(graph)
            .plan(initial)
            .json([*options, evaluation.scoring.name])
            .samples(inputs, labels)
            .samples(evaluation.inputs, evaluation.labels)
            .hexdigest()
        )


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"data_structure": entry["taken"], **entry["solution"]}

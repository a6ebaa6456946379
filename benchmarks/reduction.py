"""What incremental evaluation saves the network designer (fxpqnet), against emulating every candidate in full."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from networks import images, keras_resnet20, labelled_images

from hlsq.emulate.emulator import Emulator
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import Plan
from hlsq.schemes.fxp.cost import Distillation
from hlsq.schemes.fxp.reduction import Competition, Solution
from hlsq.schemes.fxp.structures import format_of
from hlsq.schemes.fxpqnet import FxPQNet
from hlsq.search import Candidate
from hlsq.search.workers import Answer


@dataclass(eq=False)
class PlainEvaluator:
    """Emulates every candidate in full on all samples, whatever the bound."""

    graph: Graph
    plan: Plan
    inputs: Mapping[str, Any]
    reals: Mapping[str, Any]
    loss_of: Any
    count: int = 1
    evaluations: int = 0

    def loss(self, candidate: Candidate, bound: float = float("inf")) -> float:
        blocks = {**self.plan.blocks, **candidate.changes}
        plan = replace(self.plan, blocks=blocks, inputs={**self.plan.inputs, **candidate.inputs})
        network = quantize_graph(self.graph, plan)
        found = Emulator(network).run(self.inputs, trace=bool(self.reals), progress=False)
        rows = np.arange(len(next(iter(self.inputs.values()))))
        self.evaluations += len(self.graph.blocks) * len(rows)
        errors = {}
        for name, real in self.reals.items():
            value = network.formats[name].dequantize(found.blocks[name].astype(np.int64)) - real
            errors[name] = float(np.square(value).sum())
        outputs = {n: network.formats[n].dequantize(v.astype(np.int64)) for n, v in found.outputs.items()}
        loss: float = self.loss_of(Answer(outputs, errors, 0), rows)
        return loss

    def measure(self, candidate: Candidate, bound: float, most: float) -> tuple[float, float]:
        return self.loss(candidate, bound), 0.0


PLAN = Path(__file__).resolve().parents[1] / "projects" / "resnet20_fxpqnet" / "plan.json"
Run = tuple[list[Solution], int, float]


def measure(count: int, cost_count: int, every: int) -> tuple[Run, Run]:
    """One bit less for every so-manyth data-structure of a plan that a search has found; ours, and in full.

    That is what a search spends most of its time on: finding out that few reductions are still possible.

    Returns:
        Of each the solutions, block evaluations and seconds.
    """
    from hlsq.converters.keras import from_keras

    graph = from_keras(keras_resnet20())
    scheme = FxPQNet(evaluation=labelled_images(count))
    inputs, _, found = scheme._calibrated(graph, images(cost_count), False)
    plan = Plan.load(PLAN)
    structures = [s for s in found.structures.all if format_of(plan, s).width > 1][::every]
    evaluation = scheme._evaluation(graph)
    cost = Distillation(found)
    scoring = evaluation.scoring

    def run(on_metric: Any, on_cost: Any) -> Run:
        start = time.perf_counter()
        # About what is left of one percent when 1.645 standard errors are kept.
        allowed = on_metric.loss(Candidate("the plan as it is", {})) + 0.003 * count
        # Losses stand for drops: the competition need not know what the float network reaches.
        competition = Competition(
            cost, on_cost, on_metric, float, float, 1, "metric", known=lambda name: None, done=lambda name, loss: None
        )
        solutions = competition.solve(structures, lambda structure, bits: allowed)
        return solutions, on_metric.evaluations + on_cost.evaluations, time.perf_counter() - start

    with ExitStack() as stack:
        ours = run(*scheme._evaluators(stack, plan, evaluation, found, inputs, cost, {}))
    plain_metric = PlainEvaluator(
        graph, plan, evaluation.inputs, {}, lambda answer, rows: scoring.loss(answer.outputs, rows)
    )
    plain_cost = PlainEvaluator(
        graph, plan, inputs, found.reals, lambda answer, rows: cost.of(answer.outputs, answer.errors, rows)
    )
    return ours, run(plain_metric, plain_cost)

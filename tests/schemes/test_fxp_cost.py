"""Costs against the paper's equations, computed plainly."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fxp_plain import Plain, refined
from searching import images, predictions

from hlsq.errors import OptionError
from hlsq.formats import FixedPoint
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import Plan
from hlsq.schemes.fxp.cost import COSTS, Distillation, ErrorRate, Local, make_cost, unclassified
from hlsq.schemes.fxp.forward import ForwardOptimizer
from hlsq.schemes.fxp.structures import candidate, format_of, with_format
from hlsq.schemes.fxp_uniform import FxPUniform
from hlsq.search.evaluator import Evaluator, Resources, growing_parts

CALIBRATION = images(70, 2)
GRAPH = refined(3, 2, residual=True)
LABELS = predictions(GRAPH, CALIBRATION)


@pytest.fixture(scope="module")
def prepared() -> Any:
    """References and the preprocessor's plan of five-bit weights."""
    scheme = FxPUniform(weight_width=5, activation_width=5, edge_width=7, other_width=7, forward=False)
    inputs, calibration, found = scheme._calibrated(GRAPH, CALIBRATION, False)
    return inputs, found, scheme.plan(GRAPH, calibration)


@pytest.fixture(scope="module")
def plain() -> Plain:
    return Plain(GRAPH, CALIBRATION, CALIBRATION, LABELS)


def test_costs_of_a_data_structure_differ_as_the_papers_do(prepared: Any, plain: Plain) -> None:
    inputs, found, plan = prepared
    cost = Distillation(found)
    names = [[s.name] for s in found.structures.all]
    with Evaluator(
        GRAPH,
        plan,
        inputs,
        loss=lambda answer, rows: cost.of(answer.outputs, answer.errors, rows),
        parts=lambda _: growing_parts(70, 20),
        alternatives=names,
        reals=found.reals,
        resources=Resources(),
    ) as evaluator:
        for structure in found.structures.all:
            fmt = format_of(plan, structure)
            costs, full = [], []
            for frac in (fmt.frac - 1, fmt.frac + 1, fmt.frac + 3):
                other = replace(fmt, frac=frac)
                ours = cost.own(structure, other) + evaluator.loss(candidate(plan, structure, other))
                costs.append(ours)
                full.append(plain.cost(with_format(plan, structure, other), structure.layer))
            np.testing.assert_allclose(np.diff(costs), np.diff(full), rtol=1e-3, atol=1e-7 * max(full))


def test_importance_adds_up_to_one_in_every_layer(prepared: Any, plain: Plain) -> None:
    _, found, _ = prepared
    weights = Distillation(found).weights
    for structure in plain.all_structures():
        assert weights[structure.key] == pytest.approx(plain.importance(structure), rel=1e-4)
    for block in GRAPH.blocks:
        keys = [key for key in weights if key.startswith(f"{block.name}.")]
        assert sum(weights[key] * found.extents[key].range for key in keys) == pytest.approx(1)


@pytest.mark.parametrize("power", [1, 2])
def test_local_costs_see_the_data_structure_alone(prepared: Any, plain: Plain, power: Any) -> None:
    _, found, plan = prepared
    cost = Local(found, power)
    for structure in found.structures.all:
        fmt = format_of(plan, structure)
        errors = fmt.fake_quantize(plain.values(structure)) - plain.values(structure)
        if power == 1:
            expected = np.abs(errors).mean()
        else:
            expected = np.square(errors).sum() / (len(errors) if structure.kind == "activation" else 1)
        assert cost.own(structure, fmt) == pytest.approx(expected, rel=1e-5)


def test_error_rates_count_labels_that_are_not_among_the_largest() -> None:
    logits = np.array([[3, 2, 1, 0, -1, -2], [0, 1, 2, 3, 4, 5]], dtype=np.float32)
    for top, wrong in ((1, 1), (5, 1), (6, 0)):
        assert ErrorRate(np.array([0, 0]), top).of({"y": logits}, {}, np.arange(2)) == wrong / 2


def test_ties_are_unclassified() -> None:
    logits = np.array([[1, 1, 1, 0], [2, 1, 0, 0], [5, 5, 0, 0]], dtype=np.float32)
    assert unclassified({"y": logits}) == 2 + (2 + 1) / 4
    assert unclassified({"y": logits[:, :, None]}) == 0
    assert unclassified({"y": logits, "z": logits}) == 0


def test_error_rates_need_labels(prepared: Any) -> None:
    _, found, _ = prepared
    for name in COSTS:
        if name.startswith("top"):
            with pytest.raises(OptionError, match="calibration_labels: none"):
                make_cost(name, found, None)
            with pytest.raises(OptionError, match="3 for 70 samples"):
                make_cost(name, found, np.zeros(3, dtype=np.int64))
        assert make_cost(name, found, LABELS)


def real_tail(plan: Plan, name: str) -> float:
    """F of eq. 21 with everything behind block ``name`` in floating point: formats as fine as the emulation allows."""
    graph = GRAPH
    index = [b.name for b in graph.blocks].index(name)
    fine = dict(plan.blocks)
    for block in graph.blocks[index + 1 :]:
        changes = {}
        for field in ("weight", "bias", "scale", "scale_shift", "output"):
            fmt = getattr(plan.blocks[block.name], field)
            if isinstance(fmt, FixedPoint):
                changes[field] = replace(fmt, width=fmt.width + 11, frac=fmt.frac + 9)  # two bits more of range
        fine[block.name] = replace(plan.blocks[block.name], **changes)
    return Plain(graph, CALIBRATION, CALIBRATION, LABELS).cost(replace(plan, blocks=fine), index + 1)


def test_forward_optimizer_has_floats_behind_the_layer(prepared: Any) -> None:
    inputs, found, plan = prepared
    optimizer = ForwardOptimizer(plan, found, inputs, Distillation(found), 1)
    layers = {s.layer for s in found.structures.all}
    for layer in range(len(GRAPH.blocks)):
        if layer in layers:
            for structure in (s for s in found.structures.all if s.layer == layer and layer > 0):
                fmt = format_of(plan, structure)
                pair = [replace(fmt, frac=fmt.frac - 1), replace(fmt, frac=fmt.frac + 2)]
                ours = [optimizer._loss(structure, f, np.inf) for f in pair]
                full = [real_tail(with_format(plan, structure, f), structure.name) for f in pair]
                assert ours[1] - ours[0] == pytest.approx(full[1] - full[0], rel=0.02, abs=2e-4)
        optimizer._settle(layer)


def test_forward_optimizer_keeps_word_lengths_and_lowers_the_cost(prepared: Any, plain: Plain) -> None:
    inputs, found, plan = prepared
    better = ForwardOptimizer(plan, found, inputs, Distillation(found), 2).run({}, lambda key, frac: None, False)
    for structure in found.structures.all:
        assert format_of(better, structure).width == format_of(plan, structure).width
    assert better.blocks != plan.blocks
    assert plain.cost(better, 0) < plain.cost(plan, 0)
    quantize_graph(GRAPH, better)


def test_forward_optimizer_takes_over_what_is_known(prepared: Any) -> None:
    inputs, found, plan = prepared
    known: dict[str, int] = {}
    first = ForwardOptimizer(plan, found, inputs, Distillation(found), 1).run({}, known.__setitem__, False)
    assert list(known) == [s.key for s in found.structures.all]
    told: dict[str, int] = {}
    half = dict(list(known.items())[: len(known) // 2])
    again = ForwardOptimizer(plan, found, inputs, Distillation(found), 1).run(half, told.__setitem__, False)
    assert again == first
    assert list(told) == list(known)[len(half) :]

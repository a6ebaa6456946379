"""Splits that are worth having, and the fewest PEs for a pace, against trying every split."""

from __future__ import annotations

import numpy as np
import pytest
from networks import quantized_network

from hlsq.cost import Products, finished_of, pareto_splits, products_of, split, valid_reuse_factors
from hlsq.cost.balance import Pace, balanced, pace_of, tasks_of
from hlsq.cost.iterations import loop_iterations
from hlsq.cost.words import stream_words
from hlsq.errors import ResourceError

PRODUCTS = [
    Products(27, 16),
    Products(7, 3),
    Products(1, 1),
    Products(1, 24),
    Products(64, 10, 4),
    Products(30, 7, 2),
    Products(9, 12, group=4),
    Products(9, 5, group=1),
    Products(36, 6, columns=3),
    Products(9, 12, group=2, columns=3),
    Products(10, 6, group=1, columns=5),
    Products(576, 64, columns=3),
]


@pytest.mark.parametrize("products", PRODUCTS)
def test_only_splits_stay_that_no_other_beats(products: Products) -> None:
    every = [split("b", products, factor) for factor in valid_reuse_factors(products)]
    every = [s for s in every if not s.is_crowded]
    beaten = [
        any(o.size <= s.size and o.reuse_factor < s.reuse_factor and o.window_words <= s.window_words for o in every)
        for s in every
    ]
    assert pareto_splits(products) == tuple(s for s, worse in zip(every, beaten, strict=True) if not worse)


@pytest.mark.parametrize("seed", range(25))
def test_every_block_has_the_fewest_pes_that_keep_the_pace(seed: int) -> None:
    graph = quantized_network(seed)
    words = stream_words(graph, (4096, 40)[seed % 2])
    tasks = tasks_of(graph, words)
    slowest = max(max(task.intervals) for task in tasks)
    fastest = max(task.fastest for task in tasks)
    for interval in sorted(
        {fastest, (fastest + slowest) // 2, *np.random.default_rng(seed).integers(fastest, slowest + 1, 5)}
    ):
        chosen = balanced(tasks, int(interval), "asked")
        for block in graph.blocks:
            products = products_of(block, graph, words) or finished_of(block, graph)
            if block.name not in chosen:
                assert loop_iterations(graph, block, None, words) <= interval
                continue
            assert products is not None
            every = [split(block.name, products, factor) for factor in valid_reuse_factors(products)]
            # One that keeps much of a window from moving in a memory costs more than it saves.
            keeping = [s for s in every if not s.is_crowded and loop_iterations(graph, block, s, words) <= interval]
            assert loop_iterations(graph, block, chosen[block.name], words) <= interval
            fewest = min(s.pes for s in keeping)
            assert chosen[block.name].pes == fewest
            assert chosen[block.name].output_block == min(s.output_block for s in keeping if s.pes == fewest)
        pace = pace_of(tasks, chosen)
        assert pace is not None
        took = {b.name: loop_iterations(graph, b, chosen.get(b.name), words) for b in graph.blocks}
        assert pace.interval == took[pace.block] == max(took.values())
        assert pace.fastest == next(task.fastest for task in tasks if task.name == pace.block)
    with pytest.raises(
        ResourceError, match=rf"asked: block '.*' takes {fastest:,} cycles .*target_interval={fastest} "
    ):
        balanced(tasks, fastest - 1, "asked")


def test_what_limits_the_pace_is_said() -> None:
    graph = quantized_network(0)
    tasks = tasks_of(graph)
    task = next(task for task in tasks if task.weights and len(task.splits) > 2)
    free = pace_of([task], {task.name: task.splits[-1]})
    assert free is not None
    assert free.can_go_faster
    assert free.sentence == (
        f"block {task.name!r} sets the pace with {task.intervals[-1]:,} cycles a sample; more PEs would help it: "
        f"{task.fastest:,} cycles with {task.splits[0].pes:,} PEs at most"
    )
    full = pace_of([task], {task.name: task.splits[0]})
    assert full is not None
    assert not full.can_go_faster
    assert full.sentence.endswith("more PEs cannot help it: its input stream brings one position a cycle")
    block, ones = graph.by_name[task.name], dict.fromkeys(graph.shapes, 1)
    for words, told in (
        (ones, "its input stream brings one position a cycle"),
        ({block.inputs[0]: 3}, "its streams carry one word a cycle, and a position comes in 3 words"),
        ({task.name: 2}, "its streams carry one word a cycle, and a position goes in 2 words"),
        (
            {block.inputs[0]: 3, task.name: 2},
            "carry one word a cycle, and a position comes in 3 words and goes in 2 words",
        ),
    ):
        (wide,) = (t for t in tasks_of(graph, ones | words) if t.name == task.name)
        pace = pace_of([wide], {task.name: wide.splits[0]})
        assert pace is not None
        assert pace.sentence.endswith(told)
    most = task.splits[1].pes
    (capped,) = (t for t in tasks_of(graph, None, {task.name: most}) if t.name == task.name)
    assert capped.splits == task.splits[1:]
    pace = pace_of([capped], {task.name: capped.splits[0]})
    assert pace is not None
    assert pace.sentence.endswith("the next faster way has more PEs at once than Vitis HLS can do")
    assert pace_of([], {}) is None


def test_a_block_without_pes_is_told_apart_and_a_single_cycle_is_one() -> None:
    pace = Pace("sum", 2, 1, 0, 0, False)
    told = "2 cycles a sample; more parallelism would help it: 1 cycle with all outputs at once at most"
    assert pace.sentence == f"block 'sum' sets the pace with {told}"

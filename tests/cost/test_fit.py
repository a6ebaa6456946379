"""The fastest design that fits, against trying every pace, where PEs and weights take what a formula says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from networks import quantized_network

from hlsq.cost import Split
from hlsq.cost.balance import Task, balanced, tasks_of
from hlsq.cost.estimate.model import BlockEstimate, Estimate, Resources
from hlsq.cost.fit import SLOWER, SPREAD, USEFUL, fastest_fit
from hlsq.cost.parts import Part, find_part, known_parts
from hlsq.errors import ResourceError


def counted(tasks: tuple[Task, ...], part: Part, **per: Any) -> Callable[[Mapping[str, Split]], Estimate]:
    """Needs of a design: ``pe`` LUTs a PE, ``weights`` block RAMs a block, ``bump`` more where a factor is odd."""

    def estimate(splits: Mapping[str, Split]) -> Estimate:
        blocks = {}
        for task in tasks:
            split = splits.get(task.name)
            if split is None or not task.weights:
                continue
            lut = per.get("pe", 0) * split.pes + per.get("bump", 0) * (split.reuse_factor % 2)
            blocks[task.name] = BlockEstimate(lut=lut, bram18=per.get("weights", 0), pes=split.pes)
        lut, bram = sum(b.lut for b in blocks.values()), sum(b.bram18 for b in blocks.values())
        parts = {"weights": Resources(bram18=bram), "PEs": Resources(lut=lut)}
        return Estimate(lut=lut, bram18=bram, blocks=blocks, components=parts, capacity=part)

    return estimate


def pace(tasks: tuple[Task, ...], splits: Mapping[str, Split]) -> int:
    return max(t.cycles.at(splits.get(t.name)) for t in tasks)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("bump", [0, 30])
def test_no_faster_design_fits(seed: int, bump: int) -> None:
    tasks = tasks_of(quantized_network(seed))
    part = Part("small", "as given", (2000, 700, 7000)[seed % 3], 10**6, 10**6, 10**6, 0, 0)
    estimate = counted(tasks, part, pe=60, bump=bump)
    chosen = fastest_fit(tasks, {}, estimate)
    assert estimate(chosen).fits
    least = max(task.fastest for task in tasks)
    paces = {least, *(i for task in tasks for i in task.intervals if i > least)}
    fitting = [i for i in paces if estimate(balanced(tasks, i, "")).fits]
    assert pace(tasks, chosen) <= min(fitting) * (1.25 if bump else 1)


@pytest.mark.parametrize("seed", range(6))
def test_a_pace_that_is_little_slower_is_taken_where_its_pes_are_useful(seed: int) -> None:
    tasks = tasks_of(quantized_network(seed))
    free = counted(tasks, find_part("xcvu9p"), pe=1)
    paces = sorted({i for task in tasks for i in task.intervals if i >= max(t.fastest for t in tasks)})
    near = [i for i in paces if i <= SLOWER * paces[0]]

    def useful_at(least: int) -> Callable[[Mapping[str, Split]], Estimate]:
        return lambda splits: replace(free(splits), useful=USEFUL if pace(tasks, splits) >= least else 0.0)

    for wanted in near:
        assert pace(tasks, fastest_fit(tasks, {}, useful_at(wanted))) == wanted
    beyond = int(SLOWER * paces[0]) + 1
    assert pace(tasks, fastest_fit(tasks, {}, useful_at(beyond))) == paces[0]


def test_blocks_that_are_kept_bound_the_pace() -> None:
    tasks = tasks_of(quantized_network(0))
    task = next(t for t in tasks if t.weights and len(t.splits) > 3)
    kept = {task.name: task.splits[-1]}
    chosen = fastest_fit(tasks, kept, counted(tasks, find_part("xcvu9p"), pe=1))
    assert chosen[task.name] == task.splits[-1]
    assert pace(tasks, chosen) == max(task.intervals[-1], *(t.fastest for t in tasks))
    assert all(chosen[t.name] == t.within(pace(tasks, chosen)) for t in tasks if t.splits and t is not task)


def test_a_block_that_takes_none_is_no_consumer() -> None:
    tasks = tasks_of(quantized_network(0))
    first, *others = (task.name for task in tasks if task.weights)
    count = counted(tasks, replace(find_part("xc7a35t"), bram36=0), weights=1)

    def only_first(splits: Mapping[str, Split]) -> Estimate:
        whole = count(splits)
        return replace(whole, bram18=1, blocks=whole.blocks | {name: BlockEstimate() for name in others})

    assert others
    with pytest.raises(ResourceError, match=f"most take '{first}' 1; what helps"):
        fastest_fit(tasks, {}, only_first)


def test_what_does_not_fit_says_what_helps() -> None:
    tasks = tasks_of(quantized_network(0))
    names = [task.name for task in tasks if task.weights]
    small = find_part("xc7a35t")
    with pytest.raises(ResourceError) as caught:
        fastest_fit(tasks, {}, counted(tasks, small, weights=60))
    need, message = 60 * len(names), str(caught.value)
    assert message.startswith("the network does not fit xc7a35t: at 0 cycles a sample, which need least, it takes ")
    assert (
        f"an estimated {need} block RAMs of 18 Kb, and 80 % of the part's {small.bram18} are "
        f"{int(0.8 * small.bram18)}; most take {names[0]!r} 60, "
    ) in message
    assert f"shorter codes of weights, which take {need} of them" in message
    assert "reuse_factor" not in message
    part = find_part(message.split("part='")[1].split("'")[0])
    fastest_fit(tasks, {}, counted(tasks, part, weights=60))
    assert all(0.8 * other.bram18 < need for other in known_parts().values() if other.lut < part.lut)


def test_remedies_are_those_that_there_are() -> None:
    tasks = tasks_of(quantized_network(0))
    count = sum(task.weights for task in tasks)
    part = Part("tight", "as given", 60 * count + 1, 1, 1, 1, 0, 0)
    with pytest.raises(ResourceError, match="what helps: a larger part, as in part='xc") as caught:
        fastest_fit(tasks, {}, counted(tasks, part, pe=60))
    share = float(str(caught.value).split("utilization=")[1])
    assert 60 * count <= share * part.lut <= 60 * count + 0.01 * part.lut
    assert "codes" not in str(caught.value)
    first = next(task for task in tasks if task.weights)
    with pytest.raises(ResourceError, match="larger factors in reuse_factor, or none"):
        fastest_fit(tasks, {first.name: first.splits[0]}, counted(tasks, part, pe=60))
    with pytest.raises(ResourceError, match="a smaller network, as no part that is known holds as much"):
        fastest_fit(tasks, {}, counted(tasks, part, pe=10**9))


def test_the_design_that_needs_least_is_the_one_that_is_told() -> None:
    tasks = tasks_of(quantized_network(0))
    linear = counted(tasks, Part("tiny", "as given", 1, 1, 1, 1, 0, 0), pe=1)
    fastest = balanced(tasks, max(task.fastest for task in tasks), "")

    def fewer_for_more_pes(splits: Mapping[str, Split]) -> Estimate:
        found = linear(splits)
        return replace(found, lut=10_000 - found.lut)

    with pytest.raises(ResourceError, match="which need least, it takes an estimated") as caught:
        fastest_fit(tasks, {}, fewer_for_more_pes)
    told = int(str(caught.value).split("estimated ")[1].split(" LUTs")[0].replace(",", ""))
    assert told == 10_000 - linear(fastest).lut


@pytest.mark.parametrize("after", range(8))
def test_a_faster_pace_nearby_that_fits_is_not_missed(after: int) -> None:
    tasks = tasks_of(quantized_network(4))
    least = max(task.fastest for task in tasks)
    paces = sorted({least, *(i for task in tasks for i in task.intervals if i > least)})
    assert len(paces) > 2 * SPREAD
    last = len(paces) // 2 + after
    part = Part("odd", "as given", 1000, 1, 1, 1, 0, 0)

    def fits_from_there_on_and_at_one_before(splits: Mapping[str, Split]) -> Estimate:
        taken = pace(tasks, splits)
        return Estimate(lut=1 if taken >= paces[last] or taken == paces[last - 4] else 1000, capacity=part)

    assert pace(tasks, fastest_fit(tasks, {}, fits_from_there_on_and_at_one_before)) == paces[last - 4]


@pytest.mark.parametrize("bram36", [0, 100])
@pytest.mark.parametrize("where", [0.03, 0.5, 0.97])
def test_the_only_paces_that_fit_are_found_between_steps(bram36: int, where: float) -> None:
    """Slower paces take block RAMs, faster ones LUTs; of a part without block RAM no share tells slow ones apart."""
    tasks = tasks_of(quantized_network(4))
    least = max(task.fastest for task in tasks)
    paces = sorted({least, *(i for task in tasks for i in task.intervals if i > least)})
    steps = [(len(paces) - 1) * n // SPREAD for n in range(SPREAD + 1)]
    only = next(n for n in range(int(where * len(paces)), len(paces)) if n not in steps)
    part = Part("odd", "as given", 100_000, 1, 1, bram36, 0, 0)

    def falls_and_rises(splits: Mapping[str, Split]) -> Estimate:
        place = paces.index(pace(tasks, splits))
        needs = max(0, place - only) + bool(bram36) * 160
        return Estimate(lut=80_000 + max(0, only - place), bram18=needs, capacity=part)

    assert pace(tasks, fastest_fit(tasks, {}, falls_and_rises)) == paces[only]


def test_all_that_is_exceeded_is_told() -> None:
    tasks = tasks_of(quantized_network(0))
    part = Part("small", "as given", 1000, 1000, 100, 0, 0, 200)
    blocks = {"first": BlockEstimate(lut=850, lutram=99.5, ff=2000, bram18=3), "second": BlockEstimate(lut=50)}
    needs = Estimate(lut=900.0, lutram=160.0, ff=2000.1, dsp=80, bram18=3, blocks=blocks, capacity=part)
    with pytest.raises(ResourceError) as caught:
        fastest_fit(tasks, {}, lambda _: needs)
    assert (
        "it takes an estimated 3 block RAMs of 18 Kb, and it has none; most take 'first' 3; too many as well: 2,001 "
        "flip-flops (at most 800), 900 LUTs (at most 800); what helps"
    ) in str(caught.value)
    with pytest.raises(
        ResourceError, match=r"estimated 161 memory LUTs, and 80 % of the part's 200 are 160; most take 'first' 100; w"
    ) as e:
        fastest_fit(tasks, {}, lambda _: replace(needs, lut=161.0, lutram=160.5, ff=0.0, bram18=0))
    assert "as well" not in str(e.value)

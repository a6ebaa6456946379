"""Passes of the compiler one by one: codes, what is fused, where maps lie, banks."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, random_network
from random_designs import random_quantized

from hlsq.backends.folded import EngineOptions, compile_program
from hlsq.backends.folded.allocation import allocate, storages_of
from hlsq.backends.folded.codes import CodeForm, decode, encode
from hlsq.backends.folded.layout import layouts
from hlsq.backends.folded.loops import bank_count
from hlsq.backends.folded.pieces import PIPELINE, WRITTEN
from hlsq.backends.folded.tasks import make_tasks
from hlsq.backends.vitis.folded.render import TEMPLATES
from hlsq.formats import Affine
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Concatenate, Conv2D
from hlsq.plan import BlockPlan

FORMS = {
    CodeForm("integer", 8): np.arange(-128, 128),
    CodeForm("integer", 1): np.arange(-1, 1),
    CodeForm("power", 5, 7): np.array([0, *(s << e for e in range(8) for s in (1, -1))]),
    CodeForm("power", 2, 0): np.array([-1, 0, 1]),
    CodeForm("sign", 1): np.array([-1, 1]),
}


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_codes(form: CodeForm) -> None:
    values = FORMS[form]
    codes = encode(values, form)
    assert codes.min() >= 0
    assert codes.max() < 1 << form.bits
    assert np.array_equal(decode(codes, form), values)
    assert len(set(codes.tolist())) == len(values)


def test_a_concatenation_requantises_in_the_pass_that_computes_its_input() -> None:
    work = make_tasks(quantize_graph(*random_network(0)))
    joined = [task for task in work.tasks if task.add is not None and isinstance(task.add.op, Concatenate)]
    assert joined
    assert all(task.block is not None and task.add_requant is not None for task in joined)
    targets = [task.target for task in work.tasks]
    assert len(targets) == len(set(targets))


@pytest.mark.parametrize("positions", range(1, 12))
def test_neighbours_lie_in_different_banks(positions: int) -> None:
    strides = {1, 2, 3}
    banks = bank_count(positions, strides)
    assert banks >= positions
    for stride in strides:
        assert len({position * stride % banks for position in range(positions)}) == positions


def test_a_chain_takes_no_more_memory_than_two_neighbours() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    last = b.input("image", (8, 8, 4), Affine(8, 0.03))
    channels = [4, 8, 16, 4, 8]
    for number, (before, after) in enumerate(pairwise(channels)):
        plan = BlockPlan(weight=Affine(4, 0.1, symmetric=True), output=Affine(8, 0.05))
        kernel = b.kernel(3, 3, before, after)
        last = b.add(f"conv{number}", Conv2D((1, 1), (1, 1, 1, 1)), [last], kernel=kernel, plan=plan)
    program = compile_program(quantize_graph(*b.build([last])), EngineOptions(pes=16))
    word, banks = program.map.word, program.map.banks
    words = [-(-c // word) * -(-64 // banks) for c in channels[:-1]]  # the last one leaves
    assert sum(program.map.depth) == max(sum(pair) for pair in pairwise(words))


def test_outputs_of_short_steps_are_finished_together() -> None:
    """A pixel of 16 outputs leaves in one cycle, which the array has computed eight at a time."""
    b = NetworkBuilder(np.random.default_rng(0))
    plan = BlockPlan(weight=Affine(4, 0.1, symmetric=True), output=Affine(8, 0.05))
    b.input("image", (8, 8, 16), Affine(8, 0.03))
    b.add("point", Conv2D(), ["image"], kernel=b.kernel(1, 1, 16, 40), plan=plan)
    engines = {"one": {"taps": 16, "outputs": 8, "positions": 4}}
    program = compile_program(quantize_graph(*b.build(["point"])), EngineOptions(engines=engines))
    item = program.instructions[1]
    # 40 outputs are three groups, of which the last one is half empty; apart they would be five.
    assert (item.fields["steps"], item.fields["period"], item.fields["last_turn"]) == (2, 4, 1)
    assert item.cycles - PIPELINE - item.fields["delay"] == 4 + 16 * 3 * 4 + 4


def test_turns_of_trees_that_are_tapped() -> None:
    """Eight channels take half of a tree, which computes eight outputs a step: 32 take two groups of two turns."""
    b = NetworkBuilder(np.random.default_rng(0))
    plan = BlockPlan(weight=Affine(4, 0.1, symmetric=True), output=Affine(8, 0.05))
    b.input("image", (8, 8, 8), Affine(8, 0.03))
    b.add("point", Conv2D(), ["image"], kernel=b.kernel(1, 1, 8, 32), plan=plan)
    engines = {"one": {"taps": 16, "outputs": 4, "positions": 4}}
    fields = compile_program(quantize_graph(*b.build(["point"])), EngineOptions(engines=engines)).instructions[1].fields
    assert (fields["split"], fields["last_turn"], fields["steps"], fields["groups_of_outputs"]) == (1, 1, 2, 2)


@pytest.mark.parametrize(("channels", "is_wide"), [(8, True), (512, False)])
def test_wide_words_have_to_save_more_than_they_cost(channels: int, is_wide: bool) -> None:
    """Of few products post-processing sets the pace, and more lanes help; deep maps gain nothing from them."""
    b = NetworkBuilder(np.random.default_rng(0))
    plan = BlockPlan(weight=Affine(4, 0.1, symmetric=True), output=Affine(8, 0.05))
    b.input("image", (8, 8, channels), Affine(8, 0.03))
    b.add("point", Conv2D(), ["image"], kernel=b.kernel(1, 1, channels, 64), plan=plan)
    array = compile_program(quantize_graph(*b.build(["point"])), EngineOptions(pes=1024)).engines[0].array
    assert (array.taps > 16) is is_wide


@pytest.mark.parametrize("seed", range(20))
def test_maps_that_live_at_once_lie_apart(seed: int) -> None:
    work = make_tasks(random_quantized(seed))
    word, banks = 4, 3
    lanes = layouts(work, word)
    found = allocate(work, lanes, word, banks)
    storages = storages_of(work, lanes, word, banks)
    assert storages
    for one, other in combinations(storages.values(), 2):
        places = found.places[one.name], found.places[other.name]
        at_once = one.first <= other.last and other.first <= one.last
        if at_once and places[0].memory == places[1].memory:
            assert places[0].base + one.words <= places[1].base or places[1].base + other.words <= places[0].base


def test_synthesis_knows_how_soon_a_pass_reads_what_is_loaded_beside_it() -> None:
    """The program keeps that distance, and the C++ says so, in place of that there is no dependence."""
    said = re.findall(
        r"direction = RAW distance = (\d+) dependent = true",
        Path(TEMPLATES, "firmware/hlsq/folded/engine.h").read_text(),
    )
    assert said == [str(WRITTEN + 1)] * 2

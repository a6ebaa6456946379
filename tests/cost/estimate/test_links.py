"""What connects blocks, and who has it."""

from dataclasses import replace

import numpy as np
from flowing import several_inputs_and_outputs
from networks import NetworkBuilder

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost.dataflow import Channel
from hlsq.cost.estimate import Choices, Memory
from hlsq.cost.estimate.cells import cells
from hlsq.cost.estimate.links import links_of
from hlsq.formats import Affine
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, Dense, MaxPool2D, Reshape
from hlsq.plan import BlockPlan

GRAPH = several_inputs_and_outputs()
WIDTH = 2 * 8
BETWEEN = Memory("streams", 1, 2, WIDTH, "FIFO in registers", 0)
COPIED = Memory("copies", 1, 2, WIDTH, "FIFO in registers", 0)


def test_every_stream_has_one_owner() -> None:
    """x goes to a convolution and the sum, y to the sum; the first convolution and the sum also go to the host."""
    depths = {Channel("x", ("sum", 2)): 40}
    found = links_of(GRAPH, depths, Choices())
    assert found["first"].memories == (BETWEEN, COPIED)  # from the copies of x, and to those of its own
    assert found["second"].memories == (BETWEEN,)
    # y comes from a port, so nothing holds it but the host.
    waiting = Memory("streams", 1, 40, WIDTH, "FIFO in shift registers", 0)
    assert sorted(found["sum"].memories, key=str) == sorted((BETWEEN, waiting, COPIED), key=str)
    assert found["unread"].memories == (BETWEEN, COPIED)
    ports = {name: links.parts["ports"].ff for name, links in found.items() if "ports" in links.parts}
    one = 2 * WIDTH + 4
    assert ports == {"first": 2 * one, "sum": 2 * one}  # x and an output; y and an output
    copies = [name for name, links in found.items() if "copies" in links.parts]
    assert copies == ["first", "sum", "unread"]  # the last one discards what nobody reads


def test_parts_are_what_memories_take() -> None:
    found = links_of(GRAPH, {}, Choices())["second"]
    assert found.parts == {"streams": cells("fifo", "registers", WIDTH)}


def test_whole_maps_are_kept_for_as_many_samples_as_are_on_the_way() -> None:
    found = links_of(GRAPH, {}, Choices(streams=False))
    maps = {name: [(m.copies, m.depth) for m in links.memories] for name, links in found.items() if links.memories}
    # Of x, five samples are on the way through two convolutions and what copies the first; two of each other map, that
    # which is copied twice.
    assert maps == {
        "first": [(2, 64)] * 2,
        "second": [(2, 64)],
        "sum": [(2, 64), (5, 64), (2, 64)],
        "unread": [(2, 64)],
    }
    assert "ports" not in found["sum"].parts


def test_words_of_wide_packets_go_one_after_the_other() -> None:
    words = dict.fromkeys(GRAPH.shapes, 2)
    found = links_of(GRAPH, {}, Choices(), words)["second"]
    assert found.memories == (replace(BETWEEN, depth=4, width=WIDTH // 2, storage="FIFO in shift registers"),)


def test_packets_of_several_words_wait_in_registers() -> None:
    """Of x's five channels in words of two, four wait; a sum of two inputs has them twice."""
    b = NetworkBuilder(np.random.default_rng(0))
    x = b.input("x", (4, 4, 5), Affine(8, 0.1))
    pool = b.add("pool", MaxPool2D((2, 2), (2, 2)), [x])
    total = b.add("sum", Add(), [pool, pool], plan=BlockPlan(output=Affine(6, 0.4)))
    flat = b.add("flat", Reshape((20,)), [total])
    b.add("fc", Dense(), [flat], kernel=b.kernel(20, 3), plan=BlockPlan(weight=Affine(8, 0.01, symmetric=True)))
    graph = quantize_graph(*b.build(["fc"]))
    words = dict.fromkeys(("x", "pool", "sum", "flat"), 3) | {"fc": 1}
    for streams in (True, False):
        found = links_of(graph, {}, Choices(streams=streams), words)
        counting = cells("control", "nest", 1, 2).ff
        waiting = {name: links.parts["words"].ff for name, links in found.items() if "words" in links.parts}
        # Arriving and leaving: 4 of 5 values of 8 bits, then all 5; of the sum, two inputs, and 5 values of 6 bits.
        assert waiting == {"pool": 32 + 40 + 2 * counting, "sum": 2 * 32 + 30 + 3 * counting}
        one_each = links_of(graph, {}, Choices(streams=streams), dict.fromkeys(words, 1))
        assert not any("words" in links.parts for links in one_each.values())


def test_a_target_has_deeper_streams() -> None:
    paced = Design(GRAPH, HardwareOptions(target_interval=400)).estimate
    plain = Design(GRAPH, HardwareOptions(reuse_factor={})).estimate
    assert sum(m.depth for m in paced.memories if m.component == "streams") > sum(
        m.depth for m in plain.memories if m.component == "streams"
    )

"""How many packets the FIFOs before a join must hold, so that a streamed design never comes to a standstill.

Where two branches meet again, the stream of the shorter one must hold what arrives while the longer one fills its
line buffers and pipelines, or the network stands still for ever. All other streams have ``MINIMUM_DEPTH``.

Guaranteed is that every sample comes through, whatever happens in which cycle, if each process has a pipeline that

* flushes, of any depth; the C++ asks for that with ``style = flp``, and a free-running one (``frp``) serves as well;
  or
* stalls as a whole (``stp``) and has no more than ``PIPELINE_DEPTH`` stages from a read to the write that follows
  from it, or ``COPY_DEPTH`` where it merely copies,

with or without a break between samples, and if the host serves each of its streams without regard to the others.

Why that is so. Assume an order of all reads and writes in which each comes after everything that it may ever wait
for: a read after the write of its packet, a write after the read that makes room for it, and within a process what
the pipeline wants. Then the first one in that order that has not happened yet can happen, so there is no standstill;
when it happens does not matter. Such an order exists:

* What the pipeline wants. If it stalls as a whole, the result of an iteration is written together with the reads of
  the iteration that starts D later. If it flushes, reads may wait for writes of earlier iterations, and a write for
  the reads of its own iteration; that is the same with D = 0.
* The order: the process furthest downstream that can goes on. A FIFO that is not before a join then never holds more
  than one packet. And when the (s + 1)th packet of a tensor comes, everything that depends on nothing else has been
  done for the s packets before.
* Before a join, take f as the last tensor from which all packets of two branches stem. When the kth packet of one
  branch comes, the last packet of f that it needs has come, say the sth; so of the other branch all those packets
  have come that need less than s of f. The difference is what the FIFO must hold. What a packet needs grows with D:
  in the one branch it is counted with D = 0, in the other with the largest, which covers all depths in between in any
  mixture. Samples follow each other without end in this count; breaks between them only let packets come that need
  less.
* A packet that goes in several words counts as one, and a FIFO holds all words of as many packets. Iterations that
  only take or send a word come between those that are counted, so that fewer of these pass while a result is in
  flight.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hlsq.cost.dataflow import MINIMUM_DEPTH, copied
from hlsq.cost.reuse import Split
from hlsq.cost.schedule import Indices, Schedule, copying, schedule
from hlsq.cost.streams import positions
from hlsq.cost.wires import carriers
from hlsq.graph import QBlock, QuantizedGraph

PIPELINE_DEPTH = 40
"""Stages of a block's pipeline that stalls for which the depths still hold."""
COPY_DEPTH = 4
"""The same of a process that copies a tensor for several readers: nothing to compute, a stage or two."""


def stream_depths(graph: QuantizedGraph, splits: Mapping[str, Split]) -> dict[tuple[str, int], int]:
    """Depth of every stream that enters a block with several inputs, keyed by (block, input number).

    Args:
        graph: the network.
        splits: steps of the blocks that compute.
    """
    carried = carriers(graph)
    joins = {block.name: tuple(carried[source] for source in block.inputs) for block in graph.blocks}
    joins = {name: sources for name, sources in joins.items() if len(set(sources)) > 1}
    if not joins:
        return {}
    stems = _stems(graph)
    needs = _Needs(graph, splits, stems)
    several = copied(graph)
    kept = {item.name for item in graph.inputs if item.name not in several}
    depths: dict[tuple[str, int], int] = {}
    for name, sources in joins.items():
        for number, source in enumerate(sources):
            if source in kept:
                continue  # the host keeps what is not taken yet
            ahead = max(
                (
                    _ahead(needs.of(source, stem, 0), needs.of(other, stem, PIPELINE_DEPTH), needs.period(stem))
                    for other in set(sources) - {source}
                    for stem in [next(stem for stem in reversed(stems[source]) if stem in stems[other])]
                ),
                default=0,
            )
            # One more, so that a packet can come while the join takes another.
            depths[name, number] = max(ahead + 1, MINIMUM_DEPTH)
    return depths


def _stems(graph: QuantizedGraph) -> dict[str, tuple[str, ...]]:
    """For each tensor those, upstream first, that all its packets stem from; the first, "", is the host."""
    carried = carriers(graph)
    stems: dict[str, tuple[str, ...]] = {item.name: ("", item.name) for item in graph.inputs}
    for block in _functions(graph, carried):
        first, *others = (stems[carried[source]] for source in block.inputs)
        stems[block.name] = (*(name for name in first if all(name in other for other in others)), block.name)
    return stems


def _functions(graph: QuantizedGraph, carried: Mapping[str, str]) -> tuple[QBlock, ...]:
    """Blocks that are no wires."""
    return tuple(block for block in graph.blocks if carried[block.name] == block.name)


def _ahead(early: Indices, late: Indices, period: int) -> int:
    """Most packets by which one branch is ahead of another.

    Args:
        early: the packet of the common tensor that each packet of the branch needs, for one sample.
        late: the same of the other branch.
        period: packets of the common tensor in a sample.
    """
    # All of the other branch's packets are there that need less than the packet that has just come.
    before = early - 1
    sample = (before - late[0]) // period
    there = sample * len(late) + np.searchsorted(late, before - sample * period, side="right")
    return int(np.max(np.arange(1, len(early) + 1) - there))


class _Needs:
    """Which packets of a tensor those of others need."""

    def __init__(
        self, graph: QuantizedGraph, splits: Mapping[str, Split], stems: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.graph = graph
        self.stems = stems
        self.count = positions(graph)
        self.carried = carriers(graph)
        self.functions = _functions(graph, self.carried)
        self.schedules = {block.name: schedule(graph, block, splits.get(block.name)) for block in self.functions}
        self.copied = copied(graph)
        self.known: dict[tuple[str, int], dict[str, Indices]] = {}

    def period(self, stem: str) -> int:
        """Packets of ``stem`` in a sample."""
        return self.count[stem] if stem else max(self.count[item.name] for item in self.graph.inputs)

    def of(self, name: str, stem: str, depth: int) -> Indices:
        """The packet of ``stem`` that each packet of tensor ``name`` needs before a reader has it.

        Args:
            name: of the tensor.
            stem: a tensor that all its packets stem from; "" for the host, which sends the inputs side by side.
            depth: of pipelines.
        """
        known = self.known.setdefault((stem, depth), {})
        if name in known:
            return known[name]
        if stem:
            known[stem] = np.arange(self.count[stem])
        else:
            known.update(
                {i.name: self._handed_on(i.name, np.arange(self.count[i.name]), stem, depth) for i in self.graph.inputs}
            )
        for block in self.functions:
            if name in known:
                break
            if stem in self.stems[block.name] and block.name not in known:
                needed = _needed(self.schedules[block.name], depth)
                found = np.max(
                    [self._at(needed, known[self.carried[source]], stem) for source in set(block.inputs)], axis=0
                )
                known[block.name] = self._handed_on(block.name, found, stem, depth)
        return known[name]

    def _handed_on(self, name: str, needs: Indices, stem: str, depth: int) -> Indices:
        """``needs`` of what readers get, who do not get it before all of them can."""
        if name not in self.copied:
            return needs
        return self._at(_needed(copying(len(needs)), min(depth, COPY_DEPTH)), needs, stem)

    def _at(self, packets: Indices, needs: Indices, stem: str) -> Indices:
        """``needs`` for some ``packets`` of any sample."""
        sample, within = np.divmod(packets, len(needs))
        return sample * self.period(stem) + needs[within]


def _needed(loop: Schedule, depth: int) -> Indices:
    """The last packet that was read when each output packet is written, counted from the first of the same sample."""
    # Packets of one word, so all inputs are read together. The loop runs for sample after sample.
    reads = loop.reads[0]
    sample, within = np.divmod(loop.writes + depth, loop.iterations)
    return sample * len(reads) + np.searchsorted(reads, within, side="right") - 1

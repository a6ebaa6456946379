"""How the stages of a pipeline are joined: streams, copies for several readers, words of other widths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hlsq.backends.folded.pipeline import Channel
from hlsq.backends.vitis.folded.pipelined import MEETING, PipelinedDesign
from hlsq.backends.vitis.tensors import Tensor
from hlsq.backends.vitis.vectors import output_port


@dataclass(frozen=True, eq=False)
class Link:
    """A stream inside the top function.

    Attributes:
        ident: its name in C++.
        tensor: whose words it carries.
        depth: words that it holds.
    """

    ident: str
    tensor: Tensor
    depth: int


@dataclass(frozen=True, eq=False)
class Step:
    """A call in the top function, and the streams that have to be declared in front of it."""

    links: tuple[Link, ...]
    call: str


def steps(design: PipelinedDesign) -> list[Step]:
    """All calls in order: what hands inputs on, then every stage and what hands its results on."""
    return list(_Joins(design).steps())


class _Joins:
    def __init__(self, design: PipelinedDesign) -> None:
        self.design = design
        self.last = len(design.stages)
        self.ways: dict[str, list[Channel]] = {}
        for channel in design.program.channels:
            self.ways.setdefault(channel.tensor, []).append(channel)
        self.ends: dict[tuple[str, int], str] = {}
        """Streams that stages read, by tensor and stage."""

    def steps(self) -> Iterator[Step]:
        graph, top = self.design.graph, self.design.options.top
        for item in graph.inputs:
            yield from self._handed_on(item.name, self.design.tensors[item.name].ident)
        for number, stage in enumerate(self.design.stages):
            links, arguments = [], [self.ends[item.name, number] for item in stage.graph.inputs]
            after: list[Step] = []
            for name in stage.graph.outputs:
                ways = self.ways[name]
                if len(ways) == 1 and not ways[0].maps and ways[0].reader == self.last:
                    arguments.append(output_port(self.design, name))
                    continue
                given = f"{self.design.tensors[name].ident}_given"
                alone = len(ways) == 1
                links.append(self._link(given, ways[0], self._depth(ways[0]) if alone else MEETING))
                arguments.append(given)
                after += self._handed_on(name, given, inside=alone)
            yield Step(tuple(links), f"stage{number}::{top}_stage{number}({', '.join(arguments)});")
            yield from after

    def _handed_on(self, name: str, source: str, inside: bool = False) -> Iterator[Step]:
        """From ``source``, a port or a stage's stream, to all readers.

        ``inside``: whether it is the stream in which the map waits for its only reader.
        """
        tensor, ways = self.design.tensors[name], self.ways[name]
        for n, way in enumerate(ways):
            rest, own = f"{tensor.ident}_rest{n}", f"{tensor.ident}_to{way.reader}"
            if n + 1 < len(ways):
                links = (self._link(own, way, self._depth(way)), self._link(rest, way, MEETING))
                if n + 2 == len(ways):
                    # What is left has one reader, so it waits there.
                    links = (links[0], self._link(rest, ways[-1], self._depth(ways[-1])))
                yield Step(links, f"hlsq::folded::copy<{way.written}>({source}, {own}, {rest});")
                source, inside = rest, n + 2 == len(ways)
            elif not inside and way.maps:
                yield Step((self._link(own, way, self._depth(way)),), self._passed(way, source, own))
            else:
                own = source
            yield from self._arrived(way, own)

    def _arrived(self, way: Channel, source: str) -> Iterator[Step]:
        """To the port, or to the stage in words of its width."""
        tensor = self.design.tensors[way.tensor]
        if way.reader == self.last:
            yield Step((), self._passed(way, source, output_port(self.design, way.tensor)))
            return
        read = self.design.channel_tensor(way.tensor, way.reader)
        if read.word == self.design.channel_tensor(way.tensor, way.source).word:
            self.ends[way.tensor, way.reader] = source
            return
        ident = f"{tensor.ident}_taken{way.reader}"
        self.ends[way.tensor, way.reader] = ident
        call = f"hlsq::folded::repack<{tensor.positions}, {tensor.packet}>({source}, {ident});"
        yield Step((Link(ident, read, MEETING),), call)

    def _passed(self, way: Channel, source: str, target: str) -> str:
        return f"hlsq::folded::pass_on<{way.written}>({source}, {target});"

    def _link(self, ident: str, way: Channel, depth: int) -> Link:
        return Link(ident, self.design.channel_tensor(way.tensor, way.source), depth)

    def _depth(self, way: Channel) -> int:
        return max(MEETING, way.maps * way.written)

"""A network as a pipeline of folded accelerators, each of which works on an image of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hlsq.backends.folded.balance import cut, shared_pes
from hlsq.backends.folded.compile import compile_program
from hlsq.backends.folded.grouping import DEFAULT_PES
from hlsq.backends.folded.options import EngineOptions
from hlsq.backends.folded.pieces import PIPELINE, Engine, Instruction
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.stages import check_count, engine_parts, layers, segments
from hlsq.backends.folded.wishes import read_engines
from hlsq.errors import GraphError, OptionError
from hlsq.escape import visible
from hlsq.files.read import read_json
from hlsq.files.write import write_file
from hlsq.graph import QuantizedGraph

STAGES = "stages.json"
VERSION = 1
IMAGES = 100
"""For which the listing compares stages that take turns with stages at work at once."""


@dataclass(frozen=True, eq=False)
class Stage:
    """One folded accelerator of a pipeline.

    Attributes:
        name: of it, and of its engine where that is the only one.
        graph: its part of the network.
        program: that runs it.
    """

    name: str
    graph: QuantizedGraph
    program: FoldedProgram

    @property
    def blocks(self) -> tuple[str, ...]:
        """That it computes."""
        return tuple(self.graph.by_name)


@dataclass(frozen=True)
class Channel:
    """The way of a map from where it is made to a stage that reads it, or to a port.

    Attributes:
        tensor: its name.
        source: number of the stage that gives it; -1 for an input of the network.
        reader: of the one that takes it; the number of stages for an output of the network.
        written: words that a sample takes on its way from the source.
        read: words that it takes on its way to the reader.
    """

    tensor: str
    source: int
    reader: int
    written: int
    read: int

    @property
    def maps(self) -> int:
        """That wait in it, one for each stage in between; with none, its two ends meet word by word."""
        return self.reader - self.source - 1

    @property
    def transfers(self) -> int:
        """Cycles in which it goes from one width of words to another, or just from one end to the other."""
        return max(self.written, self.read)


@dataclass(frozen=True, eq=False)
class PipelinedProgram:
    """A network as stages, in order.

    Attributes:
        graph: the network.
        stages: of which each works on another sample.
    """

    graph: QuantizedGraph
    stages: tuple[Stage, ...]

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """All ways of maps between stages and ports, by the order of maps and then of readers."""
        found = []
        inputs = {item.name for item in self.graph.inputs}
        source = {name: n for n, stage in enumerate(self.stages) for name in stage.graph.outputs}
        for name in self.graph.formats:
            n = -1 if name in inputs else source.get(name)
            if n is None:
                continue
            readers = [i for i, s in enumerate(self.stages) if name in [item.name for item in s.graph.inputs]]
            ends = [*readers, *([len(self.stages)] if name in self.graph.outputs else [])]
            first = ends[0] if n < 0 else n
            written = self._moved(first, name)
            found += [Channel(name, n, i, written, self._moved(i, name, written)) for i in ends]
        return tuple(found)

    def _moved(self, stage: int, name: str, default: int = 0) -> int:
        """Words of ``name`` that a stage takes or gives."""
        if stage >= len(self.stages):
            return default
        program = self.stages[stage].program
        item = next(i for i in program.instructions if i.opcode != "run" and i.target == name)
        return item.fields["rows"] * max(1, item.fields["chunks"])

    @cached_property
    def stage_cycles(self) -> tuple[int, ...]:
        """Cycles of each stage for a sample, with what it waits for in the transfer of a map.

        A map comes as fast as both of its ends allow, and goes so fast where the reader is the next stage. What waits
        for a later one goes as the stage gives it.
        """
        found = [stage.program.cycles for stage in self.stages]
        for channel in self.channels:
            if channel.reader < len(self.stages):
                found[channel.reader] += channel.transfers - channel.read
        for name in {channel.tensor: None for channel in self.channels}:
            own = [c for c in self.channels if c.tensor == name]
            if own[0].source >= 0:
                met = [c.transfers for c in own if not c.maps and c.reader < len(self.stages)]
                found[own[0].source] += max([own[0].written, *met]) - own[0].written
        return tuple(found)

    @property
    def interval(self) -> int:
        """Cycles between two samples: those of the slowest stage."""
        return max(self.stage_cycles)

    @property
    def cycles(self) -> int:
        """From the beginning of a sample to its end, where no other one is on its way.

        The sum of the stages; what passes from one to the next takes both of them at once, the reader a cycle later.
        It is the most that a sample takes: some stages begin earlier where one needs nothing of the one before it, or
        gives several maps.
        """
        stages = range(len(self.stages))
        met = [c for c in self.channels if not c.maps and c.source in stages and c.reader in stages]
        borders = {channel.source for channel in met}
        return sum(self.stage_cycles) - sum(c.transfers + PIPELINE for c in met) + len(borders)

    def cycles_of(self, samples: int) -> int:
        """Of several samples, one close behind the other (He et al. eq. 12)."""
        return self.cycles + (samples - 1) * self.interval

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Of all stages."""
        return tuple(engine for stage in self.stages for engine in stage.program.engines)

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """Of all stages, one after the other."""
        return tuple(item for stage in self.stages for item in stage.program.instructions)

    @property
    def pes(self) -> int:
        """Of all engines."""
        return sum(stage.program.pes for stage in self.stages)

    @property
    def files(self) -> dict[str, bytes]:
        """The files that hold the program, path to content."""
        stages = [{"name": stage.name, "blocks": _working(stage)} for stage in self.stages]
        found = {STAGES: (json.dumps({"hlsq_stages": VERSION, "stages": stages}, indent=1) + "\n").encode()}
        for number, stage in enumerate(self.stages):
            found |= {f"{folder(number)}/{name}": content for name, content in stage.program.files.items()}
        return found

    def save(self, target: str | Path) -> None:
        """Write all files into the folder ``target``.

        Raises:
            GraphError: they cannot be written.
        """
        for name, content in self.files.items():
            path = Path(target, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, content, GraphError, "the program")

    @classmethod
    def load(cls, source: str | Path, graph: QuantizedGraph) -> PipelinedProgram:
        """The program of ``graph`` that ``save`` wrote into the folder ``source``.

        Raises:
            GraphError: a file is missing, damaged or of another network; names the file and the place.
        """
        what = "the stages of a folded accelerator"
        data = read_json(Path(source, STAGES), GraphError, what)
        data.version("hlsq_stages", VERSION, what)
        items = [
            item.record(("name", "blocks")) for item in data.record(("hlsq_stages", "stages"))["stages"].sequence(1)
        ]
        parts = {item["name"].text(): item["blocks"].texts() for item in items}
        known = {name for stage in parts.values() for name in stage}
        if other := sorted(known - set(graph.by_name)):
            raise data.fail(f"{other[0]!r} is no block of the network; restore it, or convert again")
        graphs = segments(graph, parts)
        programs = [FoldedProgram.load(Path(source, folder(n)), part) for n, part in enumerate(graphs.values())]
        return cls(graph, tuple(map(Stage, graphs, graphs.values(), programs)))

    def __str__(self) -> str:
        texts = [f"Stage {visible(stage.name)}\n{stage.program}" for stage in self.stages]
        return "\n\n".join([*texts, "\n".join(self._totals())])

    def _totals(self) -> Iterator[str]:
        for stage, own in zip(self.stages, self.stage_cycles, strict=True):
            waits = own - stage.program.cycles
            waiting = f", {waits:,} of them waiting for words of a neighbour" if waits else ""
            yield f"{visible(stage.name)}: {own:,} cycles a sample on {stage.program.pes:,} PEs{waiting}"
        turns, together = IMAGES * self.cycles, self.cycles_of(IMAGES)
        yield f"a sample every {self.interval:,} cycles, each ready after {self.cycles:,}"
        yield (
            f"{IMAGES} samples: {turns:,} cycles with stages that take turns (He et al. eq. 10, an engine for each "
            f"process, a sample for each pixel), {together:,} in the pipeline (eq. 12): {turns / together:.2f} times "
            "as fast"
        )


def folder(stage: int) -> str:
    """Where the files of a stage are."""
    return f"stage{stage}"


def _working(stage: Stage) -> list[str]:
    return [name for part in layers(stage.graph) for name in part]


def compile_pipeline(
    graph: QuantizedGraph,
    options: EngineOptions,
    stages: int | None = None,
    most: int | None = None,
    known: dict[tuple[tuple[str, ...], int], Stage] | None = None,
) -> PipelinedProgram:
    """``graph`` as a pipeline.

    Args:
        graph: the network.
        options: for its engines, of which each that it names is a stage; ``pes`` are those of all stages.
        stages: their number, without named engines; None for one a layer.
        most: PEs of an engine.
        known: stages that have been compiled with the same options, by name and blocks, and by PEs; others are added.

    Raises:
        UnsupportedLayerError: a block that the folded accelerator does not run.
        OptionError: an option that is not allowed; more stages than layers; engines whose blocks do not follow each
            other.
    """
    if options.engines is None:
        return _balanced(graph, options, stages, most, {} if known is None else known)
    if stages is not None:
        raise OptionError(
            f"pipeline={stages}: engines= says which stages there are, an engine each; give pipeline=True, or leave "
            "engines= out"
        )
    wishes = read_engines(options.engines)
    word = max(wish.taps for wish in wishes.values())
    parts = engine_parts(graph, wishes)
    found = []
    for name, part in segments(graph, parts).items():
        own = {**options.engines[name], "blocks": [block for block in parts[name] if block in part.by_name]}
        found.append(_compiled(name, part, replace(options, engines={name: own}, least_word=word)))
    return PipelinedProgram(graph, tuple(found))


def _balanced(
    graph: QuantizedGraph,
    options: EngineOptions,
    stages: int | None,
    most: int | None,
    known: dict[tuple[tuple[str, ...], int], Stage],
) -> PipelinedProgram:
    pes = DEFAULT_PES if options.pes is None else options.pes
    units = layers(graph)
    if stages is not None:
        check_count(stages, len(units))
        units = cut(graph, units, stages, pes)
    graphs = segments(graph, {f"stage{n}": part for n, part in enumerate(units)})
    names = list(graphs)

    def stage(number: int, count: int) -> Stage:
        count = count if most is None else min(count, most)
        key = (names[number], *units[number]), count
        if key not in known:
            known[key] = _compiled(names[number], graphs[names[number]], replace(options, pes=count))
        return known[key]

    def run(number: int, count: int) -> tuple[int, int]:
        program = stage(number, count).program
        return program.cycles, program.pes

    counts = shared_pes(len(units), pes, run)
    return PipelinedProgram(graph, tuple(stage(number, count) for number, count in enumerate(counts)))


def _compiled(name: str, graph: QuantizedGraph, options: EngineOptions) -> Stage:
    sums = {block: bits for block, bits in options.sum_bits.items() if block in graph.by_name}
    # While a map crosses a border, both stages are busy with it: a pass would have to wait for words that come late.
    program = compile_program(graph, replace(options, sum_bits=sums, loads_beside=False))
    several = len(program.engines) > 1
    engines = tuple(replace(e, name=f"{name} {e.name}" if several else name) for e in program.engines)
    return Stage(name, graph, replace(program, engines=engines))

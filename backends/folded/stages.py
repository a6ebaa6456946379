"""Stages of a pipeline: consecutive blocks of the network, each of which is a network of its own.

A stage reads what it needs of earlier stages and of the network's inputs, and gives what later ones and the network's
outputs need. Reshapes are no work: a stage has those between what it reads and its own blocks itself, so that maps
cross its borders with their channels in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hlsq.backends.folded.wishes import EngineWish
from hlsq.counted import counted
from hlsq.errors import OptionError
from hlsq.graph import QBlock, QInput, QuantizedGraph
from hlsq.graph.ops import Reshape

Parts = tuple[tuple[str, ...], ...]
"""Names of the blocks of each stage but reshapes, in the order of the network."""


def layers(graph: QuantizedGraph) -> Parts:
    """The smallest stages: a block with weights, and those without that follow it; the first also has those before."""
    found: list[list[str]] = [[]]
    weighted = False
    for block in _working(graph):
        if block.weights is not None and weighted:
            found.append([])
        weighted = weighted or block.weights is not None
        found[-1].append(block.name)
    return tuple(map(tuple, found))


def engine_parts(graph: QuantizedGraph, wishes: Mapping[str, EngineWish]) -> dict[str, tuple[str, ...]]:
    """A stage for each engine, by its name, in the order of the network.

    Blocks without weights that no engine names go with the block before them.

    Raises:
        OptionError: a block that is unknown, on no engine or on two; an engine whose blocks do not follow each other,
            or that has none.
    """
    owner: dict[str, str] = {}
    for name, wish in wishes.items():
        for own in wish.blocks or ():
            if own not in graph.by_name:
                raise OptionError.unknown(f"engines[{name!r}]: blocks", own, graph.by_name)
            if owner.setdefault(own, name) != name:
                raise OptionError(f"engines: block {own!r} is on {owner[own]!r} and on {name!r}; name it in one")
    left = next((name for name, wish in wishes.items() if wish.blocks is None), None)
    found: dict[str, list[str]] = {}
    waiting: list[str] = []
    current = None
    for block in _working(graph):
        engine = owner.get(block.name, left if block.weights is not None else current)
        if block.weights is not None and engine is None:
            raise OptionError(f'engines: block {block.name!r} is on none of them; name it in the "blocks" of one')
        if engine is None:
            waiting.append(block.name)
            continue
        if engine != current and engine in found:
            raise OptionError(
                f"engines[{engine!r}]: block {block.name!r} comes behind {found[str(current)][-1]!r} of {current!r}, "
                "and in a pipeline an engine is a stage, whose blocks follow each other: give the block to "
                f"{current!r}, or to an engine of its own, or leave pipeline= away, so that engines take turns"
            )
        current = engine
        found.setdefault(engine, []).extend([*waiting, block.name])
        waiting = []
    if idle := next((name for name in wishes if name not in found), None):
        raise OptionError(f"engines[{idle!r}] has no block to run, and would be an empty stage; leave it out")
    return {name: tuple(part) for name, part in found.items()}


def segments(graph: QuantizedGraph, parts: Mapping[str, Sequence[str]]) -> dict[str, QuantizedGraph]:
    """The networks of the stages, by name, in order.

    What crosses a border is an input of one and an output of another, with the name it has in ``graph``. All have their
    inputs and outputs in the order of ``graph``, so that nobody waits for what another one sends later.

    Raises:
        OptionError: a stage whose results nobody reads.
    """
    stages = list(parts)
    stage_of = {name: n for n, stage in enumerate(stages) for name in parts[stage]}
    owns = [{*parts[stage]} for stage in stages]
    reads: list[set[str]] = [set() for _ in stages]
    outputs = {name: stage_of.get(_root(graph, name), 0) for name in graph.outputs}
    for n in range(len(stages)):
        ends = [name for name, stage in outputs.items() if stage == n]
        for name in [*ends, *(source for block in parts[stages[n]] for source in graph.by_name[block].inputs)]:
            while _is_reshape(graph, name):
                owns[n].add(name)
                name = graph.by_name[name].inputs[0]
            if name not in owns[n]:
                reads[n].add(name)
    # Somebody has to have reshapes, and to take inputs, that nobody reads.
    for name in graph.by_name:
        if not any(name in own for own in owns):
            n = stage_of.get(_root(graph, name), 0)
            owns[n].add(name)
            reads[n] |= {*graph.by_name[name].inputs} - owns[n]
    reads[0] |= {item.name for item in graph.inputs} - set().union(*reads)
    found = {}
    for n, stage in enumerate(stages):
        later = set().union(*reads[n + 1 :]) & owns[n] | {name for name, owner in outputs.items() if owner == n}
        if not later:
            raise OptionError(
                f"stage {stage!r} computes {', '.join(map(repr, parts[stage]))}, which no later stage and no output "
                "reads: fewer stages, or a model without what nobody reads"
            )
        given = [name for name in graph.formats if name in reads[n]]
        found[stage] = QuantizedGraph(
            f"{graph.name} {stage}",
            tuple(QInput(name, graph.shapes[name], graph.formats[name]) for name in given),
            tuple(block for block in graph.blocks if block.name in owns[n]),
            tuple(name for name in graph.formats if name in later),
        )
    return found


def check_count(count: int, most: int) -> None:
    """Refuse more stages than there are layers to fill them.

    Raises:
        OptionError: names both numbers.
    """
    if count > most:
        raise OptionError(
            f"pipeline={count}: the network has {counted(most, 'layer')} with weights, and a stage needs one of its "
            f"own; allowed: at most {most}, which pipeline=True gives"
        )


def _working(graph: QuantizedGraph) -> list[QBlock]:
    return [block for block in graph.blocks if not isinstance(block.op, Reshape)]


def _is_reshape(graph: QuantizedGraph, name: str) -> bool:
    return name in graph.by_name and isinstance(graph.by_name[name].op, Reshape)


def _root(graph: QuantizedGraph, name: str) -> str:
    while _is_reshape(graph, name):
        name = graph.by_name[name].inputs[0]
    return name

"""Names of users change identifiers, and what comments say, and nothing else of a project: in every template."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, random_network
from odd_names import ASCII, CPP, HOSTILE, OURS

from hlsq.backends.vitis.blocks.base import TEMPLATES as BLOCK_TEMPLATES
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import PROJECT, make_environment, render_project
from hlsq.formats import Affine
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Reshape
from hlsq.plan import BlockPlan, Plan

SEEDS = range(12)
NAMES = [ASCII, *HOSTILE, *CPP, *OURS]


def renamed(graph: Graph, plan: Plan, names: Mapping[str, str]) -> tuple[Graph, Plan]:
    """The same network with other names."""
    blocks = tuple(
        replace(b, name=names[b.name], inputs=tuple(names[i] for i in b.inputs), layers=tuple(names.values()))
        for b in graph.blocks
    )
    inputs = tuple(replace(i, name=names[i.name]) for i in graph.inputs)
    outputs = tuple(names[o] for o in graph.outputs)
    formats = {names[name]: fmt for name, fmt in plan.inputs.items()}
    plans = {names[name]: found for name, found in plan.blocks.items()}
    return replace(graph, name=ASCII, inputs=inputs, blocks=blocks, outputs=outputs), replace(
        plan, inputs=formats, blocks=plans
    )


def code_of(files: Mapping[str, str], design: Design) -> dict[str, list[str]]:
    """Lines of every file without comments, and with every tensor's identifier replaced by its number."""
    numbers = {tensor.ident: f"<{tensor.index}>" for tensor in design.tensors.values()}
    numbers |= {ident.upper(): number for ident, number in numbers.items()}
    pattern = re.compile("|".join(rf"(?<![A-Za-z0-9]){ident}" for ident in sorted(numbers, key=len, reverse=True)))

    def numbered(text: str) -> str:
        return pattern.sub(lambda found: numbers[found[0]], text)

    return {
        numbered(path): [numbered(re.sub("//.*", "//", line) if path.endswith((".h", ".cpp")) else line) for line in
                         text.split("\n")]
        for path, text in files.items()
    }  # fmt: skip


def designs(io_type: str, seed: int) -> Iterator[Design]:
    """A random network under its own names and under odd ones."""
    graph, plan = random_network(seed)
    names = [item.name for item in (*graph.inputs, *graph.blocks)]
    others = dict(zip(names, NAMES[seed:] + NAMES[:seed], strict=False))
    for found in ({name: name for name in names}, others):
        yield Design(quantize_graph(*renamed(graph, plan, found)), HardwareOptions(io_type=io_type))


@pytest.mark.slow(2)
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_names_change_identifiers_and_comments_alone(io_type: str) -> None:
    make_environment.cache_clear()
    for seed in SEEDS:
        (plain, ordinary), (hostile, other) = ((d, render_project(d)) for d in designs(io_type, seed))
        assert code_of(other, hostile) == code_of(ordinary, plain)
        for path, text in other.items():
            assert re.fullmatch(r"[A-Za-z0-9_./-]+", path)
            assert "." not in Path(path).stem
            for line in text.replace("\t", "").split("\n"):
                assert line.isprintable(), (path, line)
                assert not line.rstrip().endswith(("\\", "??/"))
        said = other["firmware/defines.h"]
        assert r"// Types of all tensors of \x00\x01" in said
    # Most reshapes are wires; one between packets of other sizes is a block.
    b = NetworkBuilder(np.random.default_rng(0))
    repacked = b.add("repacked", Reshape((2, 6)), [b.input("x", (2, 2, 3), Affine(8, 0.1))])
    render_project(Design(quantize_graph(*b.build([repacked])), HardwareOptions(io_type=io_type)))
    # Windows are made apart where somebody says so, or a pace is wanted.
    b = NetworkBuilder(np.random.default_rng(0))
    x = b.input("x", (5, 5, 1), Affine(8, 0.1))
    weight = BlockPlan(weight=Affine(8, 0.01, symmetric=True))
    strided = b.add("strided", Conv2D((2, 2)), [x], kernel=b.kernel(3, 3, 1, 2), plan=weight)
    options = HardwareOptions(io_type=io_type, separate_windows=[strided])
    render_project(Design(quantize_graph(*b.build([strided])), options))
    # Nothing was left out: these are all templates there are.
    for folder in (PROJECT, BLOCK_TEMPLATES):
        environment = make_environment(folder)
        assert environment.cache is not None
        assert {name for _, name in environment.cache} == set(environment.list_templates())

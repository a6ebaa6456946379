"""Networks whose branches meet again, and random parallelism for streamed designs."""

from collections.abc import Mapping

import numpy as np
from networks import NetworkBuilder

from hlsq.cost import Split, finished_of, products_of, split, valid_reuse_factors
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, Conv2D
from hlsq.plan import BlockPlan


def convolution(b: NetworkBuilder, name: str, source: str, size: int) -> str:
    pads = (size // 2, size // 2, size // 2, size // 2)
    plan = BlockPlan(weight=PowerOfTwo(scale=0.1), output=Affine(8, 0.1))
    return b.add(name, Conv2D((1, 1), pads), [source], kernel=b.kernel(size, size, 2, 2), plan=plan)


def several_inputs_and_outputs() -> QuantizedGraph:
    """Two inputs, one also through two convolutions, are added; one of two outputs is read on, one block by nobody."""
    b = NetworkBuilder(np.random.default_rng(0))
    x, y = b.input("x", (8, 8, 2), Affine(8, 0.1)), b.input("y", (8, 8, 2), Affine(8, 0.1))
    deep = convolution(b, "second", convolution(b, "first", x, 5), 5)
    total = b.add("sum", Add(), [deep, y, x], plan=BlockPlan(output=Affine(8, 0.1)))
    convolution(b, "unread", total, 3)
    return quantize_graph(*b.build([total, "first"]))


def random_splits(
    graph: QuantizedGraph, rng: np.random.Generator, most: int = 16, words: Mapping[str, int] | None = None
) -> dict[str, Split]:
    """Steps of all blocks that compute: half of them as fast as can be, the others up to ``most`` cycles a position."""
    splits = {}
    for block in graph.blocks:
        products = products_of(block, graph, words) or finished_of(block, graph)
        if products is not None:
            first, *others = valid_reuse_factors(products)
            factors = [first] if rng.random() < 0.5 else [first, *(f for f in others if f <= most)]
            splits[block.name] = split(block.name, products, int(rng.choice(factors)))
    return splits

"""The emulator against plain Python integers, on random networks of every operation and format."""

import numpy as np
import pytest
from networks import quantized_network, random_inputs
from plain import run_plain

from hlsq.emulate.emulator import Emulator
from hlsq.graph.quantized import DyadicRequant, ThresholdRequant


@pytest.mark.parametrize("seed", range(60))
def test_every_integer_is_that_of_plain_arithmetic(seed: int) -> None:
    graph = quantized_network(seed)
    emulator = Emulator(graph)
    inputs = random_inputs(graph, 2, seed)
    traced = emulator.run(inputs, trace=True).blocks
    integers = emulator.quantize_inputs(inputs)
    for sample in range(2):
        expected = run_plain(graph, {name: x[sample] for name, x in integers.items()})
        for name, values in expected.items():
            assert np.array_equal(traced[name][sample], values.astype(np.int64)), name


def test_the_random_networks_cover_everything() -> None:
    graphs = [quantized_network(seed) for seed in range(60)]
    blocks = [block for graph in graphs for block in graph.blocks]
    kinds = {block.op.kind for block in blocks}
    assert kinds == {
        "add", "average_pool2d", "concatenate", "conv2d", "dense", "depthwise_conv2d", "identity", "max_pool2d",
        "reshape", "zero_pad2d",
    }  # fmt: skip
    assert any(isinstance(b.requant, ThresholdRequant) for b in blocks)
    dyadic = [b.requant for b in blocks if isinstance(b.requant, DyadicRequant)]
    assert any(r.is_shift for r in dyadic)
    assert any(len(r.multiplier) > 1 for r in dyadic)
    assert any(r.negative_shift for r in dyadic)
    assert any(b.scale is not None for b in blocks)
    assert any(b.product_shift for b in blocks)
    assert any(len(g.outputs) > 1 for g in graphs)
    assert any(len(g.inputs) > 1 for g in graphs)


def test_a_changed_weight_changes_the_integers() -> None:
    graph = quantized_network(1)
    inputs = random_inputs(graph, 4, 1)
    before = Emulator(graph).run(inputs).outputs["logits"]
    block = graph.by_name["logits"]
    assert block.weights is not None
    block.weights.values[0, 0] += 1
    after = Emulator(graph).run(inputs).outputs["logits"]
    assert not np.array_equal(before, after)

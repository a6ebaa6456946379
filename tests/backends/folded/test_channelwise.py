"""Instructions of one output channel, as He et al. have them, beside those of a block."""

from __future__ import annotations

import numpy as np

from hlsq.backends.folded import compile_program
from hlsq.backends.folded.channelwise import channel_fields
from hlsq.converters.keras import from_keras
from hlsq.graph.lowering import quantize_graph
from hlsq.schemes import run_scheme
from hlsq.zoo.resnet20 import resnet20


def test_resnet20_has_their_26_bits_on_four_engines() -> None:
    graph = from_keras(resnet20(None))
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 3))
    program = compile_program(quantize_graph(graph, run_scheme("doubleq", graph, x, progress=False)))
    fields, count = channel_fields(program.instructions, 4)
    assert [field.width for field in fields] == [5, 6, 2, 6, 6, 1]
    assert count == 7 * 16 + 7 * 32 + 7 * 64 + 10
    engines = (len(program.engines) - 1).bit_length()
    assert f"{count:,} of {24 + engines} bits (layer 5, channel 6, PE {engines}" in str(program)

"""Packets wider than a stream can be: how many words, and which loops take longer for them."""

import numpy as np
import pytest
from networks import quantized_network

from hlsq.cost import products_of, split, valid_reuse_factors
from hlsq.cost.iterations import loop_iterations
from hlsq.cost.products import Products
from hlsq.cost.streams import packet_sizes
from hlsq.cost.wires import is_wire
from hlsq.cost.words import WIDTHS, stream_words, value_bits
from hlsq.graph.ops import Dense


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("most", [8, 24, 64, 4096])
def test_words_fit_and_none_could_be_left_out(seed: int, most: int) -> None:
    graph = quantized_network(seed)
    for name, words in stream_words(graph, most).items():
        values, bits = packet_sizes(graph)[name], value_bits(graph, name)
        assert bits >= graph.formats[name].bits
        assert bits in WIDTHS
        size = -(-values // words)
        assert size * bits <= most or size == 1
        assert (words - 1) * size < values <= words * size
        assert words == 1 or -(-values // (words - 1)) * bits > most


@pytest.mark.parametrize("seed", range(8))
def test_only_what_has_several_words_takes_longer(seed: int) -> None:
    graph = quantized_network(seed)
    words = stream_words(graph, 24)
    for block in graph.blocks:
        if isinstance(block.op, Dense) or is_wire(graph, block):
            continue  # words are packets to the one, and no matter to the other
        longer = loop_iterations(graph, block, None, words) > loop_iterations(graph, block, None)
        assert longer == any(words[name] > 1 for name in (*block.inputs, block.name))


def test_a_dense_layer_has_equal_shares_of_unequal_words() -> None:
    products = Products(601, 10, packets=2)
    assert products.share == 301
    assert products.total == 602 * 10
    for factor in valid_reuse_factors(products):
        chosen = split("fc", products, factor)
        assert chosen.tap_steps % 2 == 0
        assert chosen.tap_block * chosen.tap_steps >= 602
        assert chosen.pes * factor >= 6010


def test_products_count_words_of_the_input_only_for_dense_layers() -> None:
    graph = quantized_network(0)
    words = stream_words(graph, 8)
    for block in graph.blocks:
        one, several = products_of(block, graph), products_of(block, graph, words)
        if one is None or several is None:
            continue
        ratio = words[block.inputs[0]] if isinstance(block.op, Dense) else 1
        assert several.packets == one.packets * ratio
        assert np.prod([several.taps, several.outputs]) == np.prod([one.taps, one.outputs])

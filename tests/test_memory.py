"""Memory, counted by hand and against the figures that the DoubleQ paper prints."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network
from small import small_network

from hlsq.backends.vitis.blocks import code_for
from hlsq.backends.vitis.blocks.mac import DenseCode
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.errors import FormatError
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.graph import Activation, ChannelScale, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense, DepthwiseConv2D, Identity, MaxPool2D, Reshape
from hlsq.memory import NetworkMemory, Saving, measure
from hlsq.plan import BlockPlan
from hlsq.report.words import saved, size

ACT = Affine(8, 0.04, signed=False)
EIGHT = Affine(8, 0.01, symmetric=True)
RELU = Activation(relu=True)


@pytest.fixture(scope="module")
def small() -> NetworkMemory:
    return measure(quantize_graph(*small_network()))


def mnist_of_the_paper(weight: Format) -> QuantizedGraph:
    """Convolutions of 10 and 20 filters of 5x5, pooling and dense layers: the network of its Table 3."""
    b = NetworkBuilder(np.random.default_rng(0))
    x = b.input("image", (28, 28, 1), ACT)
    for name, channels, filters in (("conv1", 1, 10), ("conv2", 10, 20)):
        kernel = b.kernel(5, 5, channels, filters)
        x = b.add(name, Conv2D(), [x], kernel=kernel, activation=RELU, plan=BlockPlan(weight=weight, output=ACT))
        x = b.add(f"{name}_pool", MaxPool2D((2, 2), (2, 2)), [x])
    x = b.add("flat", Reshape((320,)), [x])
    b.add("fc", Dense(), [x], kernel=b.kernel(320, 50), plan=BlockPlan(weight=weight))
    return quantize_graph(*b.build(["fc"]))


@pytest.mark.parametrize(
    ("weight", "printed"), [(EIGHT, "5.25 kB (75.0 % less)"), (PowerOfTwo(scale=0.01), "3.28 kB (84.4 % less)")]
)
def test_paper_s_mnist_figures(weight: Format, printed: str) -> None:
    found = measure(mnist_of_the_paper(weight)).paper
    assert size(found.before) == "21.00 kB"
    assert saved(found) == printed


def test_count_of_all_weights_is_another_one() -> None:
    found = measure(mnist_of_the_paper(EIGHT))
    assert found.weights.after == found.paper.after + 8 * 320 * 50
    assert found.weights.before == 4 * found.weights.after


@pytest.mark.parametrize(
    ("channels", "blocks", "float_kb", "quant8_kb", "doubleq_kb"),
    [((16, 32, 64), 3, "1.08 MB", "270.26 kB", "168.91 kB"), ((16, 32, 64), 9, "3.40 MB", "850.86 kB", "531.79 kB")],
)
def test_paper_s_resnet_figures_follow_from_the_convolutions_alone(
    channels: tuple[int, ...], blocks: int, float_kb: str, quant8_kb: str, doubleq_kb: str
) -> None:
    count, before = 9 * 3 * channels[0], channels[0]
    for width in channels:
        count += 9 * before * width + 9 * width * width * (2 * blocks - 1) + (before * width if width != before else 0)
        before = width
    assert (size(32 * count), size(8 * count), size(5 * count)) == (float_kb, quant8_kb, doubleq_kb)


def test_weights_by_hand(small: NetworkMemory) -> None:
    first, second, dense = (small.by_name[name] for name in ("conv/first", "conv/second", "class"))
    assert (first.weights, first.code_bits, first.float_bits, first.weight_bits) == (72, 5, 72 * 32, 72 * 5)
    assert (first.packed_bits, first.unused_bits) == (24 * 16, 24)
    assert second.packed_bits == 48 * 16
    assert (dense.weight_bits, dense.packed_bits, dense.convolution) == (12 * 8, 6 * 16, False)
    assert small.paper == Saving((72 + 144) * 32, (72 + 144) * 5)
    assert small.paper_packed == Saving((72 + 144) * 32, (24 + 48) * 16)
    assert small.packed.after == (24 + 48 + 6) * 16


@pytest.mark.parametrize(("word_bits", "words"), [(8, 72), (16, 24), (32, 12), (64, 6)])
def test_words_of_other_widths(word_bits: int, words: int) -> None:
    found = measure(quantize_graph(*small_network()), word_bits)
    assert found.by_name["conv/first"].packed_bits == words * word_bits


def test_codes_wider_than_the_word_get_the_next_word() -> None:
    graph = mnist_of_the_paper(FixedPoint(12, 9))
    assert measure(graph, 8).by_name["conv1"].packed_bits == 250 * 16
    with pytest.raises(FormatError, match="packed"):
        measure(graph, 128)


def test_biases_scales_and_tables_by_hand() -> None:
    b = NetworkBuilder(np.random.default_rng(0), batch_norm="refine")
    b.input("x", (4,), ACT)
    scale = ChannelScale(np.array([1.0, 0.5, 0.25]), np.zeros(3))
    plan = BlockPlan(weight=FixedPoint(4, 2), bias=FixedPoint(6, 2), scale=FixedPoint(10, 7), output=FixedPoint(8, 4))
    kernel, bias = np.full((4, 3), 0.25), np.array([1.0, -2.0, 0.5])
    b.add("a", Dense(), ["x"], kernel=kernel, bias=bias, scale=scale, plan=plan)
    b.add("b", Identity(), ["a"], plan=BlockPlan(output=PowerOfTwo(3, 2, 0.25)))
    graph = quantize_graph(*b.build(["b"]))
    first, second = measure(graph).blocks
    values = graph.by_name["a"].bias
    assert values is not None
    common = min(next(n for n in range(64) if int(v) >> n & 1) for v in values)
    plain = [int(v) >> common for v in values]
    most = max(v.bit_length() if v >= 0 else (-v - 1).bit_length() for v in plain) + 1
    assert (first.biases, first.bias_bits) == (3, 3 * most)
    assert first.scales == 3
    assert first.scale_bits == 3 * 10, "multipliers in their format; shifts that are all zero need nothing"
    assert first.requant_bits == 0, "one multiplier for all channels is no table"
    requant = graph.by_name["b"].requant
    assert second.requant_bits > 0
    thresholds = [int(t) for t in requant.thresholds.flat]  # type: ignore[union-attr]
    width = max(t.bit_length() if t >= 0 else (-t - 1).bit_length() for t in thresholds) + 1
    assert second.requant_bits == 6 * width + 7 * 4, "six thresholds and seven values from -4 to 4"
    assert first.parameters == Saving(
        (12 + 3 + 6) * 32, 12 * 4 + first.bias_bits + first.scale_bits + first.requant_bits
    )


def test_per_channel_multipliers_are_a_table() -> None:
    graph, plan = small_network()
    scales = (0.01, 0.011, 0.013, 0.017)
    quantized = quantize_graph(graph, plan.with_block("conv/first", weight=PowerOfTwo(scale=scales)))
    assert measure(quantized).by_name["conv/first"].requant_bits >= 4 * 15
    assert measure(quantize_graph(graph, plan)).by_name["conv/first"].requant_bits == 0


def test_rom_is_known_only_where_a_backend_gave_it_for_every_block(small: NetworkMemory) -> None:
    assert small.rom is None
    graph = quantize_graph(*small_network())
    roms = {"conv/first": 1152, "conv/second": 1152, "class": 192}
    found = measure(graph, rom_bits=roms)
    assert found.rom == Saving(small.weights.before, 2496)
    assert found.by_name["sum"].rom_bits is None
    del roms["class"]
    assert measure(graph, rom_bits=roms).rom is None


def test_maps_that_a_skip_connection_keeps_alive() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 4, 2), ACT)
    plan = BlockPlan(weight=EIGHT, output=ACT)
    b.add("a", Conv2D(), ["x"], kernel=b.kernel(1, 1, 2, 3), activation=RELU, plan=plan)
    b.add("b", Conv2D(), ["a"], kernel=b.kernel(1, 1, 3, 5), activation=RELU, plan=plan)
    b.add("c", Conv2D(), ["b"], kernel=b.kernel(1, 1, 5, 3), activation=RELU, plan=plan)
    b.add("sum", Add(), ["a", "c"], activation=RELU, plan=BlockPlan(output=FixedPoint(6, 3, signed=False)))
    maps = measure(quantize_graph(*b.build(["sum"]))).maps
    assert maps.live == Saving(16 * 11 * 32, 16 * 11 * 8), "a waits while b and c are computed"
    assert (maps.live_at, maps.live_maps) == ("c", ("a", "b", "c"))
    assert maps.pair == Saving(16 * 9 * 32, 16 * (3 * 8 + 3 * 8 + 3 * 6)), "the addition: a, c and its six-bit output"


def test_read_write_memory_by_hand() -> None:
    """FxP-QNet eq. 26, 28 and 29: the largest inputs and output of one block, of any width."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 4, 2), FixedPoint(3, 1))
    six = BlockPlan(weight=FixedPoint(2, 1), output=FixedPoint(6, 3))
    b.add("a", Conv2D(), ["x"], kernel=b.kernel(1, 1, 2, 5), plan=six)
    b.add("twice", Add(), ["a", "a"], plan=BlockPlan(output=FixedPoint(5, 2)))
    found = measure(quantize_graph(*b.build(["twice"])))
    assert [block.maps for block in found.blocks] == [
        Saving((32 + 80) * 32, 32 * 3 + 80 * 6),
        Saving((80 + 80) * 32, 80 * 6 + 80 * 5),
    ], "a map that is read twice is there once"
    assert [block.maps_packed.after for block in found.blocks] == [16 * (7 + 40), 16 * (40 + 27)]
    assert found.read_write == found.blocks[1].maps
    assert found.read_write_packed == found.blocks[1].maps_packed
    assert found.read_write.compression == 160 * 32 / 880


def test_read_only_memory_by_hand() -> None:
    """FxP-QNet eq. 27, 28 and 30: weights, biases, batch norms, and nothing that only the hardware has."""
    b = NetworkBuilder(np.random.default_rng(0), batch_norm="refine")
    b.input("x", (4,), FixedPoint(6, 3))
    plan = BlockPlan(
        weight=FixedPoint(3, 1), scale=FixedPoint(9, 7), scale_shift=FixedPoint(7, 3), output=FixedPoint(8, 4)
    )
    scale = ChannelScale(np.array([1.0, 0.5, 0.25]), np.array([0.5, 1.0, -1.0]))
    b.add("a", Dense(), ["x"], kernel=b.kernel(4, 3), scale=scale, plan=plan)
    b.add("b", Identity(), ["a"], plan=BlockPlan(output=PowerOfTwo(3, 2, 0.25)))
    found = measure(quantize_graph(*b.build(["b"])))
    first, second = found.blocks
    assert first.read_only == Saving((12 + 3 + 3) * 32, 12 * 3 + 3 * 9 + 3 * 7)
    assert first.read_only_packed == Saving(first.read_only.before, 16 * (3 + 3 + 2)), (
        "five weights to a word, two shifts"
    )
    assert second.requant_bits > 0
    assert (second.read_only, second.read_only.compression) == (Saving(0, 0), None)
    assert found.read_only == first.read_only
    assert found.parameters.after == found.read_only.after + second.requant_bits
    assert found.read_only.compression == 18 * 32 / 84
    wide = measure(quantize_graph(*b.build(["b"])), word_bits=32).by_name["a"]
    assert wide.read_only_packed.after == 32 * (2 + 1 + 1)


def test_a_pool_s_reciprocal_is_no_parameter_of_the_float_network() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (3, 3, 4), FixedPoint(6, 3))
    plan = BlockPlan(scale=FixedPoint(5, 7, signed=False), output=FixedPoint(6, 3))
    b.add("pool", AveragePool2D((3, 3), (3, 3)), ["x"], plan=plan)
    (pool,) = measure(quantize_graph(*b.build(["pool"]))).blocks
    assert (pool.scales, pool.scale_bits, pool.packed_constants) == (0, 5, 16)
    assert pool.read_only == Saving(0, 5)
    assert pool.read_only.compression == 0


def test_a_reshape_needs_no_memory_of_its_own() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 4, 2), ACT)
    b.add("flat", Reshape((32,)), ["x"])
    b.add("fc", Dense(), ["flat"], kernel=b.kernel(32, 2), plan=BlockPlan(weight=EIGHT, output=Affine(8, 0.1)))
    assert measure(quantize_graph(*b.build(["fc"]))).maps.live == Saving((32 + 2) * 32, (32 + 2) * 8)


def test_line_buffers_by_hand(small: NetworkMemory) -> None:
    lines = {block.name: block.line_buffer_bits for block in small.blocks}
    assert lines["conv/first"] == 2 * 6 * 2 * 9, "two rows without their padding; an 8-bit input minus 120 needs 9 bits"
    assert lines["conv/second"] == 2 * 6 * 4 * 8
    assert lines["sum"] == lines["pool"] == lines["class"] == 0
    assert small.line_buffer_bits == sum(lines.values())


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_line_buffers_are_those_of_the_hardware(seed: int, io_type: Literal["io_stream", "io_parallel"]) -> None:
    graph = quantized_network(seed)
    design = Design(graph, HardwareOptions(io_type=io_type))
    built = {block.name: 0 for block in design.graph.blocks}
    for hardware in design.functions:
        code = code_for(design, hardware)
        if (kept := code.memory) is not None and not isinstance(code, DenseCode):
            assert kept.words * kept.word == code.in_map[2], "no word is filled up"
            built[hardware.block.name] = kept.copies * kept.places * kept.words * kept.word * code.tap.width
    assert {block.name: block.line_buffer_bits for block in measure(design.graph).blocks} == built


def test_line_buffers_of_dilated_and_pooling_windows() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (9, 7, 3), ACT)
    op = Conv2D(dilation=(2, 2))
    b.add("a", op, ["x"], kernel=b.kernel(3, 3, 3, 2), activation=RELU, plan=BlockPlan(weight=EIGHT, output=ACT))
    b.add("b", MaxPool2D((2, 3), (1, 1)), ["a"])
    b.add("c", AveragePool2D((4, 1), (4, 1)), ["b"], plan=BlockPlan(output=ACT))
    found = measure(quantize_graph(*b.build(["c"]))).by_name
    assert found["a"].line_buffer_bits == 4 * 7 * 3 * 8
    assert found["b"].line_buffer_bits == 1 * 3 * 2 * 8
    assert found["c"].line_buffer_bits == 0, "one window covers the whole map"


def test_a_batch_norm_on_its_own_is_no_convolution() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 4, 3), ACT)
    plan = BlockPlan(weight=EIGHT, output=Affine(8, 0.05))
    b.add("norm", DepthwiseConv2D(), ["x"], kernel=b.kernel(1, 1, 3), plan=plan)
    b.add("depthwise", DepthwiseConv2D(), ["norm"], kernel=b.kernel(3, 3, 3), plan=plan)
    found = measure(quantize_graph(*b.build(["depthwise"])))
    assert [block.convolution for block in found.blocks] == [False, True]
    assert found.paper.before == 27 * 32


def test_a_network_without_convolutions_saves_nothing_by_the_paper_s_count() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4,), ACT)
    b.add("fc", Dense(), ["x"], kernel=b.kernel(4, 2), plan=BlockPlan(weight=EIGHT))
    found = measure(quantize_graph(*b.build(["fc"])))
    assert found.paper.saved is None
    assert saved(found.paper) == "-"
    assert found.weights.saved == 0.75


@pytest.mark.parametrize("seed", range(20))
def test_any_network_s_sums_hold(seed: int) -> None:
    graph = quantized_network(seed)
    found = measure(graph)
    assert found.weights.after == sum(b.weights.values.size * b.weights.format.bits for b in graph.blocks if b.weights)
    assert found.weights.after <= found.packed.after
    assert found.paper.after <= found.weights.after <= found.read_only.after <= found.parameters.after
    assert found.read_only.after <= found.read_only_packed.after
    assert found.read_write.after <= found.read_write_packed.after
    assert found.read_write.after <= found.maps.live.after
    assert set(found.maps.live_maps) <= set(graph.shapes)


def test_wider_codes_are_noticed(small: NetworkMemory) -> None:
    graph = quantize_graph(*small_network())
    block = graph.by_name["conv/first"]
    assert block.weights is not None
    wider = replace(block, weights=replace(block.weights, format=PowerOfTwo(6, 7, 0.01)))
    changed = replace(graph, blocks=(wider, *graph.blocks[1:]))
    assert measure(changed).paper.after == small.paper.after + 72


def test_separate_windows_need_the_rows_that_the_convolution_did_and_no_map_of_their_own() -> None:
    graph = quantized_network(11)
    apart = Design(graph, HardwareOptions(reuse_factor={}, separate_windows=["b0", "b2"])).graph
    before, after = measure(graph), measure(apart)
    assert after.maps == before.maps
    assert after.weights == before.weights
    first, second = ({block.name: block.line_buffer_bits for block in m.blocks} for m in (before, after))
    assert second["b0"] == second["b2"] == 0
    # Values are held as they come: those of b0's input need a bit more without their zero point.
    assert (first["b0"] // 9, first["b2"]) == (second["b0_windows"] // 8, second["b2_windows"])

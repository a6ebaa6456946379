"""FxP-QNet's Table 4: engines for the least and the most compact layer of a mixed plan, and for eight bits."""

from __future__ import annotations

from bench import Bench, show
from cells import folded, number, shaped
from papers import FXPQNET_TABLE_4, Published

import hlsq
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.quantized import QInput

PART = "xc7a100tcsg324-1"
MIXED, UNIFORM = "fxpqnet", "quant8"
WIDE, NARROW = (9, 8, 7), (9, 6, 7)
"""Nine taps, as many adder trees as make about the paper's 512 and 384 PEs."""
HEADER = ("", "layer", "operands", "PEs", "LUT", "FF", "DSP", "LUT a PE", "LUT, with memories", "cycles", "MHz", "mW")


def show_fxpqnet(bench: Bench) -> None:
    """Table 4: nine-tap engines, each for a single 3x3 layer."""
    mixed, uniform = bench.network(MIXED), bench.network(UNIFORM)
    layers = sorted(_layers(mixed), key=lambda block: _product(mixed, block))
    least, most = layers[-1], layers[0]
    rows = [
        *map(_published, FXPQNET_TABLE_4),
        _row("quant8", uniform, most.name, WIDE),
        _row("fxpqnet, least compact", mixed, least.name, NARROW),
        _row("fxpqnet, most compact", mixed, most.name, WIDE),
    ]
    show(
        f"FxP-QNet, Table 4: an engine for one 3x3 layer on {PART}",
        HEADER,
        rows,
        "The paper's layers are ResNet-18's, of widths that it does not tell; MHz is the highest clock, which, as",
        "power, needs Vivado. Multipliers of ours are in LUTs. LUT: array and post-processing, which the paper's",
        "engine consists of; with memories: the whole accelerator, what reads and writes feature maps included.",
    )


def _layers(network: QuantizedGraph) -> list[QBlock]:
    """3x3 convolutions but the first, whose input is the image."""
    return [
        block
        for block in network.blocks
        if block.weights is not None and block.weights.values.shape[:2] == (3, 3) and block.name != "conv1"
    ]


def _product(network: QuantizedGraph, block: QBlock) -> int:
    weight, activation = _operands(network, block)
    return weight * activation


def _operands(network: QuantizedGraph, block: QBlock) -> tuple[int, int]:
    return block.weights.format.bits, network.formats[block.inputs[0]].bits


def alone(network: QuantizedGraph, name: str) -> QuantizedGraph:
    """One block of ``network`` with the integers that it has there."""
    block = network.by_name[name]
    (source,) = block.inputs
    given = QInput(source, network.shapes[source], network.formats[source])
    return hlsq.QuantizedGraph(name, (given,), (block,), (name,))


def _row(name: str, network: QuantizedGraph, layer: str, shape: tuple[int, int, int]) -> tuple[str, ...]:
    found = folded(alone(network, layer), PART, engines=shaped(*shape, multiplier="lut"), multipliers="fabric").estimate
    parts = [found.blocks["array"], found.blocks["array post-processing"]]
    lut, ff, dsp = (sum(getattr(part, what) for part in parts) for what in ("lut", "ff", "dsp"))
    operands = "x".join(map(str, _operands(network, network.by_name[layer])))
    return (
        *(name, layer, operands, f"{found.pes:,}", f"{round(lut):,}", f"{round(ff):,}", f"{dsp:,}"),
        *(f"{lut / found.pes:.1f}", f"{round(found.lut):,}", f"{found.interval:,}", "-", "-"),
    )


def _published(of: Published) -> tuple[str, ...]:
    return (
        *(of.name, "-", "-", number(of.pes), number(of.lut), number(of.ff), number(of.dsp), f"{of.lut / of.pes:.1f}"),
        *("-", "-", number(of.mhz), f"{1000 * of.watts:.0f}"),
    )

"""What hlsq estimates of arrays whose use is published, and of known networks at the defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from designs import quantized_networks

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost import Products, Split
from hlsq.cost.estimate import Choices, Estimate, PEs, Resources
from hlsq.cost.estimate.blocks import block_parts
from hlsq.cost.estimate.cells import packed, total
from hlsq.cost.units import packings
from hlsq.counted import in_percent
from hlsq.errors import ResourceError
from hlsq.formats import FixedPoint, Format, PowerOfTwo
from hlsq.graph import Block, Graph, GraphInput, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D
from hlsq.plan import BlockPlan, Plan

TREE = 16
"""PEs of an adder tree in the arrays of DoubleQExt, as ``units.published`` assumes."""
STEPS = 4


@dataclass(frozen=True)
class Array:
    """PEs with their adder trees, whose LUTs and flip-flops are published.

    Attributes:
        name: with its source.
        kind: of PE; ``dual`` is none of dataflow designs, and is estimated from its units alone.
        taps: of a tree.
        outputs: trees.
        widths: bits of a tap and of a weight.
        lut: published.
        ff: published, or None.
        clock: MHz, or None.
        fitted: whether the factor of its class was fitted on it.
    """

    name: str
    kind: str
    taps: int
    outputs: int
    widths: tuple[int, int]
    lut: int
    ff: int | None = None
    clock: int | None = None
    fitted: bool = True

    @property
    def pes(self) -> int:
        """Number of PEs."""
        return self.taps * self.outputs

    @property
    def estimated(self) -> Resources:
        """PEs and adder trees of a block with such an array."""
        if self.kind == "dual":
            pe = packed("dual", "dual", "mux", self.widths[0]).times(self.pes)
            return pe + packed("dual", "tree", "pipelined", self.taps, 16).times(self.outputs)
        graph = self._network()
        block = graph.blocks[0]
        split = Split(Products(self.taps, self.outputs * STEPS), 1, STEPS)
        pes = PEs("shift" if self.kind == "shift" else "multiply", 16)
        parts = block_parts(graph, block, split, pes, Choices(multipliers="fabric"))
        return total(parts[name] for name in ("PEs", "adder trees") if name in parts)

    def _network(self) -> QuantizedGraph:
        """A convolution of one position with as many channels, whose weights take all that their format has."""
        tap, width = self.widths
        weight: Format = PowerOfTwo(width) if self.kind == "shift" else FixedPoint(width, 0)
        kernel = np.full((1, 1, self.taps, self.outputs * STEPS), float(weight.qmin))
        form = FixedPoint(tap, 0)
        block = Block("array", Conv2D((1, 1), (0, 0, 0, 0)), ("x",), kernel=kernel)
        graph = Graph("array", (GraphInput("x", (1, 1, self.taps)),), (block,), ("array",))
        plan = Plan("array", "fold", {"x": form}, {"array": BlockPlan(weight=weight)})
        return quantize_graph(graph, plan)

    @property
    def cells(self) -> tuple[str, ...]:
        """As a row of a table."""
        found, gops = self.estimated, "-" if self.clock is None else f"{2 * self.pes * self.clock / 1000:.1f}"
        errors = (_error(found.lut, self.lut), "-" if self.ff is None else _error(found.ff, self.ff))
        family = packings()["multiply" if self.kind == "multiply" else self.kind]
        left_out = in_percent(family.lut_residual, 1) if self.fitted else "not fitted"
        ff = "-" if self.ff is None else f"{self.ff:,}"
        numbers = (f"{self.lut:,}", f"{found.lut:,.0f}", errors[0], ff, f"{found.ff:,.0f}", errors[1], left_out, gops)
        return (self.name, f"{self.pes:,}", *numbers)


def _error(estimated: float, published: int) -> str:
    return f"{100 * (estimated / published - 1):+.1f} %"


def _lone(a: int, b: int, lut: int, ff: int) -> Array:
    return Array(f"He Table II, {a} x {b}", "multiply", 1, 1, (a, b), lut, ff)


ARRAYS = (
    _lone(8, 8, 71, 16),
    _lone(8, 7, 63, 15),
    _lone(7, 6, 45, 13),
    _lone(16, 16, 280, 32),
    Array("He Table III, PE2 of 7 x 6", "multiply", 9, 128, (7, 6), 67_768, fitted=False),
    Array("He Table III, PE3 of 8 x 7", "multiply", 9, 128, (8, 7), 89_528, fitted=False),
    Array("DoubleQExt Table 6, shift, Artix-7", "shift", TREE, 32, (8, 5), 27_584, 14_848),
    Array("DoubleQExt Table 9, shift, ZCU102", "shift", TREE, 64, (8, 5), 69_152, 28_672, 250),
    Array("DoubleQExt Table 6, dual, Artix-7", "dual", TREE, 32, (8, 8), 56_768, 14_336),
    Array("DoubleQExt Table 9, dual, ZCU102", "dual", TREE, 64, (8, 8), 113_184, 27_648, 250),
    Array("DoubleQExt Table 8, dual", "dual", 9, 1, (8, 8), 1_020, 120),
)
ARRAY_HEADER = ("array", "PEs", "LUT", "estimated", "error", "FF", "estimated", "error", "largest left out", "GOPs")
NETWORK_HEADER = (
    "network", "reuse", "part", "PEs", "LUT", "memory LUT", "FF", "DSP", "BRAM18", "interval", "latency", "useful",
    "fits",
)  # fmt: skip
LARGEST = 5
PARTS = ("xc7a100t", "xc7a200t", "xczu9eg", "xcvu9p")
"""The default part, and larger ones."""


def _mobilenet_v2() -> Any:
    import keras

    return keras.applications.MobileNetV2(weights=None)


LARGE = {"MobileNetV2, 224 x 224": _mobilenet_v2}


def network_rows(scheme: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Rows of known networks: every reuse factor as close to 64 as can be, and as fast as fits; largest components.

    The part is the default one, and where a network does not fit that, the first of ``LARGER`` that it fits.
    """
    for name, graph in quantized_networks(scheme, LARGE):
        yield _row(name, "closest to 64", PARTS[0], Design(graph, HardwareOptions(reuse_factor={})).estimate)
        for part in PARTS:
            try:
                found = Design(graph, HardwareOptions(part=part)).estimate
            except ResourceError as error:
                yield (name, "fit", part, *["-"] * (len(NETWORK_HEADER) - 3)), f"{name}: {error}"
                continue
            yield _row(name, "fit", part, found)
            break


def _row(name: str, what: str, part: str, found: Estimate) -> tuple[tuple[str, ...], str]:
    counts = (found.pes, found.lut, found.lutram, found.ff, found.dsp, found.bram18)
    numbers = (f"{number:,.0f}" for number in (*counts, found.interval, found.latency))
    cells = (name, what, part, *numbers, in_percent(found.useful), "yes" if found.fits else "no")
    return cells, f"{name}, {what}, {part}: {_largest(found)}"


def _largest(found: Estimate) -> str:
    parts = sorted(found.components.items(), key=lambda item: item[1].lut, reverse=True)[:LARGEST]
    return ", ".join(f"{name} {cost.lut:,.0f} LUT" for name, cost in parts)

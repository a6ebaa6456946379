"""LUTs and flip-flops that are published of designs, each as the units of the table that it is made of.

How many PEs share an adder tree is not published; sixteen are assumed (nine where there are nine), registered after
every level. PEs of both papers take taps of eight bits and give products of sixteen.
"""

from __future__ import annotations

from dataclasses import dataclass

from hlsq.cost.units import unit_cost

SLICE = 16
Part = tuple[float, str, str, tuple[int, ...]]


@dataclass(frozen=True)
class Design:
    """A published design.

    Attributes:
        name: with its source.
        family: the class whose factor it is fitted with.
        lut: published.
        ff: published.
        parts: count, unit, kind, widths.
    """

    name: str
    family: str
    lut: int
    ff: int
    parts: tuple[Part, ...]

    def estimated(self, field: str) -> float:
        """From the table alone, of ``lut``, ``luts`` or ``ff``."""
        return sum(count * getattr(unit_cost(unit, kind, *widths), field) for count, unit, kind, widths in self.parts)


def _lone(a: int, b: int, lut: int, ff: int) -> Design:
    return Design(f"He Table II, {a}x{b}", "multiply", lut, ff, ((1, "multiply", "lut", (a, b)),))


def _array(name: str, pes: int, family: str, lut: int, ff: int) -> Design:
    pe: Part = (pes, "shift", "varying", (8, 3)) if family == "shift" else (pes, "dual", "mux", (8,))
    inputs = min(pes, SLICE)
    return Design(name, family, lut, ff, (pe, (pes / inputs, "tree", "pipelined", (inputs, 16))))


DESIGNS = (
    _lone(8, 8, 71, 16),
    _lone(8, 7, 63, 15),
    _lone(7, 6, 45, 13),
    _lone(16, 16, 280, 32),
    _array("DoubleQExt Table 6, 512 shift", 512, "shift", 27_584, 14_848),
    _array("DoubleQExt Table 9, 1,024 shift", 1024, "shift", 69_152, 28_672),
    _array("DoubleQExt Table 6, 512 dual", 512, "dual", 56_768, 14_336),
    _array("DoubleQExt Table 9, 1,024 dual", 1024, "dual", 113_184, 27_648),
    _array("DoubleQExt Table 8, 9 dual", 9, "dual", 1_020, 120),
)
# He Table III: each 1,152 multipliers, in groups of nine with an adder tree.
HE_PES = (("He PE2", (7, 6), 67_768), ("He PE3", (8, 7), 89_528))


@dataclass(frozen=True)
class Accelerator:
    """A whole design as its authors report it, made with Vivado; what they do not tell is None.

    Attributes:
        name: with its source.
        pes: one product each a cycle.
        clock: MHz.
        weights: what PEs multiply or shift by.
        lut, ff, bram36, dsp: as reported.
        gops: as reported.
    """

    name: str
    pes: int
    clock: int
    weights: str
    lut: int
    ff: int | None = None
    bram36: int | None = None
    dsp: int | None = None
    gops: float | None = None

    @property
    def peak(self) -> float:
        """Billions of operations a second, a product and a sum for each PE and cycle."""
        return 2 * self.pes * self.clock / 1000


ACCELERATORS = (
    Accelerator("PoTAcc, Zynq 7020", 256, 200, "8 bits", 37_133, 32_766, 120, 48),
    Accelerator("PoTAcc, Zynq 7020", 256, 200, "power of two, 4 bits", 25_734, 32_117, 118, 32),
    Accelerator("PoTAcc, Zynq 7020", 256, 200, "two terms (MSQ)", 26_795),
    Accelerator("PoTAcc, Zynq 7020", 256, 200, "two terms (APoT)", 28_508),
    Accelerator("PoTAcc, KV260", 512, 250, "8 bits", 78_628, 44_631, 90, 76),
    Accelerator("PoTAcc, KV260", 512, 250, "power of two, 4 bits", 52_449, 40_270, 90, 60),
    Accelerator("DoubleQExt Table 9, ZCU102", 1024, 250, "power of two, 5 bits", 69_152, 28_672, gops=512.0),
    Accelerator("DoubleQExt Table 9, ZCU102", 1024, 250, "8 bits or 5", 113_184, 27_648, gops=512.0),
    Accelerator("SegLog (Xu et al.), ZCU104", 1512, 200, "powers of two", 113_000, gops=604.8),
)
"""PoTAcc: TCASAI 2026, IP with buffers, requantisation of 32 bits and DMA streams."""

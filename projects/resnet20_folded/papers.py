"""Figures that others published, as they printed them; None where they print none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A row of somebody's table.

    Attributes:
        name: of the design.
        pes: multipliers or shifters.
        lut, ff, dsp, bram36: of the part.
        accuracy: top-1 in percent.
        kilobytes: of weights, 1 kB = 1000 bytes.
        ms: for an image.
        mhz: at this clock.
        gops: additions and multiplications, 10**9 a second.
        bits: of operands.
        platform: where it was measured.
        watts: of power.
    """

    name: str
    pes: int | None = None
    lut: int | None = None
    ff: int | None = None
    dsp: int | None = None
    bram36: float | None = None
    accuracy: float | None = None
    kilobytes: float | None = None
    ms: float | None = None
    mhz: int | None = None
    gops: float | None = None
    bits: str | None = None
    platform: str | None = None
    watts: float | None = None


DOUBLEQ_TABLE_6 = (
    Published("paper: Quant8, DSP", 240, 1530, 480, 240, accuracy=92.28, kilobytes=270),
    Published("paper: Quant8, DSP as LUT", 240, 132_810, 83_760, 0, accuracy=92.28, kilobytes=270),
    Published("paper: DoubleQExt, 80 %", 512, 56_768, 14_336, 0, accuracy=91.09, kilobytes=208),
    Published("paper: DoubleQ", 512, 27_584, 14_848, 0, accuracy=85.00, kilobytes=169),
)
"""DoubleQExt's Table 6, ResNet-20 on xc7a100tcsg324."""

POTACC = (
    Published("PoTAcc, Zynq 7020", 256, 25_734, dsp=32, bits="4"),
    Published("PoTAcc, KV260", 512, 52_449, dsp=60, bits="4"),
)
"""Shift PEs with 4-bit codes and everything around them."""

HE_TABLE_3 = {
    "PE1": Published("8x8, DSP", 432, 7040, 11_008, 432, 8),
    "PE2": Published("7x6, LUT", 1152, 67_768, 40_392, 0, 48),
    "PE3": Published("8x7, LUT", 1152, 89_528, 49_144, 0, 96),
    "PE4": Published("8x8, DSP", 10, 325, 166, 10, 0),
}
"""He et al.'s Table III."""
HE_TABLE_4 = Published("He et al.", 2746, 186_257, 148_385, 442, 152, accuracy=91.68, ms=0.47, mhz=100, gops=179)
"""He et al.'s Tables IV and VI; the part has 203,800 LUTs, 407,600 flip-flops, 840 DSP slices, 445 block RAMs."""
HE_TABLE_5 = (
    Published("CPU, Core i5-12400", mhz=2500, ms=2.01, watts=65),
    Published("GPU, RTX 2070 SUPER", mhz=1605, ms=0.54, watts=215),
    Published("FPGA, He et al.", mhz=100, ms=0.47, watts=13.31),
)
HE_TABLE_6 = (
    Published("FFT [35]", platform="Zynq 7020", mhz=154, bits="16", ms=42, accuracy=91.25),
    Published("binary [36]", platform="ASIC, 65 nm", mhz=1000, bits="1", ms=0.98, accuracy=81.8),
    Published("Winograd [37]", platform="Zynq Z7035", mhz=150, bits="16", gops=43.5),
    Published("He et al.", platform="Kintex 7", mhz=100, bits="6-8", ms=0.47, gops=179, accuracy=91.68),
)

FXPQNET_TABLE_4 = (
    Published("paper: Quant8", 512, 51_408, 31_176, 48, mhz=100, watts=0.665),
    Published("paper: FxP-QNet, least compact", 384, 25_448, 11_772, 6, mhz=135, watts=0.363),
    Published("paper: FxP-QNet, most compact", 512, 12_239, 10_284, 1, mhz=135, watts=0.210),
)
"""FxP-QNet's Table 4, 3x3 convolutions of ResNet-18 on xc7a100tcsg324; ``mhz`` is the highest clock."""

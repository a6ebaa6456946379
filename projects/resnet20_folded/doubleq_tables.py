"""DoubleQExt's Table 6, and PoTAcc's accelerators of shift PEs."""

from __future__ import annotations

from bench import Bench, show
from cells import HEADER, published, shaped
from papers import DOUBLEQ_TABLE_6, POTACC

PART = "xc7a100tcsg324-1"
LARGE = "xc7k325tffg676-2"
ZYNQ, KRIA = "xc7z020clg400-1", "xck26-sfvc784-2LV-c"
SHAPE = (8, 16, 4)
"""Of 512 PEs; words of eight lanes need half the post-processing of 16."""


def show_doubleq(bench: Bench) -> None:
    """Table 6: ResNet-20 on an Artix-7."""
    engines = shaped(*SHAPE)
    fabric = {"multipliers": "fabric", "engines": engines}
    rows = [
        *map(published, DOUBLEQ_TABLE_6),
        bench.row("quant8, DSP", "quant8", PART, engines=shaped(8, 14, 2, multiplier="dsp")),
        bench.row("quant8, LUT", "quant8", PART, **fabric),
        bench.row("doubleq_ext, 80 %, booth", "doubleq_ext, 80 %", PART, engines=engines),
        bench.row("doubleq_ext, 80 %, booth, no DSP", "doubleq_ext, 80 %", PART, **fabric),
        bench.row("doubleq_ext, 80 %, mux", "doubleq_ext, 80 %", PART, engines=engines, dual="mux"),
        bench.row("doubleq, all layers", "doubleq, all layers", PART, engines=engines),
        bench.row("doubleq, all layers, no DSP", "doubleq, all layers", PART, **fabric),
        bench.row("doubleq_ef, 4 bits", "doubleq_ef, 4 bits", PART, engines=engines),
    ]
    show(
        f"DoubleQExt, Table 6: ResNet-20 on {PART}",
        HEADER,
        rows,
        "The paper counts slices of PEs with their adder trees; what of ours that is:",
    )
    inner = [
        _array(bench, "quant8, LUT", "quant8", **fabric),
        _array(bench, "doubleq_ext, 80 %, booth", "doubleq_ext, 80 %", engines=engines),
        _array(bench, "doubleq_ext, 80 %, mux", "doubleq_ext, 80 %", engines=engines, dual="mux"),
        _array(bench, "doubleq, all layers", "doubleq, all layers", engines=engines),
        _array(bench, "doubleq_ef, 4 bits", "doubleq_ef, 4 bits", engines=engines),
    ]
    show("PEs and adder trees alone", ("", "PEs", "LUT", "FF", "LUT a PE"), inner)
    rows = [
        bench.row("512 dual PEs", "doubleq_ext, 80 %", PART, engines=engines),
        bench.row("1,152 dual PEs", "doubleq_ext, 80 %", LARGE, pes=1152),
    ]
    show(f"Dual PEs: 512 on {PART}, 1,152 on {LARGE}", HEADER, rows)


def _array(bench: Bench, name: str, recipe: str, **options: object) -> tuple[str, ...]:
    found = bench.design(recipe, PART, **options).estimate
    parts = [found.components[part] for part in ("PEs", "adder trees")]
    lut, ff = sum(part.lut for part in parts), sum(part.ff for part in parts)
    return name, f"{found.pes:,}", f"{round(lut):,}", f"{round(ff):,}", f"{lut / found.pes:.1f}"


def show_potacc(bench: Bench) -> None:
    """PoTAcc's two sizes."""
    small, large = POTACC
    four = "doubleq_ef, 4 bits"
    rows = [
        published(small),
        bench.row("ours, Zynq 7020", four, ZYNQ, pes=256),
        published(large),
        bench.row("ours, KV260", four, KRIA, pes=512),
    ]
    show(
        "PoTAcc: shift PEs with 4-bit codes; ours for ResNet-20",
        HEADER,
        rows,
        "PoTAcc's are after implementation, with what moves data to and from a processor; ours have streams of",
        "pixels and results, weights and feature maps in block RAMs.",
    )

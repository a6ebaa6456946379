"""He et al.'s Tables III to VI: their ResNet-20 on their four PEs, and with sixteen bits."""

from __future__ import annotations

from bench import Bench, show
from cells import CLOCKS, HEADER, engine_sums, folded, milliseconds, number, published
from engine_sets import he_engines, wide_engine
from papers import HE_TABLE_3, HE_TABLE_4, HE_TABLE_5, HE_TABLE_6

from hlsq.backends.vitis.folded.design import FoldedDesign

PART = "xc7k325tffg676-2"
MIXED, WIDE = "He et al.", "16 bits"
SIXTEEN = {
    "16 bits, 640 DSP": (wide_engine(5, "dsp"), "dsp"),
    "16 bits, 384 LUT": (wide_engine(3, "lut"), "fabric"),
    "16 bits, 1,152 LUT": (wide_engine(9, "lut"), "fabric"),
}
"""Engines for sixteen bits: nearly as many DSP slices as the part lets have, as many LUTs, and He et al.'s array; and
where other products are computed."""


def show_he(bench: Bench) -> None:
    """All four tables."""
    design = folded(bench.network(MIXED), PART, engines=he_engines())
    _show_engines(design)
    rows = [published(HE_TABLE_4), bench.row("ours, their four PEs", MIXED, PART, engines=he_engines())]
    wide = {
        name: bench.row(name, WIDE, PART, engines=engines, multipliers=where)
        for name, (engines, where) in SIXTEEN.items()
    }
    show(
        f"He et al., Table IV: ResNet-20 with 3x3 shortcuts on {PART}",
        HEADER,
        [*rows, *wide.values()],
        "Weights of ours are the pretrained ones of 1x1 shortcuts, with zeros around; formats without retraining.",
        "The part has 203,800 LUTs, 407,600 flip-flops, 840 DSP slices, 445 block RAMs.",
    )
    _show_latency(design)
    _show_others(bench, design)


def _show_engines(design: FoldedDesign) -> None:
    """Table III."""
    program = design.program
    lut, ff, dsp, ram = (engine_sums(design, what) for what in ("lut", "ff", "dsp", "bram18"))
    rows = []
    for number_, engine in enumerate(program.engines):
        name, theirs = engine.name, HE_TABLE_3[engine.name]
        macs = sum(item.macs for item in program.instructions if item.macs and item.fields["engine"] == number_)
        rows.append(
            (
                *(name, theirs.name, f"{engine.pes:,}", f"{2 * macs:,}"),
                *(f"{round(lut[name]):,}", number(theirs.lut), f"{round(ff[name]):,}", number(theirs.ff)),
                *(f"{round(dsp[name]):,}", number(theirs.dsp), f"{ram[name] / 2:g}", number(theirs.bram36)),
            )
        )
    header = ("", "multiplier", "PEs", "operations", *_both("LUT"), *_both("FF"), *_both("DSP"), *_both("BRAM36"))
    show(
        "He et al., Table III: array, reading, post-processing and weights of every PE, ours and theirs",
        header,
        rows,
        "Feature maps are in none of ours. Operations are what the paper calls MACs: multiplications and additions.",
    )


def _both(what: str) -> tuple[str, str]:
    return what, f"{what}, theirs"


def _show_latency(design: FoldedDesign) -> None:
    """Table V."""
    rows = [(of.name, number(of.mhz), number(of.ms, ".2f"), number(of.watts, "g")) for of in HE_TABLE_5]
    cycles = design.program.cycles
    ours = [("FPGA, ours", f"{mhz:,}", f"{milliseconds(cycles, mhz):.2f}", "needs Vivado") for mhz in CLOCKS]
    show("He et al., Table V: one image", ("", "MHz", "ms", "W"), [*rows, *ours])


def _show_others(bench: Bench, design: FoldedDesign) -> None:
    """Table VI."""
    rows = [
        (
            *(of.name, str(of.platform), number(of.mhz), str(of.bits), number(of.ms, ".2f")),
            *(number(of.gops, "g"), number(of.accuracy, ".2f")),
        )
        for of in HE_TABLE_6
    ]
    name, (engines, where) = next(iter(SIXTEEN.items()))
    sixteen = folded(bench.network(WIDE), PART, engines=engines, multipliers=where)
    for title, bits, found, recipe in (("ours", "6-8", design, MIXED), (f"ours, {name}", "16", sixteen, WIDE)):
        cycles, macs = found.program.cycles, sum(item.macs for item in found.program.instructions)
        rows += [
            (
                *(title, "Kintex 7", str(mhz), bits, f"{milliseconds(cycles, mhz):.2f}"),
                *(f"{2 * macs * mhz / (1e3 * cycles):.0f}", f"{bench.accuracy(recipe):.2f}"),
            )
            for mhz in CLOCKS
        ]
    show(
        "He et al., Table VI: other work",
        ("", "platform", "MHz", "bits", "ms", "GOP/s", "top-1 %"),
        rows,
        "Energy needs Vivado; the papers' are 137, 3.8, - and 6.26 mJ.",
    )

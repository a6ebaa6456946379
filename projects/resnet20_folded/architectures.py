"""When to choose which architecture: both for the same network and part."""

from __future__ import annotations

from bench import Bench, show

NETWORK = "doubleq_ef, 4 bits"
PARTS = ("xc7a100tcsg324-1", "xc7k325tffg676-2")
MHZ = 200
HEADER = (
    *("", "part", "PEs", "useful", "LUT", "FF", "DSP", "BRAM36"),
    *("interval", "latency", "samples/s", "ms, first result"),
)


def show_architectures(bench: Bench) -> None:
    """The fastest design that fits, of both, and folded ones that are smaller."""
    rows = []
    for part in PARTS:
        rows += [
            _row(bench, "dataflow, fastest that fits", part, architecture="dataflow", target="fit"),
            _row(bench, "folded, fastest that fits", part, target="fit"),
        ]
    rows += [_row(bench, f"folded, {pes} PEs", PARTS[0], pes=pes) for pes in (256, 64)]
    show(
        f"Both architectures: ResNet-20, {NETWORK}, at {MHZ} MHz",
        HEADER,
        rows,
        "interval: cycles from one image to the next; latency: from the first pixel to the result.",
    )


def _row(bench: Bench, name: str, part: str, **options: object) -> tuple[str, ...]:
    found = bench.design(NETWORK, part, **options).estimate
    return (
        *(name, part, f"{found.pes:,}", f"{found.useful:.0%}".replace("%", " %"), f"{round(found.lut):,}"),
        *(f"{round(found.ff):,}", f"{found.dsp:,}", f"{found.bram18 / 2:g}", f"{found.interval:,}"),
        *(f"{found.latency:,}", f"{MHZ * 1e6 / found.interval:,.0f}", f"{found.latency / (MHZ * 1e3):.3f}"),
    )

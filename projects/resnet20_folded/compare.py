"""Tables of the papers, and ours beside them: DoubleQExt's 6, He et al.'s III to VI, FxP-QNet's 4, and PoTAcc's.

    HLSQ_DATA=... python projects/resnet20_folded/compare.py
    HLSQ_DATA=... python projects/resnet20_folded/compare.py --only doubleq --images 1000

Nothing is written but accuracies: what designs take is estimated, and ``run.py`` verifies them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from architectures import show_architectures
from bench import Bench
from doubleq_tables import show_doubleq, show_potacc
from fxpqnet_table import show_fxpqnet
from he_tables import show_he
from recipes import Networks

from hlsq.cli.console import ExplainedCommand

HERE = Path(__file__).resolve().parent
TABLES: dict[str, Callable[[Bench], None]] = {
    "doubleq": show_doubleq,
    "potacc": show_potacc,
    "he": show_he,
    "fxpqnet": show_fxpqnet,
    "architectures": show_architectures,
}


@click.command(cls=ExplainedCommand)
@click.option("--only", type=click.Choice(list(TABLES)), multiple=True, help="Of the comparisons, these.")
@click.option("--images", type=click.IntRange(1), default=10_000, show_default=True, help="Test images for accuracy.")
@click.option("--calibration", type=click.IntRange(1), default=1000, show_default=True, help="Training images to use.")
@click.option("--output", type=click.Path(path_type=Path), default=HERE / "build", help="Where accuracies are kept.")
def main(only: tuple[str, ...], images: int, calibration: int, output: Path) -> None:
    """Print what others published, and what folded accelerators for ResNet-20 are estimated to take."""
    bench = Bench(Networks(calibration, images), output / "accuracies.json")
    click.echo(
        f"LUT, FF, DSP, BRAM36: of ours, estimates of synthesis, of everything generated; top-1: of {images:,} test\n"
        "images, bit-exact emulation; kB: codes of convolutions, 1 kB = 1000 bytes; ms and GOP/s: at 100 and 200\n"
        "MHz; fits: in 80 % of the part. Power and the highest clock need Vivado, so ours have none. -: not published"
    )
    for name, show in TABLES.items():
        if not only or name in only:
            show(bench)


if __name__ == "__main__":
    main()

"""One residual CNN on scikit-learn's digits, quantised five ways; each becomes verified hardware.

python projects/digits_doubleq/run.py
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from hlsq import demo
from hlsq.cli.console import ExplainedCommand, short_path, step, table
from hlsq.demo import DemoResult

HERE = Path(__file__).resolve().parent

# Folder of the project, scheme, options of the scheme.
WAYS: list[tuple[str, str, dict[str, Any]]] = [
    ("quant8", "quant8", {}),
    ("doubleq", "doubleq", {}),
    ("doubleq_ef", "doubleq_ef", {"code_bits": 4}),
    ("fixed8", "fixed", {}),
    ("fixed4", "fixed", {"weight_width": 4}),
]
SHOWN = "doubleq_ef"


@click.command(cls=ExplainedCommand)
@click.option("--epochs", type=click.IntRange(1), default=30, show_default=True, help="Epochs of training.")
@click.option("--output", type=click.Path(path_type=Path), default=HERE / "build", help="Folder of the HLS projects.")
def main(epochs: int, output: Path) -> None:
    """Train once, quantise five ways, and verify each C simulation on all 360 held-back images."""
    for name, _, _ in WAYS:
        demo.check(output / name)
    model = demo.train(epochs, step)
    results = {
        name: demo.to_hardware(model, output / name, scheme, step, project_name=name, **options)
        for name, scheme, options in WAYS
    }
    click.echo("\n".join(lines(results, output)))


def lines(results: dict[str, DemoResult], output: Path) -> list[str]:
    """The results as text: all ways in one table, then the blocks of the default scheme."""
    header = ("", "accuracy", "weights, bytes", "less", "packed, bytes", "PEs", "images", "integers", "mismatches")
    first = next(iter(results.values()))
    floats = ("float", percent(first.float_accuracy), f"{first.float_bits // 8:,}", *["-"] * 6)
    blocks = [
        (b.name, b.operation, b.weight_format, str(b.pes or "-"), b.pe_kind or "-", str(b.reuse_factor))
        for b in results[SHOWN].blocks
    ]
    return [
        *table(header, [floats, *(row(name, result) for name, result in results.items())]),
        "",
        f"Blocks of {SHOWN}:",
        "",
        *table(("block", "operation", "weights", "PEs", "kind", "reuse"), blocks),
        "",
        f"HLS projects: {short_path(output)}",
    ]


def row(name: str, result: DemoResult) -> tuple[str, ...]:
    """One way of quantisation."""
    pes: Counter[str] = Counter()
    for block in result.blocks:
        if block.pe_kind is not None:
            pes[block.pe_kind] += block.pes
    return (
        name,
        percent(result.quantised_accuracy),
        f"{result.code_bits / 8:,.0f}",
        f"{100 * (1 - result.code_bits / result.float_bits):.1f} %",
        f"{result.word_bits / 8:,.0f}",
        ", ".join(f"{count} {kind}" for kind, count in sorted(pes.items())),
        f"{result.images}",
        f"{result.integers:,}",
        f"{result.mismatches}",
    )


def percent(part: float) -> str:
    """``part`` of 1 in percent."""
    return f"{100 * part:.2f} %"


if __name__ == "__main__":
    main()

"""The report as aligned text."""

from __future__ import annotations

import textwrap

from hlsq.escape import visible
from hlsq.report.model import NetworkReport
from hlsq.report.table import Table
from hlsq.report.tables import tables

WIDTH = 140
GAP = "  "
LEAST = 8


def render_text(report: NetworkReport, bars: bool = False) -> str:
    """Text tables of at most 140 columns; cells that would not fit are shortened in the middle.

    Args:
        report: to render.
        bars: draw how full the part is in letters.
    """
    title = f"hlsq report: {visible(report.network)}"
    parts = [f"{title}\n{'=' * len(title)}"]
    parts += ["\n".join(render_table(table)) for table in tables(report, bars)]
    return "\n\n".join(parts)


def render_table(table: Table, width: int = WIDTH) -> list[str]:
    """Lines of one table: title, header, rule, rows, note."""
    headed = any(table.header)
    if not headed or len(table.header) == 2:
        return [table.title, *_pairs(table, width)]
    cells = [table.header, *table.rows]
    widths = _fit([max(len(row[i]) for row in cells) for i in range(len(table.header))], width)
    lines = [table.title, *(_line(row, widths, table.right) for row in cells)]
    lines.insert(2, GAP.join("-" * w for w in widths))
    return lines + textwrap.wrap(table.note, width)


def _pairs(table: Table, width: int) -> list[str]:
    """A name and a long value, which goes on over several lines."""
    rows = [table.header, *table.rows] if any(table.header) else list(table.rows)
    first = min(max(len(row[0]) for row in rows), width // 3)
    lines = []
    for name, value in rows:
        text = textwrap.wrap(value, width - first - len(GAP), break_on_hyphens=False) or ["-"]
        lines.append(f"{clip(name, first):<{first}}{GAP}{text[0]}")
        lines += [" " * (first + len(GAP)) + more for more in text[1:]]
    if any(table.header):
        lines.insert(1, f"{'-' * first}{GAP}{'-' * max(len(row[1]) for row in rows)}"[:width])
    return lines


def _fit(widths: list[int], most: int) -> list[int]:
    """Take columns from the widest ones until the row fits."""
    fitted = list(widths)
    while sum(fitted) + len(GAP) * (len(fitted) - 1) > most and max(fitted) > LEAST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _line(row: tuple[str, ...], widths: list[int], right: tuple[int, ...]) -> str:
    cells = []
    for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
        text = clip(cell, width)
        cells.append(text.rjust(width) if i in right else text.ljust(width))
    return GAP.join(cells).rstrip()


def clip(text: str, width: int) -> str:
    """``text`` with at most ``width`` characters, shortened in the middle."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}~{text[len(text) - (width - 1 - head) :]}"

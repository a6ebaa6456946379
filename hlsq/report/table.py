"""One table of a report: every cell is a string."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hlsq.escape import visible

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        title: its heading.
        header: names of the columns.
        rows: cells.
        right: indices of right-aligned columns.
        note: a sentence under the table, or "".
    """

    title: str
    header: Row
    rows: tuple[Row, ...]
    right: tuple[int, ...] = ()
    note: str = ""

    def shown(self) -> Table:
        """The same with all cells, which may hold names, on a line each."""
        rows = tuple(tuple(map(visible, row)) for row in (self.header, *self.rows))
        return replace(self, header=rows[0], rows=rows[1:], note=visible(self.note))

"""``Report``: what a network became in hardware, in all the forms that a user asks for."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hlsq.errors import OutputFileError
from hlsq.files.write import write_file
from hlsq.progress import on_terminal
from hlsq.report.html import render_html
from hlsq.report.model import NetworkReport
from hlsq.report.plain import to_plain
from hlsq.report.text import render_text


@dataclass(frozen=True)
class Report(NetworkReport):
    """What a network became in hardware. ``print`` it, or write ``to_json()`` or ``to_html()``."""

    def __str__(self) -> str:
        return render_text(self, bars=on_terminal(sys.stdout))

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, sizes in bits; what ``to_json`` writes."""
        return to_plain(self)

    def to_json(self) -> str:
        """``to_dict`` as JSON text."""
        return json.dumps(self.to_dict(), indent=1)

    def to_html(self, path: str | Path | None = None) -> str:
        """One self-contained page; written to ``path`` too, if given.

        Raises:
            OutputFileError: it cannot be written.
        """
        page = render_html(self)
        if path is not None:
            write_file(path, page, OutputFileError, "the report")
        return page

"""Small edits to written projects."""

import re
from pathlib import Path


def change_first_weight(path: Path) -> None:
    """Flip the lowest bit of the first packed weight code in a weights header."""
    text = path.read_text()
    match = re.search(r"\{\{?\s*\{?(\d+)", text)
    assert match is not None
    start, end = match.span(1)
    path.write_text(text[:start] + str(int(match.group(1)) ^ 1) + text[end:])

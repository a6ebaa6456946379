"""Checksums, by which a file that was changed since hlsq wrote it is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def checksum(content: str | bytes) -> str:
    """SHA-256 of what is written into a file."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def content_checksum(content: Mapping[str, Any]) -> str:
    """SHA-256 of what JSON makes of ``content``."""
    return checksum(json.dumps(content, sort_keys=True))


def changed_files(folder: Path, recorded: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Those of ``names`` that are in ``folder`` and differ from what is ``recorded`` of them."""
    there = [name for name in names if name in recorded and (folder / name).is_file()]
    return [name for name in there if checksum((folder / name).read_bytes()) != recorded[name]]

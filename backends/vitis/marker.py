"""The marker of a project: its hardware options, the files that hlsq wrote, and those that it will build."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hlsq.backends.verilog.simulation import BUILT
from hlsq.backends.verilog.synthesis import BUILT as SYNTHESISED
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.names import top_name
from hlsq.backends.vitis.vectors import input_files, output_files
from hlsq.errors import GraphError
from hlsq.files.checksums import checksum, content_checksum
from hlsq.files.read import PROJECT_FILE

MARKER = PROJECT_FILE
CHECKSUMS = "checksums"
VERSION = 2
STAMPS = ("lib", "ap")
"""Of the libraries that ``HardwareModel`` compiles, in their names."""


def make_marker(design: AnyDesign, files: Mapping[str, str | bytes], stamps: Collection[str]) -> str:
    """The marker of a project with ``files``, name to content; ``stamps`` beside ``STAMPS`` name libraries."""
    options = asdict(design.settled)
    vectors = {*input_files(design).values(), *output_files(design).values()}  # others may be written later
    marker = {
        "hlsq_project": VERSION,
        "options": options,
        "files": sorted({*files, MARKER}),
        "built": sorted(set(_built(design, stamps)) - set(files)),
        CHECKSUMS: {
            MARKER: content_checksum(options),
            **{name: checksum(files[name]) for name in sorted(set(files) - vectors)},
        },
    }
    return json.dumps(marker, indent=1) + "\n"


def library_name(top: str, stamp: str) -> str:
    """Name of a library of the C simulation, in its project."""
    return f"firmware/{top}-{stamp}.so"


def top_function(folder: Path) -> str:
    """Name of the top function of the project in ``folder``.

    Raises:
        GraphError: no project of hlsq.
    """
    name = read_marker(folder).get("options", {}).get("project_name")
    if not isinstance(name, str):
        raise GraphError(f"{str(folder)!r} is no project of hlsq: it has no {MARKER}, or a damaged one; convert again")
    return top_name(name)


def read_marker(folder: Path) -> dict[str, Any]:
    """What the marker of a project says; nothing if there is none or it is damaged."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = marker if isinstance(marker, dict) else {}
    return found if isinstance(found.get("options", {}), dict) else {}


def written_files(marker: Mapping[str, Any]) -> set[str]:
    """The files that hlsq wrote, as a marker lists them, and the marker."""
    return {MARKER, *_names(marker.get("files"))}


def all_files(marker: Mapping[str, Any], design: AnyDesign) -> set[str]:
    """Those that hlsq wrote or built; markers of earlier versions do not list the latter, so those of ``design``."""
    return written_files(marker) | set(_names(marker.get("built", _built(design, ()))))


def _names(found: Any) -> list[str]:
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _built(design: AnyDesign, stamps: Collection[str]) -> list[str]:
    """What compiling, simulating and running Vitis HLS write into a project, beside Vitis HLS's own folders."""
    libraries = [library_name(design.options.top, stamp) for stamp in (*STAMPS, *stamps)]
    vectors = [*input_files(design).values(), *output_files(design).values()]
    if design.options.language == "systemverilog":
        return [*BUILT, *SYNTHESISED, *vectors]
    return [*libraries, "build_lib.log", "build_opt.tcl", "vitis_hls.log", *vectors]

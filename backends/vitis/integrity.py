"""Whether a project is as it was written: a fault of its data is an error, a change of its C++ is the user's right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from hlsq.backends.folded.pipeline import STAGES
from hlsq.backends.folded.storage import PROGRAM
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.folded.images import FOLDER as IMAGE
from hlsq.backends.vitis.marker import CHECKSUMS, MARKER, VERSION
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.errors import GraphError, OptionError
from hlsq.files.checksums import changed_files, content_checksum
from hlsq.files.fields import Field
from hlsq.files.read import read_json
from hlsq.graph.storage import INTEGERS, STRUCTURE, graph_checksums

DATA = (STRUCTURE, INTEGERS, "plan.json", "deviations.json", f"{IMAGE}/{PROGRAM}", f"{IMAGE}/{STAGES}")
"""Files that hlsq reads again and takes as they were. All others are for the compiler, and may be edited; so may what a
folded accelerator's memories hold, which is read as it is then. In a pipeline, every stage's program is one."""
EARLIER = {"part_check": False}
"""Options of a project from before there were these, where that is not their default: it may have any part."""


def read_options(folder: Path) -> tuple[Field, dict[str, str]]:
    """Options and checksums of a project, as its marker has them; one from before there were checksums has none.

    Raises:
        GraphError: no marker, or a damaged one; names the place.
    """
    if not (folder / MARKER).is_file():
        raise GraphError(f"{str(folder)!r} is no project of hlsq: it has no file {MARKER}")
    data = read_json(folder / MARKER, GraphError, "the list of a project's files")
    data.version("hlsq_project", VERSION, "a project of hlsq")
    parts = data.record(("hlsq_project", "options", "files"), ("built", CHECKSUMS))
    options = parts["options"]
    options.record((), [item.name for item in fields(HardwareOptions)])
    for name in ("files", "built"):
        if name in parts:
            parts[name].texts()
    if CHECKSUMS not in parts:
        return options, {}
    recorded = {name: item.text() for name, item in parts[CHECKSUMS].mapping().items()}
    for name in (MARKER, STRUCTURE, INTEGERS):
        if name not in recorded:
            raise parts[CHECKSUMS].fail(f"{name!r} is missing")
    if recorded[MARKER] != content_checksum(options.value):
        raise options.fail("not as hlsq wrote them (their checksum is another); restore them, or convert again")
    return options, recorded


def made_options(options: Field) -> HardwareOptions:
    """The options of ``read_options``, with what those that are missing have been when the project was written.

    Raises:
        GraphError: a value that is not allowed.
    """
    try:
        return HardwareOptions(**(EARLIER | _before_targets(options.value)))
    except OptionError as error:
        raise options.fail(error) from None


def _before_targets(options: dict[str, Any]) -> dict[str, Any]:
    """Before there were targets, a design for which nothing was asked had the reuse factors closest to 64."""
    if "target" not in options and options.get("reuse_factor") is None:
        return options | {"reuse_factor": {}}
    return options


def check_data(folder: Path, recorded: Mapping[str, str]) -> None:
    """Refuse a project whose data are not those that were written.

    Programs are checked for being well formed and no more, and there are none from before there were checksums.

    Raises:
        GraphError: names the file.
    """
    programs = sorted(path.relative_to(folder).as_posix() for path in (folder / IMAGE).rglob("*.json"))
    if unknown := [name for name in programs if _is_data(name) and name not in recorded]:
        raise GraphError(
            f"{folder / unknown[0]}: {MARKER} has no checksum of it; restore both of them, or convert again"
        )
    if changed := changed_files(folder, recorded, [name for name in recorded if _is_data(name)]):
        raise GraphError(
            f"{folder / changed[0]}: not as hlsq wrote it (its checksum is another); restore it, or convert again"
        )


def check_design(folder: Path, design: AnyDesign) -> None:
    """Refuse a project of another design, which somebody wrote into the folder since ``design`` was.

    Raises:
        GraphError: names the folder; or see ``read_options``.
    """
    options, recorded = read_options(folder)
    others = any(recorded.get(name, mine) != mine for name, mine in graph_checksums(design.network).items())
    if others or made_options(options) != design.settled:
        raise GraphError(
            f"{str(folder)!r} holds the project of another network, or of other options, than the model that was "
            "converted into it before; convert that into a folder of its own"
        )


def edited_files(folder: str | Path) -> list[str]:
    """Generated files of a project that are not as hlsq wrote them; none where the project does not record it.

    Raises:
        GraphError: see ``read_options``.
    """
    recorded = read_options(Path(folder))[1]
    return changed_files(Path(folder), recorded, [name for name in recorded if not _is_data(name) and name != MARKER])


def _is_data(name: str) -> bool:
    return name in DATA or (name.startswith(f"{IMAGE}/") and name.endswith(f"/{PROGRAM}"))

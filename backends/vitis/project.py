"""Writing a project folder: everything or nothing, and never over somebody else's files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import Any

from hlsq.backends.vitis.designs import AnyDesign, made_design
from hlsq.backends.vitis.integrity import check_data, check_design, made_options, read_options
from hlsq.backends.vitis.marker import MARKER, all_files, make_marker, read_marker, written_files
from hlsq.backends.vitis.rendering import render_design
from hlsq.backends.vitis.vectors import Ints, input_files, output_files, vector_files
from hlsq.errors import GraphError, OptionError, OutputDirError, ToolNotFoundError
from hlsq.files.lock import locked
from hlsq.files.reasons import reason
from hlsq.files.swap import PRIVATE, exclusive, is_unfinished, replace_files, settled
from hlsq.graph.storage import graph_files, load_graph

SCRIPTS = {"build_lib.sh", "rtl/build_simulation.sh"}
PATIENCE = 10.0
"""Seconds to wait for another process that changes the project."""


def check_output_dir(folder: str | Path) -> Path:
    """``folder`` as a path, if a project may be written there: missing, empty, or an earlier project of hlsq.

    Raises:
        OutputDirError: it is a file, holds something else, or cannot be written to.
    """
    if not isinstance(folder, (str, os.PathLike)) or not str(folder):
        raise OutputDirError(f"output_dir {folder!r} is no path; choose a folder")
    path = Path(folder)
    shown = repr(str(path))
    try:
        above = next(parent for parent in (path, *path.absolute().parents) if _exists(parent))
        longest = os.pathconf(above, "PC_NAME_MAX")
        names = os.listdir(path) if path.is_dir() else []
    except (OSError, ValueError) as error:  # a name that is too long, or holds a zero byte, or a folder of others
        raise OutputDirError(f"output_dir {shown} is no path for a folder: {reason(error)}") from error
    if path.is_symlink() and not path.exists():
        raise OutputDirError(
            f"output_dir {shown} is a link to {os.readlink(path)!r}, which does not exist; create that folder, or "
            "remove the link"
        )
    if path.exists() and not path.is_dir():
        raise OutputDirError(f"output_dir {shown} is a file; choose a folder")
    if any(len(os.fsencode(part)) > longest for part in path.parts):
        raise OutputDirError(f"output_dir {shown} has a name of more than {longest} bytes; choose a shorter one")
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise OutputDirError(f"output_dir {shown} cannot be written: {str(above)!r} is no folder to write to")
    if set(names) - {PRIVATE} and MARKER not in names and not is_unfinished(path):
        raise OutputDirError(
            f"output_dir {shown} holds files that hlsq did not write (no {MARKER}); choose an empty or new folder"
        )
    return path


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


@contextmanager
def building(folder: Path, error: type[Exception], wait: float = inf, what: str = "") -> Iterator[None]:
    """Be the only one who builds from the project in ``folder``, whose sources stay as they are meanwhile.

    Raises:
        error: somebody else builds or replaces it for more than ``wait`` seconds.
    """
    with locked(folder / PRIVATE / "build.lock", error, what or f"the project {str(folder)!r}", wait):
        shutil.rmtree(folder / PRIVATE / "build", ignore_errors=True)  # of a process that was killed
        yield


def write_project(
    design: AnyDesign,
    folder: str | Path,
    extra: Mapping[str, str] | None = None,
    *,
    vectors: tuple[Mapping[str, Ints], Mapping[str, Ints]] | None = None,
    stamps: tuple[str, ...] = (),
) -> Path:
    """Write the project of ``design`` into ``folder``; an earlier project there is replaced in one step.

    Deleted are the files that the earlier project's marker lists. Files that hlsq did not write are kept.

    Args:
        design: the hardware.
        folder: output folder.
        extra: further text files, path to content; None keeps those of an earlier project of the same design.
        vectors: input and expected integers for the test bench, by name; None as for ``extra``.
        stamps: in the names of libraries that will be built, beside ``STAMPS``.

    Raises:
        OutputDirError: the folder holds something else, cannot be written, or somebody else is working on it.
    """
    path = check_output_dir(folder)
    new = not path.exists()
    files: dict[str, str | bytes] = {**render_design(design), **_ap_types(design), **graph_files(design.network)}
    files |= extra or {}
    files |= {} if vectors is None else vector_files(design, *vectors)
    what = f"output_dir {str(path)!r}"
    try:
        with building(path, OutputDirError, PATIENCE, what), exclusive(path, OutputDirError, what, PATIENCE):
            earlier = read_marker(path)
            if extra is None and vectors is None:
                files |= _still_valid(path, earlier, design, files)
            files[MARKER] = make_marker(design, files, stamps)
            scripts = sorted(SCRIPTS & set(files))
            replace_files(path, files, all_files(earlier, design), OutputDirError, what, executable=scripts)
            (path / "tb_data").mkdir(exist_ok=True)
    except BaseException as error:
        if new:
            _remove_if_empty(path)
        if isinstance(error, OSError) and not isinstance(error, OutputDirError):
            raise OutputDirError(f"output_dir {str(path)!r} cannot be written: {reason(error)}") from error
        raise
    return path


def _still_valid(
    path: Path, marker: Mapping[str, Any], design: AnyDesign, files: Mapping[str, str | bytes]
) -> dict[str, bytes]:
    """Plan, counts and vectors of an earlier project of the same design, which a new one is written without."""
    same = marker.get("options") == asdict(design.settled) and all(
        (path / name).is_file() and (path / name).read_bytes() == files[name] for name in ("graph.json", "graph.npz")
    )
    vectors = {*input_files(design).values(), *output_files(design).values()}
    names = (written_files(marker) | vectors) - {*files, MARKER}
    return {name: (path / name).read_bytes() for name in names if (path / name).is_file()} if same else {}


def _remove_if_empty(path: Path) -> None:
    """Remove a folder that was made for a project which then could not be written."""
    for lock in (path / PRIVATE).glob("*.lock"):
        lock.unlink(missing_ok=True)
    for folder in (path / PRIVATE, path):
        try:
            folder.rmdir()
        except OSError:
            return


@contextmanager
def reading(folder: str | Path) -> Iterator[None]:
    """Read a project that nobody replaces meanwhile; one that a killed process left half replaced is finished first.

    Raises:
        GraphError: that cannot be done, or ``folder`` is no path.
    """
    if not isinstance(folder, (str, os.PathLike)):
        raise GraphError(f"{folder!r} is no path; name the folder of a project")
    path = Path(folder)
    try:
        _exists(path)
    except (OSError, ValueError) as error:  # a name that is too long, or holds a zero byte, or a folder of others
        raise GraphError(f"{str(path)!r} is no folder that can be read: {reason(error)}") from error
    with settled(path, GraphError, f"the project {str(path)!r}", PATIENCE):
        yield


def read_project(folder: str | Path) -> AnyDesign:
    """The design of a project folder that ``write_project`` wrote.

    Raises:
        GraphError: no project of hlsq, or one whose data are damaged or not those that were written; names the file.
    """
    path = Path(folder)
    options, recorded = read_options(path)
    graph = load_graph(path)
    check_data(path, recorded)
    try:
        return made_design(graph, made_options(options), path)
    except OptionError as error:
        raise options.fail(error) from None


def write_vectors(
    design: AnyDesign, folder: str | Path, inputs: Mapping[str, Ints], outputs: Mapping[str, Ints]
) -> None:
    """Write input and expected integers for the test bench, one line per sample.

    Raises:
        OutputDirError: they cannot be written.
        GraphError: the folder does not hold the project of ``design``.
    """
    path, what = Path(folder), "the test bench's vectors"
    files = vector_files(design, inputs, outputs)
    with exclusive(path, OutputDirError, f"the project {str(path)!r}", PATIENCE):
        check_design(path, design)
        replace_files(path, files, list(files), OutputDirError, what)


def _ap_types(design: AnyDesign) -> dict[str, bytes]:
    """The arbitrary-precision headers that hls4ml ships; synthesis uses Vitis HLS's own instead."""
    if design.options.language != "cpp":
        return {}
    spec = find_spec("hls4ml")
    if spec is None or spec.origin is None:
        raise ToolNotFoundError("hls4ml is not installed; it comes with hlsq: pip install hlsq")
    source = Path(spec.origin).parent / "templates" / "vivado" / "ap_types"
    files = sorted(p for p in source.rglob("*") if p.is_file())
    return {str(Path("firmware/ap_types") / p.relative_to(source)): p.read_bytes() for p in files}

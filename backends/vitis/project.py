"""Writing a project folder: everything or nothing, and never over somebody else's files."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.errors import GraphError, HlsqError, OutputDirError, ToolNotFoundError
from hlsq.graph.storage import load_graph, save_graph

MARKER = "hlsq_project.json"
VERSION = 1
BUILT = ("build_lib.log", "deviations.json")


def check_output_dir(folder: str | Path) -> Path:
    """``folder`` as a path, if a project may be written there: missing, empty, or an earlier project of hlsq.

    Raises:
        OutputDirError: it is a file, or holds something else.
    """
    if not isinstance(folder, (str, os.PathLike)) or not str(folder):
        raise OutputDirError(f"output_dir {folder!r} is no path; choose a folder")
    path = Path(folder)
    try:
        is_file = path.exists() and not path.is_dir()
        above = next(parent for parent in path.absolute().parents if parent.exists())
    except (OSError, ValueError) as error:  # a name that is too long, or holds a zero byte, or a folder of others
        raise OutputDirError(f"output_dir {str(path)!r} is no path for a folder: {error}") from error
    if is_file:
        raise OutputDirError(f"output_dir {str(path)!r} is a file; choose a folder")
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise OutputDirError(f"output_dir {str(path)!r} cannot be created: {str(above)!r} is no folder to write to")
    if path.is_dir() and any(path.iterdir()) and not (path / MARKER).is_file():
        raise OutputDirError(
            f"output_dir {str(path)!r} holds files that hlsq did not write (no {MARKER}); choose an empty or new folder"
        )
    return path


def write_project(design: Design, folder: str | Path, extra: dict[str, str] | None = None) -> Path:
    """Write the project of ``design`` into ``folder``; an earlier project there is replaced once the new one is whole.

    Files in it that hlsq did not write are kept.

    Args:
        design: the hardware.
        folder: output folder.
        extra: further text files, path to content.

    Raises:
        OutputDirError: the folder holds something else, or cannot be written.
    """
    path = check_output_dir(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".hlsq.", dir=path.parent))
    except OSError as error:
        raise OutputDirError(f"output_dir {str(path)!r} cannot be created: {error.strerror}") from error
    try:
        staging.chmod(0o755)
        for name, content in {**render_project(design), **(extra or {})}.items():
            target = staging / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        (staging / "build_lib.sh").chmod(0o755)
        (staging / "tb_data").mkdir()
        _copy_ap_types(staging / "firmware" / "ap_types")
        save_graph(design.graph, staging)
        written = sorted(str(p.relative_to(staging)) for p in staging.rglob("*") if p.is_file())
        marker = {"hlsq_project": VERSION, "options": _options_to_dict(design.options), "files": [*written, MARKER]}
        (staging / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
        if path.is_dir():
            _keep_foreign_files(path, staging)
        _replace(staging, path)
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, HlsqError):
            raise OutputDirError(f"output_dir {str(path)!r} cannot be written: {error}") from error
        raise
    return path


def _keep_foreign_files(old: Path, new: Path) -> None:
    """Take along what somebody else put into an earlier project: notes, results of Vitis HLS.

    Left behind are the files that the earlier project's marker lists, and what was built from them.
    """
    try:
        ours = set(json.loads((old / MARKER).read_text(encoding="utf-8")).get("files", []))
    except (OSError, ValueError, AttributeError):
        ours = set()
    for path in sorted(p for p in old.rglob("*") if p.is_file() or p.is_symlink()):
        name = path.relative_to(old)
        built = path.suffix in (".so", ".o", ".dat") or name.name in BUILT
        if str(name) in ours or built or (new / name).exists():
            continue
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, new / name, follow_symlinks=False)


def read_project(folder: str | Path) -> Design:
    """The design of a project folder that ``write_project`` wrote.

    Raises:
        GraphError: no project of hlsq, or a damaged one.
    """
    try:
        data = json.loads((Path(folder) / MARKER).read_text(encoding="utf-8"))
        if data["hlsq_project"] != VERSION:
            raise GraphError(f"{folder}: project of version {data['hlsq_project']}; this hlsq reads version {VERSION}")
        options = HardwareOptions(**data["options"])
        return Design(load_graph(folder), options)
    except GraphError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GraphError(f"{str(folder)!r} is no project of hlsq: {error}") from error


def write_vectors(
    design: Design,
    folder: str | Path,
    inputs: dict[str, NDArray[np.int64]],
    outputs: dict[str, NDArray[np.int64]],
) -> None:
    """Write input and expected integers for the test bench, one line per sample."""
    data = Path(folder) / "tb_data"
    data.mkdir(exist_ok=True)
    for old in data.glob("*.dat"):
        old.unlink()
    layout = {name: f"{design.tensors[name].ident}.dat" for name in inputs}
    for name, values in inputs.items():
        _write_rows(data / layout[name], values)
    for name, values in outputs.items():
        _write_rows(data / f"{output_port(design, name)}.dat", values)


def output_port(design: Design, name: str) -> str:
    """Name of the top function's port for output ``name``."""
    readers = [s for s in design.streams if s.tensor == name]
    return f"{design.tensors[name].ident}_{'out' if len(readers) == 1 else 'to_host'}"


def _write_rows(path: Path, values: NDArray[np.int64]) -> None:
    np.savetxt(path, values.reshape(len(values), -1), fmt="%d")


def _options_to_dict(options: HardwareOptions) -> dict[str, Any]:
    return asdict(options)


def _copy_ap_types(target: Path) -> None:
    """The arbitrary-precision headers that hls4ml ships; synthesis uses Vitis HLS's own instead."""
    spec = find_spec("hls4ml")
    if spec is None or spec.origin is None:
        raise ToolNotFoundError("hls4ml is not installed; it comes with hlsq: pip install hlsq")
    shutil.copytree(Path(spec.origin).parent / "templates" / "vivado" / "ap_types", target)


def _replace(staging: Path, path: Path) -> None:
    if not path.exists():
        os.rename(staging, path)
        return
    old = Path(tempfile.mkdtemp(prefix=".hlsq.old.", dir=path.parent))
    os.rename(path, old / "old")
    os.rename(staging, path)
    shutil.rmtree(old, ignore_errors=True)

"""Paths on the command line: what is wrong with one is wrong usage, known before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from hlsq.cli.samples import DATA_SETS, SUFFIXES
from hlsq.files.read import PROJECT_FILE, read_start
from hlsq.files.swap import PRIVATE


class NewPath(click.Path):
    """A file or folder to write, which need not exist; folders above it may be missing, too.

    Args:
        folder: whether it is a folder.
    """

    def __init__(self, *, folder: bool) -> None:
        super().__init__(file_okay=not folder, dir_okay=folder, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, if it could be written."""
        if not value:
            self.fail(f"the path is empty; name a {self.name}.", param, ctx)
        path = str(super().convert(value, param, ctx))
        try:
            above = next(parent for parent in (Path(path), *Path(path).absolute().parents) if parent.exists())
            longest = os.pathconf(above, "PC_NAME_MAX")
        except (OSError, ValueError) as error:
            self.fail(f"{self.name} {path!r} cannot be written: {getattr(error, 'strerror', error)}.", param, ctx)
        if above != Path(path) and not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
            self.fail(f"{self.name} {path!r}: {str(above)!r} is no folder to write to.", param, ctx)
        if any(len(os.fsencode(part)) > longest for part in Path(path).parts):
            self.fail(f"{self.name} {path!r} has a name of more than {longest} bytes.", param, ctx)
        return path


class SamplesSource(click.ParamType):
    """A file with samples that can be read, or the name of a data set."""

    name = "samples"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text, if it names one of them."""
        if value in DATA_SETS:
            return value
        if Path(value).suffix not in SUFFIXES:
            known = ", ".join(sorted(DATA_SETS))
            self.fail(f"{value!r}: expected an {' or '.join(SUFFIXES)} file, or one of {known}.", param, ctx)
        return click.Path(exists=True, dir_okay=False, readable=True).convert(value, param, ctx)


class ProjectFolder(click.Path):
    """A folder that holds a project."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, if hlsq wrote a project there."""
        path = str(super().convert(value, param, ctx))
        if not any(Path(path, name).exists() for name in (PROJECT_FILE, PRIVATE)):  # the latter is of a killed process
            self.fail(f"{path!r} is no project of hlsq: it has no file {PROJECT_FILE}.", param, ctx)
        return path


class PlanFile(click.Path):
    """A file that can be a plan: whether it is a right one shows when it is read."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, readable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, if the file begins as JSON does."""
        path = str(super().convert(value, param, ctx))
        try:
            start = read_start(path)
        except OSError as error:
            self.fail(f"{path!r} cannot be read: {error.strerror}.", param, ctx)
        if not start.lstrip().startswith(b"{"):
            self.fail(f"{path!r} is no plan; a plan is the JSON file that hlsq quantize writes.", param, ctx)
        return path


MODEL = click.Path(exists=True, dir_okay=False, readable=True)
PROJECT = ProjectFolder()
PLAN = PlanFile()
OUTPUT_FILE = NewPath(folder=False)
OUTPUT_FOLDER = NewPath(folder=True)
SAMPLES = SamplesSource()

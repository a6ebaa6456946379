"""What the commands of ``hlsq`` and of the example projects share: steps, tables, errors in one line."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from hlsq.cli.interrupts import INTERRUPTED
from hlsq.cli.wording import as_written
from hlsq.errors import HlsqError, OptionError, UnsupportedLayerError
from hlsq.escape import terminal
from hlsq.progress import on_terminal

_NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+( %)?|-")


class Explained(click.ClickException):
    """An error of hlsq: one line, no traceback, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Print the error to standard error."""
        click.echo(terminal(f"error: {self.message}"), file=file, err=file is None)


class _Explaining:
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)  # type: ignore[misc]
        except OptionError as error:
            raise click.UsageError(_message(error, ctx), ctx) from error
        except HlsqError as error:
            raise Explained(_message(error, ctx)) from error
        except KeyboardInterrupt as error:
            raise click.exceptions.Exit(INTERRUPTED) from error


def _message(error: HlsqError, ctx: click.Context) -> str:
    """The error in the words of the command line. What is said of a layer's own options is no option of a scheme."""
    from hlsq.api import DEFAULT_SCHEME  # not needed before something is wrong
    from hlsq.schemes import get_scheme, scheme_names

    scheme = ctx.params.get("scheme") or DEFAULT_SCHEME
    known = scheme in scheme_names() and not isinstance(error, UnsupportedLayerError)
    return terminal(as_written(str(error), ctx.command, get_scheme(scheme).option_names() if known else ()))


class ExplainedCommand(_Explaining, click.Command):
    """A command that turns every error of hlsq into one line, and options that cannot be into wrong usage."""


class ExplainedGroup(_Explaining, click.Group):
    """A group of such commands."""

    command_class = ExplainedCommand


def echo(text: str) -> None:
    """Print ``text``, whose names of layers and files may hold what a terminal acts on.

    Raises:
        Explained: there is no room for it. (Where nobody reads any more, click ends the command in silence.)
    """
    try:
        click.echo(terminal(text))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Explained(f"cannot write to standard output: {error.strerror or error}") from error


@contextmanager
def step(text: str) -> Iterator[None]:
    """Name a long step and how long it took on standard error, if that is a terminal."""
    if not on_terminal():
        yield
        return
    start = time.monotonic()
    click.echo(f"{text} ...", err=True)
    yield
    click.echo(f"{text}: {time.monotonic() - start:.1f} s", err=True)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a text table; columns of numbers are right-aligned."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numbers = [all(_NUMBER.fullmatch(cell) for cell in column[1:]) for column in columns]

    def line(row: Sequence[str]) -> str:
        cells = zip(row, widths, numbers, strict=True)
        return "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells).rstrip()

    return [line(header), "  ".join("-" * width for width in widths), *map(line, rows)]


def pairs(rows: Sequence[tuple[str, str]], width: int = 32) -> list[str]:
    """Lines of names and values; the values are aligned."""
    return [f"{name:<{width}} {value}" for name, value in rows]


def short_path(path: str | Path) -> str:
    """``path`` as seen from the working directory, if it lies inside."""
    full = Path(path).resolve()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(path)

"""Tables, aligned pairs, paths and explained errors of the commands."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hlsq.cli.console import ExplainedCommand, ExplainedGroup, pairs, short_path, table
from hlsq.errors import OptionError, PlanError


def test_table_aligns_numbers_to_the_right() -> None:
    assert table(("name", "n"), [("a", "5"), ("long", "-"), ("b", "123")]) == [
        "name    n",
        "----  ---",
        "a       5",
        "long    -",
        "b     123",
    ]


def test_table_knows_percentages_and_thousands_from_words() -> None:
    rows = [("92.91 %", "1,024", "+0.01", "8-bit Affine"), ("7.00 %", "16", "-", "-")]
    assert table(("accuracy", "bytes", "points", "weights"), rows)[2:] == [
        " 92.91 %  1,024   +0.01  8-bit Affine",
        "  7.00 %     16       -  -",
    ]


def test_pairs_align_their_values() -> None:
    assert pairs([("a", "1"), ("long name", "2")], width=10) == ["a          1", "long name  2"]


def test_paths_are_short_where_they_lie_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert short_path(tmp_path / "here" / "build" / "net") == str(Path("build") / "net")
    assert short_path("build/net") == str(Path("build") / "net")
    assert short_path(tmp_path / "there") == str(tmp_path / "there")


@pytest.mark.parametrize(("error", "explained"), [(PlanError("width is 99"), True), (RuntimeError("a bug"), False)])
def test_only_errors_of_hlsq_become_one_line(error: Exception, explained: bool) -> None:
    @click.command(cls=ExplainedCommand)
    def command() -> None:
        raise error

    result = CliRunner().invoke(command)
    assert result.exit_code == 1
    assert result.stderr == ("error: width is 99\n" if explained else "")
    assert (result.exception is error) is not explained


@pytest.mark.parametrize("inside", [False, True])
def test_options_that_cannot_be_are_wrong_usage_of_their_command(inside: bool) -> None:
    @click.group(cls=ExplainedGroup)
    def main() -> None:
        if not inside:
            raise OptionError("width is 99")

    @main.command()
    def command() -> None:
        raise OptionError("width is 99")

    result = CliRunner().invoke(main, ["command"])
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: main command " if inside else "Usage: main [OPTIONS] COMMAND")
    assert result.stderr.endswith("Error: width is 99\n")

"""Help of every command: what it lists, and examples that are valid command lines."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import hlsq
from hlsq.cli import main
from hlsq.schemes import get_scheme, scheme_names

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["demo", "quantize", "convert", "verify", "report", "build", "explore"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def examples(text: str) -> list[str]:
    return [re.split(r"\s[|#]", line)[0].strip() for line in text.splitlines() if re.match(r"\s*hlsq [a-z]", line)]


def test_help_lists_every_command() -> None:
    result = run("--help")
    assert result.exit_code == 0
    listed = re.findall(r"^  (\w+) ", result.output.split("Commands:")[1], flags=re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("command", ["quantize", "convert"])
def test_help_names_every_scheme(command: str) -> None:
    text = run(command, "--help").output
    for name in scheme_names():
        if get_scheme(name).__module__.startswith("hlsq."):
            assert re.search(rf"\b{name}\b", text), name


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_examples(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"hlsq {command}" in result.output.split("Examples:")[1]


@pytest.mark.parametrize("source", ["README", "main", *COMMANDS])
def test_examples_are_valid_command_lines(folder: Path, source: str) -> None:
    if source == "README":
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
        text = "\n".join(blocks)
    else:
        text = run(*([] if source == "main" else [source]), "--help").output
    lines = [line for line in examples(text) if "COMMAND" not in line]
    assert len(lines) >= 2
    for line in lines:
        _, name, *arguments = shlex.split(line)
        command = main.commands[name]
        try:
            command.make_context(name, arguments)
        except click.UsageError as error:
            pytest.fail(f"{line}: {error.message}")


def test_help_tells_the_defaults_of_hardware_options() -> None:
    from hlsq.backends.vitis.options import HardwareOptions

    options, command = HardwareOptions(), main.commands["convert"]
    told = {option.name: option.show_default for option in command.params if isinstance(option, click.Option)}
    for name in ("part", "clock_period", "io_type", "word_bits", "project_name"):
        assert told[name] == str(getattr(options, name))
    assert hlsq.api.DEFAULT_SCHEME + " (default)" in run("convert", "--help").output.replace("\n", " ")


def test_version() -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert re.search(r"\d+\.\d+\.\d+", result.output)

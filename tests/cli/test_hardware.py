"""Options of the hardware: every command that makes designs has all of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import click
import pytest
from click.testing import CliRunner

from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cli import main
from hlsq.cli.hardware import with_hardware

GIVEN: dict[str, tuple[str, object]] = {
    "architecture": ("--architecture=folded", "folded"),
    "dual": ("--dual=mux", "mux"),
    "program": ("--program=axi", "axi"),
    "pipeline": ("--pipeline=4", 4),
    "language": ("--language=systemverilog", "systemverilog"),
    "part_check": ("--no-part-check", False),
    "resources": ("--resources=lut=5,ff=6", {"lut": 5, "ff": 6}),
    "utilization": ("--utilization=0.5", 0.5),
    "clock_period": ("--clock-period=4", 4.0),
    "clock_uncertainty": ("--clock-uncertainty=12.5", 12.5),
    "io_type": ("--io-type=io_parallel", "io_parallel"),
    "word_bits": ("--word-bits=32", 32),
    "accumulator": ("--accumulator=conv1=20", {"conv1": 20}),
    "multipliers": ("--multipliers=dsp", "dsp"),
    "rom_storage": ("--rom-storage=bram", "bram"),
    "line_storage": ("--line-storage=lutram", "lutram"),
    "separate_windows": ("--separate-windows=conv1, conv2", ["conv1", "conv2"]),
    "fifo_storage": ("--fifo-storage=bram", "bram"),
}
CHOSEN = {"part", "project_name", "reuse_factor", "pes", "target_interval", "target_fps", "target"}
"""What convert asks for by itself, and explore compares."""
OF_PYTHON = {"engines"}
"""What a command line has no words for."""


def collected(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    @click.command()
    @with_hardware
    def command(hardware: dict[str, Any]) -> None:
        found.update(hardware)

    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return found


def test_every_option_of_the_hardware_is_one_of_the_command_line() -> None:
    assert set(GIVEN) == {field.name for field in fields(HardwareOptions)} - CHOSEN - OF_PYTHON


@pytest.mark.parametrize("name", GIVEN)
def test_an_option_that_is_given_is_handed_on_alone(name: str) -> None:
    argument, value = GIVEN[name]
    assert collected(argument) == {name: value}


def test_all_together_and_none() -> None:
    assert collected(*(argument for argument, _ in GIVEN.values())) == {
        name: value for name, (_, value) in GIVEN.items()
    }
    assert collected() == {}


def test_a_pipeline_without_a_number_has_a_stage_for_each_layer() -> None:
    assert collected("--pipeline") == {"pipeline": True}
    assert collected("--pipeline", "--dual=mux") == {"pipeline": True, "dual": "mux"}


@pytest.mark.parametrize("given", ["1", "0", "2.5", "model.keras", "9" * 30])
def test_what_is_no_number_of_stages_is_refused_with_what_is(given: str) -> None:
    result = CliRunner().invoke(click.command()(with_hardware(lambda **_: None)), ["--pipeline", given])
    assert result.exit_code == 2
    assert "expected a number of stages from 2 on. Without a number, which is one a layer" in result.output


@pytest.mark.parametrize("command", ["convert", "explore"])
def test_commands_that_make_designs_have_them_all(command: str) -> None:
    listed = {text for option in main.commands[command].params for text in (*option.opts, *option.secondary_opts)}
    assert {argument.split("=")[0] for argument, _ in GIVEN.values()} <= listed

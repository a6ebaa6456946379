"""Errors name arguments as Python does, and as the options of the command where they are shown by one."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from hlsq.cli import main
from hlsq.cli.console import ExplainedCommand
from hlsq.cli.wording import as_written
from hlsq.errors import HlsqError, OptionError, PlanError, UnsupportedLayerError

CONVERT = main.commands["convert"]
SCHEME = ("samples", "per_channel", "calibration_options", "scratch", "order")

SAID = [
    ("give samples, as in calibration=x_train[:500]", "give samples, as in --calibration SAMPLES"),
    ("name them: evaluation=(x_val, y_val).", "name them: --evaluation SAMPLES."),
    ("for example input_format=FixedPoint(width=8, frac=7)", "for example --input-format WIDTH,FRAC[,unsigned]"),
    ("use io_type='io_stream' for this network", "use --io-type io_stream for this network"),
    ("its weights, for example weights='a net.weights.h5'", "its weights, for example --weights 'a net.weights.h5'"),
    ("Use accumulator='interval'.", "Use --accumulator interval."),
    ("(reuse_factor=4)", "(--reuse-factor 4)"),
    ("give plan=", "give --plan FILE"),
    ("clock_period=2.5; word_bits=16.", "--clock-period 2.5; --word-bits 16."),
    # named without a value
    ("reuse_factor 5 is impossible", "--reuse-factor 5 is impossible"),
    ("output_dir 'x' is a file; choose a folder", "--output 'x' is a file; choose a folder"),
    ("or part_check=False", "or --no-part-check"),
    ("part_check=True", "--part-check"),
    ('as in resources={"lut": 5}; or', "as in --resources lut=N,ff=N,dsp=N,bram36=N,uram=N[,lutram=N]; or"),
    # of the scheme
    ("take samples=4000 of them", "take --option samples=4000 of them"),
    ("per_channel=True costs", "--option per_channel=true costs"),
    ("order='natural'", "--option order=natural"),
    ("name it with scratch=", "name it with --option scratch=VALUE"),
    ("calibration_options={'p': 99.9} helps", "--option 'calibration_options={\"p\": 99.9}' helps"),
    ("Use accumulator={'conv1': 20, 'fc': 9}, or", "Use --accumulator conv1=20 --accumulator fc=9, or"),
]
LEFT_ALONE = [
    "host=True asks for real values",
    "layer 'reuse_factor' and 'part=3' of the layer's weights",
    "Affine(width=8, part=3, samples=[1, 2]) and f(g(weights=1))",
    "--option calibration=...: the calibration data and the plan",
    "my_reuse_factor and reuse_factors.word_bits",
]


@pytest.mark.parametrize(("said", "written"), SAID)
def test_arguments_are_named_as_the_options_they_are(said: str, written: str) -> None:
    assert as_written(said, CONVERT, SCHEME) == written


@pytest.mark.parametrize("said", LEFT_ALONE)
def test_what_is_no_option_of_the_command_is_left_alone(said: str) -> None:
    assert as_written(said, CONVERT, SCHEME) == said


def test_a_command_without_such_options_leaves_them() -> None:
    for said, _ in SAID:
        if "output_dir" not in said:
            assert as_written(said, main.commands["demo"], SCHEME) == said


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OptionError("take code_bits=3"), "Error: take --option code_bits=3"),
        (PlanError("take code_bits=3, part=4"), "error: take --option code_bits=3, --part 4"),
        (PlanError("take magic=3"), "error: take magic=3"),
        # A layer's own option may have the name of a scheme's.
        (UnsupportedLayerError("d", "QDense", "x", "scale=1"), "error: layer 'd' (QDense): x; supported: scale=1"),
    ],
)
def test_the_options_are_those_of_the_scheme_that_was_named(error: HlsqError, shown: str) -> None:
    @click.command(cls=ExplainedCommand)
    @click.option("--scheme")
    @click.option("--part")
    @click.option("--option", "options", multiple=True)
    def command(**_: object) -> None:
        raise error

    result = CliRunner().invoke(command, ["--scheme", "doubleq_ef"])
    assert result.stderr.splitlines()[-1] == shown
    if "code_bits" in shown:
        assert "take code_bits=3" in CliRunner().invoke(command, ["--scheme", "quant8"]).stderr

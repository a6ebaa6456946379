"""The options by which a command line says what hardware may use, the same for every command that has them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from hlsq.cli.values import MOST_DIGITS, parse_accumulators, parse_names, parse_resources
from hlsq.escape import shown

STORAGE = click.Choice(["auto", "lutram", "bram"])
A_LAYER = "layers"
"""What ``--pipeline`` means without a number."""


class Stages(click.ParamType):
    """A number of stages from 2 on."""

    name = "stages"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; True for one stage a layer."""
        if value == A_LAYER or value is True:
            return True
        text = str(value)
        if not (text.isdecimal() and len(text) <= MOST_DIGITS and int(text) >= 2):
            self.fail(
                f"{shown(text)}: expected a number of stages from 2 on. Without a number, which is one a layer, only "
                "another option may follow, or nothing: give the model in front of it.",
                param,
                ctx,
            )
        return int(text)


OPTIONS = (
    click.option(
        "--architecture",
        type=click.Choice(["dataflow", "folded"]),
        show_default="dataflow",
        help="An array of PEs for every block, all at work at once, or engines that blocks share in turn.",
    ),
    click.option(
        "--dual",
        type=click.Choice(["booth", "mux"]),
        show_default="booth",
        help="Form of a folded accelerator's PEs that multiply or shift: by signed digits, or a multiplier, a shifter "
        "and a selector.",
    ),
    click.option(
        "--program",
        type=click.Choice(["rom", "axi"]),
        show_default="rom",
        help="Where a folded accelerator's instructions and weights are: in its memories, or read from the host's, so "
        "that it runs other networks too.",
    ),
    click.option(
        "--pipeline",
        type=Stages(),
        is_flag=False,
        flag_value=A_LAYER,
        metavar="[N]",
        help="Stages of a folded accelerator, each of which works on a sample of its own: so many, from 2 on, or, "
        "without a number (at the end, or in front of another option), one a layer.",
    ),
    click.option(
        "--language",
        type=click.Choice(["cpp", "systemverilog"]),
        show_default="cpp",
        help="Of a folded accelerator: C++ for Vitis HLS, or SystemVerilog, which Verilator simulates.",
    ),
    click.option(
        "--part-check/--no-part-check",
        default=None,
        help="Refuse a part that hlsq does not know, or take any.  [default: refuse]",
    ),
    click.option(
        "--resources",
        metavar="lut=N,ff=N,dsp=N,bram36=N,uram=N[,lutram=N]",
        help="What the part has, if unknown or less is free.",
    ),
    click.option(
        "--utilization",
        type=click.FloatRange(0, 1, min_open=True),
        show_default="0.8",
        help="Share of the part that target fit may take, and that counts as fitting.",
    ),
    click.option(
        "--clock-period", type=click.FloatRange(0, min_open=True), show_default="5.0", help="Clock period in ns."
    ),
    click.option(
        "--clock-uncertainty",
        type=click.FloatRange(0, 100, max_open=True),
        show_default="27, as of Vitis HLS",
        help="Percent of the period that is left to placement and routing.",
    ),
    click.option(
        "--io-type",
        type=click.Choice(["io_stream", "io_parallel"]),
        show_default="io_stream",
        help="How blocks pass their values on.",
    ),
    click.option(
        "--word-bits", type=int, show_default="16", help="Width of the memory words that hold packed weight codes."
    ),
    click.option(
        *("--accumulator", "accumulators"),
        multiple=True,
        metavar="WIDTH|BLOCK=WIDTH",
        show_default="interval",
        help="Bits of partial sums, or fxpqnet (32 in first and last layers, else 16), or interval; repeat for blocks.",
    ),
    click.option(
        "--multipliers",
        type=click.Choice(["auto", "dsp", "fabric"]),
        help="Where products are computed that are no shifts.  [default: auto, as synthesis likes it]",
    ),
    click.option("--rom-storage", type=STORAGE, help="What holds the weights.  [default: auto, by their size]"),
    click.option(
        "--line-storage",
        type=STORAGE,
        help="What holds line buffers and vectors that are read again.  [default: auto, by their size]",
    ),
    click.option(
        "--separate-windows",
        metavar="auto|none|BLOCK[,BLOCK]",
        show_default="auto, where it takes less",
        help="Convolutions whose windows a process of its own makes, so that PEs work on while none ends.",
    ),
    click.option("--fifo-storage", type=STORAGE, help="What holds streams.  [default: auto, by their size]"),
)
NAMES = (
    *(
        "architecture",
        "dual",
        "program",
        "pipeline",
        "language",
        "part_check",
        "utilization",
        "clock_period",
        "clock_uncertainty",
        "io_type",
        "word_bits",
    ),
    *("multipliers", "rom_storage", "line_storage", "fifo_storage"),
)
"""Of those that are given to ``hlsq`` as they are."""


def with_hardware(command: Callable[..., None]) -> Callable[..., None]:
    """Gives ``command`` all of ``OPTIONS``; it gets those that were given as one argument ``hardware``, by name."""

    @functools.wraps(command)
    def collected(
        resources: str | None, accumulators: tuple[str, ...], separate_windows: str | None, **values: Any
    ) -> None:
        hardware = {name: value for name in NAMES if (value := values.pop(name)) is not None}
        if resources is not None:
            hardware["resources"] = parse_resources(resources)
        if accumulators:
            hardware["accumulator"] = parse_accumulators(accumulators)
        if separate_windows is not None:
            hardware["separate_windows"] = parse_names(separate_windows)
        command(hardware=hardware, **values)

    for option in reversed(OPTIONS):
        collected = option(collected)
    return collected

"""The options by which a command line says where number formats come from, the same for every command that has them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import click

import hlsq
from hlsq.cli.paths import SAMPLES
from hlsq.cli.samples import Samples, load_labelled_samples, load_samples
from hlsq.cli.values import parse_input_format, parse_options
from hlsq.errors import CalibrationError, OptionError

# What the commands give to hlsq themselves.
OWN = frozenset({"model", "plan", "scheme", "calibration", "formats", "progress", "output_dir"})
WEIGHTS = click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="The weights (model.save_weights), where MODEL is a .json file (model.to_json).",
)
INPUT_FORMAT = click.option(
    "--input-format",
    metavar="WIDTH,FRAC[,unsigned]",
    help="Fixed-point format of the inputs, for a QKeras model that does not begin with a QActivation.",
)
LIMIT = click.option("--limit", type=click.IntRange(1), help="Use only the first LIMIT calibration samples.")
EVALUATION_LIMIT = click.option(
    "--evaluation-limit", type=click.IntRange(1), help="Use only the first so many of --evaluation."
)
CALIBRATION = click.option(
    "--calibration",
    type=SAMPLES,
    metavar="SAMPLES",
    help="Training samples: .npy, .npz (an array 'x', or one per input name), or digits, mnist, cifar10.",
)
OPTIONS = (
    WEIGHTS,
    INPUT_FORMAT,
    LIMIT,
    EVALUATION_LIMIT,
    click.option(
        "--evaluation",
        type=SAMPLES,
        metavar="SAMPLES",
        help="Labelled samples by which doubleq_ext and fxpqnet judge formats: .npz with an array 'y' of labels "
        "beside the samples, or digits, mnist, cifar10 (1,000 of the test part unless limited).",
    ),
    click.option(
        *("--option", "options"),
        multiple=True,
        metavar="NAME=VALUE",
        help="Option of the scheme; repeat for more. An unknown one is answered with the list of valid ones.",
    ),
    CALIBRATION,
    click.option(
        "--scheme",
        metavar="NAME",
        help="How to quantise: doubleq_ef (default), doubleq, doubleq_ext, quant8, fixed, fxp_uniform or fxpqnet.",
    ),
)
"""The last one comes first in the help."""


@dataclass(frozen=True)
class Formats:
    """What was given for each of ``OPTIONS``."""

    scheme: str | None
    calibration: str | None
    options: tuple[str, ...]
    evaluation: str | None
    evaluation_limit: int | None
    limit: int | None
    input_format: str | None
    weights: str | None

    def arguments(self, given: dict[str, Any] | None = None) -> dict[str, Any]:
        """Arguments of ``hlsq.quantize`` or ``hlsq.convert``: those ``given``, and all but scheme and calibration.

        Refuses an unknown scheme, and an argument given twice, before anything long.
        """
        arguments = {} if given is None else dict(given)
        arguments |= parse_input_format(self.input_format) | self._evaluation()
        arguments |= {} if self.weights is None else {"weights": self.weights}
        if self.scheme is not None:
            hlsq.schemes.get_scheme(self.scheme)
        parsed = parse_options(self.options)
        for name in parsed:
            if name in OWN or name in arguments:
                raise click.UsageError(
                    f"--option {name}=...: give it as an argument or option of its own, or only once."
                )
        return arguments | parsed

    def samples(self) -> Samples | None:
        """The calibration samples, if some are named."""
        if self.calibration is not None:
            return load_samples(self.calibration, "train", self.limit)
        if self.limit:
            raise click.UsageError("--limit chooses among the samples of --calibration; give both.")
        return None

    def _evaluation(self) -> dict[str, Any]:
        """The scheme option ``evaluation``, if samples are named."""
        if self.evaluation is not None:
            return {"evaluation": load_labelled_samples(self.evaluation, self.evaluation_limit)}
        if self.evaluation_limit:
            raise click.UsageError("--evaluation-limit chooses among the samples of --evaluation; give both.")
        return {}


def with_formats(command: Callable[..., None]) -> Callable[..., None]:
    """Gives ``command`` all of ``OPTIONS``; it gets them as one argument ``formats``."""

    @functools.wraps(command)
    def collected(**values: Any) -> None:
        formats = Formats(**{field.name: values.pop(field.name) for field in fields(Formats)})
        command(formats=formats, **values)

    for option in OPTIONS:
        collected = option(collected)
    return collected


@contextmanager
def calibration_is_needed(samples: Samples | None) -> Iterator[None]:
    """Whether samples are needed shows when the model is read."""
    try:
        yield
    except CalibrationError as error:
        if samples is not None:
            raise
        raise OptionError(str(error)) from error

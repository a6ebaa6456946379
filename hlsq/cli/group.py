"""The command ``hlsq``, to which every file of ``hlsq.cli.commands`` adds a sub-command.

Exit codes: 0 done, 1 an error that hlsq explains in one line on standard error, 2 wrong usage: whatever the command
line itself asks for and cannot have, an option that the scheme or the model does not take included; 130 and 143 after
Ctrl-C and SIGTERM.
"""

from __future__ import annotations

import os

import click

from hlsq.cli.console import ExplainedGroup


@click.group(cls=ExplainedGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="hlsq")
def main() -> None:
    """From a Keras model to a verified Vitis HLS project whose hardware shifts instead of multiplying.

    \b
    Examples:
      hlsq demo
      hlsq quantize model.keras --calibration x_train.npz -o plan.json
      hlsq convert model.keras --plan plan.json -o build/net --target-fps 1000
      hlsq explore model.keras --scheme doubleq_ef --scheme quant8 --calibration x_train.npz -o build/explored
      hlsq verify build/net --samples x_test.npy
      hlsq report build/net --html report.html
      hlsq build build/net --cosim

    Every command explains itself: hlsq COMMAND --help
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow loads: fewer notes

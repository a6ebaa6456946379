"""The size of an engine: as ``pes`` says, or as a target asks for."""

from __future__ import annotations

from collections.abc import Callable

from hlsq.backends.folded.grouping import DEFAULT_PES
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost.estimate import Estimate
from hlsq.cost.folded.sizing import fastest_fitting, fewest_pes
from hlsq.errors import OptionError
from hlsq.escape import shown


def sized(
    options: HardwareOptions,
    most: int,
    cycles: Callable[[int], int],
    estimate: Callable[[int], Estimate],
    remedy: Callable[[int], str],
) -> int:
    """Most PEs of an engine.

    Args:
        options: with a target.
        most: PEs that are possible.
        cycles: of a sample, with at most so many PEs.
        estimate: of such an accelerator.
        remedy: a sentence about what takes so much then.

    Raises:
        OptionError: ``pes`` or ``engines`` beside a target.
        ResourceError: a target that no number of PEs reaches.
    """
    for name in ("pes", "engines"):
        if (given := getattr(options, name)) is not None:
            raise OptionError(
                f"{options.targets} chooses the number of PEs, so {name}={shown(given)} cannot apply; give one of them"
            )
    if (interval := options.interval) is not None:
        return fewest_pes(cycles, interval, most, options.asked)
    if options.capacity is None:
        return min(DEFAULT_PES, most)
    return fastest_fitting(estimate, most, remedy)

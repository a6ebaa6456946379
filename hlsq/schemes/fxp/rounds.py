"""What a state says of the finished steps of a FxP-QNet search, checked when it is read."""

from __future__ import annotations

from hlsq.files.fields import Field
from hlsq.formats.base import MAX_WIDTH
from hlsq.formats.fixed_point import MAX_FRAC
from hlsq.schemes.fxp.structures import Structures
from hlsq.search.state import MOST

FORWARD, REDUCE = "forward", "reduce"
"""Fraction lengths of the first plan, and reductions after it."""
EFFORT = ("evaluations", "plain_evaluations")
"""Block evaluations of a reduction, and those of emulating every candidate in full."""


def check_rounds(rounds: list[Field], structures: Structures) -> None:
    """Refuse steps that cannot be those of a search of ``structures``.

    Raises:
        SearchError: names the place.
    """
    keys = tuple(structures.by_key)
    for field in rounds:
        found = field.mapping()
        stage = found["stage"].choice(FORWARD, REDUCE) if "stage" in found else None
        if stage == FORWARD:
            parts = field.record(("stage", "key", "frac"))
            parts["key"].choice(*keys)
            parts["frac"].integer(-MAX_FRAC, MAX_FRAC)
            continue
        parts = field.record(("stage", "cluster", "taken", "solution", "waiting", *EFFORT, "seconds"))
        parts["cluster"].text()
        taken, solution = parts["taken"].optional(), parts["solution"].optional()
        if (taken is None) != (solution is None):
            raise field.fail("taken and solution must both be there, or neither")
        if taken is not None and solution is not None:
            taken.choice(*keys)
            _check_solution(solution)
        for key, waiting in parts["waiting"].mapping().items():
            if key not in keys:
                raise waiting.fail("no data-structure of the network")
            _check_solution(waiting)
        for name in EFFORT:
            parts[name].integer(0, MOST)
        parts["seconds"].number()


def _check_solution(field: Field) -> None:
    parts = field.record(("bits", "frac", "drop"), ("deviation",))
    parts["bits"].integer(1, MAX_WIDTH)
    parts["frac"].integer(-MAX_FRAC, MAX_FRAC)
    for name in ("drop", "deviation"):
        if name in parts:
            parts[name].number()

"""What the results of an exploration have to be, where they are read from files again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hlsq.errors import PlanError
from hlsq.files.fields import Field
from hlsq.plan import Plan

MOST = 2**63 - 1


def read_plan(found: Field) -> Plan:
    """A plan.

    Raises:
        HlsqError: that of the field, as of the others; names the place.
    """
    try:
        return Plan.read(found)
    except PlanError as error:
        raise found.fail(error) from None


def read_measure(found: Field) -> Mapping[str, Any]:
    """What does not depend on the target, by fields of ``Row``."""
    return _read(found, {"accuracy": _share, "weight_bits": _count})


def read_design(found: Field) -> Mapping[str, Any]:
    """The figures of a design, or why there is none, by fields of ``Row``."""
    if "reason" in found.mapping():
        return _read(found, {"fits": Field.flag, "reason": Field.text})
    counts = dict.fromkeys(("pes", "dsp", "bram18", "uram", "interval", "latency"), _count)
    numbers = dict.fromkeys(("lut", "ff", "fps", "useful"), Field.number)
    return _read(found, {**counts, **numbers, "fits": _known_flag, "over": _words, "pace": _words})


def _read(found: Field, kinds: Mapping[str, Callable[[Field], object]]) -> Mapping[str, Any]:
    for name, item in found.record(kinds).items():
        kinds[name](item)
    content: Mapping[str, Any] = found.value
    return content


def _count(found: Field) -> int:
    return found.integer(0, MOST)


def _share(found: Field) -> float | None:
    share = None if found.optional() is None else found.number()
    if share is not None and not 0 <= share <= 1:
        raise found.expected("a number from 0 to 1")
    return share


def _known_flag(found: Field) -> bool | None:
    return None if found.optional() is None else found.flag()


def _words(found: Field) -> str:
    return "" if found.value == "" else found.text()

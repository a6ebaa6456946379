"""Which plans an exploration compares: schemes by name, with options or without, and plans that exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hlsq.api import DEFAULT_SCHEME
from hlsq.errors import OptionError
from hlsq.escape import shown
from hlsq.exploration.targets import distinct
from hlsq.plan import Plan
from hlsq.schemes import get_scheme

EXPECTED = 'expected names of schemes, mappings as {"scheme": "doubleq_ef", "code_bits": 3}, plans, or files of plans'


@dataclass(frozen=True, eq=False)
class Source:
    """Where a plan comes from.

    Attributes:
        name: of its rows.
        plan: if it exists.
        scheme: that makes it otherwise.
        options: of the scheme.
    """

    name: str
    plan: Plan | None = None
    scheme: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def has(self, option: str) -> bool:
        """Whether its scheme takes ``option``."""
        return self.plan is None and option in get_scheme(self.scheme).option_names()


def read_sources(given: Any) -> list[Source] | None:
    """The plans to compare: schemes and plans; of a mapping the keys are their names. None is None.

    Raises:
        OptionError: none, an unknown scheme, an option that it does not have, or a name twice.
        PlanError: a file that holds no plan.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        sources = [_source(item, _name(name)) for name, item in given.items()]
    else:
        items = distinct(given, "schemes", EXPECTED)
        files = [Path(item).stem for item in items if _is_file(item)]
        sources = [
            _source(item, str(item) if _is_file(item) and files.count(Path(item).stem) > 1 else "") for item in items
        ]
    distinct(
        [source.name for source in sources], "schemes", f"{EXPECTED}; a mapping from names to these tells them apart"
    )
    return sources


def sources_for(given: list[Source] | None, own: Plan | None) -> list[Source]:
    """The plans of ``given``, and without them the default scheme, or the formats ``own`` that the model has itself.

    Raises:
        OptionError: a scheme for a model that has formats.
    """
    if given is None:
        return [Source("its quantizers", own)] if own is not None else [_source(DEFAULT_SCHEME, "")]
    if own is not None and (made := [source.name for source in given if source.plan is None]):
        raise OptionError(
            f"schemes: {shown(made[0])}: the model has formats of its own, those of its quantizers; leave schemes out, "
            "or give plans"
        )
    return given


def _name(name: Any) -> str:
    """A name that the user gave.

    Raises:
        OptionError: no text.
    """
    if not isinstance(name, str) or not name:
        raise OptionError(f"schemes: {shown(name)} is no name; {EXPECTED}")
    return name


def _is_file(item: Any) -> bool:
    """Whether it is the path of a plan."""
    return isinstance(item, Path) or (isinstance(item, str) and item.endswith(".json"))


def _source(item: Any, name: str) -> Source:
    if isinstance(item, Plan):
        return Source(name or f"plan of {item.scheme}", item)
    if _is_file(item):
        return Source(name or Path(item).stem, Plan.load(item))
    options = dict(item) if isinstance(item, Mapping) else {"scheme": item}
    scheme = options.pop("scheme", None)
    if not isinstance(scheme, str):
        raise OptionError(f"schemes: {shown(item)}: {EXPECTED}")
    known = get_scheme(scheme).option_names()
    for option in options:
        if option not in known:
            raise OptionError.unknown(f"scheme {scheme!r}, option", option, known)
    words = ", ".join(f"{key}={value}" for key, value in options.items())
    return Source(name or (f"{scheme} ({words})" if words else scheme), None, scheme, options)

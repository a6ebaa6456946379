"""Plans that a search needs before it begins, in the same file in which its state will be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hlsq.errors import PlanError, SearchError
from hlsq.files.checksums import content_checksum
from hlsq.files.fields import Field
from hlsq.plan import Plan
from hlsq.search.state import CHECKSUM, KEY, PREPARED, VERSION, read_state, write_state


class Prepared:
    """Plans by name, written as soon as each is made, so that an interrupted search does not make them again.

    Args:
        path: of the state file; None keeps them in memory. One of a search that is under way keeps its state.
        fingerprint: of what the plans depend on; those of another search are refused.

    Raises:
        SearchError: the file cannot be read or written, is no state, or is that of another search.
    """

    def __init__(self, path: str | Path | None, fingerprint: str) -> None:
        self._path = None if path is None else Path(path)
        self._fingerprint = fingerprint
        self._search: dict[str, Any] = {KEY: VERSION}
        self._plans: dict[str, Any] = {}
        if self._path is not None and self._path.exists():
            search, prepared = read_state(self._path)
            self._search = search.value
            if prepared is not None:
                self._plans = self._read(prepared)
        self._save()  # an impossible path is better known now than after the first minute

    def plan(self, name: str, make: Callable[[], Plan]) -> Plan:
        """The plan ``name``: that of an earlier run, or what ``make`` returns."""
        if name in self._plans:
            try:
                return Plan.from_dict(self._plans[name])
            except PlanError as error:
                raise SearchError(f"the state {str(self._path)!r} is damaged: plan {name!r}: {error}") from error
        plan = make()
        self._plans[name] = plan.to_dict()
        self._save()
        return plan

    def _read(self, field: Field) -> dict[str, Any]:
        parts = field.record(("fingerprint", "plans", CHECKSUM))
        if parts["fingerprint"].text() != self._fingerprint:
            raise field.fail(
                "it belongs to another search: the network, the options or the calibration samples differ; use those "
                "of the earlier search, or leave it out to start again"
            )
        plans = {name: item.value for name, item in parts["plans"].mapping().items()}
        if parts[CHECKSUM].text() != content_checksum(plans):
            raise field.fail("not as hlsq wrote it (its checksum is another); restore it, or leave it out")
        return plans

    def _save(self) -> None:
        if self._path is not None:
            prepared = {
                "fingerprint": self._fingerprint,
                "plans": self._plans,
                CHECKSUM: content_checksum(self._plans),
            }
            write_state(self._path, {**self._search, PREPARED: prepared})

"""What an exploration found: one row for each plan with each target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import inf, isfinite
from numbers import Real
from pathlib import Path
from typing import Any, Literal, get_args

from hlsq.errors import OptionError, OutputFileError
from hlsq.escape import shown
from hlsq.exploration.render import render_page, render_text
from hlsq.exploration.row import COSTS, Measure, Row, pareto
from hlsq.files.write import write_file

VERSION = 1


@dataclass(frozen=True)
class Exploration:
    """All designs; ``print`` it, or write ``to_json()`` or ``to_html()``.

    Attributes:
        network: its name.
        clock_period: of all designs, in nanoseconds.
        samples: that the accuracies are of; 0 without evaluation.
        rows: by plan, then target, then part.
    """

    network: str
    clock_period: float
    samples: int
    rows: tuple[Row, ...]

    def pareto(self, cost: Measure = "lut", gain: Measure = "accuracy") -> tuple[Row, ...]:
        """Designs that fit and that no other is as good as in both measures and better in one, by ``cost``.

        Args:
            cost: less of it is better, or more where it is ``"accuracy"`` or ``"fps"``.
            gain: the same.

        Raises:
            OptionError: an unknown measure.
        """
        for name, given in (("cost", cost), ("gain", gain)):
            if given not in get_args(Measure):
                raise OptionError.unknown(name, given, get_args(Measure))
        return pareto(self.rows, cost, gain)

    def best(self, *, min_accuracy: float = 0.0, min_fps: float = 0.0) -> Row | None:
        """The design with the fewest LUTs that fits and is as accurate and fast as asked for; None if there is none.

        Args:
            min_accuracy: from 0 to 1.
            min_fps: samples a second.

        Raises:
            OptionError: values that cannot be, or an accuracy where ``explore`` got no evaluation to measure it by.
        """
        _check_least("min_accuracy", min_accuracy, 1.0, "a share from 0 to 1, such as 0.98")
        _check_least("min_fps", min_fps, inf, "a number of samples a second, at least 0")
        if min_accuracy and not self.samples:
            raise OptionError(
                f"min_accuracy {min_accuracy}: nothing is known of accuracies; explore with "
                "evaluation=(samples, labels), or leave min_accuracy out"
            )
        found = [
            row
            for row in self.rows
            if row.usable and (row.accuracy or 0.0) >= min_accuracy and (row.fps or 0.0) >= min_fps
        ]
        return min(found, key=lambda row: (row.lut, -(row.accuracy or 0.0)), default=None)

    def __str__(self) -> str:
        return render_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists; of a design that there is not, what would be measured is None."""
        return {
            "hlsq_exploration": VERSION,
            "network": self.network,
            "clock_period": self.clock_period,
            "samples": self.samples,
            "rows": [asdict(row) for row in self.rows],
        }

    def to_json(self) -> str:
        """``to_dict`` as JSON text."""
        return json.dumps(self.to_dict(), indent=1)

    def to_html(self, path: str | Path | None = None) -> str:
        """One self-contained page with Pareto curves; written to ``path`` too, if given.

        Raises:
            OutputFileError: it cannot be written.
        """
        page = render_page(self, dict(self._curves()))
        if path is not None:
            write_file(path, page, OutputFileError, "the exploration")
        return page

    def _curves(self) -> Iterator[tuple[tuple[Measure, Measure], tuple[Row, ...]]]:
        gains: tuple[Literal["accuracy", "fps"], ...] = ("accuracy", "fps") if self.samples else ("fps",)
        for gain in gains:
            for cost in (*COSTS, *(("fps",) if gain == "accuracy" else ())):
                yield (cost, gain), self.pareto(cost, gain)


def _check_least(name: str, given: Any, most: float, expected: str) -> None:
    number = isinstance(given, Real) and not isinstance(given, bool)
    if not number or not isfinite(given) or not 0 <= given <= most:
        raise OptionError(f"{name} {shown(given)} must be {expected}")

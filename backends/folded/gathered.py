"""What one engine needs, gathered pass by pass: constants of its memories, integers of its wires, what it can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.codes import CodeForm
from hlsq.backends.folded.loops import Loops
from hlsq.backends.folded.parameters import Stage
from hlsq.backends.folded.weights import Rows
from hlsq.graph import Interval

NOTHING = Interval(0, 0)
NEUTRAL = {"multiplier": 1, "scale": 1}
"""Of parameters that a pass does not need, while another one does; all others are 0."""


@dataclass
class Gathered:
    """What is known of one engine after some passes.

    Attributes:
        rows: of weights and their form, by target of the pass.
        parameters: of post-processing, by name, of one pass after the other: each of shape [rows, lanes].
        count: rows of all of these.
        features: that lanes and post-processing have to have.
        sums: accumulators of a position.
        splits: of adder trees.
        tap: integers of the activations.
        sum: integers of the accumulators.
        value: integers between the accumulators and the output, without products.
        product: integers of the products of post-processing.
    """

    rows: dict[str, tuple[Rows, CodeForm]] = field(default_factory=dict)
    parameters: list[dict[str, NDArray[np.int64]]] = field(default_factory=list)
    count: int = 0
    features: set[str] = field(default_factory=set)
    sums: int = 0
    splits: set[int] = field(default_factory=lambda: {1})
    tap: Interval = NOTHING
    sum: Interval = NOTHING
    value: Interval = NOTHING
    product: Interval = NOTHING

    def note(
        self, loops: Loops, stages: tuple[Stage, Stage], features: frozenset[str], intervals: dict[str, Interval]
    ) -> None:
        """A pass with these loops, stages of post-processing, and ``features``.

        Args:
            loops: of the pass.
            stages: of its post-processing.
            features: of all of it.
            intervals: ``sums`` that it computes, ``accumulators`` that it wants, ``activations`` if it has weights.
        """
        stage, after = stages
        self.features |= features
        self.splits.add(loops.split)
        self.sums = max(self.sums, loops.finished)
        self.tap = self.tap.union(intervals.get("activations", NOTHING))
        self.sum = self.sum.union(intervals["accumulators"])
        self.value = union([self.value, stage.value, after.value, intervals["sums"]])
        self.product = union([self.product, stage.product, after.product, self.value])

    def add_parameters(self, stage: Stage, loops: Loops, used: int, lanes: int) -> int:
        """Rows of one group of outputs after the other; returns where they begin.

        Args:
            stage: whose constants they are.
            loops: of the pass.
            used: values of a position that are finished in a group.
            lanes: values of a row.
        """
        groups = loops.filters * loops.outputs
        rows = {}
        for name, values in stage.rows.items():
            filled = np.zeros(groups * loops.finished, dtype=np.int64)
            filled[: len(values)] = values[: len(filled)]
            parts = filled.reshape(groups, loops.finished)[:, :used].reshape(-1, loops.part)
            rows[name] = np.pad(parts, ((0, 0), (0, lanes - loops.part)), constant_values=NEUTRAL.get(name, 0))
        self.parameters.append(rows)
        start = self.count
        self.count += len(rows["bias"])
        return start

    @property
    def image(self) -> dict[str, NDArray[np.int64]]:
        """Parameters of all passes; what all of them leave at its neutral value needs no memory."""
        found = {}
        for name in dict.fromkeys(name for rows in self.parameters for name in rows):
            neutral = NEUTRAL.get(name, 0)
            if all(name not in rows or (rows[name] == neutral).all() for rows in self.parameters):
                continue
            pieces = [rows.get(name, np.full_like(rows["bias"], neutral)) for rows in self.parameters]
            found[name] = np.concatenate(pieces)
        return found


def union(intervals: Iterable[Interval]) -> Interval:
    """The smallest interval around all of at least one."""
    first, *others = intervals
    for interval in others:
        first = first.union(interval)
    return first

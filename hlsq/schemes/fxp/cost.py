"""What a format costs: the functions by which Algorithm 1 of FxP-QNet compares fraction lengths."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import OptionError
from hlsq.formats import FixedPoint
from hlsq.schemes.fxp.references import References
from hlsq.schemes.fxp.structures import Structure

CostName = Literal["distillation", "l1", "l2", "top1", "top5"]
COSTS: tuple[CostName, ...] = ("distillation", "l1", "l2", "top1", "top5")
Outputs = Mapping[str, NDArray[np.float32]]
Rows = NDArray[np.intp]
PIECE = 64


class Cost(ABC):
    """A cost that is the sum of a part that the data-structure alone decides and of one for each sample."""

    forwards: bool = True
    """Whether the network has to be run to know it."""

    @abstractmethod
    def own(self, structure: Structure, fmt: FixedPoint) -> float:
        """The part that the values of ``structure`` in ``fmt`` decide."""

    @abstractmethod
    def of(self, outputs: Outputs, errors: Mapping[str, float], rows: Rows) -> float:
        """The part of the samples ``rows``; never negative, and the parts of several add up.

        Args:
            outputs: real outputs of the network, name to [rows, ...].
            errors: squared deviations from the float network by input or block, summed over the samples.
            rows: indices of the samples.
        """


@dataclass(frozen=True, eq=False)
class Distillation(Cost):
    """Self-distillation error and prediction errors, ``F = E + UnClass + MisPred`` (eq. 15-21).

    ``E`` sums over all data-structures from the changed one's layer on. What a change cannot reach is the same for all
    fraction lengths that are compared and left out here, so costs of one data-structure compare as the paper's do. The
    squared error of an activation is the mean over samples. A block stands for all layers that are fused into it.
    """

    references: References

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Importance over range, ``pi / R``, by key (eq. 15, 18)."""
        found = self.references
        sizes = {s.key: s.size for s in found.structures.all}
        sizes |= {f"{n}.activation": found.reals[n][0].size for n in found.structures.graph.outputs}
        blocks: dict[str, dict[str, float]] = {}
        for key, size in sizes.items():
            blocks.setdefault(key.rpartition(".")[0], {})[key] = found.extents[key].spread * size
        return {
            key: impact / (sum(members.values()) or 1.0) / found.extents[key].range
            for members in blocks.values()
            for key, impact in members.items()
        }

    def own(self, structure: Structure, fmt: FixedPoint) -> float:
        """Weighted squared error of a parameter; that of an activation is among the samples' errors."""
        if structure.kind == "activation":
            return 0.0
        values = self.references.structures.values(structure)
        return self.weights[structure.key] * float(np.square(fmt.fake_quantize(values) - values).sum())

    def of(self, outputs: Outputs, errors: Mapping[str, float], rows: Rows) -> float:
        """Weighted squared errors of activations, and ties between the classes."""
        samples = self.references.samples
        error = sum(self.weights[f"{name}.activation"] * value for name, value in errors.items())
        return (error + unclassified(outputs)) / samples


@dataclass(frozen=True, eq=False)
class Local(Cost):
    """Error of the data-structure alone, whatever becomes of it later (``L`` of eq. 14, ``L1`` of eq. 25)."""

    references: References
    power: Literal[1, 2]
    forwards = False

    def own(self, structure: Structure, fmt: FixedPoint) -> float:
        """Mean magnitude, or sum of squares, of the errors."""
        if structure.kind != "activation":
            values = self.references.structures.values(structure)
            return self._sum(values, fmt) / (values.size if self.power == 1 else 1)
        reals = self.references.reals[structure.name]
        pieces = [self._sum(reals[i : i + PIECE], fmt) for i in range(0, len(reals), PIECE)]
        return sum(pieces) / (reals.size if self.power == 1 else len(reals))

    def of(self, outputs: Outputs, errors: Mapping[str, float], rows: Rows) -> float:
        """Nothing."""
        return 0.0

    def _sum(self, values: NDArray[Any], fmt: FixedPoint) -> float:
        errors = fmt.fake_quantize(values) - values
        return float(np.abs(errors).sum() if self.power == 1 else np.square(errors).sum())


@dataclass(frozen=True, eq=False)
class ErrorRate(Cost):
    """Share of samples whose label is not among the ``top`` largest outputs.

    Args:
        labels: class numbers [samples].
        top: how many outputs count.
    """

    labels: NDArray[np.int64]
    top: int

    def own(self, structure: Structure, fmt: FixedPoint) -> float:
        """Nothing."""
        return 0.0

    def of(self, outputs: Outputs, errors: Mapping[str, float], rows: Rows) -> float:
        """Wrong samples in parts of all."""
        logits = next(iter(outputs.values()))
        right = logits[np.arange(len(rows)), self.labels[rows]]
        better = (logits > right[:, None]).sum(axis=1)
        return int((better >= self.top).sum()) / len(self.labels)


def unclassified(outputs: Outputs) -> float:
    """Samples with several largest outputs, and those outputs but one in parts of the classes (eq. 19, 20), summed.

    Zero for a network that does not have one output [classes].
    """
    if len(outputs) != 1 or (logits := next(iter(outputs.values()))).ndim != 2:
        return 0.0
    ties = (logits == logits.max(axis=1, keepdims=True)).sum(axis=1) - 1
    return float((ties > 0).sum() + ties.sum() / logits.shape[1])


def make_cost(name: CostName, found: References, labels: NDArray[np.int64] | None) -> Cost:
    """The cost called ``name``; the error rates need ``labels`` of the samples.

    Raises:
        OptionError: no labels, or not one for each sample.
    """
    if name == "distillation":
        return Distillation(found)
    if name in ("l1", "l2"):
        return Local(found, 1 if name == "l1" else 2)
    if labels is None or len(labels) < found.samples:
        given = "none" if labels is None else f"{len(labels)} for {found.samples} samples"
        raise OptionError(f"cost {name!r} needs the class numbers of the calibration data; calibration_labels: {given}")
    return ErrorRate(np.asarray(labels[: found.samples], dtype=np.int64), 1 if name == "top1" else 5)

"""What a candidate's outputs are worth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.elementary import exp, log
from hlsq.emulate.inputs import as_array
from hlsq.errors import InputError, OptionError, SearchError
from hlsq.escape import shown

Outputs = Mapping[str, NDArray[np.float32]]
Rows = NDArray[np.intp]
PARTS = 16
"""Into how many parts samples are divided where a candidate can be given up early."""
SMALLEST_PART = 32


OTHERWISE = "give a function of outputs and labels as the metric"
"""What to do with a network that is no classifier, where the user can choose the metric."""


class Scoring(ABC):
    """A loss that a search makes small; the user sees ``value``."""

    @property
    @abstractmethod
    def name(self) -> str:
        """For messages, plans and the state file."""

    @abstractmethod
    def parts(self, outputs: Outputs) -> list[Rows]:
        """All samples in the order in which to try them, divided; ``outputs`` are the base plan's."""

    @abstractmethod
    def loss(self, outputs: Outputs, rows: Rows) -> float:
        """Loss of the samples ``rows``, of which ``outputs`` [rows, ...] are given; never negative if there are others.

        The losses of all parts add up to that of all samples.
        """

    def deviation(self, outputs: Outputs, real: Outputs, rows: Rows) -> float:
        """How far ``outputs`` [rows, ...] are from the float network's outputs ``real`` [samples, ...].

        The squared differences, summed; those of all parts add up to that of all samples.
        """
        return sum(float(np.square(outputs[n].astype(np.float64) - real[n][rows]).sum()) for n in real)

    def standard_error(self, outputs: Outputs, real: Outputs) -> float:
        """Of the metric's difference between two networks with the outputs ``outputs`` and ``real`` for all samples.

        Zero where it is not known.
        """
        return 0.0

    @abstractmethod
    def value(self, loss: float) -> float:
        """The metric that belongs to the loss of all samples."""

    @abstractmethod
    def loss_at(self, value: float) -> float:
        """The loss that belongs to a value of the metric."""


@dataclass(frozen=True, eq=False)
class Accuracy(Scoring):
    """The share of samples whose largest output is that of their label; the loss counts the wrong ones.

    Args:
        labels: whole numbers [samples].
    """

    labels: NDArray[np.int64]

    @property
    def name(self) -> str:
        """Name."""
        return "accuracy"

    def parts(self, outputs: Outputs) -> list[Rows]:
        """Samples that the base plan gets wrong, or nearly so, come first: there a bad candidate fails soonest."""
        order = np.argsort(_margins(_only(outputs), self.labels), kind="stable")
        count = max(1, min(PARTS, len(order) // SMALLEST_PART))
        return np.array_split(order, count)

    def loss(self, outputs: Outputs, rows: Rows) -> float:
        """Number of wrong samples."""
        return int((_only(outputs).argmax(axis=1) != self.labels[rows]).sum())

    def deviation(self, outputs: Outputs, real: Outputs, rows: Rows) -> float:
        """Kullback-Leibler divergence of the classes' probabilities from those of the float network, summed."""
        wanted, found = (
            log_softmax(_only(real)[rows].astype(np.float64)),
            log_softmax(_only(outputs).astype(np.float64)),
        )
        return float((exp(wanted) * (wanted - found)).sum())

    def standard_error(self, outputs: Outputs, real: Outputs) -> float:
        """That of the mean of differences -1, 0 and 1 between paired samples."""
        right = [(_only(logits).argmax(axis=1) == self.labels).astype(np.float64) for logits in (outputs, real)]
        return float((right[0] - right[1]).std() / np.sqrt(len(self.labels)))

    def value(self, loss: float) -> float:
        """Accuracy from 0 to 1."""
        return (len(self.labels) - loss) / len(self.labels)

    def loss_at(self, value: float) -> float:
        """Wrong samples, perhaps a fraction of one."""
        return len(self.labels) * (1 - value)


@dataclass(frozen=True, eq=False)
class Custom(Scoring):
    """A function of the user's; larger is better. It sees all samples at once.

    Args:
        metric: of outputs (a list for several) and labels.
        labels: what the user gave.
    """

    metric: Callable[[Any, Any], float]
    labels: Any

    @property
    def name(self) -> str:
        """Name of the function."""
        return metric_name(self.metric)

    def parts(self, outputs: Outputs) -> list[Rows]:
        """All samples in one part, in their order."""
        return [np.arange(len(next(iter(outputs.values()))))]

    def loss(self, outputs: Outputs, rows: Rows) -> float:
        """Minus the metric."""
        arrays = list(outputs.values())
        try:
            value = self.metric(arrays[0] if len(arrays) == 1 else arrays, self.labels)
        except Exception as error:
            raise SearchError(f"metric {self.name!r} failed: {type(error).__name__}: {error}") from error
        if not isinstance(value, (int, float, np.integer, np.floating)) or not np.isfinite(value):
            raise SearchError(f"metric {self.name!r} returned {value!r}; it must return a finite number")
        return -float(value)

    def value(self, loss: float) -> float:
        """The metric."""
        return -loss

    def loss_at(self, value: float) -> float:
        """Minus the metric."""
        return -value


def metric_name(metric: str | Callable[[Any, Any], float]) -> str:
    """What messages, plans and state files call ``metric``."""
    return metric if isinstance(metric, str) else getattr(metric, "__qualname__", type(metric).__qualname__)


def scoring_for(
    metric: str | Callable[[Any, Any], float], labels: ArrayLike, shapes: Mapping[str, Any], otherwise: str = OTHERWISE
) -> Scoring:
    """The scoring that ``metric`` names.

    Args:
        metric: ``"accuracy"`` or a function of outputs and labels.
        labels: class numbers [samples] for ``"accuracy"``, whatever the function wants otherwise.
        shapes: of the network's outputs per sample, by name.
        otherwise: what to do with a network that is no classifier, for messages.

    Raises:
        OptionError: an unknown metric, or a network that it does not fit.
        InputError: labels that do not.
    """
    if callable(metric):
        return Custom(metric, labels)
    if metric != "accuracy":
        raise OptionError(f"metric is {metric!r}; allowed: 'accuracy' or a function of outputs and labels")
    if len(shapes) != 1 or len(shape := next(iter(shapes.values()))) != 1 or shape[0] < 2:
        outputs = ", ".join(f"{shown(name)} of shape {list(shape)}" for name, shape in shapes.items())
        raise OptionError(
            "metric 'accuracy' is that of a classifier, a network with one output [classes] of at least two classes; "
            f"the outputs of this one are {outputs}: {otherwise}"
        )
    array = as_array(labels, "metric 'accuracy' takes class numbers [samples] as labels")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(
            f"labels have the shape {list(array.shape)} and type {array.dtype}; metric 'accuracy' takes class numbers "
            f"[samples] (for one-hot labels: labels.argmax(axis=1)); for a network that is no classifier, {otherwise}"
        )
    if len(array) and not (array.min() >= 0 and array.max() < shape[0]):
        raise InputError(f"labels reach from {array.min()} to {array.max()}; the network has {shape[0]} classes")
    return Accuracy(array.astype(np.int64))


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the probabilities [samples, classes]."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    shifted -= log(exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def _only(outputs: Outputs) -> NDArray[np.float32]:
    return next(iter(outputs.values()))


def _margins(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """By how much the right class leads; negative where a sample is wrong."""
    rows = np.arange(len(labels))
    others = logits.astype(np.float64)
    right = others[rows, labels].copy()
    others[rows, labels] = -np.inf
    return right - others.max(axis=1)

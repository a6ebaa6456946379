"""The labelled samples by which a search judges plans, as schemes take them from their user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.inputs import as_inputs
from hlsq.errors import InputError, OptionError
from hlsq.graph import Graph
from hlsq.search.scoring import OTHERWISE, Scoring, scoring_for

Metric = str | Callable[[Any, Any], float]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Samples, labels and metric that fit a network.

    Attributes:
        inputs: samples by input name.
        labels: as the user gave them.
        scoring: of outputs by these labels.
    """

    inputs: Mapping[str, NDArray[Any]]
    labels: Any
    scoring: Scoring

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(next(iter(self.inputs.values())))

    @staticmethod
    def check_options(who: str, evaluation: Any, metric: Metric) -> None:
        """Refuse what no network could be evaluated by.

        Raises:
            OptionError: no pair of samples and labels, or an unknown metric.
        """
        if not isinstance(evaluation, (tuple, list)) or len(evaluation) != 2:
            found = "missing" if evaluation is None else f"a {type(evaluation).__name__}"
            raise OptionError(
                f"{who}: evaluation is {found}; name the samples and labels that decide, "
                "as in evaluation=(x_val, y_val)"
            )
        if metric != "accuracy" and not callable(metric):
            raise OptionError(f"{who}: metric is {metric!r}; allowed: 'accuracy', or a function of outputs and labels")

    @classmethod
    def of(cls, who: str, graph: Graph, evaluation: Any, metric: Metric, otherwise: str = OTHERWISE) -> Evaluation:
        """The evaluation of ``graph`` by ``(samples, labels)``; ``otherwise``: see ``scoring_for``.

        Raises:
            InputError: samples or labels that do not fit the network.
            OptionError: a metric that does not.
        """
        samples, labels = evaluation
        try:
            inputs = as_inputs(graph.inputs, samples)
        except InputError as error:
            raise InputError(f"{who}, evaluation samples: {error}") from None
        shapes = {name: graph.shapes[name] for name in dict.fromkeys(graph.outputs)}
        found = cls(inputs, labels, scoring_for(metric, labels, shapes, otherwise))
        # A metric of one's own may want anything.
        plain = not callable(metric) or (isinstance(labels, np.ndarray) and labels.ndim > 0)
        if plain and len(labels) != found.samples:
            raise InputError(f"{who}: evaluation has {found.samples} samples but {len(labels)} labels")
        return found


def check_executor(who: str, executor: Any) -> None:
    """Refuse an executor that is none.

    Raises:
        OptionError: naming it.
    """
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise OptionError(f"{who}: executor is {executor!r}; allowed: a concurrent.futures.Executor, or None")


def check_paths(who: str, **paths: Any) -> None:
    """Refuse options that should be paths and are not.

    Raises:
        OptionError: naming the option.
    """
    for option, path in paths.items():
        if not isinstance(path, (str, Path, type(None))) or path == "":
            raise OptionError(f"{who}: {option} is {path!r}; allowed: a path, or None")

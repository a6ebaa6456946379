"""The integer networks that the tables and the verified designs are about: how their plans are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from engine_sets import he_widths
from numpy.typing import NDArray

import hlsq
from hlsq import data
from hlsq.cli.console import step
from hlsq.cli.quiet import load_tensorflow
from hlsq.graph.lowering import quantize_graph

PROJECTS = Path(__file__).resolve().parents[1]

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Recipe:
    """How a network gets its formats.

    Attributes:
        scheme: that makes the plan; None for a stored one.
        plan: a stored plan.
        options: of the scheme.
        shortcut_kernel: 1 for the network as it was trained; 3 for He et al.'s, with 3x3 convolutions as shortcuts.
    """

    scheme: str | None = None
    plan: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    shortcut_kernel: int = 1


RECIPES = {
    "quant8": Recipe("quant8"),
    "doubleq": Recipe("doubleq"),
    "doubleq, all layers": Recipe("doubleq", options={"last_layer": "doubleq"}),
    "doubleq_ef, 4 bits": Recipe("doubleq_ef", options={"code_bits": 4, "scale": "power_of_two"}),
    "doubleq_ext, 80 %": Recipe(plan=PROJECTS / "resnet20_cifar10/plans/nearest_80.json"),
    "fxpqnet": Recipe(plan=PROJECTS / "resnet20_fxpqnet/plan.json"),
    "He et al.": Recipe("fixed", options={"unsigned": False, "widths": he_widths()}, shortcut_kernel=3),
    "16 bits": Recipe("fixed", options={"weight_width": 16, "activation_width": 16}, shortcut_kernel=3),
}


def widened(weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The pretrained ``weights`` for 3x3 shortcuts: the 1x1 kernels with zeros around, which compute the same.

    Nobody has trained the network with larger ones; hardware does not know that most of them are 0.
    """
    return {
        name: np.pad(values, ((0, 0), (0, 0), (1, 1), (1, 1)))
        if values.ndim == 4 and values.shape[2:] == (1, 1)
        else values
        for name, values in weights.items()
    }


class Networks:
    """Plans and integer networks by the name of their recipe, made when they are first asked for.

    Attributes:
        calibration: training images.
        x, y: test images and their labels.
    """

    def __init__(self, calibration: int, images: int) -> None:
        """Load CIFAR-10.

        Args:
            calibration: number of training images that choose ranges.
            images: number of test images.

        Raises:
            DataError: there is no CIFAR-10.
        """
        (x_train, _), (x, y) = data.load_cifar10()
        load_tensorflow()
        from hlsq.zoo.resnet20 import preprocess

        self.calibration: Images = preprocess(x_train[:calibration])
        self.x: Images = preprocess(x[:images])
        self.y: Labels = y[:images].ravel().astype(np.int64)
        self._plans: dict[str, hlsq.Plan] = {}

    @cached_property
    def trained(self) -> hlsq.Graph:
        """The pretrained float network."""
        return self._float(1)

    @cached_property
    def he(self) -> hlsq.Graph:
        """He et al.'s float network."""
        return self._float(3)

    def _float(self, shortcut_kernel: int) -> hlsq.Graph:
        from hlsq.converters.keras import from_keras
        from hlsq.zoo.resnet20 import resnet20

        weights = data.load_resnet20_weights()
        model = resnet20(weights if shortcut_kernel == 1 else widened(weights), shortcut_kernel=shortcut_kernel)
        return from_keras(model)

    def graph(self, name: str) -> hlsq.Graph:
        """The float network of a recipe."""
        return self.trained if RECIPES[name].shortcut_kernel == 1 else self.he

    def plan(self, name: str) -> hlsq.Plan:
        """The plan of a recipe."""
        if name not in self._plans:
            recipe = RECIPES[name]
            with step(f"{name}: formats"):
                self._plans[name] = (
                    hlsq.Plan.load(recipe.plan)
                    if recipe.plan
                    else hlsq.quantize(
                        self.graph(name),
                        recipe.scheme,
                        calibration=self.calibration,
                        progress=False,
                        **recipe.options,
                    )
                )
        return self._plans[name]

    def quantised(self, name: str) -> hlsq.QuantizedGraph:
        """The integer network of a recipe."""
        return quantize_graph(self.graph(name), self.plan(name))

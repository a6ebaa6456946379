"""The network, the images, and accuracies on the parts of the test set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import hlsq
from hlsq import data
from hlsq.cli.quiet import load_tensorflow
from hlsq.counted import in_percent
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import float_outputs
from hlsq.errors import DataError
from hlsq.graph.lowering import quantize_graph

Images = NDArray[np.float32]
Labels = NDArray[np.int64]
BATCH = 100


@dataclass(frozen=True, eq=False)
class Split:
    """Images as the network takes them.

    Attributes:
        calibration: training images.
        x, y: test images and labels.
        searched: how many of them, the first ones, a search may look at.
    """

    calibration: Images
    x: Images
    y: Labels
    searched: int

    @property
    def search(self) -> tuple[Images, Labels]:
        """What a search judges by."""
        return self.x[: self.searched], self.y[: self.searched]


def load_split(calibration: int, searched: int, images: int) -> tuple[hlsq.Graph, Split]:
    """The pretrained ResNet-20 and CIFAR-10.

    Raises:
        DataError: there are none, or no image would be left to report on.
    """
    if searched >= images:
        raise DataError(f"{searched} of {images} test images to search on leave none to report on; take fewer")
    (x_train, _), (x, y) = data.load_cifar10()
    load_tensorflow()
    from hlsq.converters.keras import from_keras
    from hlsq.zoo.resnet20 import preprocess, resnet20

    graph = from_keras(resnet20(data.load_resnet20_weights()))
    return graph, Split(
        preprocess(x_train[:calibration]), preprocess(x[:images]), y[:images].ravel().astype(np.int64), searched
    )


class Judge:
    """Accuracies of plans on the images that a search may see, on the others, and on all."""

    def __init__(self, graph: hlsq.Graph, split: Split) -> None:
        self.graph = graph
        self.split = split
        self._float = self._parts(float_outputs(graph, {graph.inputs[0].name: split.x}, BATCH)[graph.outputs[0]])

    def ranges(self) -> tuple[str, str, str]:
        """Names of the columns."""
        last, first = len(self.split.x) - 1, self.split.searched
        return f"0-{first - 1}", f"{first}-{last}", f"0-{last}"

    def float_cells(self) -> tuple[str, ...]:
        """Accuracies of the float network."""
        return (*(in_percent(a, 2) for a in self._float), "-")

    def cells(self, plan: hlsq.Plan) -> tuple[str, ...]:
        """Accuracies of a plan, and the points lost on images that no search has seen."""
        found = self.accuracies(plan)
        return (*(in_percent(a, 2) for a in found), f"{100 * (self._float[1] - found[1]):.2f}")

    def accuracies(self, plan: hlsq.Plan) -> tuple[float, float, float]:
        """On the first images, the others, and all."""
        return self._parts(emulate(self.graph, plan, self.split.x))

    def _parts(self, logits: NDArray[np.generic]) -> tuple[float, float, float]:
        right = logits.argmax(axis=1) == self.split.y
        first = self.split.searched
        return float(right[:first].mean()), float(right[first:].mean()), float(right.mean())


def emulate(graph: hlsq.Graph, plan: hlsq.Plan, x: Images) -> NDArray[np.generic]:
    """Integer logits [samples, classes] of the bit-exact emulation."""
    network = quantize_graph(graph, plan)
    return Emulator(network).run(x).outputs[network.outputs[0]]


def accuracy(graph: hlsq.Graph, plan: hlsq.Plan, x: Images, y: Labels) -> float:
    """Share of images whose largest logit is that of their label."""
    return float((emulate(graph, plan, x).argmax(axis=1) == y).mean())

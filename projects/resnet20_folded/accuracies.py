"""Top-1 accuracy of integer networks, kept in a file, so that no network is emulated twice on the same images."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import hlsq
from hlsq.cli.console import step
from hlsq.emulate.emulator import Emulator
from hlsq.graph.storage import graph_files


class Accuracies:
    """Accuracy of the bit-exact emulation on the same images, kept by all integers of a network.

    Args:
        file: JSON that remembers how many images each network had right.
        x: network inputs [samples, 32, 32, 3].
        y: labels [samples].
    """

    def __init__(self, file: Path, x: NDArray[np.float32], y: NDArray[np.int64]) -> None:
        self.file, self.x, self.y = file, x, y
        self._images = hashlib.sha256(x.tobytes() + y.tobytes()).digest()
        self._known: dict[str, int] = json.loads(file.read_text()) if file.is_file() else {}

    def percent(self, name: str, network: hlsq.QuantizedGraph) -> float:
        """Images that ``network`` has right, in percent.

        Args:
            name: for who waits.
            network: to emulate.
        """
        content = graph_files(network)
        key = hashlib.sha256(self._images + b"".join(content[file] for file in sorted(content))).hexdigest()
        if key not in self._known:
            with step(f"{name}: emulating {len(self.x):,} images"):
                outputs = Emulator(network).run(self.x).outputs[network.outputs[0]]
            self._known[key] = int((outputs.argmax(axis=1) == self.y).sum())
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(json.dumps(self._known, indent=1))
        return 100 * self._known[key] / len(self.x)

"""Random engines of a folded accelerator."""

from __future__ import annotations

from typing import Any

import numpy as np
from networks import random_network

from hlsq.graph.ops import Concatenate, Conv2D, DepthwiseConv2D

WORDS = (4, 8, 16)


def random_engines(seed: int) -> dict[str, Any]:
    """Options for ``random_network(seed)`` of one to three engines.

    One takes whole words and runs what the others do not name; some have taps for a part of a word; and maybe one has
    a number of them that divides no word, for a layer of as few channels.
    """
    rng = np.random.default_rng([seed, 1])
    graph, _ = random_network(seed)
    word = int(rng.choice(WORDS))
    convolutions = {
        b.name: b.kernel.shape[2] for b in graph.blocks if isinstance(b.op, Conv2D) and b.kernel is not None
    }
    engines: dict[str, dict[str, Any]] = {"whole words": _engine(rng, word)}
    # Behind these a pixel may take several words.
    scattered = any(isinstance(block.op, (Concatenate, DepthwiseConv2D)) for block in graph.blocks)
    few = [name for name, channels in convolutions.items() if channels <= 3 and not scattered]
    if few and rng.random() < 0.5:
        engines["few-channels"] = {**_engine(rng, 3), "blocks": [str(rng.choice(few))]}
        del convolutions[engines["few-channels"]["blocks"][0]]
    if convolutions:
        blocks = [name for name in convolutions if rng.random() < 0.5]
        engines["part_of_word"] = {**_engine(rng, int(rng.choice([1, 2, 4]))), "blocks": blocks}
    return {"engines": engines, "dual": str(rng.choice(["booth", "mux"]))}


def _engine(rng: np.random.Generator, taps: int) -> dict[str, Any]:
    found = {"taps": taps, "outputs": int(rng.integers(1, 9)), "positions": int(rng.integers(1, 6))}
    kind, multiplier = rng.choice(["", "dual", "multiply"]), rng.choice(["", "lut", "dsp"])
    return found | ({"kind": str(kind)} if kind else {}) | ({"multiplier": str(multiplier)} if multiplier else {})

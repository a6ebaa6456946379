"""Several engines for one network, as He et al. have them: PE1 to PE4, by the widths of the operands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hlsq

Engines = dict[str, dict[str, Any]]
FIRST = {"taps": 3, "outputs": 16, "positions": 9, "multiplier": "dsp", "blocks": ["conv1"]}
LAST = {"taps": 1, "outputs": 10, "positions": 1, "multiplier": "dsp", "blocks": ["fc"]}
INNER = {"taps": 16, "outputs": 8, "positions": 9, "multiplier": "lut"}
"""He et al.'s 432, 10 and 1,152 multipliers, the first two in DSP slices."""
NARROW = 5
"""Bits of weights and activations up to which a layer of a mixed plan runs on the narrower of two engines."""


def he_widths() -> dict[str, tuple[int | None, int]]:
    """Bits of weights and of outputs by block, so that operands are those of He et al.'s Fig. 9.

    Weights have 8, 7, 8 and 8 bits, activations in front of them 8, 6, 7 and 8.
    """
    inner = dict.fromkeys([*_convolutions(1), *_convolutions(2)], (7, 6)) | dict.fromkeys(_convolutions(3), (8, 7))
    sums = {f"layer{s}_{i}_add": (None, 7 if s == 3 or (s, i) == (2, 2) else 6) for s in (1, 2, 3) for i in range(3)}
    return {"conv1": (8, 6), "pool": (None, 8), **inner, **sums}


def he_engines() -> Engines:
    """He et al.'s four PEs for their own network."""
    first = {**INNER, "weight_width": 7, "activation_width": 6, "blocks": [*_convolutions(1), *_convolutions(2)]}
    second = {**INNER, "weight_width": 8, "activation_width": 7, "blocks": _convolutions(3)}
    return {"PE1": FIRST, "PE2": first, "PE3": second, "PE4": LAST}


def wide_engine(positions: int, multiplier: str) -> Engines:
    """One array of 128 PEs a position, for operands of 16 bits."""
    return {"array": {"taps": 16, "outputs": 8, "positions": positions, "multiplier": multiplier}}


def mixed_engines(graph: hlsq.QuantizedGraph) -> Engines:
    """The same four for a mixed plan: inner layers are on PE3 if their operands have at most ``NARROW`` bits."""
    widths = {
        block.name: (block.weights.format.width, graph.formats[block.inputs[0]].width)
        for block in graph.blocks
        if block.weights is not None and block.name not in ("conv1", "fc")
    }
    narrow = [name for name, operands in widths.items() if max(operands) <= NARROW]
    wide = [name for name in widths if name not in narrow]
    return {"PE1": FIRST, "PE2": _limited(wide, widths), "PE3": _limited(narrow, widths), "PE4": LAST}


def _limited(blocks: list[str], widths: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    weight, activation = (max(widths[name][i] for name in blocks) for i in range(2))
    return {**INNER, "weight_width": weight, "activation_width": activation, "blocks": blocks}


def _convolutions(stage: int) -> list[str]:
    shortcut = [f"layer{stage}_0_downsample_0"] if stage > 1 else []
    return [f"layer{stage}_{i}_conv{c}" for i in range(3) for c in (1, 2)] + shortcut

"""The PEs of a block, and the memory that feeds them its weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.pes import PE
from hlsq.cost import Split
from hlsq.cost.estimate import PEs
from hlsq.formats.packing import codes_per_word, pack
from hlsq.graph.quantized import QWeights


@dataclass(frozen=True, eq=False)
class WeightROM:
    """Packed weights: row by row what all PEs need in one cycle.

    Attributes:
        words: shape [rows, words per row].
        columns: codes in a row (the number of PEs).
        code_bits: bits of a code.
        word_bits: bits of a word.
    """

    words: NDArray[np.uint64]
    columns: int
    code_bits: int
    word_bits: int

    @property
    def codes_per_word(self) -> int:
        """Codes in a word."""
        return codes_per_word(self.code_bits, self.word_bits)

    @property
    def bits(self) -> int:
        """Bits the ROM occupies, unused ones included."""
        return self.words.size * self.word_bits


@dataclass(frozen=True, eq=False)
class MacArray:
    """The PEs of one block and the weights that feed them.

    Attributes:
        pe: their kind.
        split: how many, and which products each computes.
        weights: of the block.
        words: transfers that bring the taps of one position of the input; 1 where they are there at once.
        word_bits: of the memory that holds the weights.
        sum_bits: of the signed type of partial sums, where the options fix it; else they have the accumulator's type.
    """

    pe: type[PE]
    split: Split
    weights: QWeights
    words: int
    word_bits: int
    sum_bits: int | None = None

    @property
    def costs(self) -> PEs:
        """What of these the cost depends on."""
        return PEs(self.pe.kind, self.word_bits, self.sum_bits)

    @cached_property
    def rom(self) -> WeightROM:
        """The weights as the PEs take them; packed when it is first asked for, which a choice of splits never does."""
        split, fmt = self.split, self.weights.format
        codes = fmt.encode(self.weights.values)
        # Idle PEs hold the code of 0 (or, for signs, any code: their tap is 0).
        idle = np.uint64(fmt.encode(np.asarray(0)) if fmt.levels is None or 0 in fmt.levels else 0)
        packets, outputs, share = split.products.packets, split.products.outputs, split.products.share
        if split.window_words > 1:
            codes, share = _by_columns(codes, split, idle), split.tap_steps * split.tap_block
        packed = codes.reshape(packets // self.words, -1, outputs)
        tap_slots, output_slots = split.tap_steps * split.tap_block, split.output_steps * split.output_block
        padded = np.full((packets, tap_slots // packets, output_slots), idle, dtype=np.uint64)
        for word in range(self.words):  # of each position, the last may have fewer taps
            taps = packed[:, word * share : (word + 1) * share]
            padded[word :: self.words, : taps.shape[1], :outputs] = taps
        steps = padded.reshape(split.tap_steps, split.tap_block, split.output_steps, split.output_block)
        rows = steps.transpose(2, 0, 3, 1).reshape(split.reuse_factor, split.pes)
        return WeightROM(pack(rows, fmt.bits, self.word_bits), split.pes, fmt.bits, self.word_bits)


def _by_columns(codes: NDArray[np.uint64], split: Split, idle: np.uint64) -> NDArray[np.uint64]:
    """The kernel in the order of a window in a memory, of which each step sees whole strips and some loose taps.

    A strip is the taps of a row and channel in all columns (see ``Split``). Those of a step lie column by column, loose
    taps strip by strip.

    Args:
        codes: shape [height, width, channels, outputs], or without channels.
        split: steps and parallelism.
        idle: code of PEs without a tap.

    Returns:
        Shape [taps of all steps, outputs].
    """
    height, width, outputs = codes.shape[0], codes.shape[1], codes.shape[-1]
    strips = codes.reshape(height, width, -1, outputs).swapaxes(1, 2).reshape(-1, width, outputs)
    steps, whole = split.tap_steps, split.tap_steps * split.strips
    seen_whole = _filled(strips[:whole], whole, idle).reshape(steps, split.strips, width, outputs).swapaxes(1, 2)
    loose = _filled(strips[whole:].reshape(-1, outputs), steps * split.loose, idle)
    both = (seen_whole.reshape(steps, -1, outputs), loose.reshape(steps, split.loose, outputs))
    return np.concatenate(both, axis=1).reshape(-1, outputs)


def _filled(values: NDArray[np.uint64], size: int, idle: np.uint64) -> NDArray[np.uint64]:
    """``values``, and then ``idle`` until there are ``size``."""
    filled = np.full((size, *values.shape[1:]), idle, dtype=np.uint64)
    filled[: len(values)] = values
    return filled

"""Weight codes of the folded accelerator: every layer's at its own width, in one of three forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.formats import PowerOfTwo
from hlsq.graph import Interval, QWeights


@dataclass(frozen=True)
class CodeForm:
    """How the weights of one layer are stored.

    Attributes:
        form: ``"integer"`` (two's complement), ``"power"`` (a sign above a magnitude, which is 0 for zero and e + 1
            for 2**e) or ``"sign"`` (0 for 1, 1 for -1).
        bits: of a code.
        max_exponent: of the powers.
    """

    form: str
    bits: int
    max_exponent: int = 0


def identity_form(forms: set[str]) -> CodeForm:
    """The form of zeros and ones on an engine whose layers have weights of ``forms``."""
    return CodeForm("integer", 2) if forms == {"integer"} else CodeForm("power", 2, 0)


def code_form(weights: QWeights, padded: bool) -> CodeForm:
    """The form in which ``weights`` are stored.

    Args:
        weights: of a layer.
        padded: whether there are lanes without a channel, which need a zero.
    """
    values = weights.values
    if isinstance(weights.format, PowerOfTwo):
        magnitude = (weights.format.max_exponent + 1).bit_length()
        return CodeForm("power", magnitude + 1, weights.format.max_exponent)
    if set(np.unique(values)) <= {-1, 1}:
        return CodeForm("power", 2, 0) if padded else CodeForm("sign", 1, 0)
    return CodeForm("integer", Interval(min(int(values.min()), -1), int(values.max())).width)


def encode(values: NDArray[np.int64], form: CodeForm) -> NDArray[Any]:
    """Codes of ``values`` in ``form``; 0 is the code of 0, but for signs, which have none."""
    if form.form == "sign":
        return (values < 0).astype(np.int64)
    if form.form == "integer":
        return values & ((1 << form.bits) - 1)
    magnitude = np.where(values == 0, 0, np.frexp(np.abs(values).astype(np.float64))[1])
    return magnitude.astype(np.int64) | (values < 0).astype(np.int64) << (form.bits - 1)


def decode(codes: NDArray[np.int64], form: CodeForm) -> NDArray[np.int64]:
    """The integers of ``codes``."""
    if form.form == "sign":
        return 1 - 2 * codes
    top = 1 << (form.bits - 1)
    if form.form == "integer":
        return (codes ^ top) - top
    magnitude = codes & (top - 1)
    size = np.where(magnitude == 0, 0, np.int64(1) << np.maximum(magnitude - 1, 0))
    return np.where(codes & top, -size, size)

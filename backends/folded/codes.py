"""Weight codes of the folded accelerator: every layer's at its own width, in one of three forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.pes import PEKind, WeightForm
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

    form: WeightForm
    bits: int
    max_exponent: int = 0


def identity_form(kind: PEKind) -> CodeForm:
    """The form of zeros and ones on PEs of ``kind``."""
    return CodeForm("integer", 2) if kind == "multiply" else CodeForm("power", 2, 0)


def natural_form(weights: QWeights) -> WeightForm:
    """The form with the simplest PEs."""
    if isinstance(weights.format, PowerOfTwo):
        return "power"
    return "sign" if set(np.unique(weights.values)) <= {-1, 1} else "integer"


def code_form(weights: QWeights, padded: bool, kind: PEKind) -> CodeForm | None:
    """The form in which ``weights`` are stored for PEs of ``kind``; None if these cannot compute with them.

    PEs that multiply take powers of two as integers; those that shift or negate take integers that happen to be such.

    Args:
        weights: of a layer.
        padded: whether there are lanes without a channel, which need a zero.
        kind: of the PEs.
    """
    natural = natural_form(weights)
    values = weights.values
    if natural == "sign":
        if not padded:
            return CodeForm("sign", 1)
        return identity_form(kind)
    if kind == "multiply" or (kind == "dual" and natural == "integer"):
        return CodeForm("integer", Interval(min(int(values.min()), -1), int(values.max())).width)
    if natural == "power" and kind != "sign":
        assert isinstance(weights.format, PowerOfTwo)  # noqa: S101 - natural_form looked
        magnitude = (weights.format.max_exponent + 1).bit_length()
        return CodeForm("power", magnitude + 1, weights.format.max_exponent)
    sizes = np.unique(np.abs(values))
    if (sizes & (sizes - 1)).any():
        return None
    exponent = max(int(sizes.max()).bit_length() - 1, 0)
    if kind == "sign" and exponent > 0:
        return None
    return CodeForm("power", (exponent + 1).bit_length() + 1, exponent)


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

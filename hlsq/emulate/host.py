"""The functions behind a network's outputs that the converters leave to the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import exp
from hlsq.errors import GraphError

Values = NDArray[Any]


def _softmax(values: Values) -> Values:
    """Over the last axis; the largest value is taken off first, so that nothing overflows."""
    powers = exp(values - values.max(axis=-1, keepdims=True))
    result: Values = powers / powers.sum(axis=-1, keepdims=True)
    return result


def _sigmoid(values: Values) -> Values:
    """``1 / (1 + exp(-x))``, with an exponent that is never positive."""
    powers = exp(-np.abs(values))
    result: Values = np.where(values >= 0, 1, powers) / (1 + powers)
    return result


FUNCTIONS: dict[str, Callable[[Values], Values]] = {"softmax": _softmax, "sigmoid": _sigmoid}


def apply_host(output: str, function: str | None, values: Values) -> Values:
    """What the host makes of real ``values`` [samples, ...] of ``output``, in float64.

    Args:
        output: name of the output, for messages.
        function: ``"softmax"`` (over the last axis) or ``"sigmoid"``; None leaves the values as they are.
        values: what the hardware computes, in real numbers.

    Raises:
        GraphError: another function, as in a damaged project.
    """
    if function is None:
        return values
    if function not in FUNCTIONS:
        raise GraphError(
            f"output {output!r}: the function {function!r} left to the host is unknown; valid: {', '.join(FUNCTIONS)}"
        )
    return FUNCTIONS[function](values.astype(np.float64, copy=False))

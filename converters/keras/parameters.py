"""What the parameters of a layer must be, checked while it is still known which layer they belong to.

Passes join layers to blocks, and a block's name is that of only one of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.converters.keras.call import to_array
from hlsq.errors import QuantizationError

REMEDY = "train or load the model again"


def check_finite(layer: Any) -> None:
    """Refuse parameters of ``layer``, those of layers inside it included, that are NaN or infinite.

    Raises:
        QuantizationError: naming the layer and the variable.
    """
    for variable in getattr(layer, "weights", ()):
        finite = np.isfinite(to_array(variable))
        if not finite.all():
            name = variable.name.rpartition("/")[2].partition(":")[0]
            raise QuantizationError(
                f"layer {layer.name!r}: {int((~finite).sum())} of the {finite.size} values of its {name} are NaN or "
                f"infinite; all must be finite, so {REMEDY}"
            )


def check_variance(layer: str, variance: NDArray[np.floating[Any]], epsilon: float) -> None:
    """Refuse variances of a batch norm that have no square root to divide by.

    Args:
        layer: its name.
        variance: [channels].
        epsilon: what the layer adds to them.

    Raises:
        QuantizationError: naming the layer and the smallest variance.
    """
    bad = variance + epsilon <= 0
    if bad.any():
        raise QuantizationError(
            f"layer {layer!r}: {int(bad.sum())} of the {bad.size} values of its moving_variance are too small, the "
            f"least is {float(variance.min()):g}; with epsilon={epsilon:g} added all must be positive, so {REMEDY}"
        )

"""What a Keras model computes in floating point, as the reference that quantised networks are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]


def keras_outputs(model: Any, x: Values | list[Values], batch_size: int = 500) -> Any:
    """Outputs of ``model`` for samples ``x``, computed by calling it layer after layer.

    ``model.predict`` compiles the model first, and TensorFlow 2.21 with oneDNN then makes a convolution
    with bias, an addition and a LeakyReLU one operation, whose negative slope is 0.2 whatever the layer says.

    Args:
        model: of Keras 3 or tf_keras.
        x: [samples, ...], or a list with one array for each input.
        batch_size: samples at a time.

    Returns:
        Array [samples, ...], or a list of them for several outputs.
    """
    arrays = x if isinstance(x, list) else [x]
    parts = []
    for start in range(0, len(arrays[0]), batch_size):
        batch = [array[start : start + batch_size] for array in arrays]
        made = model(batch if len(batch) > 1 else batch[0], training=False)
        parts.append([np.asarray(values) for values in (made if isinstance(made, list | tuple) else [made])])
    outputs = [np.concatenate(values) for values in zip(*parts, strict=True)]
    return outputs if len(outputs) > 1 else outputs[0]

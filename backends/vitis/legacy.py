"""hls4ml 1.3 with tf_keras and QKeras models where Keras 3 is installed too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def tf_keras_as_keras() -> Iterator[None]:
    """Let ``import keras`` mean tf_keras for a while.

    hls4ml 1.3 chooses its parser by the version of the package ``keras``, not by the model it is given, so a tf_keras
    or QKeras model fails wherever Keras 3 is installed beside it::

        with tf_keras_as_keras():
            config = hls4ml.utils.config_from_keras_model(model, backend="HLSQ")
            hls_model = hls4ml.converters.convert_from_keras_model(model, hls_config=config, backend="HLSQ")

    ``hlsq.convert`` does not need it: hlsq reads models with its own converters.
    """
    import tf_keras

    before = sys.modules.get("keras")
    sys.modules["keras"] = tf_keras
    try:
        yield
    finally:
        if before is None:
            del sys.modules["keras"]
        else:
            sys.modules["keras"] = before

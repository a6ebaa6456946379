"""Choosing tf_keras for TensorFlow, which QKeras needs; the choice is made once, when TensorFlow loads."""

from __future__ import annotations

import importlib
import os
import sys

from hlsq.errors import KerasVersionError

VARIABLE = "TF_USE_LEGACY_KERAS"


def require_legacy_keras() -> None:
    """Make TensorFlow use tf_keras if it has not been loaded yet; otherwise check that it does.

    Raises:
        KerasVersionError: TensorFlow has been loaded with Keras 3, or the environment demands that.
    """
    if "tensorflow" not in sys.modules:
        os.environ.setdefault(VARIABLE, "1")
    layers = importlib.import_module("tensorflow.keras.layers")
    if not layers.Layer.__module__.startswith("tf_keras"):
        raise KerasVersionError(
            f"QKeras models and hlsq.quantizers need tf_keras, but TensorFlow was loaded with Keras 3; set the "
            f"environment variable {VARIABLE}=1 before TensorFlow or Keras is imported, in the shell or by "
            f"os.environ[{VARIABLE!r}] = '1' in the program's first lines, or import hlsq.quantizers first "
            "(Keras 3 models still work in the same process, through `import keras`)"
        )

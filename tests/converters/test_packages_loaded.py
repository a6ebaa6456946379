"""A model brings its own Keras; no other is loaded for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
import hlsq.converters.keras as converter

heavy = ("tensorflow", "keras", "tf_keras", "qkeras", "hls4ml")
assert not [name for name in heavy if name in sys.modules]

import keras

layers = keras.layers
model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.ReLU()])
assert len(converter.from_keras(model).blocks) == 1
path = sys.argv[1]
model.save(path)
assert len(converter.from_file(path).blocks) == 1
loaded = [name for name in ("tf_keras", "qkeras", "hls4ml") if name in sys.modules]
assert not loaded, loaded
"""


@pytest.mark.slow(5)
def test_keras_3_model_converts_without_tf_keras_and_qkeras(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "model.keras")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

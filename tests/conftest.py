"""Settings of the whole test session."""

import os

# QKeras needs TensorFlow's legacy Keras, a choice made when TensorFlow loads. With it `tf.keras` is tf_keras, while
# `import keras` still gives Keras 3, so one process can test models of all three kinds.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

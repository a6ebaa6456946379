"""QKeras quantizers that compute exactly the values of hlsq's number formats, one for each format.

They go where QKeras takes a quantizer: ``kernel_quantizer=``, ``bias_quantizer=`` and ``QActivation``, as objects
or as strings such as ``"fixed_point(8,4)"``. Importing this package makes TensorFlow use tf_keras, which QKeras
needs; where TensorFlow already runs with Keras 3 the import raises ``KerasVersionError``.
"""

from hlsq.quantizers.environment import require_legacy_keras

require_legacy_keras()

from hlsq.quantizers.affine import affine  # noqa: E402
from hlsq.quantizers.base import FormatQuantizer  # noqa: E402
from hlsq.quantizers.fixed_point import fixed_point  # noqa: E402
from hlsq.quantizers.power_of_two import power_of_two  # noqa: E402

__all__ = ["FormatQuantizer", "affine", "fixed_point", "power_of_two"]

"""QKeras quantizers that compute exactly the values of hlsq's number formats, one for each format.

They go where QKeras takes a quantizer: ``kernel_quantizer=``, ``bias_quantizer=`` and ``QActivation``, as objects
or as strings such as ``"fixed_point(8,4)"``. They work with QKeras on Keras 3 (the distribution ``qkeras-v3``); where
another package of that name is installed, the import raises ``KerasVersionError``, which says what to install.

Example::

    from hlsq.quantizers import fixed_point, power_of_two
    from qkeras import QActivation, QConv2D

    x = QActivation("fixed_point(8,7)")(inputs)
    x = QConv2D(16, 3, kernel_quantizer=power_of_two(5, 7, scale=2**-7), bias_quantizer=fixed_point(8, 6))(x)
    x = QActivation(fixed_point(6, 4, signed=False))(x)  # a ReLU, since the format is unsigned
"""

from hlsq.packages import load_qkeras

load_qkeras()

from hlsq.quantizers.affine import affine  # noqa: E402
from hlsq.quantizers.base import FormatQuantizer  # noqa: E402
from hlsq.quantizers.fixed_point import fixed_point  # noqa: E402
from hlsq.quantizers.power_of_two import power_of_two  # noqa: E402

__all__ = ["FormatQuantizer", "affine", "fixed_point", "power_of_two"]

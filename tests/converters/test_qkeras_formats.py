"""The format of a QKeras activation quantizer gives the quantizer's values for any input."""

import keras
import numpy as np
import pytest
import qkeras

import hlsq.quantizers
from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.qkeras_activations import quantized_activation

QUANTIZERS = [
    *(
        f"quantized_bits({bits},{integer},{symmetric})"
        for bits in (1, 2, 5, 8)
        for integer in (0, 3)
        for symmetric in (0, 1)
    ),
    *(f"quantized_bits({bits},{integer},0,keep_negative=False)" for bits in (1, 4) for integer in (0, 4)),
    *(f"quantized_relu({bits},{integer})" for bits in (1, 3, 8) for integer in (0, 4)),
    *(
        f"quantized_relu({bits},{integer},0,{slope})"
        for bits in (3, 6)
        for integer in (0, 2)
        for slope in (0.25, 0.5, 1.0)
    ),
    *(f"quantized_po2({bits})" for bits in (2, 3, 5, 6, 8)),
    *(f"quantized_po2({bits},{top})" for bits in (2, 4, 8) for top in (1, 2, 3, 16)),
    *(f"quantized_relu_po2({bits})" for bits in (1, 2, 4, 5, 8)),
    *(f"quantized_relu_po2({bits},{top})" for bits in (1, 3, 7) for top in (1, 5, 32)),
    *("binary()", "binary(alpha=2)", "binary(alpha=0.3)"),
    *("ternary()", "ternary(threshold=0)", "ternary(threshold=0.7)", "ternary(alpha=3,threshold=1)"),
    *("fixed_point(4,2)", "power_of_two(4,6,0.125,signed=False)", "affine(4,0.3,2)"),
]


def edges(rng: np.random.Generator) -> np.ndarray:
    """Ties and powers of two of all sizes, and random values of all sizes."""
    grid = np.concatenate([np.arange(-300, 301) * 2.0**-k for k in (0, 1, 3, 6, 9)])
    powers = np.exp2(np.arange(-40, 40))
    spread = np.exp2(rng.uniform(-40, 40, 3000)) * rng.choice([-1, 1], 3000)
    x = np.concatenate(
        [grid, powers, -powers, powers * 1.4, powers * 1.43, spread, rng.normal(size=2000) * 3, [0.33, 0.7]]
    )
    return x.astype(np.float32)


@pytest.mark.parametrize("text", QUANTIZERS)
def test_format_equals_quantizer(text: str) -> None:
    assert hlsq.quantizers.fixed_point  # registered, so that strings can name it
    layer = qkeras.QActivation(text, name="a")
    made = quantized_activation(LayerCall(layer, "a", ("x",), ((1,),), (1,), False, str), layer.activation)
    x = edges(np.random.default_rng(0))
    own = np.asarray(layer.activation(x)).astype(np.float64)
    ours = made.format.fake_quantize(made.activation.apply(x.astype(np.float64)))
    if "po2" in text:
        # QKeras's stand-in for zero may lie below the smallest power that is kept, and its largest above the largest.
        low, high = 2.0**-23, 2.0**38
        own = np.where(np.abs(own) < low, ours, own)
        own = np.where(np.abs(own) > high, ours, own)
    # Values beyond the range come out of QKeras with the rounding error of x + (quantized - x).
    tolerance = 1e-6 * np.abs(x) + 1e-6 * np.abs(ours)
    wrong = np.abs(own - ours) > tolerance
    assert not wrong.any(), list(zip(x[wrong][:5], own[wrong][:5], ours[wrong][:5], strict=True))
    assert np.unique(ours).size > 1
    assert keras.backend.epsilon() == 1e-7

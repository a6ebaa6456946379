"""A QKeras model beside what hlsq makes of it: every block's integers and the model's own values."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import qkeras

import hlsq.quantizers as hq
from hlsq.converters.keras.qkeras import from_qkeras
from hlsq.emulate.emulator import Emulator
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.zoo.reference import keras_outputs

Q8 = hq.fixed_point(8, 4)
RELU = hq.fixed_point(5, 3, signed=False)
PO2 = hq.power_of_two(5, 7, scale=2**-7)


class Compared:
    """A converted model beside the original, on the same samples."""

    def __init__(self, model: keras.Model, x: Any, **options: Any) -> None:
        self.model = model
        self.graph, self.plan = from_qkeras(model, **options)
        self.quantized = quantize_graph(self.graph, self.plan)
        names = [i.name for i in self.graph.inputs]
        self.x = dict(zip(names, x, strict=True)) if isinstance(x, list) else {names[0]: x}
        self.blocks = Emulator(self.quantized, threads=1).run(self.x, trace=True).blocks

    def keras(self, layer: str) -> np.ndarray:
        """The model's own values."""
        part = keras.Model(self.model.inputs, self.model.get_layer(layer).output)
        return keras_outputs(part, list(self.x.values()))

    def block_of(self, layer: str) -> str:
        """The block that makes the values of ``layer``."""
        return next(b.name for b in reversed(self.graph.blocks) if layer in b.layers)

    def differing(self, layer: str, block: str | None = None) -> np.ndarray:
        """Steps between the block's integers and the model's values, which must lie on the format's grid."""
        block = self.block_of(layer) if block is None else block
        fmt = self.quantized.formats[block]
        steps = self.keras(layer).astype(np.float64) / float(fmt.step)
        expected = np.rint(steps) + fmt.offset
        assert np.abs(steps - np.rint(steps)).max() < 1e-3
        assert np.unique(expected).size > 1, "the test data leave this layer constant"
        return self.blocks[block] - expected

    def assert_equal(self, *names: str) -> None:
        """No block differs; the logits agree up to float32 rounding."""
        for name in names:
            assert not self.differing(name).any(), name
        self.assert_outputs()

    def assert_outputs(self) -> None:
        outputs = keras_outputs(self.model, list(self.x.values()))
        for name, values in zip(self.graph.outputs, outputs if isinstance(outputs, list) else [outputs], strict=True):
            ours = self.quantized.formats[name].dequantize(self.blocks[name])
            np.testing.assert_allclose(ours, values, rtol=1e-5, atol=1e-5 * np.abs(values).max())


def conv(filters: int, name: str, size: int = 3, **options: Any) -> qkeras.QConv2D:
    given = {"kernel_quantizer": PO2, "bias_quantizer": hq.fixed_point(8, 6), "bias_initializer": "he_normal"}
    return qkeras.QConv2D(filters, size, name=name, **{**given, **options})


def act(quantizer: Any, name: str) -> qkeras.QActivation:
    return qkeras.QActivation(quantizer, name=name)


def samples(*shape: int, scale: float = 1.5, count: int = 16) -> np.ndarray:
    return (np.random.default_rng(0).normal(size=(count, *shape)) * scale).astype(np.float32)

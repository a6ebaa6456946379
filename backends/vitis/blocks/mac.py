"""Operations with weights: a MAC array fed from a packed ROM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hlsq.backends.vitis.blocks.base import BlockCode, Memory
from hlsq.backends.vitis.mac_array import MacArray
from hlsq.backends.vitis.types import cpp_int, span
from hlsq.graph import Interval
from hlsq.graph.ops import Conv2D, Dense, DepthwiseConv2D
from hlsq.graph.ops.base import Op

WORD_TYPES = {8: "unsigned char", 16: "unsigned short", 32: "unsigned int", 64: "unsigned long long"}


@dataclass(frozen=True, eq=False)
class MacCode(BlockCode):
    """Common to all operations with weights."""

    @property
    def mac(self) -> MacArray:
        """Its PEs and weights."""
        assert self.hardware.mac is not None  # noqa: S101 - the operation has weights
        return self.hardware.mac

    @property
    def sum_type(self) -> str:
        """C++ type of partial sums."""
        return self.acc_type if self.mac.sum_bits is None else f"hlsq::sint<{self.mac.sum_bits}>"

    @property
    def code_type(self) -> str:
        """C++ type of one stored code."""
        return f"hlsq::uint<{self.mac.rom.code_bits}>"

    @property
    def word_type(self) -> str:
        """C++ type of one word of packed codes."""
        return WORD_TYPES[self.mac.rom.word_bits]

    @property
    def product_interval(self) -> Interval:
        """Integers of one product of a tap and a weight."""
        assert self.block.weights is not None  # noqa: S101 - the operation has weights
        weights = self.block.weights.values
        low, high = int(weights.min()), int(weights.max())
        products = span(w * d for w in (low, high) for d in (self.deviation.lo, self.deviation.hi)).with_zero()
        return products if low >= 0 and self.deviation.lo >= 0 else products.union(Interval(-1, 0))

    @property
    def pe_type(self) -> str:
        """C++ type of the PE."""
        assert self.block.weights is not None  # noqa: S101 - the operation has weights
        product = cpp_int(self.product_interval)
        return self.mac.pe.cpp_type(self.block.weights, self.tap_type, self.code_type, product, self.multiplier)

    @property
    def tap_slots(self) -> int:
        """Taps that steps see, those of idle PEs included."""
        return self.mac.split.tap_steps * self.mac.split.tap_block

    @property
    def by_channel(self) -> int:
        """Outputs that share an input channel (depthwise), or 0 where all outputs see all taps."""
        return self.mac.split.products.group

    @property
    def channel_slots(self) -> int:
        """Channels that steps see, those of idle PEs included; 1 where all outputs see all taps."""
        split = self.mac.split
        return split.output_steps * split.output_block // self.by_channel if self.by_channel else 1

    @property
    def channel_step(self) -> int:
        """Channels that one output group sees; 1 where all outputs see all taps."""
        return max(1, self.mac.split.output_block // self.by_channel) if self.by_channel else 1

    @property
    def groups_per_channel(self) -> int:
        """Output groups that see the same channel."""
        return max(1, self.by_channel // self.mac.split.output_block)


@dataclass(frozen=True, eq=False)
class Conv2DCode(MacCode):
    """Convolution."""

    op: ClassVar[type[Op]] = Conv2D
    template: ClassVar[str] = "convolution.h.j2"
    headers: ClassVar[tuple[str, ...]] = ("convolution.h",)

    @property
    def kernel(self) -> tuple[int, int]:
        """Kernel height and width."""
        assert self.block.weights is not None  # noqa: S101 - the operation has weights
        height, width = self.block.weights.values.shape[:2]
        return height, width

    @property
    def memory(self) -> Memory | None:
        """Rows above the one that arrives."""
        assert isinstance(self.block.op, (Conv2D, DepthwiseConv2D))  # noqa: S101 - registered for these
        return self.lines((self.kernel[0] - 1) * self.block.op.dilation[0])

    @property
    def window(self) -> Memory | None:
        """Columns of the window before the newest, those that registers do not hold."""
        assert isinstance(self.block.op, (Conv2D, DepthwiseConv2D))  # noqa: S101 - registered for these
        split = self.mac.split
        if split.window_words == 1:
            return None
        older = (self.kernel[1] - 1) * self.block.op.dilation[1]
        size = older * split.strips * self.channel_step
        return Memory.of(size, split.window_words, self.tap.width, self.design.limits.word_bits.most)


@dataclass(frozen=True, eq=False)
class DepthwiseConv2DCode(Conv2DCode):
    """Depthwise convolution."""

    op: ClassVar[type[Op]] = DepthwiseConv2D
    template: ClassVar[str] = "convolution.h.j2"


@dataclass(frozen=True, eq=False)
class DenseCode(MacCode):
    """Fully connected layer."""

    op: ClassVar[type[Op]] = Dense
    template: ClassVar[str] = "dense.h.j2"
    headers: ClassVar[tuple[str, ...]] = ("dense.h",)

    @property
    def word_steps(self) -> int:
        """Steps that take their taps from one word of the input."""
        return self.mac.split.tap_steps // self.mac.split.products.packets

    @property
    def last_word(self) -> int:
        """Values in the last word of an input packet."""
        source = self.sources[0]
        return source.packet - (source.words - 1) * source.word

    @property
    def memory(self) -> Memory | None:
        """The input vector, for output groups after the first."""
        split = self.mac.split
        if split.output_steps == 1:
            return None
        return Memory.of(split.tap_block, split.tap_steps, self.tap.width, self.design.limits.word_bits.most)

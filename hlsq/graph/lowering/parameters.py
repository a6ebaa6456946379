"""Parameters as integers: weights, biases, refined batch norms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import power_of_two
from hlsq.errors import FormatError, PlanError, QuantizationError
from hlsq.formats import Format
from hlsq.formats.codes import WeightCodes
from hlsq.graph.block import Block
from hlsq.graph.lowering.accumulate import ChannelBounds, checked
from hlsq.graph.lowering.alignment import left_shift, room_above
from hlsq.graph.quantized import QScale, QWeights
from hlsq.plan import BlockPlan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SCALE_BITS = 15
"""Magnitude bits of a refined batch norm's multiplier, 16 with its sign."""
FINER_BITS = 16


@dataclass(frozen=True, eq=False)
class Accumulator:
    """The accumulator of a block before bias: its real scale ([] or [channels]) and bounds."""

    scale: Floats
    bounds: ChannelBounds
    weights: QWeights | None = None
    multipliers: tuple[int, ...] = ()
    product_shift: int = 0


def integer_weights(block: Block, formats: BlockPlan) -> QWeights:
    """Weights of ``block`` in the format of the plan: its values, or else the block's weights quantised.

    Raises:
        PlanError: no format, one with a zero point, or one that does not fit the weights.
    """
    if formats.weight is None:
        raise PlanError(f"block {block.name!r} has weights; the plan must give them a format")
    if formats.weight.offset:
        raise PlanError(f"block {block.name!r}: weights need zero point 0, the plan says {formats.weight.offset}")
    if formats.values is not None:
        return QWeights(_given_weights(block, formats.values, formats.weight), formats.weight)
    try:
        kernel = block.kernel
        if formats.first_level is not None:
            kernel = formats.first_level.fake_quantize(kernel)  # type: ignore[arg-type]
        return QWeights(formats.weight.quantize(kernel), formats.weight)  # type: ignore[arg-type]
    except FormatError as error:
        raise PlanError(f"block {block.name!r}: {error}") from error


def _given_weights(block: Block, values: WeightCodes, fmt: Format) -> Ints:
    assert block.kernel is not None  # noqa: S101 - the caller looked
    if values.shape != block.kernel.shape:
        raise PlanError(
            f"block {block.name!r} has weights of shape {list(block.kernel.shape)}, but the plan's values have "
            f"{list(values.shape)}; make the plan again for this network"
        )
    if fmt.channels not in (None, values.shape[-1]):
        raise PlanError(f"block {block.name!r}: {fmt.channels} weight scales for {values.shape[-1]} output channels")
    try:
        return values.to_array(fmt)
    except FormatError as error:
        raise PlanError(f"block {block.name!r}: {error}") from error


def place_bias(block: Block, formats: BlockPlan, acc: Accumulator, channels: int) -> tuple[Accumulator, Ints | None]:
    """Bias as integers of the accumulator; one with more fraction bits shifts the sum of products left.

    ``formats.bias_values`` take the place of the block's own bias. How far the sum shifts, ``left_shift`` decides.

    Raises:
        PlanError: a format that does not fit the bias.
        QuantizationError: a bias of more than 62 bits, or one too fine for its accumulator.
    """
    given = block.bias if formats.bias_values is None else formats.bias_values
    if given is None:
        return acc, None
    bias = np.asarray(given, dtype=np.float64)
    if formats.bias_values is not None and bias.size != channels:
        raise PlanError(f"block {block.name!r}: {bias.size} bias_values for {channels} output channels")
    if formats.bias is not None:
        try:
            bias = formats.bias.fake_quantize(bias)
        except FormatError as error:
            raise PlanError(f"bias of block {block.name!r}: {error}") from error
    room = room_above(_largest(acc.bounds, bias / acc.scale), acc.scale, formats.output, scale_bits(block, formats))
    where = f"layer {block.name!r}: its bias"
    shift = left_shift(where, bias, acc.scale, formats.output, room, exact=formats.bias is not None)
    if shift:
        factor = 1 << shift
        checked(block.name, acc.bounds.lo * float(factor), acc.bounds.hi * float(factor))
        bounds = ChannelBounds(acc.bounds.lo * factor, acc.bounds.hi * factor)
        acc = Accumulator(acc.scale / factor, bounds, acc.weights, acc.multipliers, shift)
    integers = np.rint(bias / acc.scale)
    if (np.abs(integers) >= 2.0**61).any():
        raise QuantizationError(
            f"layer {block.name!r}: its bias is {float(np.abs(integers).max()):.3g} steps of its accumulator; "
            "allowed are less than 2**61, so give weights or input a larger step"
        )
    return acc, np.broadcast_to(integers.astype(np.int64), (channels,)).copy()


def scale_bits(block: Block, formats: BlockPlan) -> int:
    """Bits that the multiplier of a refined batch norm adds to the accumulator."""
    if block.scale is None:
        return 0
    return SCALE_BITS if formats.scale is None else formats.scale.bits


def _largest(bounds: ChannelBounds, constant: Floats) -> float:
    """Largest magnitude of a sum or of the ``constant``, in steps of the sum, that is added to it."""
    return max(abs(bounds.interval.lo), bounds.interval.hi, float(np.abs(constant).max()))


def factor_exponents(gain: Floats) -> Ints:
    """For every channel the exponent of a power of two above its factor in ``gain``, for the factor's integer.

    A channel whose factor is tiny (a pruned one) does not get a step finer than ``2**-FINER_BITS`` of the largest's:
    its shift, an integer of the same step, would not fit.
    """
    exponents = np.frexp(gain)[1].astype(np.int64)
    top = int(exponents[gain != 0].max()) if (gain != 0).any() else 0
    return np.where(gain == 0, top, np.maximum(exponents, top - FINER_BITS))


def integer_scale(block: Block, formats: BlockPlan, acc_scale: Floats, bounds: ChannelBounds) -> tuple[QScale, Floats]:
    """Integer multiplier and shift of a refined batch norm, and the real scale of ``t`` per channel.

    A shift with a format of its own keeps its value: its integers are aligned to the product of accumulator and
    multiplier by left shifts, of the shift or, where its step is finer, of the product, as ``place_bias`` does.

    Args:
        block: the block.
        formats: its formats.
        acc_scale: real value of the accumulator's step, [] or [channels].
        bounds: of the accumulator.

    Raises:
        PlanError: a format that does not fit.
        QuantizationError: a shift of more than 62 bits, or one too fine for its accumulator.
    """
    assert block.scale is not None  # noqa: S101 - the caller looked
    channels = len(bounds.lo)
    gain = np.broadcast_to(np.asarray(block.scale.multiplier, dtype=np.float64), (channels,))
    offset = np.broadcast_to(np.asarray(block.scale.shift, dtype=np.float64), (channels,))
    if formats.scale is not None:
        multiplier = _integer_multiplier(block, formats.scale, gain)
        step = np.broadcast_to(formats.scale.step, (channels,))
    else:
        step = power_of_two(factor_exponents(gain) - SCALE_BITS)
        multiplier = np.rint(gain / step).astype(np.int64)
    scale = np.broadcast_to(acc_scale, (channels,)) * step
    left = 0
    if formats.scale_shift is not None:
        where = f"scale_shift of block {block.name!r}"
        offset = formats.scale_shift.dequantize(_quantize(where, formats.scale_shift, offset))
        product = ChannelBounds(*(end * np.abs(multiplier).max() for end in (bounds.lo, bounds.hi)))
        room = room_above(_largest(product, offset / scale), scale, formats.output)
        where = f"layer {block.name!r}: its batch norm's shift"
        left = left_shift(where, offset, scale, formats.output, room, exact=True)
        scale = scale / 2.0**left
    shift = np.rint(offset / scale)
    if (np.abs(shift) >= 2.0**61).any():
        raise QuantizationError(
            f"layer {block.name!r}: its batch norm's shift does not fit 62 bits; give weights or scale a larger step"
        )
    return QScale(multiplier, shift.astype(np.int64), formats.scale, formats.scale_shift, left), scale


def integer_reciprocal(block: Block, formats: BlockPlan, acc: Accumulator, divisor: int) -> tuple[QScale, Floats]:
    """An average pool's reciprocal as a parameter, and the real scale of what it is multiplied to.

    Raises:
        PlanError: a format that does not fit, or a bias, which would have to be added after the multiplication.
    """
    fmt = formats.scale
    assert fmt is not None  # noqa: S101 - the caller looked
    if block.bias is not None or formats.bias_values is not None:
        raise PlanError(f"block {block.name!r} multiplies with a reciprocal {fmt} and can have no bias; leave one out")
    multiplier = _integer_multiplier(block, fmt, np.asarray([1 / divisor]))
    return QScale(multiplier, np.zeros_like(multiplier), fmt), acc.scale * divisor * fmt.step


def _integer_multiplier(block: Block, fmt: Format, values: Floats) -> Ints:
    """Integers of a refined batch norm's multiplier, or of an average pool's reciprocal.

    Raises:
        PlanError: a zero point, or a format that does not fit the values.
    """
    if fmt.offset:
        raise PlanError(f"block {block.name!r}: scale needs zero point 0, the plan says {fmt.offset}")
    return _quantize(f"scale of block {block.name!r}", fmt, values)


def _quantize(where: str, fmt: Format, values: Floats) -> Ints:
    try:
        return fmt.quantize(values)
    except FormatError as error:
        raise PlanError(f"{where}: {error}") from error


def plain_scale(scale: Floats) -> float | tuple[float, ...]:
    """One number where all channels agree, else one per channel."""
    if scale.ndim == 0 or np.unique(scale).size == 1:
        return float(np.atleast_1d(scale)[0])
    return tuple(float(s) for s in scale)

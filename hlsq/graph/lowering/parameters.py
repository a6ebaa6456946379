"""Parameters as integers: weights, aligned additions, biases, refined batch norms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import ceil_log2, power_of_two
from hlsq.errors import FormatError, PlanError, QuantizationError
from hlsq.formats import Format
from hlsq.formats.codes import WeightCodes
from hlsq.graph.block import Block
from hlsq.graph.lowering.accumulate import ChannelBounds, checked
from hlsq.graph.lowering.requant import MAX_WIDTH, MULTIPLIER_BITS
from hlsq.graph.quantized import QScale, QWeights
from hlsq.plan import BlockPlan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SCALE_BITS = 15
"""Magnitude bits of a refined batch norm's multiplier, 16 with its sign."""
FINER_BITS = 16
MAX_ALIGN = 30
MAX_GUARD = 12
SPARE_BITS = 4
"""Left free of 62 bits where there is a choice: for the sign, the sum with a constant, its rounding and the bounds."""


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


def align(steps: list[Floats]) -> tuple[Floats, tuple[int, ...]]:
    """Common scale of an addition and each input's factor: shifts where possible, else 16-bit multipliers."""
    values = [float(s) for s in steps]
    smallest = min(values)
    ratios = [v / smallest for v in values]
    if all(np.frexp(r)[0] == 0.5 for r in ratios):
        # An input that is finer than the coarsest by more than that contributes nothing.
        scale = max(smallest, max(values) / 2.0**MAX_ALIGN)
    else:
        scale = max(values) / 2 ** (MULTIPLIER_BITS - 1)
    return np.asarray(scale), tuple(round(v / scale) for v in values)


def place_bias(block: Block, formats: BlockPlan, acc: Accumulator, channels: int) -> tuple[Accumulator, Ints | None]:
    """Bias as integers of the accumulator; one with more fraction bits shifts the sum of products left.

    ``formats.bias_values`` take the place of the block's own bias. A bias so fine that the shift would not leave room
    for scale and requantisation in 62 bits is rounded to the finest step that does.

    Raises:
        PlanError: a format that does not fit the bias.
        QuantizationError: a bias of more than 62 bits.
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
    shift = _exact_shift(bias / acc.scale, MAX_GUARD if formats.bias is None else MAX_ALIGN)
    if shift is None:
        shift = _guard_bits(bias, acc.scale, formats.output)
    scale_bits = 0 if block.scale is None else SCALE_BITS if formats.scale is None else formats.scale.bits
    shift = min(shift, _room(acc.bounds, bias / acc.scale, acc.scale, formats, scale_bits))
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


def _room(bounds: ChannelBounds, constant: Floats, step: Floats, formats: BlockPlan, follows: int = 0) -> int:
    """By how many bits a sum may shift left so that all that comes after it fits 62 bits.

    Args:
        bounds: of the sum.
        constant: what is added to it, in steps of the sum.
        step: real value of one of its steps.
        formats: of the block.
        follows: bits that a multiplier after the addition adds.
    """
    largest = max(abs(bounds.interval.lo), bounds.interval.hi, float(np.abs(constant).max()), 1.0)
    if formats.output is not None and (np.frexp(step / formats.output.step)[0] != 0.5).any():
        follows += MULTIPLIER_BITS
    return max(0, MAX_WIDTH - SPARE_BITS - int(ceil_log2(largest)) - follows)


def _exact_shift(values: Floats, most: int) -> int | None:
    """Smallest left shift up to ``most`` that makes ``values`` whole, None where there is none."""
    for shift in range(most + 1):
        scaled = values * 2.0**shift
        if (scaled == np.rint(scaled)).all():
            return shift
    return None


def _guard_bits(bias: Floats, scale: Floats, output: Format | None) -> int:
    """Left shift that makes the rounding of a bias harmless.

    One step of the accumulator becomes at most 1/64 of an output step, or, where the accumulator is the output, 2**-12
    of the largest bias.
    """
    wanted = float(np.max(np.abs(bias))) * 2.0**-12 if output is None else float(output.step) / 64
    return int(np.clip(ceil_log2(float(np.max(scale)) / wanted), 0, MAX_GUARD))


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
    multiplier by left shifts, of the shift or, where its step is finer, of the product, as ``place_bias`` does and with
    the same limit.

    Args:
        block: the block.
        formats: its formats.
        acc_scale: real value of the accumulator's step, [] or [channels].
        bounds: of the accumulator.

    Raises:
        PlanError: a format that does not fit.
        QuantizationError: a shift of more than 62 bits.
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
        exact = _exact_shift(offset / scale, MAX_ALIGN)
        left = _guard_bits(offset, scale, formats.output) if exact is None else exact
        product = ChannelBounds(*(end * np.abs(multiplier).max() for end in (bounds.lo, bounds.hi)))
        left = min(left, _room(product, offset / scale, scale, formats))
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

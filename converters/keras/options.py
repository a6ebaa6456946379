"""Reading the options that layer families share."""

from __future__ import annotations

from typing import Any

from hlsq.converters.keras.call import LayerCall
from hlsq.graph.ops import Shape
from hlsq.graph.ops.base import Pads, spatial

NO_PADS: Pads = (0, 0, 0, 0)


def require_channels_last(call: LayerCall) -> None:
    """Refuse ``data_format="channels_first"``.

    Raises:
        UnsupportedLayerError: the layer keeps its channels first.
    """
    if getattr(call.layer, "data_format", None) == "channels_first" and len(call.input_shapes[0]) > 1:
        raise call.refuse("data_format='channels_first'", "data_format='channels_last'; build the model with it")


def require_map(call: LayerCall) -> None:
    """Refuse tensors with more than three axes.

    Raises:
        UnsupportedLayerError: the input is no [height, width, channels], [length, channels] or [channels].
    """
    shape = call.input_shapes[0]
    if len(shape) > 3:
        raise call.refuse(f"input shape {list(shape)}", "[height, width, channels], [length, channels] or [channels]")


def pair(value: Any, axes: int, first: int = 1) -> tuple[int, int]:
    """An option given per axis as (vertical, horizontal); with one axis the vertical one is ``first``."""
    values = tuple(int(v) for v in value) if isinstance(value, list | tuple) else (int(value),) * axes
    return (values[0], values[1]) if axes == 2 else (first, values[0])


def window_pads(
    call: LayerCall,
    window: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int],
    shape: Shape,
) -> Pads:
    """Zeros around a map of ``shape`` for the layer's ``padding`` option, as (top, bottom, left, right).

    ``"same"`` makes ``ceil(size / stride)`` positions, the odd zero behind; ``"causal"`` puts all of them before.

    Raises:
        UnsupportedLayerError: another ``padding``.
    """
    padding = str(call.layer.padding).lower()
    height, width, _ = spatial(shape)
    if padding == "valid":
        return NO_PADS
    if padding == "same":
        return (
            *_same(height, window[0], strides[0], dilation[0]),
            *_same(width, window[1], strides[1], dilation[1]),
        )
    if padding == "causal" and len(shape) == 2:
        return 0, 0, dilation[1] * (window[1] - 1), 0
    raise call.refuse(
        f"padding={call.layer.padding!r}", "'valid', 'same', and 'causal' for one-dimensional convolutions"
    )


def _same(size: int, window: int, stride: int, dilation: int) -> tuple[int, int]:
    span = dilation * (window - 1) + 1
    total = max((-(-size // stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2

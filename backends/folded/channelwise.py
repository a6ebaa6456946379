"""The same network in instructions of He et al., one for each output channel: to compare with ours."""

from __future__ import annotations

from collections.abc import Sequence

from hlsq.backends.folded.pieces import Field, Instruction


def channel_fields(instructions: Sequence[Instruction], engines: int) -> tuple[tuple[Field, ...], int]:
    """Fields of such an instruction (Fig. 6), and how many there would be.

    A field for N things has ceil(log2 N) bits (eq. 13); weights and results are numbered by the channel they belong to.

    Args:
        instructions: of a program.
        engines: number of its engines.
    """
    layers = [item for item in instructions if item.macs]
    channels = [max((v.channels for stage in item.views for v in stage), default=1) for item in layers]
    widest = max(channels, default=1)
    strides = len({item.fields["line_y"] for item in layers}) or 1
    counts = {
        "layer": len(layers), "channel": widest, "PE": engines, "weights": widest, "result": widest, "stride": strides,
    }  # fmt: skip
    return tuple(Field(name, max(count - 1, 0).bit_length()) for name, count in counts.items()), sum(channels)


def comparison(instructions: Sequence[Instruction], engines: int, bits: int) -> str:
    """Both side by side, in a line; ``bits`` are those of one of ``instructions``."""
    fields, count = channel_fields(instructions, engines)
    parts = ", ".join(f"{field.name} {field.width}" for field in fields)
    width = sum(field.width for field in fields)
    return (
        f"{len(instructions)} instructions of {bits} bits: {len(instructions) * bits:,} bits; as He et al. write them, "
        f"one an output channel: {count:,} of {width} bits ({parts}): {count * width:,} bits"
    )

"""What a design asks of the tool, block by block, and whether the tool can do it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from hlsq.backends.vitis.blocks import BlockCode
from hlsq.backends.vitis.blocks.base import Table
from hlsq.backends.vitis.blocks.mac import Conv2DCode, DenseCode
from hlsq.backends.vitis.blocks.pool2d import PoolCode
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.limits import RULES, Limit, ToolLimits
from hlsq.errors import OptionError, QuantizationError

LARGER_REUSE = "Give it a larger reuse factor"
FEWER_CHANNELS = "No option helps: a layer of fewer channels, or a smaller kernel, does"


@dataclass(frozen=True)
class Demand:
    """One thing that a block asks for.

    Attributes:
        what: it is, for messages.
        amount: of it.
        limit: the most that the tool does.
        remedy: what a user can do.
    """

    what: str
    amount: int
    limit: Limit
    remedy: str

    @property
    def fits(self) -> bool:
        """Whether the tool can do it."""
        return self.amount <= self.limit.most


def demands(code: BlockCode, limits: ToolLimits) -> Iterator[Demand]:
    """What ``code`` asks for, beside the words of streams and memories, which are made to fit."""
    for tensor in (*code.sources, code.result):
        # Packets, and the values of an output position, in registers.
        yield Demand(f"registers for a position of {tensor.name!r}", tensor.packet, limits.partition_elements,
                     FEWER_CHANNELS)  # fmt: skip
    for table in code.tables:
        yield Demand(f"a row of a table ({table.name})", row_bits(table), limits.reshape_bits, LARGER_REUSE)
    if isinstance(code, (Conv2DCode, PoolCode)) and not (isinstance(code, PoolCode) and code.is_global):
        channels = code.in_map[2]
        kernel = code.kernel if isinstance(code, Conv2DCode) else code.pool.pool
        dilation = code.block.op.dilation[0] if isinstance(code, Conv2DCode) else 1  # type: ignore[attr-defined]
        lines = (kernel[0] - 1) * dilation
        column = "registers for a column of its window"
        yield Demand(column, (lines + 1) * channels, limits.partition_elements, FEWER_CHANNELS)
    if isinstance(code, DenseCode):
        split = code.mac.split
        taps = code.word_steps * split.tap_block
        yield Demand("registers for a word of its input", taps, limits.partition_elements, LARGER_REUSE)


def row_bits(table: Table) -> int:
    """Bits of what one access to ``table`` reads: all dimensions but the first."""
    values, sizes = table.values, []
    while isinstance(values[0], tuple):
        values = values[0]
        sizes.append(len(values))
    width = max(int(value).bit_length() + 1 for value in _flat(table.values))
    return prod(sizes) * next(bits for bits in (8, 16, 32, 64, 128) if width <= bits)


def partition_size(design: Design, codes: list[BlockCode]) -> int | None:
    """The option for arrays that are taken apart completely, in elements; None where the tool's default does."""
    limit = design.limits.partition_elements
    largest = max((d.amount for code in codes for d in demands(code, design.limits) if d.limit == limit), default=0)
    return limit.most if largest > design.limits.default_partition.most else None


def check_demands(design: Design, codes: list[BlockCode]) -> None:
    """Refuse a design that the tool cannot do.

    Raises:
        OptionError: names layer, value, limit and remedy.
    """
    for code in codes:
        for demand in demands(code, design.limits):
            if not demand.fits:
                raise OptionError(
                    f"layer {code.block.name!r} needs {demand.what}: {demand.amount:,} {demand.limit.unit}; Vitis HLS "
                    f"takes at most {demand.limit.most:,} ({demand.limit.source}). {demand.remedy}"
                )


def check_rules(files: dict[str, str]) -> None:
    """Refuse C++ that breaks a rule of the tool.

    Raises:
        QuantizationError: names file and rule.
    """
    for name, text in files.items():
        for rule in RULES:
            if name.endswith((".h", ".cpp")) and name.startswith("firmware/") and rule.broken_by(text):
                raise QuantizationError(f"{name} has {rule.what} ({rule.source}); hlsq does not write that")


def _flat(values: tuple[object, ...]) -> Iterator[int]:
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield int(value)  # type: ignore[call-overload]

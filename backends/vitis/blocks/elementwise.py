"""Sum, concatenation, activation, padding and reshape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hlsq.backends.vitis.blocks.base import BlockCode, RequantCode, Table
from hlsq.backends.vitis.types import cpp_int
from hlsq.graph.ops import Add, Concatenate, Identity, Reshape, ZeroPad2D
from hlsq.graph.ops.base import Op


@dataclass(frozen=True, eq=False)
class AddCode(BlockCode):
    """Aligned sum of two or more maps."""

    op: ClassVar[type[Op]] = Add
    template: ClassVar[str] = "add.h.j2"
    headers: ClassVar[tuple[str, ...]] = ("lanes.h", "words.h")


@dataclass(frozen=True, eq=False)
class ConcatenateCode(BlockCode):
    """Maps side by side, each requantised to the common format."""

    op: ClassVar[type[Op]] = Concatenate
    template: ClassVar[str] = "concatenate.h.j2"
    headers: ClassVar[tuple[str, ...]] = ("lanes.h", "words.h")

    @property
    def branches(self) -> list[RequantCode]:
        """The requantisation of each input."""
        return [
            RequantCode(
                f"{self.ident}_{number}",
                requant,
                cpp_int(self.deviation_of(number)),
                self.value_type,
                self.deviation_of(number),
                self.result.interval,
            )
            for number, requant in enumerate(self.block.input_requants)
        ]

    @property
    def changed(self) -> list[int]:
        """Numbers of the inputs that are requantised, all in the same steps."""
        return [number for number, requant in enumerate(self.block.input_requants) if requant is not None]

    def outputs_of(self, number: int) -> int:
        """Values of input ``number`` that are requantised at a time."""
        split, size = self.hardware.split, self.sources[number].packet
        return size if split is None else split.share_of(size)

    @property
    def tables(self) -> list[Table]:
        """Tables of all inputs."""
        return [table for branch in self.branches for table in branch.tables]


@dataclass(frozen=True, eq=False)
class IdentityCode(BlockCode):
    """Activation or change of format."""

    op: ClassVar[type[Op]] = Identity
    template: ClassVar[str] = "identity.h.j2"
    headers: ClassVar[tuple[str, ...]] = ("elementwise.h",)


@dataclass(frozen=True, eq=False)
class ZeroPadCode(BlockCode):
    """Zero padding."""

    op: ClassVar[type[Op]] = ZeroPad2D
    template: ClassVar[str] = "zero_pad.h.j2"
    headers: ClassVar[tuple[str, ...]] = ("elementwise.h",)


@dataclass(frozen=True, eq=False)
class ReshapeCode(BlockCode):
    """Reshape: the same values in other packets."""

    op: ClassVar[type[Op]] = Reshape
    template: ClassVar[str] = "reshape.h.j2"
    headers: ClassVar[tuple[str, ...]] = ("elementwise.h",)

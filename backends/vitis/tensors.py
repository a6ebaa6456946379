"""Tensors and streams as the generated code names them."""

from __future__ import annotations

from dataclasses import dataclass

from hlsq.graph import Interval


@dataclass(frozen=True, eq=False)
class Tensor:
    """One input or block output on its way through the hardware.

    Attributes:
        name: of the input or block.
        ident: C++ identifier.
        index: number in traces.
        interval: integers of the type that carries it.
        packet: values in one packet.
        positions: packets of one sample.
        words: transfers in which a packet goes through a stream.
    """

    name: str
    ident: str
    index: int
    interval: Interval
    packet: int
    positions: int
    words: int = 1

    @property
    def size(self) -> int:
        """Values of one sample."""
        return self.packet * self.positions

    @property
    def word(self) -> int:
        """Values in one transfer; the last of a packet may be partly idle."""
        return -(-self.packet // self.words)

    @property
    def transfers(self) -> int:
        """Transfers of one sample."""
        return self.positions * self.words


@dataclass(frozen=True)
class Stream:
    """A connection from a tensor to one reader; ``reader`` is None for the network's output.

    A tensor that is a wire has its carrier's writer. Its depth is in words.
    """

    tensor: str
    ident: str
    reader: str | None
    number: int
    depth: int

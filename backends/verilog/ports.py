"""Streams into and out of the hardware."""

from __future__ import annotations

from dataclasses import dataclass

from hlsq.graph import Interval


@dataclass(frozen=True)
class Port:
    """The stream of one input or output: values of a pixel side by side, each in whole bytes.

    Attributes:
        ident: name in the hardware.
        pixels: of a sample.
        channels: of a pixel.
        values: in one transfer; the last one of a pixel may be filled up.
        interval: integers of a value.
    """

    ident: str
    pixels: int
    channels: int
    values: int
    interval: Interval

    @property
    def signed(self) -> bool:
        """Whether values are in two's complement."""
        return self.interval.signed

    @property
    def value_bits(self) -> int:
        """Of a value."""
        return -(-self.interval.width // 8) * 8

    @property
    def bits(self) -> int:
        """Of a transfer."""
        return self.values * self.value_bits

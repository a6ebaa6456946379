"""Weights that a scheme chose one by one, as text that fits into a plan."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import FormatError
from hlsq.files.fields import Field
from hlsq.formats.base import Format
from hlsq.formats.packing import pack, packed_words, unpack

WORD_BITS = 64
MOST_WEIGHTS = 1 << 31
"""Of one block."""


@dataclass(frozen=True)
class WeightCodes:
    """Integer weights of one block as the codes of their format.

    Args:
        shape: of the weights, in the operation's layout.
        bits: of one code; those of the weight format.
        data: the codes packed into little-endian words of 64 bits, compressed by zlib, in base64.
    """

    shape: tuple[int, ...]
    bits: int
    data: str

    @classmethod
    def from_array(cls, integers: ArrayLike, fmt: Format) -> WeightCodes:
        """Codes of ``integers``, which are members of ``fmt``.

        Raises:
            FormatError: an integer is not one of the format's.
        """
        array = np.asarray(integers)
        words = pack(fmt.encode(array).ravel(), fmt.bits, WORD_BITS).astype("<u8")
        return cls(tuple(array.shape), fmt.bits, base64.b64encode(zlib.compress(words.tobytes(), 9)).decode("ascii"))

    def to_array(self, fmt: Format) -> NDArray[np.int64]:
        """The integers, of shape ``shape``.

        Raises:
            FormatError: the codes are damaged, or not those of ``fmt``.
        """
        if fmt.bits != self.bits:
            raise FormatError(
                f"values are codes of {self.bits} bits, but the weight format {fmt} has {fmt.bits}; "
                "leave values out of the plan to quantise the weights again"
            )
        count = prod(self.shape)
        size = 8 * packed_words(count, self.bits, WORD_BITS)
        try:
            # The limit keeps a damaged plan from filling the memory.
            stream = zlib.decompressobj()
            raw = stream.decompress(base64.b64decode(self.data, validate=True), size + 1)
        except (binascii.Error, ValueError, zlib.error) as error:
            raise FormatError(f"values cannot be read: {error}") from error
        if len(raw) != size:
            raise FormatError(
                f"values hold {'more than ' if len(raw) > size else ''}{min(len(raw), size)} bytes, but shape "
                f"{list(self.shape)} needs {size}"
            )
        if not stream.eof or stream.unused_data:  # zlib compares its checksum at the end
            raise FormatError("values cannot be read: their data does not end where it should")
        try:
            codes = unpack(np.frombuffer(raw, dtype="<u8").astype(np.uint64), count, self.bits, WORD_BITS)
            return fmt.decode(codes).reshape(self.shape)
        except FormatError as error:
            raise FormatError(f"values: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"shape": list(self.shape), "bits": self.bits, "data": self.data}

    @classmethod
    def read(cls, field: Field) -> WeightCodes:
        """The codes that ``to_dict`` wrote.

        Raises:
            HlsqError: (``field.error``) something else.
        """
        parts = field.record(("shape", "bits", "data"))
        shape = parts["shape"].integers(1, MOST_WEIGHTS, 1)
        if prod(shape) > MOST_WEIGHTS:
            raise parts["shape"].expected(f"at most {MOST_WEIGHTS} weights")
        return cls(shape, parts["bits"].integer(1, WORD_BITS), parts["data"].text())

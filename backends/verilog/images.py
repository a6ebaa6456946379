"""The content of the memories for ``$readmemh``: a word a line."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.encoding import encode
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.widths import EngineNumbers, signed_bits
from hlsq.graph import Interval

FOLDER = "image"


def image_files(program: FoldedProgram) -> dict[str, bytes]:
    """All of them, name to content."""
    bits = max(program.bits, 1)
    words = [f"{encode(program.fields, item.fields):0{-(-bits // 4)}x}" for item in program.instructions]
    factors = program.tables["factors"]
    files = {
        "program.hex": ("\n".join(words) + "\n").encode(),
        "factors.hex": hex_words(factors.reshape(-1, 1), signed_bits(Interval(0, int(factors.max())))),
    }
    for number, (engine, image) in enumerate(zip(program.engines, program.images, strict=True)):
        numbers = EngineNumbers(engine, program, number)
        for s, rows in enumerate(image.weights):
            files[f"engine{number}_weights_{chr(ord('a') + s)}.hex"] = hex_words(rows, engine.slice_bits)
        for name, values in image.parameters.items():
            file, width = _file(name), numbers.parameter_bits(name)
            if name.startswith("threshold"):
                width = max(numbers.parameter_bits(n) for n in image.parameters if n.startswith("threshold"))
            files[f"engine{number}_{file}.hex"] = hex_words(values, width)
    return {f"{FOLDER}/{name}": content for name, content in files.items()}


def _file(name: str) -> str:
    """Thresholds have two digits each."""
    digits = name.removeprefix("threshold")
    return f"threshold{int(digits):02d}" if digits != name else name


def hex_words(rows: NDArray[Any], bits: int) -> bytes:
    """Lines of the numbers of ``rows`` [words, values], each of ``bits`` bits, the first in the lowest ones."""
    values = rows.astype(np.int64)[:, :, None] >> np.arange(bits) & 1
    flat = values.reshape(len(rows), -1).astype(np.uint8)
    packed = np.packbits(flat, axis=1, bitorder="little")[:, ::-1]
    digits = -(-flat.shape[1] // 4)
    return b"".join(bytes(row).hex().encode()[-digits:] + b"\n" for row in packed)

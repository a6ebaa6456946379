"""The content of the memories as files: binary for C simulation, numbers for synthesis.

C simulation reads the bytes as they are, so that its compile time does not grow with the network; synthesis initialises
memories from the same numbers as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded import FoldedProgram
from hlsq.backends.folded.encoding import encode
from hlsq.backends.vitis.folded.arrays import piece_of
from hlsq.backends.vitis.folded.overlay import IMAGE_FILE, image_bytes
from hlsq.backends.vitis.tensors import Tensor

FOLDER = "firmware/image"


def image_files(program: FoldedProgram, tensors: Mapping[str, Tensor]) -> dict[str, bytes]:
    """All of them, and the program that they belong to: path in the project to content.

    Those of an overlay are no memories of its own, and come as the image that it is given.
    """
    if program.overlay is not None:
        files = {f"{FOLDER}/{name}": content for name, content in program.files.items()}
        return files | {IMAGE_FILE: image_bytes(program)}
    words = program_bytes(program)
    files = program.files | {"program.bin": words.tobytes()}
    for name, values in {"program": words, **program.arrays, **_pieces(program)}.items():
        files[f"{name}.inc"] = text_of(values)
    for name, table in view_tables(program, tensors).items():
        files[f"views_{name}.bin"] = table.tobytes()
    return {f"{FOLDER}/{name}": content for name, content in files.items()}


def _pieces(program: FoldedProgram) -> dict[str, NDArray[Any]]:
    """Weights of each memory, where those of a slice lie in several."""
    found: dict[str, NDArray[Any]] = {}
    for number, (engine, image) in enumerate(zip(program.engines, program.images, strict=True)):
        first = 0
        for rows in image.pieces(engine.slice_bits):
            found[f"engine{number}_weights{piece_of(first)}"] = image.weights[:, first : first + rows]
            first += rows
    return found


def text_of(values: NDArray[Any]) -> bytes:
    """Integers with commas, a row of the memory a line."""
    rows = values.reshape(-1, values.shape[-1])
    if values.dtype == np.uint8:
        # Numbers as wide as the largest, which are looked up: a large network has tens of millions of them.
        width = len(str(values.max(initial=0)))
        numbers = np.array([f"{i:{width}d}," for i in range(256)], dtype=f"S{width + 1}")
        lines = np.empty((len(rows), rows.shape[1] * (width + 1) + 1), dtype=np.uint8)
        lines[:, :-1] = numbers[rows].view(np.uint8).reshape(len(rows), -1)
        lines[:, -1] = ord("\n")
        return lines.tobytes()
    return ("\n".join(",".join(map(str, row)) + "," for row in rows.tolist()) + "\n").encode()


def program_bytes(program: FoldedProgram) -> NDArray[np.uint8]:
    """Instruction words, shape [instructions, bytes], the first field in the lowest bits."""
    words = [encode(program.fields, item.fields) for item in program.instructions]
    size = -(-max(program.bits, 1) // 8)
    return np.frombuffer(b"".join(word.to_bytes(size, "little") for word in words), dtype=np.uint8).reshape(-1, size)


def view_tables(program: FoldedProgram, tensors: Mapping[str, Tensor]) -> dict[str, NDArray[np.int32]]:
    """Which tensors the results of each instruction belong to, for traces of C simulation."""
    index: list[tuple[int, int]] = []
    views: list[tuple[int, int, int, int]] = []
    lanes: list[int] = []
    for item in program.instructions:
        for stage in item.views:
            index.append((len(views), len(stage)))
            for view in stage:
                views.append((tensors[view.tensor].index, view.channels, len(lanes), len(view.layout)))
                lanes += view.layout
    found = {"index": index, "views": views or [(0, 0, 0, 0)], "lanes": lanes or [0]}
    return {name: np.asarray(values, dtype=np.int32) for name, values in found.items()}

"""Memories of constants, as the template of ``image.h`` has them."""

from __future__ import annotations

from dataclasses import dataclass

from hlsq.backends.folded.widths import signed_bits
from hlsq.backends.vitis.folded.constants import EngineCode
from hlsq.graph import Interval


@dataclass(frozen=True)
class Content:
    """One of the memories of an ``ImageArray``.

    Attributes:
        name: of the variable.
        file: with its numbers, without the ending.
        shape: its dimensions in C++.
        word: the expression that reads it.
        end: the row behind its last.
        pragmas: for synthesis.
    """

    name: str
    file: str
    shape: str
    word: str
    end: int
    pragmas: tuple[str, ...]


@dataclass(frozen=True)
class ImageArray:
    """A memory of constants for the template of ``image.h``.

    Attributes:
        name: of the function that reads it, and of its files.
        element: C++ type of an element.
        shape: its dimensions in C++, with ``{rows}`` where ``pieces`` say how many.
        pieces: rows of each memory, where they may lie in several.
        arguments: of the function.
        index: of what it gives.
        type: of that.
        linked_type: of that, where the content is linked in.
        linked: the expression that gives it there.
        pragmas: for synthesis, of a variable ``content``.
    """

    name: str
    element: str
    shape: str
    arguments: str
    index: str
    type: str
    linked_type: str
    linked: str
    pragmas: tuple[str, ...]
    pieces: tuple[int, ...] = (0,)

    @property
    def contents(self) -> list[Content]:
        """Its memories."""
        found, first = [], 0
        for number, rows in enumerate(self.pieces):
            name = f"content{number}" if number else "content"
            file = f"{self.name}{piece_of(first)}"
            word = f"{name}{self.index}".replace("[row]", f"[row - {first}]" if first else "[row]")
            pragmas = tuple(pragma.replace("content", name) for pragma in self.pragmas)
            found.append(Content(name, file, self.shape.format(rows=rows), word, first + rows, pragmas))
            first += rows
        return found


def piece_of(first: int) -> str:
    """What the file's name of a memory ends with whose first row is ``first`` of a ROM."""
    return f"_from_{first}" if first else ""


def image_arrays(project: str, engines: list[EngineCode], instructions: tuple[int, ...]) -> list[ImageArray]:
    """All of them; ``instructions`` are their number and the bytes of one."""
    count, size = instructions
    word = "const unsigned char *"
    found = [
        ImageArray(
            "program",
            "unsigned char",
            f"[{count}][{size}]",
            "int n",
            "[n]",
            word,
            word,
            f"{project}_program + n * {size}",
            ("ARRAY_RESHAPE variable = content complete dim = 2",),
        )
    ]
    for code in engines:
        engine, image = code.engine, code.program.images[code.number]
        slices, rows, codes = image.weights.shape
        kind = f"hlsq::uint<{engine.slice_bits}>"
        stored = f"std::uint{8 * code.weight_bytes}_t"
        name = f"{code.ident}_weights"
        found.append(
            ImageArray(
                name,
                kind,
                f"[{slices}][{{rows}}][{codes}]",
                "int slice, int row, int i",
                "[slice][row][i]",
                kind,
                stored,
                f"((const {stored} *){project}_{name})[((long long)slice * {rows} + row) * {codes} + i]",
                (
                    "ARRAY_PARTITION variable = content complete dim = 1",
                    "ARRAY_RESHAPE variable = content complete dim = 3",
                ),
                code.pieces,
            )
        )
        for parameter, values in image.parameters.items():
            name, kind = f"{code.ident}_{parameter}", f"hlsq::sint<{code.parameter_bits(parameter)}>"
            found.append(
                ImageArray(
                    name,
                    kind,
                    f"[{values.shape[0]}][{values.shape[1]}]",
                    "int row, int lane",
                    "[row][lane]",
                    kind,
                    "std::int64_t",
                    f"((const std::int64_t *){project}_{name})[row * {values.shape[1]} + lane]",
                    ("ARRAY_RESHAPE variable = content complete dim = 2",),
                )
            )
    factors = engines[0].program.tables["factors"]
    bits = signed_bits(Interval(0, int(factors.max())))
    found.append(
        ImageArray(
            "factors",
            f"hlsq::sint<{bits}>",
            f"[{len(factors)}]",
            "int i",
            "[i]",
            f"hlsq::sint<{bits}>",
            "std::int64_t",
            f"((const std::int64_t *){project}_factors)[i]",
            (),
        )
    )
    return found

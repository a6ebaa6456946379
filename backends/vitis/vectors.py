"""Stored vectors of a project: the samples that its test bench feeds in, and what it expects."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.vitis.designs import AnyDesign
from hlsq.errors import InputError
from hlsq.formats import Format
from hlsq.graph.ops import Shape

Ints = NDArray[np.int64]
REMEDY = "write them again with write_vectors, or give samples"
_LARGEST = 2**63 - 1
_DIGITS = frozenset("-0123456789 \t")


def output_port(design: AnyDesign, name: str) -> str:
    """Name of the top function's port for output ``name``."""
    return next(s.ident for s in design.streams if s.tensor == name and s.reader is None)


def input_files(design: AnyDesign) -> dict[str, str]:
    """Name of each input to its file."""
    return {i.name: f"tb_data/{design.tensors[i.name].ident}.dat" for i in design.graph.inputs}


def output_files(design: AnyDesign) -> dict[str, str]:
    """Name of each output to its file."""
    return {name: f"tb_data/{output_port(design, name)}.dat" for name in design.graph.outputs}


def vector_files(design: AnyDesign, inputs: Mapping[str, Ints], outputs: Mapping[str, Ints]) -> dict[str, bytes]:
    """Input and expected integers [samples, ...] as files, one line per sample; name to content."""
    both = zip((input_files(design), output_files(design)), (inputs, outputs), strict=True)
    return {known[name]: _rows(values) for known, arrays in both for name, values in arrays.items()}


def _rows(values: Ints) -> bytes:
    text = io.BytesIO()
    np.savetxt(text, values.reshape(len(values), -1), fmt="%d")
    return text.getvalue()


@dataclass(frozen=True, eq=False)
class Vectors:
    """Integers of the stored samples, [samples, ...] by name of an input or output, and the files they stand in."""

    inputs: dict[str, Ints]
    outputs: dict[str, Ints]
    files: dict[str, Path]


def read_vectors(design: AnyDesign, folder: str | Path) -> Vectors:
    """The vectors of the project in ``folder``, one line per sample.

    Raises:
        InputError: a file is missing, has no samples or other numbers of them than the rest, or a line that is none of
            this network's; names file, line, value and what is allowed.
    """
    data = Path(folder) / "tb_data"
    graph = design.graph
    shapes = {i.name: i.shape for i in graph.inputs} | {name: graph.shapes[name] for name in graph.outputs}
    names = input_files(design) | output_files(design)
    files = {name: Path(folder) / file for name, file in names.items()}
    rows = {name: _read(path, name, shapes[name], graph.formats[name]) for name, path in files.items()}
    counts = {files[name].name: len(values) for name, values in rows.items()}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise InputError(f"stored vectors in {str(data)!r}: the numbers of samples differ: {found}; {REMEDY}")
    return Vectors({i.name: rows[i.name] for i in graph.inputs}, {o: rows[o] for o in graph.outputs}, files)


def _read(path: Path, name: str, shape: Shape, fmt: Format) -> Ints:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        raise InputError(f"the project has no stored vectors of {name!r}: {str(path)!r} is missing; {REMEDY}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"stored vectors {str(path)!r} cannot be read: {error}; {REMEDY}") from error
    if not lines:
        raise InputError(f"stored vectors {str(path)!r} hold no samples, so there is nothing to compare; {REMEDY}")
    size = int(np.prod(shape))
    values = np.empty((len(lines), size), dtype=np.int64)
    for number, line in enumerate(lines):
        try:
            values[number] = _row(line, size, fmt)
        except ValueError as error:
            raise InputError(f"stored vectors {str(path)!r}, line {number + 1}: {error}; {REMEDY}") from None
    return values.reshape(-1, *shape)


def _row(line: str, size: int, fmt: Format) -> list[int]:
    """The integers of a line; a ``ValueError`` says what is wrong with it."""
    words = line.split()
    if len(words) != size:
        raise ValueError(f"{len(words)} values; expected {size}, those of one sample")
    if not _DIGITS.issuperset(line):
        wrong = next(word for word in words if not _DIGITS.issuperset(word))
        raise ValueError(f"{wrong!r} is no integer")
    row = [_integer(word) for word in words]
    allowed = range(fmt.qmin, min(fmt.qmax, _LARGEST) + 1) if fmt.levels is None else fmt.levels
    for value in row:
        if value not in allowed:
            kinds = "the integers" if fmt.levels is None else "certain integers"
            raise ValueError(f"{value} is outside its format {fmt}, which has {kinds} from {fmt.qmin} to {fmt.qmax}")
    return row


def _integer(word: str) -> int:
    try:
        return int(word)
    except ValueError:  # a sign in the wrong place, or thousands of digits
        raise ValueError(f"{word[:40]!r} is no integer") from None

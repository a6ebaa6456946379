"""A network as an overlay's C simulation is given it: its image, and where its integers go."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.overlay_image import instruction_places, overlay_image
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.images import view_tables
from hlsq.backends.vitis.folded.overlay import IMAGE_FILE
from hlsq.errors import GraphError
from hlsq.files.read import read_start
from hlsq.files.reasons import reason


class _Structure(ctypes.Structure):
    """``hlsq_network`` of the bridge."""

    _fields_ = [
        ("image", ctypes.c_void_p),
        ("words", ctypes.c_int64),
        ("inputs", ctypes.c_int64),
        ("outputs", ctypes.c_int64),
        ("tensors", ctypes.c_int64),
        ("sizes", ctypes.c_void_p),
        ("index", ctypes.c_void_p),
        ("views", ctypes.c_void_p),
        ("lanes", ctypes.c_void_p),
    ]


@dataclass(frozen=True, eq=False)
class Network:
    """Arrays that the C simulation reads, which have to live as long as it runs.

    Attributes:
        arrays: by the names of ``hlsq_network``.
        structure: that.
    """

    arrays: dict[str, NDArray[Any]]
    structure: _Structure

    @property
    def pointer(self) -> Any:
        """What functions of the bridge take."""
        return ctypes.byref(self.structure)


def given_network(design: FoldedDesign, folder: Path) -> Network:
    """The network of ``design``: with the image of the project in ``folder``, as it is there, if that is its own.

    Weights and constants may be edited there. Where instructions are others, or end too early, nothing would keep the
    C simulation within its memories.

    Raises:
        GraphError: the image cannot be read, or its length or its instructions are not those of the program.
    """
    image = overlay_image(design.program)
    if design.host is None:
        image = _read(folder / IMAGE_FILE, image, design.program)
    graph, tensors = design.graph, design.tensors
    ports = [tensors[name] for name in (*(item.name for item in graph.inputs), *graph.outputs)]
    sizes = [*(n for port in ports for n in (port.positions, port.packet)), *(t.size for t in tensors.values())]
    arrays: dict[str, NDArray[Any]] = {
        "image": image,
        "sizes": np.asarray(sizes, dtype=np.int64),
        **view_tables(design.program, tensors),
    }
    pointers = {name: values.ctypes.data for name, values in arrays.items()}
    counts = {"words": len(image), "inputs": len(graph.inputs), "outputs": len(graph.outputs), "tensors": len(tensors)}
    return Network(arrays, _Structure(**pointers, **counts))


def _read(path: Path, written: NDArray[np.uint64], program: FoldedProgram) -> NDArray[np.uint64]:
    """The image in ``path``, which was ``written`` of ``program``."""
    try:
        content = read_start(path, -1)
    except OSError as error:
        raise GraphError(f"{path}: cannot be read: {reason(error)}; restore it, or convert again") from error
    if len(content) != written.nbytes:
        raise GraphError(
            f"{path}: has {len(content):,} bytes; those of the program are {written.nbytes:,}; restore it, or convert "
            "again"
        )
    image = np.frombuffer(content, dtype="<u8").astype(np.uint64)
    if changed := np.flatnonzero((image != written) & instruction_places(program)).tolist():
        raise GraphError(
            f"{path}: word {changed[0]:,} is {int(image[changed[0]]):#x}, and the program says "
            f"{int(written[changed[0]]):#x}; weights and constants may be edited, instructions may not: restore it, or "
            "convert again"
        )
    return image

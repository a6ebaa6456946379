"""Going through a network block by block, in reals and in integers beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.emulator import CHUNK
from hlsq.emulate.real import run_block
from hlsq.emulate.step import make_step
from hlsq.formats import Format
from hlsq.graph import Activation, Block, Graph, GraphInput
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add
from hlsq.graph.quantized import Interval
from hlsq.plan import BlockPlan, Plan
from hlsq.schemes.threads import in_threads

Floats32 = NDArray[np.float32]
BATCH = 64


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor on all samples: what it should be, and what the integers so far make of it."""

    real: Floats32
    integers: NDArray[Any]
    format: Format

    @property
    def deviation(self) -> NDArray[Any]:
        """Integers less the zero point, in the stored type or wider."""
        return self.integers if not self.format.offset else self.integers.astype(np.int32) - self.format.offset

    def error(self, part: slice) -> Floats32:
        """Real minus dequantised values of some samples."""
        return np.asarray(self.real[part] - self.format.dequantize(self.integers[part]), dtype=np.float32)


class Walk:
    """Runs the blocks of a network in order; each block once in reals and, when its formats are known, in integers.

    Args:
        graph: the network, batch norms folded where they shall be.
        inputs: real samples by input name.
        formats: of the inputs.
    """

    def __init__(self, graph: Graph, inputs: Mapping[str, NDArray[Any]], formats: Mapping[str, Format]) -> None:
        self.graph = graph
        self.samples = len(next(iter(inputs.values())))
        self.tensors: dict[str, Tensor] = {}
        for name, values in inputs.items():
            fmt = formats[name]
            integers = np.concatenate([fmt.quantize(values[p]) for p in self.parts(BATCH)])
            stored = integers.astype(_storage(Interval(fmt.qmin, fmt.qmax)))
            self.tensors[name] = Tensor(values.astype(np.float32), stored, fmt)

    def parts(self, size: int = BATCH) -> Iterator[slice]:
        """Slices of the samples."""
        return (slice(start, min(start + size, self.samples)) for start in range(0, self.samples, size))

    def linear(self, block: Block, part: slice, quantized: bool = False) -> Floats32:
        """Real output of ``block`` before scale and activation, for real or for dequantised inputs."""
        inputs = []
        for tensor in (self.tensors[name] for name in block.inputs):
            values = tensor.format.dequantize(tensor.integers[part]) if quantized else tensor.real[part]
            inputs.append(values.astype(np.float32))
        return run_block(replace(block, scale=None, activation=Activation()), inputs)

    def inherited(self, block: Block, part: slice) -> Floats32 | None:
        """What is missing at the other inputs of the addition that ``block`` feeds, so that it can make up for it."""
        readers = self.graph.consumers(block.name)
        alone = len(readers) == 1 and isinstance(readers[0].op, Add) and block.name not in self.graph.outputs
        if not alone or block.scale is not None or not block.activation.is_linear:
            return None
        others = [name for name in readers[0].inputs if name != block.name]
        if len(others) + 1 != len(readers[0].inputs) or not all(name in self.tensors for name in others):
            return None
        return np.asarray(sum(self.tensors[name].error(part) for name in others), dtype=np.float32)

    def step(self, block: Block, formats: BlockPlan) -> None:
        """Run ``block`` in reals and, by its formats, in integers; forget tensors that nobody needs any more."""
        real = np.empty((self.samples, *self.graph.shapes[block.name]), dtype=np.float32)

        def run_real(part: slice) -> None:
            real[part] = run_block(block, [self.tensors[name].real[part] for name in block.inputs])

        in_threads(run_real, self.parts())
        lowered = quantize_graph(*self._alone(block, formats))
        step = make_step(lowered, lowered.blocks[0])
        out = np.empty(real.shape, dtype=_storage(lowered.blocks[0].interval))
        sources = [self.tensors[name].integers for name in block.inputs]

        def run_integers(part: slice) -> None:
            out[part] = step.run([x[part].astype(step.dtype) for x in sources])

        in_threads(run_integers, self.parts(CHUNK))
        self.tensors[block.name] = Tensor(real, out, lowered.blocks[0].format)
        index = self.graph.blocks.index(block)
        needed = {name for later in self.graph.blocks[index + 1 :] for name in later.inputs} | {block.name}
        self.tensors = {name: tensor for name, tensor in self.tensors.items() if name in needed}

    def signal_to_noise(self, name: str) -> float | None:
        """Mean square of a tensor's real values over that of its errors, in dB; None where either is zero."""
        signal = noise = 0.0
        for part in self.parts():
            signal += float(np.square(self.tensors[name].real[part], dtype=np.float64).sum())
            noise += float(np.square(self.tensors[name].error(part), dtype=np.float64).sum())
        return round(10 * float(np.log10(signal / noise)), 2) if signal and noise else None

    def _alone(self, block: Block, formats: BlockPlan) -> tuple[Graph, Plan]:
        names = tuple(dict.fromkeys(block.inputs))
        inputs = tuple(GraphInput(name, self.graph.shapes[name]) for name in names)
        given = {name: self.tensors[name].format for name in names}
        graph = Graph(self.graph.name, inputs, (block,), (block.name,))
        return graph, Plan("alone", "refine", given, {block.name: formats})


def _storage(interval: Interval) -> np.dtype[Any]:
    """The narrowest integer type; all samples of a tensor are in memory at once."""
    for dtype in (np.uint8, np.int8, np.uint16, np.int16, np.int32):
        info = np.iinfo(dtype)
        if info.min <= interval.lo and interval.hi <= info.max:
            return np.dtype(dtype)
    return np.dtype(np.int64)

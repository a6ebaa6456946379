"""Going through a network block by block, in reals and in integers beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.calibration import StatsBuilder, TensorStats
from hlsq.calibration.run import add_values
from hlsq.elementary import log
from hlsq.emulate.emulator import CHUNK
from hlsq.emulate.real import finish, linear
from hlsq.emulate.step import make_step
from hlsq.formats import Format
from hlsq.graph import Block, Graph, GraphInput
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add
from hlsq.graph.quantized import Interval
from hlsq.plan import BlockPlan, Plan
from hlsq.schemes.threads import in_threads

Floats32 = NDArray[np.float32]
BATCH = 64
NOISE_SAMPLES = 4 * BATCH
"""By whose values the noise of a tensor is told; it is for the plan's reader, and these are enough for two digits."""


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

    def dequantized(self, part: slice) -> Floats32:
        """Real values that the integers of some samples stand for."""
        values = self.integers[part].astype(np.float32)
        if self.format.offset:
            values -= np.float32(self.format.offset)
        values *= self.format.step.astype(np.float32)
        return values

    def error(self, part: slice) -> Floats32:
        """Real minus dequantised values of some samples."""
        return np.asarray(self.real[part] - self.dequantized(part))


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

    def linear(self, block: Block) -> Floats32:
        """Real output of ``block`` before scale and activation for all samples; ``step`` turns it into the output."""
        out = np.empty((self.samples, *self.graph.shapes[block.name]), dtype=np.float32)

        def run(part: slice) -> None:
            out[part] = linear(block, [self.tensors[name].real[part] for name in block.inputs])

        in_threads(run, self.parts())
        return out

    def linear_of_integers(self, block: Block, part: slice) -> Floats32:
        """The same for the dequantised inputs of some samples."""
        return linear(block, [self.tensors[name].dequantized(part) for name in block.inputs])

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

    @property
    def formats(self) -> dict[str, Format]:
        """Formats of the tensors that later blocks may need."""
        return {name: tensor.format for name, tensor in self.tensors.items()}

    def stats(self, block: Block, real: Floats32) -> TensorStats:
        """Statistics of the output of ``block``, for which ``linear`` gave ``real``.

        Raises:
            CalibrationError: a value is not finite; names block and samples.
        """
        builder = StatsBuilder()
        for part in self.parts():
            add_values(builder, block.name, finish(block, real[part]), part.start)
        return builder.finish()

    def step(self, block: Block, formats: BlockPlan, real: Floats32) -> None:
        """Run ``block`` in integers by its formats; forget tensors that nobody needs any more.

        Args:
            block: the next one.
            formats: its formats.
            real: what ``linear`` gave for it; becomes its real output.
        """

        def finish_real(part: slice) -> None:
            real[part] = finish(block, real[part])

        in_threads(finish_real, self.parts())
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
        """Mean square of the first samples' real values over that of their errors, in dB; None where either is zero."""
        tensor = self.tensors[name]
        powers = np.zeros((2, min(self.samples, NOISE_SAMPLES)))

        def measure(part: slice) -> None:
            for kind, values in enumerate((tensor.real[part], tensor.error(part))):
                flat = values.reshape(len(values), -1)
                np.square(flat, dtype=np.float64).sum(axis=1, out=powers[kind, part])

        in_threads(measure, (part for part in self.parts() if part.start < NOISE_SAMPLES))
        signal, noise = (float(power.sum()) for power in powers)
        return round(float(10 * log(signal / noise) / log(10.0)), 2) if signal and noise else None

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

"""Exact emulation of plans that differ from a base plan in some blocks: only what the difference reaches is computed.

Integers of a block depend on its own formats and on its inputs alone, so every block that no changed one feeds keeps
the integers it has under the base plan. Lowering a whole candidate takes far less than running a few samples through
it (ResNet-20: about 16 ms), so it is not done in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.emulator import CHUNK
from hlsq.emulate.exact import carrier
from hlsq.emulate.step import Step, make_step
from hlsq.emulate.threads import spread
from hlsq.formats import Format
from hlsq.graph import Graph, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import BlockPlan, Plan
from hlsq.search.cache import blocks_to_run, compact, reachable

Values = NDArray[Any]
Rows = NDArray[np.intp]
Errors = dict[str, float]
Allocate = Callable[[str, tuple[int, ...], np.dtype[Any]], Values]
"""Makes the array for a tensor from its name, its shape [samples, ...] and its type."""


@dataclass(frozen=True)
class Candidate:
    """One alternative to a base plan.

    Attributes:
        name: for messages and the state file; unique within a search.
        changes: formats of the blocks that differ, by name.
        inputs: formats of the network's inputs that differ, by name; the base must have their real values.
    """

    name: str
    changes: Mapping[str, BlockPlan]
    inputs: Mapping[str, Format] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Base:
    """A plan and the integers it gives on all evaluation samples.

    Attributes:
        graph: float network; batch norms folded where the plan says so.
        plan: the base plan.
        tensors: integers [samples, ...] of all inputs, all outputs and some blocks.
        reals: float32 values [samples, ...]: of the inputs whose format candidates change, and of the blocks whose
            deviation from the float network is measured.
    """

    graph: Graph
    plan: Plan
    tensors: Mapping[str, Values]
    reals: Mapping[str, Values] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """Number of evaluation samples."""
        return len(next(iter(self.tensors.values())))

    @cached_property
    def quantized(self) -> QuantizedGraph:
        """The base plan's integer network."""
        return quantize_graph(self.graph, self.plan)

    def with_changes(self, changes: Mapping[str, BlockPlan], inputs: Mapping[str, Format] | None = None) -> Plan:
        """The base plan with other formats for some blocks and inputs."""
        plan = self.plan
        return replace(plan, blocks={**plan.blocks, **changes}, inputs={**plan.inputs, **(inputs or {})})

    def changed(self, changes: Mapping[str, BlockPlan], inputs: Mapping[str, Format]) -> list[str]:
        """Names of the blocks and inputs whose formats really differ."""
        blocks = [name for name, formats in changes.items() if formats != self.plan.blocks[name]]
        return [*(name for name, fmt in inputs.items() if fmt != self.plan.inputs[name]), *blocks]

    def prepare(self, candidate: Candidate) -> Prepared:
        """Lower ``candidate`` and find out what has to be computed for it.

        Raises:
            PlanError, QuantizationError: formats that the network cannot have.
        """
        changed = self.changed(candidate.changes, candidate.inputs)
        network = quantize_graph(self.graph, self.with_changes(candidate.changes, candidate.inputs))
        behind = frozenset(reachable(self.graph, changed))
        held = set(self.tensors) - behind
        return Prepared(self, network, blocks_to_run(self.graph, self.graph.outputs, held), behind)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A plan that is ready to run on samples of a base.

    Attributes:
        base: the plan it differs from.
        quantized: its integer network.
        blocks: names of the blocks to compute; all others keep the base's integers.
        behind: names of the inputs and blocks whose integers may differ from the base's.
    """

    base: Base
    quantized: QuantizedGraph
    blocks: tuple[str, ...]
    behind: frozenset[str] = frozenset()

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """One prepared step for each block to compute."""
        return tuple(make_step(self.quantized, self.quantized.by_name[name]) for name in self.blocks)

    def evaluations(self, samples: int) -> int:
        """Block evaluations (one block on one sample) of a run on ``samples``."""
        return len(self.blocks) * samples

    def run(self, rows: Rows, threads: int | None = None) -> dict[str, NDArray[np.float32]]:
        """Real outputs of the network, name to [rows, ...], exactly those of a full emulation.

        Args:
            rows: indices of evaluation samples.
            threads: None for one per core.
        """
        return self.measure(rows, threads)[0]

    def measure(self, rows: Rows, threads: int | None = None) -> tuple[dict[str, NDArray[np.float32]], Errors]:
        """``run``, and by how much the network deviates from the float one.

        Returns:
            Real outputs, and for every input and block that may differ from the base's and whose real values the base
            has the sum of the squared differences between real and dequantised values over ``rows``.
        """
        network, tensors = self.quantized, self.base.tensors
        names = dict.fromkeys(network.outputs)
        found = {n: np.empty((len(rows), *network.shapes[n]), compact(network.intervals[n])) for n in names}
        errors = self.compute(rows, found, threads)
        for name in names:
            if name not in self.blocks:
                found[name] = tensors[name][rows]
        outputs = {n: network.formats[n].dequantize(found[n].astype(np.int64)).astype(np.float32) for n in names}
        return outputs, errors

    def compute(self, rows: Rows, into: Mapping[str, Values], threads: int | None = None) -> Errors:
        """Write the integers of computed blocks for ``rows`` into the arrays ``into``; errors as in ``measure``."""
        _ = self.steps

        def work(start: int) -> Errors:
            part = slice(start, start + CHUNK)
            return self._run_chunk(rows[part], part, into)

        starts = range(0, len(rows), CHUNK)
        with spread(len(starts), threads) as each:
            found = list(each(work, starts))
        # Summed in the order of the samples, so that the number of threads changes nothing.
        return {name: sum(errors[name] for errors in found) for name in (found[0] if found else ())}

    def _run_chunk(self, rows: Rows, part: slice, into: Mapping[str, Values]) -> Errors:
        errors: dict[str, float] = {}
        values: dict[str, Values] = {}
        intervals = self.quantized.intervals
        computed = set(self.blocks)
        chosen = consecutive(rows)
        for item in self.quantized.inputs:
            if item.name in self.behind:
                integers = item.format.quantize(self.base.reals[item.name][chosen])
                values[item.name] = integers.astype(carrier(intervals[item.name]))
                errors[item.name] = self._error(item.name, values[item.name], chosen)
        for step in self.steps:
            block = step.block.name
            for name in step.block.inputs:
                if name not in values:
                    assert name not in computed  # noqa: S101 - the order of blocks_to_run
                    values[name] = self.base.tensors[name][chosen].astype(carrier(intervals[name]))
            out = step.run([values[name] for name in step.block.inputs])
            if block in into:
                into[block][part] = out
            if block in self.behind and block in self.base.reals:
                errors[block] = self._error(block, out, chosen)
            values[block] = out
            for name in step.last_use_of:
                values.pop(name, None)
        return errors

    def _error(self, name: str, integers: Values, rows: Rows | slice) -> float:
        """Squared differences between the real values of a tensor and its ``integers``, summed."""
        fmt = self.quantized.formats[name]
        real = integers.astype(np.float32)
        if fmt.offset:
            real -= np.float32(fmt.offset)
        real *= fmt.step.astype(np.float32)
        real -= self.base.reals[name][rows]
        flat = real.reshape(-1)
        return float(np.square(flat, dtype=np.float64).sum())


def consecutive(rows: Rows) -> Rows | slice:
    """``rows`` as a slice where they follow each other, which spares a copy."""
    if len(rows) and int(rows[-1]) - int(rows[0]) == len(rows) - 1 and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows

"""The forward optimizer of FxP-QNet: fraction lengths layer by layer, from the input to the output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.emulator import CHUNK
from hlsq.emulate.real import run_block
from hlsq.emulate.step import Step, make_step
from hlsq.emulate.threads import spread
from hlsq.errors import PlanError, QuantizationError
from hlsq.formats import FixedPoint, Format
from hlsq.graph import Block, Graph, GraphInput
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import BlockPlan, Plan
from hlsq.progress import progress_bar
from hlsq.schemes.fxp.cost import Cost
from hlsq.schemes.fxp.fraction import INFINITE, best_fraction
from hlsq.schemes.fxp.references import References
from hlsq.schemes.fxp.structures import Structure, candidate, format_of, with_format
from hlsq.search.cache import compact, reachable

PARTS = 8
"""Into how many parts samples are divided: after each, a cost that has grown too large is given up."""
Values = NDArray[Any]


class ForwardOptimizer:
    """Section IV-C: Algorithm 1 for every data-structure, layers in order, in each weights, biases, then activations.

    While a layer is optimised, everything before it is in integers and everything behind it in floating point.

    Args:
        plan: initial formats.
        references: of the samples to judge on.
        inputs: those samples, name to [samples, ...].
        cost: of a format.
        reach: ``K`` of Algorithm 1.
    """

    def __init__(
        self, plan: Plan, references: References, inputs: Mapping[str, Values], cost: Cost, reach: int
    ) -> None:
        self.plan = plan
        self._references = references
        self._graph = references.structures.graph
        self._inputs = inputs
        self._cost = cost
        self._reach = reach
        self._tensors: dict[str, Values] = {}
        self._formats: dict[str, Format] = {}

    def run(self, known: Mapping[str, int], done: Callable[[str, int], None], progress: bool | None = None) -> Plan:
        """The plan with optimised fraction lengths.

        Args:
            known: fraction lengths by key that an earlier, interrupted run has found.
            done: is told key and fraction length of every data-structure.
            progress: True or False shows or hides the bar; None shows it on a terminal.
        """
        structures = self._references.structures.all
        with progress_bar(len(structures), "forward", "tensor", progress) as bar:
            for layer in range(len(self._graph.blocks) + 1):
                for structure in (s for s in structures if s.layer == layer):
                    fmt = format_of(self.plan, structure)
                    if structure.key in known:
                        frac = known[structure.key]
                    else:
                        frac = self._optimise(structure, fmt)
                        done(structure.key, frac)
                    self.plan = with_format(self.plan, structure, replace(fmt, frac=frac))
                    bar.update()
                self._settle(layer)
        return self.plan

    def _optimise(self, structure: Structure, fmt: FixedPoint) -> int:
        def cost(frac: int, bound: float) -> float:
            return self._loss(structure, replace(fmt, frac=frac), bound)

        return best_fraction(cost, int(fmt.frac), self._reach)[0]  # type: ignore[arg-type]

    def _loss(self, structure: Structure, fmt: FixedPoint, bound: float) -> float:
        total = self._cost.own(structure, fmt)
        if not self._cost.forwards or total >= bound:
            return total
        try:
            head = self._head(structure, fmt)
        except (PlanError, QuantizationError):
            return INFINITE
        samples = self._references.samples
        parts = min(PARTS, -(-samples // CHUNK))
        with spread(-(-samples // parts // CHUNK)) as each:
            for rows in np.array_split(np.arange(samples), parts):
                chunks = [rows[i : i + CHUNK] for i in range(0, len(rows), CHUNK)]
                for found in each(lambda part: self._chunk(structure, head, part), chunks):
                    total += found
                if total >= bound:
                    break
        return total

    def _head(self, structure: Structure, fmt: FixedPoint) -> Callable[[slice], Values]:
        """Computes the dequantised output of the structure's layer for a slice of samples."""
        if structure.layer == 0:
            return lambda part: fmt.fake_quantize(self._inputs[structure.name][part]).astype(np.float32)
        block = self._graph.blocks[structure.layer - 1]
        step, output = self._lower(block, candidate(self.plan, structure, fmt).changes[block.name])
        return lambda part: _reals(output, self._integers(step, block, part))

    def _chunk(self, structure: Structure, head: Callable[[slice], Values], rows: Values) -> float:
        """The samples' part of the cost."""
        part = slice(int(rows[0]), int(rows[-1]) + 1)
        values = {name: self._real(name, part) for name in self._tensors}
        values[structure.name] = head(part)
        if structure.layer == 0:
            for item in self._graph.inputs:
                values.setdefault(item.name, self._inputs[item.name][part].astype(np.float32))
        changed = reachable(self._graph, [structure.name])
        errors = {structure.name: self._error(structure.name, values[structure.name], part)}
        for block in self._graph.blocks[structure.layer :]:
            values[block.name] = run_block(block, [values[name] for name in block.inputs])
            if block.name in changed and block.name in self._references.reals:
                errors[block.name] = self._error(block.name, values[block.name], part)
        outputs = {name: values[name] for name in self._graph.outputs if name in values}
        return self._cost.of(outputs, errors, rows)

    def _error(self, name: str, values: Values, part: slice) -> float:
        flat = (values - self._references.reals[name][part]).reshape(-1)
        return float(np.square(flat, dtype=np.float64).sum())

    def _real(self, name: str, part: slice) -> Values:
        return _reals(self._formats[name], self._tensors[name][part])

    def _settle(self, layer: int) -> None:
        """Run a finished layer in integers on all samples, and forget tensors that nobody needs any more."""
        samples = self._references.samples
        if layer == 0:
            for name, fmt in self.plan.inputs.items():
                self._keep(name, fmt, fmt.quantize(self._inputs[name]))
        else:
            block = self._graph.blocks[layer - 1]
            step, fmt = self._lower(block, self.plan.blocks[block.name])
            out = np.empty((samples, *self._graph.shapes[block.name]), dtype=compact(step.block.interval))

            def work(part: slice) -> None:
                out[part] = self._integers(step, block, part)

            slices = _slices(samples)
            with spread(len(slices)) as each:
                list(each(work, slices))
            self._keep(block.name, fmt, out)
        needed = {name for block in self._graph.blocks[layer:] for name in block.inputs} | set(self._graph.outputs)
        self._tensors = {name: values for name, values in self._tensors.items() if name in needed}

    def _keep(self, name: str, fmt: Format, integers: Values) -> None:
        self._tensors[name], self._formats[name] = integers, fmt

    def _integers(self, step: Step, block: Block, part: slice) -> Values:
        return step.run([self._tensors[name][part].astype(step.dtype) for name in block.inputs])

    def _lower(self, block: Block, formats: BlockPlan) -> tuple[Step, Format]:
        names = tuple(dict.fromkeys(block.inputs))
        inputs = tuple(GraphInput(name, self._graph.shapes[name]) for name in names)
        given = {name: self._formats[name] for name in names}
        graph = Graph(self._graph.name, inputs, (block,), (block.name,))
        network = quantize_graph(graph, Plan("alone", "refine", given, {block.name: formats}))
        return make_step(network, network.blocks[0]), network.blocks[0].format


def _reals(fmt: Format, integers: Values) -> NDArray[np.float32]:
    """Real values of ``integers`` in single precision, which is as exact as the float network behind them."""
    values = integers.astype(np.float32)
    if fmt.offset:
        values -= np.float32(fmt.offset)
    values *= fmt.step.astype(np.float32)
    return values


def _slices(samples: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, samples)) for start in range(0, samples, CHUNK)]

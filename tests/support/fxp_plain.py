"""FxP-QNet's cost and Algorithms 1 and 2 written down plainly: every candidate is emulated in full.

Nothing is kept but the results themselves, for those who ask for the same plan again.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from searching import chain

from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import iterate_blocks
from hlsq.errors import HlsqError
from hlsq.formats import FixedPoint
from hlsq.graph import ChannelScale, Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import Plan
from hlsq.schemes.fxp.structures import Structure, Structures, format_of, with_format

ORDER = ("weight", "activation", "bias", "scale", "shift")


def refined(depth: int, seed: int, residual: bool = False) -> Graph:
    """``chain`` with a batch norm behind every other convolution, in place of its bias."""
    graph = chain(depth, seed, residual)
    rng = np.random.default_rng(seed)
    blocks = []
    for index, block in enumerate(graph.blocks):
        if block.name.startswith("conv") and index % 2 == 0:
            assert block.bias is not None
            assert block.kernel is not None
            gain = rng.uniform(0.5, 2, block.bias.size)
            block = replace(block, kernel=block.kernel / gain, bias=None, scale=ChannelScale(gain, block.bias))
        blocks.append(block)
    return replace(graph, blocks=tuple(blocks))


@dataclass
class Plain:
    """The float network on calibration and evaluation samples, and what a plan makes of them."""

    graph: Graph
    calibration: NDArray[Any]
    samples: NDArray[Any]
    labels: NDArray[Any]
    known_costs: dict[Hashable, float] = field(default_factory=dict)
    known_logits: dict[Hashable, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.structures = Structures(self.graph)
        x = {"image": self.calibration.astype(np.float32)}
        self.reals = {name: values.astype(np.float64) for name, values in iterate_blocks(self.graph, x)}
        real = {"image": self.samples.astype(np.float32)}
        outputs = dict(iterate_blocks(self.graph, real))[self.graph.outputs[0]]
        self.outputs = outputs.astype(np.float64)
        self.reference = float((outputs.argmax(axis=1) == self.labels).mean())
        self.layers = ["image", *(b.name for b in self.graph.blocks)]
        self.importances = {s.key: self.importance(s) for s in self.all_structures()}

    def values(self, structure: Structure) -> NDArray[np.float64]:
        return self.reals[structure.name] if structure.kind == "activation" else self.structures.values(structure)

    def all_structures(self) -> list[Structure]:
        """With the network's output, whose activation has no format."""
        last = self.graph.outputs[0]
        size = int(np.prod(self.graph.shapes[last]))
        return [*self.structures.all, Structure("activation", last, self.layers.index(last), size, True)]

    def importance(self, structure: Structure) -> float:
        """pi over R (eq. 15, 16, 18)."""

        def impact(s: Structure) -> float:
            values = self.values(s)
            spread = np.mean([x.std() for x in values]) if s.kind == "activation" else values.std()
            return float(spread) * s.size

        total = sum(impact(s) for s in self.all_structures() if s.name == structure.name) or 1.0
        values = self.values(structure)
        extent = float(values.max() - values.min()) or abs(float(values.max())) or 1.0
        return impact(structure) / total / extent

    def cost(self, plan: Plan, layer: int) -> float:
        """F of eq. 21 for a data-structure of ``layer``."""
        key = (formats(plan), layer)
        if key not in self.known_costs:
            self.known_costs[key] = self._cost(plan, layer)
        return self.known_costs[key]

    def _cost(self, plan: Plan, layer: int) -> float:
        network = quantize_graph(self.graph, plan)
        blocks = Emulator(network).run(self.calibration, trace=True).blocks
        error = 0.0
        for s in self.all_structures():
            if s.layer < layer:
                continue
            if s.kind == "activation":
                real = network.formats[s.name].dequantize(blocks[s.name].astype(np.int64))
                square = np.square(real - self.values(s)).reshape(len(real), -1).sum(axis=1).mean()
            else:
                values = self.values(s)
                square = np.square(format_of(plan, s).fake_quantize(values) - values).sum()
            error += self.importances[s.key] * float(square)
        last = self.graph.outputs[0]
        logits = network.formats[last].dequantize(blocks[last].astype(np.int64))
        ties = [int((row == row.max()).sum()) - 1 for row in logits]
        count = len(logits)
        return error + sum(t > 0 for t in ties) / count + sum(ties) / count / logits.shape[1]

    def drop(self, plan: Plan) -> float:
        return self.reference - float((self.logits(plan).argmax(axis=1) == self.labels).mean())

    def deviation(self, plan: Plan) -> float:
        """Kullback-Leibler divergence of the classes' probabilities from the float network's."""
        wanted, found = softmax(self.outputs), softmax(self.logits(plan))
        return float((wanted * np.log(wanted / found)).sum())

    def standard_error(self, plan: Plan) -> float:
        """Of the drop: samples that are right for one network and wrong for the other."""
        lost, won = 0, 0
        for real, found, label in zip(self.outputs, self.logits(plan), self.labels, strict=True):
            lost += real.argmax() == label and found.argmax() != label
            won += real.argmax() != label and found.argmax() == label
        n = len(self.labels)
        return float(np.sqrt((lost + won) / n - ((lost - won) / n) ** 2) / np.sqrt(n))

    def logits(self, plan: Plan) -> NDArray[np.float64]:
        key = formats(plan)
        if key not in self.known_logits:
            self.known_logits[key] = self._logits(plan)
        return self.known_logits[key]

    def _logits(self, plan: Plan) -> NDArray[np.float64]:
        network = quantize_graph(self.graph, plan)
        last = self.graph.outputs[0]
        integers = Emulator(network).run(self.samples).outputs[last]
        return network.formats[last].dequantize(integers.astype(np.int64))

    def optimise(self, plan: Plan, s: Structure, fmt: FixedPoint, reach: int) -> FixedPoint | None:
        """Algorithm 1."""

        def cost(frac: int) -> float:
            try:
                return self.cost(with_format(plan, s, replace(fmt, frac=frac)), s.layer)
            except HlsqError:
                return float("inf")

        assert isinstance(fmt.frac, int)
        best, least = fmt.frac, cost(fmt.frac)
        for i in (-1, 1):
            k, j = 1, 0
            while k <= reach + j:
                now = cost(fmt.frac + i * k)
                if now < least:
                    best, least, j = fmt.frac + i * k, now, j + 1
                k += 1
        return None if least == float("inf") else replace(fmt, frac=best)


def formats(plan: Plan) -> Hashable:
    """All that decides what a plan computes."""
    return plan.batch_norm, tuple(plan.inputs.items()), tuple(plan.blocks.items())


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def algorithm_2(
    plain: Plain, plan: Plan, max_drop: float, reach: int, stages: int = 1, rank: str = "metric", reserve: float = 0.0
) -> tuple[Plan, list[tuple[str, int]]]:
    """Algorithm 2, with each step of the allowed drop in turn; the reductions (data-structure, bits) in order."""
    taken: list[tuple[str, int]] = []
    for stage in range(1, stages + 1):
        plan, more = _episodes(plain, plan, max_drop, stage / stages, reach, stage == 1, rank, reserve)
        taken += more
    return plan, taken


def _episodes(
    plain: Plain, plan: Plan, max_drop: float, part: float, reach: int, first: bool, rank: str, reserve: float
) -> tuple[Plan, list[tuple[str, int]]]:
    groups: dict[int, list[list[Structure]]] = {}
    for level in (1, 2):
        inside = [s for s in plain.structures.all if s.computes == (level == 1)]
        groups[level] = [[s for s in inside if s.size == n] for n in sorted({s.size for s in inside}, reverse=True)]
    totals = {s.kind: sum(o.size for o in plain.structures.all if o.kind == s.kind) for s in plain.structures.all}
    taken: list[tuple[str, int]] = []
    drop = plain.drop(plan)
    visit = {1: True, 2: True}
    t = 1
    while True:
        visit[t] = False
        for members in groups[t]:
            while True:
                found: list[tuple[Any, ...]] = []
                whole = (max_drop - reserve * plain.standard_error(plan)) * part
                for climb in (False, True):
                    for s in members:
                        now = format_of(plan, s)
                        low, high = (2, 2) if climb else (1, 1) if now.width <= 8 else (1, now.width - 1)
                        solution = None
                        while low <= high:
                            bits = int(np.ceil((low + high) / 2))
                            share = whole * (min(bits * s.size / totals[s.kind], 1) if first else 1)
                            limit = share if t == 1 else max(drop, 0.0)
                            valid = None
                            if bits < now.width:
                                shorter = replace(now, width=now.width - bits, frac=now.frac - bits)  # type: ignore
                                fmt = plain.optimise(plan, s, shorter, reach)
                                if fmt is not None:
                                    tried = with_format(plan, s, fmt)
                                    loss = plain.drop(tried)
                                    if loss <= limit + 1e-9:
                                        far = plain.deviation(tried) if rank == "deviation" else 0.0
                                        valid = (-bits, far, loss, -s.layer, ORDER.index(s.kind), s, fmt)
                            if valid:
                                solution, low = valid, bits + 1
                            else:
                                high = bits - 1
                        if solution:
                            found.append(solution)
                    if found:
                        break
                if not found:
                    break
                bits, _, drop, _, _, s, fmt = min(found, key=lambda f: f[:5])
                plan = with_format(plan, s, fmt)
                taken.append((s.key, -bits))
                visit = {1: True, 2: True}
        if not visit[t]:
            t = 3 - t
        first = False
        if not visit[t]:
            return plan, taken

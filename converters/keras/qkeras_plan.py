"""From the blocks of a QKeras model to its graph and plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from hlsq.converters.keras.draft import Draft, Node
from hlsq.converters.keras.qkeras_exact import settle
from hlsq.errors import UnsupportedLayerError
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.graph import Activation, Graph, Interval
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.graph.ops import Concatenate
from hlsq.plan import BlockPlan, Plan

NORMS = ("BatchNormalization", "QBatchNormalization")
BATCH_NORM_BITS = 16
EXACT_BITS = 32
"""Widest unquantised tensor that is passed on exactly."""
MULTIPLIED_BITS = 16
"""The same where weights multiply it."""
QUANTISE = "a QActivation behind it, so that the tensor has a format"


def make_plan(draft: Draft, inputs: Mapping[str, Format]) -> tuple[Graph, Plan]:
    """The graph of ``draft`` and the plan of its quantizers.

    Raises:
        UnsupportedLayerError: weights without a quantizer, or an unquantised tensor that another layer reads.
    """
    planner = _Planner(draft, dict(inputs))
    for node in draft.nodes:
        planner.add(node)
    graph = planner.graph(draft.nodes, draft.outputs)
    info = {"float_biases": planner.float_biases, "exact_outputs": planner.exact_outputs}
    plan = Plan(
        scheme="qkeras",
        batch_norm="refine",
        inputs=planner.inputs,
        blocks=planner.blocks,
        info={key: names for key, names in info.items() if names},
    )
    return graph, settle(graph, plan)


@dataclass
class _Planner:
    draft: Draft
    inputs: dict[str, Format]
    blocks: dict[str, BlockPlan] = field(default_factory=dict)
    tensors: dict[str, Format | None] = field(default_factory=dict)
    float_biases: list[str] = field(default_factory=list)
    exact_outputs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tensors |= self.inputs

    def graph(self, nodes: tuple[Node, ...], outputs: tuple[str, ...]) -> Graph:
        return Graph(
            name=self.draft.name,
            inputs=self.draft.inputs,
            blocks=tuple(node.block for node in nodes),
            outputs=outputs,
            host={node.name: node.host for node in nodes if node.host is not None},
        )

    def add(self, node: Node) -> None:
        """Plan one block; those before it are planned."""
        if not node.block.op.accumulates:
            self.tensors[node.name] = self.tensors[node.block.inputs[0]]
            self.blocks[node.name] = BlockPlan()
            return
        if node.block.bias is not None and "bias" not in node.quantizers and node.kind not in NORMS:
            self.float_biases.append(node.name)
        given = node.quantizers
        formats = BlockPlan(weight=_weight_format(node), bias=given.get("bias"), scale=given.get("scale"))
        output = node.quantizers.get("output")
        if output is None and isinstance(node.block.op, Concatenate):
            output = self._concatenated(node)
        elif output is None and (node.name in self.draft.readers or not node.block.activation.is_linear):
            self.blocks[node.name] = formats
            output = self._exact(node)
            self.exact_outputs.append(node.name)
        self.blocks[node.name] = replace(formats, output=output)
        self.tensors[node.name] = output

    def _multiplied_by(self, name: str) -> str | None:
        """A layer that multiplies the tensor ``name`` by weights, past operations that move values only."""
        for reader in self.draft.readers.get(name, ()):
            found = reader.block.layers[0] if reader.block.kernel is not None else None
            if not reader.block.op.accumulates:
                found = self._multiplied_by(reader.name)
            if found is not None:
                return found
        return None

    def _exact(self, node: Node) -> Format:
        """A format for everything that the accumulator of ``node`` can hold.

        Sums and means of quantised tensors are narrow enough to be multiplied by weights, sums of products are not,
        unless one layer asks for it (a separable convolution).
        """
        reader = self._multiplied_by(node.name)
        inside = reader is not None and reader == node.block.layers[-1]  # between the two parts of one layer
        if reader is not None and node.block.kernel is not None and not inside:
            raise _unquantised(node, f"its output is not quantised, but layer {reader!r} reads it")
        nodes = self.draft.nodes[: 1 + [n.name for n in self.draft.nodes].index(node.name)]
        raw = replace(node, block=replace(node.block, activation=Activation()))
        graph = self.graph((*nodes[:-1], raw), (node.name,))
        known = {n.name: self.blocks[n.name] for n in nodes}
        fmt = quantize_graph(graph, Plan("qkeras", "refine", self.inputs, known)).by_name[node.name].format
        if fmt.channels is not None:
            raise _unquantised(node, "its output is not quantised and has another scale in every channel")
        if fmt.bits > (EXACT_BITS if reader is None or inside else MULTIPLIED_BITS):
            raise _unquantised(node, f"its output, values of {fmt.bits} bits, is not quantised")
        return _with_activation(node, fmt)

    def _concatenated(self, node: Node) -> Format:
        """The format that holds the values of all inputs of a concatenation."""
        formats = [self.tensors[name] for name in node.block.inputs]
        known = [fmt for fmt in formats if fmt is not None]
        if len(set(known)) == 1:
            return known[0]
        parts = [_as_steps(fmt) for fmt in known]
        if len(parts) != len(formats) or any(part is None for part in parts):
            raise UnsupportedLayerError(
                node.block.layers[0],
                node.kind,
                f"its inputs have the formats {', '.join(map(str, known))}, which no fixed-point format can hold",
                "inputs with power-of-two steps, or the same quantizer for all of them",
            )
        frac = max(part[0] for part in parts if part is not None)
        whole = Interval(0, 0)
        for part in parts:
            if part is not None:
                shift = frac - part[0]
                whole = whole.union(Interval(part[1].lo << shift, part[1].hi << shift))
        return FixedPoint(max(whole.width, 1 + whole.signed), frac, signed=whole.signed)


def _with_activation(node: Node, fmt: Format) -> Format:
    """``fmt``, which holds the sums of ``node`` exactly, made to hold what its activation makes of them."""
    activation = node.block.activation
    mantissa, exponent = np.frexp(float(fmt.step))
    bounds = [bound for bound in (activation.max_value, activation.min_value) if bound is not None]
    if mantissa != 0.5:
        if bounds or activation.negative_shift is not None:
            raise _unquantised(
                node, f"its output, {activation} of values in steps of {float(fmt.step):g}, is not quantised"
            )
        return fmt
    finer = activation.negative_shift or 0
    made = FixedPoint(fmt.bits + finer, 1 - int(exponent) + finer)
    if any(made.fake_quantize(bound) != min(bound, float(made.range()[1])) for bound in bounds):
        raise _unquantised(node, f"its output is not quantised, and a bound of {activation} is no multiple of its step")
    return made


def _unquantised(node: Node, problem: str) -> UnsupportedLayerError:
    return node.refuse(problem, QUANTISE, layer=node.block.layers[-1])


def _weight_format(node: Node) -> Format | None:
    """The format of the block's weights."""
    kernel = node.block.kernel
    if kernel is None or "kernel" in node.quantizers:
        return node.quantizers.get("kernel")
    if node.kind not in NORMS:
        raise node.refuse(
            "its weights have no quantizer, in a model of QKeras layers",
            f"Q{node.kind} with a kernel_quantizer; or convert a float model, quantised with a scheme",
        )
    # A batch norm on its own: every channel's factor gets its own exponent, as in a refined one.
    exponents = np.frexp(np.where(kernel == 0, 1.0, kernel).reshape(-1))[1]
    return FixedPoint(BATCH_NORM_BITS, tuple((BATCH_NORM_BITS - 1 - exponents).tolist()))


def _as_steps(fmt: Format) -> tuple[int, Interval] | None:
    """Fraction length and integers of a format whose step is a power of two, else None."""
    if isinstance(fmt, FixedPoint | PowerOfTwo | Affine) and fmt.channels is None and not fmt.offset:
        mantissa, exponent = np.frexp(float(fmt.step))
        if mantissa == 0.5:
            return 1 - int(exponent), Interval(fmt.qmin, fmt.qmax)
    return None

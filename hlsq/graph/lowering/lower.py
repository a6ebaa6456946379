"""``quantize_graph``: every float block becomes integers in the formats of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import GraphError, PlanError, QuantizationError
from hlsq.formats import Affine, Format
from hlsq.graph.block import Block
from hlsq.graph.graph import Graph
from hlsq.graph.lowering.accumulate import add_bias, checked_output, checked_step, scale_bounds, sum_bounds
from hlsq.graph.lowering.alignment import align
from hlsq.graph.lowering.parameters import (
    Accumulator,
    integer_reciprocal,
    integer_scale,
    integer_weights,
    place_bias,
    plain_scale,
    scale_bits,
)
from hlsq.graph.lowering.requant import make_requant, output_interval
from hlsq.graph.ops import Add, AveragePool2D, Concatenate, ZeroPad2D
from hlsq.graph.ops.pool2d import average_weights
from hlsq.graph.quantized import (
    Interval,
    QBlock,
    QInput,
    QuantizedGraph,
    QWeights,
    Requant,
)
from hlsq.plan import BlockPlan, Plan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def quantize_graph(graph: Graph, plan: Plan) -> QuantizedGraph:
    """Quantise ``graph`` with the formats of ``plan``.

    Args:
        graph: float blocks; batch norms refined (they are folded here if the plan says so).
        plan: a format for every tensor.

    Returns:
        The integer network.

    Raises:
        GraphError: an output that is an input, or is there twice.
        PlanError: the plan and the network do not fit (missing or unknown block, format that is not possible there).
        QuantizationError: an accumulator beyond 62 bits or a requantisation out of range; names the layer.
    """
    if plan.batch_norm == "fold":
        graph = graph.fold_batch_norm()
    _check_outputs(graph)
    _check_names(graph, plan)
    lowering = _Lowering(graph, plan)
    for item in graph.inputs:
        fmt = plan.inputs[item.name]
        _check_activation_format(f"input {item.name!r}", fmt)
        lowering.tensors[item.name] = _Tensor(fmt, Interval(fmt.qmin, fmt.qmax))
    blocks = []
    for block in graph.blocks:
        with np.errstate(over="ignore", under="ignore"):  # what overflows is refused
            lowered = lowering.block(block, plan.blocks[block.name])
        lowering.tensors[block.name] = _Tensor(lowered.format, lowered.interval)
        blocks.append(lowered)
        if block.name in graph.outputs:
            checked_output(block.name, lowered.interval, lowered.format)
    return QuantizedGraph(
        name=graph.name,
        inputs=tuple(QInput(i.name, tuple(i.shape), plan.inputs[i.name]) for i in graph.inputs),
        blocks=tuple(blocks),
        outputs=graph.outputs,
        host=dict(graph.host),
    )


@dataclass(frozen=True)
class _Tensor:
    """What a consumer needs to know of an input."""

    format: Format
    interval: Interval

    @property
    def deviation(self) -> Interval:
        """Integers of ``a - zero_point``, with the 0 of padding."""
        return Interval(self.interval.lo - self.format.offset, self.interval.hi - self.format.offset).with_zero()


@dataclass
class _Lowering:
    graph: Graph
    plan: Plan
    tensors: dict[str, _Tensor] = field(default_factory=dict)

    def block(self, block: Block, formats: BlockPlan) -> QBlock:
        inputs = [self.tensors[name] for name in block.inputs]
        _check_effect(block, formats)
        if not block.op.accumulates:
            return self._passing(block, formats, inputs[0])
        if formats.output is None:
            self._check_final(block)
        else:
            _check_activation_format(f"output of block {block.name!r}", formats.output)
        if isinstance(block.op, Concatenate):
            return self._concatenate(block, formats, inputs)
        return self._accumulating(block, formats, inputs)

    def _passing(self, block: Block, formats: BlockPlan, source: _Tensor) -> QBlock:
        """An operation that keeps its input's format."""
        if not block.activation.is_linear or block.bias is not None or block.scale is not None:
            raise QuantizationError(
                f"layer {block.name!r} ({block.op.kind}) keeps its input's format and so can have no bias, scale or "
                "activation; put them into a block of their own"
            )
        if formats.output is not None and formats.output != source.format:
            raise PlanError(
                f"block {block.name!r} ({block.op.kind}) keeps its input's format {source.format}; the plan asks for "
                f"{formats.output}: leave its output out of the plan"
            )
        interval = source.interval
        if isinstance(block.op, ZeroPad2D):
            if source.format.levels is not None and source.format.offset not in source.format.levels:
                raise PlanError(f"block {block.name!r} pads with zeros, which its format {source.format} cannot hold")
            interval = interval.union(Interval(source.format.offset, source.format.offset))
        return QBlock(
            name=block.name,
            op=block.op,
            inputs=block.inputs,
            shape=self.graph.shapes[block.name],
            format=source.format,
            interval=interval,
            accumulator=interval,
            scaled=interval,
            layers=block.layers,
        )

    def _concatenate(self, block: Block, formats: BlockPlan, inputs: list[_Tensor]) -> QBlock:
        output = formats.output or inputs[0].format
        if block.bias is not None or block.scale is not None:
            raise QuantizationError(f"layer {block.name!r} (concatenate) can have no bias or scale of its own")
        requants: list[Requant | None] = []
        intervals = []
        for source in inputs:
            if source.format == output and block.activation.is_linear:
                requants.append(None)
                intervals.append(source.interval)
                continue
            requant = make_requant(block.name, source.format.step, output, block.activation, source.deviation)
            requants.append(requant)
            intervals.append(output_interval(requant, source.deviation, 1))
        interval = intervals[0]
        deviation = inputs[0].deviation
        for other, source in zip(intervals[1:], inputs[1:], strict=True):
            interval = interval.union(other)
            deviation = deviation.union(source.deviation)
        return QBlock(
            name=block.name,
            op=block.op,
            inputs=block.inputs,
            shape=self.graph.shapes[block.name],
            format=output,
            interval=interval,
            accumulator=deviation,
            scaled=deviation,
            input_requants=tuple(requants),
            activation=str(block.activation),
            layers=block.layers,
        )

    def _accumulating(self, block: Block, formats: BlockPlan, inputs: list[_Tensor]) -> QBlock:
        shape = self.graph.shapes[block.name]
        acc = self._accumulator(block, formats, inputs)
        acc, bias = place_bias(block, formats, acc, shape[-1])
        bounds, accumulator = add_bias(block.name, acc.bounds, bias)
        scale, scale_real = None, acc.scale
        scaled = accumulator
        if block.scale is not None:
            scale, scale_real = integer_scale(block, formats, acc.scale, bounds)
        elif isinstance(block.op, AveragePool2D) and formats.scale is not None:
            divisor = average_weights(block.op, self.graph.shapes[block.inputs[0]]).divisor
            scale, scale_real = integer_reciprocal(block, formats, acc, divisor)
        if scale is not None:
            checked_step(block.name, scale_real)
            bounds, scaled = scale_bounds(block.name, bounds, scale)
        requant: Requant | None = None
        if formats.output is None:
            if not block.activation.is_linear:
                raise PlanError(
                    f"block {block.name!r} ends in {block.activation}; the plan must give its output a format, "
                    "because an activation acts in the requantisation"
                )
            fmt: Format = Affine(width=scaled.width + (not scaled.signed), scale=plain_scale(scale_real))
            interval = bounds.interval
        else:
            fmt = formats.output
            requant = make_requant(block.name, scale_real, fmt, block.activation, scaled)
            interval = output_interval(requant, bounds.interval, shape[-1])
        return QBlock(
            name=block.name,
            op=block.op,
            inputs=block.inputs,
            shape=shape,
            format=fmt,
            interval=interval,
            accumulator=accumulator,
            scaled=scaled,
            weights=acc.weights,
            bias=bias,
            product_shift=acc.product_shift,
            input_multipliers=acc.multipliers,
            scale=scale,
            requant=requant,
            activation=str(block.activation),
            layers=block.layers,
        )

    def _accumulator(self, block: Block, formats: BlockPlan, inputs: list[_Tensor]) -> Accumulator:
        step = inputs[0].format.step
        source = self.graph.shapes[block.inputs[0]]
        weights: QWeights | None = None
        multipliers: tuple[int, ...] = ()
        if block.kernel is not None:
            weights = integer_weights(block, formats)
            step = np.asarray(step * weights.format.step)
        elif isinstance(block.op, Add):
            steps, deviations = [t.format.step for t in inputs], [t.deviation for t in inputs]
            step, multipliers = align(block.name, steps, deviations, formats.output, scale_bits(block, formats))
        elif isinstance(block.op, AveragePool2D):
            step = np.asarray(step / average_weights(block.op, source).divisor)
        checked_step(block.name, step)
        bounds = sum_bounds(
            block.name,
            block.op,
            None if weights is None else weights.values,
            multipliers,
            [t.deviation for t in inputs],
            source,
            self.graph.shapes[block.name][-1],
        )
        return Accumulator(step, bounds, weights, multipliers)

    def _check_final(self, block: Block) -> None:
        if readers := self.graph.consumers(block.name):
            raise PlanError(
                f"block {block.name!r} feeds {readers[0].name!r}; the plan must give its output a format "
                "(only a last block can stay a raw accumulator)"
            )


def _check_outputs(graph: Graph) -> None:
    if passed := [i.name for i in graph.inputs if i.name in graph.outputs]:
        raise GraphError(
            f"network {graph.name!r}: its input {passed[0]!r} is also an output, which hardware need not hand back; "
            "leave it out of the model's outputs"
        )
    if twice := [o for o in graph.outputs if graph.outputs.count(o) > 1]:
        raise GraphError(f"network {graph.name!r}: {twice[0]!r} is an output more than once; name it once")


def _check_names(graph: Graph, plan: Plan) -> None:
    for what, wanted, given in (
        ("input", {i.name for i in graph.inputs}, set(plan.inputs)),
        ("block", {b.name for b in graph.blocks}, set(plan.blocks)),
    ):
        if missing := sorted(wanted - given):
            raise PlanError(f"the plan has no format for {what} {missing[0]!r} of network {graph.name!r}")
        if extra := sorted(given - wanted):
            raise PlanError(
                f"the plan has the {what} {extra[0]!r}, which network {graph.name!r} does not have; "
                f"its {what}s: {', '.join(sorted(wanted))}"
            )


def _check_effect(block: Block, formats: BlockPlan) -> None:
    """Refuse what the plan gives to a block that has no such thing."""
    given = [name for name in BlockPlan.__dataclass_fields__ if getattr(formats, name) is not None]
    what = f"block {block.name!r} ({block.op.kind})"
    if block.kernel is None and (found := [name for name in ("weight", "first_level", "values") if name in given]):
        raise PlanError(f"{what} has no weights, but the plan gives it {found[0]}; leave that out")
    passing = not block.op.accumulates or isinstance(block.op, Concatenate)
    if passing and (others := [name for name in given if name != "output"]):
        raise PlanError(f"{what} has no accumulator, but the plan gives it {others[0]}; leave that out")
    if block.bias is None and formats.bias is not None and formats.bias_values is None:
        raise PlanError(f"{what} has no bias, but the plan gives it a format; leave that out")


def _check_activation_format(where: str, fmt: Format) -> None:
    if fmt.channels is not None:
        raise PlanError(f"{where}: {fmt} is per channel; activations need one scale for the whole tensor")

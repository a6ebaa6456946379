"""Fixed point of any width for weights and activations (He et al.)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from hlsq.calibration import Target, fixed_target
from hlsq.calibration.run import Calibration
from hlsq.errors import OptionError
from hlsq.formats import FixedPoint, Rounding
from hlsq.graph import Block, Graph
from hlsq.plan import BlockPlan, Plan
from hlsq.schemes.activations import input_formats, output_format
from hlsq.schemes.base import Scheme, is_whole
from hlsq.schemes.weights import fixed_point

MAX_WIDTH = 16
MAX_BIAS_WIDTH = 32

Widths = tuple[int | None, int | None]


@dataclass(frozen=True, kw_only=True)
class Fixed(Scheme):
    """Fixed point with a fraction length per tensor (He et al. eq. 1-3), so that every requantisation is a shift.

    Batch norm and quantisation are folded into the weights (eq. 7-9) by default. The last layer returns its
    accumulator.

    Args:
        weight_width: bits of the weights, 1 to 16; a single bit stores signs, whose magnitude is the power of two
            nearest to the mean magnitude (FxP-QNet eq. 13).
        activation_width: bits of inputs and outputs, 1 to 16; a single bit stores the signs of a tensor that goes
            negative, which then has no zero and cannot feed a zero padding of its own.
        widths: other widths for single tensors, by name of block or input: ``{"conv1": (4, 6)}`` is a weight of 4 and
            an output of 6 bits; None in either place keeps the general width. The output width of a last block, which
            returns its accumulator, and of an operation that keeps its input's format has no effect.
        bias_width: None leaves biases exact to the last bit of the accumulator (eq. 3 has them in full precision); a
            width from 2 to 32 gives them a fixed-point format of their own.
        weight_range: ``"mse"`` searches the weights' fraction length with the smallest squared error, ``"minmax"``
            takes the fewest integer bits that hold the largest weight (eq. 1).
        per_channel: one fraction length of the weights per output channel instead of one per layer.
        unsigned: tensors that are never negative have no sign bit and so one bit more of magnitude; False gives every
            tensor a sign, as eq. 1 does.
        rounding: ``"half_up"``, as the paper's adder rounds, or ``"half_even"``.
        calibration_method: as for every scheme; by default the range of smallest squared error.
        calibration_options: as for every scheme.
        batch_norm: as for every scheme.
        batch_size: as for every scheme.
    """

    name: ClassVar[str] = "fixed"

    weight_width: int = 8
    activation_width: int = 8
    widths: Mapping[str, Widths] = field(default_factory=dict)
    bias_width: int | None = None
    weight_range: Literal["mse", "minmax"] = "mse"
    per_channel: bool = False
    unsigned: bool = True
    rounding: Rounding | str = Rounding.HALF_UP
    calibration_method: str = "mse"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._whole("weight_width", 1, MAX_WIDTH)
        self._whole("activation_width", 1, MAX_WIDTH)
        self._whole("bias_width", 2, MAX_BIAS_WIDTH, optional=True)
        self._choice("weight_range", ("mse", "minmax"))
        self._flag("per_channel")
        self._flag("unsigned")
        self._choice("rounding", tuple(str(r) for r in Rounding))
        object.__setattr__(self, "rounding", Rounding(self.rounding))
        if not isinstance(self.widths, Mapping):
            raise self._wrong("widths", "a dict of name to (weight width, output width)")
        for name, pair in self.widths.items():
            if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and all(map(_is_width, pair))):
                raise OptionError(
                    f"scheme 'fixed': widths[{name!r}] is {pair!r}; allowed: (weight width, output width), each a "
                    f"whole number from 1 to {MAX_WIDTH} or None"
                )

    def check(self, graph: Graph) -> None:
        """Refuse widths of tensors that ``graph`` does not have."""
        known = [i.name for i in graph.inputs] + [b.name for b in graph.blocks]
        for name, (weight, _) in self.widths.items():
            if name not in known:
                raise OptionError.unknown("scheme 'fixed', name in widths", name, known)
            if weight is not None and (name not in graph.by_name or graph.by_name[name].kernel is None):
                raise OptionError(
                    f"scheme 'fixed': widths[{name!r}] gives a weight width of {weight}, but {name!r} has no weights; "
                    f"use (None, output width)"
                )

    def plan(self, graph: Graph, calibration: Calibration) -> Plan:
        """Fixed-point formats for every tensor."""
        source = graph.fold_batch_norm() if self.batch_norm == "fold" else graph
        blocks = {}
        for block in source.blocks:
            blocks[block.name] = BlockPlan(
                weight=self._weight(block),
                bias=self._bias(block),
                output=output_format(self, graph, calibration, block, self._target(block.name)),
            )
        return Plan(
            scheme=self.name,
            batch_norm=self.batch_norm,
            inputs=input_formats(self, graph, calibration, self._target),
            blocks=blocks,
            options=self.options(),
            info=self.info(calibration),
        )

    def options(self) -> dict[str, Any]:
        """All options and their values."""
        widths = {name: list(pair) for name, pair in self.widths.items()}
        return {**super().options(), "rounding": str(self.rounding), "widths": widths}

    def _target(self, name: str) -> Target:
        width = self.widths.get(name, (None, None))[1] or self.activation_width
        return fixed_target(width, Rounding(self.rounding), self.unsigned)

    def _weight(self, block: Block) -> FixedPoint | None:
        if block.kernel is None:
            return None
        width = self.widths.get(block.name, (None, None))[0] or self.weight_width
        return fixed_point(block.kernel, width, self.weight_range, self.per_channel, Rounding(self.rounding))

    def _bias(self, block: Block) -> FixedPoint | None:
        if block.bias is None or self.bias_width is None:
            return None
        return fixed_point(block.bias, self.bias_width, self.weight_range, False, Rounding(self.rounding))


def _is_width(value: Any) -> bool:
    return value is None or is_whole(value, 1, MAX_WIDTH)

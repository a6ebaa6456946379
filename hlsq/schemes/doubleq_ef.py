"""DoubleQ with error feedback: power-of-two weights of 3 to 5 bits that keep the accuracy, without retraining."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hlsq.calibration import Target, affine_target, calibrate, fixed_target
from hlsq.calibration.run import Calibration, CalibrationData
from hlsq.elementary import ceil_log2
from hlsq.emulate.inputs import as_inputs
from hlsq.emulate.products import times_integers
from hlsq.emulate.threads import one_blas_thread
from hlsq.errors import CalibrationError, OptionError, QuantizationError
from hlsq.formats import FixedPoint, Format
from hlsq.formats.codes import WeightCodes
from hlsq.graph import Block, Graph
from hlsq.graph.ops import AveragePool2D
from hlsq.graph.ops.pool2d import average_weights
from hlsq.plan import BlockPlan, Plan
from hlsq.progress import track
from hlsq.schemes.activations import input_formats, is_raw, output_format
from hlsq.schemes.base import Scheme
from hlsq.schemes.error_feedback import Problem, Rounder, on_exact_grid, round_weights
from hlsq.schemes.grids import AFFINE_BITS, EXPONENTS, Grid, grid_for
from hlsq.schemes.linear_systems import SingularError
from hlsq.schemes.second_moments import Moments, MomentsBuilder, Sums, grouped, ungrouped
from hlsq.schemes.step_candidates import step_candidates
from hlsq.schemes.threads import in_order
from hlsq.schemes.walk import Walk
from hlsq.schemes.weights import is_gain

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

CODE_BITS = (*EXPONENTS, AFFINE_BITS)
OTHERS = "default"
DEFAULT_BITS = 4
MOST_WINDOWS = 2**15
"""That a layer takes in all, unless its taps need more; eight times as many give nothing that can be measured."""
WINDOW_WORK = 2.0**38
"""Windows times taps squared that a layer may cost, as long as it gets ``LEAST_WINDOWS`` for each tap."""
LEAST_WINDOWS = 8

LEAST_DAMPING = 2.0**-20
"""Of weights that nothing else determines."""


@dataclass(frozen=True, kw_only=True)
class DoubleQEF(Scheme):
    """Power-of-two weights in 3, 4 or 5 bits whose rounding errors make up for each other.

    Layer by layer, in the order of the network, the weights of an output channel are rounded one after the other, and
    the error of each is fed back to those not yet rounded, by way of the second moments of the layer's inputs. The
    inputs are those of the integer emulation of all earlier layers, and the layer aims at the output of the float
    network, so that it also makes up for what earlier layers, or the other branch of an addition, have lost. Every
    output channel has a scale of its own, which the requantisation takes in; only a last layer, which returns its
    accumulator, has one for all channels, so that its integers can be compared. All convolutions, depthwise ones
    included, and all dense layers get power-of-two codes; a batch norm on its own stays in eight bits.

    Args:
        code_bits: bits of a weight: 5 (exponents 0 to 7), 4 (0 to 6), 3 (0, +-1, +-2, +-4), or 8 (integers, which are
            multiplied); or a dict of them by block, where ``"default"`` stands for all others (4 without it).
        scale: ``"power_of_two"``: scales of weights and activations are powers of two, so that every requantisation is
            a shift and the network multiplies nothing (but a batch norm on its own, in its eight bits); or ``"free"``.
        samples: of the calibration data to use, the first ones; all of them where there are fewer. Their activations
            in a few successive blocks are in memory together. More of them come closer to the float network.
        damping: how much every weight is held at its float value, in parts of the mean second moment; more of it
            keeps few samples from being fitted too closely.
        order: in which the weights of a channel are rounded: as they lie (``"natural"``), or those with the
            largest inputs first (``"activation"``).
        reference: what a layer aims at: the float network's output (``"network"``), or that of its own float weights
            for the inputs it gets (``"layer"``).
        bias_correction: the bias takes in the mean error of each output channel.
        sweeps: how often every weight is revisited after the first pass.
        activation_width: bits of inputs and outputs, 2 to 16.
        calibration_method: as for every scheme; by default the range of smallest squared error.
        calibration_options: as for every scheme.
        batch_norm: as for every scheme; ``scale="power_of_two"`` needs ``"fold"``.
        batch_size: of the statistics of the inputs; other samples go through the network in parts of a fixed size.
    """

    name: ClassVar[str] = "doubleq_ef"

    code_bits: int | Mapping[str, int] = DEFAULT_BITS
    scale: Literal["free", "power_of_two"] = "power_of_two"
    samples: int = 1000
    damping: float = 0.01
    order: Literal["natural", "activation"] = "activation"
    reference: Literal["network", "layer"] = "network"
    bias_correction: bool = True
    sweeps: int = 4
    activation_width: int = 8
    calibration_method: str = "mse"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._choice("scale", ("free", "power_of_two"))
        self._choice("order", ("natural", "activation"))
        self._choice("reference", ("network", "layer"))
        self._whole("samples", 1)
        self._whole("sweeps", 0)
        self._whole("activation_width", 2, 16)
        self._flag("bias_correction")
        damping = self.damping
        if isinstance(damping, bool) or not isinstance(damping, (int, float)) or not 0 < damping < np.inf:
            raise self._wrong("damping", "a positive number, such as 0.01")
        if self.scale == "power_of_two" and self.batch_norm != "fold":
            raise OptionError(
                f"scheme {self.name!r}: scale 'power_of_two' leaves no multiplication, but batch_norm is "
                f"{self.batch_norm!r}, which multiplies; allowed with it: 'fold' (with scale='free' any)"
            )
        bits = self.code_bits
        if isinstance(bits, Mapping):
            object.__setattr__(self, "code_bits", dict(bits))
            for name, value in bits.items():
                if type(value) is not int or value not in CODE_BITS:
                    raise OptionError(
                        f"scheme {self.name!r}: code_bits[{name!r}] is {value!r}; allowed: "
                        f"{', '.join(map(str, CODE_BITS))}"
                    )
        elif type(bits) is not int or bits not in CODE_BITS:
            raise self._wrong("code_bits", f"{', '.join(map(str, CODE_BITS))}, or a dict of them by block")

    def check(self, graph: Graph) -> None:
        """Refuse code widths of blocks that ``graph`` does not have or that have no weights."""
        if not isinstance(self.code_bits, Mapping):
            return
        known = [b.name for b in graph.blocks if b.kernel is not None]
        for name in self.code_bits:
            if name != OTHERS and name not in known:
                raise OptionError.unknown(f"scheme {self.name!r}, block in code_bits", name, [OTHERS, *known])

    def run(self, graph: Graph, data: CalibrationData, progress: bool | None = None) -> Plan:
        """Calibrate ``graph`` on ``data``, choose the formats and round the weights.

        The plan does not depend on the number of threads or cores.

        Raises:
            CalibrationError: ``data`` does not fit the network.
            OptionError: an option that does not fit the network.
            QuantizationError: too little damping for the samples; names the layer.
        """
        self.check(graph)
        with one_blas_thread():
            return self._run(graph, data, progress)

    def _run(self, graph: Graph, data: CalibrationData, progress: bool | None) -> Plan:
        inputs = {n: x[: self.samples] for n, x in as_inputs(graph.inputs, data, CalibrationError).items()}
        source = graph.fold_batch_norm() if self.batch_norm == "fold" else graph
        calibration = calibrate(replace(graph, blocks=(), outputs=()), inputs, self.batch_size, progress)
        formats = input_formats(self, source, calibration, lambda _: self._target)
        walk = Walk(source, inputs, formats)
        blocks: dict[str, BlockPlan] = {}
        noise: dict[str, float | None] = {}
        for block in track(source.blocks, "round weights", "block", progress):
            real = walk.linear(block)
            calibration = replace(calibration, tensors={block.name: walk.stats(block, real)})
            chosen = BlockPlan(output=self._output(source, calibration, block, walk.formats))
            if block.kernel is not None:
                try:
                    chosen = self._round(walk, block, chosen, real)
                except SingularError:
                    raise QuantizationError(
                        f"layer {block.name!r}: its {walk.samples} calibration samples do not determine its weights at "
                        f"a damping of {self.damping}; use a larger damping, such as 0.01, or more samples"
                    ) from None
            blocks[block.name] = chosen
            walk.step(block, chosen, real)
            noise[block.name] = walk.signal_to_noise(block.name)
        info = {**self.info(calibration), "signal_to_noise_db": noise}
        return Plan(self.name, self.batch_norm, formats, blocks, self.options(), info)

    def plan(self, graph: Graph, calibration: Calibration) -> Plan:
        """The formats that do not depend on the rounding: those of inputs and outputs."""
        source = graph.fold_batch_norm() if self.batch_norm == "fold" else graph
        formats: dict[str, Format] = input_formats(self, graph, calibration, lambda _: self._target)
        inputs = dict(formats)
        blocks = {}
        for block in source.blocks:
            output = self._output(source, calibration, block, formats)
            blocks[block.name] = BlockPlan(output=output)
            formats[block.name] = output or formats[block.inputs[0]]
        return Plan(self.name, self.batch_norm, inputs, blocks, self.options(), self.info(calibration))

    @property
    def _binary(self) -> bool:
        return self.scale == "power_of_two"

    @property
    def _target(self) -> Target:
        return fixed_target(self.activation_width) if self._binary else affine_target(self.activation_width)

    def _grid(self, block: Block) -> Grid:
        bits = self.code_bits
        if isinstance(bits, Mapping):
            bits = bits.get(block.name, AFFINE_BITS if is_gain(block) else bits.get(OTHERS, DEFAULT_BITS))
        elif is_gain(block):
            bits = AFFINE_BITS
        return grid_for(bits, self._binary)

    def _output(
        self, graph: Graph, calibration: Calibration, block: Block, formats: Mapping[str, Format]
    ) -> Format | None:
        """Format of the output of ``block``, whose inputs have ``formats``.

        Without weights, an output finer than the inputs holds nothing more, but takes a left shift.
        """
        output = output_format(self, graph, calibration, block, self._target)
        if not self._binary or block.kernel is not None or not isinstance(output, FixedPoint):
            return output
        step = min(float(formats[name].step) for name in block.inputs)
        if isinstance(block.op, AveragePool2D):
            step /= average_weights(block.op, graph.shapes[block.inputs[0]]).divisor
        return replace(output, frac=min(int(output.frac), -int(ceil_log2(step))))  # type: ignore[arg-type]

    def _round(self, walk: Walk, block: Block, formats: BlockPlan, real: Floats32) -> BlockPlan:
        """The plan of ``block`` with its weights."""
        assert block.kernel is not None  # noqa: S101 - the caller looked
        moments = self._moments(walk, block, real)
        source = walk.tensors[block.inputs[0]].format
        kernel = grouped(block, block.kernel, walk.graph.shapes[block.inputs[0]][-1])
        cross = moments.cross
        if not self.bias_correction and block.bias is not None:
            bias = grouped_bias(block.bias, len(kernel))
            cross = cross - moments.inputs[:, :, None] * bias[:, None, :]
        grid = self._grid(block)
        shared = is_raw(walk.graph, block)
        limit = np.inf
        if self._binary and formats.output is not None:
            limit = float(formats.output.step / source.step)
        integers, scales, means = [], [], []
        for group in range(len(kernel)):
            rounder = Rounder.make(self._problem(moments.square[group], cross[group], kernel[group]), grid)
            candidates = step_candidates(rounder.target, grid, self._binary, shared, limit)
            chosen, scale = round_weights(rounder, candidates, shared=shared, free=not self._binary, sweeps=self.sweeps)
            integers.append(chosen)
            scales.append(scale)
            means.append(times_integers(moments.inputs[group], chosen.astype(np.float64)) * scale)
        step = np.concatenate(scales)
        fmt = grid.format(step[0] if shared else step)
        values = ungrouped(block, integers)
        bias_values = None
        if self.bias_correction:
            bias_values = tuple(float(v) for v in moments.outputs.ravel() - np.concatenate(means))
        codes = WeightCodes.from_array(values, fmt)
        return replace(formats, weight=fmt, values=codes, bias_values=bias_values)

    def _problem(self, square: Floats, cross: Floats, kernel: Floats) -> Problem:
        diagonal = square.diagonal().copy()
        mean = float(diagonal.mean()) or 1.0
        # An input that never changes says nothing about its weight, which then stays what it is.
        damping = np.where(diagonal == 0, max(self.damping, LEAST_DAMPING), self.damping) * mean
        np.fill_diagonal(square, diagonal + damping)  # in place: the largest array there is
        moments = on_exact_grid(square)
        pull = cross + (moments.diagonal() - diagonal)[:, None] * kernel
        order = np.arange(len(square))
        if self.order == "activation":
            order = np.argsort(-diagonal, kind="stable")
        return Problem(moments, pull, order)

    def _moments(self, walk: Walk, block: Block, real: Floats32) -> Moments:
        assert block.kernel is not None  # noqa: S101 - the caller looked
        tensor = walk.tensors[block.inputs[0]]
        inner = walk.graph.shapes[block.inputs[0]][-1]
        taps = grouped(block, block.kernel, inner).shape[1]
        most = int(np.clip(WINDOW_WORK / taps**2, LEAST_WINDOWS * taps, MOST_WINDOWS))
        fmt = tensor.format
        middle = (fmt.qmin + fmt.qmax + 1) // 2 - fmt.offset
        builder = MomentsBuilder(block, inner, positions=-(-most // walk.samples), middle=middle)
        deviation = tensor.deviation

        def sums(part: slice) -> Sums:
            wanted = walk.linear_of_integers(block, part) if self.reference == "layer" else real[part]
            if self.reference == "network" and (missing := walk.inherited(block, part)) is not None:
                wanted = wanted + missing
            return builder.sums(part.start, deviation[part].astype(np.float32), wanted)

        for part_sums in in_order(sums, walk.parts()):
            builder.add(part_sums)
        return builder.finish(float(tensor.format.step), centred=self.bias_correction)


def grouped_bias(bias: Floats, groups: int) -> Floats:
    """``bias`` as [groups, channels of a group]."""
    return np.asarray(bias, dtype=np.float64).reshape(groups, -1)

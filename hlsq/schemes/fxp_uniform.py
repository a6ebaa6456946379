"""Uniform dynamic fixed point: the preprocessor and the forward optimizer of FxP-QNet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from hlsq.calibration.run import CalibrationData
from hlsq.graph import Graph
from hlsq.plan import Plan
from hlsq.schemes.fxp.averages import average_bits
from hlsq.schemes.fxp.scheme import FxPScheme


@dataclass(frozen=True, kw_only=True)
class FxPUniform(FxPScheme):
    """Dynamic fixed point of given word lengths (FxP-QNet sections IV-A to IV-C).

    Batch norms become Scale layers with integer parameters of their own (eq. 3-5), every tensor gets the fraction
    length that its extremes ask for (eq. 6-9), and the forward optimizer improves it (Algorithm 1): layer by layer,
    with everything before a layer in integers and everything behind it in floating point.

    Args:
        weight_width: bits of the weights of convolutions and dense layers, 1 to 32; a single bit stores signs (eq. 13).
        activation_width: bits of inputs and outputs, 1 to 32.
        edge_width: bits of the first layer's input and weights and of the last layer's, which the paper starts at 32;
            with that, products and batch norms no longer fit the 62 bits of an accumulator. None treats them as others.
        other_width: bits of biases, of batch norms' multipliers and shifts, and of average pools' reciprocals.
        widths: other widths of single data-structures: ``{"conv1.weight": 4, "conv1.activation": 6}``; the kinds are
            ``weight``, ``bias``, ``scale``, ``shift`` and ``activation``.
        strategy: rounds the fraction length that the extremes ask for: ``"conservative"`` down, so that nothing
            saturates, ``"neutral"`` to the nearest, ``"aggressive"`` up.
        forward: run the forward optimizer; False leaves the preprocessor's fraction lengths.
        cost: what it makes small: ``"distillation"`` (F of eq. 21), ``"l1"`` or ``"l2"`` of the data-structure alone,
            or the error rate ``"top1"`` or ``"top5"``.
        search_limit: ``K`` of Algorithm 1, how many fraction lengths to try on either side.
        cost_samples: of the calibration data to compute costs on, the first ones; None for all. They take four bytes of
            memory for every value of every feature map.
        calibration_labels: class numbers of the calibration data, for the error rates.
        calibration_method: as for every scheme; the paper takes the extremes.
        calibration_options: as for every scheme.
        batch_norm: as for every scheme; the paper refines.
        batch_size: as for every scheme.
    """

    name: ClassVar[str] = "fxp_uniform"

    def run(self, graph: Graph, data: CalibrationData, progress: bool | None = None) -> Plan:
        """Calibrate ``graph`` on ``data`` and choose the formats.

        Raises:
            CalibrationError: ``data`` does not fit the network.
            OptionError: an option that does not fit the network.
        """
        self.check(graph)
        inputs, calibration, found = self._calibrated(graph, data, progress)
        plan = self._forward(self.plan(graph, calibration), found, inputs, progress)
        return replace(plan, info={**plan.info, "average_bits": average_bits(plan, found.structures)})

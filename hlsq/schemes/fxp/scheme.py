"""What both schemes of FxP-QNet share: their common options, the preprocessor and the forward optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.calibration import calibrate, choose_range, fixed_target
from hlsq.calibration.run import Calibration, CalibrationData
from hlsq.emulate.inputs import as_array, as_inputs
from hlsq.errors import CalibrationError, OptionError
from hlsq.formats import FixedPoint
from hlsq.graph import Graph
from hlsq.plan import BatchNorm, BlockPlan, Plan
from hlsq.schemes.base import Scheme, is_whole
from hlsq.schemes.fxp.cost import COSTS, CostName, make_cost
from hlsq.schemes.fxp.forward import ForwardOptimizer
from hlsq.schemes.fxp.initial import STRATEGIES, Strategy, initial_format
from hlsq.schemes.fxp.references import References, references
from hlsq.schemes.fxp.structures import FIELDS, Structure, Structures

MAX_WIDTH = 32


@dataclass(frozen=True, kw_only=True)
class FxPScheme(Scheme):
    """Dynamic fixed point with a word length and a fraction length for every data-structure (FxP-QNet)."""

    weight_width: int = 8
    activation_width: int = 8
    edge_width: int | None = 16
    other_width: int = 16
    widths: Mapping[str, int] = field(default_factory=dict)
    strategy: Strategy = "conservative"
    forward: bool = True
    cost: CostName = "distillation"
    search_limit: int = 1
    cost_samples: int | None = None
    calibration_labels: ArrayLike | None = field(default=None, repr=False, compare=False)
    batch_norm: BatchNorm = "refine"

    run_only: ClassVar[tuple[str, ...]] = ("calibration_labels",)
    """Options that a plan does not record."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._whole("weight_width", 1, MAX_WIDTH)
        self._whole("activation_width", 1, MAX_WIDTH)
        self._whole("edge_width", 1, MAX_WIDTH, optional=True)
        self._whole("other_width", 1, MAX_WIDTH)
        self._choice("strategy", STRATEGIES)
        self._flag("forward")
        self._choice("cost", COSTS)
        self._whole("search_limit", 0)
        self._whole("cost_samples", 1, optional=True)
        if not isinstance(self.widths, Mapping):
            raise self._wrong("widths", "a dict of data-structure to bits, such as {'conv1.weight': 4}")
        for name, width in self.widths.items():
            if not is_whole(width, 1, MAX_WIDTH):
                raise OptionError(
                    f"scheme {self.name!r}: widths[{name!r}] is {width!r}; "
                    f"allowed: a whole number from 1 to {MAX_WIDTH}"
                )
        if self.calibration_labels is not None:
            wanted = f"scheme {self.name!r}: calibration_labels takes class numbers [samples]"
            labels = as_array(self.calibration_labels, wanted, OptionError)
            if labels.ndim != 1 or labels.dtype.kind not in "iu":
                raise OptionError(
                    f"scheme {self.name!r}: calibration_labels have the shape {list(labels.shape)} and type "
                    f"{labels.dtype}; allowed: class numbers [samples]"
                )

    def check(self, graph: Graph) -> None:
        """Refuse widths of data-structures that ``graph`` does not have."""
        known = self._structures(graph).by_key
        for name in self.widths:
            if name not in known:
                raise OptionError.unknown(f"scheme {self.name!r}, data-structure in widths", name, known)

    def options(self) -> dict[str, Any]:
        """All options that decide the result."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in self.run_only}
        return {**found, "widths": dict(self.widths), "calibration_options": dict(self.calibration_options)}

    def plan(self, graph: Graph, calibration: Calibration) -> Plan:
        """The preprocessor's formats (section IV-A3)."""
        structures = self._structures(graph)
        formats = {s.key: self._format(structures, s, calibration) for s in structures.all}
        blocks = {}
        for block in structures.graph.blocks:
            found = {n: formats[key] for kind, n in FIELDS.items() if (key := f"{block.name}.{kind}") in formats}
            blocks[block.name] = BlockPlan(**found)  # type: ignore[arg-type]
        inputs = {i.name: formats[f"{i.name}.activation"] for i in structures.graph.inputs}
        return Plan(self.name, self.batch_norm, inputs, blocks, self.options(), self.info(calibration))

    def _structures(self, graph: Graph) -> Structures:
        return scheme_structures(graph, self.batch_norm)

    def _format(self, structures: Structures, structure: Structure, calibration: Calibration) -> FixedPoint:
        width = self._width(structures, structure)
        if structure.kind == "activation":
            stats, options = calibration.tensors[structure.name], self.calibration_options
            low, high = choose_range(stats, self.calibration_method, fixed_target(width), options)
        else:
            values = structures.values(structure)
            low, high = float(values.min()), float(values.max())
        return initial_format(low, high, width, self.strategy)

    def _width(self, structures: Structures, structure: Structure) -> int:
        if structure.key in self.widths:
            return self.widths[structure.key]
        if self.edge_width is not None and structure.key in structures.edges:
            return self.edge_width
        if structure.kind == "activation":
            return self.activation_width
        return self.weight_width if structure.computes else self.other_width

    def _calibrated(
        self, graph: Graph, data: CalibrationData, progress: bool | None
    ) -> tuple[dict[str, NDArray[Any]], Calibration, References]:
        """The samples that costs are computed on, statistics of all, and what the float network does."""
        inputs = as_inputs(graph.inputs, data, CalibrationError)
        calibration = calibrate(graph, inputs, self.batch_size, progress)
        chosen = {name: x[: self.cost_samples] for name, x in inputs.items()}
        return chosen, calibration, references(self._structures(graph), chosen, calibration, progress)

    def _labels(self) -> NDArray[np.int64] | None:
        return None if self.calibration_labels is None else np.asarray(self.calibration_labels, dtype=np.int64)

    def _forward(
        self,
        plan: Plan,
        found: References,
        inputs: Mapping[str, NDArray[Any]],
        progress: bool | None,
        known: Mapping[str, int] | None = None,
        done: Callable[[str, int], None] = lambda key, frac: None,
    ) -> Plan:
        if not self.forward:
            return plan
        cost = make_cost(self.cost, found, self._labels())
        return ForwardOptimizer(plan, found, inputs, cost, self.search_limit).run(known or {}, done, progress)


def scheme_structures(graph: Graph, batch_norm: BatchNorm) -> Structures:
    """The data-structures of ``graph``, batch norms folded or refined as ``Plan.batch_norm`` says."""
    return Structures(graph.fold_batch_norm() if batch_norm == "fold" else graph)

"""Fingerprints of what each result of an exploration depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

from hlsq.cost.parts import TABLE as PARTS
from hlsq.cost.units import PACKING
from hlsq.cost.units import TABLE as UNITS
from hlsq.exploration.plans import Source
from hlsq.files.checksums import checksum
from hlsq.graph import Graph
from hlsq.plan import Plan
from hlsq.schemes.evaluation import Evaluation
from hlsq.search.fingerprint import Fingerprint

RELEASE = version("hlsq")


@dataclass(frozen=True, eq=False)
class Keys:
    """Fingerprints for one network and its samples.

    Attributes:
        graph: the float network.
        calibration: samples that plans are made from.
        judged: samples and labels that accuracies are of, or None.
    """

    graph: Graph
    calibration: Any
    judged: Evaluation | None

    @cached_property
    def network(self) -> str:
        """Fingerprint of the float network."""
        inputs = [[i.name, list(i.shape)] for i in self.graph.inputs]
        return Fingerprint().graph(self.graph).json([inputs, list(self.graph.outputs)]).hexdigest()

    def plan(self, source: Source) -> str:
        """Of the plan that ``source`` makes."""
        judged = self.judged if source.has("evaluation") else None
        mark = Fingerprint().json(["plan", RELEASE, self.network, source.scheme])
        inputs = self.calibration if isinstance(self.calibration, Mapping) else {"": self.calibration}
        mark.samples({}, [dict(source.options), list(inputs), *inputs.values()])
        return _judged(mark, judged).hexdigest()

    def measure(self, plan: Plan) -> str:
        """Of what does not depend on the target."""
        mark = Fingerprint().json(["measure", RELEASE, self.network]).plan(plan)
        return _judged(mark, self.judged).hexdigest()

    def design(self, plan: Plan, options: Any) -> str:
        """Of a design with ``options`` of the hardware."""
        tables = [checksum(path.read_bytes()) for path in (UNITS, PACKING, PARTS)]
        mark = Fingerprint().json(["design with over", RELEASE, tables, self.network]).plan(plan)
        return mark.samples({}, asdict(options)).hexdigest()


def _judged(mark: Fingerprint, judged: Evaluation | None) -> Fingerprint:
    return mark.samples({}) if judged is None else mark.samples(judged.inputs, judged.labels)

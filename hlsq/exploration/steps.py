"""The steps of an exploration: every plan, what it is worth, what its designs cost; what is known is not done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hlsq.exploration.executing import Task, work_on
from hlsq.exploration.keys import Keys
from hlsq.exploration.plans import Source
from hlsq.exploration.results import read_design, read_measure, read_plan
from hlsq.exploration.row import Row
from hlsq.exploration.store import Store
from hlsq.exploration.tasks import design_of, measure_of, plain, plan_of
from hlsq.graph import Graph, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import Plan
from hlsq.schemes.evaluation import Evaluation

if TYPE_CHECKING:
    from tqdm import tqdm


@dataclass(frozen=True)
class Wanted:
    """One target on one part; ``options`` are ``HardwareOptions``."""

    target: str
    part: str
    options: Any


@dataclass(frozen=True, eq=False)
class Run:
    """The steps of one exploration.

    Attributes:
        graph: the float network.
        calibration: samples that plans are made from.
        evaluation: samples and labels for schemes that search.
        judged: the same, as accuracies are measured by; None for none.
        store: results that are known.
        executor: that does several steps at once, or None.
        progress: whether a search shows its own.
    """

    graph: Graph
    calibration: Any
    evaluation: Any
    judged: Evaluation | None
    store: Store
    executor: Executor | None
    progress: bool | None

    @cached_property
    def keys(self) -> Keys:
        """What each result depends on."""
        return Keys(self.graph, self.calibration, self.judged)

    @cached_property
    def threads(self) -> int | None:
        """That a task computes with."""
        return None if self.executor is None else 1

    def plans(self, sources: Sequence[Source], bar: tqdm) -> list[Plan]:
        """The plan of every source. A search uses the executor itself, so it runs here."""
        found: dict[str, Plan] = {s.name: s.plan for s in sources if s.plan is not None}
        keys = {s.name: self.keys.plan(s) for s in sources if s.plan is None}
        for name, key in keys.items():
            if (known := self.store.get(key, read_plan)) is not None:
                found[name] = known
        bar.update(len(found))
        missing = [s for s in sources if s.name not in found]
        tasks = {s.name: (plan_of, (self.graph, s, self.calibration, self._given(s))) for s in missing}
        apart = {s.name: task for s, task in ((s, tasks[s.name]) for s in missing) if not s.has("executor")}

        def keep(name: str, plan: Plan) -> None:
            found[name] = plan
            self.store.put(keys[name], plain(plan))
            bar.update()

        work_on(apart, self.executor, keep)
        for name in (name for name in tasks if name not in apart):
            function, arguments = tasks[name]
            keep(name, function(*arguments, self.progress))
        return [found[s.name] for s in sources]

    def rows(self, sources: Sequence[Source], plans: Sequence[Plan], designs: list[Wanted], bar: tqdm) -> list[Row]:
        """A row for every plan and design."""
        found: dict[tuple[int, int], Mapping[str, Any]] = {}
        keys: dict[tuple[int, int], str] = {}
        tasks: dict[tuple[int, int], Task] = {}
        for i, plan in enumerate(plans):
            lowered: list[QuantizedGraph] = []
            for j in range(-1, len(designs)):
                key = self.keys.measure(plan) if j < 0 else self.keys.design(plan, designs[j].options)
                keys[i, j] = key
                if (known := self.store.get(key, read_measure if j < 0 else read_design)) is not None:
                    found[i, j] = known
                    continue
                lowered = lowered or [quantize_graph(self.graph, plan)]
                tasks[i, j] = (
                    (measure_of, (lowered[0], self.judged, self.threads))
                    if j < 0
                    else (design_of, (lowered[0], designs[j].options))
                )
        bar.update(len(found))

        def keep(place: tuple[int, int], content: Mapping[str, Any]) -> None:
            found[place] = content
            self.store.put(keys[place], content)
            bar.update()

        work_on(tasks, self.executor, keep)
        return [
            Row(plan=source.name, target=wanted.target, part=wanted.part, **found[i, -1], **found[i, j])
            for i, source in enumerate(sources)
            for j, wanted in enumerate(designs)
        ]

    def _given(self, source: Source) -> dict[str, Any]:
        """What a scheme that searches gets besides its own options."""
        given = {"evaluation": self.evaluation, "executor": self.executor}
        return {k: v for k, v in given.items() if v is not None and source.has(k) and k not in source.options}

"""``explore``: makes every plan, measures it once, and estimates its hardware for every target."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hlsq.api import make_plan, read_network
from hlsq.cost.parts import TABLE as PARTS
from hlsq.cost.units import PACKING
from hlsq.cost.units import TABLE as UNITS
from hlsq.emulate.emulator import Emulator
from hlsq.errors import CalibrationError, HlsqError, OptionError, ResourceError, SearchError
from hlsq.exploration.model import Exploration
from hlsq.exploration.plans import Source, read_sources, sources_for
from hlsq.exploration.results import read_design, read_measure, read_plan
from hlsq.exploration.row import Row
from hlsq.exploration.store import Store
from hlsq.exploration.targets import FORMS, Target, distinct, read_targets
from hlsq.files.checksums import checksum
from hlsq.graph import Graph, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.memory import measure
from hlsq.plan import Plan
from hlsq.progress import progress_bar
from hlsq.schemes.evaluation import Evaluation, check_executor
from hlsq.search.fingerprint import Fingerprint

if TYPE_CHECKING:
    from tqdm import tqdm

    from hlsq.hardware import Inputs

OF_TARGETS = ("target", "part", *(option for option, _ in FORMS.values()))
OWN = "explore"
RELEASE = version("hlsq")


def explore(
    model: Any,
    schemes: Any = None,
    targets: Sequence[str] = ("fit",),
    *,
    parts: Sequence[str] | None = None,
    calibration: Inputs | None = None,
    evaluation: tuple[Any, Any] | None = None,
    output_dir: str | Path | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Exploration:
    """Compare designs of ``model``: every plan with every target. No project is written.

    Args:
        model: as for ``hlsq.quantize``.
        schemes: names of schemes, mappings with options (``{"scheme": "doubleq_ef", "code_bits": 3}``), plans, or
            paths of saved ones (``.json``); or a mapping from names of one's own to these. None takes the default
            scheme, or the formats that a model of QKeras has. Schemes that judge plans by labelled samples get
            ``evaluation``.
        targets: ``"fit"`` (the fastest design that fits), ``"interval=CYCLES"``, ``"fps=NUMBER"``, ``"reuse=FACTOR"``.
        parts: FPGA parts; None for the default one.
        calibration: samples [samples, ...] of the training data (by name for several inputs).
        evaluation: samples and labels that the accuracy is of, by emulation; None leaves it out.
        output_dir: folder that keeps the results, so that the same call goes on where one was interrupted, and gets
            ``exploration.html``, ``exploration.json`` and the plans. New, empty, or one of an earlier exploration.
        executor: any ``concurrent.futures.Executor`` that works on several plans and designs at once; None computes
            here, on all cores. Results do not depend on it.
        progress: a progress bar; None shows one on a terminal for long runs.
        options: of the hardware, as for ``hlsq.convert``, for all designs; and ``weights`` and ``input_format``.

    Returns:
        A row for each plan, target and part; a design that cannot be has the reason in its row.

    Raises:
        OptionError: no schemes or targets, unknown ones, or options that do not fit.
        InputError: evaluation samples or labels that do not fit the network.
        OutputDirError: the folder holds something else.
        SearchError: a file in it is damaged, or a worker of ``executor`` failed.
        UnsupportedLayerError, CalibrationError, PlanError, QuantizationError: see ``hlsq.quantize``.
    """
    check_executor(OWN, executor)
    wanted = read_targets(targets)
    reading: dict[str, Any] = {name: options.pop(name) for name in ("weights", "input_format") if name in options}
    designs = [Wanted(t.name, p, _hardware(t, p, options)) for t in wanted for p in _parts(parts)]
    if evaluation is not None:
        Evaluation.check_options(OWN, evaluation, "accuracy")
    compared = read_sources(schemes)
    store = Store(output_dir)
    graph, own = read_network(model, reading)
    if reading:
        raise OptionError(f"explore, option {next(iter(reading))!r}: a Graph is not read from a file; leave it out")
    sources = sources_for(compared, own)
    judged = None if evaluation is None else Evaluation.of(OWN, graph, evaluation, "accuracy")
    if calibration is None and (made := [s.name for s in sources if s.plan is None]):
        raise CalibrationError(
            f"scheme {made[0]!r} needs calibration data: give samples of the training data, as in "
            "calibration=x_train[:500]"
        )
    run = _Run(graph, calibration, evaluation, judged, store, executor, progress)
    with progress_bar(len(sources) * (2 + len(designs)), "explore", "step", progress) as bar:
        plans = run.plans(sources, bar)
        rows = run.rows(sources, plans, designs, bar)
    samples = 0 if judged is None else judged.samples
    period = designs[0].options.clock_period
    found = Exploration(graph.name, period, samples, tuple(rows))
    if store.folder is not None:
        for name, plan in zip(_file_names(sources), plans, strict=True):
            store.write(f"plans/{name}.json", plan.to_json())
        store.write("exploration.json", found.to_json() + "\n")
        store.write("exploration.html", found.to_html())
    return found


@dataclass(frozen=True)
class Wanted:
    """One target on one part; ``options`` are ``HardwareOptions``."""

    target: str
    part: str
    options: Any


@dataclass(frozen=True, eq=False)
class _Run:
    graph: Graph
    calibration: Any
    evaluation: Any
    judged: Evaluation | None
    store: Store
    executor: Executor | None
    progress: bool | None

    @cached_property
    def network(self) -> str:
        """Fingerprint of the float network."""
        inputs = [[i.name, list(i.shape)] for i in self.graph.inputs]
        return Fingerprint().graph(self.graph).json([inputs, list(self.graph.outputs)]).hexdigest()

    @cached_property
    def threads(self) -> int | None:
        """That a task computes with."""
        return None if self.executor is None else 1

    def plans(self, sources: Sequence[Source], bar: tqdm) -> list[Plan]:
        """The plan of every source. A search uses the executor itself, so it runs here."""
        found: dict[str, Plan] = {s.name: s.plan for s in sources if s.plan is not None}
        keys = {s.name: self._plan_key(s) for s in sources if s.plan is None}
        for name, key in keys.items():
            if (known := self.store.get(key, read_plan)) is not None:
                found[name] = known
        bar.update(len(found))
        missing = [s for s in sources if s.name not in found]
        tasks = {s.name: (_plan, (self.graph, s, self.calibration, self._given(s))) for s in missing}
        apart = {s.name: task for s, task in ((s, tasks[s.name]) for s in missing) if not s.has("executor")}

        def keep(name: str, plan: Plan) -> None:
            found[name] = plan
            self.store.put(keys[name], plain(plan))
            bar.update()

        self._work(apart, keep)
        for name in (name for name in tasks if name not in apart):
            function, arguments = tasks[name]
            keep(name, function(*arguments, self.progress))
        return [found[s.name] for s in sources]

    def rows(self, sources: Sequence[Source], plans: Sequence[Plan], designs: list[Wanted], bar: tqdm) -> list[Row]:
        """A row for every plan and design."""
        found: dict[tuple[int, int], Mapping[str, Any]] = {}
        keys: dict[tuple[int, int], str] = {}
        tasks: dict[tuple[int, int], Any] = {}
        for i, plan in enumerate(plans):
            lowered: list[QuantizedGraph] = []
            for j in range(-1, len(designs)):
                key = self._measure_key(plan) if j < 0 else self._design_key(plan, designs[j].options)
                keys[i, j] = key
                if (known := self.store.get(key, read_measure if j < 0 else read_design)) is not None:
                    found[i, j] = known
                    continue
                lowered = lowered or [quantize_graph(self.graph, plan)]
                tasks[i, j] = (
                    (_measure, (lowered[0], self.judged, self.threads))
                    if j < 0
                    else (_design, (lowered[0], designs[j].options))
                )
        bar.update(len(found))

        def keep(place: tuple[int, int], content: Mapping[str, Any]) -> None:
            found[place] = content
            self.store.put(keys[place], content)
            bar.update()

        self._work(tasks, keep)
        return [
            Row(plan=source.name, target=wanted.target, part=wanted.part, **found[i, -1], **found[i, j])
            for i, source in enumerate(sources)
            for j, wanted in enumerate(designs)
        ]

    def _work(self, tasks: Mapping[Any, tuple[Callable[..., Any], tuple[Any, ...]]], keep: Callable[..., None]) -> None:
        """Do all tasks; ``keep`` gets the name and the result of each as it is done."""
        if self.executor is None:
            for name, (function, arguments) in tasks.items():
                keep(name, function(*arguments))
            return
        futures: dict[Future[Any], Any] = {}
        try:
            with _failures_told():
                futures |= {self.executor.submit(f, *given): name for name, (f, given) in tasks.items()}
            for future in as_completed(futures):
                with _failures_told():
                    result = future.result()
                keep(futures[future], result)
        finally:
            for future in futures:
                future.cancel()

    def _given(self, source: Source) -> dict[str, Any]:
        """What a scheme that searches gets besides its own options."""
        given = {"evaluation": self.evaluation, "executor": self.executor}
        return {k: v for k, v in given.items() if v is not None and source.has(k) and k not in source.options}

    def _plan_key(self, source: Source) -> str:
        judged = self.judged if source.has("evaluation") else None
        mark = Fingerprint().json(["plan", RELEASE, self.network, source.scheme])
        inputs = self.calibration if isinstance(self.calibration, Mapping) else {"": self.calibration}
        mark.samples({}, [dict(source.options), list(inputs), *inputs.values()])
        return _judged(mark, judged).hexdigest()

    def _measure_key(self, plan: Plan) -> str:
        mark = Fingerprint().json(["measure", RELEASE, self.network]).plan(plan)
        return _judged(mark, self.judged).hexdigest()

    def _design_key(self, plan: Plan, options: Any) -> str:
        tables = [checksum(path.read_bytes()) for path in (UNITS, PACKING, PARTS)]
        mark = Fingerprint().json(["design", RELEASE, tables, self.network]).plan(plan)
        return mark.samples({}, asdict(options)).hexdigest()


@contextmanager
def _failures_told() -> Iterator[None]:
    """What an executor raises as an error of hlsq; those of the task itself are.

    Raises:
        SearchError: a worker failed, or there is none.
    """
    try:
        yield
    except HlsqError:
        raise
    except Exception as error:
        raise SearchError(
            f"explore: a worker of executor failed: {type(error).__name__}: {error}; what finished is kept in "
            "output_dir, if there is one, so that the same call goes on from there; executor=None computes here"
        ) from error


def _judged(mark: Fingerprint, judged: Evaluation | None) -> Fingerprint:
    return mark.samples({}) if judged is None else mark.samples(judged.inputs, judged.labels)


def plain(plan: Plan) -> dict[str, Any]:
    """A plan as a file has it."""
    content: dict[str, Any] = json.loads(plan.to_json())
    return content


def _plan(
    graph: Graph, source: Source, calibration: Any, given: Mapping[str, Any], progress: bool | None = False
) -> Plan:
    return make_plan(graph, source.scheme, calibration, progress, {**source.options, **given})


def _measure(quantized: QuantizedGraph, judged: Evaluation | None, threads: int | None) -> dict[str, Any]:
    """What does not depend on the target."""
    bits = measure(quantized).weights.after
    if judged is None:
        return {"accuracy": None, "weight_bits": bits}
    outputs = Emulator(quantized, threads=threads).run(judged.inputs, progress=False).outputs
    real = {name: quantized.formats[name].dequantize(values).astype(np.float32) for name, values in outputs.items()}
    loss = judged.scoring.loss(real, np.arange(judged.samples))
    return {"accuracy": judged.scoring.value(loss), "weight_bits": bits}


def _design(quantized: QuantizedGraph, options: Any) -> dict[str, Any]:
    """What one design costs; why there is none, if there is none."""
    from hlsq.backends.vitis.design import Design

    try:
        design = Design(quantized, options)
        found = design.estimate
    except (ResourceError, OptionError) as error:  # the latter for a reuse factor or sums that a network cannot have
        return {"fits": False, "reason": str(error)}
    names = ("pes", "lut", "ff", "dsp", "bram18", "uram", "interval", "latency", "fps", "useful", "fits")
    return {name: getattr(found, name) for name in names} | {"pace": design.pace_in_words}


def _parts(parts: Sequence[str] | None) -> list[Any]:
    from hlsq.backends.vitis.options import DEFAULT_PART

    return [DEFAULT_PART] if parts is None else distinct(parts, "parts", "expected a list of FPGA parts")


def _hardware(target: Target, part: Any, options: Mapping[str, Any]) -> Any:
    from hlsq.backends.vitis.options import HardwareOptions

    valid = [f.name for f in fields(HardwareOptions) if f.name not in (*OF_TARGETS, "project_name")]
    for name in options:
        if name in OF_TARGETS:
            raise OptionError(f"{name}: name it in {'parts' if name == 'part' else 'targets'}, which are compared")
        if name not in valid:
            raise OptionError.unknown("explore, option", name, [*valid, "weights", "input_format"])
    return HardwareOptions(part=part, **target.options, **options)


def _file_names(sources: Sequence[Source]) -> list[str]:
    """A name of letters that every file system takes for each plan."""
    found: dict[str, str] = {}
    for source in sources:
        name = plain = re.sub(r"[^A-Za-z0-9.-]+", "_", source.name).strip("_.")[:60] or "plan"
        number = 1
        while name.lower() in found:  # some file systems take upper and lower case for the same
            number += 1
            name = f"{plain}_{number}"
        found[name.lower()] = name
    return list(found.values())

"""``explore``: makes every plan, measures it once, and estimates its hardware for every target."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hlsq.api import read_network
from hlsq.errors import CalibrationError, OptionError
from hlsq.exploration.model import Exploration
from hlsq.exploration.plans import Source, read_sources, sources_for
from hlsq.exploration.steps import Run, Wanted
from hlsq.exploration.store import Store
from hlsq.exploration.targets import FORMS, Target, distinct, read_targets
from hlsq.progress import progress_bar
from hlsq.schemes.evaluation import Evaluation, check_executor

if TYPE_CHECKING:
    from hlsq.hardware import Inputs

OF_TARGETS = ("target", "part", *(option for option, _ in FORMS.values()))
OF_OTHERS = ("project_name", "engines")
"""Options of a project, and those that leave a target nothing to choose."""
OWN = "explore"
OTHERWISE = "leave evaluation out, and designs are compared without accuracies"
"""What to do with a network that is no classifier."""


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
        targets: ``"fit"`` (the fastest design that fits), ``"interval=CYCLES"``, ``"fps=NUMBER"``, ``"reuse=FACTOR"``;
            of folded accelerators (``architecture="folded"``) ``"pes=NUMBER"`` in place of the last.
        parts: FPGA parts; None for the default one.
        calibration: samples [samples, ...] of the training data (by name for several inputs).
        evaluation: samples and labels (class numbers) that the accuracy of a classifier is of, by emulation; None
            leaves it out.
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
    judged = None if evaluation is None else Evaluation.of(OWN, graph, evaluation, "accuracy", OTHERWISE)
    if calibration is None and (made := [s.name for s in sources if s.plan is None]):
        raise CalibrationError(
            f"scheme {made[0]!r} needs calibration data: give samples of the training data, as in "
            "calibration=x_train[:500]"
        )
    run = Run(graph, calibration, evaluation, judged, store, executor, progress)
    with store.begun(), progress_bar(len(sources) * (2 + len(designs)), "explore", "step", progress) as bar:
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


def _parts(parts: Sequence[str] | None) -> list[Any]:
    from hlsq.backends.vitis.options import DEFAULT_PART

    return [DEFAULT_PART] if parts is None else distinct(parts, "parts", "expected a list of FPGA parts")


def _hardware(target: Target, part: Any, options: Mapping[str, Any]) -> Any:
    from hlsq.backends.vitis.options import HardwareOptions

    valid = [f.name for f in fields(HardwareOptions) if f.name not in (*OF_TARGETS, *OF_OTHERS)]
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

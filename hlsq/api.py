"""The functions a user calls: ``quantize``, ``convert``, ``load_project``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hlsq.errors import CalibrationError, OptionError, PlanError
from hlsq.formats import Format
from hlsq.graph import Graph, QuantizedGraph
from hlsq.plan import Plan

if TYPE_CHECKING:
    from hlsq.emulate.deviation import Deviation
    from hlsq.formats.fit import Clipping
    from hlsq.graph import QBlock
    from hlsq.hardware import HardwareModel, Inputs

VECTORS = 10
"""Samples stored with a project for its test bench."""
DEVIATION_SAMPLES = 64
PLAN = "plan.json"
DEVIATIONS = "deviations.json"
"""File of a project with the rounding differences on its calibration data."""
DEFAULT_SCHEME = "doubleq_ef"
PARTS = {"weights": "weight", "outputs": "output", "inputs": "input"}
"""Other words for the tensors of a block."""


def quantize(
    model: Any,
    scheme: str | None = None,
    calibration: Inputs | None = None,
    *,
    formats: Mapping[str, Mapping[str, Any]] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Plan:
    """Choose a number format for every tensor of ``model``.

    Args:
        model: a Keras 3 or tf_keras model, the path of a saved one (``.keras``, ``.h5``, or ``.json`` with the option
            ``weights="FILE"``), or a ``Graph``; a QKeras model needs no scheme, its formats are read from its
            quantizers, and that of its inputs, where it does not begin with a ``QActivation``, from ``input_format=``.
        scheme: ``"doubleq_ef"`` (default) or another of ``hlsq.schemes.scheme_names()``.
        calibration: samples [samples, ...] of the training data (by name for several inputs).
        formats: of single tensors, in place of what the scheme chooses: ``{"conv1.weight": {"width": 4}}``. A new width
            of weights takes the step that fits them, of an activation the one that keeps its range; see
            ``Plan.with_format``.
        progress: a progress bar; None shows one on a terminal for long runs.
        options: of the scheme.

    Returns:
        The plan; ``plan.save(path)`` writes it as JSON.

    Raises:
        UnsupportedLayerError: a layer that hlsq does not convert.
        CalibrationError: no, empty or unsuitable calibration data.
        OptionError: an unknown scheme or option.
    """
    graph, own = read_network(model, options)
    if own is not None:
        _refuse_with_plan(scheme, options)
        plan = own
    else:
        plan = make_plan(graph, scheme, calibration, progress, options)
    return _with_formats(graph, plan, formats or {})


def convert(
    model: Any,
    plan: Plan | str | Path | None = None,
    *,
    output_dir: str | Path,
    scheme: str | None = None,
    calibration: Inputs | None = None,
    progress: bool | None = None,
    **options: Any,
) -> HardwareModel:
    """Quantise ``model`` and write its Vitis HLS project.

    Args:
        model: as for ``quantize``.
        plan: formats from ``quantize`` (or the path of a saved plan); None makes one by ``scheme``.
        output_dir: project folder: new, empty, or an earlier project of hlsq, which is replaced.
        scheme: see ``quantize``.
        calibration: see ``quantize``; the first samples also become the test bench's vectors.
        progress: see ``quantize``.
        options: hardware options (``part``, ``clock_period``, ``io_type``, ``reuse_factor``, ``target_interval``,
            ``target_fps``, ``target``, ``utilization``, ``word_bits``, ``project_name``, ``accumulator``,
            ``multipliers``, ``rom_storage``, ``line_storage``, ``fifo_storage``, ``separate_windows``, ``resources``,
            ``part_check``, ``architecture``, and, of a folded accelerator, ``pes``, ``engines``, ``dual``, ``program``,
            ``pipeline``; see ``hlsq.backends.vitis.options.HardwareOptions``) and options of the scheme.

    Returns:
        The hardware model: ``emulate``, ``compile``, ``predict``, ``verify``, ``build``, ``report``.

    Raises:
        OutputDirError: the folder holds something else.
        ResourceError: a target that no design of the network reaches; says why, and what helps.
        UnsupportedLayerError, CalibrationError, OptionError, PlanError, QuantizationError: see ``quantize``.
    """
    from hlsq.backends.vitis.designs import make_design
    from hlsq.backends.vitis.options import HardwareOptions
    from hlsq.backends.vitis.project import check_output_dir, write_project
    from hlsq.emulate.clipped import noted
    from hlsq.emulate.deviation import deviations_to_json
    from hlsq.graph.lowering import quantize_graph
    from hlsq.hardware import HardwareModel, expected_integers

    path = check_output_dir(output_dir)
    names = {f.name for f in fields(HardwareOptions)}
    hardware = HardwareOptions(**{key: value for key, value in options.items() if key in names})
    scheme_options = {key: value for key, value in options.items() if key not in names}
    graph, own = read_network(model, scheme_options)
    if plan is not None:
        _refuse_with_plan(scheme, scheme_options, sorted(names))
        plan = _as_plan(plan)
    elif own is not None:
        _refuse_with_plan(scheme, scheme_options, sorted(names))
        plan = own
    else:
        plan = make_plan(graph, scheme, calibration, progress, scheme_options, sorted(names))
    quantized = quantize_graph(graph, plan)
    design = make_design(quantized, hardware)
    samples = None if calibration is None else _samples(graph, calibration)
    found, clipped = _looked_at(graph, quantized, plan, samples)
    if own is None:
        plan = noted(plan, clipped)
    extra = {PLAN: plan.to_json(), DEVIATIONS: deviations_to_json(found)}
    vectors = _random_inputs(quantized) if samples is None else _first(samples, VECTORS)
    write_project(design, path, extra, vectors=expected_integers(quantized, vectors))
    return HardwareModel(design, path, plan, graph, found)


def load_project(folder: str | Path) -> HardwareModel:
    """The hardware model of a project folder that ``convert`` wrote.

    Raises:
        GraphError: not a project of hlsq, or a damaged one; names file and place.
        PlanError: its plan is damaged, or that of another network.
    """
    from hlsq.backends.vitis.project import read_project, reading
    from hlsq.emulate.deviation import read_deviations
    from hlsq.hardware import HardwareModel

    with reading(folder):
        path = Path(folder)
        design = read_project(path)
        plan = Plan.load(path / PLAN) if os.path.lexists(path / PLAN) else None
        counts = path / DEVIATIONS
        found = read_deviations(counts, design.network) if os.path.lexists(counts) else {}
    if plan is not None:
        _check_names(plan, design.network, path / PLAN)
    return HardwareModel(design, path, plan, deviations=found)


def _check_names(plan: Plan, graph: QuantizedGraph, path: Path) -> None:
    for what, given, wanted in (
        ("inputs", plan.inputs, [item.name for item in graph.inputs]),
        ("blocks", plan.blocks, list(graph.by_name)),
    ):
        if other := sorted(set(given) ^ set(wanted)):
            raise PlanError(
                f"{path}: {what}: {other[0]!r} is not in both plan and network; restore the plan, or convert again"
            )


def read_network(model: Any, options: dict[str, Any]) -> tuple[Graph, Plan | None]:
    """The float network of ``model``; for a QKeras model also its formats."""
    if isinstance(model, Graph):
        return model, None
    from hlsq.converters.keras import read_model

    given = _input_format(options.pop("input_format", None))
    return read_model(model, weights=options.pop("weights", None), input_format=given)


def _input_format(given: Any) -> Any:
    """The option ``input_format``: a format, one per input name, or None."""
    formats = given.values() if isinstance(given, Mapping) else [] if given is None else [given]
    names = given if isinstance(given, Mapping) else ()
    if all(isinstance(fmt, Format) for fmt in formats) and all(isinstance(name, str) for name in names):
        return given
    raise OptionError(
        f"input_format is {given!r}; allowed: a format, or a mapping from input name to format, for example "
        'input_format=hlsq.FixedPoint(width=8, frac=7) or {"image": hlsq.FixedPoint(8, 7)}'
    )


def make_plan(
    graph: Graph,
    scheme: str | None,
    calibration: Inputs | None,
    progress: bool | None,
    options: Mapping[str, Any],
    also_valid: Sequence[str] = (),
) -> Plan:
    """The plan of ``scheme``, or of the default one; ``also_valid`` are what else messages list as options."""
    from hlsq.schemes import get_scheme, run_scheme

    name = scheme or DEFAULT_SCHEME
    valid = [*get_scheme(name).option_names(), *also_valid]
    for option in options:
        if option not in valid:
            raise OptionError.unknown(f"scheme {name!r}, option", option, valid)
    if calibration is None:
        raise CalibrationError(
            "calibration data is missing: give samples of the training data, as in calibration=x_train[:500]"
        )
    return run_scheme(name, graph, calibration, progress=progress, **options)


def _with_formats(graph: Graph, plan: Plan, formats: Mapping[str, Mapping[str, Any]]) -> Plan:
    """``plan`` with other formats of single tensors, whose steps fit the weights of ``graph``."""
    if formats and plan.batch_norm == "fold":
        graph = graph.fold_batch_norm()
    for tensor, given in formats.items():
        name, dot, part = tensor.rpartition(".")
        part = PARTS.get(part, part)
        if not dot or not isinstance(given, Mapping):
            raise OptionError(
                f"formats: {tensor!r}: {given!r}; expected a tensor and fields of its format, as in "
                'formats={"conv1.weight": {"width": 4}}'
            )
        values = graph.by_name[name].kernel if part == "weight" and name in graph.by_name else None
        plan = plan.with_format(name, part, values=values, **given)
    return plan


def _as_plan(plan: Any) -> Plan:
    """A plan, its dictionary form, or the path of a saved one."""
    if isinstance(plan, Plan):
        return plan
    if isinstance(plan, Mapping):
        return Plan.from_dict(plan)
    if isinstance(plan, (str, Path)):
        return Plan.load(plan)
    raise OptionError(f"plan is a {type(plan).__name__}; expected a Plan, or the path of a saved one")


def _refuse_with_plan(scheme: str | None, options: Mapping[str, Any], others: Sequence[str] = ()) -> None:
    """Options of schemes have nothing to decide any more; what is an option of nothing is refused with ``others``."""
    from hlsq.schemes import get_scheme, scheme_names

    known = {name for found in scheme_names() for name in get_scheme(found).option_names()}
    if unknown := [name for name in options if name not in known]:
        raise OptionError.unknown("options", unknown[0], others or known)
    if scheme is not None or options:
        given = ", ".join([*(["scheme"] if scheme is not None else []), *options])
        raise OptionError(
            f"the formats are already fixed by the plan (or the QKeras model), so {given} cannot apply; leave it out"
        )


def _samples(graph: Graph, calibration: Inputs) -> dict[str, Any]:
    from hlsq.emulate.inputs import as_inputs

    return dict(as_inputs(graph.inputs, calibration, CalibrationError))


def _first(samples: Mapping[str, Any], count: int) -> dict[str, Any]:
    return {name: values[:count] for name, values in samples.items()}


def _random_inputs(graph: QuantizedGraph) -> dict[str, Any]:
    """Random integers of the whole input range, as real values."""
    generator = np.random.default_rng(0)
    inputs = {}
    for item in graph.inputs:
        fmt = item.format
        if fmt.levels is not None:
            integers = generator.choice(np.asarray(fmt.levels), (VECTORS, *item.shape))
        else:
            integers = generator.integers(fmt.qmin, fmt.qmax, (VECTORS, *item.shape), endpoint=True)
        inputs[item.name] = fmt.dequantize(integers)
    return inputs


def _looked_at(
    graph: Graph, quantized: QuantizedGraph, plan: Plan, samples: Mapping[str, Any] | None
) -> tuple[dict[str, Deviation], dict[str, Clipping]]:
    """Rounding differences of every block on the first samples, if there are any, and what clips too much."""
    from hlsq.emulate.clipped import clipped_inputs, clipped_parameters
    from hlsq.emulate.deviation import deviations
    from hlsq.emulate.emulator import Emulator
    from hlsq.formats.fit import clipping

    if plan.batch_norm == "fold":
        graph = graph.fold_batch_norm()
    clipped = dict(clipped_parameters(graph, plan))
    if samples is None:
        return {}, clipped
    first = _first(samples, DEVIATION_SAMPLES)
    clipped |= clipped_inputs(plan, first)

    def see(block: QBlock, real: Any) -> None:
        if plan.blocks[block.name].output is not None and (found := clipping(block.format, real)) is not None:
            clipped[f"{block.name}.output"] = found

    blocks = Emulator(quantized).run(first, trace=True, progress=False).blocks
    return deviations(graph, quantized, blocks, see), clipped

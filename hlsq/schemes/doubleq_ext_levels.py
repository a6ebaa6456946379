"""The formats among which DoubleQExt's search chooses, from powers of two to eight bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from hlsq.calibration.run import CalibrationData
from hlsq.emulate.inputs import as_inputs
from hlsq.errors import CalibrationError, OptionError
from hlsq.graph import Graph
from hlsq.plan import BlockPlan, Plan
from hlsq.schemes.base import Scheme
from hlsq.schemes.doubleq import CODE_BITS, is_last_dense
from hlsq.schemes.doubleq_ef import CODE_BITS as ERROR_FEEDBACK_BITS
from hlsq.schemes.doubleq_ef import OTHERS, DoubleQEF
from hlsq.search.fingerprint import Fingerprint
from hlsq.search.prepared import Prepared

Form = Literal["nearest", "error_feedback"]
FORMS: tuple[Form, ...] = ("nearest", "error_feedback")
EIGHT = 8
WIDTHS: Mapping[Form, tuple[int, ...]] = {
    "nearest": (CODE_BITS, EIGHT),
    "error_feedback": tuple(sorted(ERROR_FEEDBACK_BITS)),
}
"""Code widths of each form; a search starts with the smallest and can go up to the last."""
CALIBRATION: Mapping[Form, str] = {"nearest": "minmax", "error_feedback": "mse"}
"""How each form chooses activation ranges unless told: the paper's way, and that of ``doubleq_ef``."""
SHARED = {"code_bits", *(name for name in Scheme.option_names())}
FORM_OPTIONS: Mapping[Form, tuple[str, ...]] = {
    "nearest": (),
    "error_feedback": tuple(name for name in DoubleQEF.option_names() if name not in SHARED),
}
"""Options that are passed on to the scheme that makes the codes."""


@dataclass(frozen=True, eq=False)
class Levels:
    """Where a search starts, and where each layer can go from there.

    Attributes:
        start: every layer with its fewest bits.
        wider: name of each layer with a choice to its further formats, ascending by bits.
    """

    start: Plan
    wider: Mapping[str, Sequence[BlockPlan]]


def nearest_levels(start: Plan) -> Levels:
    """``start``, a plan of ``doubleq``, whose layers may keep their first level, the eight bits."""
    wider = {
        name: [replace(formats, weight=formats.first_level, first_level=None)]
        for name, formats in start.blocks.items()
        if formats.first_level is not None
    }
    return Levels(start, wider)


def error_feedback_levels(
    graph: Graph,
    data: CalibrationData,
    code_bits: Sequence[int],
    last_layer: Literal["quant8", "doubleq"],
    options: Mapping[str, Any],
    state: str | Path | None,
    progress: bool | None,
) -> Levels:
    """Weights that ``doubleq_ef`` rounded, once for every width of ``code_bits``, ascending.

    Codes for one width stand beside those for another, so a layer must not make up for errors of the layers before it,
    which would be others: unless ``options`` say otherwise each aims at what its own weights give for its inputs
    (``reference="layer"``). That the inputs were those of one width makes no difference that would show.

    What is finished is kept in the file ``state``, if there is one.
    """
    last = [block.name for block in graph.blocks if is_last_dense(graph, block)] if last_layer == "quant8" else []
    given = {"reference": "layer", **options}
    samples = as_inputs(graph.inputs, data, CalibrationError)
    decisive = Fingerprint().graph(graph).json([given, last, list(code_bits)]).samples(samples)
    prepared = Prepared(state, decisive.hexdigest())

    def rounded(bits: int) -> Plan:
        widths = {OTHERS: bits, **dict.fromkeys(last, EIGHT)}
        return DoubleQEF(**{**given, "code_bits": widths}).run(graph, data, progress)

    start, *others = [prepared.plan(f"{bits} bits", partial(rounded, bits)) for bits in code_bits]
    wider = {}
    for name, formats in start.blocks.items():
        found = [plan.blocks[name] for plan in others]
        if formats.weight is not None and found[-1].weight is not None and found[-1].weight.bits > formats.weight.bits:
            wider[name] = found
    return Levels(start, wider)


def rerounded(
    graph: Graph, data: CalibrationData, plan: Plan, options: Mapping[str, Any], progress: bool | None
) -> Plan:
    """Weights of the same widths as in ``plan``, rounded anew, each layer making up for what those before it lose."""
    widths = {name: formats.weight.bits for name, formats in plan.blocks.items() if formats.weight is not None}
    return DoubleQEF(**{**options, "code_bits": widths}).run(graph, data, progress)


def check_widths(form: Form, code_bits: Any) -> tuple[int, ...] | None:
    """``code_bits`` as the widths of ``form``; all of them for None. None where they are not valid."""
    known = WIDTHS[form]
    if code_bits is None:
        return known
    if not isinstance(code_bits, (list, tuple)) or any(type(bits) is not int for bits in code_bits):
        return None
    widths = tuple(code_bits)
    good = len(widths) > 1 and widths[-1] == EIGHT and list(widths) == sorted(set(widths)) and set(widths) <= set(known)
    return widths if good else None


def check_form_options(scheme: str, form: Form, options: Mapping[str, Any]) -> None:
    """Refuse options that ``form`` does not have.

    Raises:
        OptionError: names the valid ones.
    """
    for name in options:
        if name not in FORM_OPTIONS[form]:
            what = f"scheme {scheme!r}, form {form!r}, option in form_options"
            raise OptionError.unknown(what, name, list(FORM_OPTIONS[form]))

"""Numbers and names as text and page show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hlsq.cost.parts import Part
from hlsq.cost.requantisers import Requantisers
from hlsq.memory import Saving
from hlsq.report.choice import architecture
from hlsq.report.curve import ACCURACY
from hlsq.report.model import DeviationReport, NetworkReport
from hlsq.report.program import ProgramReport

STATE = "search"
"""What a search needs to go on, in a plan's ``info``; nothing for a reader."""
UNITS = (("MB", 8_000_000), ("kB", 8_000))


def size(bits: int | None) -> str:
    """Bits as bytes, 1 kB = 1000 bytes as in the papers; ``-`` for nothing."""
    if not bits:
        return "-"
    for unit, one in UNITS:
        if bits >= one:
            return f"{bits / one:,.2f} {unit}"
    return f"{-(-bits // 8)} B"


def saved(saving: Saving) -> str:
    """``168.91 kB (84.4 % less)``."""
    if saving.saved is None:
        return "-"
    word = "less" if saving.saved >= 0 else "more"
    return f"{size(saving.after)} ({abs(100 * saving.saved):.1f} % {word})"


def measured(value: float, metric: str) -> str:
    """A result of ``metric``; accuracy in percent."""
    return f"{100 * value:.2f} %" if metric == ACCURACY else f"{value:g}"


def times(saving: Saving) -> str:
    """How many times less it is; ``-`` where nothing is needed before or after."""
    return f"{saving.compression:.2f}" if saving.compression else "-"


def shape(axes: Iterable[int] | None) -> str:
    """``32x32x3``."""
    return "-" if axes is None else "x".join(map(str, axes)) or "1"


def number(value: int) -> str:
    """With thousands separated; ``-`` for 0."""
    return f"{value:,}" if value else "-"


def options(values: Mapping[str, Any]) -> str:
    """``name=value, ...`` with nested mappings in brackets; ``-`` for none."""
    return ", ".join(f"{name}={_value(value)}" for name, value in values.items()) or "-"


def _info(value: Any) -> str:
    """A finding of the scheme; of a long list of them only how many, as the plan has them all."""
    if isinstance(value, Mapping):
        return options(value)
    if isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        return f"{len(value)}, in the plan"
    return _value(value)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({options(value)})" if value else "()"
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def rounding(report: NetworkReport) -> str:
    """One sentence about roundings."""
    total = report.deviation
    if total is None or report.deviation_samples is None:
        return "not counted (convert was given no calibration data, or no block rounds)"
    samples = f"on {report.deviation_samples} calibration samples"
    if not total.differing:
        return f"all {total.values:,} integers are those of real arithmetic, {samples}"
    return (
        f"{total.differing:,} of {total.values:,} integers differ from real arithmetic ({share(total)}), "
        f"by at most {total.largest}, {samples}"
    )


def requantisers(found: Requantisers) -> str:
    """``3 shift, 2 dyadic``; ``-`` for none."""
    kinds = (("shift", found.shift), ("dyadic", found.dyadic), ("threshold", found.threshold))
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds if count) or "-"


def capacity(part: Part | None) -> str:
    """What a part has, and who says so."""
    if part is None:
        return "not known to hlsq, and taken without a check: what it has is unknown"
    luts = f"{part.lut:,} LUT ({part.lutram:,} LUTRAM)"
    counts = ((part.ff, "FF"), (part.dsp, "DSP"), (part.bram36, "BRAM (36 Kb)"), (part.uram, "URAM"))
    return f"{part.name}, {part.family}: {', '.join([luts, *(f'{count:,} {name}' for count, name in counts)])}"


def share(deviation: DeviationReport) -> str:
    """Part of the integers that differ; a small one is never shown as none."""
    part = deviation.differing / max(deviation.values, 1)
    return "< 0.01 %" if 0 < part < 1e-4 else f"{100 * part:.2f} %"


def summary(report: NetworkReport) -> list[tuple[str, str]]:
    """What holds for the whole network, name and value."""
    plan = report.plan
    rows = [
        ("project", f"{report.project}, {report.part}, {report.clock_period:g} ns, {_architecture(report)}"),
        ("part", capacity(report.capacity)),
        ("scheme", "unknown: the project has no plan" if plan is None else plan.scheme),
    ]
    if plan is not None:
        rows += [("scheme options", options(plan.options)), ("batch norm", plan.batch_norm)]
        rows += [(name.replace("_", " "), _info(value)) for name, value in plan.info.items() if name != STATE]
    rows += [(f"input {i.name}", f"{shape(i.shape)}, {i.format}") for i in report.inputs]
    for output in report.outputs:
        host = f"; {output.host} is left to the host" if output.host else ""
        rows.append((f"output {output.name}", f"{shape(output.shape)}, {output.format}{host}"))
    rows += [(f"accuracy {name}", f"{100 * value:.2f} %") for name, value in report.accuracy.items()]
    rows += [
        ("PEs", ", ".join(f"{count:,} {kind}" for kind, count in report.pes.items()) or "-"),
        *(_operator_rows(report) if report.program is None else _program_rows(report.program)),
        ("MACs per sample", number(report.macs)),
        ("architecture", architecture(report.estimate, report.macs, report.asked.folded, _stages(report))),
        ("rounding", rounding(report)),
    ]
    return rows


def _stages(report: NetworkReport) -> int:
    return 0 if report.program is None else len(report.program.stages)


def _architecture(report: NetworkReport) -> str:
    return report.io_type if report.program is None else "folded"


def _operator_rows(report: NetworkReport) -> list[tuple[str, str]]:
    return [
        ("requantisers", requantisers(report.requantisers)),
        ("multipliers beside PEs", number(report.multipliers)),
        ("shifters", number(report.shifters)),
        ("DSP candidates", number(report.dsp_candidates)),
        ("registers of windows", f"{number(report.window_register_bits)} bit"),
        *([("widest stream", f"{number(report.widest_stream_bits)} bit")] if report.widest_stream_bits else []),
    ]


def _program_rows(program: ProgramReport) -> list[tuple[str, str]]:
    if program.stages:
        pace = f"a sample every {program.interval:,} cycles, ready after {program.cycles:,}"
        return [("engines", program.in_words), ("program", f"{program.length}; {pace}")]
    fields = f"{len(program.fields)} fields, {program.instruction_bits:,} bits"
    return [
        ("engines", program.in_words),
        ("program", f"{len(program.instructions)} instructions of {fields}; {program.cycles:,} cycles a sample"),
    ]


def memory_rows(report: NetworkReport) -> list[tuple[str, str, str]]:
    """Memory of the whole network: what, as floats, in hardware."""
    memory = report.memory
    word = f"packed in {memory.word_bits}-bit words, unused bits included"
    rows: list[tuple[str, Saving | None]] = [
        ("weights of convolutions (the paper's count)", memory.paper),
        (f"  {word}", memory.paper_packed),
        ("all weights", memory.weights),
        (f"  {word}", memory.packed),
        ("  as laid out in ROM, with idle PEs", memory.rom),
        ("all weights, biases, scales and requantisation tables", memory.parameters),
        (f"feature maps, all live at {memory.maps.live_at}", memory.maps.live),
    ]
    found = [(what, size(s.before), saved(s)) for what, s in rows if s is not None]
    for what, s in (
        ("read-only (FxP-QNet): weights, biases, batch norms", memory.read_only),
        (f"  {word}", memory.read_only_packed),
        ("read-write (FxP-QNet): inputs and output of one block", memory.read_write),
        (f"  {word}", memory.read_write_packed),
    ):
        found.append((what, size(s.before), f"{saved(s)}, {times(s)} times"))
    if report.program is not None:
        found.append(("memories of feature maps, all banks", "-", size(report.program.map_bits)))
        return found
    found.append(("line buffers", "-", size(memory.line_buffer_bits)))
    if report.io_type == "io_stream":
        found.append(("streams", "-", size(report.stream_bits)))
    return found

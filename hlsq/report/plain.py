"""The report as plain dictionaries and lists."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from hlsq.memory import Saving
from hlsq.report import cost
from hlsq.report.model import NetworkReport

BLOCK_TOTALS = ("maps", "maps_packed", "read_only", "read_only_packed", "parameters")
TOTALS = (
    "paper",
    "paper_packed",
    "weights",
    "packed",
    "rom",
    "parameters",
    "read_write",
    "read_write_packed",
    "read_only",
    "read_only_packed",
)


def to_plain(report: NetworkReport) -> dict[str, Any]:
    """Everything that the report holds, and its sums as ``totals``; sizes in bits."""
    data = asdict(replace(report, estimate=None))  # type: ignore[arg-type] # asdict copies no read-only mappings
    pace = data.pop("pace")
    data["estimate"] = cost.to_plain(report.estimate, pace)
    maps = data.pop("memory")["maps"]
    for block, source in zip(data["blocks"], report.blocks, strict=True):
        block["memory"] |= {
            "float_bits": source.memory.float_bits,
            "weight_bits": source.memory.weight_bits,
            "unused_bits": source.memory.unused_bits,
            **{name: _saving(getattr(source.memory, name)) for name in BLOCK_TOTALS},
        }
    for join, stream in zip(data["joins"], report.joins, strict=True):
        join["bits"] = stream.bits
    data["totals"] = {
        "macs": report.macs,
        "pes": report.pes,
        "requantisers": asdict(report.requantisers),
        "multipliers": report.multipliers,
        "shifters": report.shifters,
        "dsp_candidates": report.dsp_candidates,
        "window_register_bits": report.window_register_bits,
        "widest_stream_bits": report.widest_stream_bits,
        "memory": {
            **{name: _saving(getattr(report.memory, name)) for name in TOTALS},
            "word_bits": report.memory.word_bits,
            "line_buffer_bits": report.memory.line_buffer_bits,
            "stream_bits": report.stream_bits,
            "map_live": _saving(report.memory.maps.live),
            "map_live_at": maps["live_at"],
            "map_live_names": maps["live_maps"],
        },
        "deviation": None if report.deviation is None else asdict(report.deviation),
        "average_word_lengths": [asdict(average) for average in report.average_lengths],
    }
    return data


def _saving(saving: Saving | None) -> dict[str, Any] | None:
    if saving is None:
        return None
    return {**asdict(saving), "saved": saving.saved, "compression": saving.compression}

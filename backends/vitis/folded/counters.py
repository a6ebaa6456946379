"""How far the counters of the C++ count, so that each has as many bits as that takes."""

from __future__ import annotations

from collections.abc import Iterable

from hlsq.backends.folded.program import FoldedProgram

COUNTERS = {
    "kernel": ("kernel_y", "kernel_x"),
    "chunk": ("chunks", "target_words"),
    "outputs": ("outputs", "filters", "last_turn", "groups_of_outputs"),
    "groups": ("rows", "groups"),
    "weight": ("weight_bank", "weight_address", "weight_slices"),
    "cycle": ("period", "delay"),
    "lane_count": ("finishes", "operands", "part", "part_lanes"),
    "parameter": ("parameters",),
    "emitted": ("emit_address", "emit_pitch"),
}
"""Of one type each, and the fields that bound them."""


def counter_bits(program: FoldedProgram) -> dict[str, int]:
    """Bits of the signed types of counters, by what they count.

    Those that go a step beyond the last one have room for that.
    """
    widths = {field.name: field.width for field in program.fields}
    overlay = program.overlay
    tables = [] if overlay is None else [table.rows for each in overlay.tables for table in each]
    images = [image for image in program.images if overlay is None]
    words = max(engine.sums for engine in program.engines) // program.map.word + 1
    beyond = {
        "chunk": [words],
        "outputs": [engine.array.outputs for engine in program.engines],
        "weight": [*tables, *(n for image in images for n in image.weights.shape[:2])],
        "lane_count": [
            n
            for engine in program.engines
            for n in (engine.array.positions, engine.sums, program.map.word // program.map.granule)
        ],
        "parameter": [*tables, *(len(values) for image in images for values in image.parameters.values())],
        "emitted": [program.map.outputs],
    }
    return {
        name: _signed(1 << max(widths.get(field, 0) for field in fields), beyond.get(name, ()))
        for name, fields in COUNTERS.items()
    }


def _signed(least: int, others: Iterable[int]) -> int:
    """Bits of a counter that reaches the sum of two of the largest of these numbers."""
    return (2 * max(least, *others, 1)).bit_length() + 1

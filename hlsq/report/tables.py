"""The tables of a report, the same for text and page: every cell is a string."""

from __future__ import annotations

from collections.abc import Iterator

from hlsq.cost.operators import Operators
from hlsq.counted import counted
from hlsq.memory import Saving
from hlsq.report import cost
from hlsq.report.model import BlockReport, NetworkReport
from hlsq.report.program_tables import program_tables
from hlsq.report.synthesis import synthesis_tables
from hlsq.report.table import Row, Table
from hlsq.report.words import measured, memory_rows, number, requantisers, shape, share, size, summary, times

COST = "Hardware cost"


def tables(report: NetworkReport, bars: bool = False) -> list[Table]:
    """All tables that have rows; with ``bars`` of letters, if a terminal is to show them."""
    blocks = report.blocks
    found = [
        Table("Network", ("", ""), tuple(summary(report))),
        *_cost_tables(report, bars),
        *synthesis_tables(report.estimate, report.synthesis),
        Table("Memory", ("", "32-bit float", "in hardware"), tuple(memory_rows(report)), note=_memory_note(report)),
        Table(
            "Steps of the search",
            ("changed last", "weight memory", report.metric),
            tuple(
                (p.label, size(round(8 * p.memory_bytes)), measured(p.accuracy, report.metric)) for p in report.curve
            ),
            right=(1, 2),
            note="Every step of the search that made the plan; of the weights' memory, the paper's count.",
        ),
        *(program_tables(report.program, bars) if report.program is not None else ()),
        _block_table(report),
        Table(
            "Operators",
            ("block", "requantisers", "multipliers", "shifters", "DSP candidates", "window registers"),
            tuple(_operators_row(block.name, block.operators) for block in blocks if block.operators is not None),
            right=(2, 3, 4, 5),
            note="What works in every cycle. Requantisers: outputs that are finished in one; dyadic ones multiply. "
            "Multipliers: beside those of PEs. Shifters: PEs and requantisers that shift by what changes from cycle to "
            "cycle. DSP candidates: multiplications, those of PEs included. Window registers: bits of the taps that "
            "PEs see.",
        ),
        Table(
            "Formats",
            ("block", "weights", "weight format", "bias", "batch norm", "output format"),
            tuple(map(_format_row, blocks)),
            note="Kind, signed or unsigned with bits, real value of one step; a zero point where it is not 0. "
            "Batch norm: multiplier and shift; of an average pool, its reciprocal.",
        ),
        Table(
            "Widths",
            ("block", "accumulator", "bits", "scaled bits", "requantisation", "bits"),
            tuple(map(_width_row, blocks)),
            right=(2, 3, 5),
            note="The interval holds every partial sum of the actual weights; bits are those of the signed C++ types"
            + ("." if report.program is None else " that a block alone would need."),
        ),
        Table(
            "Word lengths",
            ("", "bits of tensors", "bits of values"),
            tuple((a.group, f"{a.tensors:.2f}", f"{a.values:.2f}") for a in report.average_lengths),
            right=(1, 2),
            note="Averages over tensors, and over all their values. Others: biases, batch norms, reciprocals of pools.",
        ),
        Table(
            "Word lengths of tensors",
            ("block", "weight", "bias", "scale", "shift", "activation"),
            tuple(_length_rows(report)),
            right=(1, 2, 3, 4, 5),
        ),
        Table(
            "Memory of blocks",
            ("block", "weights", "float", "codes", "packed", "unused", "ROM", "bias", "scale", "requant", "lines"),
            tuple(_memory_row(b) for b in blocks if b.memory.parameters.after or b.memory.line_buffer_bits),
            right=tuple(range(1, 11)),
            note="Codes alone; packed in words with their unused bits; ROM as laid out. Bias, batch norm (scale) and "
            "requantisation tables, and the line buffers of windows, are apart from the weights.",
        ),
        Table(
            "Read-write and read-only memory",
            ("block", "maps", "codes", "words", "times", "in words", "params", "codes", "words", "times", "in words"),
            tuple(_footprint_rows(report)),
            right=tuple(range(1, 11)),
            note="FxP-QNet eq. 26-30. Maps: inputs and output of a block, of the network the largest. Params: "
            "weights, biases and batch norms. Both as 32-bit floats, as codes, and in words with unused bits; then how "
            "many times less the codes are, and the words.",
        ),
        Table(
            "Streams into joins",
            ("block", "from", "depth", "packet", "size"),
            tuple((j.block, j.source, number(j.depth), f"{j.packet_bits} bit", size(j.bits)) for j in report.joins),
            right=(2, 3, 4),
            note="Packets that wait while the other branch fills its line buffers; every other stream holds two.",
        ),
        Table(
            "Rounding",
            ("block", "integers", "differing", "share", "largest"),
            tuple(
                (b.name, number(d.values), number(d.differing), share(d), number(d.largest))
                for b in blocks
                if (d := b.deviation) is not None and d.differing
            ),
            right=(1, 2, 3, 4),
            note="Blocks whose integers differ from real arithmetic on the same inputs; all others round exactly.",
        ),
        Table(
            "Keras layers",
            ("block", "layers"),
            tuple((b.name, ", ".join(b.layers)) for b in blocks if b.layers not in ((), (b.name,))),
        ),
    ]
    return [table.shown() for table in found if table.rows]


def _cost_tables(report: NetworkReport, bars: bool) -> Iterator[Table]:
    estimate = report.estimate
    uses = tuple(cost.use_rows(estimate, bars))
    header = ("", "estimate", "part has", "share", *([f"limit {cost.percent(estimate.limit)}"] * (len(uses[0]) - 4)))
    if estimate.capacity is None:
        note = "What the part has is not known to hlsq, so nothing says whether the design fits."
    else:
        note = f"BRAM: blocks of 36 Kb. At most {cost.percent(estimate.limit)} of the part may be taken."
    yield Table(COST, header, uses, right=(1, 2, 3), note=note)
    yield Table("Estimate", ("", ""), tuple(cost.total_rows(estimate, report.asked, report.pace)))
    cells = ("LUT", "LUTRAM", "FF", "DSP", "BRAM18", "BRAM36", "URAM")
    yield Table(
        "Hardware cost of blocks",
        ("block", "PEs", *cells, "latency", "interval", "useful"),
        tuple(cost.block_rows(estimate)),
        right=tuple(range(1, 12)),
        note="LUTRAM: LUTs that are memories or shift registers, among those of LUT. BRAM36: two of 18 Kb are one. "
        "Latency and interval in cycles; useful: share of the PEs' cycles in the design's interval.",
    )
    yield Table(
        "Block RAM",
        ("block", "component", "memory", "copies", "words x width", "BRAM36"),
        tuple(cost.memory_rows(estimate)),
        right=(3, 4, 5),
        note="Of each block. A wide word takes many blocks of RAM, however few words there are.",
    )
    yield Table(
        "Hardware cost of components",
        ("component", *cells),
        tuple(cost.component_rows(estimate)),
        right=tuple(range(1, 8)),
        note="Of all blocks together.",
    )


def _memory_note(report: NetworkReport) -> str:
    note = "1 kB = 1000 bytes. The paper's count (DoubleQ) is the codes of the convolutions alone."
    if not report.memory.paper.before:
        note += " This network has none."
    maps = ", ".join(report.memory.maps.live_maps)
    return f"{note} Live feature maps: {maps}."


def _footprint_rows(report: NetworkReport) -> Iterator[Row]:
    memory = report.memory
    found = [
        (
            counted(len(report.blocks), "block"),
            (memory.read_write, memory.read_write_packed, memory.read_only, memory.read_only_packed),
        )
    ]
    for block in report.blocks:
        m = block.memory
        found.append((block.name, (m.maps, m.maps_packed, m.read_only, m.read_only_packed)))
    for name, (maps, maps_packed, params, params_packed) in found:
        yield (name, *_footprint(maps, maps_packed), *_footprint(params, params_packed))


def _footprint(codes: Saving, words: Saving) -> Row:
    return (size(codes.before), size(codes.after), size(words.after), times(codes), times(words))


def _length_rows(report: NetworkReport) -> Iterator[Row]:
    bits: dict[str, dict[str, int]] = {}
    for length in report.word_lengths:
        bits.setdefault(length.name, {})[length.kind] = length.bits
    for name, found in bits.items():
        kinds = ("weight", "bias", "scale", "shift", "activation")
        yield (name, *(str(found[kind]) if kind in found else "-" for kind in kinds))


def _block_table(report: NetworkReport) -> Table:
    """Every block; those of a folded accelerator have no PEs of their own."""
    rows, header = tuple(map(_block_row, report.blocks)), ("block", "operation", "input", "output")
    if report.program is not None:
        return Table("Blocks", (*header, "MACs"), tuple((*row[:4], row[-1]) for row in rows), right=(4,))
    return Table(
        "Blocks",
        (*header, "PEs", "kind", "taps x outputs", "reuse", "MACs"),
        rows,
        right=(4, 7, 8),
        note="Of each position, a cycle handles taps x outputs products; reuse: cycles that share a PE.",
    )


def _block_row(block: BlockReport) -> Row:
    shapes = dict.fromkeys(shape(axes) for axes in block.input_shapes)
    operation = block.operation if block.activation == "linear" else f"{block.operation}, {block.activation}"
    pe = block.pe
    return (
        block.name,
        operation,
        " + ".join(shapes),
        shape(block.output_shape),
        number(pe.count if pe else 0),
        pe.kind if pe else "-",
        f"{pe.tap_block} x {pe.output_block}" if pe else "-",
        number(pe.reuse_factor if pe else 0),
        number(block.macs),
    )


def _operators_row(name: str, found: Operators) -> Row:
    return (
        name,
        requantisers(found.requantisers),
        number(found.multipliers.total),
        number(found.shifters),
        number(found.dsp_candidates),
        number(found.window_register_bits),
    )


def _format_row(block: BlockReport) -> Row:
    return (
        block.name,
        shape(block.weight_shape),
        str(block.weight_format or "-"),
        block.bias_format or "-",
        " + ".join(filter(None, (block.scale_format, block.shift_format))) or "-",
        str(block.output_format),
    )


def _width_row(block: BlockReport) -> Row:
    interval = block.accumulator
    return (
        block.name,
        "-" if interval is None else f"{interval[0]:,} to {interval[1]:,}",
        number(block.accumulator_bits),
        number(block.scaled_bits),
        block.requant,
        number(block.requant_bits),
    )


def _memory_row(block: BlockReport) -> Row:
    memory = block.memory
    sizes = (
        memory.float_bits,
        memory.weight_bits,
        memory.packed_bits,
        memory.unused_bits,
        memory.rom_bits,
        memory.bias_bits,
        memory.scale_bits,
        memory.requant_bits,
        memory.line_buffer_bits,
    )
    return (block.name, number(memory.weights), *map(size, sizes))

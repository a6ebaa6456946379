"""A program as text: one line an instruction."""

from __future__ import annotations

from hlsq.backends.folded.pieces import MODES, Engine, Instruction
from hlsq.counted import in_percent
from hlsq.escape import visible

HEADER = ("layer", "engine", "mode", "steps", "groups", "cycles", "PEs used", "reads", "writes")


def listing(engines: tuple[Engine, ...], instructions: tuple[Instruction, ...], totals: str) -> str:
    """Engines, instructions and totals."""
    rows = [HEADER, *(_row(engines, item) for item in instructions)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*map(_engine, engines), *lines, totals])


def _engine(engine: Engine) -> str:
    array = engine.array
    shape = f"{array.taps} taps x {array.outputs} outputs x {array.positions} positions"
    return f"{visible(engine.name)}: {engine.pes:,} {engine.kind} PEs ({shape})"


def _row(engines: tuple[Engine, ...], item: Instruction) -> tuple[str, ...]:
    f = item.fields
    name = visible(" + ".join(item.blocks) or item.target)
    if item.opcode != "run":
        return name, "", item.opcode, "", "", f"{item.cycles:,}", "", "", ""
    engine = engines[f["engine"]]
    mode = MODES[f["mode"]] if not f["split"] else f"{MODES[f['mode']]}/{1 << f['split']}"
    groups = f["rows"] * f["groups"] * f["groups_of_outputs"]
    use = in_percent(item.macs / (item.cycles * engine.pes)) if item.macs else ""
    reads = f"{f['memory']}@{f['start_address']}"
    writes = f"{f['out_memory']}@{f['out_address']}" if f["stores"] else "output"
    return name, visible(engine.name), mode, str(f["steps"]), str(groups), f"{item.cycles:,}", use, reads, writes

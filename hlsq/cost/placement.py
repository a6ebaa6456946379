"""Line buffers that move between memory LUTs and block RAMs, where a part is short of what their size asks for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from hlsq.cost.blockram import block_rams
from hlsq.cost.estimate.choices import Choices, LineStorage, Storage
from hlsq.cost.estimate.model import BlockEstimate, Estimate, Memory, Resources
from hlsq.cost.estimate.storage import FEW_PLACES, LINES, memory_cells

SCARCE: Mapping[Storage, str] = {"lutram": "lutram", "bram": "bram18"}
"""The resource of which each kind of storage takes most, for its bits."""


def placed(
    estimate: Callable[[LineStorage], Estimate], lines: LineStorage, blocks: Iterable[str]
) -> tuple[Estimate, LineStorage]:
    """The estimate of a design and what holds its lines: what ``lines`` says, or with those moved that let it fit.

    Args:
        estimate: of the design with lines in such storage.
        lines: what is asked for; where that is ``"auto"``, lines may move.
        blocks: all of the network, by name.
    """
    found, asked = estimate(lines), Choices(lines=lines)
    moved = moved_lines(found, [name for name in blocks if asked.lines_of(name) == "auto"])
    if moved:
        elsewhere = {**lines, **moved} if isinstance(lines, Mapping) else moved
        other = estimate(elsewhere)
        if other.fits:
            return other, elsewhere
    return found, lines


def moved_lines(estimate: Estimate, movable: Collection[str]) -> dict[str, Storage]:
    """What holds the lines of the blocks that have to move for a design to have enough memory LUTs and block RAMs.

    Those that give most of what is short for what they take go first, as many as it takes. Nothing moves where neither
    is short, or both are, or the others have no room for enough.

    Args:
        estimate: of the design with lines where they are.
        movable: blocks whose lines may move.
    """
    if estimate.capacity is None:
        return {}
    allowed = {kind: estimate.limit * getattr(estimate.capacity, name) for kind, name in SCARCE.items()}
    spare = {kind: allowed[kind] - getattr(estimate, name) for kind, name in SCARCE.items()}
    short = [kind for kind in SCARCE if spare[kind] < 0]
    if len(short) != 1:
        return {}
    (source,) = short
    target: Storage = "bram" if source == "lutram" else "lutram"
    gains = []
    for name in movable:
        before, after = _lines(estimate.blocks[name], None), _lines(estimate.blocks[name], target)
        given = getattr(before, SCARCE[source]) - getattr(after, SCARCE[source])
        taken = getattr(after, SCARCE[target]) - getattr(before, SCARCE[target])
        if given > 0:
            gains.append((taken / given, name, given, taken))
    moved: dict[str, Storage] = {}
    for _, name, given, taken in sorted(gains):
        if spare[source] < 0 and taken <= spare[target]:
            spare = {source: spare[source] + given, target: spare[target] - taken}
            moved[name] = target
    return moved if spare[source] >= 0 else {}


def _lines(block: BlockEstimate, moved_to: Storage | None) -> Resources:
    """What the lines of a block take, where they are or where they move to."""
    found = Resources()
    for memory in block.memories:
        if memory.part in LINES and memory.depth > FEW_PLACES:
            found += memory_cells(memory if moved_to is None else _stored(memory, moved_to))
    return found


def _stored(memory: Memory, storage: Storage) -> Memory:
    if storage == "lutram":
        return replace(memory, storage="LUTRAM", bram18=0)
    return replace(memory, storage="block RAM", bram18=memory.copies * block_rams(memory.depth, memory.width))

"""Line buffers, weights and FIFOs that move between LUTs and block RAMs where a part is short of what sizes ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hlsq.cost.estimate.choices import Choices, Storage
from hlsq.cost.estimate.model import RESOURCES, Estimate, Memory, Resources
from hlsq.cost.estimate.storage import LINES, fifo, memory_cells, ram, rom

SCARCE: Mapping[str, Storage] = {"lutram": "bram", "bram18": "lutram"}
"""Of what a design may be short, and where memories go then."""
COMPONENTS = {"lines": LINES, "roms": ("weights",), "fifos": ("streams", "copies")}
"""Components of a block that each of the choices says the storage of."""


def placed(estimate: Callable[[Choices], Estimate], asked: Choices, blocks: Iterable[str]) -> tuple[Estimate, Choices]:
    """The estimate of a design and its choices: those asked for, or with memories moved that let it fit.

    Args:
        estimate: of the design with other choices.
        asked: where they say ``"auto"``, memories may move.
        blocks: all of the network, by name.
    """
    found = estimate(asked)
    moved = moved_memories(found, asked, blocks)
    if moved != asked:
        other = estimate(moved)
        if other.fits:
            return other, moved
    return found, asked


def moved_memories(estimate: Estimate, asked: Choices, blocks: Iterable[str]) -> Choices:
    """Choices with as many memories moved as it takes for a design to have enough memory LUTs and block RAMs.

    Those that give most of what is short for the share that they take of the part go first. Nothing moves where neither
    is short, or both are, or there is no room for enough.

    Args:
        estimate: of the design with memories where they are.
        asked: its choices.
        blocks: of the network, by name.
    """
    part = estimate.capacity
    if part is None:
        return asked
    allowed = {name: estimate.limit * getattr(part, name) for name in RESOURCES}
    spare = {name: allowed[name] - getattr(estimate, name) for name in RESOURCES}
    short = [name for name in SCARCE if spare[name] < 0]
    if len(short) != 1:
        return asked
    (scarce,) = short
    moves = []
    for name in blocks:
        for choice in COMPONENTS:
            taken = _taken(estimate.blocks[name].memories, choice, SCARCE[scarce])
            given = -taken[scarce]
            if asked.storage_of(choice, name) == "auto" and given > 0:
                costs = [taken[r] / allowed[r] if allowed[r] else float("inf") for r in RESOURCES if taken[r] > 0]
                moves.append((sum(costs) / given, name, choice, taken))
    moved: dict[str, dict[str, Storage]] = {choice: {} for choice in COMPONENTS}
    for _, name, choice, taken in sorted(moves, key=lambda move: move[:3]):
        if spare[scarce] < 0 and all(spare[r] >= taken[r] for r in RESOURCES if taken[r] > 0):
            spare = {r: spare[r] - taken[r] for r in RESOURCES}
            moved[choice][name] = SCARCE[scarce]
    return asked if spare[scarce] < 0 else asked.with_storage(**moved)


def _taken(memories: Iterable[Memory], choice: str, storage: Storage) -> dict[str, float]:
    """What of each resource a block takes in addition if what ``choice`` is of lies in ``storage``."""
    before = after = Resources()
    for m in memories:
        if m.component in COMPONENTS[choice]:
            there = _moved(m, choice, storage)
            before, after = before + memory_cells(m), after + memory_cells(there)
    return {name: getattr(after, name) - getattr(before, name) for name in RESOURCES}


def _moved(memory: Memory, choice: str, storage: Storage) -> Memory:
    match choice:
        case "roms":
            return rom(memory.component, memory.depth, memory.width, storage)
        case "fifos":
            return fifo(memory.component, memory.depth, memory.width, storage)
        case _:
            return ram(memory.component, memory.copies, memory.depth, memory.width, storage)

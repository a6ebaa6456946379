"""Engines: which one runs which pass, the kind of its PEs, and the shape of its array."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from hlsq.backends.folded.codes import CodeForm, code_form, identity_form
from hlsq.backends.folded.layout import NONE, layouts
from hlsq.backends.folded.loops import Loops, make_loops
from hlsq.backends.folded.pieces import Array, PEKind
from hlsq.backends.folded.tasks import Task, Work
from hlsq.errors import OptionError

MOST_TAPS = 64
MOST_POSITIONS = 32
DEFAULT_PES = 256


@dataclass(frozen=True)
class EngineSpec:
    """What is chosen of an engine before anything is laid out.

    Attributes:
        name: of the engine.
        kind: of its PEs.
        array: of PEs.
    """

    name: str
    kind: PEKind
    array: Array

    def lanes(self, word: int) -> int:
        """Most values that are finished a cycle: all that one step can complete, as many as a word divides into."""
        return gcd(self.array.outputs * max(self.splits), word)

    @property
    def splits(self) -> tuple[int, ...]:
        """Depths at which the adder trees are tapped: as many as the accumulators that single lanes need allow."""
        taps, outputs = self.array.taps, self.array.outputs
        found = [1]
        while taps % (2 * found[-1]) == 0 and outputs * 2 * found[-1] <= max(taps, outputs):
            found.append(2 * found[-1])
        return tuple(found)


def kind_for(forms: set[str]) -> PEKind:
    """The simplest PE that computes with weights of all ``forms``."""
    if "integer" in forms:
        return "dual" if "power" in forms or "sign" in forms else "multiply"
    return "shift" if "power" in forms or not forms else "sign"


def forms_of(work: Work, word: int) -> dict[str, CodeForm]:
    """The form of every task's weights, by target."""
    found: dict[str, CodeForm] = {}
    lanes = layouts(work, word)
    for task in work.tasks:
        if task.block is not None and task.block.weights is not None:
            padded = NONE in lanes[work.root(task.source)] or (task.mode == "mac" and task.window.target[2] % word != 0)
            found[task.target] = code_form(task.block.weights, padded)
    identity = identity_form({form.form for form in found.values()})
    return {t.target: found.get(t.target, identity) for t in work.tasks if t.weights is not None}


def choose_array(work: Work, pes: int) -> Array:
    """The array of at most ``pes`` PEs that takes the fewest cycles; of several, the one with the fewest PEs.

    Raises:
        OptionError: ``pes`` is no whole number above 0.
    """
    if type(pes) is not int or pes < 1:
        raise OptionError(f"pes is {pes!r}; allowed: a whole number of PEs from 1 on")
    best: tuple[tuple[int, int, int], Array] | None = None
    taps = 1
    while taps <= min(pes, MOST_TAPS):
        words = {name: len(layout) // taps for name, layout in layouts(work, taps).items()}
        for positions in range(1, min(pes // taps, MOST_POSITIONS) + 1):
            most = pes // (taps * positions)
            for outputs in {most, most // 2 * 2, most // 4 * 4, most // 8 * 8, 1 << (most.bit_length() - 1)} - {0}:
                array = Array(taps, outputs, positions)
                spec = EngineSpec("engine", "shift", array)
                cycles = sum(
                    make_loops(
                        task, array, words[work.root(task.source)], spec.splits, spec.lanes(taps), taps, False
                    ).cycles(positions)
                    for task in work.tasks
                )
                # A word and its selection cost as much as they are wide, accumulators as many as there are.
                key = cycles, array.pes, taps * positions + outputs * positions
                if best is None or key < best[0]:
                    best = key, array
        taps *= 2
    assert best is not None  # noqa: S101 - one PE always is an array
    return best[1]


def choose_engines(work: Work, pes: int | None) -> tuple[tuple[EngineSpec, ...], dict[str, int]]:
    """Engines, and the number of the one that runs each task, by target."""
    array = choose_array(work, DEFAULT_PES if pes is None else pes)
    forms = {form.form for form in forms_of(work, array.taps).values()}
    return (EngineSpec("engine0", kind_for(forms), array),), {task.target: 0 for task in work.tasks}


def task_loops(work: Work, task: Task, spec: EngineSpec, words: dict[str, int], word: int, shared: bool) -> Loops:
    """The loops of ``task`` on ``spec``."""
    return make_loops(task, spec.array, words[work.root(task.source)], spec.splits, spec.lanes(word), word, shared)

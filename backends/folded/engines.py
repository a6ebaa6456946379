"""Engines: the kind of their PEs, the shape of their arrays, which one runs which pass, and how it reads weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import gcd

from hlsq.backends.folded.codes import CodeForm, code_form, identity_form
from hlsq.backends.folded.layout import NONE, Layout, layouts
from hlsq.backends.folded.loops import Loops, make_loops
from hlsq.backends.folded.pieces import Array, Multiplier
from hlsq.backends.folded.tasks import Task, Work
from hlsq.backends.pes import PE, PEKind, WeightForm, kinds


@dataclass(frozen=True)
class EngineSpec:
    """What is chosen of an engine before anything is laid out.

    Attributes:
        name: of the engine.
        kind: of its PEs.
        array: of PEs.
        multiplier: where products are computed that are no shifts.
    """

    name: str
    kind: PEKind
    array: Array
    multiplier: Multiplier = "auto"

    def lanes(self, word: int) -> int:
        """Most values that are finished a cycle: all that one step can complete, as many as a word divides into."""
        return gcd(self.array.outputs * max(self.splits), word)

    @property
    def splits(self) -> tuple[int, ...]:
        """Depths at which the adder trees are tapped: as many as the accumulators that single lanes need allow."""
        taps, outputs = self.array.taps, self.array.outputs
        found = [1]
        while taps & (taps - 1) == 0 and 2 * found[-1] <= taps and outputs * 2 * found[-1] <= max(taps, outputs):
            found.append(2 * found[-1])
        return tuple(found)


@dataclass(frozen=True)
class Assignment:
    """Engines, and what each runs.

    Attributes:
        specs: all engines.
        of: number of the engine that runs a pass, by target.
        rest: number of the engine that runs the others; its array takes whole words, if some pass works lane by lane.
        least_word: lanes that a memory word has at least.
    """

    specs: tuple[EngineSpec, ...]
    of: dict[str, int]
    rest: int
    least_word: int = 1

    @property
    def word(self) -> int:
        """Lanes of a memory word: those of the widest array, or more."""
        return max(self.least_word, *(spec.array.taps for spec in self.specs))

    def number(self, task: Task) -> int:
        """That of the engine that runs ``task``."""
        return self.of.get(task.target, self.rest)

    def forms(self, work: Work) -> dict[str, CodeForm]:
        """The form of every pass's weights, by target.

        Args:
            work: the passes, of which each runs on an engine that can compute with its weights.
        """
        found: dict[str, CodeForm] = {}
        lanes = layouts(work, self.word)
        for task in work.tasks:
            if task.weights is not None:
                form = task_form(work, task, lanes, self.specs[self.number(task)].kind, self.word)
                assert form is not None  # noqa: S101 - see Args
                found[task.target] = form
        return found


def simplest_pe(forms: Collection[WeightForm]) -> type[PE]:
    """The PEs that compute with weights of all ``forms``, and with little else."""
    return min((pe for pe in kinds() if pe.forms.issuperset(forms)), key=lambda pe: (len(pe.forms), pe.kind))


def task_form(work: Work, task: Task, lanes: Mapping[str, Layout], kind: PEKind, word: int) -> CodeForm | None:
    """The form of the weights of ``task`` on PEs of ``kind``; None if these cannot compute with them.

    Args:
        work: the passes.
        task: with weights.
        lanes: layouts of all tensors.
        kind: of the PEs.
        word: lanes of a memory word.
    """
    if task.block is None or task.block.weights is None:
        return identity_form(kind)
    padded = NONE in lanes[work.root(task.source)] or (task.mode == "mac" and task.window.target[2] % word != 0)
    return code_form(task.block.weights, padded, kind)


def task_loops(work: Work, task: Task, spec: EngineSpec, words: dict[str, int], word: int, shared: bool) -> Loops:
    """The loops of ``task`` on ``spec``."""
    return make_loops(task, spec.array, words[work.root(task.source)], spec.splits, spec.lanes(word), word, shared)

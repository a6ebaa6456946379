"""Engines as a user fixes them with the option ``engines``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import prod
from typing import Any

from hlsq.backends.folded.codes import natural_form
from hlsq.backends.folded.engines import Assignment, EngineSpec, simplest_pe, task_form
from hlsq.backends.folded.layout import Layout, layouts
from hlsq.backends.folded.pieces import Array, Multiplier
from hlsq.backends.folded.tasks import Task, Work
from hlsq.backends.pes import PEKind, WeightForm, kinds
from hlsq.errors import OptionError
from hlsq.escape import shown

FORMS: dict[WeightForm, str] = {"integer": "integers", "power": "powers of two", "sign": "signs"}
"""Weights in words."""
MULTIPLIERS: dict[str, Multiplier] = {"lut": "fabric", "dsp": "dsp"}
EXAMPLE = (
    'engines={"first": {"taps": 3, "outputs": 16, "positions": 9, "blocks": ["conv1"]}, "others": {"taps": 16, ...}}'
)


@dataclass(frozen=True)
class EngineWish:
    """One engine of the option; None where the rest of the design decides.

    Attributes:
        taps, outputs, positions: of its array.
        kind: of its PEs; None for the simplest that can compute with the weights of its blocks.
        multiplier: where products are computed.
        blocks: that run on it; None for those that no other engine names.
        weight_width: bits of the widest weight that its PEs take.
        activation_width: bits of the widest activation that they take.
    """

    taps: int
    outputs: int
    positions: int
    kind: PEKind | None = None
    multiplier: str | None = None
    blocks: tuple[str, ...] | None = None
    weight_width: int | None = None
    activation_width: int | None = None


REQUIRED = ("taps", "outputs", "positions")
NUMBERS = (*REQUIRED, "weight_width", "activation_width")
MOST_PES = 2**16
"""Of an engine."""
MOST_BITS = 64
"""Of a weight or an activation, beyond what any plan has."""


def read_engines(given: Any) -> dict[str, EngineWish]:
    """What the option says, by name of the engine.

    Raises:
        OptionError: something that is not allowed in it.
    """
    if not isinstance(given, Mapping) or not given:
        raise OptionError(f"engines is {shown(given)}; allowed: a mapping from name to an engine, as in {EXAMPLE}")
    found = {}
    for name, wish in given.items():
        where = f"engines[{shown(name)}]"
        if not isinstance(name, str) or not name.strip():
            raise OptionError(f"engines: {shown(name)} is no name; allowed: some text")
        if not isinstance(wish, Mapping):
            raise OptionError(f"{where} is {shown(wish)}; allowed: a mapping, as in {EXAMPLE}")
        valid = [field.name for field in fields(EngineWish)]
        for key in wish:
            if key not in valid:
                raise OptionError.unknown(where, key, valid)
        for key in REQUIRED:
            if key not in wish:
                raise OptionError(f"{where} has no {key!r}; an engine needs {', '.join(REQUIRED)}")
        found[name] = _read(where, wish)
    open_ = [name for name, wish in found.items() if wish.blocks is None]
    if len(open_) > 1:
        raise OptionError(
            f"engines: {' and '.join(map(repr, open_))} name no blocks; one engine alone may take those that no other "
            'one names: give the others "blocks"'
        )
    return found


def _read(where: str, wish: Mapping[str, Any]) -> EngineWish:
    for key in NUMBERS:
        value, most = wish.get(key), MOST_PES if key in REQUIRED else MOST_BITS
        if (value is not None or key in REQUIRED) and (type(value) is not int or not 1 <= value <= most):
            raise OptionError(f"{where}: {key} is {shown(value)}; allowed: a whole number from 1 to {most}")
    if prod(wish[key] for key in REQUIRED) > MOST_PES:
        array = " x ".join(str(wish[key]) for key in REQUIRED)
        raise OptionError(
            f"{where}: taps x outputs x positions are {array} PEs; allowed: at most {MOST_PES}: give it a smaller array"
        )
    valid = [pe.kind for pe in kinds()]
    for key, words in (("kind", valid), ("multiplier", list(MULTIPLIERS))):
        if wish.get(key) is not None and (not isinstance(wish[key], str) or wish[key] not in words):
            raise OptionError.unknown(f"{where}: {key}", wish[key], words)
    blocks = wish.get("blocks")
    if blocks is None:
        return EngineWish(**wish)
    if isinstance(blocks, str) or not isinstance(blocks, Sequence) or not all(isinstance(b, str) for b in blocks):
        raise OptionError(f"{where}: blocks is {shown(blocks)}; allowed: a list of names of blocks")
    return EngineWish(**{**wish, "blocks": tuple(blocks)})


def wished_engines(
    work: Work, wishes: Mapping[str, EngineWish], multiplier: Multiplier, least_word: int = 1
) -> Assignment:
    """The engines of ``wishes``, and which of them runs each pass.

    Args:
        work: all passes.
        wishes: by name.
        multiplier: of engines that do not say where products are computed.
        least_word: lanes that a memory word has at least.

    Raises:
        OptionError: a block that is unknown, on no engine or on several; an engine that cannot run one of its blocks.
    """
    widest = max(wish.taps for wish in wishes.values())
    word = max(widest, least_word)
    rest = next(i for i, wish in enumerate(wishes.values()) if wish.taps == widest)
    owner = _owners(work, wishes)
    left = next((name for name, wish in wishes.items() if wish.blocks is None), None)
    names = list(wishes)
    of: dict[str, int] = {}
    for task in work.tasks:
        holders = [owner[block.name] for block in task.blocks if block.name in owner]
        holder = holders[0] if holders else left
        if holder is not None and (task.mode == "mac" or holders or wishes[holder].taps == word):
            of[task.target] = names.index(holder)
        elif task.block is not None and task.block.weights is not None:
            raise OptionError(
                f'engines: block {task.block.name!r} is on none of them; name it in the "blocks" of one, or leave '
                '"blocks" away at one, which then takes all that the others do not name'
            )
    lanes = layouts(work, word)
    specs = []
    for number, (name, wish) in enumerate(wishes.items()):
        own = [task for task in work.tasks if of.get(task.target, rest) == number]
        for task in own:
            _check_shape(name, wish, word, task, len(lanes[work.root(task.source)]))
            _check_activations(name, wish, work, task)
        kind = _kind(name, wish, work, own, lanes, word)
        place = multiplier if wish.multiplier is None else MULTIPLIERS[wish.multiplier]
        specs.append(EngineSpec(name, kind, Array(wish.taps, wish.outputs, wish.positions), place))
    return Assignment(tuple(specs), of, rest, least_word)


def _owners(work: Work, wishes: Mapping[str, EngineWish]) -> dict[str, str]:
    """Engines that name blocks, by block."""
    owner: dict[str, str] = {}
    for name, wish in wishes.items():
        for block in wish.blocks or ():
            if block not in work.graph.by_name:
                raise OptionError.unknown(f"engines[{name!r}]: blocks", block, work.graph.by_name)
            if owner.setdefault(block, name) != name:
                raise OptionError(
                    f"engines: block {block!r} is on {owner[block]!r} and on {name!r}; a block runs on one engine: "
                    "name it in one of them"
                )
    return owner


def _check_shape(name: str, wish: EngineWish, word: int, task: Task, lanes: int) -> None:
    """Whether the words of feature maps, which are as wide as the widest array, suit the array.

    Args:
        name: of the engine.
        wish: for it.
        word: lanes of a memory word.
        task: that it runs.
        lanes: of a pixel of what that reads.
    """
    block = task.target if task.block is None else task.block.name
    if task.mode != "mac" and wish.taps != word:
        raise OptionError(
            f"engines[{name!r}]: block {block!r} works channel by channel and needs as many taps as the widest engine "
            f"has, {word}; this one has {wish.taps}: run the block on one of {word} taps, or give this one as many"
        )
    channels = task.window.source[2]
    if word % wish.taps and (channels > wish.taps or lanes > word):
        several = (
            f"has {channels} input channels" if channels > wish.taps else "reads words of several maps side by side"
        )
        raise OptionError(
            f"engines[{name!r}]: block {block!r} {several}, which the engine's {wish.taps} taps take in several steps; "
            f"then taps have to divide those of the widest engine, {word}: give it {_divisor(word, wish.taps)} taps"
        )


def _divisor(word: int, most: int) -> int:
    return max(taps for taps in range(1, most + 1) if word % taps == 0)


def _check_activations(name: str, wish: EngineWish, work: Work, task: Task) -> None:
    if wish.activation_width is None or task.weights is None:
        return
    need = work.interval(task.source).width
    if need > wish.activation_width:
        block = task.target if task.block is None else task.block.name
        raise OptionError(
            f"engines[{name!r}]: activations of block {block!r} have {need} bits, and the engine takes "
            f"{wish.activation_width}: run the block on a wider engine, give this one activation_width={need}, or the "
            f"plan narrower activations of {task.source!r}"
        )


def _kind(
    name: str, wish: EngineWish, work: Work, tasks: Sequence[Task], lanes: Mapping[str, Layout], word: int
) -> PEKind:
    """Of the PEs of an engine: what is wanted, or the simplest that can compute with all weights of its blocks."""
    weighted = {task: task.block for task in tasks if task.block is not None and task.block.weights is not None}
    forms = {natural_form(block.weights) for block in weighted.values() if block.weights is not None}
    kind = wish.kind or simplest_pe(forms or {"power"}).kind
    for task, block in weighted.items():
        form = task_form(work, task, lanes, kind, word)
        if form is None:
            assert block.weights is not None  # noqa: S101 - see above
            raise OptionError(
                f"engines[{name!r}]: block {block.name!r} has {FORMS[natural_form(block.weights)]} as weights, with "
                f'which a {kind} PE cannot compute: run the block on another engine, or give this one kind="multiply" '
                'or "dual"'
            )
        if wish.weight_width is not None and form.bits > wish.weight_width:
            raise OptionError(
                f"engines[{name!r}]: weights of block {block.name!r} take {form.bits} bits on {kind} PEs, and the "
                f"engine takes {wish.weight_width}: run the block on a wider engine, give this one "
                f"weight_width={form.bits}, or the plan narrower weights of the block"
            )
    return kind

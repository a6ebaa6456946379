"""Whether a network fits an overlay that was made for another one: an error names block, need, limit and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import gcd, prod

import numpy as np

from hlsq.backends.folded.codes import CodeForm
from hlsq.backends.folded.engines import Assignment, EngineSpec, task_form
from hlsq.backends.folded.layout import Layout, layouts
from hlsq.backends.folded.loops import Loops
from hlsq.backends.folded.parameters import Stage
from hlsq.backends.folded.pieces import Engine, Instruction, Place
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.tasks import Task, Work
from hlsq.errors import ResourceError
from hlsq.formats import PowerOfTwo
from hlsq.graph import Interval

REMEDY = "make the overlay (program='axi') of the network that needs most, or give this one a project of its own"
ABILITIES = {
    "multiply": "multipliers for requantisation (power-of-two scales need none)",
    "scale": "multipliers for per-channel scales",
    "factors": "multipliers for windows that overhang the border",
    "add_weights": "multipliers in front of additions",
    "add_multiply": "multipliers behind additions",
    "left": "requantisation that shifts to the left",
    "add_left": "requantisation behind additions that shifts to the left",
    "product_shift": "sums that are shifted to the left",
    "thresholds": "requantisation by thresholds",
}


def does_not_fit(block: str, need: str, limit: str) -> ResourceError:
    """The error for ``block``; for the caller to raise."""
    return ResourceError(
        f"block {block!r} does not fit the overlay: it needs {need}, the overlay has {limit}; {REMEDY}"
    )


def name_of(task: Task) -> str:
    """Of its blocks, or of the tensor that it copies."""
    return " + ".join(block.name for block in task.blocks) or task.target


@dataclass(frozen=True, eq=False)
class Host:
    """The overlay that a network has to fit."""

    program: FoldedProgram

    @property
    def joins(self) -> bool:
        """Whether all of its engines can requantise twice, so that inputs of a concatenation need no passes."""
        return all({"add", "add_multiply"} <= engine.features for engine in self.program.engines)

    @property
    def specs(self) -> tuple[EngineSpec, ...]:
        """Its engines, before anything is laid out."""
        return tuple(EngineSpec(e.name, e.kind, e.array, e.multiplier) for e in self.program.engines)

    def assigned(self, work: Work) -> Assignment:
        """Its engines, and for each pass with weights the one of the narrowest codes that these fit.

        Raises:
            ResourceError: they fit none.
        """
        engines = self.program.engines
        word = self.program.map.word
        rest = next(number for number, engine in enumerate(engines) if engine.array.taps == word)
        lanes = layouts(work, word)
        narrow = sorted(range(len(engines)), key=lambda number: engines[number].code_bits)
        of: dict[str, int] = {}
        for task in work.tasks:
            if task.weights is None:
                continue
            fitting = [
                n for n in narrow if _takes(engines[n], task, word) and _form_on(engines[n], work, task, lanes, word)
            ]
            if not fitting:
                raise self._weights(task)
            of[task.target] = fitting[0]
        return Assignment(self.specs, of, rest)

    def forms(self, work: Work, assignment: Assignment) -> dict[str, CodeForm]:
        """The form of every pass's weights, by target.

        Raises:
            ResourceError: a pass that brings channels into order has weights that its engine does not take.
        """
        word = self.program.map.word
        lanes = layouts(work, word)
        found: dict[str, CodeForm] = {}
        for task in work.tasks:
            if task.weights is not None:
                engine = self.program.engines[assignment.number(task)]
                form = _form_on(engine, work, task, lanes, word)
                if form is None:
                    raise self._weights(task)
                found[task.target] = form
        return found

    def _weights(self, task: Task) -> ResourceError:
        values = task.weights
        assert values is not None  # noqa: S101 - asked for those that have some
        own = None if task.block is None else task.block.weights
        if own is not None and isinstance(own.format, PowerOfTwo):
            need = f"powers of two up to 2^{own.format.max_exponent}"
        else:
            need = f"integers of {Interval(min(int(values.min()), -1), int(values.max())).width} bits"
        have = " and ".join(_weights_of(engine) for engine in self.program.engines)
        return does_not_fit(name_of(task), f"weights that are {need}", have)

    def check_strides(self, work: Work) -> None:
        """Refuse windows that feature-map memories cannot feed.

        Raises:
            ResourceError: a stride at which neighbours lie in one bank.
        """
        banks = self.program.map.banks
        for task in work.tasks:
            window = task.window
            stride = window.strides[1]
            # Of windows as wide as the map there is one in a row, and what is beside it lies outside.
            alone = stride - window.padding[1] >= window.source[1]
            if gcd(stride, banks) != 1 and not alone and self.program.engines[0].array.positions > 1:
                raise does_not_fit(
                    name_of(task),
                    f"a stride of {stride}",
                    f"{banks} banks of feature maps, for strides without common factor",
                )

    def check_places(self, work: Work, places: Mapping[str, Place]) -> None:
        """Refuse feature maps that are larger than the memories.

        Raises:
            ResourceError: names the block whose map lies outside.
        """
        own = self.program.map
        for name, place in places.items():
            end = place.base + -(-prod(work.shape(work.root(name))[:-1]) // own.banks) * place.pitch
            most = own.depth[place.memory] if place.memory < own.memories else 0
            if end > most:
                raise does_not_fit(name, f"{end:,} words of feature-map memory {place.memory}", f"{most:,}")

    def check_outputs(self, work: Work, words: int) -> None:
        """Refuse more outputs than there is room for.

        Raises:
            ResourceError: too many ports or words.
        """
        overlay, graph = self.program.overlay, work.graph
        assert overlay is not None  # noqa: S101 - a host has one
        last = graph.outputs[-1]
        if len(graph.inputs) > overlay.inputs:
            raise does_not_fit(graph.inputs[-1].name, f"{len(graph.inputs)} input ports", str(overlay.inputs))
        if len(graph.outputs) > overlay.outputs:
            raise does_not_fit(last, f"{len(graph.outputs)} output ports", str(overlay.outputs))
        if words > self.program.map.outputs:
            raise does_not_fit(last, f"{words:,} words for outputs", f"{self.program.map.outputs:,}")

    def check_task(
        self,
        task: Task,
        number: int,
        loops: Loops,
        stages: tuple[Stage, Stage],
        features: Iterable[str],
        intervals: Mapping[str, Interval],
    ) -> None:
        """Refuse a pass that engine ``number`` cannot do.

        Args:
            task: the pass.
            number: of the engine.
            loops: of it.
            stages: of its post-processing.
            features: that it needs.
            intervals: integers of its accumulators (``sums``), and of what its PEs see (``activations``).

        Raises:
            ResourceError: names the block, what it needs, and what there is.
        """
        engine, name = self.program.engines[number], name_of(task)
        overlay = self.program.overlay
        assert overlay is not None  # noqa: S101 - a host has one
        for feature in sorted(set(features) - engine.features):
            raise does_not_fit(name, ABILITIES.get(feature, feature), f"none in {engine.name}")
        widths = {
            "sums": (intervals["sums"], engine.sum),
            "activations": (intervals.get("activations", engine.tap), engine.tap),
            "post-processing": (stages[0].value.union(stages[1].value), engine.value),
            "products of post-processing": (stages[0].product.union(stages[1].product), engine.product),
        }
        for what, (need, most) in widths.items():
            if need.union(most) != most:
                raise does_not_fit(name, f"{what} of {_bits(need)} bits", f"{_bits(most)} bits in {engine.name}")
        if len(task.operands) > overlay.operands:
            raise does_not_fit(name, f"sums of {len(task.operands) + 1} maps", f"sums of {overlay.operands + 1}")
        if loops.finished > engine.sums:
            raise does_not_fit(name, f"{loops.finished} accumulators", f"{engine.sums} in {engine.name}")
        tables = {table.name: table for table in overlay.tables[number]}
        for key, values in stages[0].rows.items():
            neutral = int(key in ("multiplier", "scale"))
            if key not in tables:
                if (values != neutral).any():
                    raise does_not_fit(name, f"constants {key!r}", f"no memory for them in {engine.name}")
                continue
            span = Interval(int(values.min()), int(values.max()))
            if _bits(span) > tables[key].bits:
                raise does_not_fit(
                    name, f"constants {key!r} of {_bits(span)} bits", f"{tables[key].bits} bits in {engine.name}"
                )
        own = self.program.map
        fmt = work_interval(task, stages)
        if fmt is not None and fmt.union(own.lane) != own.lane:
            raise does_not_fit(
                name, f"feature maps with integers from {fmt.lo} to {fmt.hi}", f"{own.lane.lo} to {own.lane.hi}"
            )

    def check_instructions(self, instructions: Iterable[Instruction]) -> None:
        """Refuse what the fields of an instruction, or the buffers for one, do not hold.

        Raises:
            ResourceError: names the block.
        """
        overlay = self.program.overlay
        assert overlay is not None  # noqa: S101 - a host has one
        fields = {field.name: field for field in overlay.fields}
        for item in instructions:
            name = " + ".join(item.blocks) or item.target
            if item.opcode == "run":
                *constants, weights = overlay.tables[item.fields["engine"]]
                engine = self.program.engines[item.fields["engine"]].name
                for what, need, most in (
                    ("rows of weights", item.fields["weight_rows"], weights.rows),
                    ("rows of constants", item.fields["parameter_rows"], constants[0].rows),
                    ("factors of windows", item.fields["factors"], overlay.factors),
                ):
                    if need > most:
                        raise does_not_fit(name, f"{need:,} {what}", f"{most:,} in {engine}")
            for key, value in item.fields.items():
                field = fields.get(key)
                if field is None:
                    if value:
                        raise does_not_fit(name, f"{key} = {value}", "no field for it")
                    continue
                low = -(1 << (field.width - 1)) if field.signed else 0
                high = (1 << (field.width - field.signed)) - 1
                if field.width and not low <= value <= high:
                    raise does_not_fit(name, f"{key} = {value:,}", f"{field.width} bits for it")


def work_interval(task: Task, stages: tuple[Stage, Stage]) -> Interval | None:
    """Integers that a pass stores, where they are requantised; None where they leave as they are."""
    block = task.add or task.block
    return None if block is None or block.requant is None else block.interval


def _takes(engine: Engine, task: Task, word: int) -> bool:
    """Whether the array of ``engine`` has the taps for ``task``."""
    taps = engine.array.taps
    return taps == word if task.mode != "mac" else word % taps == 0 or task.window.source[2] <= taps


def _form_on(engine: Engine, work: Work, task: Task, lanes: Mapping[str, Layout], word: int) -> CodeForm | None:
    """The form of the task's weights on ``engine``, None if they do not fit it."""
    values = task.weights
    assert values is not None  # noqa: S101 - asked for those that have some
    ways = [task_form(work, task, lanes, engine.kind, word)]
    magnitudes = np.unique(np.abs(values))
    if not (magnitudes & (magnitudes - 1)).any():
        exponent = max(0, int(magnitudes.max()).bit_length() - 1)
        ways.append(CodeForm("power", (exponent + 1).bit_length() + 1, exponent))
    ways.append(CodeForm("integer", Interval(min(int(values.min()), -1), int(values.max())).width))
    for form in ways:
        if form is None or form.form not in engine.forms or form.max_exponent > engine.max_exponent:
            continue
        bits = -(-form.bits // engine.slice_bits) * engine.slice_bits
        if bits <= engine.code_bits and (form.form != "sign" or bits == form.bits):
            return CodeForm(form.form, bits, form.max_exponent)
    return None


def _weights_of(engine: Engine) -> str:
    takes = {
        "integer": f"integers of {engine.code_bits} bits",
        "power": f"powers of two up to 2^{engine.max_exponent}",
        "sign": "signs",
    }
    return f"{' or '.join(takes[form] for form in engine.forms)} in {engine.name} of {engine.array.taps} taps"


def _bits(interval: Interval) -> int:
    return interval.width + (not interval.signed)

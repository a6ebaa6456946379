"""From a ``QuantizedGraph`` to a ``FoldedProgram``: all passes in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.allocation import Allocation, allocate
from hlsq.backends.folded.codes import CodeForm
from hlsq.backends.folded.engines import EngineSpec, task_loops
from hlsq.backends.folded.fitting import Host
from hlsq.backends.folded.instructions import run_fields, target_fields
from hlsq.backends.folded.layout import NONE, Layout, layouts, parts_of
from hlsq.backends.folded.loops import Loops, bank_count
from hlsq.backends.folded.options import EngineOptions
from hlsq.backends.folded.overlaid import overlaid
from hlsq.backends.folded.parameters import (
    Stage,
    border_factors,
    fill_value,
    first_stage,
    second_stage,
    start_value,
)
from hlsq.backends.folded.pieces import (
    FORMS,
    OPCODES,
    PIPELINE,
    Engine,
    EngineImage,
    Instruction,
    MemoryMap,
    Opcode,
    View,
)
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.relayout import OUTPUT, with_order
from hlsq.backends.folded.sums import sums_of, taps_of
from hlsq.backends.folded.tasks import Task, make_tasks
from hlsq.backends.folded.weights import Rows, make_rom, task_rows
from hlsq.graph import Interval, QuantizedGraph

NOTHING = Interval(0, 0)
NEUTRAL = {"multiplier": 1, "scale": 1}
"""Of parameters that a pass does not need, while another one does; all others are 0."""


def compile_program(
    graph: QuantizedGraph,
    options: EngineOptions | None = None,
    *,
    overlay: bool = False,
    host: FoldedProgram | None = None,
) -> FoldedProgram:
    """The program of ``graph``.

    Args:
        graph: the network.
        options: for its engines.
        overlay: whether instructions and constants come from memory.
        host: the program of an overlay that this one has to fit; ``options`` then say nothing.

    Raises:
        UnsupportedLayerError: a block that the folded accelerator does not run.
        OptionError: an option that is not allowed.
        ResourceError: the network does not fit ``host``.
    """
    found = None if host is None else Host(host)
    program = _Compiler(graph, options or EngineOptions(), overlay, found).program()
    return overlaid(program, len(graph.inputs), len(graph.outputs), found) if overlay or host else program


@dataclass
class _Memories:
    """What is gathered for one engine, task by task."""

    rows: dict[str, tuple[Rows, CodeForm]] = field(default_factory=dict)
    parameters: list[dict[str, NDArray[np.int64]]] = field(default_factory=list)
    count: int = 0
    features: set[str] = field(default_factory=set)
    sums: int = 0
    splits: set[int] = field(default_factory=lambda: {1})
    tap: Interval = NOTHING
    sum: Interval = NOTHING
    value: Interval = NOTHING
    product: Interval = NOTHING


class _Compiler:
    def __init__(self, graph: QuantizedGraph, options: EngineOptions, overlay: bool, host: Host | None) -> None:
        self.graph = graph
        self.options = options
        self.host = host
        work = make_tasks(graph, host is None or host.joins)
        self.engines = options.assigned(work) if host is None else host.assigned(work)
        self.specs = self.engines.specs
        self.word = self.engines.word
        self.granule = gcd(self.word, *(spec.array.outputs for spec in self.specs))
        self.work = with_order(work, self.word)
        self.layouts = layouts(self.work, self.word)
        self.words = {name: len(layout) // self.word for name, layout in self.layouts.items()}
        strides = {task.window.strides[1] for task in self.work.tasks} | ({2} if overlay else set())
        self.banks = bank_count(max(spec.array.positions for spec in self.specs), strides)
        if host is not None:
            self.banks = host.program.map.banks
            host.check_strides(self.work)
        self.allocation: Allocation = allocate(self.work, self.layouts, self.word, self.banks)
        self.forms = self.engines.forms(self.work) if host is None else host.forms(self.work, self.engines)
        if host is not None:
            host.check_places(self.work, self.allocation.places)
        self.memories = [_Memories() for _ in self.specs]
        self.loops: dict[str, Loops] = {}
        self.tables: dict[str, list[int]] = {"factors": [1]}
        self.outputs = self._output_words()

    def _output_words(self) -> dict[str, tuple[int, int]]:
        """First word and words of a pixel of each network output."""
        found, base = {}, 0
        for name in self.graph.outputs:
            shape = self.work.shape(self.work.root(name))
            words = -(-shape[-1] // self.word)
            found[name] = base, words
            base += prod(shape[:-1]) * words
        self.output_words = base
        if self.host is not None:
            self.host.check_outputs(self.work, base)
        return found

    def program(self) -> FoldedProgram:
        loads = [self._load(number) for number in range(len(self.graph.inputs))]
        runs = [self._run(task) for task in self.work.tasks]
        emits = [self._emit(number) for number in range(len(self.graph.outputs))]
        roms = [
            make_rom(m.rows, prod((s.array.taps, s.array.outputs)), self._slices(number))
            for number, (m, s) in enumerate(zip(self.memories, self.specs, strict=True))
        ]
        for item, task in zip(runs, self.work.tasks, strict=True):
            if "add_weights" not in self._features(self._engine(task)):
                for name in [name for name in item if name.startswith("add_weight")]:
                    item[name] = item[name].bit_length() - 1  # all are powers of two: amounts of shifts
            rom = roms[self._engine(task)]
            start = rom.start.get(task.target, 0)
            form = self.forms.get(task.target)
            item["weight_bank"], item["weight_address"] = start % rom.slices, start // rom.slices
            item["weight_bits"] = 0 if form is None else form.bits
            item["weight_slices"] = 0 if form is None else form.bits // rom.slice_bits
            item["form"] = 0 if form is None else FORMS.index(form.form)
        names = dict.fromkeys(key for item in (*loads, *runs, *emits) for key in item)
        filled = [{name: item.get(name, 0) for name in names} for item in (*loads, *runs, *emits)]
        instructions = []
        for number, fields in enumerate(filled):
            opcode: Opcode = OPCODES[fields["opcode"]]
            pass_ = self.work.tasks[number - len(loads)] if opcode == "run" else None
            instructions.append(self._instruction(opcode, number, len(loads) + len(runs), fields, pass_))
        map_ = MemoryMap(
            memories=len(self.allocation.depth),
            banks=self.banks,
            word=self.word,
            granule=self.granule,
            depth=self.allocation.depth,
            lane=self._lane(),
            outputs=self.output_words,
            output=_union([self.graph.intervals[name] for name in self.graph.outputs]),
        )
        return FoldedProgram(
            engines=tuple(self._made(i, roms[i].slice_bits, roms[i].slices) for i in range(len(self.specs))),
            instructions=tuple(instructions),
            map=map_,
            places=self.allocation.places,
            images=tuple(
                EngineImage(rom.content, self._parameters(m)) for rom, m in zip(roms, self.memories, strict=True)
            ),
            tables={name: np.asarray(values, dtype=np.int64) for name, values in self.tables.items()},
        )

    def _slices(self, number: int) -> tuple[int, int] | None:
        """Bits of a slice and their number, where the engine is there already."""
        engine = None if self.host is None else self.host.program.engines[number]
        return None if engine is None else (engine.slice_bits, engine.slices)

    def _features(self, number: int) -> frozenset[str]:
        return (
            frozenset(self.memories[number].features)
            if self.host is None
            else self.host.program.engines[number].features
        )

    def _engine(self, task: Task) -> int:
        return self.engines.number(task)

    def _load(self, number: int) -> dict[str, int]:
        item = self.graph.inputs[number]
        place = self.allocation.places[item.name]
        return {
            "opcode": OPCODES.index("load"),
            "port": number,
            "rows": prod(item.shape[:-1]),
            "chunks": self.words[item.name],
            **target_fields(place),
        }

    def _emit(self, number: int) -> dict[str, int]:
        name = self.graph.outputs[number]
        base, words = self.outputs[name]
        pixels = prod(self.work.shape(self.work.root(name))[:-1])
        return {"opcode": OPCODES.index("emit"), "port": number, "rows": pixels * words, "emit_address": base}

    def _run(self, task: Task) -> dict[str, int]:
        spec, memory = self.specs[self._engine(task)], self.memories[self._engine(task)]
        places = self.allocation.places
        source = places[task.source]
        shared = any(places[name].memory == source.memory for name in task.operands)
        loops = task_loops(self.work, task, spec, self.words, self.word, shared)
        self.loops[task.target] = loops
        target = self._emitted(task)
        layout = self.layouts.get(task.target) or self.layouts[self.work.root(task.source)]
        factors = border_factors(task)
        interval = sums_of(self.work, task)
        stage = first_stage(self.work, task, layout, interval)
        after = second_stage(self.work, task)
        fields = {"engine": self._engine(task), **run_fields(task, loops, spec.array, source, self.banks)}
        fields |= target_fields(places.get(task.target))
        fields |= {"emits": int(target is not None)}
        if target is not None:
            fields["emit_address"], fields["emit_pitch"] = self.outputs[target]
        fields |= {"start": start_value(self.work, task), "fill": fill_value(self.work, task)}
        fields |= stage.fields | after.fields
        for number, (name, multiplier) in enumerate(zip((task.target, *task.operands), task.multipliers, strict=False)):
            fields[f"add_weight{number}"] = multiplier
            if number:
                place = places[name]
                fields[f"operand{number}_memory"] = place.memory
                fields[f"operand{number}_address"] = place.base + place.offset
                fields[f"operand{number}_pitch"] = place.pitch
        fields["operands"] = len(task.operands)
        fields["factor"] = self._factors(factors)
        fields["finishes"] = -(-self._finished_lanes(loops, task) // loops.part)
        fields["part_lanes"] = loops.part
        fields["target_words"] = len(layout) // self.word
        fields["part"] = loops.part // self.granule
        self._note(memory, task, loops, stage, after, interval)
        fields["parameters"] = memory.count
        memory.count += self._add_parameters(memory, stage, loops, spec, task)
        if task.target in self.forms:
            rows = task_rows(
                task, loops, spec.array, self.layouts[self.work.root(task.source)], self.forms[task.target]
            )
            memory.rows[task.target] = rows, self.forms[task.target]
        return fields

    def _finished_lanes(self, loops: Loops, task: Task) -> int:
        """Of one position in a group of outputs: those that some channel has, in whole parts."""
        used = min(loops.finished, task.window.target[2]) if task.mode == "mac" else loops.finished
        return -(-used // loops.part) * loops.part

    def _emitted(self, task: Task) -> str | None:
        copied = task.target.removesuffix(OUTPUT)
        if copied != task.target:
            return copied
        return (
            task.target if task.target in self.graph.outputs and task.target + OUTPUT not in self.work.copies else None
        )

    def _note(
        self,
        memory: _Memories,
        task: Task,
        loops: Loops,
        stage: Stage,
        after: Stage,
        interval: Interval,
    ) -> None:
        features = stage.features | after.features | {task.mode}
        if border_factors(task) is not None:
            features |= {"factors"}
        if loops.wait:
            features |= {"wait"}
        if self.host is not None:
            intervals = {"sums": interval} | ({} if task.weights is None else {"activations": taps_of(self.work, task)})
            self.host.check_task(task, self._engine(task), loops, (stage, after), features, intervals)
        memory.features |= features
        memory.splits.add(loops.split)
        memory.sums = max(memory.sums, loops.finished)
        if task.weights is not None:
            memory.tap = _union([memory.tap, taps_of(self.work, task)])
        given = None if task.block is None else self.options.sum_bits.get(task.block.name)
        memory.sum = _union(
            [memory.sum, interval if given is None else Interval(-(1 << given - 1), (1 << given - 1) - 1)]
        )
        memory.value = _union([memory.value, stage.value, after.value, interval])
        memory.product = _union([memory.product, stage.product, after.product, memory.value])

    def _add_parameters(self, memory: _Memories, stage: Stage, loops: Loops, spec: EngineSpec, task: Task) -> int:
        """Rows of one group of outputs after the other, each of ``lanes`` values; returns how many."""
        lanes = spec.lanes(self.word)
        groups, used = loops.filters * loops.outputs, self._finished_lanes(loops, task)
        rows = {}
        for name, values in stage.rows.items():
            filled = np.zeros(groups * loops.finished, dtype=np.int64)
            filled[: len(values)] = values[: len(filled)]
            parts = filled.reshape(groups, loops.finished)[:, :used].reshape(-1, loops.part)
            rows[name] = np.pad(parts, ((0, 0), (0, lanes - loops.part)), constant_values=NEUTRAL.get(name, 0))
        memory.parameters.append(rows)
        return len(rows["bias"])

    def _parameters(self, memory: _Memories) -> dict[str, NDArray[np.int64]]:
        """Of all passes, one after the other; what all of them leave at its neutral value needs no memory."""
        found = {}
        for name in dict.fromkeys(name for rows in memory.parameters for name in rows):
            neutral = NEUTRAL.get(name, 0)
            if all(name not in rows or (rows[name] == neutral).all() for rows in memory.parameters):
                continue
            pieces = [rows.get(name, np.full_like(rows["bias"], neutral)) for rows in memory.parameters]
            found[name] = np.concatenate(pieces)
        return found

    def _factors(self, factors: tuple[tuple[int, ...], tuple[int, ...]] | None) -> int:
        """Where the factors of rows, and behind them those of columns, begin; 0 is a single one."""
        if factors is None:
            return 0
        table = self.tables["factors"]
        start = len(table)
        table += [*factors[0], *factors[1]]
        return start

    def _made(self, number: int, slice_bits: int, slices: int) -> Engine:
        spec, memory = self.specs[number], self.memories[number]
        used = [form for _, form in memory.rows.values()]
        return Engine(
            name=spec.name,
            kind=spec.kind,
            dual=self.options.dual,
            multiplier=spec.multiplier,
            array=spec.array,
            splits=tuple(sorted(memory.splits)),
            sums=max(memory.sums, spec.array.outputs),
            lanes=spec.lanes(self.word),
            code_bits=max((form.bits for form in used), default=1),
            forms=tuple(sorted({form.form for form in used})),
            max_exponent=max((form.max_exponent for form in used), default=0),
            slice_bits=slice_bits,
            slices=slices,
            tap=memory.tap,
            sum=memory.sum,
            value=memory.value,
            product=memory.product,
            features=frozenset(memory.features),
        )

    def _lane(self) -> Interval:
        stored = [name for name in self.allocation.places if name in self.graph.intervals]
        return _union([self.graph.intervals[name] for name in stored]).with_zero()

    def _instruction(
        self, opcode: Opcode, number: int, emits: int, fields: dict[str, int], task: Task | None
    ) -> Instruction:
        if opcode == "load":
            name = self.graph.inputs[number].name
            return Instruction((), name, opcode, fields, 0, _moves(fields) + PIPELINE, (self._views(name), ()))
        if task is None:
            name = self.graph.outputs[number - emits]
            return Instruction((), name, opcode, fields, 0, fields["rows"] + PIPELINE)
        cycles = self.loops[task.target].cycles(self.specs[self._engine(task)].array.positions) + PIPELINE
        views: tuple[tuple[View, ...], tuple[View, ...]]
        if task.add is None:
            views = self._views(task.target), ()
        else:
            first = () if task.block is None else self._own_view(task, task.block.name)
            views = first, self._views(task.target)
        names = tuple(block.name for block in task.blocks)
        return Instruction(names, task.target, opcode, fields, _macs(task), cycles, views)

    def _own_view(self, task: Task, name: str) -> tuple[View, ...]:
        return (View(name, self.graph.shapes[name][-1], self.layouts[task.target]),)

    def _views(self, name: str) -> tuple[View, ...]:
        """``name``, tensors that are the same looked at differently, and concatenations that it is a part of."""
        graph, work = self.graph, self.work
        channels, layout = work.shape(name)[-1], self.layouts[name]
        found = [View(name, channels, layout)] if name in graph.shapes else []
        found += [View(other, channels, layout) for other in work.aliases if work.root(other) == name]
        if name in work.parts:
            whole, number = work.parts[name]
            before = sum(work.shape(part)[-1] for part in parts_of(work, whole)[:number])
            moved = tuple(c if c == NONE else c + before for c in layout)
            found += [
                View(v.tensor, v.channels, _within(v.layout, self.layouts[whole], moved)) for v in self._views(whole)
            ]
        return tuple(found)


def _within(view: Layout, whole: Layout, part: Layout) -> Layout:
    """Channels of a view of a concatenation, for the lanes of one part."""
    seen = dict(zip(whole, view, strict=True))
    return tuple(c if c == NONE else seen[c] for c in part)


def _moves(fields: dict[str, int]) -> int:
    return fields["rows"] * fields["chunks"]


def _macs(task: Task) -> int:
    if task.block is None or task.block.weights is None:
        return 0
    return task.window.pixels * task.block.weights.values.size


def _union(intervals: list[Interval]) -> Interval:
    found = intervals[0]
    for interval in intervals[1:]:
        found = found.union(interval)
    return found

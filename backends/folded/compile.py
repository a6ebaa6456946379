"""From a ``QuantizedGraph`` to a ``FoldedProgram``: all passes in order."""

from __future__ import annotations

from math import gcd, prod

import numpy as np

from hlsq.backends.folded.allocation import Allocation, allocate
from hlsq.backends.folded.beside import Load, beside
from hlsq.backends.folded.engines import task_loops
from hlsq.backends.folded.fitting import Host
from hlsq.backends.folded.gathered import Gathered, union
from hlsq.backends.folded.instructions import run_fields, target_fields
from hlsq.backends.folded.layout import layouts
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
)
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.relayout import OUTPUT, with_order
from hlsq.backends.folded.sums import sums_of, taps_of
from hlsq.backends.folded.tasks import Task, make_tasks
from hlsq.backends.folded.views import task_views, tensor_views
from hlsq.backends.folded.weights import make_rom, task_rows
from hlsq.graph import Interval, QuantizedGraph


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


class _Compiler:
    def __init__(self, graph: QuantizedGraph, options: EngineOptions, overlay: bool, host: Host | None) -> None:
        self.graph = graph
        self.options = options
        self.host = host
        self.overlay = overlay or host is not None
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
        self.gathered = [Gathered() for _ in self.specs]
        self.loops: dict[str, Loops] = {}
        self.beside = 0
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
        runs = [self._run(task) for task in self.work.tasks]
        loads = [self._load(number) for number in range(len(self.graph.inputs))]
        self._load_beside(loads, runs)
        emits = [self._emit(number) for number in range(len(self.graph.outputs))]
        roms = [
            make_rom(m.rows, prod((s.array.taps, s.array.outputs)), self._slices(number))
            for number, (m, s) in enumerate(zip(self.gathered, self.specs, strict=True))
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
            output=union([self.graph.intervals[name] for name in self.graph.outputs]),
        )
        return FoldedProgram(
            engines=tuple(self._made(i, roms[i].slice_bits, roms[i].slices) for i in range(len(self.specs))),
            instructions=tuple(instructions),
            map=map_,
            places=self.allocation.places,
            images=tuple(EngineImage(rom.content, m.image) for rom, m in zip(roms, self.gathered, strict=True)),
            tables={name: np.asarray(values, dtype=np.int64) for name, values in self.tables.items()},
        )

    def _slices(self, number: int) -> tuple[int, int] | None:
        """Bits of a slice and their number, where the engine is there already."""
        engine = None if self.host is None else self.host.program.engines[number]
        return None if engine is None else (engine.slice_bits, engine.slices)

    def _features(self, number: int) -> frozenset[str]:
        return (
            frozenset(self.gathered[number].features)
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
            "beside": 0,
            "rows": prod(item.shape[:-1]),
            "chunks": self.words[item.name],
            **target_fields(place),
        }

    def _load_beside(self, loads: list[dict[str, int]], runs: list[dict[str, int]]) -> None:
        """Has the last input loaded beside the first pass, if that need not wait until all has come."""
        task, name = self.work.tasks[0], self.graph.inputs[-1].name
        if name in map(self.work.root, task.operands) or not self.options.loads_beside:
            return
        load = Load(
            words=self.words[name],
            count=_moves(loads[-1]),
            banks=self.banks,
            is_source=self.work.root(task.source) == name,
            meets=bool(runs[0]["stores"]) and runs[0]["out_memory"] == loads[-1]["out_memory"],
        )
        if load.meets and self.overlay:
            return  # How long words of the next instruction are hidden behind it would not be known.
        loops, array = self.loops[task.target], self.specs[self._engine(task)].array
        delay, count = beside(task, loops, array.positions, load, max(1, self.word // array.taps))
        if max(delay + loops.cycles(0), count) < load.count + loops.cycles(0):
            loads[-1]["beside"], runs[0]["delay"] = 1, delay
            self.beside = count

    def _emit(self, number: int) -> dict[str, int]:
        name = self.graph.outputs[number]
        base, words = self.outputs[name]
        pixels = prod(self.work.shape(self.work.root(name))[:-1])
        return {"opcode": OPCODES.index("emit"), "port": number, "rows": pixels * words, "emit_address": base}

    def _run(self, task: Task) -> dict[str, int]:
        spec, memory = self.specs[self._engine(task)], self.gathered[self._engine(task)]
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
        fields = {"engine": self._engine(task), "delay": 0, **run_fields(task, loops, spec.array, source, self.banks)}
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
        self._note(task, loops, (stage, after), interval)
        fields["parameters"] = memory.add_parameters(
            stage, loops, self._finished_lanes(loops, task), spec.lanes(self.word)
        )
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

    def _note(self, task: Task, loops: Loops, stages: tuple[Stage, Stage], interval: Interval) -> None:
        """Tells the engine of ``task`` what that needs; ``interval`` are the integers of its sums."""
        features = stages[0].features | stages[1].features | {task.mode}
        if border_factors(task) is not None:
            features |= {"factors"}
        if loops.wait:
            features |= {"wait"}
        intervals = {"sums": interval} | ({} if task.weights is None else {"activations": taps_of(self.work, task)})
        if self.host is not None:
            self.host.check_task(task, self._engine(task), loops, stages, features, intervals)
        given = None if task.block is None else self.options.sum_bits.get(task.block.name)
        intervals["accumulators"] = interval if given is None else Interval(-(1 << given - 1), (1 << given - 1) - 1)
        self.gathered[self._engine(task)].note(loops, stages, features, intervals)

    def _factors(self, factors: tuple[tuple[int, ...], tuple[int, ...]] | None) -> int:
        """Where the factors of rows, and behind them those of columns, begin; 0 is a single one."""
        if factors is None:
            return 0
        table = self.tables["factors"]
        start = len(table)
        table += [*factors[0], *factors[1]]
        return start

    def _made(self, number: int, slice_bits: int, slices: int) -> Engine:
        spec, memory = self.specs[number], self.gathered[number]
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
        return union([self.graph.intervals[name] for name in stored]).with_zero()

    def _instruction(
        self, opcode: Opcode, number: int, emits: int, fields: dict[str, int], task: Task | None
    ) -> Instruction:
        if opcode == "load":
            name = self.graph.inputs[number].name
            cycles = PIPELINE + (0 if fields["beside"] else _moves(fields))
            return Instruction((), name, opcode, fields, 0, cycles, (tensor_views(self.work, name, self.layouts), ()))
        if task is None:
            name = self.graph.outputs[number - emits]
            return Instruction((), name, opcode, fields, 0, fields["rows"] + PIPELINE)
        positions, loops = self.specs[self._engine(task)].array.positions, self.loops[task.target]
        loaded = self.beside if task is self.work.tasks[0] else 0
        cycles = positions + max(fields["delay"] + loops.cycles(0), loaded) + PIPELINE
        views = task_views(self.work, task, self.layouts)
        names = tuple(block.name for block in task.blocks)
        return Instruction(names, task.target, opcode, fields, _macs(task), cycles, views)


def _moves(fields: dict[str, int]) -> int:
    return fields["rows"] * fields["chunks"]


def _macs(task: Task) -> int:
    if task.block is None or task.block.weights is None:
        return 0
    return task.window.pixels * task.block.weights.values.size

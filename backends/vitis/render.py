"""From a design to files: Jinja templates and static headers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from hlsq.backends.vitis.blocks import BlockCode, code_for
from hlsq.backends.vitis.blocks.base import TEMPLATES as BLOCK_TEMPLATES
from hlsq.backends.vitis.blocks.base import short_format
from hlsq.backends.vitis.blocks.mac import MacCode
from hlsq.backends.vitis.demands import check_demands, check_rules, partition_size
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.host import HostInput, HostOutput
from hlsq.backends.vitis.tensors import Stream, Tensor
from hlsq.backends.vitis.types import cpp_int, span
from hlsq.backends.vitis.vectors import output_port
from hlsq.cost.buffers import PING_PONG, memory_blocks
from hlsq.cost.dataflow import Channel
from hlsq.cost.estimate.choices import Storage
from hlsq.escape import json_text, line_comment, tcl_word
from hlsq.graph import Interval

TEMPLATES = Path(__file__).parent / "templates"
STATIC = TEMPLATES / "firmware" / "hlsq"
PROJECT = TEMPLATES / "project"
"""Templates of files that both architectures have."""


@dataclass(frozen=True, eq=False)
class OutputPort:
    """One output of the top function."""

    port: str
    tensor: Tensor


@dataclass(frozen=True)
class Local:
    """A stream or array inside the top function.

    Its depth is in words of a stream, or in samples that the memory of an array holds; ``storage`` is what holds those
    of a stream.
    """

    ident: str
    tensor: Tensor
    depth: int
    storage: Storage


@dataclass(frozen=True)
class FanOut:
    """A tensor with several readers."""

    count: int


@dataclass(frozen=True, eq=False)
class CallStep:
    """One block's part of the top function: declarations, call, trace.

    ``tensors`` are what ``traced`` holds: the block's result, and the wires behind it. ``after`` holds the calls that
    hand it on: copies for several readers or for a port, or, where nothing reads it, what takes it from its stream.
    """

    locals: tuple[Local, ...]
    call: str
    tensors: tuple[Tensor, ...]
    traced: str
    after: tuple[str, ...]


def render_project(design: Design) -> dict[str, str]:
    """All generated files of ``design``: path in the project to content.

    Raises:
        OptionError: a block asks for more than Vitis HLS can do.
    """
    codes = [code_for(design, hardware) for hardware in design.functions]
    check_demands(design, codes)
    layout = _Layout(design)
    files: dict[str, str] = {}
    project = design.options.top
    context = {
        "design": design,
        "options": design.options,
        "project": project,
        "streaming": design.options.io_type == "io_stream",
        "folded": False,
        "inputs": [design.tensors[i.name] for i in design.graph.inputs],
        "outputs": layout.outputs,
        "steps": layout.steps,
        "clones": layout.fan_outs,
        "host_inputs": [HostInput(i.format) for i in design.graph.inputs],
        "host_outputs": [HostOutput(design.graph.formats[o], design.graph.shapes[o]) for o in design.graph.outputs],
        "partition_size": partition_size(design, codes),
        "build_options": {"reset": 0, "csim": 1, "synth": 1, "cosim": 0, "export": 0, "vsynth": 0},
    }
    for template, target in {
        "defines.h.j2": "firmware/defines.h",
        "project.h.j2": f"firmware/{project}.h",
        "project.cpp.j2": f"firmware/{project}.cpp",
        "bridge.cpp.j2": f"{project}_bridge.cpp",
        "test.cpp.j2": f"{project}_test.cpp",
        "build_lib.sh.j2": "build_lib.sh",
        "build_prj.tcl.j2": "build_prj.tcl",
        "build_opt.tcl.j2": "build_opt.tcl",
        "project.tcl.j2": "project.tcl",
        "hls_config.cfg.j2": "hls_config.cfg",
        "vitis-comp.json.j2": "vitis-comp.json",
    }.items():
        files[target] = make_environment(PROJECT).get_template(template).render(context)
    for code in codes:
        files[f"firmware/blocks/{code.ident}.h"] = render_block(code)
        if isinstance(code, MacCode):
            files[f"firmware/weights/{code.ident}.h"] = (
                make_environment(PROJECT).get_template("weights.h.j2").render(code=code)
            )
            files[f"firmware/hlsq/{code.mac.pe.header}"] = code.mac.pe.source().read_text(encoding="utf-8")
    for header in sorted(STATIC.glob("*.h")):
        files[f"firmware/hlsq/{header.name}"] = header.read_text(encoding="utf-8")
    check_rules(files)
    return files


def render_build_options(**options: bool) -> str:
    """``build_opt.tcl`` for one run of Vitis HLS."""
    return make_environment(PROJECT).get_template("build_opt.tcl.j2").render(build_options=options)


def render_block(code: BlockCode) -> str:
    """The header of one block."""
    return make_environment(BLOCK_TEMPLATES).get_template(code.template).render(code=code)


class _Layout:
    """Which stream or array each block reads and writes."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.streaming = design.options.io_type == "io_stream"
        self.fan_outs: list[FanOut] = []
        self.outputs = [OutputPort(output_port(design, o), design.tensors[o]) for o in design.graph.outputs]
        self.steps: list[CallStep] = []
        self.blocks = {} if self.streaming else memory_blocks(design.graph)
        for item in design.graph.inputs:
            tensor = design.tensors[item.name]
            self.steps.append(self._step(tensor, "", source=tensor.ident))
        for hardware in design.functions:
            arguments = [self._read(hardware.block.name, n) for n in range(len(hardware.block.inputs))]
            tensor = design.tensors[hardware.block.name]
            target = self._written(tensor)
            call = f"{hardware.ident}({', '.join([*arguments, target])});"
            self.steps.append(self._step(tensor, call))

    def _readers(self, tensor: Tensor) -> list[Stream]:
        return [s for s in self.design.streams if self.design.carriers[s.tensor] == tensor.name]

    def _depth(self, stream: Stream) -> int:
        """Of the stream or array to one reader."""
        return stream.depth if self.streaming else self.blocks[Channel(stream.tensor, (stream.reader, stream.number))]

    def _shortest(self, tensor: Tensor) -> int:
        """Of a stream or array from one process to the next."""
        return self.design.channel_depths[Channel(tensor.name, None)] if self.streaming else PING_PONG

    def _storage(self, block: str) -> Storage:
        """Of the streams that ``block`` reads, or that it writes to a process that copies or discards."""
        return self.design.choices.storage_of("fifos", block)

    def _written(self, tensor: Tensor) -> str:
        """What a block writes: its only reader's stream or array, or one that is then copied or emptied."""
        readers = self._readers(tensor)
        if len(readers) != 1:
            return f"{tensor.ident}_all" if readers else f"{tensor.ident}_unread"
        return readers[0].ident

    def _read(self, block: str, number: int) -> str:
        stream = next(s for s in self.design.streams if s.reader == block and s.number == number)
        tensor = self.design.tensors[self.design.carriers[stream.tensor]]
        is_input = any(i.name == tensor.name for i in self.design.graph.inputs)
        return tensor.ident if is_input and len(self._readers(tensor)) == 1 else stream.ident

    def _step(self, tensor: Tensor, call: str, source: str | None = None) -> CallStep:
        readers = self._readers(tensor)
        written = source or self._written(tensor)
        locals_ = []
        if source is None and (len(readers) != 1 or readers[0].reader is not None):
            depth = self._depth(readers[0]) if len(readers) == 1 else self._shortest(tensor)
            reader = readers[0].reader if len(readers) == 1 else None
            locals_.append(Local(written, tensor, depth, self._storage(reader or tensor.name)))
        after: tuple[str, ...] = ()
        if not readers and self.streaming:
            # Whoever fills the stream would wait for ever once it is full.
            after = (f"hlsq::discard<{tensor.transfers}>({written});",)
        elif len(readers) > 1 or (source is not None and any(s.reader is None for s in readers)):
            # In a dataflow region a stream or an array has one process that writes and one that reads it, and a port is
            # no other port: a network that is a wire copies.
            locals_ += [
                Local(s.ident, tensor, self._depth(s), self._storage(s.reader)) for s in readers if s.reader is not None
            ]
            self.fan_outs.append(FanOut(len(readers)))
            targets = ", ".join(s.ident for s in readers)
            count = f"<{tensor.transfers}>" if self.streaming or tensor.transfers > 1 else ""
            after = (f"fan_out{count}({written}, {targets});",)
        return CallStep(tuple(locals_), call, self.design.carried(tensor.name), written, after)


@cache
def make_environment(*folders: Path) -> jinja2.Environment:
    """Templates of ``folders``, the first one that has a name, with the filters that write C++ and Tcl."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        comment=line_comment,
        tcl_word=tcl_word,
        json_text=json_text,
        cpp_int=_cpp_literal,
        cpp_type=cpp_int,
        span=span,
        cpp_table=_cpp_table,
        rom_table=_rom_table,
        short_format=short_format,
        signed_width=_signed_width,
        subtract_width=_subtract_width,
        amount_width=lambda value: max(1, int(value).bit_length()),
        log2=lambda value: int(value).bit_length() - 1,
        is_power=lambda value: int(value) > 0 and int(value) & (int(value) - 1) == 0,
    )
    return environment


def _cpp_literal(value: int) -> str:
    if value > 2**63 - 1:
        return f"{value}ULL"
    if value == -(2**63):
        return "(-9223372036854775807LL - 1)"
    return str(value) if -(2**31) < value < 2**31 else f"{value}LL"


def _cpp_table(values: Iterable[Any]) -> str:
    items = [_cpp_table(v) if isinstance(v, tuple) else _cpp_literal(int(v)) for v in values]
    return "{" + ", ".join(items) + "}"


def _rom_table(words: NDArray[np.uint64]) -> str:
    suffix = "ULL" if int(words.max(initial=0)) >= 2**31 else ""
    rows = [",".join(f"{int(word)}{suffix}" for word in row) for row in words]
    return "{\n{" + "},\n{".join(rows) + "}}"


def _signed_width(values: NDArray[np.int64]) -> int:
    interval = Interval(int(values.min()), int(values.max()))
    return interval.width + (not interval.signed)


def _subtract_width(deviation: Interval, zero: int) -> int:
    """Width of the signed type in which a value, its zero point and their difference fit."""
    both = deviation.union(Interval(deviation.lo + zero, deviation.hi + zero)).union(
        Interval(min(zero, -1), max(zero, 0))
    )
    return both.width + 1

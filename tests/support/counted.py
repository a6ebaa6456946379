"""The counts of a design against those that its C++ shows when it is followed as hardware."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from synthesis import Findings
from synthesis.operations import DIVIDE, SHIFT, Process

from hlsq.backends.vitis.design import Design, HardwareBlock
from hlsq.backends.vitis.facts import design_facts

WINDOWS = {"taps", "vector_taps"}
"""Classes whose registers are windows."""


def differences(design: Design, findings: Findings) -> list[str]:
    """What the design says and its C++ does not, or the other way round; nothing where they agree."""
    found = list(findings.messages)
    for block in design.functions:
        process = findings.processes.get(block.ident)
        if process is None:
            found.append(f"{block.ident}: no function of the dataflow region")
            continue
        for what, told, counted in _counts(design, block, process):
            if told != counted:
                found.append(f"{block.ident}: {what}: {told} in the design, {counted} in its C++")
    told, counted = design_facts(design).widest_stream_bits, max(findings.streams.values(), default=0)
    if told != counted:
        found.append(f"widest stream: {told} bits in the design, {counted} in its C++")
    return found


def _counts(design: Design, block: HardwareBlock, process: Process) -> Iterator[tuple[str, object, object]]:
    operators = design.operators[block.block.name]
    units = [u for kind in ("apply", "finish") for u in process.units.get(kind, ())]
    requantising = block.block.requant is not None or any(block.block.input_requants)
    finished = process.count("finish") if requantising else 0
    yield "PEs", block.pes, process.count("apply")
    yield "requantisers", operators.requantisers.total, finished
    yield "multiplications", operators.dsp_candidates, process.multiplications
    yield "shifters", operators.shifters, sum(u.operations[SHIFT] > 0 for u in units)
    yield "divisions", 0, process.total(DIVIDE)
    yield "divisions of counts", 0, process.total(f"address: {DIVIDE}")
    held = sum(bits for name, bits in process.registers.items() if WINDOWS & set(name.split(".")))
    yield "registers of windows", operators.window_register_bits, held
    found = Counter[int]()
    for (name, inputs), count in process.multiplexers.items():
        if WINDOWS & set(name.split(".")):
            found[inputs] += count
    told = operators.tap_select
    yield "multiplexers of windows", {told.steps: told.multiplexers} if told.multiplexers else {}, dict(found)
    yield "iterations", [block.iterations], process.loops

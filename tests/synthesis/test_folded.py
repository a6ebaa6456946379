"""The C++ of folded accelerators keeps the rules of directives, and has as many PEs as it should."""

from __future__ import annotations

from typing import Any

import pytest
from random_designs import random_quantized
from random_folded import folded
from synthesis import Findings, check_project

from hlsq.backends.folded.pieces import Engine
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.folded.pipelined_render import render_pipelined
from hlsq.backends.vitis.folded.render import render_folded
from hlsq.backends.vitis.options import HardwareOptions

CASES: list[tuple[int, dict[str, Any]]] = [
    (0, {"pes": 16, "dual": "mux"}),
    (6, {"pes": 16}),
    (2, {"pes": 36}),
    (15, {"pes": 64}),
    (0, {"pes": 16, "program": "axi"}),
]
"""Of all these, networks with residuals, thresholds, depthwise convolutions, pools, windows that overhang a border."""
OWNERS = "pe_"
"""Beginning of the names of PEs' classes."""


def text_files(design: FoldedDesign | PipelinedDesign) -> dict[str, str]:
    """C++, and the numbers that it includes."""
    rendered = render_pipelined(design) if isinstance(design, PipelinedDesign) else render_folded(design)
    files = {name: text.encode() if isinstance(text, str) else text for name, text in rendered.items()}
    return {name: text.decode() for name, text in files.items() if name.endswith((".h", ".cpp", ".inc"))}


def pes(engine: Engine) -> int:
    """Of the array, and those of depthwise convolutions, which work lane by lane."""
    return engine.pes + ("lanes" in engine.features) * engine.array.taps * engine.array.positions


def faults(findings: Findings, design: FoldedDesign) -> list[str]:
    """What is wrong, and operations that a folded accelerator must not have."""
    found = list(findings.messages)
    processes = findings.processes.values()
    made = sum(unit.owner.startswith(OWNERS) for p in processes for unit in p.units.get("apply", []))
    if made != sum(map(pes, design.program.engines)):
        found.append(f"{made} PEs")
    divisions = sum(
        count for p in processes for u in p.all_units for name, count in u.operations.items() if "div" in name
    )
    if divisions:
        found.append(f"{divisions} divisions")
    looked_up = {name for p in processes for name, _ in p.multiplexers} - {
        "engine.words",
        "weight.slices",
        "code.slices",
    }
    return [*found, *(f"multiplexers of {name}" for name in sorted(looked_up))]


@pytest.mark.slow(2)
@pytest.mark.parametrize(("seed", "options"), CASES)
def test_random_networks(seed: int, options: dict[str, Any]) -> None:
    design = folded(seed, **options)
    assert faults(check_project(text_files(design), design.options.top), design) == []


@pytest.mark.slow(2)
def test_words_of_other_widths_are_made_of_registers_that_move() -> None:
    graph = random_quantized(9)
    design = PipelinedDesign(graph, HardwareOptions(architecture="folded", pes=96, pipeline=True))
    findings = check_project(text_files(design), design.options.top)
    assert findings.messages == ()
    assert findings.processes["repack"].multiplexers == {}


@pytest.fixture(scope="module")
def design() -> FoldedDesign:
    return folded(6, pes=16)


APPLY = "CONFIG::pe::apply(tap, weights[i][o])"
EDITS = [
    ("finisher.h", "value = held[p][(i + l) % CONFIG::sums];", "value = held[p][(at_sum + l) % CONFIG::sums];", "held"),
    ("walk.h", "const int place = P - 1;", "const int place = p;", "'bank' is in registers, but a variable says which"),
    ("engine.h", "int(at.word) : at.output()", "at.chunk / 3 : at.output()", "divisions"),
    ("array.h", f"+= sum_t({APPLY});", f"+= sum_t({APPLY}) + sum_t({APPLY});", "PEs"),
    ("maps.h", "#pragma HLS UNROLL", "", "unknown number of iterations"),
]  # fmt: skip
"""Changes of the C++ that cost hardware, and what has to be said of them."""


@pytest.mark.slow(2)
@pytest.mark.parametrize(("file", "old", "new", "said"), EDITS)
def test_hardware_that_was_not_meant_is_noticed(file: str, old: str, new: str, said: str, design: FoldedDesign) -> None:
    files = text_files(design)
    path = f"firmware/hlsq/folded/{file}"
    assert old in files[path]
    files[path] = files[path].replace(old, new, 1)
    found = faults(check_project(files, design.options.top), design)
    assert any(said in fault for fault in found), found

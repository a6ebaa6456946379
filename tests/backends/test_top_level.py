"""The top level of a streamed design: its processes, streams and depths are those that the cycle model simulates."""

import re

import pytest
from flowing import several_inputs_and_outputs
from networks import quantized_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.backends.vitis.vectors import output_port
from hlsq.cost.buffers import PING_PONG, memory_blocks
from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel


@pytest.mark.parametrize("seed", [*range(8), None])
def test_the_model_has_the_processes_and_streams_of_the_top_level(seed: int | None) -> None:
    design = Design(several_inputs_and_outputs() if seed is None else quantized_network(seed), HardwareOptions())
    source = render_project(design)[f"firmware/{design.options.top}.cpp"]
    body = source[source.index("#pragma HLS DATAFLOW") :]
    depths = {name: int(depth) for name, depth in re.findall(r"STREAM variable = (\w+) depth = (\d+)", body)}
    calls = re.findall(r"^    (?:hlsq::)?(?!trace)(\w+)(?:<(\d+)>)?\(([^()]*)\);$", body, re.MULTILINE)
    idents = {tensor.ident: name for name, tensor in design.tensors.items()}
    # Each stream by where it goes: to the host, an input of a block, or copies.
    goes = {output_port(design, name): Channel(name, (None, 0)) for name in design.graph.outputs}
    made: list[tuple[str, tuple[Channel, ...]]] = []
    for function, _, arguments in reversed(calls):
        names = arguments.split(", ")
        if function == "fan_out":
            tensor = idents[names[0].removesuffix("_all")]
            to = tuple(goes[n] for n in names[1:])
            goes[names[0]] = Channel(tensor, None)
            made.append((f"copies of {tensor}", to))
        elif function == "discard":
            tensor = idents[names[0].removesuffix("_unread")]
            goes[names[0]] = Channel(tensor, None)
            made.append((f"end of {tensor}", ()))
        else:
            block = next(b for b in design.graph.blocks if b.name == idents[function])
            made.append((block.name, (goes[names[-1]],)))
            for number, name in enumerate(names[:-1]):
                goes[name] = Channel(block.inputs[number], (block.name, number))
    modelled = [p for p in design.processes if not p.name.startswith("host's")]
    assert made[::-1] == [(p.name, p.outputs) for p in modelled]
    assert {goes[name]: depth for name, depth in depths.items()} == {
        c: design.channel_depths.get(c, MINIMUM_DEPTH)
        for p in modelled
        for c in p.outputs
        if c.reader is None or c.reader[0] is not None
    }
    copied = [int(count) for function, count, _ in calls if function in ("fan_out", "discard")]
    assert copied == [p.schedule.iterations for p in modelled if p.name.startswith(("copies of", "end of"))]


def test_every_loop_on_streams_flushes() -> None:
    files = render_project(Design(several_inputs_and_outputs(), HardwareOptions()))
    loops = [line for text in files.values() for line in text.splitlines() if line.startswith("#pragma HLS PIPELINE")]
    assert set(loops) == {"#pragma HLS PIPELINE II = 1 style = flp"}
    assert len(loops) >= 12


@pytest.mark.parametrize("seed", [*range(8), None])
def test_arrays_have_blocks_for_all_samples_on_a_longer_way(seed: int | None) -> None:
    graph = several_inputs_and_outputs() if seed is None else quantized_network(seed)
    design = Design(graph, HardwareOptions(io_type="io_parallel"))
    source = render_project(design)[f"firmware/{design.options.top}.cpp"]
    told = {name: int(n) for name, n in re.findall(r"STREAM variable = (\w+) type = pipo depth = (\d+)", source)}
    wanted = {}
    for stream in design.streams:
        blocks = memory_blocks(graph).get(Channel(stream.tensor, (stream.reader, stream.number)), PING_PONG)
        # A vector of one word is no array, and a port no memory of the design.
        is_array = re.search(rf" {stream.ident}\[\d+\];", source) is not None
        if blocks > PING_PONG and is_array:
            wanted[stream.ident] = blocks
    assert told == wanted


def test_every_port_has_a_directive_of_its_own() -> None:
    design = Design(several_inputs_and_outputs(), HardwareOptions())
    source = render_project(design)[f"firmware/{design.options.top}.cpp"]
    ports = [design.tensors[item.name].ident for item in design.graph.inputs]
    ports += [output_port(design, name) for name in design.graph.outputs]
    assert re.findall(r"^#pragma HLS INTERFACE axis port = (.*)$", source, re.MULTILINE) == ports

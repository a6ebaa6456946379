"""Tensors that nobody reads: inputs of the network, and blocks. Their streams are emptied, or hardware stands still."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, random_inputs, random_network

import hlsq
from hlsq.formats import Affine
from hlsq.graph import Graph
from hlsq.graph.ops import Dense
from hlsq.plan import BlockPlan, Plan

WEIGHT = Affine(8, 0.01, symmetric=True)


def network(shapes: dict[str, tuple[int, ...]], read: str, dead_block: bool = False) -> tuple[Graph, Plan]:
    """A dense layer that reads one of several inputs; if asked, a second one whose result nobody uses."""
    b = NetworkBuilder(np.random.default_rng(1))
    for name, shape in shapes.items():
        b.input(name, shape, Affine(8, 0.03, 5))
    size = shapes[read][-1]
    if dead_block:
        plan = BlockPlan(weight=WEIGHT, output=Affine(8, 0.05))
        b.add("dead", Dense(), [read], kernel=b.kernel(size, 4), plan=plan)
    b.add("fc", Dense(), [read], kernel=b.kernel(size, 3), plan=BlockPlan(weight=WEIGHT))
    return b.build(["fc"])


CASES = {
    "last": network({"i": (4,), "j": (4,)}, "i"),
    "first": network({"j": (4,), "i": (4,)}, "i"),
    "map": network({"i": (4,), "j": (5, 3, 2), "k": (7, 2)}, "i"),
    "block": network({"i": (4,)}, "i", dead_block=True),
    "both": network({"j": (6,), "i": (4,)}, "i", dead_block=True),
}


def streams_of(top: str) -> dict[str, int]:
    """Every stream of the top function, and how often it is handed to a process of the design."""
    body = re.sub(r"#ifndef __SYNTHESIS__.*?#endif", "", top[top.index("void hlsq_net(") :], flags=re.DOTALL)
    head, body = body.split("{", 1)
    body = re.sub(r"#pragma.*", "", body)
    outside = re.findall(r"&(\w+)", head)
    inside = re.findall(r"hls::stream<\w+> (\w+)\(", body)
    calls = re.findall(r"^    (?!hls::stream)[\w:<>]+\((.*)\);", body, flags=re.MULTILINE)
    arguments = [argument for call in calls for argument in call.split(", ")]
    assert set(arguments) <= {*outside, *inside}
    # One end of a port lies outside.
    return {name: arguments.count(name) + (name in outside) for name in [*outside, *inside]}


@pytest.mark.csim
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.slow(2)
def test_an_unread_tensor_is_simulated_exactly(
    name: str, io_type: str, tmp_path: Path, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    graph, plan = CASES[name]
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", io_type=io_type)
    x = random_inputs(hw.graph, 7)
    assert hw.verify(x).samples == 7
    assert np.array_equal(hw.predict(x, ap_types=True), hw.emulate(x))
    assert run_test_bench(hw.output_dir, compiled=True) == (0, "10 samples, 0 differences\n")


@pytest.mark.parametrize("case", [*CASES, *range(12)])
def test_every_stream_has_one_writer_and_one_reader(case: str | int, tmp_path: Path) -> None:
    graph, plan = CASES[case] if isinstance(case, str) else random_network(case)
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net")
    found = streams_of((hw.output_dir / "firmware" / "hlsq_net.cpp").read_text())
    assert len(found) >= len(set(hw.design.carriers.values()))
    assert found == dict.fromkeys(found, 2)


def test_exactly_the_packets_of_the_tensor_are_taken(tmp_path: Path) -> None:
    graph, plan = CASES["map"]
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net")
    top = (hw.output_dir / "firmware" / "hlsq_net.cpp").read_text()
    assert re.findall(r"hlsq::discard<(\d+)>\((\w+)\);", top) == [("15", "j_q"), ("7", "k_q")]


@pytest.mark.csim
def test_a_keras_model_with_an_input_that_no_layer_reads(tmp_path: Path) -> None:
    import keras

    i, j = keras.Input((4,), name="i"), keras.Input((4,), name="j")
    model = keras.Model([i, j], keras.layers.Dense(3)(i))
    x = {name: np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32) for name in "ij"}
    hw = hlsq.convert(model, scheme="quant8", calibration=x, output_dir=tmp_path / "net")
    hw.verify(x)
    assert np.array_equal(hw.emulate(x), hw.emulate({**x, "j": -x["j"]}))

"""The generated C++: operands as wide as the formats say, and no multiplication where scales are powers of two."""

import re

import numpy as np
import pytest
from fixed_networks import fixed_quantized
from networks import NetworkBuilder, quantized_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.formats import FixedPoint, Format, PowerOfTwo
from hlsq.graph import ChannelScale, DyadicRequant, QBlock, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D
from hlsq.plan import BlockPlan


def blocks_of(graph: QuantizedGraph) -> dict[str, str]:
    """Generated C++ of every block."""
    design = Design(graph, HardwareOptions(reuse_factor={}))
    files = render_project(design)
    return {b.block.name: files[f"firmware/blocks/{b.ident}.h"] for b in design.functions}


def pe_of(code: str) -> tuple[str, list[str]]:
    """Kind and template arguments of a block's PE."""
    (found,) = re.findall(r"typedef hlsq::pe_(\w+)<(.*)> pe;", code)
    return found[0], [argument.strip() for argument in found[1].split(",")]


def tap_of(fmt: Format) -> str:
    """The type of an activation; signs are -1 and 1, and padding is 0."""
    assert isinstance(fmt, FixedPoint)
    return f"hlsq::{'sint' if fmt.signed else 'uint'}<{max(fmt.bits, 2) if fmt.signed else fmt.bits}>"


@pytest.mark.parametrize("seed", range(40))
def test_operands_of_every_pe_have_the_widths_of_their_formats(seed: int) -> None:
    graph = fixed_quantized(seed)
    for name, code in blocks_of(graph).items():
        block = graph.by_name[name]
        if block.weights is None:
            continue
        fmt = block.weights.format
        assert isinstance(fmt, FixedPoint)
        kind, arguments = pe_of(code)
        assert arguments[0] == tap_of(graph.formats[block.inputs[0]]), name
        assert arguments[1] == f"hlsq::uint<{fmt.bits}>", name
        assert f"typedef {arguments[0]} tap_t;" in code
        assert f"typedef {arguments[1]} code_t;" in code
        assert kind == ("sign" if fmt.is_sign else "multiply")
        if kind == "multiply":
            assert arguments[2] == f"hlsq::{'sint' if fmt.signed else 'uint'}<{fmt.bits}>", name


def one_conv(weight: Format, source: Format) -> QuantizedGraph:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 4, 2), source)
    b.add("y", Conv2D(), ["x"], kernel=b.kernel(3, 3, 2, 3), plan=BlockPlan(weight=weight, output=FixedPoint(5, 2)))
    return quantize_graph(*b.build(["y"]))


def test_another_width_gives_another_type() -> None:
    """The comparison above can fail."""
    for weight, activation in ((3, 7), (4, 7), (3, 8)):
        graph = one_conv(FixedPoint(weight, 2), FixedPoint(activation, 3, signed=False))
        _, arguments = pe_of(blocks_of(graph)["y"])
        assert arguments[:3] == [f"hlsq::uint<{activation}>", f"hlsq::uint<{weight}>", f"hlsq::sint<{weight}>"]


def finish_of(code: str) -> str:
    """The body of a block's ``finish``, after its per-channel scale."""
    body = code[code.index("static value_t finish(") :]
    body = body[: body.index("\n    }\n")]
    return body[body.index("const scaled_t t =") :]


def is_plain(body: str) -> bool:
    """Whether ``body`` multiplies nothing."""
    return "multiply" not in body and not re.search(r"[\w)\]] \* ", body)


def powers(block: QBlock, graph: QuantizedGraph) -> bool:
    """Whether every scale of a requantisation is a power of two."""
    if not isinstance(block.requant, DyadicRequant):
        return False
    return all(float(np.log2(m)).is_integer() for m in block.requant.multiplier)


@pytest.mark.parametrize("seed", range(20))
def test_powers_of_two_are_requantised_by_shift_round_and_clamp(seed: int) -> None:
    graph = fixed_quantized(seed)
    shifted = 0
    for name, code in blocks_of(graph).items():
        block = graph.by_name[name]
        if not isinstance(block.requant, DyadicRequant):
            continue
        body = finish_of(code)
        assert is_plain(body) == powers(block, graph), name
        least, most = min(block.requant.shift), max(block.requant.shift)
        shared = f"<{least}>" if least < most else ""
        assert f"hlsq::round_{block.requant.rounding}{shared}(p, " in body
        assert "hlsq::clamp<value_t>(rounded, " in body
        shifted += is_plain(body)
    assert shifted >= 3


def test_other_scales_do_multiply() -> None:
    """The test above notices a multiplication."""
    bodies = []
    for seed in range(6):
        graph = quantized_network(seed)
        for name, code in blocks_of(graph).items():
            if isinstance(graph.by_name[name].requant, DyadicRequant):
                bodies.append(finish_of(code))
    assert any(not is_plain(body) for body in bodies)


def test_channels_that_shift_left_and_right_have_tables_of_both() -> None:
    b = NetworkBuilder(np.random.default_rng(0), batch_norm="refine")
    b.input("x", (4, 4, 2), FixedPoint(4, 1))
    plan = BlockPlan(weight=PowerOfTwo(3, 2, (2.0, 0.25, 0.0625)), output=FixedPoint(8, 3))
    b.add("y", Conv2D(), ["x"], kernel=b.kernel(3, 3, 2, 3), plan=plan)
    code = blocks_of(quantize_graph(*b.build(["y"])))["y"]
    assert "y_q_left[3][1] = {{3}, {0}, {0}};" in code
    assert "y_q_shift[3][1] = {{0}, {0}, {2}};" in code
    assert "y_q_multiplier" not in code
    assert is_plain(finish_of(code))


def test_a_scale_that_all_channels_share_is_a_constant() -> None:
    b = NetworkBuilder(np.random.default_rng(0), batch_norm="refine")
    b.input("x", (4, 4, 2), FixedPoint(4, 1))
    plan = BlockPlan(
        weight=FixedPoint(3, 2), scale=FixedPoint(4, 2), scale_shift=FixedPoint(3, 0), output=FixedPoint(8, 3)
    )
    scale = ChannelScale(np.full(3, 0.75), np.zeros(3))
    b.add("y", Conv2D(), ["x"], kernel=b.kernel(3, 3, 2, 3), scale=scale, plan=plan)
    code = blocks_of(quantize_graph(*b.build(["y"])))["y"]
    assert "multiply<scaled_t>(sum, hlsq::sint<3>(3))" in code
    assert "y_q_gain" not in code
    assert "y_q_offset" not in code

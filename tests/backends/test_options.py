"""Hardware options: reuse factors, packing, names, and what is refused."""

import json
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pytest
from networks import quantized_network
from small import small_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost import Products, nearest_reuse_factors
from hlsq.cost.parts import Part
from hlsq.errors import OptionError
from hlsq.formats import unpack
from hlsq.graph.lowering import quantize_graph

HELD = {"lut": 1000, "ff": 2000, "dsp": 3, "bram36": 4, "uram": 5}


@pytest.fixture(scope="module")
def graph() -> Any:
    return quantize_graph(*small_network())


def test_a_reuse_factor_decides_the_number_of_pes(graph: Any) -> None:
    serial = Design(graph, HardwareOptions(reuse_factor=10**6))
    assert {b.pes for b in serial.blocks if b.mac} == {1}
    assert serial.by_name["conv/first"].reuse_factor == 9 * 2 * 4
    by_block = Design(graph, HardwareOptions(reuse_factor={"conv/second": 12, "default": 4}))
    assert by_block.by_name["conv/second"].pes == 9 * 4 * 4 // 12
    assert by_block.by_name["conv/first"].pes == 9 * 2 * 4 // 4
    default = Design(graph, HardwareOptions(reuse_factor={}))
    assert default.by_name["conv/second"].reuse_factor in nearest_reuse_factors(Products(36, 4), 64)


def test_an_impossible_reuse_factor_of_the_network_names_all_blocks(graph: Any) -> None:
    with pytest.raises(OptionError, match=r"reuse_factor 7 is impossible for 3 of 3 blocks") as caught:
        Design(graph, HardwareOptions(reuse_factor=7))
    message = str(caught.value)
    assert "'conv/first': 6 or 8" in message
    assert "'class': 6 or 8" in message
    common = message.split("nearest valid for all: ")[1].split(";")[0]
    for factor in common.split(" or "):
        Design(graph, HardwareOptions(reuse_factor=int(factor)))


def test_an_impossible_reuse_factor_names_the_nearest(graph: Any) -> None:
    with pytest.raises(OptionError, match=r"'conv/second': reuse_factor 71 is impossible .*nearest valid: 48 or 72"):
        Design(graph, HardwareOptions(reuse_factor={"conv/second": 71}))
    with pytest.raises(OptionError, match=r"'conv/first': reuse_factor 73 .*nearest valid: 72"):
        Design(graph, HardwareOptions(reuse_factor={"conv/first": 73}))
    with pytest.raises(OptionError, match="reuse_factor: 'conv9' is unknown; valid: class, conv/first"):
        Design(graph, HardwareOptions(reuse_factor={"conv9": 1}))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("word_bits", [8, 16, 32, 64])
def test_the_rom_holds_every_weight(seed: int, word_bits: int) -> None:
    for hardware in Design(quantized_network(seed), HardwareOptions(word_bits=word_bits)).blocks:
        if hardware.mac is None:
            continue
        weights, rom, s = hardware.block.weights, hardware.mac.rom, hardware.mac.split
        assert weights is not None
        codes = unpack(rom.words, rom.columns, rom.code_bits, rom.word_bits)
        rows = codes.reshape(s.output_steps, s.tap_steps, s.output_block, s.tap_block).transpose(1, 3, 0, 2)
        packets = rows.reshape(s.products.packets, -1, s.output_steps * s.output_block)
        flat = weights.values.reshape(s.products.packets, -1, s.products.outputs)
        stored = weights.format.decode(packets[:, : flat.shape[1], : s.products.outputs])
        assert np.array_equal(stored, flat)


def test_doubleq_packs_three_codes_into_a_word(graph: Any) -> None:
    rom = Design(graph, HardwareOptions()).by_name["conv/first"].mac.rom  # type: ignore[union-attr]
    assert (rom.code_bits, rom.word_bits, rom.codes_per_word) == (5, 16, 3)
    assert int(rom.words.max()) < 2**15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"io_type": "io_serial"}, "io_type: 'io_serial' is unknown; valid: io_parallel, io_stream"),
        ({"reuse_factor": 0}, "reuse_factor 0 must be a whole number from 1 to 2147483647"),
        ({"reuse_factor": 10**30}, "reuse_factor 10{30} must be a whole number from 1 to"),
        ({"reuse_factor": 10**5000}, "reuse_factor a int that is too long to show must be"),
        ({"reuse_factor": {"default": 2**31}}, "reuse_factor 2147483648 must be"),
        ({"clock_period": "5ns"}, "clock_period '5ns' must be a number of nanoseconds .* such as 5.0, without a unit"),
        ({"reuse_factor": {"conv1": 2.5}}, "reuse_factor 2.5 must be"),
        ({"clock_period": -1}, "clock_period -1 must be"),
        ({"clock_uncertainty": 100}, "clock_uncertainty 100 must be from 0 to less than 100 percent"),
        ({"word_bits": 12}, "word_bits 12 is unknown; valid: 8, 16, 32, 64"),
        ({"multipliers": "lut"}, "multipliers: 'lut' is unknown; valid: auto, dsp, fabric"),
        ({"rom_storage": "uram"}, "rom_storage: 'uram' is unknown; valid: auto, bram, lutram"),
        ({"line_storage": ["bram"]}, "line_storage: .* is unknown; valid: auto, bram, lutram"),
        ({"project_name": "9 lives"}, "project_name '9 lives' must be a C"),
        ({"part": "rm -rf; x"}, "is no part number"),
        ({"part": "notapart"}, "'notapart' is unknown; nearest known: .*resources=.*part_check=False"),
        ({"part": "notapart", "resources": {"lut": 5}}, "resources .*: expected a mapping with exactly lut, ff, dsp"),
        ({"resources": dict(HELD, dsp=-1)}, "resources: dsp is -1; expected a whole number from 0"),
        ({"part_check": "no"}, "part_check 'no' must be True or False"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        HardwareOptions(**options)


def test_io_parallel_refuses_what_does_not_fit() -> None:
    from hlsq.formats import Affine
    from hlsq.graph import Block, Graph, GraphInput
    from hlsq.graph.ops import Identity
    from hlsq.plan import BlockPlan, Plan

    wide = Graph("wide", (GraphInput("x", (64, 64, 8)),), (Block("i", Identity(), ("x",)),), ("i",))
    plan = Plan("p", "fold", {"x": Affine(8, 0.1)}, {"i": BlockPlan(output=Affine(8, 0.1))})
    with pytest.raises(OptionError, match=r"'x' has 32768 values.*io_stream"):
        Design(quantize_graph(wide, plan), HardwareOptions(io_type="io_parallel"))


def test_more_pes_than_can_be_built_are_refused_with_the_factor_that_works() -> None:
    from hlsq.formats import Affine
    from hlsq.graph import Block, Graph, GraphInput
    from hlsq.graph.ops import Dense
    from hlsq.plan import BlockPlan, Plan

    kernel = np.ones((200, 100))
    wide = Graph("wide", (GraphInput("x", (200,)),), (Block("fc", Dense(), ("x",), kernel=kernel),), ("fc",))
    graph = quantize_graph(wide, Plan("p", "fold", {"x": Affine(8, 0.1)}, {"fc": BlockPlan(weight=Affine(8, 0.1))}))
    with pytest.raises(
        OptionError, match=r"'fc': reuse factor 1 asks for 20,000 PEs at once; .* 4,096: give it at least 5, as in"
    ):
        Design(graph, HardwareOptions(reuse_factor=1))
    assert Design(graph, HardwareOptions(reuse_factor=5)).blocks[0].pes == 4000


def test_numpy_integers_are_integers() -> None:
    given = HardwareOptions(
        word_bits=np.int64(16),  # type: ignore[arg-type]
        reuse_factor={"a": np.int32(4)},  # type: ignore[dict-item]
        accumulator=np.uint8(32),  # type: ignore[arg-type]
        clock_period=np.float32(5),  # type: ignore[arg-type]
        resources={name: np.int64(count) for name, count in HELD.items()},  # type: ignore[misc]
        part_check=np.bool_(False),  # type: ignore[arg-type]
    )
    plain = HardwareOptions(
        word_bits=16, reuse_factor={"a": 4}, accumulator=32, clock_period=5.0, resources=HELD, part_check=False
    )
    assert given == plain
    assert json.dumps(asdict(given)) == json.dumps(asdict(plain))


def test_what_the_part_has_is_known_or_given() -> None:
    known = HardwareOptions().capacity
    assert known is not None
    assert (known.name, known.family, known.lut) == ("xc7a100t", "Artix-7", 63_400)
    assert HardwareOptions(part_check=False).capacity == known
    for part in ("xc7a100tcsg324-1", "notapart"):
        given = HardwareOptions(part=part, resources=HELD).capacity
        assert given == Part(part, "as given", **HELD, lutram=250)
    assert HardwareOptions(part="notapart", part_check=False).capacity is None


@pytest.mark.parametrize(
    "values",
    [
        {"word_bits": True}, {"word_bits": 16.0}, {"word_bits": [16]}, {"project_name": 5}, {"clock_period": True},
        {"clock_period": float("nan")}, {"clock_uncertainty": float("nan")}, {"clock_uncertainty": True},
        {"clock_period": 10**400}, {"clock_period": "5"}, {"part": 5}, {"io_type": 5},
        {"reuse_factor": True}, {"reuse_factor": 1.5}, {"accumulator": [8]}, {"accumulator": 10**400},
        {"resources": [1]}, {"resources": HELD | {"lut": 1.5}}, {"resources": HELD | {"lut": True}},
        {"resources": HELD | {"lut": 10**400}}, {"resources": HELD | {"bram": 1}}, {"part_check": 1},
    ],
)  # fmt: skip
def test_values_of_the_wrong_kind(values: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(values))):
        HardwareOptions(**values)


ODD = (
    10**5000, "x" * 10**5, b"dsp", [8], set(), 1j, np.array([1, 2]), np.array("auto"), np.array(["dsp", "auto"]),
    np.void(b"a"), object(), {"default": np.array([1, 2])},
)  # fmt: skip


@pytest.mark.parametrize("option", [field.name for field in fields(HardwareOptions)])
def test_values_of_any_kind_are_refused_in_a_line(option: str) -> None:
    for value in ODD:
        with pytest.raises(OptionError, match=option) as refused:
            HardwareOptions(**{option: value})
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 500

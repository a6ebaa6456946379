"""The estimate of a folded accelerator from plain numbers: what grows with what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hlsq.cost.blockram import block_rams
from hlsq.cost.estimate import Estimate
from hlsq.cost.folded import EngineFacts, FoldedFacts, MapFacts, Table, estimate_folded
from hlsq.cost.parts import find_part
from hlsq.cost.units import packings, unit_cost

ENGINE = EngineFacts(
    name="e",
    kind="shift",
    multipliers="auto",
    taps=16,
    outputs=8,
    positions=4,
    turns=1,
    splits=(1, 2),
    sums=16,
    lanes=8,
    tap_bits=8,
    signed_tap_bits=9,
    code_bits=5,
    operand_bits=5,
    exponent_bits=3,
    product_bits=16,
    sum_bits=20,
    value_bits=24,
    wide_bits=40,
    weights=(Table(1024, 128, 5),),
    parameters={"bias": Table(100, 8, 16), "multiplier": Table(100, 8, 17), "right": Table(100, 8, 6)},
    fields={"add_right": 5, "add_multiplier": 15, "add_weight0": 4},
    features=frozenset({"mac", "half_even", "multiply"}),
    thresholds=0,
    operands=0,
    macs=4_000_000,
    cycles=9000,
)
MAPS = MapFacts(depths=(600, 300), banks=5, word=16, granule=8, lane_bits=8, outputs=1, output_bits=20)
FACTS = FoldedFacts(
    engines=(ENGINE,),
    maps=MAPS,
    instructions=Table(25, 380, 1),
    ports=(32, 320),
    tables={"factors": Table(1, 1, 2)},
    bank_bits=5,
    address_bits=12,
    coordinate_bits=9,
    counter_bits=32,
    cycles=10_000,
)


def estimated(**changes: Any) -> Estimate:
    """With an engine that is otherwise."""
    return estimate_folded(replace(FACTS, engines=(replace(ENGINE, **changes),)))


def lut(found: Estimate, part: str) -> float:
    return found.components[part].lut


def test_pes_are_the_measured_ones_packed_as_published_arrays_are() -> None:
    one = unit_cost("shift", "varying", 8, 3)
    assert lut(estimated(), "PEs") == pytest.approx(512 * one.lut * packings()["shift"].lut)
    assert lut(estimated(kind="sign"), "PEs") == pytest.approx(512 * unit_cost("sign", "varying", 9).lut)
    booth = estimated(kind="booth", operand_bits=12)
    mux = estimated(kind="mux", code_bits=8)
    for found, one in ((booth, unit_cost("digits", "select", 8, 4)), (mux, unit_cost("dual", "mux", 8))):
        assert lut(found, "PEs") == pytest.approx(512 * one.lut * packings()["dual"].lut)
    in_dsp = estimated(kind="multiply", code_bits=8, multipliers="dsp", features=frozenset({"mac"}))
    assert (in_dsp.components["PEs"].dsp, in_dsp.dsp) == (512, 512)
    in_fabric = estimated(kind="multiply", code_bits=8, multipliers="fabric")
    assert in_fabric.components["PEs"].dsp == 0
    assert lut(in_fabric, "PEs") > lut(booth, "PEs")


def test_weights_are_decoded_once_for_all_positions() -> None:
    few, many = estimated(positions=2), estimated(positions=8)
    assert many.components["weight decoders"] == few.components["weight decoders"]
    for bits, kind in ((3, "dual"), (0, "integer")):
        digits = estimated(kind="booth", operand_bits=12, exponent_bits=bits)
        assert lut(digits, "weight decoders") == pytest.approx(16 * 8 * unit_cost("decoder", kind, 4).lut)
    for part in ("PEs", "adder trees", "tap selection", "accumulators", "pointers"):
        assert lut(many, part) == pytest.approx(4 * lut(few, part)), part
    assert lut(many, "bank selection") > lut(few, "bank selection")
    assert many.blocks["e weights"] == few.blocks["e weights"]


def test_sums_are_held_while_the_next_ones_grow() -> None:
    found = estimated().components["accumulators"]
    assert found.ff == pytest.approx(4 * 16 * 2 * 20)
    assert estimated(sums=8).components["accumulators"].ff == pytest.approx(found.ff / 2)
    # Trees that are tapped at one depth alone need no choice.
    assert lut(estimated(splits=(1,)), "adder trees") < lut(estimated(), "adder trees")


def test_memories_are_block_rams_of_real_shapes() -> None:
    found = estimated()
    assert found.blocks["e weights"].bram18 == block_rams(1024, 640)
    assert found.blocks["feature maps"].bram18 == 10 * (block_rams(600, 64) + block_rams(300, 64))
    sliced = estimated(weights=(Table(1280, 128, 1),) * 5)
    assert sliced.blocks["e weights"].bram18 == 5 * block_rams(1280, 128)
    assert lut(sliced, "weight decoders") > lut(found, "weight decoders")
    parameters = block_rams(100, 128) + block_rams(100, 136)  # 48 bits of 100 words are too few
    assert found.blocks["e post-processing"].bram18 == parameters + block_rams(100, 48)
    assert found.bram18 == sum(block.bram18 for block in found.blocks.values())


def test_what_post_processing_can_do_is_there_only_where_it_is_needed() -> None:
    plain = estimated(features=frozenset({"mac"}))
    assert "requantisers" not in plain.components
    assert plain.blocks["e post-processing"].lut < estimated().blocks["e post-processing"].lut
    for feature in ("left", "half_up", "product_shift", "scale", "factors"):
        more = estimated(
            features=ENGINE.features | {feature},
            fields={"product_shift": 4},
            parameters={**ENGINE.parameters, "left": Table(100, 8, 5), "scale": Table(100, 8, 12)},
        )
        assert more.blocks["e post-processing"].lut + more.dsp > estimated().blocks["e post-processing"].lut + 8, (
            feature
        )
    assert estimated(features=ENGINE.features | {"add"}, operands=1).components["additions"].lut > 0
    assert lut(estimated(thresholds=3), "requantisers") > lut(estimated(), "requantisers")
    assert "single lanes" not in plain.components
    sums, maxima, products = (
        lut(estimated(features=frozenset({"mac"}) | more), "single lanes")
        for more in (frozenset({"sum"}), frozenset({"max"}), frozenset({"lanes"}))
    )
    assert 0 < sums < maxima < products


def test_cycles_and_use() -> None:
    found = estimate_folded(FACTS, clock_period=10.0, capacity=find_part("xc7a100t"), limit=0.5)
    assert (found.pes, found.interval, found.latency) == (512, 10_000, 10_000)
    assert found.useful == 4_000_000 / (512 * 10_000)
    assert found.fps == 10_000
    assert found.gops == 2 * 512 / 10
    assert found.blocks["e"].interval == 9000
    assert found.limit == 0.5
    assert found.fits is (max(found.utilization.values()) <= 0.5)
    assert [b for b in found.blocks if found.blocks[b].pes] == ["e"]


def test_two_engines_are_two() -> None:
    one = estimate_folded(FACTS)
    both = estimate_folded(replace(FACTS, engines=(ENGINE, replace(ENGINE, name="f"))))
    assert both.pes == 2 * one.pes
    assert both.blocks["f weights"] == both.blocks["e weights"]
    assert both.components["PEs"].lut == 2 * one.components["PEs"].lut
    assert both.blocks["controller"] == one.blocks["controller"]


def test_every_bank_chooses_its_writer_where_an_input_is_loaded_beside_a_pass() -> None:
    alone, beside = (estimate_folded(replace(FACTS, loads_beside=there)) for there in (False, True))
    word = MAPS.word * MAPS.lane_bits
    chosen, memories = word + FACTS.address_bits, MAPS.banks * len(MAPS.depths)
    assert lut(alone, "writing") == pytest.approx(word / 2)
    assert lut(beside, "writing") == pytest.approx((chosen / 2 + MAPS.word / MAPS.granule) * memories)

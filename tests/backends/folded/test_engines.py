"""Which engines there are, what their PEs can do, and how a user fixes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hlsq
from hlsq.backends.folded import EngineOptions, FoldedProgram, compile_program
from hlsq.errors import OptionError, VerificationError
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from tests.support.residual import residual_network, residual_samples

GRAPH = residual_network()
NO_PRODUCTS = {
    "doubleq": {"last_layer": "doubleq"},
    "doubleq_ef": {"scale": "power_of_two", "code_bits": 4},
}
PRODUCT = "return WHERE::template product<P>(a, b);"


def quantized(scheme: str, **options: Any) -> QuantizedGraph:
    return quantize_graph(GRAPH, hlsq.quantize(GRAPH, scheme, residual_samples(16), **options))


def kinds(program: FoldedProgram) -> list[str]:
    return [engine.kind for engine in program.engines]


def dual_plan() -> hlsq.Plan:
    """Powers of two in the first and last convolution, integers in the others: both forms on one engine pay."""
    plan = hlsq.quantize(GRAPH, "doubleq", residual_samples(16))
    integers = hlsq.quantize(GRAPH, "quant8", residual_samples(16))
    return hlsq.Plan(
        plan.scheme, plan.batch_norm, plan.inputs, plan.blocks | {"inner": integers.blocks["inner"]}, plan.info
    )


@pytest.mark.parametrize(
    ("scheme", "options", "expected"),
    [
        ("quant8", {}, ["multiply"]),
        ("doubleq", NO_PRODUCTS["doubleq"], ["shift"]),
        ("doubleq_ef", NO_PRODUCTS["doubleq_ef"], ["shift"]),
        ("fixed", {"weight_width": 1}, ["sign"]),
    ],
)
def test_a_plan_of_one_form_gets_one_engine(scheme: str, options: dict[str, Any], expected: list[str]) -> None:
    assert kinds(compile_program(quantized(scheme, **options))) == expected


def test_a_small_last_layer_of_integers_has_a_few_pes_of_its_own() -> None:
    """Its products are a thousandth of all, so PEs that could do both would cost more than they save."""
    program = compile_program(quantized("doubleq"), EngineOptions(pes=512))
    assert kinds(program) == ["shift", "multiply"]
    assert program.engines[1].pes < 32 < program.engines[0].pes <= 512
    own = [item.blocks for item in program.instructions if item.opcode == "run" and item.fields["engine"] == 1]
    assert own == [("fc",)]


def test_layers_that_multiply_and_shift_by_turns_share_an_engine() -> None:
    program = compile_program(quantize_graph(GRAPH, dual_plan()), EngineOptions(pes=512))
    assert kinds(program) == ["dual"]


@pytest.fixture(scope="module")
def dual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, hlsq.HardwareModel]:
    folder = tmp_path_factory.mktemp("dual")
    return {
        form: hlsq.convert(GRAPH, dual_plan(), output_dir=folder / form, architecture="folded", pes=64, dual=form)
        for form in ("booth", "mux")
    }


@pytest.mark.parametrize("form", ["booth", "mux"])
@pytest.mark.parametrize("ap_types", [False, True])
def test_both_forms_of_dual_pes_are_exact(
    dual: dict[str, hlsq.HardwareModel], form: str, ap_types: bool, tmp_path: Path
) -> None:
    hw = dual[form]
    assert [(engine.kind, engine.forms) for engine in hw.program.engines] == [("dual", ("integer", "power"))]
    assert f"pe_dual_{form}<" in (hw.output_dir / "firmware/program.h").read_text()
    multiplies = (hw.output_dir / "firmware/hlsq/folded/multiplication.h").exists()
    assert multiplies == (form == "mux")
    hw.verify(residual_samples(2), ap_types=ap_types)


def test_products_in_fabric_are_sums_of_multiples_that_digits_select(tmp_path: Path) -> None:
    plan = hlsq.quantize(GRAPH, "quant8", residual_samples(16))
    options = {"architecture": "folded", "pes": 64, "multipliers": "fabric"}
    hw = hlsq.convert(GRAPH, plan, output_dir=tmp_path / "project", **options)
    assert [engine.kind for engine in hw.program.engines] == ["multiply"]
    assert "pe_dual_booth<" in (hw.output_dir / "firmware/program.h").read_text()
    hw.verify(residual_samples(2), ap_types=True)


@pytest.mark.parametrize("scheme", ["doubleq_ef", "quant8"])
def test_powers_of_two_everywhere_multiply_nowhere(scheme: str, tmp_path: Path) -> None:
    """With products of values that are always 0, a network whose scales are powers of two computes what it did."""
    plan = hlsq.quantize(GRAPH, scheme, residual_samples(16), **NO_PRODUCTS.get(scheme, {}))
    hw = hlsq.convert(GRAPH, plan, output_dir=tmp_path / "project", architecture="folded", pes=64)
    types = hw.output_dir / "firmware/hlsq/types.h"
    text = types.read_text()
    assert text.count(PRODUCT) == 1
    types.write_text(text.replace(PRODUCT, "return P(0 & a & b);"))
    if scheme == "quant8":
        with pytest.raises(VerificationError):
            hw.verify(residual_samples(2))
        return
    hw.verify(residual_samples(2))
    config = (hw.output_dir / "firmware/program.h").read_text()
    for flag in ("multiplies", "scale", "add_weights", "add_multiplies", "factors"):
        assert f" {flag} = false" in config
    assert not (hw.output_dir / "firmware/hlsq/folded/multiplication.h").exists()


def test_pes_are_as_wide_as_their_own_blocks_need() -> None:
    widths = {"first": (8, 4), "inner": (3, 4), "outer": (3, 4), "sum": (None, 4), "pool": (None, 8)}
    graph = quantized("fixed", unsigned=False, widths=widths)
    engines = {
        "wide": {"taps": 8, "outputs": 4, "positions": 2, "blocks": ["first", "fc"]},
        "narrow": {"taps": 8, "outputs": 8, "positions": 2},
    }
    wide, narrow = compile_program(graph, EngineOptions(engines=engines)).engines
    assert (wide.name, wide.widths.tap, wide.code_bits) == ("wide", 8, 8)
    assert (narrow.name, narrow.code_bits) == ("narrow", 3)
    assert narrow.widths.tap <= 4


ENGINE = {"taps": 8, "outputs": 4, "positions": 1}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown block": (
        {"a": {**ENGINE, "blocks": ["second"]}},
        r"engines\['a'\]: blocks: 'second' is unknown; valid: .*inner",
    ),
    "two engines": (
        {"a": {**ENGINE, "blocks": ["fc"]}, "b": {**ENGINE, "blocks": ["fc"]}},
        "block 'fc' is on 'a' and on 'b'; a block runs on one engine",
    ),
    "no engine": (
        {"a": {**ENGINE, "blocks": ["first", "inner", "outer"]}},
        "block 'fc' is on none of them; name it in",
    ),
    "two rests": ({"a": ENGINE, "b": ENGINE}, "'a' and 'b' name no blocks; one engine alone may"),
    "unknown key": (
        {"a": {**ENGINE, "lanes": 3}},
        r"engines\['a'\]: 'lanes' is unknown; valid: activation_width, blocks",
    ),
    "missing key": ({"a": {"taps": 8, "outputs": 4}}, r"engines\['a'\] has no 'positions'"),
    "no number": ({"a": {**ENGINE, "taps": 0}}, r"engines\['a'\]: taps is 0; allowed: a whole number from 1 to 65536"),
    "huge number": (
        {"a": {**ENGINE, "outputs": 10**30}},
        r"outputs is 1000.*; allowed: a whole number from 1 to 65536",
    ),
    "huge array": (
        {"a": {"taps": 64, "outputs": 64, "positions": 17}},
        r"engines\['a'\]: taps x outputs x positions are 64 x 64 x 17 PEs; allowed: at most 65536: give it a smaller",
    ),
    "huge width": ({"a": {**ENGINE, "weight_width": 10**40}}, "weight_width is 1000.*; allowed: .* from 1 to 64"),
    "no word": ({"a": {**ENGINE, "multiplier": []}}, r"multiplier: \[\] is unknown; valid: dsp, lut"),
    "kind": ({"a": {**ENGINE, "kind": "add"}}, "kind: 'add' is unknown; valid: dual, multiply, shift, sign"),
    "place": ({"a": {**ENGINE, "multiplier": "bram"}}, "multiplier: 'bram' is unknown; valid: dsp, lut"),
    "no list": ({"a": {**ENGINE, "blocks": "fc"}}, r"engines\['a'\]: blocks is 'fc'; allowed: a list"),
    "none": ({}, "engines is .*; allowed: a mapping from name to an engine"),
    "wrong kind": (
        {"a": {**ENGINE, "kind": "shift"}},
        r"block 'first' has integers as weights, with which a shift PE cannot compute: .*kind=\"multiply\" or \"dual\"",
    ),
    "narrow weights": (
        {"a": {**ENGINE, "weight_width": 6}},
        r"weights of block 'first' take 8 bits on multiply PEs, and the engine takes 6: .*weight_width=8",
    ),
    "narrow activations": (
        {"a": {**ENGINE, "activation_width": 4}},
        r"activations of block 'first' have 8 bits, and the engine takes 4: .*activation_width=8",
    ),
    "channels": (
        {"a": ENGINE, "b": {**ENGINE, "taps": 3, "blocks": ["inner"]}},
        "block 'inner' has 8 input channels, which the engine's 3 taps take in several steps; .*give it 2 taps",
    ),
    "lanes": (
        {"a": ENGINE, "b": {**ENGINE, "taps": 4, "blocks": ["pool"]}},
        "block 'pool' works channel by channel and needs as many taps as the widest engine has, 8; this one has 4",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_engines_that_cannot_be_are_refused(case: str) -> None:
    engines, message = REFUSED[case]
    with pytest.raises(OptionError, match=message):
        compile_program(quantized("quant8"), EngineOptions(engines=engines))


def test_engines_and_a_number_of_pes_are_refused_together() -> None:
    with pytest.raises(OptionError, match="engines= says how many PEs there are, and pes=4 does; give one of them"):
        compile_program(quantized("quant8"), EngineOptions(pes=4, engines={"a": ENGINE}))


def test_a_project_keeps_its_engines(tmp_path: Path) -> None:
    engines = {"first": {**ENGINE, "taps": 3, "blocks": ("first",)}, "others": {**ENGINE, "kind": "dual"}}
    hw = hlsq.convert(
        GRAPH, scheme="quant8", calibration=residual_samples(4), output_dir=tmp_path / "p", architecture="folded",
        engines=engines, dual="mux",
    )  # fmt: skip
    loaded = hlsq.load_project(tmp_path / "p")
    assert [(e.name, e.kind, e.array, e.dual) for e in loaded.program.engines] == [
        (e.name, e.kind, e.array, e.dual) for e in hw.program.engines
    ]
    assert str(loaded.program) == str(hw.program)

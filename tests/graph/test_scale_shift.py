"""A refined batch norm's shift in a format of its own (FxP-QNet eq. 5)."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder
from plain import run_plain

from hlsq.emulate.emulator import Emulator
from hlsq.errors import PlanError, QuantizationError
from hlsq.formats import Affine, FixedPoint, Format
from hlsq.graph import ChannelScale, Graph, QBlock
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D
from hlsq.graph.storage import load_graph, save_graph
from hlsq.plan import Plan

GAIN, SHIFT = [0.7, -1.3, 0.2], [0.81, -2.3, 0.055]


def network(
    scale: Format | None, shift: Format | None, weight: Format | None = None, output: Format | None = None
) -> tuple[Graph, Plan]:
    b = NetworkBuilder(np.random.default_rng(4), batch_norm="refine")
    b.input("x", (4, 4, 2), FixedPoint(8, 6))
    b.add(
        "y",
        Conv2D(),
        ["x"],
        kernel=b.kernel(3, 3, 2, 3),
        bias=np.array([0.5, -0.25, 0.125]),
        scale=ChannelScale(np.array(GAIN), np.array(SHIFT)),
    )
    graph, plan = b.build(["y"])
    return graph, plan.with_block(
        "y",
        weight=weight or FixedPoint(4, 3),
        bias=FixedPoint(6, 4),
        scale=scale,
        scale_shift=shift,
        output=output or FixedPoint(8, 3),
    )


def lowered(scale: Format | None, shift: Format | None, weight: Format | None = None) -> QBlock:
    return quantize_graph(*network(scale, shift, weight)).by_name["y"]


@pytest.mark.parametrize("frac", [-1, 0, 3, 12, 20, 30])
def test_the_shift_keeps_the_value_of_its_format(frac: int) -> None:
    """Coarser than the product of accumulator and multiplier, or finer: exact rational numbers, no rounding."""
    scale, shift = FixedPoint(5, 3), FixedPoint(40, frac)
    block = lowered(scale, shift)
    assert block.scale is not None
    assert block.scale.shift_format == shift
    t_step = Fraction(1, 2 ** (6 + 3 + 3)) / 2**block.scale.product_shift / 2**block.product_shift
    values = [int(q) * Fraction(1) / Fraction(2) ** frac for q in shift.quantize(SHIFT)]
    assert [int(s) * t_step for s in block.scale.shift] == values
    assert block.scale.multiplier.tolist() == scale.quantize(GAIN).tolist()


def test_only_a_finer_shift_moves_the_product() -> None:
    coarse, fine = lowered(FixedPoint(5, 3), FixedPoint(8, 6)), lowered(FixedPoint(5, 3), FixedPoint(20, 17))
    assert coarse.scale is not None
    assert fine.scale is not None
    assert coarse.scale.product_shift == 0
    assert fine.scale.product_shift == 17 - (6 + 3 + 3)


def test_without_a_format_the_shift_rounds_to_the_products_scale() -> None:
    block = lowered(FixedPoint(5, 3), None)
    assert block.scale is not None
    assert block.scale.shift_format is None
    assert block.scale.product_shift == 0
    assert block.scale.shift.tolist() == np.rint(np.array(SHIFT) * 2.0 ** (12 + block.product_shift)).tolist()


@pytest.mark.parametrize(
    ("scale", "shift", "weight"),
    [
        (FixedPoint(5, 3), FixedPoint(3, 0), FixedPoint(4, 3)),
        (FixedPoint(2, 1), FixedPoint(24, 21), FixedPoint(1, -1)),
        (None, FixedPoint(6, 3), FixedPoint(4, 3)),
        (FixedPoint(16, 14), FixedPoint(16, 30), Affine(8, 0.013)),
        (None, None, None),
    ],
)
def test_emulation_is_plain_arithmetic(scale: Format | None, shift: Format | None, weight: Format | None) -> None:
    graph = quantize_graph(*network(scale, shift, weight))
    emulator = Emulator(graph)
    x = np.random.default_rng(0).uniform(-2, 2, (3, 4, 4, 2))
    traced = emulator.run(x, trace=True).blocks["y"]
    for sample, integers in enumerate(emulator.quantize_inputs(x)["x"]):
        assert np.array_equal(traced[sample], run_plain(graph, {"x": integers})["y"].astype(np.int64))


def test_storage_and_plan_files_keep_it_and_old_ones_load(tmp_path: Path) -> None:
    graph, plan = network(FixedPoint(5, 3), FixedPoint(20, 17))
    assert Plan.from_dict(json.loads(plan.to_json())) == plan
    save_graph(quantize_graph(graph, plan), tmp_path)
    scale = load_graph(tmp_path).by_name["y"].scale
    assert scale is not None
    assert (scale.shift_format, scale.product_shift) == (FixedPoint(20, 17), 5)
    save_graph(quantize_graph(graph, plan.with_block("y", scale_shift=None)), tmp_path)
    data = json.loads((tmp_path / "graph.json").read_text())
    for key in ("scale_shift_format", "scale_product_shift"):
        del data["blocks"][0][key]
    (tmp_path / "graph.json").write_text(json.dumps(data))
    scale = load_graph(tmp_path).by_name["y"].scale
    assert scale is not None
    assert (scale.shift_format, scale.product_shift) == (None, 0)


def test_formats_that_do_not_fit() -> None:
    with pytest.raises(PlanError, match="block 'y': scale needs zero point 0, the plan says 3"):
        lowered(Affine(8, 0.1, 3), None)
    with pytest.raises(PlanError, match="scale_shift of block 'y': FixedPoint has 2 channels"):
        lowered(FixedPoint(5, 3), FixedPoint(8, (2, 3)))
    with pytest.raises(QuantizationError, match=r"layer 'y': .*62 bits"):
        lowered(FixedPoint(5, 58), FixedPoint(8, 1))

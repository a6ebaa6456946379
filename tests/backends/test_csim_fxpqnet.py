"""Plans that the FxP-QNet schemes find become hardware whose C simulation is exact."""

from pathlib import Path

import pytest
from edits import change_first_weight
from fxp_plain import refined
from searching import images, predictions, sure_images

import hlsq
from hlsq.errors import VerificationError
from hlsq.schemes import run_scheme

pytestmark = pytest.mark.csim


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.slow(6)
def test_a_mixed_plan_is_exact_and_a_changed_weight_noticed(io_type: str, tmp_path: Path) -> None:
    graph = refined(3, 4, residual=True)
    x = sure_images(graph, 60)
    plan = run_scheme(
        "fxpqnet",
        graph,
        images(40, 2),
        evaluation=(x, predictions(graph, x)),
        max_drop=0.0,
        competition="lazy",
        weight_width=5,
        activation_width=6,
        edge_width=8,
        other_width=8,
    )
    widths = {fmt.bits for block in plan.blocks.values() for fmt in (block.weight, block.output) if fmt is not None}
    assert len(widths) > 2, "a mix of widths"
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", io_type=io_type)
    assert hw.verify(x[:16]).mismatches == 0
    change_first_weight(hw.output_dir / "firmware" / "weights" / "conv1_q.h")
    with pytest.raises(VerificationError):
        hlsq.load_project(hw.output_dir).verify(x[:16])


def test_uniform_signs_are_exact(tmp_path: Path) -> None:
    graph = refined(2, 6)
    plan = run_scheme("fxp_uniform", graph, images(40, 2), weight_width=1, edge_width=None, activation_width=4)
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net")
    assert {block.pe_kind for block in hw.design.blocks if block.pe_kind} == {"sign"}
    assert hw.verify(images(16, 5)).mismatches == 0

"""``HardwareModel.simulate_streams``: the cycle model of a converted network."""

from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, random_network

import hlsq
from hlsq.cost.dataflow import Channel
from hlsq.errors import OptionError
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph.ops import Dense
from hlsq.plan import BlockPlan


def test_a_project_is_simulated_with_its_depths(tmp_path: Path) -> None:
    hw = hlsq.convert(*random_network(4), output_dir=tmp_path / "net")
    slowest = max(block.iterations for block in hw.design.blocks)
    for style in ("flp", "stp"):
        flow = hw.simulate_streams(5, style=style, pipeline_depth={"logits": 20})  # type: ignore[arg-type]
        assert flow.waiting == ()
        assert len(flow.finished) == 5
        assert slowest <= flow.interval < 1.3 * slowest
    joins = {c: depth for c, depth in hw.design.channel_depths.items() if depth > 2}
    assert joins
    assert all(flow.peaks[c] <= depth for c, depth in joins.items())
    assert isinstance(next(iter(joins)), Channel)
    with pytest.raises(OptionError, match=r"pipeline depth: 'logit' is unknown; valid: .*, logits"):
        hw.simulate_streams(pipeline_depth={"logit": 20})


def test_arrays_have_no_streams(tmp_path: Path) -> None:
    hw = hlsq.convert(*random_network(4), output_dir=tmp_path / "net", io_type="io_parallel")
    with pytest.raises(OptionError, match="io_type='io_stream'"):
        hw.simulate_streams()


def test_packets_of_several_words_are_simulated_word_by_word(tmp_path: Path) -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("wide", (600,), Affine(8, 0.1))
    b.add("logits", Dense(), ["wide"], kernel=b.kernel(600, 2), plan=BlockPlan(weight=PowerOfTwo(scale=0.1)))
    hw = hlsq.convert(*b.build(["logits"]), output_dir=tmp_path / "net", target_interval=100)
    assert hw.design.words == {"wide": 2, "logits": 1}
    flow = hw.simulate_streams(5, pipeline_depth=7)
    assert flow.interval == hw.design.by_name["logits"].iterations + 7
    assert hw.simulate_streams(5, rewind=True).interval == hw.design.by_name["logits"].iterations

"""C simulation of FxP-QNet's networks, every width and fraction length, against emulation and plain integers."""

from pathlib import Path

import numpy as np
import pytest
from edits import change_first_weight
from fixed_networks import fixed_network
from networks import random_inputs
from plain import run_plain

import hlsq
from hlsq.errors import VerificationError

pytestmark = pytest.mark.csim


def project(seed: int, folder: Path, io_type: str) -> hlsq.HardwareModel:
    graph, plan = fixed_network(seed)
    return hlsq.convert(graph, plan, output_dir=folder, io_type=io_type, reuse_factor=10**9 if seed % 2 else None)


SEEDS = [1, 2, 3, 4, 5, *(pytest.param(seed, marks=pytest.mark.slow(2)) for seed in (0, *range(6, 18)))]


@pytest.mark.parametrize("seed", SEEDS)
def test_simulation_emulation_and_plain_integers_agree(seed: int, tmp_path: Path) -> None:
    hw = project(seed, tmp_path / "net", ("io_stream", "io_parallel")[seed // 2 % 2])
    inputs = random_inputs(hw.graph, 6, seed)
    hw.verify(inputs, ap_types=seed % 6 == 0)
    traced = hw.predict(inputs, trace=True)
    integers = {i.name: i.format.quantize(inputs[i.name]) for i in hw.graph.inputs}
    expected = run_plain(hw.graph, {name: x[0] for name, x in integers.items()})
    for name, values in expected.items():
        assert np.array_equal(traced[name][0], values.astype(np.int64)), name


@pytest.mark.slow(3)
def test_a_changed_weight_is_noticed(tmp_path: Path) -> None:
    hw = project(0, tmp_path / "net", "io_stream")
    inputs = random_inputs(hw.graph, 6)
    hw.verify(inputs)
    change_first_weight(hw.output_dir / "firmware" / "weights" / "fc_q.h")
    with pytest.raises(VerificationError) as caught:
        hw.verify(inputs)
    assert caught.value.block == "fc"

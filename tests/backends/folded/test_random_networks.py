"""Random networks on random engines: C simulation equals emulation in every block, loops run as often as is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks import random_network
from random_folded import folded, mismatches, random_folded

import hlsq
from hlsq.backends.folded.encoding import decode, encode
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.errors import VerificationError
from hlsq.graph.lowering import quantize_graph


@pytest.mark.csim
@pytest.mark.parametrize("seed", range(6))
def test_c_simulation_equals_emulation(seed: int, tmp_path: Path) -> None:
    assert mismatches(random_folded(seed)[1], tmp_path / "net") == []


@pytest.mark.csim
@pytest.mark.slow(4)
@pytest.mark.parametrize("seed", range(6, 30))
def test_c_simulation_equals_emulation_in_more_networks(seed: int, tmp_path: Path) -> None:
    assert mismatches(random_folded(seed)[1], tmp_path / "net") == []


@pytest.mark.csim
@pytest.mark.parametrize("seed", [3, 4])
def test_it_does_with_arbitrary_precision_types(seed: int, tmp_path: Path) -> None:
    assert mismatches(random_folded(seed)[1], tmp_path / "net", ap_types=True) == []


@pytest.mark.csim
@pytest.mark.parametrize(("seed", "pes"), [(6, 16), (15, 64), (7, 250)])
def test_registers_that_move_compute_the_same(
    seed: int, pes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", "-DHLSQ_REGISTERS")
    assert mismatches(folded(seed, pes=pes), tmp_path / "net") == []


@pytest.mark.csim
@pytest.mark.parametrize("early", [0, 1])
def test_a_pass_begins_as_soon_as_its_input_has_come(
    early: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C simulation writes before it reads in the same iteration; with a cycle less a pass would be too early."""
    monkeypatch.setattr("hlsq.backends.folded.beside.WRITTEN", -1 - early)
    design = folded(6, engines={"one": {"taps": 4, "outputs": 1, "positions": 4}})
    load, first, *_ = design.program.instructions
    assert load.fields["beside"]
    assert first.fields["delay"] > 0
    assert (mismatches(design, tmp_path / "net") == []) is (not early)


def changed_field(hw: hlsq.HardwareModel, number: int, field: str, image: bytes) -> bytes:
    """The bytes of all instructions, with 1 added to a field of one."""
    fields = hw.program.fields
    size = len(image) // len(hw.program.instructions)
    own = slice(number * size, (number + 1) * size)
    found = decode(fields, int.from_bytes(image[own], "little"))
    assert found == dict(hw.program.instructions[number].fields)
    word = encode(fields, found | {field: found[field] + 1})
    return image[: own.start] + word.to_bytes(size, "little") + image[own.stop :]


@pytest.mark.csim
def test_outputs_beyond_the_channels_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """14 channels in two groups of eight, in the last words of a memory: what lies behind belongs to others."""
    monkeypatch.setenv("HLSQ_CXXFLAGS", "-DHLSQ_REGISTERS")
    options = HardwareOptions(architecture="folded", pes=64)
    design = FoldedDesign(quantize_graph(*random_network(14)), options)
    assert mismatches(design, tmp_path / "net") == []


@pytest.mark.csim
def test_a_changed_weight_and_a_changed_instruction_are_noticed(tmp_path: Path) -> None:
    graph, plan = random_network(5)
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "project", architecture="folded", pes=16)
    x = {i.name: np.random.default_rng(0).normal(size=(8, *i.shape)) for i in hw.graph.inputs}
    folder = tmp_path / "project/firmware/image"
    number, item = [(n, item) for n, item in enumerate(hw.program.instructions) if item.macs][-1]
    weights = hw.program.images[0].weights.copy()
    # Of the first output, in all taps of a step: some input of the eight samples is not 0.
    weights[item.fields["weight_bank"], item.fields["weight_address"], :: hw.program.engines[0].array.outputs] ^= 1
    changes = {
        "engine0_weights": weights.tobytes(),
        "program": changed_field(hw, number, "parameters", (folder / "program.bin").read_bytes()),
    }
    for name, content in changes.items():
        before = (folder / f"{name}.bin").read_bytes()
        (folder / f"{name}.bin").write_bytes(content)
        with pytest.raises(VerificationError) as caught:
            hw.verify(x)
        assert caught.value.block in item.blocks
        (folder / f"{name}.bin").write_bytes(before)
    hw.verify(x)

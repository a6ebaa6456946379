"""Random networks on random arrays: C simulation equals emulation in every block, and its loops run as often as the
program says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hlsq
from hlsq.backends.folded.encoding import decode, encode
from hlsq.backends.folded.pieces import PIPELINE
from hlsq.errors import VerificationError
from tests.support.networks import random_network

PES = (1, 4, 16, 64, 100)
SAMPLES = 3


def check(seed: int, folder: Path, ap_types: bool = False, pes: int | None = None) -> hlsq.HardwareModel:
    """Convert, verify and count network ``seed``."""
    rng = np.random.default_rng(seed)
    graph, plan = random_network(seed)
    hw = hlsq.convert(graph, plan, output_dir=folder, architecture="folded", pes=pes or int(rng.choice(PES)))
    x = {item.name: rng.normal(size=(SAMPLES, *item.shape)) for item in graph.inputs}
    hw.verify(x, ap_types=ap_types)
    counts = hw.count_iterations(x, ap_types=ap_types)
    model = {
        name: SAMPLES * (hw.program.instructions[number].cycles - PIPELINE)
        for name, number in hw.design.counted.items()
    }
    assert counts == model
    return hw


def test_outputs_beyond_the_channels_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """14 channels in two groups of eight outputs, in the last words of a memory: what lies behind belongs to others."""
    monkeypatch.setenv("HLSQ_CXXFLAGS", "-DHLSQ_REGISTERS")
    check(14, tmp_path / "project", pes=64)


@pytest.mark.parametrize("seed", range(6))
def test_c_simulation_equals_emulation(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path / "project")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 36))
def test_c_simulation_equals_emulation_in_more_networks(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path / "project")


@pytest.mark.parametrize("seed", [3, 4])
def test_it_does_with_arbitrary_precision_types(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path / "project", ap_types=True)


def changed_field(hw: hlsq.HardwareModel, number: int, field: str, image: bytes) -> bytes:
    """The bytes of all instructions, with 1 added to a field of one."""
    fields = hw.program.fields
    size = len(image) // len(hw.program.instructions)
    own = slice(number * size, (number + 1) * size)
    found = decode(fields, int.from_bytes(image[own], "little"))
    assert found == dict(hw.program.instructions[number].fields)
    word = encode(fields, found | {field: found[field] + 1})
    return image[: own.start] + word.to_bytes(size, "little") + image[own.stop :]


@pytest.mark.parametrize("seed", [0, 14])
def test_registers_that_move_compute_the_same(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", "-DHLSQ_REGISTERS")
    check(seed, tmp_path / "project")


def test_a_changed_weight_and_a_changed_instruction_are_noticed(tmp_path: Path) -> None:
    hw = check(5, tmp_path / "project")
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

"""projects/resnet20_cifar10: training, then accuracy, memory, simulation and fault."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import Result

import hlsq
from hlsq.errors import VerificationError

RUN, TRAIN = "resnet20_cifar10/run.py", "resnet20_cifar10/train.py"
README = Path(__file__).resolve().parents[2] / "projects" / "resnet20_cifar10" / "README.md"
PAPER = {
    "quant8, codes of the convolutions (the paper's count)": 75.0,
    "doubleq, codes of the convolutions (the paper's count)": 84.4,
    "doubleq, the same in 16-bit words, unused bits included": 83.3,
}


@pytest.fixture(scope="module")
def run(script: Callable[[str], ModuleType]) -> ModuleType:
    return script(RUN)


@pytest.fixture(scope="module")
def train(script: Callable[[str], ModuleType]) -> ModuleType:
    return script(TRAIN)


@pytest.mark.csim
@pytest.mark.slow(30)
def test_a_few_steps_of_training_give_a_model_that_becomes_hardware(
    call: Callable[..., Result],
    random_cifar10: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HLSQ_DATA", str(random_cifar10))
    saved = tmp_path / "resnet20.keras"
    trained = call(TRAIN, "--steps", 4, "--batch-size", 32, "--output", saved)
    assert trained.exit_code == 0, trained.output
    assert "80 training images, 4 batches of 32" in trained.output
    assert re.search(r"accuracy on 16 test images: \d+\.\d\d %", trained.output)
    assert saved.is_file()

    result = call(
        *(RUN, "--model", saved, "--images", 16, "--samples", 3, "--calibration", 32, "--output", tmp_path / "build")
    )
    assert result.exit_code == 0, result.output
    assert "16 test images of CIFAR-10; calibrated on 32 training images" in result.output
    assert re.search(r"^images verified +3$", result.output, re.MULTILINE)
    assert re.search(r"^mismatches +0$", result.output, re.MULTILINE)
    changed = re.search(r"One weight of (\w+) changed", result.output)
    assert changed is not None
    assert re.search(rf"^first block that differs +{changed[1]}$", result.output, re.MULTILINE)

    # The project itself is untouched, only its copy has the fault.
    assert hlsq.load_project(tmp_path / "build" / "doubleq").verify().mismatches == 0
    with pytest.raises(VerificationError):
        hlsq.load_project(tmp_path / "build" / "doubleq_changed").verify()


@pytest.mark.realdata
@pytest.mark.csim
@pytest.mark.slow(25)
@pytest.mark.usefixtures("shipped_flags")
def test_the_pretrained_network(
    call: Callable[..., Result], percentages: Callable[[str], dict[str, float]], tmp_path: Path
) -> None:
    result = call(RUN, "--fast", "--samples", 8, "--calibration", 300, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    found = percentages(result.output)
    assert found["float (Keras)"] == pytest.approx(94.2, abs=0.11)
    assert found["quant8 (emulation)"] >= 93.0
    assert found["doubleq (emulation)"] >= 86.5
    assert re.search(r"^mismatches +0$", result.output, re.MULTILINE)
    assert re.search(r"^first block that differs +layer2_1_conv2$", result.output, re.MULTILINE)

    memory = result.output.split("Memory for weights")[1].split("C simulation")[0].strip()
    sizes = {name: float(value) for name, value in re.findall(r"^(.+?) {2,}[\d,.]+ +([\d.]+) %$", memory, re.MULTILINE)}
    assert sizes.items() >= PAPER.items()
    assert memory in README.read_text(), "memory does not depend on the machine, so the README must have these lines"


@pytest.mark.csim
@pytest.mark.slow(2)
def test_a_fault_that_goes_unnoticed_is_an_error(
    run: ModuleType, hls_project: Callable[..., hlsq.HardwareModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(4, 3, name="conv")])
    x = np.random.default_rng(0).uniform(-1, 1, (8, 6, 6, 3)).astype(np.float32)
    hw = hls_project(model, scheme="doubleq", calibration=x)
    run.show_fault(hw, tmp_path / "changed", x)
    monkeypatch.setattr(run, "change_weight", lambda hw: run.Change("conv", 4, -4))
    with pytest.raises(run.FaultUnnoticed, match="weight of conv was changed from 4 to -4"):
        run.show_fault(hw, tmp_path / "changed", x)


def test_a_model_of_another_data_set_is_refused(
    call: Callable[..., Result], random_cifar10: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hlsq.zoo.mnist import mnist_cnn

    monkeypatch.setenv("HLSQ_DATA", str(random_cifar10))
    mnist_cnn().save(tmp_path / "mnist.keras")
    result = call(RUN, "--model", tmp_path / "mnist.keras", "--output", tmp_path / "build")
    assert result.exit_code == 1
    assert "CIFAR-10 needs (None, 32, 32, 3) to (None, 10)" in result.stderr
    assert not (tmp_path / "build").exists()


def test_training_without_a_keras_file_to_write_is_wrong_usage(call: Callable[..., Result]) -> None:
    result = call(TRAIN, "--output", "model.h5")
    assert result.exit_code == 2
    assert ".keras" in result.stderr


def test_augmented_images_are_crops_and_flips(train: ModuleType) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 8, 8, 2)).astype(np.float32)
    y = train.augment(x, rng)
    assert y.shape == x.shape
    seen = set()
    for image, changed in zip(x, y, strict=True):
        padded = np.pad(image, ((4, 4), (4, 4), (0, 0)))
        crops = {
            (top, left, step): padded[top : top + 8, left : left + 8][:, ::step]
            for top in range(9)
            for left in range(9)
            for step in (1, -1)
        }
        matches = [key for key, crop in crops.items() if np.array_equal(crop, changed)]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) > 20
    assert {step for _, _, step in seen} == {1, -1}


def test_an_epoch_has_every_image_once(train: ModuleType) -> None:
    x = np.zeros((10, 4, 4, 1), dtype=np.float32)
    y = np.arange(10)
    source = train.batches(x, y, 4, np.random.default_rng(0))
    epochs = [[next(source)[1] for _ in range(3)] for _ in range(2)]
    for epoch in epochs:
        assert [len(labels) for labels in epoch] == [4, 4, 2]
        assert sorted(np.concatenate(epoch)) == list(range(10))
    assert not np.array_equal(np.concatenate(epochs[0]), np.concatenate(epochs[1]))

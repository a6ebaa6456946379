"""projects/resnet20_folded: several engines verified, and the tables beside those of the papers."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import Result
from searching import chain, images

import hlsq
from hlsq.data import load_resnet20_weights
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import float_outputs
from hlsq.graph.lowering import quantize_graph

FOLDER = Path(__file__).resolve().parents[2] / "projects" / "resnet20_folded"


@pytest.fixture(autouse=True)
def beside_each_other() -> Iterator[None]:
    """The project's files import each other."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def numbers(line: str) -> list[str]:
    return re.findall(r"(?<=  )[-\d,.]+(?= |$)", line)


@pytest.mark.csim
@pytest.mark.realdata
@pytest.mark.slow(20)
def test_a_mixed_plan_on_several_engines(call: Callable[..., Result], tmp_path: Path) -> None:
    few = ("--only", "fxpqnet_engines", "--samples", 4, "--calibration", 16, "--output", tmp_path)
    result = call("resnet20_folded/run.py", *few)
    assert result.exit_code == 0, result.output
    for engine, pes in (("PE1", 432), ("PE2", 1152), ("PE3", 1152), ("PE4", 10)):
        assert f"{engine}: {pes:,} multiply PEs" in result.output
    assert re.search(r"^fxpqnet_engines +2,746 .* 0$", result.output, re.MULTILINE), "no mismatch"
    assert len(re.findall(r"^fxpqnet_engines, .* changed: block 'layer1_0_conv1' differs$", result.output, re.M)) == 2


@pytest.mark.realdata
@pytest.mark.slow(30)
def test_tables(call: Callable[..., Result], tmp_path: Path) -> None:
    """Ours have the rows of the README, whose estimates depend on the calibration; others' are as they are there."""
    few = ("--images", 8, "--calibration", 32, "--output", tmp_path)
    result = call("resnet20_folded/compare.py", *few)
    assert result.exit_code == 0, result.output
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    printed = [line for line in result.output.split("not published\n")[1].splitlines() if line]
    rows = {re.split("  ", line)[0]: line for line in printed}
    shown = {re.split("  ", line)[0]: line for line in readme.splitlines() if line}
    assert set(rows) - {""} <= set(shown), "all rows and titles are in the README"
    others = [name for name in rows if name.startswith(("paper: ", "PoTAcc, ", "CPU, ", "GPU, ")) or "[" in name]
    assert len(others) >= 13
    for name in others:
        assert numbers(rows[name]) == numbers(shown[name])
    for name in ("doubleq_ext, 80 %, booth", "1,152 dual PEs", "fxpqnet, least compact"):
        assert numbers(rows[name])[0] == numbers(shown[name])[0], "PEs of stored plans"
    for pes, least in ((256, 25_734), (512, 52_449)):
        ours = next(line for line in printed if line.startswith("ours, ") and numbers(line)[0] == str(pes))
        assert int(numbers(ours)[1].replace(",", "")) < least, "fewer LUTs than PoTAcc's"
        assert numbers(ours)[3] == "0", "no DSP slices"


@pytest.mark.realdata
def test_wider_shortcuts_compute_the_same(script: Callable[[str], ModuleType]) -> None:
    from hlsq.converters.keras import from_keras
    from hlsq.zoo.resnet20 import resnet20

    recipes = script("resnet20_folded/recipes.py")
    weights = load_resnet20_weights()
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    found = []
    for kernel, given in ((1, weights), (3, recipes.widened(weights))):
        graph = from_keras(resnet20(given, shortcut_kernel=kernel))
        found.append(float_outputs(graph, {graph.inputs[0].name: x}, 2)[graph.outputs[0]])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-5)


def test_no_network_is_emulated_twice(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    accuracies = script("resnet20_folded/accuracies.py")
    graph = chain(4, 4)
    x = images(30, 3).astype(np.float32)
    eight, three = (quantize_graph(graph, hlsq.quantize(graph, "fixed", x, weight_width=width)) for width in (8, 3))
    labels = Emulator(eight).run(x).outputs[eight.outputs[0]].argmax(axis=1)
    kept = tmp_path / "new" / "accuracies.json"
    assert accuracies.Accuracies(kept, x, labels).percent("eight", eight) == 100
    found = accuracies.Accuracies(kept, x, labels).percent("three", three)
    assert found < 100
    monkeypatch.setattr(accuracies, "Emulator", None)
    again = accuracies.Accuracies(kept, x, labels)
    assert (again.percent("eight", eight), again.percent("three", three)) == (100, found)
    with pytest.raises(TypeError):
        accuracies.Accuracies(kept, x, np.roll(labels, 1)).percent("other labels", eight)

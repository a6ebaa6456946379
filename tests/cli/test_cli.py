"""The command line: exit codes, errors in one line, options, the whole path from model to verified project."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import hlsq
from hlsq.cli import main
from hlsq.schemes import get_scheme, scheme_names


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["convert"],
        ["convert", "missing.keras", "-o", "out"],
        ["convert", "model.keras"],
        ["convert", "model.keras", "-o", "out", "--io-type", "io_magic"],
        ["convert", "model.keras", "-o", "out", "--plan", "plan.json", "--scheme", "doubleq"],
        ["convert", "model.keras", "-o", "out", "--clock-period", "0"],
        ["quantize", "model.keras", "--calibration", "x.npy", "--limit", "0"],
        ["verify", "missing"],
        ["verify", "build/net", "--limit", "3"],
        ["report", "build/net", "--json", "--html", "r.html"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2_and_writes_nothing(folder: Path, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Error:" in result.stderr
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quantize", "model.keras", "--calibration", "x.npy"], "x.npy"),
        (["convert", "model.keras", "-o", "out", "--plan", "plan.json"], "plan.json is not JSON"),
        (["quantize", "model.keras", "--calibration", "digits"], "model.keras"),
        (["verify", "build/net"], "build/net"),
        (["report", "build/net"], "build/net"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_exit_with_1_and_one_line(folder: Path, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_error_that_hlsq_does_not_explain_is_not_hidden(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("hlsq.cli.formats.load_samples", broken)
    result = run("quantize", "model.keras", "--calibration", "x.npy")
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trained-looking Keras model and samples for it."""
    import keras

    folder = tmp_path_factory.mktemp("cli")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(3, name="fc"),
        ],
        name="small",
    )
    model.save(folder / "model.keras")
    np.save(folder / "x.npy", np.random.default_rng(0).normal(size=(40, 6, 6, 2)).astype(np.float32))
    return folder


def test_quantize_writes_a_plan_that_can_be_read(files: Path, tmp_path: Path) -> None:
    plan = tmp_path / "new" / "plan.json"
    result = run(
        "quantize", f"{files}/model.keras", "--scheme", "quant8", "--calibration", f"{files}/x.npy", "-o", f"{plan}"
    )
    assert result.exit_code == 0, result.output
    assert str(plan) in result.stdout
    read = hlsq.Plan.load(plan)
    assert read.scheme == "quant8"
    assert {"conv1", "fc"} <= set(read.blocks)


def test_unknown_scheme_and_option_list_the_valid_ones(files: Path) -> None:
    base = ("quantize", f"{files}/model.keras", "--calibration", f"{files}/x.npy")
    result = run(*base, "--scheme", "magic")
    assert result.exit_code == 2
    assert "doubleq" in result.stderr
    result = run(*base, "--scheme", "doubleq", "--option", "magic=1")
    assert result.exit_code == 2
    assert "'magic'" in result.stderr
    assert "valid:" in result.stderr


def test_set_formats_fit_and_an_edited_plan_is_warned_of(files: Path, tmp_path: Path) -> None:
    base = ("quantize", f"{files}/model.keras", "--scheme", "quant8", "--calibration", f"{files}/x.npy")
    plan = tmp_path / "p.json"
    assert run(*base, "-o", str(plan)).exit_code == 0
    text = plan.read_text()
    convert = ("convert", f"{files}/model.keras", "--plan", str(plan), "-o", str(tmp_path / "net"))
    assert "clips" not in run(*convert).stdout
    data = json.loads(text)
    data["blocks"]["conv1"]["weight"]["width"] = 4
    plan.write_text(json.dumps(data))
    result = run(*convert)
    assert result.exit_code == 0, result.output
    assert re.search(r"^conv1\.weight clips \d+\.\d % of its values", result.stdout, flags=re.MULTILINE)
    result = run(*base, "-o", str(plan), "--set", "conv1.weight.width=4")
    assert result.exit_code == 0, result.output
    assert hlsq.Plan.load(plan).blocks["conv1"].weight.bits == 4  # type: ignore[union-attr]
    assert "clips" not in run(*convert).stdout
    for wrong in ("conv9.weight.width=4", "conv1.weight.width=99"):
        result = run(*base, "-o", str(plan), "--set", wrong)
        assert result.exit_code == 1
        assert wrong.partition(".")[0] in result.stderr


@pytest.mark.csim
@pytest.mark.slow(3)
def test_whole_path_from_model_to_verified_project(files: Path, tmp_path: Path) -> None:
    model, samples, plan, project = f"{files}/model.keras", f"{files}/x.npy", f"{tmp_path}/p.json", f"{tmp_path}/net"
    assert run("quantize", model, "--calibration", samples, "-o", plan).exit_code == 0
    held = ("--part", "mine", "--resources", "lut=1000,ff=2,dsp=3,bram36=4,uram=5")
    factors = ("--reuse-factor", "2", "--reuse-factor", "fc=9")
    result = run("convert", model, "--plan", plan, "-o", project, *factors, *held)
    assert result.exit_code == 0, result.output
    assert (Path(project) / "build_prj.tcl").is_file()
    for arguments in ([], ["--samples", samples, "--limit", "10"]):
        result = run("verify", project, *arguments)
        assert result.exit_code == 0, result.output
        assert "0 mismatches" in result.stdout

    result = run("report", project)
    assert result.exit_code == 0
    assert "conv1" in result.stdout
    assert "mine, as given: 1,000 LUT (250 LUTRAM), 2 FF, 3 DSP" in result.stdout
    assert json.loads(run("report", project, "--json").stdout)
    page = tmp_path / "report.html"
    assert run("report", project, "--html", str(page)).exit_code == 0
    assert "conv1" in page.read_text()


@pytest.mark.csim
def test_a_folded_accelerator_takes_the_same_path(files: Path, tmp_path: Path) -> None:
    project = f"{tmp_path}/net"
    made = ("convert", f"{files}/model.keras", "--calibration", f"{files}/x.npy", "-o", project)
    folded = ("--architecture", "folded", "--dual", "mux")
    result = run(*made, *folded, "--pes", "32")
    assert result.exit_code == 0, result.output
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    told = {words[0]: words[1] for words in lines if len(words) == 2}
    assert told["asked"] == "at most 32 PEs in an engine"
    assert re.fullmatch(r"engine0: 32 \w+ PEs, \d+ x \d+ x \d+.*", told["engines"])
    assert told["fits"].startswith("yes")
    result = run("verify", project)
    assert result.exit_code == 0, result.output
    assert "0 mismatches" in result.stdout
    result = run("report", project)
    assert result.exit_code == 0, result.output
    assert re.search(r"^conv1 +engine0 +mac", result.stdout, re.MULTILINE)
    assert json.loads(run("report", project, "--json").stdout)["program"]["engines"][0]["pes"] == 32
    for wrong, message in (
        ("--architecture folded --reuse-factor 4", "--architecture folded has no use for --reuse-factor 4: "),
        ("--architecture folded --pes 4 --target fit", "--target fit chooses the number of PEs, so --pes 4 cannot"),
        ("--pes 4", "--architecture dataflow has no use for --pes 4: "),
    ):
        result = run(*made[:-1], f"{tmp_path}/other", *wrong.split())
        assert result.exit_code in (1, 2)
        assert message in result.stderr
        assert not Path(f"{tmp_path}/other").exists()


@pytest.mark.csim
def test_difference_exits_with_1_and_names_the_block(files: Path, tmp_path: Path) -> None:
    project = tmp_path / "net"
    arguments = ("convert", f"{files}/model.keras", "--calibration", f"{files}/x.npy", "-o", str(project))
    assert run(*arguments, "--scheme", "doubleq").exit_code == 0
    assert run("verify", str(project)).exit_code == 0
    header = project / "firmware" / "weights" / "conv1_q.h"
    text = header.read_text()
    first = re.search(r"(?<={)\d+", text)
    assert first is not None
    other = int(first.group()) ^ 0b00001_00001_00001  # another exponent in each of the word's three codes
    header.write_text(text[: first.start()] + str(other) + text[first.end() :])
    result = run("verify", str(project))
    assert result.exit_code == 1
    assert result.stderr.startswith("error: block 'conv1'")
    assert result.stderr.count("\n") == 1


@pytest.mark.csim
def test_qkeras_model_needs_neither_scheme_nor_calibration(tmp_path: Path) -> None:
    import keras
    import qkeras

    import hlsq.quantizers  # noqa: F401 - as a user's training script does

    model = keras.Sequential(
        [
            keras.Input((5,)),
            qkeras.QDense(
                3,
                kernel_quantizer="quantized_bits(4,0,alpha=1)",
                bias_quantizer="quantized_bits(4,0,alpha=1)",
                name="fc",
            ),
            qkeras.QActivation("quantized_relu(4,2)", name="relu"),
        ]
    )
    model.save(tmp_path / "model.h5")
    options = ("--io-type", "io_parallel", "--part", "mine", "--no-part-check")
    arguments = ("convert", f"{tmp_path}/model.h5", "-o", f"{tmp_path}/net", *options)
    assert "input" in run(*arguments).stderr, "the model does not quantise its input"
    result = run(*arguments, "--input-format", "8,6")
    assert result.exit_code == 0, result.output
    assert run("verify", f"{tmp_path}/net").exit_code == 0


def test_output_folder_of_somebody_else_is_left_alone(files: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    result = run("convert", f"{files}/model.keras", "--calibration", f"{files}/x.npy", "-o", str(tmp_path))
    assert result.exit_code == 1
    assert "hlsq did not write" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_every_option_of_every_scheme_can_be_given(files: Path, tmp_path: Path) -> None:
    """No option may have the name of a parameter of ``hlsq.quantize``, which would hide it."""
    taken = set(inspect.signature(hlsq.quantize).parameters) | set(inspect.signature(hlsq.convert).parameters)
    for name in scheme_names():
        assert not taken & set(get_scheme(name).option_names())
    result = run(
        *("quantize", f"{files}/model.keras", "--calibration", f"{files}/x.npy", "-o", f"{tmp_path}/p.json"),
        *("--option", "calibration_method=percentile", "--option", 'calibration_options={"p": 99.5}'),
    )
    assert result.exit_code == 0, result.output
    assert hlsq.Plan.load(tmp_path / "p.json").options["calibration_method"] == "percentile"

"""Wrong usage exits with 2 and says what is wrong; what a right command line meets on its way exits with 1."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import hlsq
from hlsq.cli import main

CONVERT = ("convert", "model.keras", "-o", "out", "--calibration", "x.npy")
QUANTIZE = ("quantize", "model.keras", "--calibration", "x.npy", "-o", "out")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras

    folder = tmp_path_factory.mktemp("usage")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3, name="fc")], name="small")
    model.save(folder / "model.keras")
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.savez(folder / "xy.npz", x=x, y=np.zeros(20, dtype=np.int64))
    plan = hlsq.quantize(model, "quant8", x)
    plan.save(folder / "plan.json")
    hlsq.convert(model, plan, output_dir=folder / "net")
    (folder / "file").write_text("mine")
    (folder / "folder.npy").mkdir()
    (folder / "damaged.npz").write_bytes((folder / "xy.npz").read_bytes()[:-200])
    (folder / "empty.npy").write_text("")
    return folder


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


WRONG: list[tuple[tuple[str, ...], str]] = [
    ((*QUANTIZE, "--scheme", "foo"), "'foo' is unknown; valid: doubleq"),
    ((*CONVERT, "--scheme", "foo"), "'foo' is unknown; valid: doubleq"),
    ((*CONVERT, "--scheme", ""), "'' is unknown; valid: doubleq"),
    ((*QUANTIZE, "--option", "per_channel"), "expected NAME=VALUE"),
    ((*QUANTIZE, "--option", "per_channel=1", "--option", "per_channel=1"), "given twice"),
    ((*QUANTIZE, "--option", "magic=1"), "'magic' is unknown; valid:"),
    ((*QUANTIZE, "--option", "calibration_options=" + "[" * 9000), "nested too deep"),
    ((*QUANTIZE, "--option", "batch_size=1" + "0" * 400), "batch_size"),
    ((*QUANTIZE, "--option", "batch_norm=magic"), "batch_norm"),
    ((*QUANTIZE, "--option", "calibration=1"), "--option calibration=...:"),
    ((*QUANTIZE, "--option", "scheme=quant8"), "--option scheme=...:"),
    ((*CONVERT, "--option", "output_dir=x"), "--option output_dir=...:"),
    ((*CONVERT, "--part", "xc7", "--option", "part=xc8"), "--option part=...:"),
    ((*QUANTIZE, "--scheme", "doubleq_ext", "--evaluation", "xy.npz", "--option", "evaluation=1"), "evaluation=..."),
    ((*QUANTIZE, "--scheme", "doubleq_ext"), "that decide, as in --evaluation SAMPLES"),
    ((*QUANTIZE, "--scheme", "fxpqnet", "--evaluation", "xy.npz", "--option", "state="), "state is ''"),
    ((*CONVERT, "--reuse-factor", "0"), "expected N or BLOCK=N"),
    ((*CONVERT, "--reuse-factor", "fc=x"), "expected N or BLOCK=N"),
    ((*CONVERT, "--reuse-factor", "other=2"), "'other' is unknown; valid: default, fc"),
    ((*CONVERT, "--reuse-factor", "5"), "--reuse-factor 5 is impossible"),
    ((*CONVERT, "--reuse-factor", "5"), "single blocks, as in --reuse-factor fc="),
    ((*CONVERT, "--accumulator", "1"), "accumulator 1 must be"),
    ((*CONVERT, "--accumulator", "fc=3"), "fc"),
    ((*CONVERT, "--word-bits", "7"), "--word-bits 7"),
    ((*CONVERT, "--line-storage", "uram"), "'uram' is not one of 'auto', 'lutram', 'bram'"),
    ((*CONVERT, "--word-bits", "x"), "is not a valid integer"),
    ((*CONVERT, "--part", ""), "part ''"),
    ((*CONVERT, "--part", "xc7a110t"), "nearest known: xc7a100t"),
    ((*CONVERT, "--part", "xc7a110t"), "as in --no-part-check"),
    (("explore", "model.keras", "-o", "out", "--part", "xc7a110t"), "as in --no-part-check"),
    ((*CONVERT, "--resources", "lut=5"), "expected a mapping with exactly lut"),
    ((*CONVERT, "--resources", "lut=5,ff=9,bram36=1"), "; dsp, uram missing, which may be 0"),
    ((*CONVERT, "--target", "fit", "--target-fps", "9"), "--target-fps 9.0 and --target fit each say how fast"),
    ((*CONVERT, "--resources", "lut"), "--resources 'lut'"),
    ((*CONVERT, "--clock-period", "1e9"), "--clock-period"),
    ((*CONVERT, "--project-name", "1a"), "--project-name '1a'"),
    ((*CONVERT, "--input-format", "8"), "--input-format '8'"),
    ((*CONVERT, "--input-format", "99,1"), "--input-format '99,1'"),
    ((*CONVERT, "--input-format", "8,7"), "--input-format is for QKeras models"),
    (("convert", "model.keras", "-o", "out"), "training data, as in --calibration SAMPLES"),
    (("quantize", "model.keras", "-o", "out"), "calibration data is missing"),
    (("convert", "model.keras", "-o", "out", "--plan", "plan.json", "--evaluation", "xy.npz"), "leave out"),
    (("convert", "model.keras", "-o", "out", "--plan", "plan.json", "--limit", "3"), "--limit"),
    # Paths that cannot be.
    (("convert", "", "-o", "out"), "MODEL"),
    (("convert", "missing.keras", "-o", "out"), "does not exist"),
    (("convert", "net", "-o", "out"), "is a directory"),
    (("quantize", "", "-o", "out"), "MODEL"),
    (("quantize", "model.keras", "--calibration", ""), "expected an .npy or .npz file, or one of cifar10"),
    (("quantize", "model.keras", "--calibration", "imagenet"), "or one of cifar10, digits, mnist"),
    (("quantize", "model.keras", "--calibration", "missing.npy"), "does not exist"),
    (("quantize", "model.keras", "--calibration", "no/folder/x.npy"), "does not exist"),
    (("quantize", "model.keras", "--calibration", "folder.npy"), "is a directory"),
    (("quantize", "model.keras", "--calibration", "n" * 300 + ".npy"), "does not exist"),
    ((*QUANTIZE, "--evaluation", "missing.npz"), "does not exist"),
    ((*QUANTIZE, "--evaluation", ""), "expected an .npy or .npz file"),
    ((*CONVERT, "--evaluation", "folder.npy"), "is a directory"),
    (("convert", "model.keras", "-o", "out", "--plan", ""), "'--plan'"),
    (("convert", "model.keras", "-o", "out", "--plan", "missing.json"), "does not exist"),
    (("convert", "model.keras", "-o", "out", "--plan", "net"), "is a directory"),
    (("convert", "model.keras", "-o", "out", "--plan", "model.keras"), "'model.keras' is no plan; a plan is the JSON"),
    (("convert", "model.keras", "-o", "out", "--plan", "file"), "'file' is no plan; a plan is the JSON"),
    (("convert", "model.keras", "-o", "out", "--plan", "/dev/zero"), "it is no regular file"),
    (("verify", "folder.npy"), "'folder.npy' is no project of hlsq: it has no file hlsq_project.json"),
    (("verify", "/proc"), "'/proc' is no project of hlsq"),
    (("report", "folder.npy", "--html", "page.html"), "'folder.npy' is no project of hlsq"),
    (("verify", ""), "PROJECT"),
    (("verify", "missing"), "does not exist"),
    (("verify", "file"), "is a file"),
    (("verify", "net", "--samples", ""), "expected an .npy or .npz file"),
    (("verify", "net", "--samples", "missing.npy"), "does not exist"),
    (("report", ""), "PROJECT"),
    (("report", "file"), "is a file"),
]  # fmt: skip
# Every option that names something to write: a file, then folders.
FILES = [("quantize", "model.keras", "--calibration", "x.npy", "-o"), ("report", "net", "--html")]
FOLDERS = [("convert", "model.keras", "--plan", "plan.json", "-o"), ("demo", "--epochs", "1", "-o")]
TARGETS = ["", "file/below", "file/far/below", "n" * 300, f"new/{'n' * 300}"]
WRONG += [((*command, target), "Invalid value for") for command in (*FILES, *FOLDERS) for target in TARGETS]
WRONG += [((*command, "net"), "is a directory") for command in FILES]
WRONG += [((*command, "file"), "is a file") for command in FOLDERS]


# Names that every command has an option for, as Python writes them.
PYTHON = {
    name: [o.lstrip("-").replace("-", "_") for p in command.params for o in p.opts if o.startswith("--")] or ["-"]
    for name, command in main.commands.items()
}


@pytest.mark.parametrize(
    ("arguments", "message"), WRONG, ids=lambda v: " ".join(v)[:80] if isinstance(v, tuple) else ""
)
def test_wrong_usage_exits_with_2(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    before = sorted(p.name for p in folder.iterdir())
    result = run(*arguments)
    assert result.exit_code == 2, (result.output, result.exception)
    assert f"Usage: main {arguments[0]} " in result.stderr
    assert "Error: " in result.stderr
    error = " ".join(result.stderr.split()).partition("Error: ")[2]
    assert message in error
    assert not re.search(rf"(?<!--option )\b({'|'.join(PYTHON[arguments[0]])})=", error), error
    assert sorted(p.name for p in folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("quantize", "file.keras", "--calibration", "x.npy"), "no readable .keras file"),
        (("quantize", "model.keras", "--calibration", "damaged.npz"), "cannot be read"),
        (("quantize", "model.keras", "--calibration", "empty.npy"), "cannot be read"),
        (("quantize", "model.keras", "--calibration", "wide.npy"), "input 'x' has shape [5, 7]"),
        (("convert", "model.keras", "-o", "out", "--plan", "half.json"), "half.json is not JSON: "),
        (("convert", "model.keras", "-o", "out", "--plan", "net/graph.json"), "not an hlsq plan of version 1 (no "),
        (("convert", "model.keras", "-o", ".", "--plan", "plan.json"), "files that hlsq did not write"),
        (("report", "edited"), "edited/hlsq_project.json: options: clock_period -1 must be"),
        ((*QUANTIZE, "--scheme", "fxpqnet", "--evaluation", "xy.npz", "--option", "state=/proc/no/s"), "/proc/no/s"),
        (("report", "net", "--html", "/proc/none/page.html"), "cannot write the report to '/proc/none/page.html'"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, tuple) else "",
)  # fmt: skip
def test_errors_exit_with_1(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    (folder / "file.keras").write_text("nothing")
    np.save(folder / "wide.npy", np.zeros((5, 7)))
    (folder / "edited").mkdir(exist_ok=True)
    text = (folder / "net" / "hlsq_project.json").read_text()
    marker = json.loads(text)
    del marker["checksums"]
    marker["options"]["clock_period"] = -1
    (folder / "edited" / "hlsq_project.json").write_text(json.dumps(marker))
    for name in ("graph.json", "graph.npz"):
        shutil.copy(folder / "net" / name, folder / "edited")
    (folder / "half.json").write_bytes((folder / "plan.json").read_bytes()[:-30])
    result = run(*arguments)
    assert result.exit_code == 1, (result.output, result.exception)
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


@pytest.mark.parametrize("command", [*FILES, FOLDERS[0]], ids=" ".join)
def test_missing_folders_are_made(folder: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    target = tmp_path / "new" / "folder" / "out"
    result = run(*command, str(target))
    assert result.exit_code == 0, result.output
    assert target.exists()


def test_a_file_that_cannot_be_written_after_all(folder: Path) -> None:
    """A file system that takes no data; nobody could know before."""
    result = run("report", "net", "--html", "/dev/full")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: cannot write the report to '/dev/full': the disk is full; free some space")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write and read everything")
@pytest.mark.parametrize("command", [*FILES, *FOLDERS], ids=" ".join)
def test_folders_without_permission(folder: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    for mode, target in ((0o555, closed / "out"), (0o000, closed / "out"), (0o000, closed / "far" / "out")):
        closed.chmod(mode)
        result = run(*command, str(target))
        closed.chmod(0o755)
        assert result.exit_code == 2, (result.output, result.exception)
        assert "Invalid value for" in result.stderr

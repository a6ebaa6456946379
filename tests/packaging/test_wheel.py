"""A real wheel, built from a copy of the source tree and installed in a fresh environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAPPED = {"hlsq": "hlsq", "backends": "hlsq/backends", "converters": "hlsq/converters"}
BUILD_FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
HEAVY = ("tensorflow", "keras", "tf_keras", "qkeras")


def run(*argv: str | Path, cwd: Path, **env: str) -> str:
    """Output of a command that must succeed; nothing of this process's import path reaches it."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    result = subprocess.run(
        [str(arg) for arg in argv], cwd=cwd, env=environment | env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{argv}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def source_files() -> Iterator[tuple[str, Path]]:
    """Path inside the wheel, and in the source tree, of every file of the package."""
    for folder, target in MAPPED.items():
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                yield f"{target}/{path.relative_to(ROOT / folder)}", path


def copy_source(target: Path) -> None:
    for folder in MAPPED:
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BUILD_FILES:
        shutil.copy(ROOT / name, target / name)


def build_wheel(source: Path, target: Path) -> Path:
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"),
        *("--wheel-dir", target, source),
        cwd=target.parent,
    )
    (wheel,) = target.glob("*.whl")
    return wheel


def make_environment(folder: Path) -> tuple[Path, Path]:
    """Python and site-packages of a fresh environment that sees this one's other packages, but not its hlsq."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    others = folder / "others"
    others.mkdir()
    for key in ("purelib", "platlib"):
        for path in Path(sysconfig.get_path(key)).iterdir():
            # The .pth files of this environment, the editable hlsq's among them, are not read there.
            mine = path.name.startswith(("hlsq", "__editable__")) or path.suffix == ".pth"
            if not mine and not (others / path.name).exists():
                (others / path.name).symlink_to(path)
    (site / "others.pth").write_text(f"{others}\n")
    return python, site


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    copy_source(source)
    return build_wheel(source, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment with the wheel installed."""
    python, _ = make_environment(tmp_path_factory.mktemp("environment"))
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel),
        cwd=wheel.parent,
    )
    return python


def test_wheel_holds_every_file_of_the_source_tree_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name and not name.endswith("/")}
        expected = dict(source_files())
        assert sorted(set(expected) - inside) == [], "forgotten: an __init__.py is missing, or package-data"
        assert sorted(inside - set(expected)) == [], "in the wheel but not in the source tree"
        for name, path in expected.items():
            assert archive.read(name) == path.read_bytes(), name
    assert "hlsq/py.typed" in inside
    assert any("/templates/" in name for name in inside)


def test_wheel_carries_licence_and_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
        licence = next(n for n in names if n.endswith("/LICENSE"))
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Dist: qkeras-v3" in metadata, "the package qkeras on Keras 3"


def test_only_hlsq_becomes_importable(python: Path, tmp_path: Path) -> None:
    code = (
        "import importlib.util, importlib.metadata as m, pathlib, sys\n"
        "import hlsq, hlsq.backends, hlsq.converters\n"
        "print(pathlib.Path(hlsq.__file__).is_relative_to(sys.prefix))\n"
        "print([n for n in ('backends', 'converters') if importlib.util.find_spec(n)])\n"
        "print(sorted({f.parts[0] for f in m.files('hlsq') if '..' not in f.parts and 'dist-info' not in f.parts[0]}))"
    )
    assert run(python, "-c", code, cwd=tmp_path).splitlines() == ["True", "[]", "['hlsq']"]


@pytest.mark.parametrize(
    "first", ["import hlsq", "import hls4ml", "import hlsq.backends.vitis"], ids=["hlsq", "hls4ml", "backend"]
)
def test_hls4ml_lists_the_backend_in_every_import_order(python: Path, tmp_path: Path, first: str) -> None:
    code = (
        f"{first}\n"
        "import hls4ml.backends\n"
        "assert 'HLSQ' in [b.upper() for b in hls4ml.backends.get_available_backends()]\n"
        "backend = hls4ml.backends.get_backend('HLSQ')\n"
        "print(isinstance(backend, hls4ml.backends.VitisBackend), type(backend).__module__.split('.')[:2])\n"
    )
    printed = run(python, "-c", code, cwd=tmp_path)
    assert printed.splitlines()[-1] == "True ['hlsq', 'backends']"
    assert "failed to load" not in printed, "hls4ml turns a failing plugin into a printed warning"


def test_installed_command_and_pytest_plugin_work(python: Path, tmp_path: Path) -> None:
    assert "convert" in run(python.with_name("hlsq"), "--help", cwd=tmp_path)
    (tmp_path / "test_any.py").write_text(
        "import pytest\n@pytest.mark.cosim\ndef test_any(hls_project): raise SystemError\n"
    )
    printed = run(python, "-c", "import pytest; pytest.main(['-rs', '--strict-markers'])", cwd=tmp_path)
    assert "1 skipped" in printed
    assert "only with --cosim" in printed


@pytest.mark.slow(4)
def test_type_checker_sees_the_types_of_all_three_folders(python: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    (tmp_path / "user.py").write_text(
        "import hlsq\n"
        "from hlsq.backends.vitis.options import HardwareOptions\n"
        "from hlsq.converters.keras import from_keras\n"
        "good: hlsq.Plan = hlsq.quantize('model.keras')\n"
        "bad: int = hlsq.quantize('model.keras')\n"
        "worse: int = HardwareOptions()\n"
        "worst: int = from_keras('model.keras')\n"
    )
    # Not the repository's settings, and from outside of it: what a user gets who type-checks against the wheel.
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", f"--python-executable={python}", "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [int(line.split(":")[1]) for line in result.stdout.splitlines() if line.startswith("user.py")]
    assert lines == [5, 6, 7], result.stdout + result.stderr


def test_forgotten_folder_is_noticed(tmp_path: Path) -> None:
    """A package without __init__.py is left out of the wheel; the comparison above must see that."""
    source = tmp_path / "source"
    copy_source(source)
    (source / "hlsq" / "forgotten").mkdir()
    (source / "hlsq" / "forgotten" / "module.py").write_text("")
    (source / "hlsq" / "found").mkdir()
    (source / "hlsq" / "found" / "__init__.py").write_text("")
    (source / "hlsq" / "found" / "templates" / "deep").mkdir(parents=True)
    (source / "hlsq" / "found" / "templates" / "deep" / "pe.h.j2").write_text("")
    with zipfile.ZipFile(build_wheel(source, tmp_path / "dist")) as archive:
        names = archive.namelist()
    assert "hlsq/forgotten/module.py" not in names
    assert "hlsq/found/templates/deep/pe.h.j2" in names, "a new package and its templates need no list to edit"

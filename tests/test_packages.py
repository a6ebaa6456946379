"""Which package answers to the name qkeras, and what is said where it is another one than QKeras for Keras 3."""

import subprocess
import sys
from pathlib import Path

import pytest

V3 = '__version__ = "1.2.1"\n'
OLD = '"""QKeras."""\n__version__ = "0.9.0"\n'
HGQ = '"""A layer of compatibility."""\nfrom .quantizers import *\n'
REPORT = (
    "from hlsq.errors import KerasVersionError\n"
    "try: import hlsq.quantizers\n"
    "except KerasVersionError as error: print(error)\n"
)


def run(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Python with ``path`` before the installed packages."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(path)!r})\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("start", "files", "expected"),
    [
        (HGQ, ["quantizers/__init__.py"], "hgq2 installs one of its own in its place"),
        (HGQ, ["quantizers/__init__.py", "quantizers.py", "quantizer_registry.py"], "pip uninstall hgq2"),
        (V3, ["quantizers/__init__.py", "quantizers.py"], "pip uninstall hgq2"),  # QKeras installed over hgq2
        ("", [], "is not QKeras"),
        (OLD, ["quantizers.py", "qlayers.py"], "is QKeras 0.9, where hlsq needs QKeras for Keras 3"),
        (OLD, ["quantizers.py", "quantizer_registry.py"], "Models that it saved load without it"),
        (V3, ["quantizers.py"], "cannot be imported"),  # QKeras itself, damaged
    ],
    ids=["hgq2", "hgq2 over QKeras", "QKeras over hgq2", "empty", "0.9", "0.9 over QKeras", "damaged"],
)
def test_another_package_is_named_with_the_remedy(start: str, files: list[str], expected: str, tmp_path: Path) -> None:
    package = tmp_path / "qkeras"
    package.mkdir()
    (package / "__init__.py").write_text(start + ("import nothing_of_that_name\n" if start == V3 else ""))
    for file in files:
        (package / file).parent.mkdir(exist_ok=True)
        (package / file).write_text("")
    done = run(REPORT, tmp_path)
    assert expected in done.stdout, done.stdout + done.stderr
    assert "pip install --force-reinstall" in done.stdout
    assert "qkeras-v3" in done.stdout


def test_none_at_all(tmp_path: Path) -> None:
    done = run("sys.modules['qkeras'] = None\n" + REPORT, tmp_path)
    assert "QKeras is not installed; install it: pip install" in done.stdout, done.stderr


@pytest.mark.slow(5)
def test_keras_on_another_backend(tmp_path: Path) -> None:
    done = run("import keras; keras.backend.backend = lambda: 'jax'\n" + REPORT, tmp_path)
    assert "need Keras on TensorFlow, but it runs on 'jax'; set KERAS_BACKEND=tensorflow" in done.stdout, done.stderr


@pytest.mark.parametrize("first", ["keras", "qkeras", "hlsq.backends.vitis"])
@pytest.mark.slow(5)
def test_any_order_of_imports(first: str, tmp_path: Path) -> None:
    code = (
        f"import {first}\n"
        "import hlsq.quantizers, keras, qkeras, numpy as np\n"
        "layers = [keras.Input((3,)), qkeras.QActivation('fixed_point(8,4)'), keras.layers.Dense(2)]\n"
        "print(keras.Sequential(layers)(np.ones((1, 3))).shape)\n"
    )
    assert "(1, 2)" in run(code, tmp_path).stdout

"""Which QKeras is installed, and what to do where it is not the one that hlsq works with.

Three distributions install a package ``qkeras``, each over the others: ``qkeras-v3`` (QKeras on Keras 3), ``QKeras``
0.9 (of 2021, on tf_keras), and ``hgq2``, whose package has the same name and other contents.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType

from hlsq.errors import KerasVersionError

INSTALL_QKERAS = "pip install --force-reinstall --no-deps 'qkeras-v3>=1.2.1,<1.3'"
OLDEST = (1, 2)


def load_qkeras() -> ModuleType:
    """The package ``qkeras`` of the distribution ``qkeras-v3``, on Keras 3 with TensorFlow.

    Raises:
        KerasVersionError: it is not installed or is another one, or Keras runs on another backend; says what to do.
    """
    check_qkeras()
    keras = sys.modules.get("keras")
    backend = os.environ.get("KERAS_BACKEND", "tensorflow") if keras is None else keras.backend.backend()
    if backend != "tensorflow":
        raise KerasVersionError(
            f"hlsq.quantizers and QKeras models need Keras on TensorFlow, but it runs on {backend!r}; "
            "set KERAS_BACKEND=tensorflow before Keras is imported"
        )
    try:
        return importlib.import_module("qkeras")
    except Exception as error:  # whatever a damaged package raises
        raise KerasVersionError(f"QKeras cannot be imported ({error}); install it again: {INSTALL_QKERAS}") from error


def check_qkeras() -> None:
    """Check, without importing it, that the package ``qkeras`` is that of ``qkeras-v3``.

    Raises:
        KerasVersionError: it is another one, or there is none.
    """
    folder = _folder()
    loaded = sys.modules.get("qkeras")
    file = getattr(loaded, "__file__", None)
    if folder is None and file is not None:
        raise KerasVersionError(f"the module qkeras is {file}, which hides QKeras; give that file another name")
    if folder is None:
        raise KerasVersionError(f"QKeras is not installed; install it: {INSTALL_QKERAS}")
    start = (folder / "__init__.py").read_text(errors="replace") if (folder / "__init__.py").is_file() else ""
    version = re.search(r"""^__version__\s*=\s*["'](\d+)\.(\d+)""", start, re.MULTILINE)
    # A folder of that name comes before the file quantizers.py, wherever the rest is from.
    if version is None or (folder / "quantizers").is_dir():
        raise KerasVersionError(
            f"the package qkeras in {folder} is not QKeras; hgq2 installs one of its own in its place. Use hgq2 in "
            f"another environment, or remove it: pip uninstall hgq2; then install QKeras again: {INSTALL_QKERAS}"
        )
    major, minor = int(version[1]), int(version[2])
    if (major, minor) < OLDEST:
        raise KerasVersionError(
            f"the package qkeras in {folder} is QKeras {major}.{minor}, where hlsq needs QKeras for Keras 3. Remove "
            f"it: pip uninstall QKeras; then {INSTALL_QKERAS}. Models that it saved load without it"
        )


def _folder() -> Path | None:
    """Folder of the package ``qkeras`` that is loaded or would be, None without one."""
    loaded = sys.modules.get("qkeras")
    found = getattr(loaded, "__spec__", None) or (None if loaded is not None else importlib.util.find_spec("qkeras"))
    folders = list(found.submodule_search_locations or ()) if found is not None else []
    return Path(folders[0]) if folders else None

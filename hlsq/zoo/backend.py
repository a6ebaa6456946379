"""Which Keras a network is built with."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Literal

from hlsq.errors import OptionError

Library = Literal["keras", "tf_keras"]


def keras_library(library: Library) -> ModuleType:
    """Keras 3 (``"keras"``) or legacy Keras 2 (``"tf_keras"``).

    Raises:
        OptionError: another name.
    """
    if library not in ("keras", "tf_keras"):
        raise OptionError.unknown("library", library, ("keras", "tf_keras"))
    return importlib.import_module(library)

"""Changes to saved Keras models."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py


def change_config(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Let ``edit`` change the configuration inside ``path``."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            edit(config)
            file.attrs["model_config"] = json.dumps(config)
        return
    if path.suffix == ".json":
        config = json.loads(path.read_text())
        edit(config)
        path.write_text(json.dumps(config))
        return
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    edit(config)
    content["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)

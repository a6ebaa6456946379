"""Results of an exploration in a folder: a file for each, by what it depends on, so that a later run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hlsq.errors import OutputDirError, OutputFileError, SearchError
from hlsq.escape import shown
from hlsq.files.checksums import content_checksum
from hlsq.files.fields import Field
from hlsq.files.read import read_json
from hlsq.files.reasons import reason
from hlsq.files.write import is_private, write_file

MARKER = "hlsq_exploration.json"
MARK = "hlsq_exploration"
RESULTS = "results"
KEY = "hlsq_result"
VERSION = 1
T = TypeVar("T")
REMEDY = "restore the file, or delete it, and its result is computed again"


class Store:
    """Results by fingerprint.

    Args:
        folder: that holds them: new, empty, or one of an earlier exploration; None keeps them in memory.

    Raises:
        OutputDirError: the folder holds something else, or cannot be read or written.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = None if folder is None else _checked(folder)
        self._found: dict[str, Mapping[str, Any]] = {}

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Make the folder one of an exploration; if nothing comes of it, nothing is left behind.

        Raises:
            OutputFileError: it cannot be written.
        """
        if self.folder is None or os.path.lexists(self.folder / MARKER):
            yield
            return
        made = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        self.write(MARKER, json.dumps({MARK: VERSION}) + "\n")
        try:
            yield
        except BaseException:
            if not os.path.lexists(self.folder / RESULTS):
                (self.folder / MARKER).unlink(missing_ok=True)
                _remove_empty(made)
            raise

    def get(self, key: str, read: Callable[[Field], T]) -> T | None:
        """What ``read`` makes of the result of fingerprint ``key``, if it is there.

        Raises:
            SearchError: its file is damaged; names it and the remedy.
        """
        if key in self._found:
            return read(Field(self._found[key], _Damaged, "a result"))
        if self.folder is None or not os.path.lexists(path := self._path(key)):
            return None
        found = read_json(path, _Damaged, "a result of an exploration")
        found.version(KEY, VERSION, "a result of an exploration")
        parts = found.record((KEY, "fingerprint", "content", "checksum"))
        content = parts["content"].mapping() and parts["content"].value
        if parts["fingerprint"].text() != key or parts["checksum"].text() != content_checksum(content):
            raise found.fail("not as hlsq wrote it")
        result = read(parts["content"])
        self._found[key] = content
        return result

    def put(self, key: str, content: Mapping[str, Any]) -> None:
        """Keep the result of fingerprint ``key``."""
        self._found[key] = content
        if self.folder is not None:
            data = {KEY: VERSION, "fingerprint": key, "content": content, "checksum": content_checksum(content)}
            self.write(f"{RESULTS}/{key}.json", json.dumps(data, indent=1, allow_nan=False) + "\n")

    def write(self, name: str, text: str) -> None:
        """Make ``text`` a file of the folder, if there is one."""
        if self.folder is not None:
            write_file(self.folder / name, text, OutputFileError, "the exploration")

    def _path(self, key: str) -> Path:
        assert self.folder is not None  # noqa: S101 - the caller looked
        return self.folder / RESULTS / f"{key}.json"


class _Foreign(OutputDirError):
    """What is no mark of an exploration, by the name of one."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}; choose an empty or new folder")


class _Damaged(SearchError):
    """A damaged file of results."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}; {REMEDY}")


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove ``folders`` until one holds something."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _checked(folder: Any) -> Path:
    if not isinstance(folder, (str, os.PathLike)) or not str(folder):
        raise OutputDirError(f"output_dir {shown(folder)} is no path; choose a folder")
    path = Path(folder)
    try:
        names = os.listdir(path) if os.path.lexists(path) else []
    except (OSError, ValueError) as error:
        problem = reason(error)
        raise OutputDirError(f"output_dir {str(path)!r} is no folder to write to: {problem}") from error
    if MARKER in names:
        read_json(path / MARKER, _Foreign, "the mark of an exploration").version(MARK, VERSION, "an exploration")
    elif any(not is_private(name, path / MARKER) for name in names):  # another one may just begin, or was killed then
        raise OutputDirError(
            f"output_dir {str(path)!r} holds files that hlsq explore did not write (no {MARKER}); choose an empty or "
            "new folder"
        )
    return path

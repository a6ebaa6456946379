"""The one place that writes files: whole or not at all, however the process ends.

A file is written under a private name beside its place, brought to the disk and renamed, so that at every moment its
place holds the earlier content or the new one. What a killed process leaves behind, the next write takes over.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hlsq.files.reasons import reason

_PRIVATE = ".hlsq-new"
_MOST_BYTES = 255
_AT_A_TIME = 16


def write_file(
    path: str | Path, content: str | bytes, error: type[Exception], what: str, *, executable: bool = False
) -> None:
    """Make ``content`` the file ``path``; missing folders are made.

    An earlier file keeps its permissions, and stays as it is if writing fails. Of a symbolic link the target is
    written. What is no regular file (a terminal, a pipe) is written to.

    Args:
        path: of the file.
        content: text (as UTF-8) or bytes.
        error: raised if it cannot be written.
        what: is written, for the message: "the plan".
        executable: for whoever may read it.

    Raises:
        error: naming path, reason and remedy.
    """
    data = _bytes(content)
    try:
        earlier = _status(path)
        if earlier is None or stat.S_ISREG(earlier.st_mode):
            target = os.path.realpath(path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _replace(target, data, earlier, executable)
        else:
            descriptor = os.open(path, os.O_WRONLY)  # of a folder: refused
            try:
                _write_all(descriptor, data)
            finally:
                os.close(descriptor)
    except (OSError, ValueError) as problem:
        raise error(f"cannot write {what} to {str(path)!r}: {reason(problem)}") from problem


def write_files(
    folder: Path, files: Mapping[str, str | bytes], error: type[Exception], what: str, executable: Collection[str] = ()
) -> None:
    """Write ``files``, name to content, into a private ``folder``, which is made and in which no other is at work.

    The disk takes many files at a time in little more than the time of one. A killed process leaves some of them.

    Raises:
        error: naming path, reason and remedy.
    """

    def write(name: str) -> None:
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            _write_all(descriptor, _bytes(files[name]))
            if name in executable:
                _make_executable(descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            list(pool.map(write, files))
        _sync_folder(folder)
    except (OSError, ValueError) as problem:
        raise error(f"cannot write {what} to {str(folder)!r}: {reason(problem)}") from problem


class Log:
    """The one kind of file that grows in its place, to be read while it does. Use it as a context manager.

    Args:
        path: of the file; an earlier one is emptied.
        error: raised if it cannot be written, in the beginning or later.
        what: is written, for the message: "the log of 'g++'".

    Raises:
        error: naming path, reason and remedy.
    """

    def __init__(self, path: str | Path, error: type[Exception], what: str) -> None:
        self._failed = lambda problem: error(f"cannot write {what} to {str(path)!r}: {reason(problem)}")
        try:
            # A project that somebody else made may hold a link where the log will be.
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(path, flags, 0o666)
        except (OSError, ValueError) as problem:
            raise self._failed(problem) from problem

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, text: str) -> None:
        """Add ``text``, which others can read at once."""
        try:
            _write_all(self._descriptor, text.encode())
        except OSError as problem:
            raise self._failed(problem) from problem


def is_private(name: str, path: str | Path) -> bool:
    """Whether ``name`` is that of the file beside ``path`` in which ``write_file`` prepares what it writes there."""
    return name == os.path.basename(_private_name(os.fspath(path)))


def discard(path: str | Path) -> None:
    """Delete what a killed process has left beside ``path`` while it wrote that; nobody else may write it now."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_private_name(os.path.realpath(path)))


def sync_folders(paths: Iterable[str | Path]) -> None:
    """Bring the names in folders to the disk."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(_sync_folder, paths))


def _sync_folder(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(target: str, data: bytes, earlier: os.stat_result | None, executable: bool) -> None:
    private = _private_name(target)
    descriptor = _open_alone(private)
    try:
        os.ftruncate(descriptor, 0)
        _write_all(descriptor, data)
        if earlier is not None:
            with contextlib.suppress(OSError):  # only root may
                os.fchown(descriptor, earlier.st_uid, earlier.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(earlier.st_mode))
        if executable:
            _make_executable(descriptor)
        os.fsync(descriptor)
        os.replace(private, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(private)
        raise
    finally:
        os.close(descriptor)
    _sync_folder(os.path.dirname(target))


def _private_name(target: str) -> str:
    """A fixed one, so that of any number of killed processes no more than one file stays."""
    folder, name = os.path.split(target)
    private = f".{name}{_PRIVATE}"
    if len(os.fsencode(private)) > _MOST_BYTES:
        private = f".{hashlib.sha256(os.fsencode(name)).hexdigest()}{_PRIVATE}"
    return os.path.join(folder, private)


def _open_alone(private: str) -> int:
    """The private file, new or left by a killed process, locked against others who write to the same place."""
    while True:
        descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            now = _status(private)
            if now is not None and os.path.samestat(now, os.fstat(descriptor)):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # renamed by another one meanwhile


def _status(path: str | Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _make_executable(descriptor: int) -> None:
    """For whoever may read it."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    os.fchmod(descriptor, mode | (mode & 0o444) >> 2)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]

"""Replacing many files of a folder at once: after a kill at any moment, either all are the old ones or all the new.

The new files are first written into a private folder inside. A journal, itself written in one step, then says where
they go and what goes away: without it nothing has changed, and with it whoever works on the folder next finishes what
it says. Everything happens inside the folder, so it may be the working directory, a mount point or a link's target,
and what others keep in it is never touched.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from hlsq.files.lock import locked
from hlsq.files.reasons import reason
from hlsq.files.write import discard, sync_folders, write_file, write_files

PRIVATE = ".hlsq"
"""Folder of hlsq's own notes inside a folder that it writes to."""
_STAGED = "new"
_JOURNAL = "journal.json"
_LOCK = "files.lock"


def is_unfinished(folder: Path) -> bool:
    """Whether a process that was killed has left work for ``exclusive`` to finish."""
    return (folder / PRIVATE / _JOURNAL).is_file()


@contextlib.contextmanager
def exclusive(folder: Path, error: type[Exception], what: str, wait: float) -> Iterator[None]:
    """Be the only one who changes files of ``folder``, which is made if missing, and finish what a killed one began.

    Raises:
        error: somebody else is at it for more than ``wait`` seconds, or the folder cannot be written to.
    """
    _refuse_private_link(folder, error, what)
    with locked(folder / PRIVATE / _LOCK, error, what, wait):
        try:
            _refuse_links(folder, error, what)
            _finish(folder, error)
        except OSError as problem:
            raise error(f"{what} was left half replaced, and cannot be finished: {reason(problem)}") from problem
        yield


@contextlib.contextmanager
def settled(folder: Path, error: type[Exception], what: str, wait: float) -> Iterator[None]:
    """Read ``folder`` while nobody replaces its files; nothing is written unless there is something to finish.

    Raises:
        error: as ``exclusive``.
    """
    private = folder / PRIVATE
    if is_unfinished(folder) or (private.is_dir() and os.access(private, os.W_OK)):
        with exclusive(folder, error, what, wait):
            yield
    else:
        yield


def replace_files(
    folder: Path,
    files: Mapping[str, str | bytes],
    ours: Collection[str],
    error: type[Exception],
    what: str,
    executable: Collection[str] = (),
) -> None:
    """Put ``files`` into ``folder`` in place of ``ours``; within ``exclusive``.

    Args:
        folder: to change.
        files: name relative to the folder, to content.
        ours: names of earlier files: those that are not among ``files`` are deleted, as are folders that this empties;
            those behind a link out of the folder stay, for anybody may have written the list and the link.
        error: raised if it cannot be done.
        what: is written, for messages.
        executable: names of ``files`` that can be run.

    Raises:
        error: a file of somebody else is in the way, or they cannot be written; the folder is then as it was, or, if
            that fails when the journal is written already, finished by the next ``exclusive``.
    """
    mine = {name for name in ours if _is_inside(name)}
    for name in files:
        _check_way(folder, name, files[name], mine, error, what)
    staged = folder / PRIVATE / _STAGED
    numbers = {name: str(number) for number, name in enumerate(files)}
    try:
        contents = {numbers[name]: content for name, content in files.items()}
        write_files(staged, contents, error, what, [numbers[name] for name in executable])
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    gone = sorted(name for name in mine - set(files) if not _leads_out(folder, name))
    journal = {"remove": gone, "move": {number: name for name, number in numbers.items()}}
    write_file(folder / PRIVATE / _JOURNAL, json.dumps(journal), error, what)
    try:
        _finish(folder, error)
    except OSError as problem:
        raise error(
            f"{what}: its files are written but not all in place: {reason(problem)}; whatever uses it next goes on"
        ) from problem


def _finish(folder: Path, error: type[Exception]) -> None:
    """Do what the journal says, as far as that has not been done; without one, drop what was staged."""
    private = folder / PRIVATE
    staged, journal = private / _STAGED, private / _JOURNAL
    if journal.is_file():
        plan = _read_journal(journal, error)
        changed = {folder}
        for name in filter(_is_inside, plan["remove"]):
            _remove(folder, name)
            changed.add((folder / name).parent)
        for number, name in plan["move"].items():
            if _is_inside(name) and _is_inside(number) and (staged / number).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                _move(staged / number, folder / name, error)
                changed.add((folder / name).parent)
        sync_folders(parent for parent in changed if parent.is_dir())
        journal.unlink()
    if staged.is_dir():
        shutil.rmtree(staged)
    discard(journal)


def _refuse_private_link(folder: Path, error: type[Exception], what: str) -> None:
    """hlsq makes no link of that name: one in a folder of others leads to files that are not the folder's."""
    if (folder / PRIVATE).is_symlink():
        raise error(f"{what}: {str(folder / PRIVATE)!r} is a link, which hlsq did not make; remove it")


def _refuse_links(folder: Path, error: type[Exception], what: str) -> None:
    """Finish no journal through a link out of the folder: whoever made the folder may have written both."""
    staged, journal = folder / PRIVATE / _STAGED, folder / PRIVATE / _JOURNAL
    if not journal.is_file():
        return
    if journal.is_symlink() or staged.is_symlink():
        raise error(f"{what}: its {PRIVATE!r} holds links, which hlsq did not make; delete {str(journal.parent)!r}")
    plan = _read_journal(journal, error)
    for name in filter(_is_inside, [*plan["remove"], *plan["move"].values()]):
        if _leads_out(folder, name):
            raise error(
                f"{what} was left half replaced, and {name!r} of it lies behind a link that leads out of it; if link "
                f"and folder are yours, put a folder in the link's place, else delete {str(journal)!r}"
            )


def _leads_out(folder: Path, name: str) -> bool:
    """Whether the file ``name`` of ``folder`` lies elsewhere, behind a link."""
    return not Path(os.path.realpath((folder / name).parent)).is_relative_to(os.path.realpath(folder))


def _read_journal(path: Path, error: type[Exception]) -> dict[str, Any]:
    try:
        plan = json.loads(path.read_bytes())
        remove, move = [str(name) for name in plan["remove"]], {n: str(m) for n, m in plan["move"].items()}
        for name in (*remove, *move, *move.values()):
            if b"\0" in os.fsencode(name):
                raise ValueError("a name with a zero byte")
        return {"remove": remove, "move": move}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise error(
            f"{str(path)!r} is damaged ({problem!r}); delete it, and write the folder's files again"
        ) from problem


def _is_inside(name: str) -> bool:
    """Whether ``name`` is that of a file in the folder; lists of names come from files that anybody may edit."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and path.parts[0] != PRIVATE


def _check_way(
    folder: Path, name: str, content: str | bytes, mine: Collection[str], error: type[Exception], what: str
) -> None:
    path = folder / name
    if path.is_file() and (name in mine or path.read_bytes() == _bytes(content)):
        return
    for part in [*reversed(path.relative_to(folder).parents), Path(name)]:
        there, is_folder = folder / part, (folder / part).is_dir()
        free = not os.path.lexists(there) or (str(part) in mine and not is_folder)
        if not free and (part == Path(name) or not is_folder):
            raise error(f"{what} would replace {str(there)!r}, which hlsq did not write; move it to another place")


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _remove(folder: Path, name: str) -> None:
    path = folder / name
    with contextlib.suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
        path.unlink()
    for parent in path.relative_to(folder).parents:
        if parent.parts:
            with contextlib.suppress(OSError):  # holds something else, is a link, or is gone already
                (folder / parent).rmdir()


def _move(source: Path, target: Path, error: type[Exception]) -> None:
    try:
        os.replace(source, target)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        # A part of the folder lies on another disk.
        write_file(target, source.read_bytes(), error, "a file of it", executable=os.access(source, os.X_OK))
        source.unlink()

"""Files are written in one place, ``hlsq/files/write.py``, which leaves no half of one behind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WRITERS = {ROOT / "hlsq" / "files" / name for name in ("write.py", "lock.py", "swap.py")}
FILES = sorted(p for tree in ("hlsq", "backends", "converters") for p in (ROOT / tree).rglob("*.py"))

METHODS = {"write_text", "write_bytes", "savefig", "tofile", "symlink_to", "hardlink_to", "touch", "open_memmap"}
CALLS = {
    "os": {"open", "replace", "rename", "renames", "link", "symlink", "truncate", "mkfifo"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move", "make_archive"},
    "tempfile": {"NamedTemporaryFile", "mkstemp"},
}
TO_AN_ARRAY_FILE = {"save", "savez", "savez_compressed", "savetxt"}
TO_AN_OPEN_FILE = {("json", "dump"), ("pickle", "dump")}

ALLOWED = {
    # Mapped memory in a temporary folder, which is deleted with the search.
    ("hlsq/search/sharing.py", "open_memmap"),
    ("hlsq/search/sharing.py", "path.open"),
    # The loader's private copy of a library, in a temporary folder that exists for that moment.
    ("backends/vitis/simulation.py", "shutil.copy"),
}


def writes(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every call that could write a file."""
    tree = ast.parse(source)
    buffers = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.value).removeprefix("io.") in ("BytesIO()", "StringIO()")
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        owner, _, last = name.rpartition(".")
        first = ast.unparse(node.args[0]) if node.args else ""
        if last == "open" and owner not in ("os", "tarfile"):
            modes = [*node.args[1 if not owner else 0 :], *(k.value for k in node.keywords if k.arg == "mode")]
            if any(isinstance(m, ast.Constant) and set(str(m.value)) & set("wax+") for m in modes):
                yield node.lineno, name
        elif last in ("ZipFile", "File") and len(node.args) > 1 and ast.unparse(node.args[1]) != "'r'":
            yield node.lineno, name
        elif (
            (last in METHODS and first not in buffers)
            or last in CALLS.get(owner, ())
            or (owner, last) in TO_AN_OPEN_FILE
            or (owner in ("np", "numpy") and last in TO_AN_ARRAY_FILE and first not in buffers)
        ):
            yield node.lineno, last if last in METHODS else name


@pytest.mark.parametrize("path", [p for p in FILES if p not in WRITERS], ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_writer_writes(path: Path) -> None:
    where = str(path.relative_to(ROOT))
    found = [f"{line}: {call}" for line, call in writes(path.read_text()) if (where, call) not in ALLOWED]
    assert not found, "write it with hlsq.files.write.write_file"


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text('a')",
        "Path('a').write_bytes(b'')",
        "open('a', 'w')",
        "open('a', mode='ab')",
        "path.open('x')",
        "np.save(path, a)",
        "np.savez_compressed(folder / 'a', **b)",
        "np.savetxt(path, a)",
        "shutil.copytree(a, b)",
        "os.rename(a, b)",
        "json.dump(a, file)",
        "zipfile.ZipFile(path, 'w')",
        "h5py.File(path, 'w')",
        "figure.savefig(path)",
    ],
)
def test_each_kind_is_found(line: str) -> None:
    assert list(writes(line))


@pytest.mark.parametrize(
    "line", ["open('a')", "open('a', 'rb')", "b = BytesIO()\nnp.savez(b, a)", "name.replace('a', 'b')", "json.dumps(a)"]
)
def test_what_writes_no_file_is_not_found(line: str) -> None:
    assert not list(writes(line))


def test_files_are_found() -> None:
    assert all(path in FILES for path in WRITERS)
    assert len(FILES) > 200
    for where, call in ALLOWED:
        assert any(found == call for _, found in writes((ROOT / where).read_text())), "an exception of nothing"

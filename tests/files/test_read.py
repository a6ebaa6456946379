"""The boundary that reads files with data: whatever they are, one exception that names the file."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hlsq.errors import PlanError
from hlsq.files import read
from hlsq.files.fields import Field
from hlsq.files.read import read_archive, read_array, read_json


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON: Expecting value"),
        (b"{", "is not JSON"),
        (b"\xff\xfe{}", "is not a plan: it is not text in UTF-8 (byte 0)"),
        (b'{"a": "\xe9"}', "is not text in UTF-8 (byte 7)"),
        (b"[1]", ": expected an object ({...}) at the top level, found [1]"),
        (b"5", "at the top level, found 5"),
        (b"[" * 100_000, "nested more than 64 deep"),
        (b'{"a": ' * 100_000, "nested more than 64 deep"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "nested more than 64 deep"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', ": a: the key 'b' is there twice"),
        (b'{"a": 1, "a": 2}', ": the key 'a' is there twice"),
        (b'{"a": [1, NaN]}', ": a[1]: NaN, an infinity"),
        (b'{"a": -Infinity}', ": a: NaN, an infinity"),
        (b'{"a": 1e999}', ": a: NaN, an infinity"),
        (b'{"a": {"b": 1e-320}}', ": a.b: NaN, an infinity"),
        (b'{"a": 1e-999}', ": a: NaN, an infinity"),
        (b'{"a": [[1, 1' + b"0" * 400 + b"]]}", ": a[0][1]: a whole number that 64 bits cannot hold"),
        (b'{"a": 1' + b"0" * 9000 + b"}", "is not JSON: Exceeds the limit"),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_json_that_cannot_be(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(PlanError) as caught:
        read_json(path, PlanError, "a plan")
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_json_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"a": [0.0, -0e5, 2.3e-308, 1.7e308, 18446744073709551615, -9223372036854775808, null, true]}')
    expected = [0.0, 0.0, 2.3e-308, 1.7e308, 2**64 - 1, -(2**63), None, True]
    assert read_json(path, PlanError, "a plan").value == {"a": expected}


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    cases = [(tmp_path, "it is a folder"), (tmp_path / "none", "No such file"), ("/dev/zero", "no regular file")]
    for path, message in [*cases, (tmp_path / "pipe", "no regular file"), ("a\0b", "null byte")]:
        for reading in (read_json, read_array, read_archive):
            with pytest.raises(PlanError, match=message):
                reading(path, PlanError, *(["a plan"] if reading is read_json else []))  # type: ignore[operator]


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MAX_JSON_BYTES", 1 << 20)
    (tmp_path / "p.json").write_text('{"a": "' + "x" * (1 << 20) + '"}')
    with pytest.raises(PlanError, match=r"p\.json is not a plan: it has more than 1 MiB"):
        read_json(tmp_path / "p.json", PlanError, "a plan")


def _npy(array: Any, **kwargs: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **kwargs)
    return buffer.getvalue()


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _encrypted() -> bytes:
    """An archive that says of its member that it is encrypted."""
    data = bytearray(_zip({"a.npy": _npy(np.arange(9))}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def _damaged() -> bytes:
    """One whose compressed bytes are others."""
    data = bytearray(_zip({"a.npy": _npy(np.arange(4000))}))
    data[200:260] = bytes(60)
    return bytes(data)


def _huge() -> bytes:
    """An array that says it has 2**60 values."""
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1152921504606846976,), }"
    header += b" " * (117 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)


GOOD = _npy(np.arange(3))
OBJECTS = _npy(np.array([{}], dtype=object), allow_pickle=True)
ARCHIVES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not a zip file"),
    "text": (b"no archive", "not a zip file"),
    "array": (GOOD, "not a zip file"),
    "truncated": (_zip({"a.npy": GOOD})[:-30], "not a zip file"),
    "no array": (_zip({"a.txt": b"hello"}), "member 'a.txt' is no array"),
    "pickle": (_zip({"a.npy": OBJECTS}), "allow_pickle=False"),
    "encrypted": (_encrypted(), "member 'a.npy' is encrypted"),
    "damaged": (_damaged(), ""),
    "unknown method": (_zip({"a.npy": GOOD}, zipfile.ZIP_STORED).replace(b"\x14\0\0\0\0\0", b"\x14\0\0\0\x63\0"), ""),
    "huge": (_zip({"a.npy": _huge()}), ""),
    "cut array": (_zip({"a.npy": GOOD[:-4]}), "EOF"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_that_cannot_be(tmp_path: Path, name: str) -> None:
    content, message = ARCHIVES[name]
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(PlanError, match=r"a\.npz cannot be read: .") as caught:
        read_archive(path, PlanError)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", GOOD[:-4], GOOD[:60], OBJECTS, _huge(), b"text", _zip({"a.npy": GOOD})])
def test_arrays_that_cannot_be(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(PlanError, match=r"a\.npy cannot be read: ."):
        read_array(path, PlanError)


def test_members_twice_and_too_much(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(_zip({"a.npy": GOOD, "b.npy": GOOD}).replace(b"b.npy", b"a.npy"))
    with pytest.raises(PlanError, match=r"the member 'a\.npy' is there twice"):
        read_archive(path, PlanError)
    np.savez_compressed(path, a=np.zeros(1000))
    assert list(read_archive(path, PlanError, 8200)) == ["a"]
    with pytest.raises(PlanError, match="its arrays have 8128 bytes; at most 8000 are read"):
        read_archive(path, PlanError, 8000)


@pytest.mark.parametrize(
    ("value", "take", "message"),
    [
        (True, lambda f: f.integer(0, 62), "expected a whole number from 0 to 62, found True"),
        (63, lambda f: f.integer(0, 62), "found 63"),
        (1.0, lambda f: f.integer(0, 62), "found 1.0"),
        ("1", lambda f: f.integer(0, 62), "found '1'"),
        ([1, 2], lambda f: f.integers(0, 1), "shift[1]: expected a whole number from 0 to 1, found 2"),
        ([1], lambda f: f.integers(0, 1, 2, 2), "expected a list of 2 values, found 1"),
        ("ab", lambda f: f.sequence(), "expected a list, found 'ab'"),
        (True, lambda f: f.number(), "expected a finite number, found True"),
        (10**400, lambda f: f.number(), "expected a finite number, found 1000"),
        (float("nan"), lambda f: f.number(), "found nan"),
        ("", lambda f: f.text(), "expected text, found ''"),
        ([None], lambda f: f.texts(), "shift[0]: expected text, found None"),
        (["a"], lambda f: f.choice("a", "b"), "expected one of 'a', 'b', found ['a']"),
        ({"a": 1}, lambda f: f.record(("a", "b")), "'b' is missing"),
        ({"a": 1}, lambda f: f.record((), ("b",)), "'a' is unknown; valid: b"),
        ({1: 1}, lambda f: f.mapping(), "expected text as keys, found 1"),
        (5, lambda f: f.mapping(), "expected an object, found 5"),
        ({"v": 1.0}, lambda f: f.version("v", 1, "a graph"), "not a graph of version 1 (v 1.0)"),
    ],
)
def test_fields_name_their_place(value: Any, take: Callable[[Field], Any], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        take(Field(value, PlanError, "graph.json", "blocks[3].requant.shift"))
    assert str(caught.value).startswith("graph.json: blocks[3].requant.shift")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


def test_fields_give_what_is_there() -> None:
    field = Field({"a": [np.int64(3), 4], "b": np.float32(0.5), "c": None}, PlanError, "f")
    parts = field.record(("a", "b"), ("c", "d"))
    assert parts["a"].integers(3, 4, 2, 2) == (3, 4)
    assert parts["b"].number() == 0.5
    assert parts["c"].optional() is None

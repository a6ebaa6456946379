"""Files that something has happened to: changes of JSON, of arrays and of bytes, drawn from a generator."""

from __future__ import annotations

import copy
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from hlsq.errors import HlsqError

T = TypeVar("T")
HUGE, TINY = "@huge@", "@tiny@"
"""Stand-ins for what ``json.dumps`` cannot write."""
VALUES: list[Any] = [
    None, True, False, "", "text", "0.5", "5", 0, 1, -1, 2, 3, 62, 63, 64, 100, 255, 65536, -(2**31), 2**31, 2**61,
    2**62, -(2**63), 2**63, 2**64, 0.5, -0.5, 1.0, 1e-30, 1e-300, 1e30, 1e300, -1e300,
    float("nan"), float("inf"), HUGE, TINY,
    [], [1], [1, 2], [[1], [1, 2]], ["a"], [None], {}, {"a": 1}, {"format": "fixed"}, {"format": "affine", "width": 8},
    {"format": "fixed", "width": 8, "frac": 4}, {"format": "affine", "width": 8, "scale": 0.1},
    {"format": "power_of_two", "code_bits": 5, "max_exponent": 7},
]  # fmt: skip


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside ``value``."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*above, key)
        yield from places(item, (*above, key))


def changed_json(rng: np.random.Generator, text: str) -> str:
    """``text`` with one value (now and then two) that is gone, doubled, moved or another one."""
    data = json.loads(text)
    for _ in range(2 if rng.random() < 0.15 else 1):
        _change(rng, data)
    return json.dumps(data).replace(f'"{HUGE}"', "1" + "0" * 400).replace(f'"{TINY}"', "1e-320")


def _change(rng: np.random.Generator, data: Any) -> None:
    ways = list(places(data))
    if not ways:
        return
    # Every depth with equal chance: most values of a file lie in its longest lists.
    depth = rng.choice(sorted({len(way) for way in ways}))
    near = [way for way in ways if len(way) == depth]
    way = near[rng.integers(len(near))]
    owner = data
    for key in way[:-1]:
        owner = owner[key]
    key, old = way[-1], owner[way[-1]]
    kind = rng.integers(8)
    if kind == 0:
        del owner[key]
    elif kind == 1 and isinstance(owner, dict):
        owner[f"{key}_"] = owner.pop(key)
    elif kind == 1:
        owner.insert(key, copy.deepcopy(old))
    elif kind == 2 and isinstance(old, dict):
        old["another"] = VALUES[rng.integers(len(VALUES))]
    elif kind < 6 and type(old) in (int, float):
        owner[key] = [old + 1, old - 1, -old, old * 2, old // 2, str(old), [old], float(old)][rng.integers(8)]
    elif kind == 6:
        owner[key] = copy.deepcopy(_at(data, ways[rng.integers(len(ways))]))
    else:
        owner[key] = copy.deepcopy(VALUES[rng.integers(len(VALUES))])


def _at(data: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        data = data[key]
    return data


def changed_bytes(rng: np.random.Generator, content: bytes) -> bytes:
    """``content`` with flipped bits, or something cut off, left out, put in or moved."""
    data = bytearray(content)
    start, stop = sorted(int(i) for i in rng.integers(0, len(data) + 1, 2))
    kind = rng.integers(6)
    if kind == 0:
        for i in rng.integers(0, len(data), rng.integers(1, 5)):
            data[i] ^= 1 << rng.integers(8)
    elif kind == 1:
        del data[start:]
    elif kind == 2:
        del data[start:stop]
    elif kind == 3:
        data[start:start] = rng.bytes(int(rng.integers(1, 40)))
    elif kind == 4:
        data[start:start] = data[start:stop]
    else:
        words = [b"NaN", b"[" * 2000, b"{", b"\xff\xfe", b"\0", b'"a": 1, "a": 2,', b"1e999", b"-", b"9" * 5000]
        word = words[rng.integers(len(words))]
        data[start : start + len(word)] = word
    return bytes(data)


def changed_archive(rng: np.random.Generator, content: bytes) -> bytes:
    """An ``.npz`` archive one of whose arrays is missing, another's, or of other values, shape or type."""
    with np.load(io.BytesIO(content)) as found:
        arrays: dict[str, Any] = {name: found[name] for name in found.files}
    if rng.random() < 0.3 or not arrays:
        return changed_bytes(rng, content)
    name = sorted(arrays)[rng.integers(len(arrays))]
    array = arrays[name]
    kind = rng.integers(12)
    with np.errstate(all="ignore"):
        if kind == 0:
            del arrays[name]
        elif kind == 1:
            arrays[f"{name}_"] = array
        elif kind == 2:
            arrays[name] = arrays[sorted(arrays)[rng.integers(len(arrays))]]
        elif kind == 3:
            arrays[name] = array.astype(
                [np.float64, np.complex128, bool, np.int32, np.uint64, ">i8", "U8"][rng.integers(7)]
            )
        elif kind == 4:
            arrays[name] = array.ravel()
        elif kind == 5:
            arrays[name] = array[..., :-1]
        elif kind == 6:
            arrays[name] = array[None]
        elif kind == 7:
            arrays[name] = array.reshape(array.shape[::-1])
        elif kind == 8:
            arrays[name] = np.concatenate([array, array])
        else:
            flat = array.copy().reshape(-1)
            if flat.size:
                value = int(rng.choice([-(2**63), 2**63 - 1, 2**61, -1, 0, 1, 3, 1000, int(flat[0]) + 1]))
                flat[rng.integers(flat.size)] = value
            arrays[name] = flat.reshape(array.shape)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def encrypted_archive(content: bytes) -> bytes:
    """An archive whose members say that they are encrypted."""
    data = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        starts = [member.header_offset + 6 for member in archive.infolist()]
        start = archive.start_dir
    while data[start : start + 4] == b"PK\x01\x02":
        starts.append(start + 8)
        start += 46 + sum(int.from_bytes(data[start + i : start + i + 2], "little") for i in (28, 30, 32))
    for place in starts:
        data[place] |= 1
    return bytes(data)


def attempt(
    action: Callable[[], T], errors: tuple[type[HlsqError], ...], names: Iterable[object], where: str
) -> T | None:
    """What ``action`` returns, or None where it raises one of ``errors`` in a line that names one of ``names``.

    Raises:
        AssertionError: (with ``where``) it raises anything else, warns, or names none of them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return action()
    except errors as error:
        text = str(error)
        if "\n" in text or not 10 < len(text) < 700 or not any(str(name) in text for name in names):
            raise AssertionError(f"{text}\n{where}") from error
        return None
    except Exception as error:
        raise AssertionError(where) from error

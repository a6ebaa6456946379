"""What an FPGA part holds, by any spelling of its part number."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from heapq import nlargest
from pathlib import Path
from typing import Any

from hlsq.errors import OptionError
from hlsq.escape import shown

TABLE = Path(__file__).with_name("parts.csv")
RESOURCES = ("lut", "ff", "dsp", "bram36", "uram", "lutram")
"""What the table has of every part."""
ASKED = RESOURCES[:-1]
"""What a user has to say of another part; ``lutram`` may be left out."""
MEMORY_SHARE = 4
"""A LUT of so many is taken to be able to be a memory, where nothing is said of it. On 7 series at least 27 % are, on
UltraScale+ 22 %, on UltraScale as few as 14 %."""
GIVEN = "as given"
"""Family of a part whose capacity the user gave."""
MOST = 10**9
NEAREST = 4
REMEDIES = (
    'name one of them, with any package and grade; or give what the part has, as in resources={"lut": 63400, "ff": '
    '126800, "dsp": 240, "bram36": 135, "uram": 0}; or go without a check, as in part_check=False'
)

# A package such as csg324 or FFVB1156; in 7-series part numbers its first letter may be a grade, as in xc7a100tlcsg324
# (low voltage) and xc7z020iclg400 (industrial).
_PACKAGE = r"[a-z]{2,4}\d{3,4}"
_SPEED = r"l?\d[a-z]{0,3}"  # 1, 2L, 1LV, 1IL, and L1 as it stands on the chip
_REST = re.compile(
    rf"(?:_civ)?(?:"
    rf"-?{_PACKAGE}(?:-{_SPEED}(?:-[a-z]{{1,2}}\d?)*)?|"  # of tools: csg324-1, -ffvb1156-2-e, -ffvb1156-2-e-es1
    rf"-{_SPEED}(?:{_PACKAGE}[a-z]?)?"  # of orders: -2FFVB1156E
    rf")?"
)
_PREFIX = re.compile(r"x(?:a|qr?)(?=7|[akvz]u)")  # automotive and defence grades of a device of the XC line


@dataclass(frozen=True)
class Part:
    """What a part holds, all of it.

    Attributes:
        name: without package and grades, of the XC line: ``xc7a100t``.
        family: such as ``Artix-7``; ``GIVEN`` where the user said what the part holds.
        lut: six-input LUTs, each of which can be two of five inputs that are the same.
        ff: flip-flops.
        dsp: DSP48 slices.
        bram36: block RAMs of 36 Kb.
        uram: UltraRAMs of 288 Kb.
        lutram: LUTs, of all ``lut``, that can be memories or shift registers: those of SLICEM.
    """

    name: str
    family: str
    lut: int
    ff: int
    dsp: int
    bram36: int
    uram: int
    lutram: int

    @property
    def bram18(self) -> int:
        """Block RAMs of 18 Kb: each of 36 Kb is two of them."""
        return 2 * self.bram36


@cache
def known_parts() -> Mapping[str, Part]:
    """All parts that are known, by name."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return {
        name: Part(name, row["family"], **{resource: int(row[resource]) for resource in RESOURCES})
        for row in rows
        for name in row["name"].split("/")
    }


def lookup_part(part_number: str) -> Part | None:
    """The part of a part number, None if it is not known; see ``find_part``."""
    spelled = _spelled(part_number)
    for name, part in known_parts().items():
        if spelled.startswith(name) and _REST.fullmatch(spelled[len(name) :]):
            return part
    return None


def find_part(part_number: str) -> Part:
    """The part of a part number in the spelling of tools (``xczu9eg-ffvb1156-2-e``) or orders (``XC7A35T-1CPG236C``).

    Letters are upper or lower case; package and speed and temperature grade are any, and may be left out. Automotive
    (``xa7a35t``) and defence grades (``xq7a100t``) hold what the device of the XC line does.

    Raises:
        OptionError: no such part is known; names the nearest.
    """
    part = lookup_part(part_number)
    if part is None:
        raise OptionError(
            f"part {shown(part_number)} is unknown; nearest known: {', '.join(_nearest(part_number))}; {REMEDIES}"
        )
    return part


def given_part(name: str, resources: Any) -> Part:
    """A part with what the user says it holds.

    Args:
        name: its part number.
        resources: number of each of ``RESOURCES``; without ``lutram``, that is one LUT of ``MEMORY_SHARE``.

    Raises:
        OptionError: not these, or no whole numbers, or more memory LUTs than LUTs.
    """
    if not isinstance(resources, Mapping) or set(resources) | {"lutram"} != set(RESOURCES):
        given = resources if isinstance(resources, Mapping) else ()
        missing = [name for name in ASKED if name not in given]
        lacks = f"; {', '.join(missing)} missing, which may be 0" if given and missing else ""
        raise OptionError(
            f"resources {shown(resources)}: expected a mapping with exactly {', '.join(ASKED)}, and lutram if it is "
            f"known{lacks}"
        )
    for key, value in resources.items():
        if type(value) is not int or not 0 <= value <= MOST:
            raise OptionError(f"resources: {key} is {shown(value)}; expected a whole number from 0 to {MOST:,}")
    lut = resources["lut"]
    if resources.get("lutram", 0) > lut:
        raise OptionError(f"resources: lutram is {resources['lutram']:,}, but they are among the {lut:,} of lut")
    return Part(name, GIVEN, **{"lutram": lut // MEMORY_SHARE, **resources})


def _spelled(part_number: str) -> str:
    """In lower case, as a device of the XC line."""
    return _PREFIX.sub("xc", part_number.strip().lower(), count=1)


def _nearest(part_number: str) -> list[str]:
    """The known names that are most like the part number's beginning."""
    spelled = _spelled(part_number)
    return nlargest(NEAREST, known_parts(), lambda name: SequenceMatcher(None, spelled[: len(name)], name).ratio())

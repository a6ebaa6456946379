"""Part numbers in all their spellings, and what the parts hold."""

from __future__ import annotations

import pytest

from hlsq.cost.parts import GIVEN, Part, find_part, given_part, known_parts, lookup_part
from hlsq.errors import OptionError

# Part numbers as Vivado and Vitis HLS list them, and as they are ordered; all in use.
SPELLINGS = {
    "xc7a100t": "xc7a100tcsg324-1 xc7a100t-csg324-1 XC7A100T xc7a100tlcsg324-2L xc7a100ticsg324-1L XC7A100T-1CSG324C "
    "xa7a100tfgg484-1Q XC7A100T-2FTG256I xq7a100tcs324-1M",
    "xc7a35t": "xc7a35tcpg236-1 XC7A35T-L1CSG324I xc7a35ticsg324-1L xa7a35tcpg236-1I",
    "xc7s50": "xc7s50csga324-1 xc7s50csga324-1IL xc7s50fgga484-1Q",
    "xc7s6": "xc7s6cpga196-1",
    "xc7k325t": "xc7k325tffg900-2 xc7k325tffg676-2L",
    "xc7vx690t": "xc7vx690tffg1761-2",
    "xc7z020": "xc7z020clg400-1 xc7z020iclg484-1L XC7Z020-1CLG400C xa7z020clg400-1I",
    "xc7z007s": "xc7z007sclg225-1",
    "xc7z045": "xc7z045ffg900-2 xq7z045rf900-2I",
    "xcku060": "xcku060-ffva1156-2-e xqrku060-cna1509-1-m XCKU060-2FFVA1156E",
    "xcau10p": "xcau10p-ffvb676-1-e xaau10p-sbvb484-1-i",
    "xczu3eg": "xczu3eg-sbva484-1-e xazu3eg-sfvc784-1-i XCZU3EG-1SBVA484I",
    "xczu7ev": "xczu7ev-ffvc1156-2-e xczu7ev-ffvc1156-2-i-es2",
    "xczu9eg": "xczu9eg-ffvb1156-2-e XCZU9EG-L1FFVB1156I xqzu9eg-ffrb1156-1-i",
    "xczu28dr": "xczu28dr-ffvg1517-2-e",
    "xcvu9p": "xcvu9p-flga2104-2L-e xcvu9p_CIV-flgb2104-2-i XCVU9P-L2FLGA2104E",
    "xck26": "xck26-sfvc784-2LV-c",
    "xck24": "xck24-ubva530-2LV-c",
    "xcu50": "xcu50-fsvh2104-2-e",
    "xcu250": "xcu250-figd2104-2L-e",
    "xcu55c": "xcu55c-fsvh2892-2L-e",
}
NO_PARTS = [
    "notapart", "", "xc7a100", "xc7a110tcsg324-1", "xc7a100csg324-1", "7z020clg400-1", "xcu2500", "xc7a100tcsg324-",
    "xc7a100tcsg3", "xc7a100t csg324-1", "xc7a100txyz", "xczu9", "xczu8eg-ffvb1156-2-e", "xdc7a100t",
]  # fmt: skip
# As the designs that hlsq is compared with, or their makers, publish percentages of.
HOLDS = {
    "xc7a35t": (20_800, 41_600, 90, 50, 0, 9_600),
    "xc7a100t": (63_400, 126_800, 240, 135, 0, 19_000),
    "xc7z020": (53_200, 106_400, 220, 140, 0, 17_400),
    "xc7z045": (218_600, 437_200, 900, 545, 0, 70_400),
    "xc7vx690t": (433_200, 866_400, 3_600, 1_470, 0, 174_200),
    "xczu9eg": (274_080, 548_160, 2_520, 912, 0, 144_000),
    "xczu7ev": (230_400, 460_800, 1_728, 312, 96, 101_760),
    "xck26": (117_120, 234_240, 1_248, 144, 64, 57_600),
    "xcvu13p": (1_728_000, 3_456_000, 12_288, 2_688, 1_280, 791_040),
}


@pytest.mark.parametrize(("name", "number"), [(name, n) for name, all_ in SPELLINGS.items() for n in all_.split()])
def test_any_package_and_grade_is_understood(name: str, number: str) -> None:
    for spelled in (number, number.upper(), number.lower()):
        assert find_part(spelled).name == name


@pytest.mark.parametrize("number", NO_PARTS)
def test_an_unknown_part_names_the_nearest_and_what_helps(number: str) -> None:
    assert lookup_part(number) is None
    with pytest.raises(OptionError, match=r"is unknown; nearest known: x.*resources=\{.*part_check=False") as caught:
        find_part(number)
    named = str(caught.value).split("nearest known: ")[1].split(";")[0].split(", ")
    assert set(named) <= set(known_parts())


@pytest.mark.parametrize(
    ("number", "nearest"),
    [
        ("xc7a110tcsg324-1", "xc7a100t"),
        ("7z020clg400-1", "xc7z020"),
        ("xcu2500", "xcu250"),
        ("XCZU9-FFVB1156", "xczu9eg"),
    ],
)
def test_the_nearest_are_near(number: str, nearest: str) -> None:
    with pytest.raises(OptionError, match=rf"nearest known: [^;]*\b{nearest}\b"):
        find_part(number)


@pytest.mark.parametrize("name", HOLDS)
def test_what_a_part_holds(name: str) -> None:
    part = find_part(name)
    assert (part.lut, part.ff, part.dsp, part.bram36, part.uram, part.lutram) == HOLDS[name]
    assert part.bram18 == 2 * part.bram36


def test_the_table_is_of_whole_slices() -> None:
    """Every LUT of these devices has two flip-flops, only UltraScale+ has UltraRAM; memory LUTs come by the slice."""
    for part in known_parts().values():
        assert part.ff == 2 * part.lut, part.name
        series7 = part.family.endswith("7") or part.family == "Zynq-7000"
        assert part.lutram % (4 if series7 else 8) == 0, part.name
        # Only devices that are larger ones have more than every other slice for memories, and none have all.
        assert 0.14 * part.lut < part.lutram < 0.93 * part.lut, part.name
        assert min(part.lut, part.dsp, part.bram36) > 0
        assert part.uram == 0 or part.family in ("Alveo", "Kria") or part.family.endswith("UltraScale+"), part.name


def test_every_name_is_its_own_part() -> None:
    for name in known_parts():
        assert find_part(name).name == name


def test_a_given_part_holds_what_is_said() -> None:
    held = {"lut": 1, "ff": 2, "dsp": 3, "bram36": 4, "uram": 0}
    assert given_part("mine", held) == Part("mine", GIVEN, 1, 2, 3, 4, 0, 0)
    assert given_part("mine", held | {"lut": 63_400}).lutram == 15_850, "a quarter"
    assert given_part("mine", held | {"lut": 63_400, "lutram": 19_000}).lutram == 19_000
    with pytest.raises(OptionError, match="lutram is 2, but they are among the 1 of lut"):
        given_part("mine", held | {"lutram": 2})
    for wrong in ({}, held | {"bram18": 8}, {"lut": 5}, None, 5):
        with pytest.raises(OptionError, match="exactly lut, ff, dsp, bram36, uram, and lutram if it is known"):
            given_part("mine", wrong)
    for count in (-1, 1.5, True, "5", 10**400, None):
        with pytest.raises(OptionError, match=r"resources: ff is .*; expected a whole number from 0 to 1,000,000,000"):
            given_part("mine", held | {"ff": count})

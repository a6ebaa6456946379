"""Numbers of things in words."""

import pytest

from hlsq.counted import counted, in_percent

CASES = [(0, "block", "0 blocks"), (1, "block", "1 block"), (1234, "block", "1,234 blocks")]
HISSING = [(1, "mismatch", "1 mismatch"), (0, "mismatch", "0 mismatches"), (2, "class", "2 classes")]


@pytest.mark.parametrize(("number", "thing", "text"), [*CASES, *HISSING])
def test_counted(number: int, thing: str, text: str) -> None:
    assert counted(number, thing) == text


def test_shares_in_percent() -> None:
    assert [in_percent(share) for share in (0, 0.8, 0.125, 12.5)] == ["0 %", "80 %", "12 %", "1,250 %"]
    assert [in_percent(0.98765, 2), in_percent(1, 1)] == ["98.77 %", "100.0 %"]

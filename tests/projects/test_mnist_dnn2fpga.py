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
@pytest.mark.slow(40)
@pytest.mark.usefixtures("shipped_flags")
def test_eight_and_four_bits_are_as_good_and_exact(
    call: Callable[..., Result], percentages: Callable[[str], dict[str, float]], tmp_path: Path
) -> None:
    result = call(RUN, "--train", 10_000, "--epochs", 1, "--images", 4_000, "--calibration", 500, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    found = percentages(result.output)
    real = found.pop("float")
    assert real > 85
    del found["accuracy of the C simulation"]
    assert found.keys() >= {f"quant8, {method}" for method in ("minmax", "percentile", "mse", "entropy")}
    assert found.keys() >= {"doubleq_ef, 4 bits, free", "doubleq_ef, 4 bits, power_of_two"}
    for name, value in found.items():
        assert value >= real - 0.2, name
    simulated = re.findall(r"^accuracy of the C simulation +([\d.]+) %$", result.output, re.MULTILINE)
    assert [float(value) for value in simulated] == [found["quant8, minmax"], found["doubleq_ef, 4 bits, free"]]
    assert re.findall(r"^images verified +(\S+)$", result.output, re.MULTILINE) == ["4,000", "4,000"]
    assert re.findall(r"^mismatches +(\S+)$", result.output, re.MULTILINE) == ["0", "0"]
    assert re.findall(r"^weights, codes +(\S+) bytes$", result.output, re.MULTILINE) == ["18,684", "9,342"]

"""projects/resnet20_cifar10/power_of_two.py: accuracy of power-of-two codes, and hardware without multiplications."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import Result
from small import small_network

SCRIPT = "resnet20_cifar10/power_of_two.py"


@pytest.mark.csim
@pytest.mark.realdata
@pytest.mark.slow(23)
@pytest.mark.usefixtures("shipped_flags")
def test_four_bits_without_multiplication(call: Callable[..., Result], tmp_path: Path) -> None:
    options = ("--bits", 4, "--images", 300, "--samples", 2, "--calibration", 100, "--output", tmp_path / "build")
    result = call(SCRIPT, *options)
    assert result.exit_code == 0, result.output
    rows = dict(re.findall(r"^(\w+) +4 +(\d+\.\d+) %", result.output, re.MULTILINE))
    differs = re.findall(r"^\w+ +4 +\S+ % +(\d+\.\d+) %", result.output, re.MULTILINE)
    assert len(differs) == 2
    assert all(0 < float(value) < 8 for value in differs)
    assert set(rows) == {"free", "power_of_two"}
    assert all(float(value) > 85 for value in rows.values())
    assert re.search(r"^mismatches +0$", result.output, re.MULTILINE)
    assert re.search(r"^kinds of PEs +shift$", result.output, re.MULTILINE)
    assert re.search(r"^blocks that multiply +0 of 32$", result.output, re.MULTILINE)


@pytest.mark.csim
def test_a_block_that_multiplies_is_an_error(script: Callable[[str], ModuleType], tmp_path: Path) -> None:
    module = script(SCRIPT)
    graph, plan = small_network()  # its scales are no powers of two
    samples = np.random.default_rng(0).normal(size=(4, 6, 6, 2)).astype(np.float32)
    with pytest.raises(module.MultiplicationFound, match=r"conv_first_q\.h"):
        module.show_hardware(graph, plan, 5, samples, samples, tmp_path / "net")

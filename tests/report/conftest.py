"""A project to report on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder
from small import small_network

import hlsq
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph.ops import Conv2D
from hlsq.hardware import HardwareModel
from hlsq.plan import BlockPlan
from hlsq.report import Report

SAMPLES = np.random.default_rng(0).normal(size=(70, 6, 6, 2)).astype(np.float32)
OUTPUT = Affine(8, 0.05, signed=False)
Convert = Callable[..., HardwareModel]


@pytest.fixture(scope="session")
def hw(tmp_path_factory: pytest.TempPathFactory) -> HardwareModel:
    graph, plan = small_network()
    graph = replace(graph, host={"class": "softmax"})
    folder = tmp_path_factory.mktemp("report") / "net"
    return hlsq.convert(graph, plan, output_dir=folder, calibration=SAMPLES, reuse_factor={"conv/first": 4})


@pytest.fixture(scope="session")
def report(hw: HardwareModel) -> Report:
    return hw.report()


@pytest.fixture
def convert_one(tmp_path: Path) -> Convert:
    """Makes a single convolution of a name into a project."""

    def convert(name: str = "fc", **options: Any) -> HardwareModel:
        b = NetworkBuilder(np.random.default_rng(1))
        b.input("x", (4, 4, 2), Affine(8, 0.03, signed=False))
        plan = BlockPlan(weight=PowerOfTwo(scale=0.01), output=OUTPUT)
        b.add(name, Conv2D(), ["x"], kernel=b.kernel(3, 3, 2, 4), plan=plan, layers=(name, f"{name}_bn"))
        return hlsq.convert(*b.build([name]), output_dir=tmp_path / "net", **options)

    return convert

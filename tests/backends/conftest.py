"""A small residual network as a written project."""

from pathlib import Path

import numpy as np
import pytest
from small import small_network

import hlsq


@pytest.fixture
def samples() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(20, 6, 6, 2)).astype(np.float32)


@pytest.fixture
def project(tmp_path: Path, samples: np.ndarray) -> hlsq.HardwareModel:
    graph, plan = small_network()
    return hlsq.convert(graph, plan, output_dir=tmp_path / "net", calibration=samples)

"""Settings of the whole test session."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests of real data where there is none, instead of downloading it."""
    if item.get_closest_marker("realdata") and not os.environ.get("HLSQ_DATA"):
        pytest.skip("real data: set HLSQ_DATA to a folder with CIFAR-10, MNIST and the pretrained ResNet-20")

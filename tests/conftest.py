"""Settings of the whole test session: threads, compiler flags, order of the tests, and what workers share."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from headers import precompile
from once import SharedFolder

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Most simulations run for less time than it takes to optimise them; the fixture `shipped_flags` is for the others.
FLAGS_OF_THE_USER = "HLSQ_CXXFLAGS" in os.environ
os.environ.setdefault("HLSQ_CXXFLAGS", "-O1")

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Divide the cores between the workers, and compile headers for them; they inherit these variables."""
    workers = config.getoption("numprocesses", None)
    if not workers or hasattr(config, "workerinput"):
        return
    for name in THREADS:
        os.environ.setdefault(name, str(max(1, (os.cpu_count() or 1) // workers)))
    os.environ.setdefault("HLSQ_JOBS", os.environ["OMP_NUM_THREADS"])
    if not (FLAGS_OF_THE_USER or config.option.collectonly):
        # Beside the folders of the tests, of which pytest keeps a few: a run that is killed leaves nothing for ever.
        folder = config._tmp_path_factory.mktemp("headers", numbered=False)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ["HLSQ_CXXFLAGS"] = precompile(folder, os.environ["HLSQ_CXXFLAGS"])


def pytest_collection_finish() -> None:
    """What is loaded until here stays, so that the garbage collector need not look at it again and again."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that no worker waits for another in the end; all others stay in their order."""
    items.sort(key=lambda item: -seconds(item))


def seconds(item: pytest.Item) -> float:
    """About how long a test takes, as its marker ``slow`` says, which means ten by itself; 0 without it."""
    marker = item.get_closest_marker("slow")
    return 0 if marker is None else next(iter(marker.args), 10)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests of real data where there is none, instead of downloading it."""
    if item.get_closest_marker("realdata") and not os.environ.get("HLSQ_DATA"):
        pytest.skip("real data: set HLSQ_DATA to a folder with CIFAR-10, MNIST and the pretrained ResNet-20")


@pytest.fixture
def shipped_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiles simulations as users do."""
    monkeypatch.delenv("HLSQ_CXXFLAGS")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> SharedFolder:
    own = tmp_path_factory.getbasetemp()
    return SharedFolder(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def train_once(shared_folder: SharedFolder) -> Callable[..., Any]:
    """``hlsq.demo.train``, except that a run trains only once for each number of epochs."""
    from hlsq import demo

    train = demo.train

    def trained(epochs: int, step: Any = None) -> Any:
        import keras

        path = shared_folder.once(f"digits_{epochs}.keras", lambda path: train(epochs).save(path))
        return keras.models.load_model(path)

    return trained

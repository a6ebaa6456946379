"""Small networks to search, the plain algorithm to compare with, and executors that misbehave."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import run_float
from hlsq.graph import Activation, Block, Graph, GraphInput, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense
from hlsq.plan import BlockPlan, Plan
from hlsq.schemes import run_scheme
from hlsq.search import Problem, scoring_for

SIZE = 8
CHANNELS = 6
CLASSES = 5
Samples = NDArray[np.float64]
Labels = NDArray[np.int64]


def chain(depth: int, seed: int = 0, residual: bool = False) -> Graph:
    """``depth`` convolutions one after the other (or in pairs beside a shortcut), global average, dense."""
    rng = np.random.default_rng(seed)
    relu = Activation(relu=True)
    blocks: list[Block] = []
    source, channels = "image", 3
    for index in range(depth):
        kernel = rng.normal(size=(3, 3, channels, CHANNELS)) * np.sqrt(2 / (9 * channels))
        bias = rng.normal(size=CHANNELS) * 0.2
        op = Conv2D(padding=(1, 1, 1, 1))
        blocks.append(Block(f"conv{index}", op, (source,), kernel, bias, activation=relu))
        if residual and index % 2 == 0 and index:
            blocks.append(Block(f"sum{index}", Add(), (blocks[-1].name, source), activation=relu))
        source, channels = blocks[-1].name, CHANNELS
    window = (SIZE, SIZE)
    blocks.append(Block("pool", AveragePool2D(window, window, squeeze=True), (source,)))
    blocks.append(Block("class", Dense(), ("pool",), rng.normal(size=(CHANNELS, CLASSES)), np.zeros(CLASSES)))
    return _centred(Graph("chain", (GraphInput("image", (SIZE, SIZE, 3)),), tuple(blocks), ("class",)))


def _centred(graph: Graph) -> Graph:
    """The same network with the mean of each logit at zero, so that all classes occur."""
    logits = run_float(graph, {"image": images(200, 99).astype(np.float32)})["class"].astype(np.float64)
    last = graph.blocks[-1]
    assert last.kernel is not None
    spread = logits.std(axis=0)
    last = replace(last, kernel=last.kernel / spread, bias=-logits.mean(axis=0) / spread)
    return replace(graph, blocks=(*graph.blocks[:-1], last))


def images(count: int, seed: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, SIZE, SIZE, 3)) * rng.uniform(0.3, 1.5, (count, 1, 1, 3))


def sure_images(graph: Graph, count: int) -> Samples:
    """Of many random images those for which the float network's first two logits differ most."""
    x = images(5 * count, 3)
    logits = np.sort(run_float(graph, {"image": x.astype(np.float32)})["class"], axis=1)
    return x[np.argsort(logits[:, -2] - logits[:, -1])[:count]]


def predictions(graph: Graph, x: Samples) -> Labels:
    """What the float network says; quantised ones can only agree or not."""
    return run_float(graph, {"image": x.astype(np.float32)})["class"].argmax(axis=1)


def real_outputs(network: QuantizedGraph, x: Samples | Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
    found = Emulator(network).run(x, progress=False).outputs
    return {n: network.by_name[n].format.dequantize(v.astype(np.int64)).astype(np.float32) for n, v in found.items()}


def full_accuracy(graph: Graph, plan: Plan, x: Samples, labels: Labels) -> float:
    """Accuracy of a complete emulation."""
    logits = real_outputs(quantize_graph(graph, plan), x)["class"]
    return float((logits.argmax(axis=1) == labels).mean())


def algorithm_1(graph: Graph, calibration: Samples, x: Samples, labels: Labels, mrt: float) -> list[tuple[str, float]]:
    """DoubleQ's Algorithm 1, every candidate emulated in full: critical layers and accuracies in the order found."""
    double, single = (run_scheme(name, graph, calibration) for name in ("doubleq", "quant8"))
    layers = [name for name in double.blocks if double.blocks[name] != single.blocks[name]]
    initial, aim = (full_accuracy(graph, plan, x, labels) for plan in (double, single))
    assert aim > initial, "a network on which powers of two lose something"
    found: list[tuple[str, float]] = []
    plan, latest = double, initial
    while layers and (latest - initial) / (aim - initial) < mrt:
        tried = {}
        for name in layers:
            candidate = plan.with_block(name, **vars(single.blocks[name]))
            tried[name] = full_accuracy(graph, candidate, x, labels)
        best = max(tried, key=lambda name: tried[name])  # the first of equal ones
        plan, latest = plan.with_block(best, **vars(single.blocks[best])), tried[best]
        layers.remove(best)
        found.append((best, latest))
    return found


def widths_algorithm(
    graph: Graph, plans: Mapping[int, Plan], x: Samples, labels: Labels, mrt: float, per_byte: bool = False
) -> list[tuple[str, int, float]]:
    """Raising code widths, every candidate emulated in full: layers, their bits and accuracies in the order found.

    Args:
        graph: to search.
        plans: uniform plans by their code width, ascending.
        x: samples.
        labels: of the samples.
        mrt: share of the loss to win back.
        per_byte: the best change is that with the largest gain for a byte, and if none gains, the most accurate one.
    """
    first, *_, last = plans
    sizes = {b.name: b.kernel.size for b in graph.blocks if b.kernel is not None and b.name.startswith("conv")}
    plan, bits = plans[first], dict.fromkeys(sizes, first)
    initial, aim = (full_accuracy(graph, plans[end], x, labels) for end in (first, last))
    assert aim > initial, "a network on which narrow codes lose something"
    found: list[tuple[str, int, float]] = []
    latest = initial
    while set(bits.values()) != {last} and (latest - initial) / (aim - initial) < mrt:
        ranked: list[tuple[float, str, int, float]] = []
        for name in sizes:
            for wider in (b for b in plans if b > bits[name]):
                candidate = plan.with_block(name, **vars(plans[wider].blocks[name]))
                value = full_accuracy(graph, candidate, x, labels)
                gain = value - latest
                added = sizes[name] * (wider - bits[name]) / 8
                rank = gain / added if per_byte and gain > 0 else gain
                ranked.append((rank, name, wider, value))
        _, name, wider, latest = max(ranked, key=lambda entry: entry[0])  # the first of equal ones
        plan, bits[name] = plan.with_block(name, **vars(plans[wider].blocks[name])), wider
        found.append((name, wider, latest))
    return found


def problem_of(graph: Graph, x: Samples | None = None) -> Problem:
    """Eight-bit weights instead of powers of two, labels from the float network."""
    x = images(320, 3) if x is None else x
    start = run_scheme("doubleq", graph, images(64, 2))
    levels = {n: [BlockPlan(weight=b.first_level, output=b.output)] for n, b in start.blocks.items() if b.first_level}
    y = predictions(graph, x)
    return Problem(graph, start, levels, {"image": x}, scoring_for("accuracy", y, {"class": (CLASSES,)}), y)


class Counting(Executor):
    """Computes at once, counts, and does something before a certain task."""

    def __init__(self, after: int | None = None, action: Callable[[], Any] | None = None) -> None:
        self.tasks: list[Any] = []
        self.after, self.action = after, action

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.action is not None and len(self.tasks) == self.after:
            self.action()
        self.tasks.append(args[0])
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def tell(_: int) -> int:
    """The worker's process, after a moment in which others can answer."""
    time.sleep(0.05)
    return os.getpid()


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    raise KeyboardInterrupt


def fail(*_: Any) -> None:
    raise ZeroDivisionError("no luck")


def die(*_: Any) -> None:
    os._exit(3)


class Unlucky(Executor):
    """Passes tasks on, except that those of one candidate become ``instead``."""

    def __init__(self, inner: Executor, candidate: str, instead: Callable[..., Any]) -> None:
        self.inner, self.candidate, self.instead = inner, candidate, instead
        self._max_workers = getattr(inner, "_max_workers", 2)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        chosen = self.instead if args[0].candidate.name == self.candidate else fn
        return self.inner.submit(chosen, *args, **kwargs)

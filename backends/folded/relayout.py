"""Passes that bring channels into order, where somebody needs them so: maps that are added, and outputs.

A convolution with the identity moves every channel to its lane, on PEs of any kind.
"""

from __future__ import annotations

from dataclasses import replace

from hlsq.backends.folded.layout import Layout, in_order, layouts
from hlsq.backends.folded.tasks import Task, Window, Work
from hlsq.graph.ops.base import spatial

ORDERED = ".ordered"
OUTPUT = ".output"


def with_order(work: Work, word: int) -> Work:
    """``work`` with such passes, and one for every output that no pass computes as it has to leave.

    Args:
        work: the passes.
        word: lanes of a memory word, on which the order depends.
    """
    lanes = layouts(work, word)
    copies, origins = dict(work.copies), dict(work.origins)
    tasks: list[Task] = []

    def is_ordered(name: str) -> bool:
        found: Layout = lanes[work.root(name)]
        return found == in_order(work.shape(work.root(name))[-1], word)

    def ordered(name: str) -> str:
        copy = work.root(name) + ORDERED
        if copy not in copies:
            tasks.append(_pass(work, name, copy, "mac"))
            copies[copy] = work.shape(work.root(name))
            origins[copy] = work.root(name)
        return copy

    for task in work.tasks:
        if task.operands:
            same = {lanes[work.root(name)] for name in (*task.operands, task.source)} if task.mode != "mac" else set()
            if task.mode == "mac" or len(same) > 1:
                others = tuple(name if is_ordered(name) else ordered(name) for name in task.operands)
                moves = task.mode != "mac" and not is_ordered(task.source)
                task = replace(task, operands=others, source=ordered(task.source) if moves else task.source)
        tasks.append(task)
    targets = {task.target for task in work.tasks}
    for name in work.graph.outputs:
        if name not in targets or not is_ordered(name):
            tasks.append(_pass(work, name, name + OUTPUT, "sum" if is_ordered(name) else "mac"))
            copies[name + OUTPUT] = work.shape(work.root(name))
            origins[name + OUTPUT] = work.root(name)
    return replace(work, tasks=tuple(tasks), copies=copies, origins=origins)


def _pass(work: Work, name: str, target: str, mode: str) -> Task:
    root = work.root(name)
    shape = spatial(work.shape(root))
    return Task(None, "mac" if mode == "mac" else "sum", root, Window(shape, shape), target)

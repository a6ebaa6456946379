"""Which tensors the integers belong to that an instruction computes."""

from __future__ import annotations

from hlsq.backends.folded.layout import NONE, Layout, parts_of
from hlsq.backends.folded.pieces import View
from hlsq.backends.folded.tasks import Task, Work

Views = tuple[View, ...]


def task_views(work: Work, task: Task, layouts: dict[str, Layout]) -> tuple[Views, Views]:
    """Of the first and the second stage of ``task``."""
    if task.add is None:
        return tensor_views(work, task.target, layouts), ()
    own = None if task.block is None else task.block.name
    first = () if own is None else (View(own, work.graph.shapes[own][-1], layouts[task.target]),)
    return first, tensor_views(work, task.target, layouts)


def tensor_views(work: Work, name: str, layouts: dict[str, Layout]) -> Views:
    """``name``, tensors that are the same looked at differently, and concatenations that it is a part of."""
    channels, layout = work.shape(name)[-1], layouts[name]
    found = [View(name, channels, layout)] if name in work.graph.shapes else []
    found += [View(other, channels, layout) for other in work.aliases if work.root(other) == name]
    if name in work.parts:
        whole, number = work.parts[name]
        before = sum(work.shape(part)[-1] for part in parts_of(work, whole)[:number])
        moved = tuple(c if c == NONE else c + before for c in layout)
        found += [
            View(v.tensor, v.channels, _within(v.layout, layouts[whole], moved))
            for v in tensor_views(work, whole, layouts)
        ]
    return tuple(found)


def _within(view: Layout, whole: Layout, part: Layout) -> Layout:
    """Channels of a view of a concatenation, for the lanes of one part."""
    seen = dict(zip(whole, view, strict=True))
    return tuple(c if c == NONE else seen[c] for c in part)

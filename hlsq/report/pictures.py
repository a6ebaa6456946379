"""The pictures of a report, drawn with matplotlib."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hlsq.escape import visible
from hlsq.report.curve import ACCURACY, Points
from hlsq.report.lengths import WordLength
from hlsq.report.model import BlockReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 11.0
"""Of a picture, in inches."""
COLORS = {
    "float": "#9aa5b1",
    "codes": "#1d6fb8",
    "unused": "#9cc9ee",
    "idle": "#e3c07a",
    "shift": "#2b8a5b",
    "multiply": "#c25b3f",
    "sign": "#7d5ba6",
    "dual": "#b8912b",
}
PLAIN = "#52606d"
OTHER_MARKS = {"bias": ("o", -0.25), "scale": ("^", 0.0), "shift": ("s", 0.25)}
"""Marker and place beside each other, because many of them are equally long."""


def svg(figure: Figure) -> str:
    """``figure`` as an ``<svg>`` element; the same figure gives the same text."""
    import matplotlib

    buffer = io.StringIO()
    # Text stays text: it is smaller, and can be searched and read aloud.
    with matplotlib.rc_context({"svg.hashsalt": "hlsq", "svg.fonttype": "none"}), warnings.catch_warnings():
        # The reader's browser may well have the letters that matplotlib's font has not.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # The page is HTML, where the namespaces are known and addresses would only look like references.
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Groups are numbered in every picture anew, so their names would not be unique in the page; nothing refers to them.
    text = re.sub(r'<g id="\w+_\d+">', "<g>", text)
    return re.sub(r'<svg [^>]*?( width="[^"]*")? [^>]*?(viewBox="[^"]*")[^>]*>', r"<svg\1 \2>", text, count=1)


def new_figure(width: float, height: float) -> Figure:
    """As large as its axes; ``svg`` adds the room that labels take, which is much quicker than fitting them in."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, hspace=0.2)
    return figure


def draw_word_lengths(lengths: Sequence[WordLength]) -> Figure:
    """Bits of weights, activations and all others of every input and block (FxP-QNet Fig. 10)."""
    names = list(dict.fromkeys(length.name for length in lengths))
    place = {name: index for index, name in enumerate(names)}
    figure = new_figure(max(4.0, 0.28 * len(names) + 1), 5.0)
    groups = ("weights", "activations", "others")
    for ax, group in zip(figure.subplots(len(groups), 1, sharex=True), groups, strict=True):
        inside = [length for length in lengths if length.group == group]
        if group == "others":
            for kind, (mark, beside) in OTHER_MARKS.items():
                found = [length for length in inside if length.kind == kind]
                if found:
                    ax.plot([place[m.name] + beside for m in found], [m.bits for m in found], mark, ms=4, label=kind)
            if inside:
                _legend(ax)
        else:
            bars = ax.bar([place[m.name] for m in inside], [m.bits for m in inside], color=COLORS["codes"])
            ax.bar_label(bars, [str(m.bits) for m in inside], fontsize=6)
        ax.set_ylabel(f"{group}\nbits", fontsize=8)
        ax.tick_params(labelsize=7)
        ax.set_ylim(0, 1.2 * max((m.bits for m in inside), default=1))
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set_xticks(range(len(names)), [short_name(name) for name in names], rotation=90, fontsize=7)
    return figure


def draw_pes(blocks: Sequence[BlockReport]) -> Figure:
    """Number of PEs of every block, coloured by their kind."""
    found = [(block.name, block.pe) for block in blocks if block.pe is not None][::-1]
    figure = new_figure(WIDTH * 0.6, 0.22 * len(found) + 0.2)
    ax = figure.subplots()
    for kind in sorted({pe.kind for _, pe in found}):
        rows = [(i, pe) for i, (_, pe) in enumerate(found) if pe.kind == kind]
        bars = ax.barh([i for i, _ in rows], [pe.count for _, pe in rows], color=COLORS.get(kind, PLAIN), label=kind)
        labels = [f"{pe.count:,}, reuse {pe.reuse_factor:,}" for _, pe in rows]
        ax.bar_label(bars, labels, padding=3, fontsize=7)
    ax.set_xlabel("PEs", fontsize=8)
    ax.set_xlim(0, 1.2 * max(pe.count for _, pe in found))
    _rows(ax, [name for name, _ in found])
    return figure


def draw_memory(blocks: Sequence[BlockReport]) -> Figure:
    """Weight memory of every block: codes, unused bits of words, idle PEs."""
    found = [block for block in blocks if block.memory.weights][::-1]
    figure = new_figure(WIDTH * 0.6, 0.22 * len(found) + 0.2)
    ax = figure.subplots()
    left = [0.0] * len(found)
    for style, meaning in (("codes", "codes"), ("unused", "unused bits of words"), ("idle", "idle PEs, ends of rows")):
        sizes = [_part(block, style) / 8000 for block in found]
        if any(sizes):
            bars = ax.barh(range(len(found)), sizes, left=left, color=COLORS[style], label=meaning)
        left = [a + b for a, b in zip(left, sizes, strict=True)]
    ax.bar_label(bars, [f"{block.memory.code_bits} bit" for block in found], padding=3, fontsize=7)
    ax.set_xlabel("kB (1 kB = 1000 bytes)", fontsize=8)
    ax.set_xlim(0, 1.1 * max(left))
    _rows(ax, [block.name for block in found])
    return figure


def draw_curves(
    curves: Mapping[str, Points], references: Mapping[str, Points], title: str = "", metric: str = ACCURACY
) -> Figure:
    """Accuracy (or another metric) against memory in bytes: searches as lines, other results as crosses."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    ax = figure.subplots()
    unit = 100 if metric == ACCURACY else 1
    for style, size, group in (("o-", 3, curves), ("x", 7, references)):
        for name, points in group.items():
            ordered = sorted(points)
            ax.plot(
                [memory / 1000 for memory, _ in ordered],
                [unit * value for _, value in ordered],
                style,
                markersize=size,
                label=plain_text(name),
            )
    ax.set_xlabel("weight memory, kB (1 kB = 1000 bytes)")
    ax.set_ylabel("accuracy, %" if metric == ACCURACY else plain_text(metric))
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    if title:
        ax.set_title(plain_text(title), fontsize=10)
    return figure


def _part(block: BlockReport, style: str) -> int:
    memory = block.memory
    if style == "idle":
        return max((memory.rom_bits or 0) - memory.packed_bits, 0)
    return memory.weight_bits if style == "codes" else memory.unused_bits


def _rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), [short_name(name) for name in names], fontsize=7)
    ax.tick_params(axis="x", labelsize=7)
    _legend(ax)
    ax.set_ylim(-0.6, len(names) - 0.4)


def _legend(ax: Axes) -> None:
    """Above the axes, where it hides nothing."""
    ax.legend(fontsize=7, ncols=4, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1)


def short_name(name: str) -> str:
    """Long names keep both ends."""
    return plain_text(name if len(name) <= 24 else f"{name[:12]}...{name[-9:]}")


def plain_text(text: str) -> str:
    """A dollar sign would begin a formula, and SVG has no control characters."""
    return visible(text).replace("$", r"\$")

"""What was asked of a design, for its report."""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.report.asked import Asked


def asked_of(design: Design | FoldedDesign | PipelinedDesign) -> Asked:
    """The same of a loaded design, for which what a target chose is as if it had been given."""
    asked, free = design.settled, design.options.has_target
    given = None if free else design.options.reuse_factor
    return Asked(
        "fit" if asked.wants_fit else None,
        asked.target_interval,
        asked.target_fps,
        asked.interval,
        asked.utilization,
        dict(given) if isinstance(given, Mapping) else given,
        None if free else design.options.pes,
        not isinstance(design, Design),
        isinstance(design, PipelinedDesign),
    )

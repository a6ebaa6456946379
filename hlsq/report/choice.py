"""When to choose which architecture, with the figures of a design."""

from __future__ import annotations

from hlsq.cost.estimate.model import Estimate


def architecture(estimate: Estimate, macs: int, folded: bool, stages: int = 0) -> str:
    """What this architecture gives, and what the other one is for.

    Args:
        estimate: of the design.
        macs: products of a sample.
        folded: whether layers take turns.
        stages: of a pipeline in which they do.
    """
    found = f"a result every {estimate.interval:,} cycles, {estimate.latency:,} after its sample begins to come"
    ideal = f"at best {-(-macs // estimate.pes):,} cycles" if estimate.pes else ""
    if folded:
        bound = f", {ideal} with as many PEs" if ideal else ""
        what = f"{stages} stages at work at once, layers of a stage take turns" if stages else "layers take turns"
        return (
            f"folded, {what}: {found}; choose dataflow, whose layers all work at once, for more samples a "
            f"second where a part holds PEs for every layer{bound}"
        )
    bound = f": {ideal} with as many PEs" if ideal else ""
    return (
        f"dataflow, layers all work at once: {found}; choose folded, whose layers take turns on the same PEs, for a "
        f"result soon after its sample{bound}, or where a part holds no PEs for every layer"
    )

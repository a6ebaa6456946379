"""What a folded accelerator is expected to cost: engines that layers share in turn, and the memories they work on."""

from hlsq.cost.folded.facts import EngineFacts, FoldedFacts, MapFacts, Table
from hlsq.cost.folded.whole import estimate_folded

__all__ = ["EngineFacts", "FoldedFacts", "MapFacts", "Table", "estimate_folded"]

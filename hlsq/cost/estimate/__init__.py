"""What a design is expected to cost and how fast it is, before synthesis."""

from hlsq.cost.estimate.choices import Choices, PEs
from hlsq.cost.estimate.model import RESOURCES, BlockEstimate, Estimate, Memory, Resources
from hlsq.cost.estimate.whole import estimate

__all__ = ["RESOURCES", "BlockEstimate", "Choices", "Estimate", "Memory", "PEs", "Resources", "estimate"]

"""What a design is expected to cost and how fast it is, before synthesis."""

from hlsq.cost.estimate.model import RESOURCES, BlockEstimate, Estimate, Resources

__all__ = ["RESOURCES", "BlockEstimate", "Estimate", "Resources"]

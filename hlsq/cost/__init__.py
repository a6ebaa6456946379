"""What the hardware of a network needs: products and PEs of each block, possible reuse factors, depths of streams."""

from hlsq.cost.products import Products, finished_of, products_of
from hlsq.cost.reuse import (
    DEFAULT_REUSE,
    Split,
    closest_split,
    nearest_reuse_factors,
    pareto_splits,
    split,
    valid_reuse_factors,
)

__all__ = [
    "DEFAULT_REUSE",
    "Products",
    "Split",
    "closest_split",
    "finished_of",
    "nearest_reuse_factors",
    "pareto_splits",
    "products_of",
    "split",
    "valid_reuse_factors",
]

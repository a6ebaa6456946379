"""Which data-structures compete with each other (FxP-QNet eq. 22-23)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hlsq.schemes.fxp.structures import Structure


@dataclass(frozen=True)
class Cluster:
    """Data-structures of one level-1 cluster that have the same size.

    Attributes:
        level: 1 for activations and the weights of convolutions and dense layers, 2 for all other parameters; 0 for
            what takes part in sums that are too long, whatever its size.
        size: values of each.
        members: in the order of the network.
    """

    level: int
    size: int
    members: tuple[Structure, ...]

    @property
    def key(self) -> str:
        """Unique name."""
        return f"{self.level}.{self.size}"


def clusters(structures: Sequence[Structure]) -> dict[int, tuple[Cluster, ...]]:
    """Level-2 clusters of both level-1 clusters, the largest data-structures first."""
    found = {}
    for level in (1, 2):
        inside = [s for s in structures if s.computes == (level == 1)]
        sizes = sorted({s.size for s in inside}, reverse=True)
        found[level] = tuple(Cluster(level, n, tuple(s for s in inside if s.size == n)) for n in sizes)
    return found

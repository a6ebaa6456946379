"""Choosing between designs: every plan with every target, what it costs, how fast and how accurate it is."""

from hlsq.exploration.model import Exploration, Row
from hlsq.exploration.run import explore

__all__ = ["Exploration", "Row", "explore"]

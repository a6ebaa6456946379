"""The networks hlsq works on: ``Graph`` (float blocks) and ``QuantizedGraph`` (integers only)."""

from hlsq.graph.block import Activation, Block, ChannelScale
from hlsq.graph.graph import Graph, GraphInput
from hlsq.graph.quantized import (
    DyadicRequant,
    Interval,
    QBlock,
    QInput,
    QScale,
    QuantizedGraph,
    QWeights,
    Requant,
    ThresholdRequant,
)

__all__ = [
    "Activation",
    "Block",
    "ChannelScale",
    "DyadicRequant",
    "Graph",
    "GraphInput",
    "Interval",
    "QBlock",
    "QInput",
    "QScale",
    "QWeights",
    "QuantizedGraph",
    "Requant",
    "ThresholdRequant",
]

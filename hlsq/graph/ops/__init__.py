"""The operations a block can do, one per file; shapes are per sample, channels last."""

from hlsq.graph.ops.add import Add
from hlsq.graph.ops.base import Op, Shape, read_op
from hlsq.graph.ops.concatenate import Concatenate
from hlsq.graph.ops.conv2d import Conv2D
from hlsq.graph.ops.dense import Dense
from hlsq.graph.ops.depthwise_conv2d import DepthwiseConv2D
from hlsq.graph.ops.identity import Identity
from hlsq.graph.ops.pool2d import AveragePool2D, MaxPool2D
from hlsq.graph.ops.reshape import Reshape
from hlsq.graph.ops.windows import Windows
from hlsq.graph.ops.zero_pad2d import ZeroPad2D

__all__ = [
    "Add",
    "AveragePool2D",
    "Concatenate",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Identity",
    "MaxPool2D",
    "Op",
    "Reshape",
    "Shape",
    "Windows",
    "ZeroPad2D",
    "read_op",
]

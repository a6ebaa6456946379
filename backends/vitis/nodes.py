"""The nodes of an hls4ml ``ModelGraph`` that holds a quantised network: one node per block."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hls4ml.model.layers import Layer, register_layer
from hls4ml.model.types import IntegerPrecisionType

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.tensors import Tensor
from hlsq.errors import GraphError

if TYPE_CHECKING:
    from hls4ml.model.graph import ModelGraph

BLOCK = "HLSQBlock"
INPUT = "HLSQInput"


class HLSQNode(Layer):
    """Common to both: an output of integers of an exact width."""

    def initialize(self) -> None:
        """Create the output variable.

        Raises:
            GraphError: the node is none of a design: hls4ml made it.
        """
        tensor: Tensor | None = self.attributes.get("tensor")
        if tensor is None:
            raise GraphError(
                f"{self.name}: hls4ml cannot add a node to a network that hlsq has quantised, nor split that with "
                "to_multi_model_graph: it is one design. Split the Keras model, and convert its parts one by one"
            )
        precision = IntegerPrecisionType(width=tensor.interval.width, signed=tensor.interval.signed)
        shape = list(self.attributes["shape"])
        self.add_output_variable(shape, var_name=tensor.ident, type_name=f"{tensor.ident}_value_t", precision=precision)


class HLSQInput(HLSQNode):
    """A network input."""


class HLSQBlock(HLSQNode):
    """A block; its attribute ``hardware`` is the ``HardwareBlock``."""


def register_nodes() -> None:
    """Make the nodes known to hls4ml."""
    register_layer(INPUT, HLSQInput)
    register_layer(BLOCK, HLSQBlock)


def design_of(model: Any) -> AnyDesign | None:
    """The design behind an hls4ml model, None if hls4ml made it from its own layers."""
    design = model.config.get_config_value("HLSQDesign")
    return design if isinstance(design, (Design, FoldedDesign, PipelinedDesign)) else None


def build_model_graph(design: AnyDesign, output_dir: str | Path) -> ModelGraph:
    """The hls4ml ``ModelGraph`` of ``design``; its compile(), predict() and build() work as for any other."""
    # hls4ml registers its plugins before this module of its own is complete.
    from hls4ml.model.graph import ModelGraph

    options, graph = design.options, design.graph
    config = {
        "Backend": "HLSQ",
        "OutputDir": str(output_dir),
        "ProjectName": options.top,
        "Part": options.part,
        "ClockPeriod": options.clock_period,
        "IOType": options.io_type,
        # A quantised network is complete: no flow of hls4ml may insert, merge or requantise anything.
        "HLSConfig": {"Flows": [], "Model": {"Precision": "ap_int<32>", "ReuseFactor": 1}},
        "HLSQDesign": design,
    }
    layers: list[dict[str, Any]] = [
        {
            "class_name": INPUT,
            "name": item.name,
            "inputs": ["input"],
            "outputs": [item.name],
            "shape": item.shape,
            "tensor": design.tensors[item.name],
        }
        for item in graph.inputs
    ]
    layers += [
        {
            "class_name": BLOCK,
            "name": hardware.block.name,
            "inputs": list(hardware.block.inputs),
            "outputs": [hardware.block.name],
            "shape": hardware.block.shape,
            "tensor": design.tensors[hardware.block.name],
            "hardware": hardware,
        }
        for hardware in design.blocks
    ]
    return ModelGraph.from_layer_list(config, layers, [i.name for i in graph.inputs], list(graph.outputs))

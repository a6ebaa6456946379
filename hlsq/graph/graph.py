"""A network of float blocks, free of any framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from hlsq.counted import counted
from hlsq.errors import GraphError, QuantizationError
from hlsq.graph.block import Block
from hlsq.graph.ops import Shape


@dataclass(frozen=True)
class GraphInput:
    """One input of the network; ``shape`` is per sample."""

    name: str
    shape: Shape


@dataclass(frozen=True, eq=False, repr=False)
class Graph:
    """Float blocks in topological order.

    Args:
        name: of the network.
        inputs: the network's inputs.
        blocks: each after all of its inputs.
        outputs: names of the blocks (or inputs) whose values are the network's outputs.
        host: what the converter left to the host, output name to e.g. ``"softmax"``.

    Raises:
        GraphError: unknown or duplicate names, shapes that do not fit.
        QuantizationError: a weight or bias that is NaN or infinite; names the block.
    """

    name: str
    inputs: tuple[GraphInput, ...]
    blocks: tuple[Block, ...]
    outputs: tuple[str, ...]
    host: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = [i.name for i in self.inputs]
        for block in self.blocks:
            if missing := [i for i in block.inputs if i not in known]:
                raise GraphError(f"block {block.name!r}: input {missing[0]!r} is no earlier block and no network input")
            expected = block.op.inputs
            if (expected is None and len(block.inputs) < 2) or (expected not in (None, len(block.inputs))):
                raise GraphError(
                    f"block {block.name!r} ({block.op.kind}) has {len(block.inputs)} inputs; "
                    f"expected {'two or more' if expected is None else expected}"
                )
            known.append(block.name)
            _check_finite(block)
        if "" in (self.name, *known):
            raise GraphError(f"network {self.name!r}: a name is empty; name the network, its inputs and blocks")
        if duplicates := sorted({n for n in known if known.count(n) > 1}):
            raise GraphError(f"network {self.name!r}: the name {duplicates[0]!r} occurs more than once")
        if missing := [o for o in self.outputs if o not in known]:
            raise GraphError(f"network {self.name!r}: output {missing[0]!r} is no block")
        _ = self.shapes

    def __repr__(self) -> str:
        inputs = ", ".join(f"{i.name} {list(i.shape)}" for i in self.inputs)
        return f"<Graph {self.name!r}: {inputs} -> {counted(len(self.blocks), 'block')} -> {', '.join(self.outputs)}>"

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shape of every input and block, per sample."""
        shapes: dict[str, Shape] = {i.name: tuple(i.shape) for i in self.inputs}
        for block in self.blocks:
            kernel = None if block.kernel is None else block.kernel.shape
            try:
                shapes[block.name] = block.op.output_shape([shapes[i] for i in block.inputs], kernel)
            except GraphError as error:
                raise GraphError(f"block {block.name!r}: {error}") from None
        return shapes

    @cached_property
    def by_name(self) -> dict[str, Block]:
        """Blocks by name."""
        return {block.name: block for block in self.blocks}

    def consumers(self, name: str) -> tuple[Block, ...]:
        """Blocks that read ``name``."""
        return tuple(block for block in self.blocks if name in block.inputs)

    def fold_batch_norm(self) -> Graph:
        """The same network with every per-channel scale folded into kernel and bias (He et al. eq. 8).

        A scale on a block without weights (after an addition, say) stays as it is.
        """
        return replace(self, blocks=tuple(_fold(block) for block in self.blocks))


def _fold(block: Block) -> Block:
    if block.scale is None or block.kernel is None:
        return block
    gain, shift = block.scale.multiplier, block.scale.shift
    bias = np.zeros_like(shift) if block.bias is None else block.bias
    return replace(block, kernel=block.kernel * gain, bias=bias * gain + shift, scale=None)


def _check_finite(block: Block) -> None:
    arrays = {"weights": block.kernel, "bias": block.bias}
    if block.scale is not None:
        arrays |= {"batch norm scale": block.scale.multiplier, "batch norm shift": block.scale.shift}
    for what, array in arrays.items():
        if array is not None and not np.isfinite(array).all():
            raise QuantizationError(
                f"layer {block.name!r}: {int((~np.isfinite(array)).sum())} of its {what} are NaN or infinite; "
                "all must be finite, so train or load the model again"
            )

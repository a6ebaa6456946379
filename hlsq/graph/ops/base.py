"""What every operation can tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from hlsq.discovery import import_all
from hlsq.errors import GraphError

Shape = tuple[int, ...]
Pads = tuple[int, int, int, int]
"""Zero padding (top, bottom, left, right)."""


@dataclass(frozen=True)
class Op(ABC):
    """One operation, without its weights.

    Attributes:
        accumulates: computes an accumulator of its own scale, which a requantisation then narrows; otherwise it
            passes integers on in the format they came in.
        has_kernel: needs weights.
        inputs: how many inputs it takes; None for two or more.
    """

    kind: ClassVar[str]
    accumulates: ClassVar[bool] = True
    has_kernel: ClassVar[bool] = False
    inputs: ClassVar[int | None] = 1
    _kinds: ClassVar[dict[str, type[Op]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" in cls.__dict__:
            Op._kinds[cls.kind] = cls

    @abstractmethod
    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """Shape of the output, given the inputs' shapes and the kernel's.

        Raises:
            GraphError: the shapes do not fit this operation.
        """

    def to_dict(self) -> dict[str, Any]:
        """A JSON form; ``op_from_dict`` is its inverse."""
        return {"op": self.kind, **asdict(self)}


def op_from_dict(data: Mapping[str, Any]) -> Op:
    """The operation that ``Op.to_dict`` wrote."""
    import_all("hlsq.graph.ops")
    cls = Op._kinds.get(str(data.get("op")))
    if cls is None:
        raise GraphError(f"unknown operation {data.get('op')!r}; valid: {', '.join(sorted(Op._kinds))}")
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k != "op"})


def spatial(shape: Shape) -> tuple[int, int, int]:
    """``shape`` seen as [height, width, channels]: [c] is a 1x1 map, [length, c] has height 1.

    Raises:
        GraphError: more than three axes.
    """
    if not 1 <= len(shape) <= 3:
        raise GraphError(f"shape {list(shape)} is no feature map; expected [height, width, channels] or fewer axes")
    full = (1,) * (3 - len(shape)) + tuple(shape)
    return full[0], full[1], full[2]


def restore(height: int, width: int, channels: int, like: Shape) -> Shape:
    """[height, width, channels] with as many axes as ``like``.

    Raises:
        GraphError: an axis that would be dropped is not 1.
    """
    full = (height, width, channels)
    if any(axis != 1 for axis in full[: 3 - len(like)]):
        raise GraphError(f"a map of shape {list(full)} cannot have the {len(like)} axes of its input {list(like)}")
    return full[3 - len(like) :]


def window_size(size: int, window: int, stride: int, before: int, after: int, dilation: int = 1) -> int:
    """Number of window positions along one axis.

    Raises:
        GraphError: the window does not fit.
    """
    span = dilation * (window - 1) + 1
    positions = (size + before + after - span) // stride + 1
    if positions < 1:
        raise GraphError(f"a window of {span} does not fit an axis of {size} padded by {before} + {after}")
    return positions

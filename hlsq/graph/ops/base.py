"""What every operation can tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from hlsq.discovery import import_all
from hlsq.errors import GraphError
from hlsq.files.fields import Field

Shape = tuple[int, ...]
Pads = tuple[int, int, int, int]
"""Zero padding (top, bottom, left, right)."""
MOST = 1 << 26
"""Largest stride, dilation, padding, window and axis."""


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

    def __post_init__(self) -> None:
        """Refuse values of fields that cannot be.

        Raises:
            GraphError: naming the field.
        """
        for item in fields(self):
            given = Field(getattr(self, item.name), GraphError, "", item.name)
            if item.metadata:
                count = item.metadata["count"]
                value: Any = given.integers(item.metadata["low"], MOST, count or 1, count)
            else:
                value = given.flag()
            object.__setattr__(self, item.name, value)

    @abstractmethod
    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """Shape of the output, given the inputs' shapes and the kernel's.

        Raises:
            GraphError: the shapes do not fit this operation.
        """

    def to_dict(self) -> dict[str, Any]:
        """A JSON form; ``read_op`` is its inverse."""
        return {"op": self.kind, **asdict(self)}


def read_op(field: Field) -> Op:
    """The operation that ``Op.to_dict`` wrote.

    Raises:
        HlsqError: (``field.error``) it is none; names file and place.
    """
    import_all("hlsq.graph.ops")
    parts = field.mapping()
    kind = parts["op"].choice(*sorted(Op._kinds)) if "op" in parts else ""
    cls = Op._kinds.get(kind)
    if cls is None:
        raise field.fail("'op' is missing")
    field.record(("op", *(f.name for f in fields(cls))))
    values = {key: tuple(p.value) if isinstance(p.value, list) else p.value for key, p in parts.items() if key != "op"}
    try:
        return cls(**values)
    except GraphError as error:
        raise field.fail(error) from None


def whole(count: int | None, low: int) -> dict[str, Any]:
    """Metadata of an operation's field: ``count`` whole numbers (None: any), each from ``low`` to ``MOST``."""
    return {"count": count, "low": low}


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

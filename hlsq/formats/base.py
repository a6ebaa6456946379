"""What every number format can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.discovery import import_all
from hlsq.errors import FormatError
from hlsq.escape import shown
from hlsq.files.fields import Field

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_WIDTH = 64
SMALLEST_SCALE = float(np.finfo(np.float64).smallest_normal)
"""Smaller ones have less than the 53 bits of float64."""


class Rounding(StrEnum):
    """How a value between two integers is rounded."""

    HALF_EVEN = "half_even"
    """To the nearest, ties to the even one (FxP-QNet, IEEE 754; C++ ``AP_RND_CONV``)."""
    HALF_UP = "half_up"
    """To the nearest, ties upwards (the adder of He et al.; C++ ``AP_RND``)."""

    @classmethod
    def _missing_(cls, value: object) -> Rounding:
        raise FormatError(f"rounding {shown(value)} is unknown; valid: {', '.join(cls)}")

    def apply(self, values: Floats) -> Floats:
        """Round ``values`` to whole numbers, still as float64."""
        if self is Rounding.HALF_EVEN:
            return np.rint(values)
        # floor(x + 0.5) is wrong where x + 0.5 is not representable (0.49999999999999994, odd x beyond 2**52).
        floor = np.floor(values)
        with np.errstate(invalid="ignore"):  # infinity minus infinity; the sum is right
            return floor + (values - floor >= 0.5)


@dataclass(frozen=True)
class Format(ABC):
    """A finite set of real values, each with an integer and a stored code.

    ``quantize`` maps real values to integers, ``dequantize`` integers to the real values they stand for,
    ``encode`` integers to non-negative codes of ``bits`` bits as they lie in memory, ``decode`` back.
    A per-channel format has one scale (or fraction length) for each index of the last axis.
    """

    kind: ClassVar[str]
    always_written: ClassVar[tuple[str, ...]] = ()
    """Fields that ``to_dict`` writes even where they have their default, for a reader who edits a plan."""
    _kinds: ClassVar[dict[str, type[Format]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" in cls.__dict__:
            Format._kinds[cls.kind] = cls

    @property
    @abstractmethod
    def bits(self) -> int:
        """Stored bits of one value."""

    @property
    @abstractmethod
    def qmin(self) -> int:
        """Smallest integer."""

    @property
    @abstractmethod
    def qmax(self) -> int:
        """Largest integer."""

    @property
    @abstractmethod
    def step(self) -> Floats:
        """Real value of one integer step, shape [] or [channels]."""

    @property
    def offset(self) -> int:
        """Integer that stands for the real value zero."""
        return 0

    @property
    def levels(self) -> tuple[int, ...] | None:
        """All integers in ascending order where they are not equally spaced (powers of two, signs), else None."""
        return None

    @property
    def rounding_mode(self) -> Rounding:
        """How a value between two integers of an equally spaced format is rounded."""
        return Rounding(getattr(self, "rounding", Rounding.HALF_EVEN))

    @property
    def channels(self) -> int | None:
        """Number of channels of a per-channel format, None for a per-tensor one."""
        return None if self.step.ndim == 0 else int(self.step.shape[0])

    @abstractmethod
    def with_bits(self, bits: int) -> Self:
        """The same kind of format with so many stored bits; its step has to be fitted (``hlsq.formats.fit``).

        Raises:
            FormatError: there is none with so many.
        """

    @abstractmethod
    def with_step(self, step: Floats) -> Self:
        """The same integers with another real value of one step, [] or [channels].

        Raises:
            FormatError: no step of this kind of format.
        """

    @abstractmethod
    def quantize(self, values: ArrayLike) -> Ints:
        """Integers nearest to real ``values`` (any shape; last axis = channels), saturating at the range.

        Raises:
            FormatError: a value is NaN, or the last axis does not have this format's number of channels.
        """

    def dequantize(self, integers: ArrayLike) -> Floats:
        """Real values of ``integers``."""
        q = check_numbers(integers, type(self).__name__)
        self._check_channels(q.shape)
        if q.dtype.kind not in "iub":
            if not np.isfinite(q.astype(np.float64)).all():
                raise FormatError(f"{type(self).__name__} has no integers that are NaN or infinite")
            q = q.astype(np.int64)
        return (q.astype(np.int64, copy=False) - self.offset).astype(np.float64) * self.step

    @abstractmethod
    def encode(self, integers: ArrayLike) -> NDArray[np.uint64]:
        """Stored codes of ``integers``.

        Raises:
            FormatError: an integer is not one of this format's.
        """

    @abstractmethod
    def decode(self, codes: ArrayLike) -> Ints:
        """Integers of stored ``codes``."""

    @abstractmethod
    def cpp_type(self) -> str:
        """The ``ap_types`` class that holds this format's integer."""

    def range(self) -> tuple[Floats, Floats]:
        """Smallest and largest real value, each of shape [] or [channels]."""
        return (self.qmin - self.offset) * self.step, (self.qmax - self.offset) * self.step

    def fake_quantize(self, values: ArrayLike) -> Floats:
        """``dequantize(quantize(values))``: the real values this format stands in for ``values``."""
        return self.dequantize(self.quantize(values))

    def to_dict(self) -> dict[str, Any]:
        """A readable JSON form; ``format_from_dict`` is its inverse."""
        out: dict[str, Any] = {"format": self.kind}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default or field.name in self.always_written:
                out[field.name] = list(value) if isinstance(value, tuple) else value
        return out

    def _check_channels(self, shape: tuple[int, ...]) -> None:
        if self.channels is not None and (not shape or shape[-1] != self.channels):
            raise FormatError(
                f"{type(self).__name__} has {self.channels} channels but the values have shape {list(shape)}; "
                "the last axis must be the channels"
            )

    def _in_steps(self, values: ArrayLike) -> Floats:
        """``values / step``; infinite where that is beyond float64, and NaN refused."""
        with np.errstate(over="ignore"):
            return self._real(values) / self.step

    def _real(self, values: ArrayLike) -> Floats:
        x = check_numbers(values, type(self).__name__).astype(np.float64, copy=False)
        self._check_channels(x.shape)
        if np.isnan(x).any():
            raise FormatError(f"{type(self).__name__} cannot hold NaN; {int(np.isnan(x).sum())} of the values are NaN")
        return x


def format_from_dict(data: Mapping[str, Any]) -> Format:
    """The format that ``Format.to_dict`` wrote.

    Raises:
        FormatError: unknown kind, unknown field or impossible value.
    """
    import_all("hlsq.formats")
    if not isinstance(data, Mapping):
        raise FormatError(f"a number format is an object with the key 'format'; got {shown(data)}")
    kind = data.get("format")
    cls = Format._kinds.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise FormatError(f"unknown number format {shown(kind)}; valid: {', '.join(sorted(Format._kinds))}")
    names = {field.name for field in fields(cls)}
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k != "format"}
    if unknown := sorted(set(values) - names):
        raise FormatError(f"format {kind!r} has no field {', '.join(unknown)}; valid: {', '.join(sorted(names))}")
    needed = [field.name for field in fields(cls) if field.default is MISSING]
    if missing := [name for name in needed if name not in values]:
        raise FormatError(f"format {kind!r} needs the field {missing[0]}")
    return cls(**values)


def read_format(field: Field) -> Format:
    """The format that stands in a file.

    Raises:
        HlsqError: (``field.error``) it is none; names file and place.
    """
    field.mapping()
    try:
        return format_from_dict(field.value)
    except FormatError as error:
        raise field.fail(error) from None


def as_scale(value: Any, name: str) -> float | tuple[float, ...]:
    """A positive finite scale, or one per channel, as plain floats.

    Raises:
        FormatError: no numbers, not positive, not finite, too small for the precision of float64, or empty.
    """
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        array = np.empty(0)
    # Whole numbers beyond 64 bits make an array of objects.
    if array.dtype.kind not in "iuf" or array.ndim > 1 or array.size == 0:
        raise _no_scale(name, value)
    array = array.astype(np.float64)
    if not (np.isfinite(array) & (array >= SMALLEST_SCALE)).all():
        raise _no_scale(name, value)
    return float(array) if array.ndim == 0 else tuple(float(v) for v in array)


def _no_scale(name: str, value: Any) -> FormatError:
    return FormatError(
        f"{name} must be a positive finite number (at least {SMALLEST_SCALE:.3g}) or a list of them, one per channel; "
        f"got {shown(value)}"
    )


def check_whole(value: int, name: str = "width", low: int = 1, high: int = MAX_WIDTH) -> int:
    """``value`` as a plain integer, refused outside ``low``..``high``.

    Raises:
        FormatError: with the allowed range.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
        raise FormatError(f"{name} must be a whole number from {low} to {high}; got {shown(value)}")
    return int(value)


def check_not_negative(value: float, name: str) -> float:
    """``value`` as a plain number, refused below zero.

    Raises:
        FormatError: it is negative, not finite, or no number.
    """
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not 0 <= value <= np.finfo(np.float64).max:
        raise FormatError(f"{name} must be a finite number from 0 up; got {shown(value)}")
    return float(value)


def check_flag(flag: bool, name: str) -> bool:
    """``flag`` as a plain bool.

    Raises:
        FormatError: it is neither true nor false (the text "false" in a plan, say, which Python takes for true).
    """
    if not isinstance(flag, (bool, np.bool_)):
        raise FormatError(f"{name} must be true or false; got {shown(flag)}")
    return bool(flag)


def check_numbers(values: Any, what: str) -> NDArray[Any]:
    """``values`` as an array of real numbers.

    Raises:
        FormatError: lists of different lengths, text, complex numbers, or objects that are no numbers.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{what} takes an array of numbers; a {type(values).__name__} is none: {error}") from error
    # Whole numbers beyond 64 bits come as objects.
    if array.dtype.kind in "fiub" or (array.dtype.kind == "O" and all(isinstance(v, (int, float)) for v in array.flat)):
        return array
    raise FormatError(f"{what} takes an array of numbers; a {type(values).__name__} of {array.dtype} was given")


def check_members(integers: ArrayLike, low: int, high: int, what: str) -> Ints:
    """``integers`` as int64, refused when one lies outside ``low``..``high``.

    Raises:
        FormatError: naming the first integer that does not belong.
    """
    given = check_numbers(integers, what)
    outside = (given < low) | (given > high)
    if given.dtype.kind not in "iub":
        outside |= given != np.rint(given)
    if outside.any():
        raise FormatError(f"{what} has no integer {given[outside].flat[0]}; its range is {low} to {high}")
    return given.astype(np.int64)


def check_codes(codes: ArrayLike, bits: int, what: str) -> NDArray[np.uint64]:
    """``codes`` as uint64, refused when one does not fit ``bits`` bits.

    Raises:
        FormatError: naming the first code that does not fit.
    """
    given = check_numbers(codes, what)
    if given.dtype == np.uint64 and bits == 64:
        return given
    return check_members(given, 0, 2**bits - 1, f"{what} with {bits}-bit codes").astype(np.uint64)

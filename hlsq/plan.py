"""A plan: one number format for every tensor of a network, as a readable JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from hlsq.errors import FormatError, PlanError
from hlsq.files.fields import Field
from hlsq.files.read import read_json
from hlsq.files.write import write_file
from hlsq.formats import Format, format_from_dict
from hlsq.formats.base import check_whole, read_format
from hlsq.formats.codes import WeightCodes
from hlsq.formats.fit import fitted, refitted

BatchNorm = Literal["fold", "refine"]
VERSION = 1


@dataclass(frozen=True)
class BlockPlan:
    """The formats of one block, and what a scheme decided about its parameters beyond them.

    Args:
        weight: of the weights; None for a block without.
        first_level: weights are quantised to this format first and the result to ``weight`` (DoubleQ's two levels).
        bias: of the bias; None means the accumulator's own scale.
        scale: of the refined batch norm's multiplier; None means dyadic numbers of 16 bits. Of an average pool without
            batch norm it is the format of the reciprocal of the number of values (FxP-QNet IV-A2), which hardware then
            multiplies with; None folds the reciprocal into the requantisation.
        scale_shift: of the refined batch norm's shift (FxP-QNet eq. 5); None rounds it to the scale of the product of
            accumulator and multiplier. Without effect, like ``scale``, on a block that has neither.
        output: of the output; None leaves the raw accumulator (last layers) or keeps the input's format
            (operations that do not accumulate).
        values: integers of the weights, where a scheme chose them instead of rounding each weight on its own; those of
            the weights as ``batch_norm`` leaves them. None quantises the weights by ``weight``.
        bias_values: real values that take the place of the block's bias (bias correction), one per output channel.
    """

    weight: Format | None = None
    first_level: Format | None = None
    bias: Format | None = None
    scale: Format | None = None
    scale_shift: Format | None = None
    output: Format | None = None
    values: WeightCodes | None = None
    bias_values: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.values is not None and (self.weight is None or self.first_level is not None):
            raise PlanError("values of weights need the format weight and no first_level, which would have no effect")
        if self.bias_values is not None:
            given = self.bias_values.tolist() if isinstance(self.bias_values, np.ndarray) else self.bias_values
            numbers = Field(given, PlanError, "", "bias_values").sequence(1)
            object.__setattr__(self, "bias_values", tuple(item.number() for item in numbers))

    def to_dict(self) -> dict[str, Any]:
        """JSON form without what is absent."""
        fields = {key: getattr(self, key) for key in self.__dataclass_fields__}
        return {
            key: list(value) if isinstance(value, tuple) else value.to_dict()
            for key, value in fields.items()
            if value is not None
        }


@dataclass(frozen=True)
class Plan:
    """Formats of a whole network.

    Args:
        scheme: name of the scheme that made it, for the reader.
        batch_norm: ``"fold"`` into weights and bias, or ``"refine"`` to an integer per-channel scale.
        inputs: format of every network input.
        blocks: formats of every block.
        options: the scheme's options, for the reader.
        info: what the scheme found out on the way, for the reader.
    """

    scheme: str
    batch_norm: BatchNorm
    inputs: Mapping[str, Format]
    blocks: Mapping[str, BlockPlan]
    options: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.batch_norm not in get_args(BatchNorm):
            raise PlanError(f"batch_norm is {self.batch_norm!r}; valid: 'fold', 'refine'")

    def with_block(self, name: str, **formats: Any) -> Plan:
        """The plan with other formats for one block, e.g. ``plan.with_block("conv1", weight=FixedPoint(6, 5))``.

        Another weight format drops ``values`` and ``bias_values`` that are not given anew: they belong to the old one.

        Raises:
            PlanError: no such block, or no such format field.
        """
        if name not in self.blocks:
            raise PlanError(f"the plan has no block {name!r}; its blocks: {', '.join(self.blocks)}")
        if unknown := sorted(set(formats) - set(BlockPlan.__dataclass_fields__)):
            raise PlanError(f"a block has no {unknown[0]!r}; valid: {', '.join(BlockPlan.__dataclass_fields__)}")
        block = self.blocks[name]
        if "weight" in formats and formats["weight"] != block.weight and block.values is not None:
            formats = {"values": None, "bias_values": None, **formats}
        return replace(self, blocks={**self.blocks, name: replace(block, **formats)})

    def with_format(
        self, name: str, tensor: str = "weight", *, width: int | None = None, values: Any = None, **fields: Any
    ) -> Plan:
        """The plan with another format of one tensor, e.g. ``plan.with_format("conv1", "weight", width=4)``.

        A new width takes a step that fits, instead of the old one, with which it would clip: that of smallest squared
        error for ``values``, and without them the one that keeps the range. Integers and biases that were chosen for
        the old weights are dropped, and the weights rounded one by one; ``doubleq_ef`` chooses them anew for another
        ``code_bits``.

        Args:
            name: of a block, or of an input of the network.
            tensor: ``"weight"``, ``"bias"``, ``"output"`` or another field of ``BlockPlan``; ``"input"`` of an input.
            width: bits of a value.
            values: that the format shall hold: the block's weights [..., channels], for example.
            fields: of the format, which are taken as they are (``frac=7``, ``scale=0.5``, ``signed=False``).

        Raises:
            PlanError: no such block, tensor, or format.
        """
        where = f"{name}.{tensor}"
        old = self._format(name, tensor)
        try:
            fmt = old if width is None else refitted(old, check_whole(width))
            fmt = format_from_dict({**fmt.to_dict(), **fields})
            if values is not None and not {"frac", "scale"} & set(fields):
                fmt = fitted(fmt, values)
        except FormatError as error:
            raise PlanError(f"{where}: {error}") from error
        if name in self.inputs:
            return replace(self, inputs={**self.inputs, name: fmt})
        return self.with_block(name, **{tensor: fmt})

    def _format(self, name: str, tensor: str) -> Format:
        """Format of a tensor.

        Raises:
            PlanError: there is none of that name.
        """
        if name in self.inputs:
            found = {"input": self.inputs[name]}
        elif name in self.blocks:
            block = self.blocks[name]
            found = {key: fmt for key in block.__dataclass_fields__ if isinstance(fmt := getattr(block, key), Format)}
        else:
            known = ", ".join([*self.inputs, *self.blocks])
            raise PlanError(f"the plan has no input or block {name!r}; those it has: {known}")
        if tensor not in found:
            raise PlanError(f"{name!r} has no format {tensor!r}; those it has: {', '.join(found) or 'none'}")
        return found[tensor]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "hlsq_plan": VERSION,
            "scheme": self.scheme,
            "options": dict(self.options),
            "batch_norm": self.batch_norm,
            "inputs": {name: fmt.to_dict() for name, fmt in self.inputs.items()},
            "blocks": {name: block.to_dict() for name, block in self.blocks.items()},
            "info": dict(self.info),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """The plan that ``to_dict`` wrote.

        Raises:
            PlanError: not a plan, of another version, or with a field or format that is not valid; names the place.
        """
        return cls.read(Field(data, PlanError, "the plan"))

    @classmethod
    def read(cls, field: Field) -> Plan:
        """The plan that a field of a file holds.

        Raises:
            HlsqError: that of the field, or ``PlanError``, as ``from_dict``.
        """
        field.version("hlsq_plan", VERSION, "an hlsq plan")
        parts = field.record(("hlsq_plan", "scheme", "batch_norm", "inputs", "blocks"), ("options", "info"))
        free = {key: parts[key].mapping() and parts[key].value for key in ("options", "info") if key in parts}
        return cls(
            scheme=parts["scheme"].text(),
            batch_norm=parts["batch_norm"].choice(*get_args(BatchNorm)),  # type: ignore[arg-type] # one of them
            inputs={name: read_format(item) for name, item in parts["inputs"].mapping().items()},
            blocks={name: _read_block(item) for name, item in parts["blocks"].mapping().items()},
            **free,
        )

    def to_json(self) -> str:
        """The text of a plan file.

        Raises:
            PlanError: ``options`` or ``info`` hold something that JSON does not have.
        """
        try:
            return json.dumps(self.to_dict(), indent=2, allow_nan=False, default=_plain_number) + "\n"
        except (TypeError, ValueError) as error:
            raise PlanError(f"options or info of the plan hold something that JSON does not have: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write the plan as JSON, whole or not at all; a missing folder is created.

        Raises:
            PlanError: the file cannot be written.
        """
        write_file(path, self.to_json(), PlanError, "the plan")

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """Read a plan that ``save`` wrote, edited by hand perhaps.

        Raises:
            PlanError: the file is missing, no JSON, or no plan; names file and place.
        """
        return cls.read(read_json(path, PlanError, "a plan"))


def _plain_number(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__}")


def _read_block(field: Field) -> BlockPlan:
    parts = field.record((), BlockPlan.__dataclass_fields__)
    formats = {key: _read_part(key, part) for key, part in parts.items()}
    try:
        return BlockPlan(**formats)
    except PlanError as error:
        raise field.fail(error) from None


def _read_part(key: str, field: Field) -> Any:
    if key == "values":
        return WeightCodes.read(field)
    if key == "bias_values":
        return tuple(item.number() for item in field.sequence(1))
    return read_format(field)

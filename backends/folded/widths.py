"""Widths of a folded accelerator's numbers, as every hardware language has them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hlsq.backends.folded.overlay import Table
from hlsq.backends.folded.overlay_fields import SIZES
from hlsq.backends.folded.pieces import FORMS, Engine
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.pes import PE, Widths, pe_of
from hlsq.cost.estimate.cells import in_dsp
from hlsq.graph import Interval


@dataclass(frozen=True, eq=False)
class EngineNumbers:
    """Numbers of one engine, the ``number``-th of ``program``."""

    engine: Engine
    program: FoldedProgram
    number: int

    @property
    def rows(self) -> int:
        """Of each weight memory."""
        if self.tables:
            return self.tables["weights"].rows
        return int(self.program.images[self.number].weights.shape[1])

    @property
    def tables(self) -> dict[str, Table]:
        """Of an overlay: what comes from memory, by name."""
        overlay = self.program.overlay
        return {} if overlay is None else {table.name: table for table in overlay.tables[self.number]}

    @property
    def parameter_rows(self) -> int:
        """Of post-processing's memories."""
        found = self.program.images[self.number].parameters
        return max((len(values) for values in found.values()), default=1)

    def parameter_bits(self, name: str) -> int:
        """Of a signed constant."""
        values = self.program.images[self.number].parameters[name]
        return signed_bits(Interval(int(values.min()), int(values.max())))

    @property
    def thresholds(self) -> int:
        """Most thresholds of a layer."""
        if self.program.overlay is not None:
            return self.program.overlay.thresholds
        return max((item.fields.get("thresholds", 0) for item in self.program.instructions), default=0)

    @property
    def turns(self) -> int:
        """Most parts of a group of outputs that are computed one after the other."""
        if self.program.overlay is not None:
            return max(self.engine.splits)
        runs = [item.fields for item in self.program.instructions if item.opcode == "run"]
        return max((f["last_turn"] + 1 for f in runs if f["engine"] == self.number), default=1)

    @property
    def operands(self) -> int:
        """Most operands of an instruction."""
        if self.program.overlay is not None:
            return self.program.overlay.operands
        return max(1, *(item.fields.get("operands", 0) for item in self.program.instructions))

    def has_parameter(self, name: str) -> bool:
        """Whether there is a memory of it."""
        return name in (self.tables or self.program.images[self.number].parameters)

    @property
    def adds_multiples(self) -> bool:
        """Whether PEs add the multiples that the digits of weights select: a product in LUTs takes half as many so."""
        engine = self.engine
        if engine.kind == "dual":
            return engine.dual == "booth"
        return engine.kind == "multiply" and not in_dsp(engine.tap.width + engine.code_bits, engine.multiplier)

    @property
    def pe_kind(self) -> type[PE]:
        """Of the PEs that compute its products."""
        return pe_of("dual" if self.adds_multiples else self.engine.kind)

    @property
    def pe_widths(self) -> Widths:
        """Operands of those."""
        widths = self.engine.widths
        return replace(widths, dual="booth") if self.adds_multiples else widths

    @property
    def operand_bits(self) -> int:
        """Of a decoded weight."""
        return self.pe_kind.operand_bits(self.pe_widths)

    @property
    def only_form(self) -> int:
        """The form of its codes where there is one alone."""
        return FORMS.index(self.engine.forms[0]) if self.engine.forms else 0

    @property
    def product_bits(self) -> int:
        """Of the signed product of a tap and a weight; a code and a decoded weight have to fit as well."""
        engine = self.engine
        power = 1 << engine.max_exponent if "power" in engine.forms else 1
        integer = 1 << (engine.code_bits - 1) if "integer" in engine.forms else 1
        size = max(-engine.tap.lo, engine.tap.hi) * max(power, integer)
        return max(signed_bits(Interval(-size, size)), self.operand_bits + 1, engine.code_bits + 2)

    @property
    def sum_bits(self) -> int:
        """Of the signed accumulators."""
        return signed_bits(self.engine.sum)


def signed_bits(interval: Interval) -> int:
    """Bits of the signed type that holds ``interval``."""
    return interval.width + (not interval.signed)


def pointer_bits(program: FoldedProgram) -> dict[str, int]:
    """Bits of the signed types of banks, addresses and coordinates.

    Coordinates go as far beyond the maps as paddings, kernels and groups of positions take them.
    """
    if program.overlay is not None:
        # As wide as fields can say.
        address = max(field.width for field in program.fields if field.name.endswith("_address"))
        return {
            "bank_bits": (2 * program.map.banks).bit_length() + 1,
            "address_bits": address + 1,
            "coordinate_bits": SIZES + 3,
        }
    runs = [item.fields for item in program.instructions if item.opcode == "run"]
    farthest = max(
        max(abs(f["top"]), abs(f["left"]), f["limit_y"], f["limit_x"], f["height"], f["width"])
        + f["kernel_y"] * f["dilation_y"]
        + f["kernel_x"] * f["dilation_x"]
        + engine.array.positions * max(f["step_x"], 1)
        + max(f["group_y"], f["group_x"], f["line_y"])
        for f in runs
        for engine in program.engines
    )
    steps = [abs(v) for f in runs for name, v in f.items() if name.endswith("_address")]
    address = 2 * max(program.map.depth) + max(steps, default=0)
    return {
        "bank_bits": (2 * program.map.banks).bit_length() + 1,
        "address_bits": address.bit_length() + 1,
        "coordinate_bits": farthest.bit_length() + 2,
    }

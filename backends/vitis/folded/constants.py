"""Constants of one engine, as its template has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hlsq.backends.folded.widths import EngineNumbers, signed_bits
from hlsq.backends.pes import pe_of
from hlsq.backends.vitis.types import cpp_int
from hlsq.graph import Interval

MULTIPLIERS = {"auto": "anywhere", "dsp": "in_dsp", "fabric": "in_fabric"}


@dataclass(frozen=True, eq=False)
class EngineCode(EngineNumbers):
    """Constants of one engine for its template."""

    @property
    def ident(self) -> str:
        """Its name in C++."""
        return f"engine{self.number}"

    @property
    def pieces(self) -> tuple[int, ...]:
        """Rows of the memories that those of each slice lie in."""
        return self.program.images[self.number].pieces(self.engine.slice_bits)

    @property
    def weight_bytes(self) -> int:
        """Of a slice in C simulation."""
        return int(self.program.images[self.number].weights.itemsize)

    def has(self, feature: str) -> str:
        """Whether the engine has to be able to do it, in C++."""
        return str(feature in self.engine.features).lower()

    @property
    def parameters(self) -> dict[str, bool]:
        """Constants by name, and whether there is a memory of them."""
        known = ("bias", "scale", "offset", "multiplier", "left", "right")
        return {name: self.has_parameter(name) for name in known}

    @property
    def pe_source(self) -> Path:
        """The file of its PEs."""
        if self.adds_multiples:
            return pe_of("dual").folded_source("booth")
        return pe_of(self.engine.kind).folded_source(self.engine.dual)

    @property
    def pe(self) -> str:
        """The C++ template of its PEs."""
        return self.pe_source.stem

    @property
    def header(self) -> str:
        """The name of the file of that."""
        return self.pe_source.name

    @property
    def multiplier(self) -> str:
        """The C++ type that says where products are computed."""
        return MULTIPLIERS[self.engine.multiplier]

    @property
    def multiple_bits(self) -> int:
        """Of the signed multiples of a tap by the digits of weights, -2 to 2."""
        size = 2 * max(-self.engine.tap.lo, self.engine.tap.hi)
        return signed_bits(Interval(-size, size))

    @property
    def types(self) -> dict[str, str]:
        """C++ integer types by name."""
        engine = self.engine
        return {
            "lane_t": cpp_int(self.program.map.lane),
            "tap_t": cpp_int(self.engine.tap),
            "code_t": f"hlsq::uint<{engine.code_bits}>",
            "weight_t": f"hlsq::sint<{engine.code_bits}>",
            "value_t": f"hlsq::sint<{signed_bits(engine.value)}>",
            "wide_t": f"hlsq::sint<{signed_bits(engine.product)}>",
        }

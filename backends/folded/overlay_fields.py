"""Fields of an overlay's instruction: as wide as its memories and engines ask for, whatever the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hlsq.backends.folded.pieces import Engine, Field, MemoryMap
from hlsq.graph import Interval

SIZES = 12
"""Bits of a height, a width, or a size of a kernel."""
MULTIPLIER, FACTOR, SHIFT, FAR, PERIOD, FLAG = 17, 18, 6, 21, 24, 1
NOWHERE = ("weight_bank", "weight_address", "parameters", "factor_start")
"""Where an instruction's constants begin in the images that the words for memory are made of; no part of the word."""
WIDEST = 32
"""An instruction's fields are C++'s ints."""


def overlay_fields(
    names: Iterable[str],
    engines: tuple[Engine, ...],
    map_: MemoryMap,
    counts: Mapping[str, int],
) -> tuple[Field, ...]:
    """The fields ``names``, in order.

    Args:
        names: of the fields.
        engines: of the overlay.
        map_: its feature-map memories.
        counts: most operands, thresholds, ports, rows of constants and weights, and factors.
    """
    widths = _Widths(engines, map_, counts)
    return tuple(Field(name, min(width, WIDEST), signed) for name in names for width, signed in [widths.of(name)])


class _Widths:
    def __init__(self, engines: tuple[Engine, ...], map_: MemoryMap, counts: Mapping[str, int]) -> None:
        address = max(map_.depth).bit_length() + 2
        pixels = (max(map_.depth) * map_.banks).bit_length()
        emitted = (map_.outputs - 1).bit_length()
        bank = (map_.banks - 1).bit_length()
        value = _signed(map_.lane.union(map_.output))
        sum_ = max(_signed(engine.sum) for engine in engines)
        wide = max(_signed(engine.value) for engine in engines)
        self.features = frozenset().union(*(engine.features for engine in engines))
        self.plain: dict[str, tuple[int, bool]] = {
            "opcode": (2, False),
            "mode": (2, False),
            "form": (2, False),
            "port": ((counts["ports"] - 1).bit_length(), False),
            "engine": ((len(engines) - 1).bit_length(), False),
            "split": (max(max(e.splits).bit_length() - 1 for e in engines).bit_length(), False),
            "last_turn": ((max(max(e.splits) for e in engines) - 1).bit_length(), False),
            "rows": (max(pixels, emitted), False),
            "groups": (pixels, False),
            "steps": (PERIOD, False),
            "period": (PERIOD, False),
            "wait": (SIZES, False),
            "delay": (pixels, False),
            "groups_of_outputs": (2 * SIZES, False),
            "wrap_x": (FAR, False),
            "start": (sum_, True),
            "fill": (_signed(map_.lane), True),
            "zero": (value, True),
            "low": (value, True),
            "high": (value, True),
            "add_zero": (value, True),
            "add_low": (value, True),
            "add_high": (value, True),
            "add_bias": (wide, True),
            "add_multiplier": (MULTIPLIER, False),
            "emit_address": (emitted, False),
            "emit_pitch": (emitted, False),
            "operands": (counts["operands"].bit_length(), False),
            "thresholds": (counts["thresholds"].bit_length(), False),
            "part": ((map_.word // map_.granule).bit_length(), False),
            "part_lanes": (map_.word.bit_length(), False),
            "parameter_rows": (counts["parameter_rows"].bit_length(), False),
            "weight_rows": (counts["weight_rows"].bit_length(), False),
            "factors": (counts["factors"].bit_length(), False),
            "weight_bits": (max(e.code_bits for e in engines).bit_length(), False),
            "weight_slices": (max(e.slices for e in engines).bit_length(), False),
        }
        for flag in ("plain", "half_up", "stores", "emits", "adds", "factor", "beside", "add_plain", "add_half_up"):
            self.plain[flag] = FLAG, False
        for name in ("memory", "out_memory"):
            self.plain[name] = int(map_.memories > 1), False
        for name in NOWHERE:
            self.plain[name] = 0, False
        for name in ("top", "left", "limit_y", "limit_x", "line_x"):
            self.plain[name] = SIZES + 1, True
        self.endings = {
            "_bank": (bank, False),
            "_address": (address, True),
            "_pitch": (address, False),
            "_memory": self.plain["memory"],
            "_shift": (SHIFT, False),
            "add_left": (SHIFT, False),
            "add_right": (SHIFT, False),
        }
        self.level = value, True
        self.weighed = (FACTOR, True) if "add_weights" in self.features else (SHIFT - 1, False)

    def of(self, name: str) -> tuple[int, bool]:
        """Width and sign of field ``name``; sizes have one width."""
        if name in self.plain:
            return self.plain[name]
        if name.startswith("level"):
            return self.level
        if name.startswith("add_weight"):
            return self.weighed
        return next((found for end, found in self.endings.items() if name.endswith(end)), (SIZES, False))


def _signed(interval: Interval) -> int:
    return interval.width + (not interval.signed)

"""The directives of Vitis HLS: options, their values, and where each may stand. Facts from UG1399, 2022.2 to 2025.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Place(Enum):
    """What the braces belong to that a directive stands in."""

    FUNCTION = "the body of a function"
    LOOP = "the body of a loop"
    BLOCK = "a block"


class Kind(Enum):
    """What an option's value has to be."""

    FLAG = "no value"
    INTEGER = "a constant integer"
    VARIABLE = "a variable"
    NAME = "a name"
    BOOLEAN = "true or false"


Values = Kind | tuple[str, ...]
"""A kind of value, or the words that are allowed."""

INTEGER, VARIABLE, NAME, FLAG, BOOLEAN = Kind.INTEGER, Kind.VARIABLE, Kind.NAME, Kind.FLAG, Kind.BOOLEAN
ANYWHERE = frozenset(Place)
LOOP = frozenset({Place.LOOP})
FUNCTION = frozenset({Place.FUNCTION})
LOOP_OR_FUNCTION = LOOP | FUNCTION


@dataclass(frozen=True)
class Directive:
    """One directive.

    Attributes:
        places: where it may stand.
        options: name to what its value may be.
        words: options whose values may stand without the option's name, as older versions had them.
        required: options without which it means nothing.
        once: whether a second one in the same braces contradicts the first; one with a variable may be repeated for
            another variable or dimension.
    """

    places: frozenset[Place]
    options: Mapping[str, Values] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    once: bool = True


_SHAPES = ("complete", "block", "cyclic")
_MODES = (
    *("ap_none", "ap_stable", "ap_vld", "ap_ack", "ap_hs", "ap_ovld", "ap_memory", "ap_fifo", "bram", "axis"),
    *("s_axilite", "m_axi", "ap_ctrl_none", "ap_ctrl_hs", "ap_ctrl_chain"),
)
_STORAGES = ("fifo", "ram_1p", "ram_1wnr", "ram_2p", "ram_s2p", "ram_t2p", "rom_1p", "rom_2p", "rom_np")
_MEMORIES = ("auto", "bram", "bram_ecc", "lutram", "memory", "srl", "uram", "uram_ecc")
_OPERATIONS = ("mul", "add", "sub", "fadd", "fsub", "fdiv", "fexp", "flog", "fmul", "frsqrt", "fsqrt", "dadd", "dsub")
_OPERATIONS += ("ddiv", "dexp", "dlog", "dmul", "drsqrt", "dsqrt", "hadd", "hsub", "hdiv", "hmul", "hsqrt", "facc")
_OPERATIONS += ("fmacc", "fmadd", "sdiv", "udiv", "srem", "urem")
_INTERFACE: dict[str, Values] = {
    "mode": _MODES,
    "port": VARIABLE,
    "bundle": NAME,
    "register": FLAG,
    "register_mode": ("both", "forward", "reverse", "off"),
    "depth": INTEGER,
    "offset": ("off", "direct", "slave"),
    "clock": NAME,
    "name": NAME,
    "storage_type": _STORAGES,
    "storage_impl": _MEMORIES,
    "interrupt": INTEGER,
    "channel": NAME,
    "direct_io": BOOLEAN,
    **dict.fromkeys(("latency", "num_read_outstanding", "num_write_outstanding"), INTEGER),
    **dict.fromkeys(("max_read_burst_length", "max_write_burst_length", "max_widen_bitwidth"), INTEGER),
}
_PARTITION: dict[str, Values] = {
    "variable": VARIABLE,
    "type": _SHAPES,
    "factor": INTEGER,
    "dim": INTEGER,
    "off": FLAG,
}

DIRECTIVES: Mapping[str, Directive] = {
    "AGGREGATE": Directive(
        FUNCTION, {"variable": VARIABLE, "compact": ("bit", "byte", "none", "auto")}, (), ("variable",), False
    ),
    "ALIAS": Directive(FUNCTION, {"ports": NAME, "distance": INTEGER, "offset": INTEGER}, (), ("ports",), False),
    "ALLOCATION": Directive(
        ANYWHERE,
        {"type": ("function", "operation"), "instances": NAME, "limit": INTEGER},
        ("type",),
        ("instances", "limit"),
        False,
    ),
    "ARRAY_PARTITION": Directive(ANYWHERE, _PARTITION, ("type",), ("variable",), False),
    "ARRAY_RESHAPE": Directive(ANYWHERE, _PARTITION | {"object": FLAG}, ("type",), ("variable",), False),
    "ARRAY_STENCIL": Directive(FUNCTION, {"variable": VARIABLE, "off": FLAG}, (), ("variable",), False),
    "BIND_OP": Directive(
        ANYWHERE,
        {"variable": VARIABLE, "op": _OPERATIONS, "impl": ("fabric", "dsp", "auto"), "latency": INTEGER},
        (),
        ("variable", "op"),
        False,
    ),
    "BIND_STORAGE": Directive(
        ANYWHERE,
        {"variable": VARIABLE, "type": _STORAGES, "impl": _MEMORIES, "latency": INTEGER},
        (),
        ("variable", "type"),
        False,
    ),
    "CACHE": Directive(
        FUNCTION,
        {"port": VARIABLE, "lines": INTEGER, "depth": INTEGER, "ways": INTEGER, "users": INTEGER},
        (),
        ("port",),
        False,
    ),
    "DATAFLOW": Directive(LOOP_OR_FUNCTION, {"disable_start_propagation": FLAG}),
    "DEPENDENCE": Directive(
        ANYWHERE,
        {
            "variable": VARIABLE,
            "class": ("array", "pointer"),
            "type": ("inter", "intra"),
            "direction": ("RAW", "WAR", "WAW"),
            "distance": INTEGER,
            "dependent": BOOLEAN,
        },
        ("class", "type", "direction", "dependent"),
        (),
        False,
    ),
    "DISAGGREGATE": Directive(FUNCTION, {"variable": VARIABLE}, (), ("variable",), False),
    "EXPRESSION_BALANCE": Directive(ANYWHERE, {"off": FLAG}),
    "FUNCTION_INSTANTIATE": Directive(FUNCTION, {"variable": VARIABLE}, (), ("variable",), False),
    "INLINE": Directive(FUNCTION, {"off": FLAG, "recursive": FLAG}),
    "INTERFACE": Directive(FUNCTION, _INTERFACE, ("mode",), ("port",), False),
    "LATENCY": Directive(ANYWHERE, {"min": INTEGER, "max": INTEGER}),
    "LOOP_FLATTEN": Directive(LOOP, {"off": FLAG}),
    "LOOP_MERGE": Directive(ANYWHERE, {"force": FLAG}),
    "LOOP_TRIPCOUNT": Directive(LOOP, {"min": INTEGER, "max": INTEGER, "avg": INTEGER}),
    "OCCURRENCE": Directive(ANYWHERE, {"cycle": INTEGER, "off": FLAG}),
    "PERFORMANCE": Directive(
        ANYWHERE, {"target_ti": INTEGER, "target_tl": INTEGER, "assume_ti": INTEGER, "unit": NAME}
    ),
    "PIPELINE": Directive(
        LOOP_OR_FUNCTION, {"II": INTEGER, "off": FLAG, "rewind": FLAG, "style": ("stp", "frp", "flp")}
    ),
    "PROTOCOL": Directive(ANYWHERE, {"mode": ("floating", "fixed")}, ("mode",)),
    "RESET": Directive(FUNCTION, {"variable": VARIABLE, "off": FLAG}, (), ("variable",), False),
    "STABLE": Directive(FUNCTION, {"variable": VARIABLE}, (), ("variable",), False),
    "STREAM": Directive(
        FUNCTION,
        {"variable": VARIABLE, "type": ("fifo", "pipo", "shared", "unsync"), "depth": INTEGER, "off": FLAG},
        (),
        ("variable",),
        False,
    ),
    "TOP": Directive(FUNCTION, {"name": NAME}, (), ("name",)),
    "UNROLL": Directive(LOOP, {"factor": INTEGER, "off": BOOLEAN, "skip_exit_check": FLAG}),
}
"""``STREAM`` is for channels of a dataflow region; ``INTERFACE`` for ports of the top function."""

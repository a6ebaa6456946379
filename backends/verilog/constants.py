"""Constants of the modules: sizes that all share, and the parameters of an engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hlsq.backends.folded.pieces import Field
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.widths import EngineNumbers, pointer_bits, signed_bits
from hlsq.backends.verilog.fields import CONSTANTS, COUNTS
from hlsq.backends.verilog.post_cycles import PostCycles
from hlsq.graph import Interval

KINDS = ("shift", "multiply", "sign", "booth", "mux")
"""Of PEs, in the order of their numbers in the modules; those that multiply or shift go by their form."""


def shared_numbers(program: FoldedProgram, inputs: int, outputs: int) -> dict[str, int]:
    """Sizes that all modules share, by name; ``inputs`` and ``outputs`` are the numbers of streams."""
    map_ = program.map
    engines = [EngineNumbers(engine, program, i) for i, engine in enumerate(program.engines)]
    pointers = pointer_bits(program)
    runs = [item.fields for item in program.instructions]
    counts = [
        max(f.get(name, 0) for name in COUNTS) + f.get("steps", 0) + f.get("out_height", 0) + f.get("out_width", 0)
        for f in runs
    ]
    most = max(*counts, map_.word, *(e.engine.array.positions for e in engines), *(e.engine.slices for e in engines))
    rows = max(max(e.rows, e.parameter_rows) for e in engines)
    pixels = max(max(f.get("out_height", 0) * f.get("out_width", 0), f.get("rows", 0)) for f in runs)
    factors = program.tables["factors"]
    return {
        "BANKS": map_.banks,
        "WORD": map_.word,
        "GRANULE": map_.granule,
        "GRANULES": map_.word // map_.granule,
        "MEMORIES": map_.memories,
        "DEPTH0": max(map_.depth[0], 1),
        "DEPTH1": max(map_.depth[1], 1) if len(map_.depth) > 1 else 1,
        "OUTPUTS": max(map_.outputs, 1),
        "LANE_BITS": map_.lane.width,
        "OUTPUT_BITS": map_.output.width,
        "ENGINES": len(engines),
        "READERS": _readers(program),
        "OPERANDS": max(e.operands for e in engines),
        "INSTRUCTIONS": len(program.instructions),
        "INSTRUCTION_BITS": max(program.bits, 1),
        "FACTORS": len(factors),
        "FACTOR_BITS": signed_bits(Interval(0, int(factors.max()))),
        "BANK_BITS": pointers["bank_bits"],
        "ADDRESS_BITS": max(pointers["address_bits"], (2 * map_.outputs).bit_length() + 1),
        "COORDINATE_BITS": pointers["coordinate_bits"] + 1,
        "COUNT_BITS": (2 * most).bit_length() + 1,
        "PIXEL_BITS": pixels.bit_length() + 1,
        "ROW_BITS": rows.bit_length() + 1,
        "NUMBER_BITS": max(len(program.instructions) - 1, 1).bit_length(),
        "ENGINE_BITS": max(len(engines) - 1, 1).bit_length(),
        "PORT_BITS": max(inputs, outputs, 2).bit_length(),
        "CONSTANT_BITS": max(_signed_width(field) for field in _constants(program)),
    }


def engine_parameters(numbers: EngineNumbers) -> dict[str, str | int]:
    """Parameters of the module of one engine, by name."""
    engine, number = numbers.engine, numbers.number
    stored = {name: numbers.parameter_bits(name) for name in numbers.program.images[number].parameters}
    thresholds = [bits for name, bits in stored.items() if name.startswith("threshold")]
    return {
        "NUMBER": number,
        "KIND": KINDS.index(pe_form(numbers)),
        "STAGES": pe_stages(numbers),
        "TAPS": engine.array.taps,
        "OUTPUTS": engine.array.outputs,
        "POSITIONS": engine.array.positions,
        "SPLITS": max(engine.splits).bit_length() - 1,
        "SUMS": engine.sums,
        "TURNS": numbers.turns,
        "LANES": engine.lanes,
        "PARTS": _part_sizes(numbers),
        "TAP_BITS": signed_bits(engine.tap),
        "CODE_BITS": engine.code_bits,
        "EXPONENT_BITS": max(1, engine.max_exponent.bit_length()),
        "OPERAND_BITS": numbers.operand_bits,
        "PRODUCT_BITS": numbers.product_bits,
        "SUM_BITS": numbers.sum_bits,
        "VALUE_BITS": signed_bits(engine.value),
        "WIDE_BITS": signed_bits(engine.product),
        "SLICES": engine.slices,
        "SLICE_BITS": engine.slice_bits,
        "WEIGHT_ROWS": numbers.rows,
        "ROWS": numbers.parameter_rows,
        "FORMS": bit(len(engine.forms) > 1),
        "ONLY_FORM": numbers.only_form,
        **{name: bit(_any(engine.features, features)) for name, features in FEATURES.items()},
        **PostCycles.of(engine.features).parameters,
        "THRESHOLDS": len(thresholds),
        **{f"{name.upper()}_BITS": stored.get(name, 0) for name in PARAMETERS},
        "THRESHOLD_BITS": max(thresholds, default=1),
        "FILE": f'"image/engine{number}"',
    }


def pe_form(numbers: EngineNumbers) -> str:
    """The form of an engine's PEs."""
    if numbers.adds_multiples:
        return "booth"
    return numbers.engine.dual if numbers.engine.kind == "dual" else numbers.engine.kind


def pe_stages(numbers: EngineNumbers) -> int:
    """Cycles that a PE takes."""
    return numbers.pe_kind.stages(numbers.pe_widths)


PARAMETERS = ("bias", "scale", "offset", "multiplier", "left", "right")
FEATURES: Mapping[str, tuple[str, ...]] = {
    "MACS": ("mac",),
    "DEPTHWISE": ("lanes",),
    "SINGLES": ("lanes", "sum", "max"),
    "MAXIMA": ("max",),
    "ADDS": ("add", "combine"),
    "FACTORS": ("factors",),
    "COMBINES": ("combine",),
    "PRODUCT_SHIFT": ("product_shift",),
    "SCALE": ("scale",),
    "MULTIPLIES": ("multiply",),
    "LEFT": ("left",),
    "LEAKY": ("leaky",),
    "CHAINED": ("add",),
    "ADD_WEIGHTS": ("add_weights",),
    "ADD_MULTIPLIES": ("add_multiply",),
    "ADD_LEFT": ("add_left",),
}
"""Parameters that say what an engine has to be able to do, and the features of the program that ask for it."""


def bit(flag: bool) -> str:
    """A literal."""
    return "1'b1" if flag else "1'b0"


def _part_sizes(numbers: EngineNumbers) -> str:
    """A bit for each size of the parts, in granules, in which the engine's instructions finish their values."""
    runs = [item.fields for item in numbers.program.instructions if item.opcode == "run"]
    sizes = {f["part"] for f in runs if f["engine"] == numbers.number}
    map_ = numbers.program.map
    return f"{map_.word // map_.granule + 1}'h{sum(1 << size for size in sizes):x}"


def _readers(program: FoldedProgram) -> int:
    """How many words are read at once: one for each position, and one of an addition's operand."""
    adds = any(_any(engine.features, ("add", "combine")) for engine in program.engines)
    return max(engine.array.positions for engine in program.engines) + adds


def _any(features: Iterable[str], wanted: tuple[str, ...]) -> bool:
    return not set(wanted).isdisjoint(features)


def _constants(program: FoldedProgram) -> list[Field]:
    names = (*CONSTANTS, *(field.name for field in program.fields if field.name.startswith("level")))
    return [field for field in program.fields if field.name in names] or [Field("none", 1)]


def _signed_width(field: Field) -> int:
    return field.width + (not field.signed)

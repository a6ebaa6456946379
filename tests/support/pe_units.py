"""PEs of engines in SystemVerilog, each alone behind the decoder of its weights, and all that they may be given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2
import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.codes import CodeForm, decode
from hlsq.backends.folded.pieces import FORMS, Array, Engine
from hlsq.backends.folded.widths import EngineNumbers
from hlsq.backends.pes import DualForm, PEKind, WeightForm, kinds
from hlsq.backends.verilog.constants import KINDS, pe_form, pe_stages
from hlsq.backends.verilog.render import FOLDER, TEMPLATES
from hlsq.backends.verilog.simulation import PROGRAM, build_simulation
from hlsq.graph import Interval
from hlsq.toolchain import run_tool

BENCH = Path(__file__).parent / "pe_bench"
LEAST_BITS: dict[WeightForm, int] = {"integer": 1, "power": 2, "sign": 1}
"""Of a code: a power has a sign and a magnitude."""
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Unit:
    """A PE as an engine of such weights and activations has it.

    Attributes:
        kind: of the PE.
        tap: integers of the activations.
        forms: of the weight codes.
        bits: of the widest code.
        max_exponent: of the powers.
        dual: see ``DUAL_FORMS``.
        dsp: whether products are left to DSP blocks.
        prefix: of the modules' names.
    """

    kind: PEKind
    tap: Interval
    forms: tuple[WeightForm, ...]
    bits: int
    max_exponent: int = 0
    dual: DualForm = "booth"
    dsp: bool = True
    prefix: str = "hlsq"

    @property
    def numbers(self) -> EngineNumbers:
        """As the hardware is generated with them; the program is not asked."""
        engine = Engine(
            name="pe", kind=self.kind, dual=self.dual, multiplier="dsp" if self.dsp else "fabric",
            array=Array(1, 1, 1), splits=(1,), sums=1, lanes=1, code_bits=self.bits, forms=self.forms,
            max_exponent=self.max_exponent, slice_bits=self.bits, slices=1, tap=self.tap, sum=self.tap, value=self.tap,
            product=self.tap, features=frozenset(),
        )  # fmt: skip
        return EngineNumbers(engine, None, 0)  # type: ignore[arg-type]

    def vectors(self) -> tuple[NDArray[np.int32], Ints]:
        """All taps with all codes of every form and width: tap, code, place of its highest bit, form; the products."""
        taps = np.arange(self.tap.lo, self.tap.hi + 1)
        found, products = [], []
        for form in self.forms:
            for bits in range(LEAST_BITS[form], (1 if form == "sign" else self.bits) + 1):
                code_form = CodeForm(form, bits, self.max_exponent)
                codes = np.arange(1 << bits)
                if form == "power":
                    codes = codes[codes % (1 << (bits - 1)) <= self.max_exponent + 1]
                tap, code = (each.ravel() for each in np.meshgrid(taps, codes))
                found.append(np.stack([tap, code, np.full_like(tap, bits - 1), np.full_like(tap, FORMS.index(form))]))
                products.append(tap * decode(code, code_form))
        return np.concatenate(found, axis=1).T.astype(np.int32), np.concatenate(products)


def sources() -> dict[str, str]:
    """The modules of PEs and of their decoders, by file."""
    folders = [pe.folder / "templates" / "folded" for pe in kinds()]
    shared = [TEMPLATES / "rtl" / name for name in ("hlsq_pe.sv", "hlsq_decode.sv")]
    return {path.name: path.read_text() for path in (*shared, *(p for f in folders for p in sorted(f.glob("*.sv"))))}


def broken(unit: Unit, file: str, old: str, new: str, prefix: str) -> tuple[Unit, str]:
    """``unit`` with a fault in ``file``, and the modules that it consists of."""
    text = sources()
    assert text[file].count(old) == 1, (file, old)
    text[file] = text[file].replace(old, new)
    return replace(unit, prefix=prefix), re.sub(r"\bhlsq_(?=pe|decode)", f"{prefix}_", "\n".join(text.values()))


def simulate_units(units: Sequence[Unit], modules: Sequence[str], folder: Path) -> list[NDArray[np.bool_]]:
    """Of each of ``units``, which of its vectors' products are not what the codes mean.

    Args:
        units: any number.
        modules: further sources that they need.
        folder: to build in.
    """
    rtl = folder / FOLDER
    rtl.mkdir(parents=True)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([BENCH, TEMPLATES / "project"]), undefined=jinja2.StrictUndefined
    )
    described = [_description(unit) for unit in units]
    bench = environment.get_template("pe_bench.sv.j2").render(units=described, forms=FORMS)
    (rtl / "pe_bench.sv").write_text("\n".join([bench, *sources().values(), *modules]))
    (rtl / "files.f").write_text("pe_bench.sv\n")
    (rtl / "harness.cpp").write_text((BENCH / "harness.cpp").read_text())
    script = environment.get_template("build_simulation.sh.j2").render(top="pe_bench")
    (rtl / "build_simulation.sh").write_text(script)
    build_simulation(folder)

    given, wanted = [], []
    for number, unit in enumerate(units):
        vectors, products = unit.vectors()
        # Products come as many cycles later as the PE has stages.
        vectors = np.pad(vectors, ((0, pe_stages(unit.numbers) - 1), (0, 0)))
        given.append(np.column_stack([np.full(len(vectors), number, np.int32), vectors]))
        wanted.append(products)
    np.concatenate(given).tofile(rtl / "vectors")
    run_tool([f"./{PROGRAM}", "vectors", "products"], cwd=rtl)
    found = np.fromfile(rtl / "products", dtype=np.int64)
    assert len(found) == sum(len(each) for each in given)
    own = np.split(found, np.cumsum([len(each) for each in given])[:-1])
    return [each[len(each) - len(products) :] != products for each, products in zip(own, wanted, strict=True)]


def _description(unit: Unit) -> dict[str, str | int]:
    numbers = unit.numbers
    return {
        "prefix": unit.prefix,
        "kind": KINDS.index(pe_form(numbers)),
        "stages": pe_stages(numbers),
        "tap_bits": unit.numbers.engine.widths.tap,
        "code_bits": unit.bits,
        "exponent_bits": max(1, unit.max_exponent.bit_length()),
        "operand_bits": numbers.operand_bits,
        "product_bits": numbers.product_bits,
    }

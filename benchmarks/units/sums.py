"""Adder trees, one register after every level, widths growing by one bit; accumulators; the larger of two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from units.library import adder, extended
from units.unit import Integers, Port, Unit

INPUTS = (2, 4, 8, 9, 16, 32)
WIDTHS = (4, 8, 12, 16, 24)
SUMMANDS = (4, 8, 16)
SUMS = (20, 24, 32)
COMPARED = (2, 4, 8, 12, 16, 24)


def tree(count: int, width: int) -> tuple[str, int]:
    """Verilog that sums x0, x1, ... [width] to ``result``, and the bits of the sum."""
    text = ""
    terms = [f"x{index}" for index in range(count)]
    level = 0
    while len(terms) > 1:
        wider = width + 1
        following = []
        for index in range(0, len(terms), 2):
            name = f"s{level}_{index}"
            operands = [extended(term, width, wider) for term in terms[index : index + 2]]
            if len(operands) == 2:
                text += adder(name, wider, *operands)
            else:
                text += f"wire [{width}:0] {name} = {operands[0]};\n"
            if len(terms) > 2:  # the last is the register of the output
                text += f"reg [{width}:0] {name}_held; always @(posedge clk) {name}_held <= {name};\n"
                name += "_held"
            following.append(name)
        terms = following
        width = wider
        level += 1
    return text + f"assign result = {terms[0]};", width


def larger(width: int) -> str:
    """Verilog of wire ``above``: b > a, signed. A LUT tells of two bits whether they are equal, or which is larger."""
    pairs = (width + 1) // 2
    a, b = (extended(name, width, 2 * pairs) if width % 2 else name for name in "ab")
    top = f"{2 * pairs - 1}"
    text = f"wire [{top}:0] ea = {a}, eb = {b};\nwire [{top}:0] fa = {{~ea[{top}], ea[{2 * pairs - 2}:0]}}"
    text += f", fb = {{~eb[{top}], eb[{2 * pairs - 2}:0]}};\n"  # an order of unsigned integers
    chains = -(-pairs // 4)
    text += f"wire [{4 * chains - 1}:0] equal, more, carry;\n"
    for pair in range(4 * chains):
        if pair < pairs:
            bits = f"[{2 * pair + 1}:{2 * pair}]"
            text += f"assign equal[{pair}] = fa{bits} == fb{bits}, more[{pair}] = fb{bits} > fa{bits};\n"
        else:
            text += f"assign equal[{pair}] = 1'b1, more[{pair}] = 1'b0;\n"
    for chain in range(chains):
        part = f"[{4 * chain + 3}:{4 * chain}]"
        before = f"carry[{4 * chain - 1}]" if chain else "1'b0"
        text += (
            f"CARRY4 chain{chain}(.CI({before}), .CYINIT(1'b0), .S(equal{part}), .DI(more{part}), .CO(carry{part}));\n"
        )
    return text + f"wire above = carry[{4 * chains - 1}];\n"


def _accumulator(bits: int, width: int) -> Unit:
    """The sum so far, or nothing, and a summand, where it is enabled."""
    body = (
        adder("sum", width, extended("x", bits, width), f"y & {{{width}{{~first}}}}") + "assign result = go ? sum : y;"
    )

    def summed(values: Mapping[str, Integers]) -> Integers:
        total = np.zeros_like(values["x"])
        for cycle in range(1, len(total)):
            before = np.where(values["first"][cycle - 1], 0, total[cycle - 1]) + values["x"][cycle - 1]
            wrapped = (before + (1 << (width - 1)) & (1 << width) - 1) - (1 << (width - 1))
            total[cycle] = np.where(values["go"][cycle - 1], wrapped, total[cycle - 1])
        return total

    flags = [Port(name, 1, signed=False) for name in ("first", "go")]
    return Unit(
        "accumulator", "select", (bits, width), (Port("x", bits), *flags), Port("y", width), body, summed, clocked=True
    )


def units() -> Iterator[Unit]:
    """Trees of signed values, accumulators, the larger of two."""
    for bits in SUMMANDS:
        for width in SUMS:
            yield _accumulator(bits, width)
    for width in COMPARED:
        body = larger(width) + "assign result = above ? b : a;"
        yield Unit(
            "max", "signed", (width,), (Port("a", width), Port("b", width)), Port("y", width), body,
            lambda values: np.maximum(values["a"], values["b"]),
        )  # fmt: skip
    for count in INPUTS:
        for width in WIDTHS:
            body, bits = tree(count, width)
            yield Unit(
                unit="tree",
                kind="pipelined",
                widths=(count, width),
                inputs=tuple(Port(f"x{index}", width) for index in range(count)),
                output=Port("y", bits),
                body=body,
                expected=lambda values: sum(values.values()),
            )

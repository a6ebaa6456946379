"""Adder trees, one register after every level, widths growing by one bit."""

from __future__ import annotations

from collections.abc import Iterator

from units.library import adder, extended
from units.unit import Port, Unit

INPUTS = (2, 4, 8, 9, 16, 32)
WIDTHS = (4, 8, 12, 16, 24)


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


def units() -> Iterator[Unit]:
    """Trees of signed values."""
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

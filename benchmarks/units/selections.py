"""What brings taps and values to those who compute with them: registers of windows, and multiplexers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from units.unit import Integers, Port, Unit

BITS = (1, 8, 16)
INPUTS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512)
MUX_BITS = (1, 4, 8)


def moving(values: Mapping[str, Integers]) -> Integers:
    """Registers that take their neighbour's value, or start a row with 0."""
    taken = np.where(values["start"], 0, values["after"])
    return held(values, [(values["move"], taken)])


def rotating(values: Mapping[str, Integers]) -> Integers:
    """The same, or the value that comes back to the front."""
    taken = np.where(values["start"], 0, values["after"])
    return held(values, [(values["move"], taken), (values["turn"], values["again"])])


def held(values: Mapping[str, Integers], takes: list[tuple[Integers, Integers]]) -> Integers:
    """A register's value in every cycle, after taking what the first condition that holds says."""
    result = np.zeros_like(takes[0][1])
    for cycle in range(1, len(result)):
        value = result[cycle - 1]
        for condition, taken in reversed(takes):
            value = np.where(condition[cycle - 1], taken[cycle - 1], value)
        result[cycle] = value
    return result


def units() -> Iterator[Unit]:
    """Registers of windows, multiplexers."""
    for bits in BITS:
        value, flags = Port("after", bits), [Port(name, 1, signed=False) for name in ("move", "start")]
        yield Unit(
            "window", "moving", (bits,), (value, *flags), Port("y", bits),
            f"assign result = move ? (start ? {bits}'d0 : after) : y;", moving, clocked=True,
        )  # fmt: skip
        again = (Port("again", bits), Port("turn", 1, signed=False))
        yield Unit(
            "window", "rotating", (bits,), (value, *again, *flags), Port("y", bits),
            f"assign result = move ? (start ? {bits}'d0 : after) : turn ? again : y;", rotating, clocked=True,
        )  # fmt: skip
    for count in INPUTS:
        for bits in MUX_BITS:
            yield _mux(count, bits)


def _mux(count: int, bits: int) -> Unit:
    names = [f"x{index}" for index in range(count)]
    select = Port("s", (count - 1).bit_length(), signed=False)

    def chosen(values: Mapping[str, Integers]) -> Integers:
        """A number beyond the last chooses nothing in particular."""
        every = np.stack([values[name] for name in names])
        number = np.minimum(values["s"], count - 1)
        return np.ma.array(every[number, np.arange(every.shape[1])], mask=values["s"] >= count)

    # Bit by bit, as only then Yosys takes the multiplexers of slices, which Vivado does.
    body = "".join(
        f"wire [{count - 1}:0] all{bit} = {{{', '.join(f'{name}[{bit}]' for name in reversed(names))}}};\n"
        f"assign result[{bit}] = all{bit}[s];\n"
        for bit in range(bits)
    )
    inputs = (*(Port(name, bits) for name in names), select)
    return Unit("mux", "binary", (count, bits), inputs, Port("y", bits), body, chosen, wide=True)

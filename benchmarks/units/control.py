"""What decides in which cycle something happens: counters of nested loops, and FIFOs between processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from units.unit import Integers, Port, Unit

COUNTERS = (1, 2, 3, 4)
COUNTER_BITS = (2, 3, 4, 6, 8, 12)
DEPTHS = (4, 16, 32, 64, 128)
WIDTHS = (4, 8, 32)


def units() -> Iterator[Unit]:
    """Counters of loops; FIFOs of registers and of shift registers."""
    for count in COUNTERS:
        for bits in COUNTER_BITS:
            yield _nest(count, bits)
    for width in WIDTHS:
        yield _fifo(2, width)
    for depth in DEPTHS:
        for width in WIDTHS:
            yield _fifo(depth, width)


def _nest(count: int, bits: int) -> Unit:
    """Each counter goes on when all inner ones start anew; the innermost where it is enabled."""
    bounds = [
        (1 << bits) - 1 - place % 2 for place in range(count)
    ]  # mostly no powers of two, which need no comparison
    text = ""
    for place, bound in enumerate(bounds):
        low = place * bits
        text += f"wire [{bits - 1}:0] c{place} = y[{low + bits - 1}:{low}];\n"
        text += f"wire last{place} = c{place} == {bits}'d{bound - 1};\n"
        inner = " & ".join(["go", *(f"last{p}" for p in range(place))])
        text += f"assign result[{low + bits - 1}:{low}] = ({inner}) ? (last{place} ? {bits}'d0 : c{place} + 1'd1) "
        text += f": c{place};\n"

    def counted(values: Mapping[str, Integers]) -> Integers:
        state, mask = values["y"], (1 << bits) - 1
        found = []
        for go in values["go"]:
            found.append(state)
            following, on = np.zeros_like(state), go.astype(bool)
            for place, bound in enumerate(bounds):
                counter = state >> (place * bits) & mask
                stepped = np.where(counter == bound - 1, 0, counter + 1 & mask)
                following |= np.where(on, stepped, counter) << (place * bits)
                on = on & (counter == bound - 1)
            state = following
        return np.stack(found)

    def start(rng: np.random.Generator, samples: int) -> Integers:
        """Anywhere, or shortly before the end of loops."""
        state = np.zeros(samples, np.int64)
        for place, bound in enumerate(bounds):
            late = np.maximum(bound - 1 - rng.integers(0, 3, samples), 0)
            state |= np.where(rng.random(samples) < 0.7, late, rng.integers(0, bound, samples)) << (place * bits)
        return state

    return Unit(
        "control", "nest", (count, bits), (Port("go", 1, signed=False),), Port("y", count * bits, signed=False), text,
        counted, clocked=True, start=start,
    )  # fmt: skip


def _fifo(depth: int, width: int) -> Unit:
    """What is written moves along; a counter, -1 where there is nothing, says which place is the oldest."""
    address, kind = (depth - 1).bit_length(), "registers" if depth == 2 else "srl"
    count = address + 1
    body = f"""
reg [{count - 1}:0] newest = {{{count}{{1'b1}}}};
reg some = 1'b0, room = 1'b1;
wire push = write & room, pop = read & some;
wire [{address - 1}:0] oldest = newest[{count - 1}] ? {address}'d0 : newest[{address - 1}:0];
always @(posedge clk) begin
  if (reset) begin newest <= {{{count}{{1'b1}}}}; some <= 1'b0; room <= 1'b1; end
  else if (push & ~pop) begin
    newest <= newest + 1'd1; some <= 1'b1; if (newest == {count}'d{depth - 2}) room <= 1'b0;
  end
  else if (pop & ~push) begin
    newest <= newest - 1'd1; room <= 1'b1; if (newest == {count}'d0) some <= 1'b0;
  end
end
wire [{width - 1}:0] front;
assign result = {{front, room, some}};
genvar b;
generate
  for (b = 0; b < {width}; b = b + 1) begin : lane
    reg [{depth - 1}:0] held;
    always @(posedge clk) if (push) held <= {{held[{depth - 2}:0], x[b]}};
    assign front[b] = held[oldest];
  end
endgenerate
"""
    flags = [Port(name, 1, signed=False) for name in ("write", "read", "reset")]
    return Unit(
        "fifo", kind, (width,) if depth == 2 else (depth, width), (*flags, Port("x", width, signed=False)),
        Port("y", width + 2, signed=False), body, lambda values: _queued(values, depth), registered=False, clocked=True,
    )  # fmt: skip


def _queued(values: Mapping[str, Integers], depth: int) -> Integers:
    cycles, samples = values["x"].shape
    result = np.zeros((cycles, samples), np.int64)
    for sample in range(samples):
        queue: list[int] = []
        latest = 0  # comes out of an empty one
        for cycle in range(cycles):
            front = queue[0] if queue else latest
            result[cycle, sample] = front << 2 | (len(queue) < depth) << 1 | bool(queue)
            push, pop = values["write"][cycle, sample] and len(queue) < depth, values["read"][cycle, sample] and queue
            if pop:
                queue.pop(0)
            if push:
                latest = int(values["x"][cycle, sample])
                queue.append(latest)
            if values["reset"][cycle, sample]:
                queue.clear()
    return result

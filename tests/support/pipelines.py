"""A pipeline word by word: when each stage reads and writes, with streams that hold as much as the design says."""

from __future__ import annotations

from collections.abc import Iterator

from hlsq.backends.folded.pieces import PIPELINE
from hlsq.backends.folded.pipeline import PipelinedProgram

Event = tuple[str, str]
"""``read`` or ``write``, and a stream."""


class Stream:
    """Words with the times at which they are written and read; a place is free a cycle after its word was read."""

    def __init__(self, depth: int | None) -> None:
        self.depth = depth
        self.written: list[int] = []
        self.read: list[int] = []

    def ready(self, event: str) -> int | None:
        """When the next word can be written or read, as far as is known; None if it is not."""
        if event == "read":
            n = len(self.read)
            return self.written[n] + 1 if n < len(self.written) else None
        n = len(self.written)
        if self.depth is None or n < self.depth:
            return 0
        return self.read[n - self.depth] + 1 if n - self.depth < len(self.read) else None


def sample_times(program: PipelinedProgram, samples: int, maps_less: int = 0) -> list[int]:
    """The cycles in which the last stage is done with each sample.

    Each word takes a cycle of its stage, and the rest of an instruction behind its words. Inputs are there at once,
    outputs are taken at once, and words between two stages have the width of both, as those of these programs do.

    Args:
        program: to run.
        samples: their number.
        maps_less: by which the maps that wait in a stream are fewer.
    """
    streams: dict[tuple[str, int], Stream] = {}
    readers: dict[str, list[int]] = {}
    for channel in program.channels:
        assert channel.written == channel.read
        inside = channel.source >= 0 and channel.reader < len(program.stages)
        maps = max(0, channel.maps - maps_less)
        streams[channel.tensor, channel.reader] = Stream(max(2, maps * channel.written) if inside else None)
        readers.setdefault(channel.tensor, []).append(channel.reader)
        if channel.source < 0:
            streams[channel.tensor, channel.reader].written = [-1] * (channel.written * samples)

    done: list[int] = []

    def stage(number: int) -> Iterator[tuple[str, list[Stream], int]]:
        """Transfers in order: kind, streams, and cycles that pass before."""
        for _ in range(samples):
            pause = 0
            for item in program.stages[number].program.instructions:
                if item.opcode == "run":
                    pause += item.cycles
                    continue
                ends = [number] if item.opcode == "load" else readers[item.target]
                for _ in range(item.cycles - PIPELINE):
                    kind = "read" if item.opcode == "load" else "write"
                    yield kind, [streams[item.target, end] for end in ends], pause
                    pause = 0
                pause += PIPELINE
            yield "end", [], pause

    runs = [stage(n) for n in range(len(program.stages))]
    clock = [-1] * len(runs)
    waiting = [next(run, None) for run in runs]
    while any(waiting):
        moved = False
        for n, run in enumerate(runs):
            while (event := waiting[n]) is not None:
                kind, ends, pause = event
                times = [stream.ready(kind) for stream in ends]
                if None in times:
                    break
                now = max([clock[n] + pause + (kind != "end"), *(t for t in times if t is not None)])
                for stream in ends:
                    (stream.read if kind == "read" else stream.written).append(now)
                if kind == "end" and n == len(runs) - 1:
                    done.append(now + 1)
                clock[n], waiting[n], moved = now, next(run, None), True
        assert moved, "a standstill"
    return done

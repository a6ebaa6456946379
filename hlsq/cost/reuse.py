"""How many processing elements a block has, and which reuse factors are possible."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from hlsq.cost.products import Products
from hlsq.errors import OptionError

DEFAULT_REUSE = 64
"""Cycles per output position that blocks aim at when the user asks for nothing."""


@dataclass(frozen=True)
class Split:
    """How the products of one position are spread over PEs and cycles.

    In each of ``tap_steps * output_steps`` cycles an array of ``tap_block * output_block`` PEs works; the last tap
    block or output block may be partly idle.
    """

    products: Products
    tap_steps: int
    output_steps: int

    @property
    def tap_block(self) -> int:
        """Taps that one cycle handles."""
        return -(-self.products.share // (self.tap_steps // self.products.packets))

    @property
    def output_block(self) -> int:
        """Outputs that one cycle handles."""
        group = self.products.group or 1
        channels = self.products.outputs // group
        return (
            -(-channels // self.output_steps) * group
            if self.output_steps <= channels
            else -(-self.products.outputs // self.output_steps)
        )

    @property
    def reuse_factor(self) -> int:
        """Cycles per position: how often each PE is used."""
        return self.tap_steps * self.output_steps

    @cached_property
    def pes(self) -> int:
        """Number of PEs."""
        return self.tap_block * self.output_block


@lru_cache(maxsize=4096)
def _steps(size: int) -> tuple[int, ...]:
    """Numbers of steps into which ``size`` can be cut without a wholly idle one."""
    return tuple(n for n in range(1, size + 1) if -(-size // -(-size // n)) == n)


@lru_cache(maxsize=4096)
def valid_reuse_factors(products: Products) -> tuple[int, ...]:
    """All reuse factors that ``split`` accepts, ascending."""
    return tuple(sorted({t * o for t in _tap_steps(products) for o in _output_steps(products)}))


def _tap_steps(products: Products) -> tuple[int, ...]:
    """Every packet is cut alike, so that no step needs values of two."""
    return tuple(products.packets * n for n in _steps(products.share))


def _output_steps(products: Products) -> tuple[int, ...]:
    """Outputs that share their taps are cut alike, and stay whole where a step handles several such groups."""
    if not products.group:
        return _steps(products.outputs)
    channels = products.outputs // products.group
    within = {channels * n for n in range(1, products.group + 1) if products.group % n == 0}
    return tuple(sorted({*_steps(channels), *within}))


def nearest_reuse_factors(products: Products, wanted: int) -> tuple[int, ...]:
    """The valid reuse factors next below and next above ``wanted`` (or ``wanted`` itself)."""
    valid = valid_reuse_factors(products)
    below = [v for v in valid if v <= wanted]
    above = [v for v in valid if v >= wanted]
    return tuple(sorted({*below[-1:], *above[:1]}))


def split(name: str, products: Products, reuse_factor: int) -> Split:
    """The split with ``reuse_factor`` that needs the fewest PEs.

    Raises:
        OptionError: no split has that reuse factor; names the block and the nearest valid values.
    """
    candidates = [
        Split(products, t, reuse_factor // t)
        for t in _tap_steps(products)
        if reuse_factor >= 1 and reuse_factor % t == 0 and reuse_factor // t in _output_steps(products)
    ]
    if not candidates:
        nearest = " or ".join(map(str, nearest_reuse_factors(products, reuse_factor)))
        raise OptionError(
            f"block {name!r}: reuse_factor {reuse_factor} is impossible for its {products.taps} taps and "
            f"{products.outputs} outputs; nearest valid: {nearest}"
        )
    # Few outputs at a time: each needs an accumulator and a requantiser.
    return min(candidates, key=lambda s: (s.pes, s.output_block))


@lru_cache(maxsize=4096)
def pareto_splits(products: Products) -> tuple[Split, ...]:
    """Splits with which no other has as few PEs in as few cycles: reuse factors ascending, PEs strictly descending.

    Each is the one that ``split`` gives for its reuse factor.
    """
    taps, outputs = _tap_steps(products), _output_steps(products)
    by_taps = [(steps, Split(products, steps, 1).tap_block) for steps in taps]
    by_outputs = [(steps, Split(products, products.packets, steps).output_block) for steps in outputs]
    ordered = sorted((t * o, across * down, down, t, o) for t, across in by_taps for o, down in by_outputs)
    found, fewest = [], products.total + 1
    for _, pes, _, tap_steps, output_steps in ordered:
        if pes < fewest:
            fewest = pes
            found.append(Split(products, tap_steps, output_steps))
    return tuple(found)


def closest_split(name: str, products: Products, reuse_factor: int) -> Split:
    """The split whose reuse factor is closest to ``reuse_factor``."""
    nearest = nearest_reuse_factors(products, reuse_factor)
    return split(name, products, min(nearest, key=lambda v: abs(v - reuse_factor)))

"""How many processing elements a block has, and which reuse factors are possible."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from hlsq.cost.products import Products
from hlsq.errors import OptionError

DEFAULT_REUSE = 64
"""Cycles per output position that blocks aim at when the user asks for nothing."""

FEWEST_WORDS = 5
"""Words of a window from which on a memory takes less than registers with multiplexers; it is fast enough for fewer."""
LARGE_WINDOW = 64
"""Taps in registers whose multiplexers take as much as two PEs more, with which a memory holds all but one column."""


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

    def share_of(self, outputs: int) -> int:
        """How many of ``outputs`` one cycle handles, if they take part in the same steps as those of ``products``."""
        return -(-outputs // self.output_steps)

    @property
    def reuse_factor(self) -> int:
        """Cycles per position: how often each PE is used."""
        return self.tap_steps * self.output_steps

    @cached_property
    def pes(self) -> int:
        """Number of PEs."""
        return self.tap_block * self.output_block

    @property
    def size(self) -> tuple[int, int]:
        """What there is the less of the better: PEs, then outputs at a time, as each needs an accumulator."""
        return self.pes, self.output_block

    @cached_property
    def window_words(self) -> int:
        """Words of the memory that holds the older columns of a window; 1 where registers hold all, or there are none.

        A word is what one step sees of them, of one group of channels where outputs have channels of their own.
        """
        return self._window_steps if self._window_steps >= FEWEST_WORDS and self._fits_strip else 1

    @property
    def strips(self) -> int:
        """Strips that a step sees of a window in a memory, of one channel where each output sees one; else 0.

        A strip is the taps of one row and channel in all columns, which move within one word.
        """
        return self.tap_block // self.products.columns if self.window_words > 1 else 0

    @property
    def loose(self) -> int:
        """Taps that a step sees beside its strips. They lie in registers, where strips may come apart."""
        return self.tap_block - self.strips * self.products.columns

    @cached_property
    def is_crowded(self) -> bool:
        """Whether steps that have no place for whole strips leave many taps to registers with multiplexers."""
        group = self.products.group
        channels = max(1, self.output_block // group) if group else 1
        return self._window_steps >= FEWEST_WORDS and self.loose * channels * self._window_steps >= LARGE_WINDOW

    @property
    def _fits_strip(self) -> bool:
        """Whether a step has as many taps as a window has columns."""
        return self.tap_block >= self.products.columns

    @property
    def _window_steps(self) -> int:
        """Into how many parts steps cut a window; 1 where there is none of several columns."""
        if self.products.columns == 1:
            return 1
        group = self.products.group
        groups = self.output_steps * self.output_block // group // max(1, self.output_block // group) if group else 1
        return self.tap_steps * groups


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
    return min(candidates, key=_preference)


def _preference(split: Split) -> tuple[int, bool, int]:
    """The least is taken of those with one reuse factor.

    Few outputs at a time: each needs an accumulator and a requantiser.
    """
    return split.pes, split.is_crowded, split.output_block


@lru_cache(maxsize=4096)
def pareto_splits(products: Products) -> tuple[Split, ...]:
    """Splits that no other beats in PEs, cycles of a position and words of a window: reuse factors ascending.

    Each is the one that ``split`` gives for its reuse factor. Those that keep a window out of a memory are not. Of two
    with as many PEs, the one that finishes fewer outputs at a time has less.
    """
    found: dict[int, Split] = {}
    for taps in _tap_steps(products):
        for outputs in _output_steps(products):
            one = Split(products, taps, outputs)
            if one.reuse_factor not in found or _preference(one) < _preference(found[one.reuse_factor]):
                found[one.reuse_factor] = one
    fewest: dict[int, tuple[int, int]] = {}
    kept = []
    for _, one in sorted(found.items()):
        if not one.is_crowded and all(w > one.window_words or n > one.size for w, n in fewest.items()):
            fewest[one.window_words] = one.size
            kept.append(one)
    return tuple(kept)


def closest_split(name: str, products: Products, reuse_factor: int) -> Split:
    """The split whose reuse factor is closest to ``reuse_factor``."""
    nearest = nearest_reuse_factors(products, reuse_factor)
    return split(name, products, min(nearest, key=lambda v: abs(v - reuse_factor)))

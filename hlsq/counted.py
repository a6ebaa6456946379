"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """``1 block``, ``2 blocks``, ``1,000 blocks``; ``es`` after a hiss."""
    ending = "" if number == 1 else "es" if thing.endswith(("s", "x", "ch", "sh")) else "s"
    return f"{number:,} {thing}{ending}"


def in_percent(share: float, digits: int = 0) -> str:
    """``0.8`` as ``80 %``, with ``digits`` behind the point."""
    return f"{100 * share:,.{digits}f} %"

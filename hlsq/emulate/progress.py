"""The progress bar of work that goes through samples."""

from __future__ import annotations

from tqdm import tqdm


def sample_bar(samples: int, what: str, progress: bool | None) -> tqdm:
    """A bar for ``samples`` samples of ``what``.

    Args:
        samples: how many there are.
        what: shown beside the bar.
        progress: None shows the bar on a terminal when the work takes longer than a second; True and False decide.
    """
    disable = None if progress is None else not progress
    return tqdm(total=samples, desc=what, unit="sample", delay=1.0, leave=False, disable=disable)

"""The best of several candidates, without finishing those that cannot win any more.

Losses of the parts add up and none is negative, so the loss of the parts done so far is a lower bound for the whole.
The candidate with the smallest bound goes on; one that is complete wins as soon as no other has a smaller bound (or,
of equal ones, an earlier place). Where candidates are compared by a cost that grows with the loss, the cost of a bound
is used instead. The winner is exactly that of comparing all complete losses, whatever the order in which workers end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field

from hlsq.errors import SearchError
from hlsq.progress import progress_bar
from hlsq.search.incremental import Candidate
from hlsq.search.scoring import Scoring
from hlsq.search.workers import Answer, Workers

Done = Callable[[str, int, float, int], None]
"""Is told candidate, part, loss and block evaluations of every finished task."""
Cost = Callable[[Candidate, float], float]
"""What a candidate is judged by, from its loss on all samples; it must not fall where the loss rises."""


def plain_loss(_: Candidate, loss: float) -> float:
    """The loss itself."""
    return loss


@dataclass(frozen=True)
class Winner:
    """The best candidate and its loss."""

    candidate: Candidate
    loss: float


@dataclass(eq=False)
class _Runner:
    """A candidate on its way."""

    place: int
    candidate: Candidate
    parts: int
    cost: Cost
    losses: dict[int, float] = field(default_factory=dict)
    flying: set[int] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        return len(self.losses) == self.parts

    @property
    def bound(self) -> float:
        # With a single part nothing is known before it is done, and its loss may be negative.
        if not self.losses:
            return 0.0 if self.parts > 1 else float("-inf")
        return sum(self.losses[part] for part in sorted(self.losses))

    @property
    def least(self) -> float:
        """The smallest cost that it can still have."""
        return self.cost(self.candidate, self.bound)

    def next_part(self) -> int | None:
        return next((p for p in range(self.parts) if p not in self.losses and p not in self.flying), None)


def race(
    candidates: Sequence[Candidate],
    workers: Workers,
    scoring: Scoring,
    known: Mapping[str, Mapping[int, float]],
    done: Done,
    label: str,
    progress: bool | None = None,
    cost: Cost = plain_loss,
) -> Winner:
    """The candidate with the smallest cost on all samples; of equal ones the first.

    Args:
        candidates: at least one.
        workers: with a published base.
        scoring: of outputs.
        known: losses of an earlier, interrupted race: candidate to part to loss.
        done: called after every task.
        label: of the race, for messages and the progress bar.
        progress: True or False shows or hides the bar; None shows it on a terminal.
        cost: by which candidates are compared, their loss unless told.

    Raises:
        SearchError: a task failed; names its candidate. Those in flight are finished and reported to ``done`` first.
    """
    assert workers.opened is not None  # noqa: S101 - the caller published
    parts = workers.opened.parts
    runners = [_Runner(i, c, len(parts), cost, dict(known.get(c.name, {}))) for i, c in enumerate(candidates)]
    flying: dict[Future[Answer], tuple[_Runner, int]] = {}
    done_before = sum(len(r.losses) for r in runners)
    bar = progress_bar(len(runners) * len(parts), label, "part", progress, done_before)

    def collect(future: Future[Answer]) -> None:
        runner, part = flying.pop(future)
        runner.flying.discard(part)
        name = runner.candidate.name
        try:
            answer = future.result()
            loss = scoring.loss(answer.outputs, parts[part])
        except (Exception, CancelledError) as error:
            raise _failure(label, runner, error, [other for other, _ in flying.values()]) from error
        runner.losses[part] = loss
        bar.update()
        done(name, part, loss, answer.evaluations)

    try:
        with bar:
            while (best := min(runners, key=lambda r: (r.least, r.place))) and not best.complete:
                while len(flying) < workers.count and (choice := _choose(runners)) is not None:
                    runner, part = choice
                    try:
                        future = workers.submit(runner.candidate, part)
                    except Exception as error:
                        raise _failure(label, runner, error, [other for other, _ in flying.values()]) from error
                    runner.flying.add(part)
                    flying[future] = runner, part
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    collect(future)
    finally:
        _land(flying, collect)
    return Winner(best.candidate, best.bound)


def _failure(label: str, runner: _Runner, error: BaseException, flying: Sequence[_Runner]) -> SearchError:
    reason = str(error) or type(error).__name__
    kind = "" if isinstance(error, SearchError) else f"{type(error).__name__}: "
    also = ""
    if isinstance(error, BrokenExecutor) and flying:
        # A process that dies takes the whole pool with it, and nobody knows which task was its last.
        also = f" (also under way: {', '.join(sorted({repr(other.candidate.name) for other in flying}))})"
    return SearchError(
        f"{label}, candidate {runner.candidate.name!r}{also}: its worker failed: {kind}{reason}; what finished is kept "
        "in the state file, if there is one, so that the same call goes on from there"
    )


def _choose(runners: Sequence[_Runner]) -> tuple[_Runner, int] | None:
    """The most promising candidate's next part; many workers spread over candidates that are equally promising."""
    order = sorted(runners, key=lambda r: (r.least, len(r.flying), r.place))
    return next(((r, part) for r in order if (part := r.next_part()) is not None), None)


def _land(flying: dict[Future[Answer], tuple[_Runner, int]], collect: Callable[[Future[Answer]], None]) -> None:
    """Let go of what has not begun and keep what is still being computed."""
    for future in list(flying):
        if future.cancel():
            flying.pop(future)
    wait(flying)
    for future in list(flying):
        try:
            collect(future)
        except SearchError:
            continue  # another one failed first, and that one is reported

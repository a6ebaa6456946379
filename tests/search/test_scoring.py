"""Losses, and the order in which samples are tried."""

import numpy as np
import pytest

from hlsq.errors import InputError, OptionError, SearchError
from hlsq.search import scoring_for

RNG = np.random.default_rng(3)
LOGITS = RNG.normal(size=(200, 4)).astype(np.float32)
LABELS = RNG.integers(0, 4, 200)
SHAPES = {"out": (4,)}


def test_accuracy_adds_up_over_its_parts() -> None:
    scoring = scoring_for("accuracy", LABELS, SHAPES)
    parts = scoring.parts({"out": LOGITS})
    assert len(parts) == 6
    assert sorted(np.concatenate(parts)) == list(range(200))
    losses = [scoring.loss({"out": LOGITS[rows]}, rows) for rows in parts]
    assert scoring.value(sum(losses)) == (LOGITS.argmax(axis=1) == LABELS).mean()
    assert losses == sorted(losses, reverse=True), "wrong samples come first"
    assert losses[0] == len(parts[0])
    assert losses[-1] == 0


def test_few_samples_are_one_part() -> None:
    assert len(scoring_for("accuracy", LABELS[:40], SHAPES).parts({"out": LOGITS[:40]})) == 1


def test_deviation_is_the_divergence_of_probabilities() -> None:
    real = LOGITS + RNG.normal(size=LOGITS.shape).astype(np.float32)
    scoring = scoring_for("accuracy", LABELS, SHAPES)
    parts = scoring.parts({"out": LOGITS})
    found = sum(scoring.deviation({"out": LOGITS[rows]}, {"out": real}, rows) for rows in parts)
    p, q = (np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in (real, LOGITS))
    assert found == pytest.approx((p * np.log(p / q)).sum(), rel=1e-5)
    rows = np.arange(200)
    assert scoring.deviation({"out": real + 3}, {"out": real}, rows) == pytest.approx(0, abs=1e-4), "same probabilities"
    assert np.isfinite(scoring.deviation({"out": LOGITS * 1e4}, {"out": -LOGITS * 1e4}, rows))


def test_standard_error_is_that_of_paired_samples() -> None:
    scoring = scoring_for("accuracy", LABELS, SHAPES)
    assert scoring.standard_error({"out": LOGITS}, {"out": LOGITS}) == 0
    right = np.eye(4, dtype=np.float32)[LABELS]
    some = right.copy()
    some[:20] = np.eye(4)[(LABELS[:20] + 1) % 4]
    drops = [0.0] * 180 + [1.0] * 20
    assert scoring.standard_error({"out": some}, {"out": right}) == pytest.approx(np.std(drops) / 200**0.5)
    assert scoring_for(lambda *_: 0.0, None, SHAPES).standard_error({"out": some}, {"out": right}) == 0


def test_deviation_for_other_metrics_is_squared() -> None:
    scoring = scoring_for(lambda *_: 0.0, None, {"a": (4,), "b": (2, 2)})
    real = {"a": LOGITS, "b": LOGITS.reshape(200, 2, 2)}
    rows = np.array([3, 5])
    outputs = {"a": LOGITS[rows] + 1, "b": real["b"][rows] - 2}
    assert scoring.deviation(outputs, real, rows) == pytest.approx(2 * (4 + 16), rel=1e-5)


def test_a_function_sees_everything_at_once() -> None:
    def metric(outputs: object, labels: object) -> float:
        assert isinstance(outputs, np.ndarray)
        assert labels == "labels"
        return float(outputs.sum())

    scoring = scoring_for(metric, "labels", {"out": (4,)})
    (rows,) = scoring.parts({"out": LOGITS})
    assert list(rows) == list(range(200))
    assert scoring.value(scoring.loss({"out": LOGITS}, rows)) == pytest.approx(float(LOGITS.sum()))
    assert scoring.name.endswith("metric")


def test_several_outputs_come_as_a_list() -> None:
    scoring = scoring_for(lambda outputs, _: len(outputs), None, {"a": (4,), "b": (4,)})
    assert scoring.value(scoring.loss({"a": LOGITS, "b": LOGITS}, np.arange(200))) == 2


@pytest.mark.parametrize("value", [None, "good", float("inf"), np.zeros(2)])
def test_a_function_must_return_a_number(value: object) -> None:
    scoring = scoring_for(lambda *_: value, None, SHAPES)  # type: ignore[arg-type, return-value]
    with pytest.raises(SearchError, match="finite number"):
        scoring.loss({"out": LOGITS}, np.arange(200))


def test_a_function_that_fails_is_named() -> None:
    scoring = scoring_for(lambda outputs, labels: outputs[labels], "none", SHAPES)  # type: ignore[arg-type]
    with pytest.raises(SearchError, match=r"lambda.* failed: IndexError"):
        scoring.loss({"out": LOGITS}, np.arange(200))


@pytest.mark.parametrize(
    ("metric", "labels", "shapes", "message"),
    [
        ("loss", LABELS, SHAPES, "allowed: 'accuracy'"),
        ("accuracy", LABELS, {"a": (4,), "b": (4,)}, "one output"),
        ("accuracy", LABELS, {"a": (2, 2)}, "one output"),
        ("accuracy", LABELS, {"a": (1,)}, r"this one are 'a' of shape \[1\]: give a function of outputs and labels"),
        ("accuracy", np.eye(4), SHAPES, "one-hot"),
        ("accuracy", LABELS / 2, SHAPES, "class numbers .* no classifier, give a function of outputs and labels"),
        ("accuracy", LABELS - 1, SHAPES, "from -1 to 2"),
        ("accuracy", LABELS + 1, SHAPES, "from 1 to 4; the network has 4 classes"),
    ],
)
def test_what_does_not_fit(metric: str, labels: object, shapes: dict[str, tuple[int, ...]], message: str) -> None:
    error = OptionError if metric == "loss" or shapes is not SHAPES else InputError
    with pytest.raises(error, match=message):
        scoring_for(metric, labels, shapes)  # type: ignore[arg-type]

"""Factors and solutions against LAPACK's, and that no order of sums shows in them."""

import numpy as np
import pytest

from hlsq.schemes.linear_systems import SingularError, cholesky, solve_lower, solve_upper
from tests.support.machine import another_machine


def positive(size: int, damping: float = 0.01) -> np.ndarray:
    x = np.random.default_rng(size).normal(size=(3 * size, size)) @ np.random.default_rng(1).normal(size=(size, size))
    square = x.T @ x / len(x)
    return np.asarray(square + damping * square.diagonal().mean() * np.eye(size))


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    lower = cholesky(matrix)
    return solve_upper(lower, solve_lower(lower, right))


@pytest.mark.parametrize("size", [1, 5, 64, 65, 200])
def test_factor_and_solution(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, right = positive(size), np.random.default_rng(2).normal(size=(size, 7))
    before = matrix.copy()
    lower, x = cholesky(matrix), solve(matrix, right)
    assert np.allclose(lower, np.linalg.cholesky(matrix), rtol=1e-6, atol=1e-8)
    assert np.allclose(x, np.linalg.solve(matrix, right), rtol=1e-6, atol=1e-8)
    assert np.array_equal(matrix, before)
    order = another_machine(monkeypatch, 1)
    assert np.array_equal(cholesky(matrix), lower)
    assert np.array_equal(solve(matrix, right), x)
    assert order.inexact == 0


@pytest.mark.parametrize("size", [2, 70, 150])
def test_singular(size: int) -> None:
    x = np.random.default_rng(0).normal(size=(size // 2, size))
    with pytest.raises(SingularError):
        cholesky(x.T @ x)
    with pytest.raises(SingularError):
        solve(-np.eye(size), np.ones((size, 1)))

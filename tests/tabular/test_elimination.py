"""Removing states: the chain that is left, mean visits to those that went, accuracy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import absorption as oracle
from oracles.markov import chain_of

from rlcourse.tabular import elimination

seeds = st.integers(0, 2**32 - 1)


def weights(seed, size):
    """Whole numbers, half of them 0, with a step down from every state but the lowest."""
    rng = np.random.default_rng(seed)
    W = rng.integers(1, 5, size=(size, size)) * (rng.random((size, size)) < 0.5)
    for i in range(size):
        W[i, rng.integers(max(i, 1))] += 1
    return W


def watched(P, k):
    """Steps of the chain watched in the states 0 to k, in fractions."""
    enters = oracle.where(P, list(range(k + 1)))
    return [[sum(x * row[j] for x, row in zip(P[i], enters, strict=True)) for j in range(k + 1)] for i in range(k + 1)]


def visits(P, k):
    """Mean number of visits to k, from each state below it, at times >= 1 until a state below it is met again."""
    below = list(range(k))
    to_k = {m: row[0] for m, row in zip(range(k, len(P)), oracle.visits(P, below), strict=True)}
    return [sum(P[i][m] * to_k[m] for m in range(k, len(P))) for i in below]


@pytest.mark.parametrize("leaf", [1, 2, 8])
@given(seed=seeds, size=st.integers(1, 6))
def test_what_is_kept_is_exact(leaf, seed, size):
    W = weights(seed, size)
    P, A = chain_of(W), W / W.sum(axis=1, keepdims=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elimination, "LEAF", leaf)
        elimination.eliminate(A)
    for k in range(1, size):
        np.testing.assert_allclose(A[k, :k], np.array(watched(P, k)[k][:k], float), rtol=1e-13, atol=1e-16)
        np.testing.assert_allclose(A[:k, k], np.array(visits(P, k), float), rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("size", [8, 9, 10, 17, 31])
def test_halves_and_single_states_give_the_same(size, monkeypatch):
    P = np.random.default_rng(size).dirichlet(np.ones(size), size=size)
    halves, singles = P.copy(), P.copy()
    elimination.eliminate(halves)
    monkeypatch.setattr(elimination, "LEAF", size)
    elimination.eliminate(singles)
    off = ~np.eye(size, dtype=bool)
    np.testing.assert_allclose(halves[off], singles[off], rtol=1e-13)


def test_the_diagonal_is_never_read():
    P = np.random.default_rng(1).dirichlet(np.ones(12), size=12)
    spoiled = P.copy()
    np.fill_diagonal(spoiled, 1e9)
    elimination.eliminate(P)
    elimination.eliminate(spoiled)
    off = ~np.eye(12, dtype=bool)
    np.testing.assert_array_equal(P[off], spoiled[off])


def test_tiny_steps_keep_their_accuracy():
    """State 2 is left with probability 3e-17 only: 1 - P[2, 2] would be 0."""
    A = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [1e-17, 2e-17, 1 - 3e-17]])
    elimination.eliminate(A)
    np.testing.assert_allclose(A[:2, 2], 0.5 / 3e-17, rtol=1e-15)
    # from 1 to 0, at once or through 2; from 0 to 1 likewise, and then back with that probability
    np.testing.assert_allclose(A[1, 0], 0.5 + 0.5 / 3, rtol=1e-15)
    np.testing.assert_allclose(A[0, 1], (0.5 + 1 / 3) / (0.5 + 0.5 / 3), rtol=1e-15)

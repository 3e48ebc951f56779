"""Passages at positive times, returns and visits."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracles import absorption as oracle
from oracles import markov as walks
from oracles.markov import weights
from scipy import sparse

from rlcourse.tabular import passages
from rlcourse.tabular.markov import MarkovChain

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


def both(W):
    P = W / W.sum(axis=1, keepdims=True)
    return MarkovChain(P), MarkovChain(sparse.csr_array(P))


def passage(P, target):
    """Probability of a visit at n >= 1, from that at n >= 0 after one step, in fractions."""
    ever = [sum(row) for row in oracle.where(P, target)]
    return [sum(x * h for x, h in zip(row, ever, strict=True)) for row in P]


def test_the_example_of_two_visits():
    """State 0 stays with probability 1/2, state 1 goes to 0 with probability 1/2, else the end."""
    chain = MarkovChain(np.array([[0.5, 0, 0.5], [0.5, 0, 0.5], [0, 0, 1]]))
    np.testing.assert_allclose(passages.passage_probabilities(chain, 0), [0.5, 0.5, 0])
    np.testing.assert_allclose(passages.mean_visits(chain, 0), [1, 1, 0])
    law, forever = passages.visit_law(chain, 0, 3)
    np.testing.assert_allclose(law[:, 0], [1 / 2, 1 / 4, 1 / 8, 1 / 16])
    np.testing.assert_array_equal(forever, 0)
    np.testing.assert_array_equal(passages.mean_visits(chain, 2), np.full(3, np.inf))
    np.testing.assert_array_equal(passages.visit_law(chain, 2, 2)[1], [1, 1, 1])
    assert passages.passage_times(chain, 2).tolist() == [2, 2, 1]


def test_two_ends():
    """From state 1 to one of the ends 0 and 2; a third state steps to 0."""
    chain = MarkovChain(np.array([[1, 0, 0, 0], [0.5, 0, 0.5, 0], [0, 0, 1, 0], [1, 0, 0, 0]]))
    np.testing.assert_array_equal(passages.visit_law(chain, 0, 1)[1], [1, 0.5, 0, 1])
    np.testing.assert_array_equal(passages.mean_visits(chain, 0), [np.inf, np.inf, 0, np.inf])
    np.testing.assert_array_equal(passages.passage_times(chain, 0), [1, np.inf, np.inf, 1])


def test_the_return_time_of_two_states():
    chain = MarkovChain(np.array([[2 / 3, 1 / 3], [1 / 4, 3 / 4]]))
    np.testing.assert_allclose(passages.passage_times(chain, 0), [7 / 3, 4])
    np.testing.assert_allclose(passages.passage_times(chain, 1), [3, 7 / 4])


@given(seeds, sizes)
@example(0, 1)
def test_passage_probabilities_are_exact(seed, size):
    W = weights(seed, size)
    P, j = walks.chain_of(W), seed % size
    want = passage(P, [j])
    for chain in both(W):
        p = passages.passage_probabilities(chain, j)
        np.testing.assert_allclose(p, np.array(want, float), atol=1e-13)
        assert [x == 1 for x in p] == [x == 1 for x in want]
        assert [x == 0 for x in p] == [x == 0 for x in want]


@given(seeds, st.integers(2, 5))
def test_passage_probabilities_to_a_set(seed, size):
    W = weights(seed, size)
    want = np.array(passage(walks.chain_of(W), [0, 1]), float)
    for chain in both(W):
        np.testing.assert_allclose(passages.passage_probabilities(chain, [1, 0]), want, atol=1e-13)


@given(seeds, st.integers(1, 4), st.integers(1, 4))
def test_first_passage_laws_are_sums_over_paths(seed, size, n):
    W = weights(seed, size)
    want = np.array(oracle.time_law(walks.chain_of(W), [seed % size], n, earliest=1), float)
    for chain in both(W):
        np.testing.assert_allclose(passages.first_passage_law(chain, seed % size, n), want, atol=1e-14)


@given(seeds, sizes)
def test_mean_passage_times_are_exact(seed, size):
    W = weights(seed, size, share=0.6)
    P, j = walks.chain_of(W), seed % size
    mean, _ = oracle.moments(P, [j])
    want = []
    for row in P:
        ahead = [(x, m) for x, m in zip(row, mean, strict=True) if x]
        want.append(np.inf if any(m is None for _, m in ahead) else float(1 + sum(x * m for x, m in ahead)))
    for chain in both(W):
        np.testing.assert_allclose(passages.passage_times(chain, j), want, rtol=1e-12)


@given(seeds, st.integers(1, 4))
def test_return_times_are_reciprocals_of_the_stationary_law(seed, size):
    W = weights(seed, size, share=0.5) + walks_ring(size)
    law = walks.tree_law(walks.chain_of(W), list(range(size)))
    for chain in both(W):
        for i in range(size):
            assert passages.passage_times(chain, i)[i] == pytest.approx(float(1 / law[i]), rel=1e-12)


def walks_ring(size):
    return np.roll(np.eye(size, dtype=int), 1, axis=1)


@given(seeds, sizes)
def test_visits(seed, size):
    W = weights(seed, size)
    P, j = walks.chain_of(W), seed % size
    p = passage(P, [j])
    for chain in both(W):
        law, forever = passages.visit_law(chain, j, 2)
        if p[j] == 1:
            np.testing.assert_allclose(forever, np.array(p, float), atol=1e-13)
            np.testing.assert_array_equal(law[1:], 0)
            np.testing.assert_array_equal(passages.mean_visits(chain, j), [np.inf if x else 0 for x in p])
        else:
            np.testing.assert_array_equal(forever, 0)
            want = [[x * p[j] ** (m - 1) * (1 - p[j]) for x in p] for m in (1, 2)]
            np.testing.assert_allclose(law[1:], np.array(want, float), atol=1e-13)
            mean = [x / (1 - p[j]) for x in p]
            np.testing.assert_allclose(passages.mean_visits(chain, j), np.array(mean, float), rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(law[0], [float(1 - x) for x in p], atol=1e-13)


def test_visits_are_sums_of_powers():
    P = np.array([[0.2, 0.3, 0.5, 0], [0.1, 0.1, 0.2, 0.6], [0.4, 0, 0.3, 0.3], [0, 0, 0, 1]])
    power, total = np.eye(4), np.zeros((4, 4))
    for _ in range(300):
        power = power @ P
        total += power
    for j in range(3):
        np.testing.assert_allclose(passages.mean_visits(MarkovChain(P), j), total[:, j], atol=1e-12)
        law, _ = passages.visit_law(MarkovChain(P), j, 200)
        np.testing.assert_allclose(np.arange(201) @ law, total[:, j], atol=1e-12)
        assert law.sum(axis=0) == pytest.approx(1, abs=1e-12)


def test_a_return_that_may_fail_by_very_little_is_no_certain_return():
    chain = MarkovChain(np.array([[1 - 2**-54, 2**-54], [0, 1]]))
    assert passages.passage_probabilities(chain, 0)[0] < 1
    assert np.isfinite(passages.mean_visits(chain, 0)[0])


def test_rare_misses_keep_their_digits():
    """State 1 is left for the end with probability 1e-20, so that there are 1e20 visits, up to some."""
    P = np.array([[0, 1, 0], [1, 0, 1e-20], [0, 0, 1]])
    for chain in (MarkovChain(P), MarkovChain(sparse.csr_array(P))):
        for j in (0, 1):
            np.testing.assert_allclose(passages.mean_visits(chain, j), [1e20, 1e20, 0], rtol=1e-14)
        law, forever = passages.visit_law(chain, 0, 1)
        np.testing.assert_allclose(law, [[1e-20, 1e-20, 1], [1e-20, 1e-20, 0]], rtol=1e-14)
        np.testing.assert_array_equal(forever, 0)


@given(seeds, st.integers(1, 3))
def test_the_law_of_visits_is_that_of_a_chain_that_counts_them(seed, size):
    """A dynamic program on pairs (state, count); the chance of dying leaves 0.7**120 = 1e-19 after 120 steps."""
    W, j = weights(seed, size), seed % size
    P = np.zeros((size + 1, size + 1))
    P[:size, :size] = 0.7 * W / W.sum(axis=1, keepdims=True)
    P[:size, size], P[size, size] = 0.3, 1
    pairs = np.zeros((size + 1, size + 1, 4))  # first state, state, count; from 3 on all counts are one
    pairs[range(size + 1), range(size + 1), 0] = 1
    for _ in range(120):
        moved = np.einsum("isc,st->itc", pairs, P)
        come = moved[:, j].copy()
        moved[:, j, 0] = 0
        moved[:, j, 1:] = come[:, :3]
        moved[:, j, 3] += come[:, 3]
        pairs = moved
    for chain in (MarkovChain(P), MarkovChain(sparse.csr_array(P))):
        law, _ = passages.visit_law(chain, j, 2)
        np.testing.assert_allclose(law, pairs.sum(axis=1)[:, :3].T, atol=1e-14)


def test_bad_arguments_are_named():
    chain = MarkovChain(np.eye(2))
    with pytest.raises(ValueError, match=r"n is 0; expected a whole number, at least 1"):
        passages.first_passage_law(chain, 0, 0)
    with pytest.raises(ValueError, match=r"n is -1; expected a whole number, at least 0"):
        passages.visit_law(chain, 0, -1)
    for function in (passages.passage_probabilities, passages.passage_times, passages.mean_visits):
        with pytest.raises(ValueError, match=r"target holds 2; expected states 0 to 1"):
            function(chain, 2)
    for call in (lambda: passages.mean_visits(chain, [0, 1]), lambda: passages.visit_law(chain, [0, 1], 2)):
        with pytest.raises(ValueError, match=r"j holds 2 states; expected one"):
            call()
    with pytest.raises(ValueError, match=r"target is empty"):
        passages.passage_times(chain, [])

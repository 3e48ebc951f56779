"""Markov chains: validation, classes and periods, laws, paths."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracles import markov as oracle
from oracles.markov import weights
from scipy import sparse

from rlcourse.tabular import markov
from rlcourse.tabular.markov import MarkovChain

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


def both(W):
    """The chain of whole numbers as a dense and as a sparse chain."""
    P = W / W.sum(axis=1, keepdims=True)
    return MarkovChain(P), MarkovChain(sparse.csr_array(P))


def ring(size):
    return np.roll(np.eye(size, dtype=int), 1, axis=1)


@given(seeds, sizes)
@example(0, 1)
def test_classes_and_periods_are_those_of_walks(seed, size):
    W = weights(seed, size, 0.35)
    want = oracle.classes(oracle.chain_of(W))
    for chain in both(W):
        got = [(list(c.states), c.closed, c.period) for c in markov.classes(chain)]
        assert got == want


@pytest.mark.parametrize("size", [2, 3, 6])
def test_the_period_of_a_ring_is_its_length(size):
    for chain in both(ring(size)):
        (whole,) = markov.classes(chain)
        assert whole.period == size and whole.closed
    # two rings of the same length that share a state: the steps out of it have probability 1/2
    twins = np.zeros((2 * size - 1, 2 * size - 1), int)
    for first in (0, size - 1):
        way = [0, *range(first + 1, first + size), 0]
        twins[way[:-1], way[1:]] = 1
    for chain in both(twins):
        assert [c.period for c in markov.classes(chain)] == [size]
    # one shortcut of two steps: loops of size and of size - 1 steps
    chord = ring(size)
    chord[0, 2 % size] += 1
    (one,) = markov.classes(MarkovChain(chord / chord.sum(axis=1, keepdims=True)))
    assert one.period == 1


def test_a_dense_chain_is_one_class():
    for P in (np.full((3, 3), 1 / 3), np.array([[0.5, 0.25, 0.25], [1, 0, 0], [1, 0, 0]])):
        chain = MarkovChain(P)
        assert chain.class_of.tolist() == [0, 0, 0] and chain.closed.tolist() == [True]
    # 0 leads everywhere, but not back; and from everywhere to 0, but no further
    out = MarkovChain(np.array([[0.5, 0.25, 0.25], [0, 1, 0], [0, 0, 1]]))
    assert out.class_of.tolist() == [0, 1, 2] and out.closed.tolist() == [False, True, True]
    back = MarkovChain(np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0]]))
    assert back.class_of.tolist() == [0, 1, 2] and back.closed.tolist() == [True, False, False]


def test_classes_are_ordered_by_their_smallest_states():
    W = np.array([[1, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    for chain in both(W):
        found = markov.classes(chain)
        assert [list(c.states) for c in found] == [[0], [1, 2], [3]]
        assert [c.closed for c in found] == [False, True, True]
        assert list(chain.class_of) == [0, 1, 1, 2]


@given(seeds, sizes, st.integers(0, 3))
def test_laws_are_sums_over_paths(seed, size, n):
    W = weights(seed, size, 0.35)
    P = oracle.chain_of(W)
    want = np.array([[[float(x) for x in oracle.law_after(P, i, m)] for i in range(size)] for m in range(n + 1)])
    start = np.random.default_rng(seed).dirichlet(np.ones(size))
    for chain in both(W):
        np.testing.assert_allclose(markov.n_step_laws(chain, np.eye(size), n), want, atol=1e-14)
        np.testing.assert_allclose(markov.n_step_laws(chain, start, n), start @ want, atol=1e-14)


def test_laws_come_in_batches_and_a_law_is_a_row():
    chain = MarkovChain(np.array([[0.5, 0.5], [0.25, 0.75]]))
    got = markov.n_step_laws(chain, np.full((2, 3, 2), 0.5), 1)
    np.testing.assert_array_equal(got, np.broadcast_to([[[[0.5, 0.5]]], [[[0.375, 0.625]]]], (2, 2, 3, 2)))


def test_paths_take_possible_steps_only():
    (dense, thin), rng = both(weights(3, 5)), np.random.default_rng(0)
    for chain in (dense, thin):
        walked = chain.simulate(np.array([0, 1, 4]), 12, rng)
        assert walked.shape == (3, 13) and list(walked[:, 0]) == [0, 1, 4]
        assert (dense.P[walked[:, :-1], walked[:, 1:]] > 0).all()
    again = [chain.simulate(2, 9, np.random.default_rng(5)) for chain in (dense, dense)]
    np.testing.assert_array_equal(*again)
    np.testing.assert_array_equal(MarkovChain(ring(3)).simulate(0, 4, rng), [0, 1, 2, 0, 1])


def test_the_chain_is_an_immutable_copy():
    for made, P in ((np.array, np.array([[0.5, 0.5], [0.0, 1.0]])), (sparse.csr_array, sparse.eye_array(2).tocsr())):
        chain = MarkovChain(P)
        P[0, 0] = 0.25
        assert chain.P[0, 0] != 0.25, made
        with pytest.raises((ValueError, AttributeError)):
            chain.P = P
    dense, thin = both(ring(3))
    with pytest.raises(ValueError, match="read-only"):
        dense.P[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        thin.P.data[0] = 1


def test_every_form_of_a_matrix_is_taken():
    P = np.array([[0.5, 0.5], [0.0, 1.0]])
    for form in (P.tolist(), P.astype(np.float32), np.asfortranarray(P), np.eye(2, dtype=int)):
        assert MarkovChain(form).P.dtype == np.float64 and MarkovChain(form).P.flags.c_contiguous
    for form in (sparse.coo_matrix, sparse.csc_array, sparse.lil_matrix):
        chain = MarkovChain(form(P))
        assert isinstance(chain.P, sparse.csr_array)
        np.testing.assert_array_equal(chain.P.toarray(), P)
    doubled = sparse.csr_array(([0.25, 0.75, 0.0, 1.0], [1, 1, 0, 1], [0, 3, 4]), shape=(2, 2))
    assert MarkovChain(doubled).P.nnz == 2 and MarkovChain(doubled).n_states == 2


BAD = [
    ([[0.5, 0.4], [0, 1]], ValueError, r"P\[0, :\] sums to 0.9; expected 1"),
    ([[0.5, 0.5], [0, 1 + 2e-9]], ValueError, r"P\[1, :\] sums to 1.000000002; expected 1"),
    ([[1, 0], [1.5, -0.5]], ValueError, r"P\[1, 1\] is -0.5; expected a probability >= 0"),
    ([[1, 0], [np.nan, 1]], ValueError, r"P\[1, 0\] is nan; expected a probability >= 0"),
    ([[np.inf, 0], [0, 1]], ValueError, r"P\[0, :\] sums to inf; expected 1"),
    ([[0, 0], [0, 1]], ValueError, r"P\[0, :\] sums to 0; expected 1"),
    ([[1, 0, 0], [0, 1, 0]], ValueError, r"expected a square matrix \[S, S\].*got shape \(2, 3\)"),
    (np.zeros((0, 0)), ValueError, r"at least one state, got shape \(0, 0\)"),
    ([[1 + 0j]], TypeError, r"P: expected real numbers, got dtype complex128"),
]


@pytest.mark.parametrize("P, error, message", BAD, ids=range(len(BAD)))
def test_bad_matrices_are_named(P, error, message):
    for form in (np.array(P), sparse.coo_array(np.array(P))):
        with pytest.raises(error, match=message):
            MarkovChain(form)


def test_rounding_is_not_an_error():
    rows = [[0.1] * 9 + [1 - 0.9 + 5e-10]] * 10
    for form in (np.array(rows), sparse.csr_array(np.array(rows))):
        assert MarkovChain(form).n_states == 10


def test_a_batch_of_starts_may_have_any_shape():
    starts = np.eye(3)[np.array([[[0, 1], [2, 0]]])]
    P = np.array([[0.5, 0.5, 0], [0, 0.25, 0.75], [1, 0, 0]])
    for chain in (MarkovChain(P), MarkovChain(sparse.csr_array(P))):
        laws = markov.n_step_laws(chain, starts, 2)
        assert laws.shape == (3, 1, 2, 2, 3)
        np.testing.assert_allclose(laws[2, 0, 1], (P @ P)[[2, 0]])
        assert markov.n_step_laws(chain, starts[0, 0, 0], 2).shape == (3, 3)


def test_bad_starts_and_times_are_named():
    chain = MarkovChain(np.eye(2))
    with pytest.raises(ValueError, match=r"start: expected shape \[\.\.\., 2\], one entry per state, got \(3,\)"):
        markov.n_step_laws(chain, [1, 0, 0], 1)
    with pytest.raises(ValueError, match=r"start\[:\] sums to 1.5"):
        markov.n_step_laws(chain, [1, 0.5], 1)
    with pytest.raises(ValueError, match=r"n is -1; expected a whole number, at least 0"):
        markov.n_step_laws(chain, [1, 0], -1)
    with pytest.raises(ValueError, match=r"n is 1.5; expected a whole number"):
        markov.n_step_laws(chain, [1, 0], 1.5)
    with pytest.raises(ValueError, match=r"start holds 2"):
        chain.simulate(2, 1, np.random.default_rng(0))

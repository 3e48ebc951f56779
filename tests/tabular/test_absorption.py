"""Hitting a set: probabilities, places, times and rewards against fractions and enumerated paths."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracles import absorption as oracle
from oracles.markov import chain_of, weights
from scipy import sparse

from rlcourse.tabular import absorption
from rlcourse.tabular.markov import MarkovChain

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


def problem(seed, size, share=0.4):
    """A chain of whole numbers, and a target."""
    rng = np.random.default_rng(seed)
    return weights(rng, size, share), sorted(rng.permutation(size)[: rng.integers(1, size + 1)].tolist())


def both(W):
    P = W / W.sum(axis=1, keepdims=True)
    return MarkovChain(P), MarkovChain(sparse.csr_array(P))


def numbers(values, missing=np.inf):
    return np.array([missing if v is None else float(v) for v in values])


def gambler(S, p):
    P = np.diag(np.r_[0, np.full(S - 1, p)], 1) + np.diag(np.r_[np.full(S - 1, 1 - p), 0], -1)
    P[0, 0] = P[S, S] = 1
    return MarkovChain(P)


def test_the_gambler_with_five_coins():
    P = gambler(5, 0.4).P
    for chain in (MarkovChain(P), MarkovChain(sparse.csr_array(P))):
        np.testing.assert_allclose(absorption.hitting_probabilities(chain, 5) * 211, [0, 16, 40, 76, 130, 211])
        np.testing.assert_allclose(absorption.hitting_distribution(chain, [0, 5])[1] * 211, [195, 16])
        mean, _ = absorption.hitting_times(chain, [0, 5])
        np.testing.assert_allclose(mean[2], (2 - 5 * 40 / 211) / 0.2)
    fair_mean, fair_variance = absorption.hitting_times(gambler(4, 0.5), [0, 4])
    np.testing.assert_allclose(fair_mean, [0, 3, 4, 3, 0])
    np.testing.assert_allclose(fair_variance, [0, 8, 8, 8, 0])


@given(seeds, sizes)
@example(0, 1)
def test_probabilities_and_places_are_exact(seed, size):
    W, target = problem(seed, size)
    P = chain_of(W)
    where = np.array([[float(x) for x in row] for row in oracle.where(P, target)])
    able, sure = np.array(oracle.able(P, target)), np.array(oracle.certain(P, target))
    for chain in both(W):
        np.testing.assert_allclose(absorption.hitting_distribution(chain, target), where, atol=1e-13)
        h = absorption.hitting_probabilities(chain, target)
        np.testing.assert_allclose(h, where.sum(axis=1), atol=1e-13)
        assert ((h == 1) == sure).all() and ((h > 0) == able).all()


@given(seeds, sizes)
@example(0, 1)
def test_times_have_the_mean_and_variance_of_their_law(seed, size):
    W, target = problem(seed, size)
    mean, variance = (numbers(x) for x in oracle.moments(chain_of(W), target))
    for chain in both(W):
        got = absorption.hitting_times(chain, target)
        np.testing.assert_allclose(got[0], mean, rtol=1e-12)
        np.testing.assert_allclose(got[1], variance, rtol=1e-10, atol=1e-12)


@given(seeds, sizes, st.booleans())
def test_rewards_until_the_target(seed, size, with_target):
    W, target = problem(seed, size)
    P, r = chain_of(W), np.random.default_rng(seed).integers(-5, 6, size)
    want = oracle.rewards(P, target, [int(x) for x in r], with_target)
    for chain in both(W):
        if None in want:
            first = want.index(None)
            with pytest.raises(ValueError, match=rf"may be missed from state {first} \({want.count(None)} in all\)"):
                absorption.total_reward(chain, target, r, with_target=with_target)
        else:
            got = absorption.total_reward(chain, target, r, with_target=with_target)
            np.testing.assert_allclose(got, numbers(want), rtol=1e-12, atol=1e-12)


@given(seeds, sizes)
def test_the_fundamental_matrix_counts_visits(seed, size):
    W, target = problem(seed, size, share=0.6)
    P = chain_of(W)
    able = oracle.able(P, target)
    for chain in both(W):
        if all(able):
            left = size - len(target)
            want = np.array(oracle.visits(P, target), float).reshape(left, left)
            np.testing.assert_allclose(absorption.fundamental_matrix(chain, target), want, rtol=1e-12)
        else:
            first, count = able.index(False), able.count(False)
            with pytest.raises(ValueError, match=rf"cannot be reached from state {first} \({count} in all\)"):
                absorption.fundamental_matrix(chain, target)


@given(seeds, st.integers(1, 4), st.integers(0, 4))
def test_the_law_of_the_time_is_a_sum_over_paths(seed, size, n):
    W, target = problem(seed, size)
    want = np.array(oracle.time_law(chain_of(W), target, n), dtype=float)
    for chain in both(W):
        np.testing.assert_allclose(absorption.hitting_time_law(chain, target, n), want, atol=1e-14)


def test_a_state_that_may_miss_the_target_waits_for_ever():
    P = gambler(4, 0.5).P
    for chain in (MarkovChain(P), MarkovChain(sparse.csr_array(P))):
        mean, variance = absorption.hitting_times(chain, 0)
        np.testing.assert_array_equal(mean, [0, np.inf, np.inf, np.inf, np.inf])
        np.testing.assert_array_equal(variance, [0, np.inf, np.inf, np.inf, np.inf])
        np.testing.assert_allclose(absorption.hitting_probabilities(chain, 0), [1, 0.75, 0.5, 0.25, 0])
        with pytest.raises(ValueError, match=r"target may be missed from state 1 \(4 in all\)"):
            absorption.total_reward(chain, 0, np.ones(5), with_target=False)


def test_an_unlikely_escape_is_not_lost():
    P = np.array([[1, 0, 0], [1 - 2**-54, 0, 2**-54], [0, 0, 1]])
    chain = MarkovChain(P)
    h = absorption.hitting_probabilities(chain, 0)
    assert h[1] < 1 and np.isinf(absorption.hitting_times(chain, 0)[0][1])


def test_states_that_are_hardly_left_are_accurate():
    """1 - P[0, 0] would be 0, and the two states wait for 1e18 steps."""
    P = np.array([[1 - 1e-18, 1e-18, 0], [0.5, 0.5, 0], [0, 0, 0]])
    P[1] = [0.5, 0.5 - 1e-18, 1e-18]
    P[2, 2] = 1
    # from 1, half of the time is spent in 0 for 1e18 steps each: m(0) = 1e18 + m(1), m(1) = 2 + m(0) up to 1e-18
    want = np.array([[1e18 * (1 + 0.5e18), 1e18], [0.5e36, 1e18]])
    for form in (np.array, sparse.csr_array):
        chain = MarkovChain(form(P))
        np.testing.assert_allclose(absorption.fundamental_matrix(chain, 2), want, rtol=1e-14)
        np.testing.assert_allclose(absorption.hitting_times(chain, 2)[0], [0.5e36, 0.5e36, 0], rtol=1e-14)


@pytest.mark.parametrize("leak", [2.0**-49, 2.0**-52, 1e-20])
def test_no_sparse_chain_is_silently_wrong(leak, monkeypatch):
    """0 steps to 1, which is left for 2 and 3 with probabilities leak and 2 leak."""
    P = np.array([[0, 1, 0, 0], [1 - 3 * leak, 0, leak, 2 * leak], [0, 0, 1, 0], [0, 0, 0, 1]])
    thin = MarkovChain(sparse.csr_array(P))
    np.testing.assert_allclose(absorption.hitting_distribution(thin, [2, 3])[:2], [[1 / 3, 2 / 3]] * 2, rtol=1e-14)
    # a round takes two steps: m(1) = 2 / (3 leak) up to 1
    np.testing.assert_allclose(absorption.hitting_times(thin, [2, 3])[0][:2], 2 / (3 * leak), rtol=1e-13)
    monkeypatch.setattr(absorption, "DENSE", 1)
    with pytest.raises(ValueError, match=r"P is nearly reducible: .* known to .* only, expected 1e-06"):
        absorption.hitting_times(thin, [2, 3])


def test_a_good_sparse_chain_needs_no_dense_copy(monkeypatch):
    monkeypatch.setattr(absorption, "DENSE", 0)
    thin = MarkovChain(sparse.csr_array(gambler(4, 0.5).P))
    np.testing.assert_allclose(absorption.hitting_times(thin, [0, 4])[0], [0, 3, 4, 3, 0])


def test_a_target_may_be_left_again():
    ring = MarkovChain(np.roll(np.eye(4), 1, axis=1))
    np.testing.assert_array_equal(absorption.hitting_times(ring, [0, 1])[0], [0, 0, 2, 1])
    np.testing.assert_array_equal(absorption.hitting_distribution(ring, [1, 0]), [[1, 0], [0, 1], [1, 0], [1, 0]])
    # behind the target is a trap
    behind = MarkovChain(np.array([[0, 1, 0], [0, 1, 0], [1, 0, 0]]))
    np.testing.assert_array_equal(absorption.hitting_times(behind, 0)[0], [0, np.inf, 1])


def test_the_canonical_form_sorts_the_states():
    P = np.arange(16.0).reshape(4, 4) + 1
    P /= P.sum(axis=1, keepdims=True)
    for form in (np.array, sparse.csr_array):
        blocks = absorption.canonical_form(MarkovChain(form(P)), [3, 1, 1])
        np.testing.assert_array_equal(blocks.outside, [0, 2])
        np.testing.assert_array_equal(blocks.target, [1, 3])
        for got, want in ((blocks.Q, P[[0, 2]][:, [0, 2]]), (blocks.R, P[[0, 2]][:, [1, 3]])):
            np.testing.assert_array_equal(got.toarray() if sparse.issparse(got) else got, want)


def test_killing_is_discounting():
    P, gamma = np.random.default_rng(0).dirichlet(np.ones(4), size=4), 0.9
    mortal = np.block([[gamma * P, np.full((4, 1), 1 - gamma)], [np.zeros((1, 4)), np.ones((1, 1))]])
    got = absorption.fundamental_matrix(MarkovChain(mortal), 4)
    np.testing.assert_allclose(got, sum(gamma**n * np.linalg.matrix_power(P, n) for n in range(400)), atol=1e-12)


def test_a_long_sparse_chain():
    n = 2000  # a fair walk that is held at 0 with probability 1/2: h(k) = n(n + 1) - k(k + 1)
    down, stay = np.r_[np.full(n - 1, 0.5), 0], np.r_[0.5, np.zeros(n - 1), 1]
    P = sparse.diags_array([np.full(n, 0.5), stay, down], offsets=(1, 0, -1))
    mean, _ = absorption.hitting_times(MarkovChain(P), n)
    k = np.arange(n + 1)
    np.testing.assert_allclose(mean, n * (n + 1) - k * (k + 1), rtol=1e-9)


BAD = [
    ([], ValueError, r"target is empty; expected at least one state"),
    ([0, 3], ValueError, r"target holds 3; expected states 0 to 2"),
    ([-1], ValueError, r"target holds -1; expected states 0 to 2"),
    ([0.0], TypeError, r"target: expected integers \(states\), got dtype float64"),
    ([True, False, False], TypeError, r"target: expected integers \(states\), got dtype bool"),
]


@pytest.mark.parametrize("target, error, message", BAD, ids=range(len(BAD)))
def test_bad_targets_are_named(target, error, message):
    chain = MarkovChain(np.eye(3))
    for function in (
        absorption.canonical_form,
        absorption.fundamental_matrix,
        absorption.hitting_distribution,
        absorption.hitting_probabilities,
        absorption.hitting_times,
        lambda chain, target: absorption.hitting_time_law(chain, target, 1),
        lambda chain, target: absorption.total_reward(chain, target, np.ones(3), with_target=True),
    ):
        with pytest.raises(error, match=message):
            function(chain, target)


def test_other_bad_arguments_are_named():
    chain = gambler(2, 0.5)
    with pytest.raises(ValueError, match=r"n is -1; expected a whole number, at least 0"):
        absorption.hitting_time_law(chain, 0, -1)
    with pytest.raises(ValueError, match=r"r: expected shape \(3,\), one reward per state, got \(2,\)"):
        absorption.total_reward(chain, [0, 2], np.ones(2), with_target=True)
    with pytest.raises(ValueError, match=r"r\[1\] is nan"):
        absorption.total_reward(chain, [0, 2], [0, np.nan, 0], with_target=True)

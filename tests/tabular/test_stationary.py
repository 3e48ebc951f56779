"""Stationary and limit laws, total variation and mixing times."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import markov as oracle
from oracles.markov import weights
from scipy import sparse

from rlcourse.tabular import stationary
from rlcourse.tabular.markov import MarkovChain

seeds = st.integers(0, 2**32 - 1)


def both(W):
    P = W / W.sum(axis=1, keepdims=True)
    return MarkovChain(P), MarkovChain(sparse.csr_array(P))


def tree_laws(W):
    P = oracle.chain_of(W)
    closed = [states for states, closed, _ in oracle.classes(P) if closed]
    return np.array([oracle.tree_law(P, states) for states in closed], float)


def random_chain(seed, size):
    P = np.random.default_rng(seed).dirichlet(np.ones(size), size=size)
    return MarkovChain(P)


def lazy_ring(size):
    ring = np.roll(np.eye(size), 1, axis=1)
    return MarkovChain((2 * np.eye(size) + ring + ring.T) / 4)


@given(seeds, st.integers(1, 4))
def test_laws_are_sums_over_trees(seed, size):
    W = weights(seed, size, 0.5)
    want = tree_laws(W)
    for chain in both(W):
        np.testing.assert_allclose(stationary.stationary_laws(chain), want, rtol=1e-12, atol=1e-15)
        if len(want) == 1:
            np.testing.assert_array_equal(stationary.stationary_law(chain), stationary.stationary_laws(chain)[0])


@pytest.mark.parametrize("size", [7, 8, 9, 16, 17, 33])
def test_elimination_by_halves_is_stationary(size):
    P = random_chain(size, size).P
    chains = MarkovChain(P), MarkovChain(sparse.csr_array(P))
    laws = [stationary.stationary_law(chain) for chain in chains]
    for law in laws:
        np.testing.assert_allclose(law @ P, law, atol=1e-15)
        assert law.sum() == pytest.approx(1, abs=1e-14) and (law > 0).all()


def birth_and_death(up, down):
    """Chain on 0..n with steps up[i] from i and down[i] from i + 1, and its law by detailed balance."""
    n = len(up)
    P = np.diag(up, 1) + np.diag(down, -1)
    P += np.diag(1 - P.sum(axis=1))
    weight = [Fraction(1)]
    for i in range(n):
        weight.append(weight[-1] * Fraction(up[i]) / Fraction(down[i]))
    return P, np.array([float(x / sum(weight)) for x in weight])


def test_every_entry_is_accurate_if_the_chain_is_nearly_reducible():
    up, down = [0.3, 0.4, 1e-13, 0.3, 0.2], [0.2, 0.3, 3e-14, 0.1, 0.4]
    P, want = birth_and_death(up, down)
    order = np.random.default_rng(0).permutation(6)
    for form in (np.array, sparse.csr_array):
        got = stationary.stationary_law(MarkovChain(form(P[order][:, order])))
        np.testing.assert_allclose(got, want[order], rtol=1e-14)
    # negative control: the equations solved in floating point
    system = (np.eye(6) - P).T
    system[0] = 1
    assert np.abs(np.linalg.solve(system, np.eye(6)[0]) / want - 1).max() > 1e-6


def test_no_entry_overflows_or_is_lost():
    P, want = birth_and_death([0.5] * 14, [1e-25] * 14)
    np.testing.assert_allclose(stationary.stationary_law(MarkovChain(P)), want, rtol=1e-13, atol=1e-300)
    P, want = birth_and_death([1e-25] * 14, [0.5] * 14)
    np.testing.assert_allclose(stationary.stationary_law(MarkovChain(P)), want, rtol=1e-13, atol=1e-300)


def test_large_sparse_chains(monkeypatch):
    n = 300
    stay = np.r_[0.7, np.zeros(n - 2), 0.3]
    P = sparse.diags_array([np.full(n - 1, 0.3), stay, np.full(n - 1, 0.7)], offsets=(1, 0, -1))
    want = (3 / 7) ** np.arange(n)
    got = stationary.stationary_law(MarkovChain(P))
    np.testing.assert_allclose(got[:60], want[:60] / want.sum(), rtol=1e-9)
    # too large for the dense route: a bad chain is refused, a good one is not
    monkeypatch.setattr(stationary, "DENSE", 3)
    np.testing.assert_allclose(stationary.stationary_law(MarkovChain(P)), got, rtol=1e-12)
    bad, _ = birth_and_death([0.5, 1e-14, 0.5], [0.5, 1e-14, 0.5])
    with pytest.raises(ValueError, match=r"P is nearly reducible: .* is known to \d+e[+-]\d+ only, expected 1e-06"):
        stationary.stationary_law(MarkovChain(sparse.csr_array(bad)))


def test_several_closed_classes_are_named():
    for count, message in ((2, r"\{0\}, \{1\}, and so"), (3, r"\{2\}, and so"), (5, r"\{2\}, \.\.\., and so")):
        with pytest.raises(ValueError, match=rf"{count} closed classes, .*{message}"):
            stationary.stationary_law(MarkovChain(np.eye(count)))
    W = np.kron(np.eye(2), np.ones((5, 5)))
    with pytest.raises(ValueError, match=r"\{0, 1, 2, 3, \.\.\.\}, \{5, 6, 7, 8, \.\.\.\}"):
        stationary.stationary_law(both(W)[0])


def test_distance_of_a_two_state_chain():
    chain = MarkovChain(np.array([[2 / 3, 1 / 3], [1 / 4, 3 / 4]]))
    law = np.array([3, 4]) / 7
    want = max(law) * (5 / 12) ** np.arange(6)  # |1 - a - b|^n times the distance at 0
    np.testing.assert_allclose(stationary.total_variation(chain, 5), want, atol=1e-15)


@given(seeds, st.integers(1, 4), st.integers(0, 3))
def test_distances_are_those_of_enumerated_laws(seed, size, n):
    W = weights(seed, size, share=0.8)
    laws = tree_laws(W)
    if len(laws) == 1:
        P = oracle.chain_of(W)
        (states,) = [states for states, closed, _ in oracle.classes(P) if closed]
        want = [float(oracle.variation(P, m, oracle.tree_law(P, states))) for m in range(n + 1)]
        for chain in both(W):
            np.testing.assert_allclose(stationary.total_variation(chain, n), want, atol=1e-14)


@pytest.mark.parametrize("epsilon", [0.9, 0.25, 0.05, 1e-3, 1e-9])
def test_the_mixing_time_is_the_first_time(epsilon):
    for chain in (lazy_ring(5), lazy_ring(8), random_chain(1, 4), MarkovChain(sparse.csr_array(lazy_ring(6).P))):
        t = stationary.mixing_time(chain, epsilon)
        distance = stationary.total_variation(chain, t)
        assert distance[t] <= epsilon and (t == 0 or distance[t - 1] > epsilon)


def test_mixing_times_from_0_to_very_long():
    assert stationary.mixing_time(MarkovChain(np.ones((1, 1)))) == 0
    assert stationary.mixing_time(MarkovChain(np.full((2, 2), 0.5))) == 1
    assert stationary.mixing_time(MarkovChain(np.full((2, 2), 0.5)), 0.5) == 0
    # d(1) = 0.3, but 0.5 - 0.2 is above that in floats; a tenth of a billionth less is less
    tie = MarkovChain(np.array([[0.8, 0.2], [0.2, 0.8]]))
    assert stationary.mixing_time(tie, 0.3) == 1 and stationary.mixing_time(tie, 0.3 - 1e-10) == 2
    # d(n) = (1 - 2 a)^n / 2, and a quarter is reached after log(1/2) / log(1 - 2 a) steps
    slow = MarkovChain(np.array([[1 - 1e-6, 1e-6], [1e-6, 1 - 1e-6]]))
    assert stationary.mixing_time(slow) == 346574
    # a transient state does not hinder
    assert stationary.mixing_time(MarkovChain(np.array([[0.5, 0.5], [0, 1.0]]))) == 2


def test_doeblin_bounds_the_distance():
    P = random_chain(2, 5).P
    delta = P.min(axis=0).sum()
    distance = stationary.total_variation(MarkovChain(P), 8)
    assert (distance <= (1 - delta) ** np.arange(9) + 1e-15).all()
    assert (np.diff(distance) <= 1e-15).all()


def test_a_period_has_no_mixing_time_and_no_limit():
    ring = MarkovChain(np.roll(np.eye(3), 1, axis=1))
    np.testing.assert_allclose(stationary.total_variation(ring, 4), np.full(5, 2 / 3))
    np.testing.assert_allclose(stationary.stationary_law(ring), np.full(3, 1 / 3))
    message = r"closed class \{0, 1, 2\} has period 3: the laws need not converge; make the chain lazy"
    with pytest.raises(ValueError, match=message):
        stationary.mixing_time(ring)
    with pytest.raises(ValueError, match=message):
        stationary.limit_law(ring, [1, 0, 0])
    with pytest.raises(ValueError, match=r"\{0, 1, 2, 3, \.\.\.\} has period 5"):
        stationary.mixing_time(MarkovChain(np.roll(np.eye(5), 1, axis=1)))


@given(seeds, st.integers(1, 4))
def test_the_limit_is_what_many_steps_give(seed, size):
    W = weights(seed, size, 0.5)
    W = W + np.diag(W.sum(axis=1))  # lazy, so that there is a limit
    start = np.random.default_rng(seed).dirichlet(np.ones(size))
    for chain in both(W):
        power = np.linalg.matrix_power(both(W)[0].P, 2**14)
        np.testing.assert_allclose(stationary.limit_law(chain, start), start @ power, atol=1e-10)


def test_the_limit_weighs_the_closed_classes():
    P = np.array([[1, 0, 0, 0], [0.75, 0, 0.25, 0], [0, 0, 0.5, 0.5], [0, 0, 0.5, 0.5]])
    np.testing.assert_allclose(stationary.limit_law(MarkovChain(P), [0, 1, 0, 0]), [0.75, 0, 0.125, 0.125])


def test_a_period_that_is_not_met_does_not_matter():
    P = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1.0]])
    np.testing.assert_array_equal(stationary.limit_law(MarkovChain(P), [0, 0, 1]), [0, 0, 1])
    with pytest.raises(ValueError, match=r"\{0, 1\} has period 2"):
        stationary.limit_law(MarkovChain(P), [0.1, 0, 0.9])


def test_bad_arguments_are_named():
    chain = lazy_ring(3)
    for epsilon in (0, 1, np.nan):
        with pytest.raises(ValueError, match=rf"epsilon is {epsilon}; expected a distance between 0 and 1"):
            stationary.mixing_time(chain, epsilon)
    with pytest.raises(ValueError, match=r"n is -1"):
        stationary.total_variation(chain, -1)
    with pytest.raises(ValueError, match=r"start: expected shape \(3,\), one entry per state, got \(2,\)"):
        stationary.limit_law(chain, [1, 0])
    with pytest.raises(ValueError, match=r"start\[:\] sums to 2"):
        stationary.limit_law(chain, [1, 1, 0])
    with pytest.raises(ValueError, match=r"nearly reducible: it is not within 0.25 .* after \d+ steps"):
        stationary.mixing_time(MarkovChain(birth_and_death([1e-30, 0.5], [1e-30, 0.5])[0]))

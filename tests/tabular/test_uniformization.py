"""Laws by uniformization with their bounds, and decision processes made from continuous time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import ctmc as oracle
from scipy import sparse
from scipy.linalg import expm

from rlcourse.tabular import uniformization
from rlcourse.tabular.ctmc import Generator

seeds = st.integers(0, 2**32 - 1)
Q3 = np.array([[-2.0, 1.5, 0.5], [0.25, -1, 0.75], [0, 2, -2]])


def test_the_uniformized_chain():
    chain = uniformization.uniformized_chain(Generator(Q3), rate=4)
    np.testing.assert_allclose(chain.P, [[0.5, 0.375, 0.125], [0.0625, 0.75, 0.1875], [0, 0.5, 0.5]])
    default = uniformization.uniformized_chain(Generator(sparse.csr_array(Q3)))
    np.testing.assert_allclose(default.P.toarray(), [[0, 0.75, 0.25], [0.125, 0.5, 0.375], [0, 1, 0]])
    still = uniformization.uniformized_chain(Generator(np.zeros((2, 2))))
    np.testing.assert_array_equal(still.P, np.eye(2))
    with pytest.raises(ValueError, match=r"rate is 1.5; expected at least 2.0, the exit rate of state 0: a slower"):
        uniformization.uniformized_chain(Generator(Q3), rate=1.5)
    for rate in (0, -1, np.inf):
        with pytest.raises(ValueError, match=f"rate is {rate}"):
            uniformization.uniformized_chain(Generator(Q3), rate=rate)


def test_weights_are_the_poisson_law():
    for mean in (0.0, 0.25, 1.0, 7.5):
        want = [oracle.poisson(mean, n) for n in range(30)]
        np.testing.assert_allclose(uniformization._weights(mean, 30), want, rtol=1e-13, atol=0)
        np.testing.assert_allclose(uniformization._weights(mean, 3), want[:3], rtol=1e-13)
    large = uniformization._weights(5000.0, 5600)  # exp(-5000) is 0 in floating point
    np.testing.assert_allclose(large.sum(), 1, rtol=1e-14)
    np.testing.assert_allclose(large @ np.arange(5600), 5000, rtol=1e-13)
    np.testing.assert_allclose(large @ np.arange(5600) ** 2, 5000**2 + 5000, rtol=1e-12)


def test_the_number_of_terms_is_the_smallest():
    for mean in (0.0, 0.3, 1.0, 9.0):
        for tol in (0.5, 1e-3, 1e-9):
            terms = uniformization._enough(mean, tol)
            assert oracle.poisson_tail(mean, terms) <= tol
            assert terms == 1 or oracle.poisson_tail(mean, terms - 1) > tol
    assert 10_500 < uniformization._enough(1e4, 1e-12) < 11_000


@given(st.sampled_from([0, 0.125, 1, 2.25]))
def test_the_matrix_is_the_power_series(t):
    got = uniformization.transition_matrix(Generator(Q3), t)
    np.testing.assert_allclose(got.P, oracle.exponential(Q3, t), atol=1e-13)
    assert got.error <= 1e-12


def test_terms_and_squarings_and_bound():
    """Lambda t = 6 is halved three times, to 0.75."""
    got = uniformization.transition_matrix(Generator(Q3), 3.0, tol=1e-3)
    assert got.squarings == 3
    want = 2**4 * oracle.poisson_tail(0.75, got.terms)
    np.testing.assert_allclose(got.error, want)
    assert got.error <= 1e-3 < 2**4 * oracle.poisson_tail(0.75, got.terms - 1)
    # the bound holds, and the truncation is really there
    error = np.abs(got.P - expm(3 * Q3)).sum(axis=1).max()
    assert 1e-9 < error <= got.error
    assert uniformization.transition_matrix(Generator(Q3), 0.5).squarings == 0
    zero = uniformization.transition_matrix(Generator(Q3), 0.0)
    assert (zero.terms, zero.squarings, zero.error) == (1, 0, 0.0)


@settings(max_examples=10)
@given(st.floats(0.01, 1e5), st.floats(0.01, 1e5))
def test_times_add(s, t):
    gen = Generator(Q3)
    one, two, both = (uniformization.transition_matrix(gen, x).P for x in (s, t, s + t))
    np.testing.assert_allclose(one @ two, both, atol=1e-11)
    np.testing.assert_allclose(both.sum(axis=1), 1, atol=1e-14)


def test_the_terms_that_are_counted_are_summed():
    got = uniformization.transition_matrix(Generator(Q3), 0.5, tol=0.01)
    P = np.eye(3) + Q3 / 2
    want = sum(oracle.poisson(1, n) * np.linalg.matrix_power(P, n) for n in range(got.terms))
    np.testing.assert_allclose(got.P, want / (1 - oracle.poisson_tail(1, got.terms)), atol=1e-13)


def test_the_longest_times():
    """Row sums of 1 + 1e-16, squared a hundred times, would overflow."""
    got = uniformization.transition_matrix(Generator(Q3), 1e30)
    np.testing.assert_allclose(got.P, np.tile(oracle.stationary(Q3), (3, 1)), atol=1e-12)
    assert got.error <= 1e-12


def test_a_tail_below_the_smallest_number_is_not_called_zero():
    for t in (1e300, 8e307):  # more than 2^1023 ticks in the second
        got = uniformization.transition_matrix(Generator(Q3 / 2), t)
        np.testing.assert_allclose(got.P, np.tile(oracle.stationary(Q3), (3, 1)), atol=1e-12)
        assert 0 < got.error <= 1e-12
    slow = uniformization.transition_matrix(Generator(Q3 / 2), 1e-200)  # the tail is 1e-400 at most
    assert (slow.terms, slow.squarings) == (1, 0) and 0 < slow.error <= 1e-199
    with pytest.raises(ValueError, match=r"rate \* t is inf; expected a finite number"):
        uniformization.transition_matrix(Generator(Q3), 1.5e308)


def test_forward_and_backward_equations():
    h = 1e-4
    low, mid, high = (uniformization.transition_matrix(Generator(Q3), 0.7 + x, 1e-15).P for x in (-h, 0, h))
    slope = (high - low) / (2 * h)
    np.testing.assert_allclose(slope, Q3 @ mid, atol=1e-6)
    np.testing.assert_allclose(slope, mid @ Q3, atol=1e-6)


def test_a_chain_that_hardly_moves_keeps_small_entries():
    Q = np.array([[-1e-12, 1e-12], [1.0, -1.0]])
    P = uniformization.transition_matrix(Generator(Q), 1.0).P
    np.testing.assert_allclose(P[0, 1], 1e-12 * (1 - np.exp(-1)), rtol=1e-3)


@pytest.mark.parametrize("form", [np.array, sparse.csr_array], ids=["dense", "sparse"])
def test_laws_are_rows_of_the_matrix(form):
    start, times = np.array([0.2, 0.5, 0.3]), [2.0, 0.0, 0.5, 2.25, 0.5]
    got = uniformization.laws(Generator(form(Q3)), start, times)
    want = [start @ oracle.exponential(Q3, t) for t in times]
    np.testing.assert_allclose(got.p, want, atol=1e-12)
    missing = 1 - got.p.sum(axis=1)
    assert -1e-14 < missing.min() and missing.max() <= got.error + 1e-15 <= 1e-12


def test_laws_at_late_times_and_with_large_tolerance():
    gen = Generator(Q3)
    late = uniformization.laws(gen, [1, 0, 0], [2000.0, 4000.0])
    np.testing.assert_allclose(late.p, np.tile(oracle.stationary(Q3), (2, 1)), atol=1e-11)
    coarse = uniformization.laws(gen, [1, 0, 0], [3.0], tol=0.1)
    missing = 1 - coarse.p.sum()
    np.testing.assert_allclose(missing, oracle.poisson_tail(6, coarse.terms))
    np.testing.assert_allclose(coarse.error, missing)
    assert coarse.terms == 10


def test_bounds_of_several_times_add_up():
    got = uniformization.laws(Generator(Q3), [1, 0, 0], [1.0, 2.0], tol=0.2)
    assert got.terms == 10  # two moves of mean 2 with a tail of at most 0.1 each
    np.testing.assert_allclose(got.error, 2 * oracle.poisson_tail(2, 5))
    np.testing.assert_allclose(1 - got.p[1].sum(), 1 - (1 - oracle.poisson_tail(2, 5)) ** 2)


def test_bad_times_starts_and_tolerances():
    gen = Generator(Q3)
    for t in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"t(\[0\])? is .*(nan|inf|-1)"):
            uniformization.transition_matrix(gen, t)
        with pytest.raises(ValueError, match=r"t(\[1\])? is .*(nan|inf|-1)"):
            uniformization.laws(gen, [1, 0, 0], [0.0, t])
    with pytest.raises(ValueError, match=r"expected times >= 0, shape \[T\]"):
        uniformization.laws(gen, [1, 0, 0], [])
    with pytest.raises(ValueError, match=r"expected times >= 0, shape \[T\]"):
        uniformization.laws(gen, [1, 0, 0], [[1.0]])
    for tol in (0, 1e-16, 1, np.nan):
        with pytest.raises(ValueError, match=f"tol is {tol}; expected at least 1e-15"):
            uniformization.transition_matrix(gen, 1.0, tol)
        with pytest.raises(ValueError, match=f"tol is {tol}; expected at least 1e-15"):
            uniformization.laws(gen, [1, 0, 0], [1.0], tol)
    with pytest.raises(ValueError, match=r"start: expected shape \(3,\), one entry per state, got \(2,\)"):
        uniformization.laws(gen, [1, 0], [1.0])
    with pytest.raises(ValueError, match=r"start\[:\] sums to 2"):
        uniformization.laws(gen, [1, 1, 0], [1.0])


def control(seed, states=3, actions=2):
    rng = np.random.default_rng(seed)
    q = rng.integers(0, 9, (states, actions, states)) / 4
    return q, rng.integers(-4, 5, (states, actions)) / 2, rng.integers(-4, 5, q.shape) / 2


@settings(max_examples=10)
@given(seeds, st.sampled_from([0.25, 2]), st.sampled_from([None, 9, 20]))
def test_every_policy_has_its_value_in_continuous_time(seed, alpha, rate):
    q, r, lump = control(seed)
    mdp = uniformization.uniformized_mdp(q, r, alpha, lump, rate)
    each = np.arange(3)
    for policy in ([0, 0, 0], [1, 0, 1]):
        v = np.linalg.solve(np.eye(3) - mdp.gamma * mdp.P[each, policy], mdp.R[each, policy])
        np.testing.assert_allclose(v, oracle.controlled_value(q, r, lump, alpha, policy), rtol=1e-10, atol=1e-10)


def test_the_arrays_of_a_small_problem():
    q = np.array([[[0, 2.0]], [[1.0, 0]]])
    mdp = uniformization.uniformized_mdp(q, [[3.0], [0.0]], 0.5, lump=np.array([[[0, 1.0]], [[0, 0]]]))
    np.testing.assert_allclose(mdp.P, [[[0, 1.0]], [[0.5, 0.5]]])
    np.testing.assert_allclose(mdp.R, [[2.0], [0.0]])
    assert (mdp.gamma, mdp.rate) == (0.8, 2.0)
    np.testing.assert_allclose(uniformization.uniformized_mdp(q, [[3.0], [0.0]], 0.5).R, [[1.2], [0]])
    still = uniformization.uniformized_mdp(np.zeros((1, 1, 1)), [[2.0]], 0.5)
    np.testing.assert_allclose(still.R / (1 - still.gamma), 4)


BAD = [
    (dict(q=np.zeros((2, 1, 3))), r"q: expected shape \[S, A, S\], got \(2, 1, 3\)"),
    (dict(q=np.zeros((2, 2))), r"q: expected shape \[S, A, S\], got \(2, 2\)"),
    (dict(q=np.zeros((0, 1, 0)), r=np.zeros((0, 1))), r"q: expected shape \[S, A, S\], got \(0, 1, 0\)"),
    (dict(r=np.zeros((2, 2))), r"r: expected shape \(2, 1\), one reward rate per state and action, got \(2, 2\)"),
    (dict(lump=np.zeros((2, 1, 1))), r"lump: expected shape \(2, 1, 2\), as q, got \(2, 1, 1\)"),
    (dict(q=np.array([[[0, -1.0]], [[1, 0]]])), r"q\[0, 0, 1\] is -1.0; expected a rate >= 0$"),
    (dict(q=np.array([[[-1.0, 1]], [[1, -1]]])), r"q\[0, 0, 0\] is -1.0; .*holds rates of jumps, not generators"),
    (dict(alpha=0.0), "alpha is 0.0; expected a finite number greater than 0"),
    (dict(rate=1.0), r"rate is 1.0; expected at least 2.0, the exit rate of state, action 0, 0"),
    (dict(r=np.array([[np.nan], [0]])), r"r\[0, 0\] is nan"),
    (dict(lump=np.full((2, 1, 2), np.inf)), r"lump\[0, 0, 0\] is inf"),
]


@pytest.mark.parametrize("change, message", BAD)
def test_bad_problems_are_refused(change, message):
    given_ = dict(q=np.array([[[0, 2.0]], [[1.0, 0]]]), r=np.zeros((2, 1)), alpha=1.0) | change
    with pytest.raises(ValueError, match=message):
        uniformization.uniformized_mdp(**given_)

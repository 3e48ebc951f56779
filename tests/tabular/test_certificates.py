"""Bounds on the optimum that follow from one sweep."""

import numpy as np
import pytest
from oracles import dp as oracle
from scipy import sparse

from rlcourse.tabular import certificates
from rlcourse.tabular.certificates import Chain, Rows, bracket, middle, optimal_bounds
from rlcourse.tabular.mdp import MDP

EPS = np.finfo(float).eps


def drawn(seed, gamma=0.75, terminal=(), states=3, actions=2):
    """Small numbers with few bits, so that the oracle's fractions are those of the process."""
    rng = np.random.default_rng(seed)
    P = rng.multinomial(8, np.ones(states) / states, size=(states, actions)) / 8
    R = rng.integers(-4, 5, size=(states, actions)).astype(float)
    return MDP(P, R, gamma, terminal=np.isin(np.arange(states), terminal))


def optimum(mdp):
    v, best = oracle.optimum(mdp.P, mdp.R, mdp.gamma, mdp.terminal)
    return np.array(v, float), best


@pytest.mark.parametrize("seed, terminal", [(0, ()), (1, ()), (2, (0,)), (3, (2,))])
def test_bounds_hold_and_are_those_of_the_formula(seed, terminal):
    mdp = drawn(seed, terminal=terminal)
    best, _ = optimum(mdp)
    for v in (np.zeros(3), np.array([3.0, -2.0, 1.0]), np.full(3, 20.0), best):
        lower, upper = optimal_bounds(mdp, v)
        v = np.where(mdp.terminal, 0, v)
        u = np.array(oracle.backup(mdp.P, mdp.R, 0.75, v))
        slack = 8 * EPS * np.abs(u).max() / 0.25
        for bound, step in ((lower, (u - v).min()), (upper, (u - v).max())):
            want = u + 3 * step + (slack if bound is upper else -slack)
            np.testing.assert_allclose(bound[~mdp.terminal], want[~mdp.terminal], rtol=1e-15, atol=1e-15)
            np.testing.assert_array_equal(bound[mdp.terminal], 0)
        assert (lower <= best).all() and (best <= upper).all()
        greedy = (mdp.R + 0.75 * mdp.P @ v).argmax(axis=1)
        exact = oracle.values_of(*map(oracle.exact, (mdp.P, mdp.R, 0.75)), mdp.terminal, greedy)
        assert (lower <= np.array(exact, float)).all()


def test_the_distance_of_the_bounds_at_the_optimum_is_rounding():
    one = MDP(np.ones((1, 1, 1)), np.ones((1, 1)), 0.5)
    lower, upper = optimal_bounds(one, [2.0])
    assert upper[0] - 2 == 2 - lower[0] == 8 * EPS * 2 / 0.5
    assert certificates.rounding(np.array([1.0, -3.0])) == 24 * EPS


def test_the_size_of_a_change():
    assert certificates.change(-3.0, 1.0, True) == 4
    assert certificates.change(-3.0, 1.0, False) == certificates.change(-1.0, 3.0, False) == 3


def test_what_is_enough_is_just_enough():
    rows, action = Rows.of(drawn(0)), np.zeros(3, np.int32)
    for span in (True, False):
        size = certificates.enough(0.75, 0.125, span)
        low, high = (0.0, size) if span else (-size, size / 2)
        assert middle(rows, np.ones(3), low, high, action, span)[1] == pytest.approx(0.125)
    assert certificates.enough(0.0, 0.125, True) == np.inf
    assert certificates.enough(1.0, 0.125, True) == 0.125


def test_the_middle_of_the_bounds():
    mdp = drawn(0, terminal=(0,))
    rows, u = Rows.of(mdp), np.array([0.0, 1.0, 2.0])
    v, bound = middle(rows, u, -0.5, 1.5, np.zeros(3, np.int32), True)
    np.testing.assert_allclose(v, [0, 1 + 3 * 0.5, 2 + 3 * 0.5])
    assert bound == pytest.approx(3)
    v, bound = middle(rows, u, -0.5, 1.5, np.zeros(3, np.int32), False)
    np.testing.assert_allclose(v, u)
    assert bound == pytest.approx(4.5)


def corridor(gamma=1.0, step=-1.0):
    """0 <- 1 <- 2: the first action goes on with probability 1/2, the second stays."""
    P = np.zeros((3, 2, 3))
    P[0, :, 0] = P[1, 1, 1] = P[2, 1, 2] = 1
    P[1, 0, [0, 1]] = P[2, 0, [1, 2]] = 0.5
    return MDP(P, np.full((3, 2), step), gamma, terminal=np.arange(3) == 0)


def test_without_discount_the_time_to_the_end_takes_over():
    mdp = corridor()
    rows, forward = Rows.of(mdp), np.zeros(3, np.int32)
    w = Chain(rows).pack(rows, forward).time_to_end()
    assert w[0] == 0 and (w >= [0, 2, 4]).all() and (w <= [0, 5, 9]).all()
    assert (w[1:] >= 1 + (mdp.P[:, 0] @ w)[1:] - 1e-12).all()
    v = np.array([0.0, -2.0, -4.0])  # the optimum
    lower, upper = bracket(rows, v.copy(), 0.0, 0.0, forward)
    np.testing.assert_allclose([lower, upper], [v, v], atol=1e-13)
    assert (lower[1:] < v[1:]).all() and (v[1:] < upper[1:]).all()
    # values that are too small by up to 1, and too large
    low, high = bracket(rows, v.copy(), -0.5, 0.25, forward)
    np.testing.assert_allclose(low, v - 0.5 * w, atol=1e-12)
    np.testing.assert_allclose(high, v + 0.25 * w, atol=1e-12)
    np.testing.assert_array_equal(bracket(rows, v.copy(), 0.5, 0.25, forward)[0], lower)
    np.testing.assert_array_equal(bracket(rows, v.copy(), -0.5, -0.25, forward)[1], upper)


def test_without_discount_nothing_is_certified_by_a_policy_that_never_ends():
    rows, stay = Rows.of(corridor()), np.ones(3, np.int32)
    assert Chain(rows).pack(rows, stay).time_to_end() is None
    lower, upper = bracket(rows, np.zeros(3), -1.0, -1.0, stay)
    np.testing.assert_array_equal(lower, [0, -np.inf, -np.inf])
    np.testing.assert_array_equal(upper, [0, np.inf, np.inf])
    u = np.zeros(3)
    v, bound = middle(rows, u, -1.0, -1.0, stay, True)
    assert bound == np.inf and v is not u
    np.testing.assert_array_equal(v, u)
    # staying pays: no upper bound
    rich = Rows.of(corridor(step=1.0))
    lower, upper = bracket(rich, np.array([0.0, 2.0, 4.0]), 0.0, 0.5, np.zeros(3, np.int32))
    np.testing.assert_array_equal(upper[1:], np.inf)
    assert np.isfinite(lower).all()


@pytest.mark.parametrize("is_sparse", [False, True])
def test_rows_from_the_end(is_sparse):
    dense = drawn(5, terminal=(2,), states=4)
    P = sparse.csr_array(dense.P.reshape(-1, 4)) if is_sparse else dense.P
    mdp = MDP(P, dense.R, 0.75, terminal=dense.terminal)
    plain, ordered = Rows.of(mdp), Rows.of(mdp, from_the_end=True)
    assert plain.order is None and ordered.order[0] == 2
    for rows, order in ((plain, np.arange(4)), (ordered, ordered.order)):
        packed = sparse.csr_array((rows.p, rows.to, rows.first), shape=(8, 4)).toarray().reshape(4, 2, 4)
        np.testing.assert_allclose(packed, dense.P[order][:, :, order])
        np.testing.assert_array_equal(rows.R, dense.R[order])
        np.testing.assert_array_equal(rows.terminal, dense.terminal[order])
        x = np.array([3.0, 1.0, 4.0, 1.5])
        np.testing.assert_array_equal(rows.renumbered(x), x[order])
        np.testing.assert_array_equal(rows.original(rows.renumbered(x)), x)
        assert rows.renumbered(x) is not x
    for i, s in enumerate(ordered.order[1:], start=1):
        assert dense.P[s, ordered.toward[i], ordered.order[:i]].sum() > 0
    np.testing.assert_array_equal(plain.first_actions(), dense.R.argmax(axis=1))
    np.testing.assert_array_equal(ordered.first_actions(), ordered.toward)


def test_predecessors_of_a_state():
    mdp = drawn(5, states=4)
    first, states, p = Rows.of(mdp).predecessors()
    found = sparse.csc_array((p, states, first), shape=(4, 4)).toarray()
    np.testing.assert_array_equal(found, mdp.P.max(axis=1))


def test_values_that_start_below():
    for step, low in ((-2.0, -8.0), (2.0, 0.0)):
        rows = Rows.of(corridor(0.75, step))
        np.testing.assert_array_equal(rows.lower_start(rows.first_actions()), [0, low, low])
    rows = Rows.of(corridor(1.0))
    np.testing.assert_allclose(rows.lower_start(rows.first_actions()), [0, -2, -4], atol=0.01)


def test_an_in_place_sweep_counts_no_change_as_a_change():
    mdp = drawn(1)
    rows, action = Rows.of(mdp), np.zeros(3, np.int32)
    v = np.full(3, -50.0)
    assert rows.optimal_sweep(v.copy(), np.empty(3), action)[0] > 0
    w = v.copy()
    assert rows.optimal_sweep(w, w, action)[:2] == (0, pytest.approx((w - v).max()))
    v = np.full(3, 50.0)
    assert rows.optimal_sweep(v.copy(), np.empty(3), action)[1] < 0
    assert rows.optimal_sweep(v, v, action)[1] == 0


def test_values_to_start_from():
    mdp = drawn(0, terminal=(1,))
    np.testing.assert_array_equal(certificates.starting_values(mdp, None), np.zeros(3))
    np.testing.assert_array_equal(certificates.starting_values(mdp, [1, 2, 3]), [1, 0, 3])


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"gamma is 1: a small change"):
        optimal_bounds(corridor(), np.zeros(3))
    with pytest.raises(ValueError, match=r"v: expected shape \(3,\), one value per state, got \(2,\)"):
        optimal_bounds(drawn(0), np.zeros(2))
    with pytest.raises(ValueError, match=r"v\[1\] is nan"):
        optimal_bounds(drawn(0), [0, np.nan, 0])
    with pytest.raises(ValueError, match=r"no terminal state can be reached from state 0 \(3 in all\)"):
        Rows.of(drawn(0, gamma=1.0))
    P = np.array(corridor().P)
    P[2] = [[0, 0, 1]] * 2
    with pytest.raises(ValueError, match=r"no terminal state can be reached from state 2 \(1 in all\)"):
        Rows.of(MDP(P, np.zeros((3, 2)), 1.0, terminal=np.arange(3) == 0))

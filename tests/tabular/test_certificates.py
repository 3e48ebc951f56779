"""Bounds on the optimum that follow from one sweep."""

from fractions import Fraction

import numpy as np
import pytest
from oracles import dp as oracle

from rlcourse.tabular import certificates
from rlcourse.tabular.certificates import bracket, middle, optimal_bounds
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.rows import Chain, Rows, rounding

EPS = np.finfo(float).eps


def drawn(*args, **how):
    return MDP(**oracle.random_process(*args, **how))


@pytest.mark.parametrize("seed, terminal", [(0, ()), (1, ()), (2, (0,)), (3, (2,))])
def test_bounds_hold_and_are_those_of_the_formula(seed, terminal):
    mdp = drawn(seed, terminal=terminal)
    best, _ = oracle.best(mdp)
    for v in (np.zeros(3), np.array([3.0, -2.0, 1.0]), np.full(3, 20.0), best):
        lower, upper = optimal_bounds(mdp, v)
        v = np.where(mdp.terminal, 0, v)
        u = np.array(oracle.backup(mdp.P, mdp.R, 0.75, v))
        slack = rounding(Rows.of(mdp), u, np.abs(u - v).max()) / 0.25
        for bound, step, outward in ((lower, (u - v).min(), -1), (upper, (u - v).max(), 1)):
            want = u + 3 * step + outward * slack
            # rows whose sums may be off by some roundings
            near = 12 * EPS * np.abs(3 * step) / 0.25
            assert (np.abs(bound - want)[~mdp.terminal] <= near + 1e-15 * np.abs(u).max()).all()
            np.testing.assert_array_equal(bound[mdp.terminal], 0)
        assert (lower <= best).all() and (best <= upper).all()
        greedy = (mdp.R + 0.75 * mdp.P @ v).argmax(axis=1)
        exact = oracle.values_of(*map(oracle.exact, (mdp.P, mdp.R, 0.75)), mdp.terminal, greedy)
        assert (lower <= np.array(exact, float)).all()


def test_the_distance_of_the_bounds_at_the_optimum_is_rounding():
    one = MDP(np.ones((1, 1, 1)), np.ones((1, 1)), 0.5)
    lower, upper = optimal_bounds(one, [2.0])
    assert upper[0] - 2 == 2 - lower[0] == pytest.approx((1 + 20) * EPS / 2 * 2 / 0.5, rel=0.1, abs=0)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("start", [0.0, 1e4, -1e4])
def test_rows_whose_sums_are_not_quite_one(sign, start):
    """One state: the value is R / (1 - gamma (1 + d)). The bounds hold, and are as narrow as d allows."""
    d, gamma = sign * 9e-10, 0.999
    mdp = MDP(np.full((1, 1, 1), 1 + d), np.full((1, 1), 1.0), gamma)
    exact = 1 / (1 - Fraction(gamma) * Fraction(float(mdp.P[0, 0, 0])))
    lower, upper = optimal_bounds(mdp, [start])
    assert Fraction(lower[0]) <= exact <= Fraction(upper[0])
    step = abs(1 + gamma * (1 + d) * start - start)
    assert upper[0] - lower[0] < 3 * abs(d) * step / (1 - gamma) ** 2 + 1e-9
    # a discount that such a row can make up for promises nothing
    lower, upper = optimal_bounds(MDP(mdp.P, mdp.R, 1 - 1e-10), [start])
    assert (lower[0], upper[0]) == (-np.inf, np.inf)


@pytest.mark.parametrize("seed", range(150))
def test_bounds_hold_to_the_last_bit(seed):
    """At the optimum, rounded, and shifted by constants, where the bounds are as narrow as they can be."""
    rng = np.random.default_rng(seed)
    S, A = rng.integers(1, 4, size=2)
    P = rng.dirichlet(np.full(S, rng.choice([0.1, 1.0])), size=(S, A))
    R = rng.normal(size=(S, A)) * 10.0 ** rng.integers(-8, 9, size=(S, A))
    mdp = MDP(P, R, rng.choice([0.0, 1e-9, 0.5, 0.9, 0.999, 0.999999]))
    best, _ = oracle.optimum(mdp.P, mdp.R, mdp.gamma, mdp.terminal)
    size = max(abs(x) for x in best)
    for shift in (0, 1e-8, -1e-3, 1e4, -1e9):
        lower, upper = optimal_bounds(mdp, np.array(best, float) + shift * float(size))
        assert all(Fraction(x) <= y <= Fraction(z) for x, y, z in zip(lower, best, upper, strict=True))
        v, bound = middle(Rows.of(mdp), lower, lower, upper)
        assert all(abs(Fraction(x) - y) <= Fraction(bound) for x, y in zip(v, best, strict=True))
        if shift == 0 and mdp.gamma < 1 - 1e-5:
            assert bound <= 1e-14 * float(size) / (1 - mdp.gamma)


def test_what_is_enough_is_just_enough():
    rows, action, u = Rows.of(drawn(0)), np.zeros(3, np.int32), np.ones(3)
    for span in (True, False):
        size = certificates.enough(0.75, 0.125, span)
        low, high = (0.0, size) if span else (-size, size / 2)
        assert middle(rows, u, *bracket(rows, u, low, high, action, span))[1] == pytest.approx(0.125)
    assert certificates.enough(0.0, 0.125, True) == np.inf
    assert certificates.enough(1.0, 0.125, True) == 0.125


def test_the_middle_of_the_bounds():
    mdp = drawn(0, terminal=(0,))
    rows, u, action = Rows.of(mdp), np.array([0.0, 1.0, 2.0]), np.zeros(3, np.int32)
    v, bound = middle(rows, u, *bracket(rows, u, -0.5, 1.5, action))
    np.testing.assert_allclose(v, [0, 1 + 3 * 0.5, 2 + 3 * 0.5])
    assert bound == pytest.approx(3)
    v, bound = middle(rows, u, *bracket(rows, u, -0.5, 1.5, action, False))
    np.testing.assert_allclose(v, u)
    assert bound == pytest.approx(4.5)
    ordered = Rows.of(drawn(0, terminal=(2,)), from_the_end=True)
    np.testing.assert_array_equal(middle(ordered, u, u, u)[0][ordered.order], u)


def corridor(gamma=1.0, step=-1.0):
    """0 <- 1 <- 2: the first action goes on with probability 1/2, the second stays."""
    P = np.zeros((3, 2, 3))
    P[0, :, 0] = P[1, 1, 1] = P[2, 1, 2] = 1
    P[1, 0, [0, 1]] = P[2, 0, [1, 2]] = 0.5
    return MDP(P, np.full((3, 2), step), gamma, terminal=np.arange(3) == 0)


def test_without_discount_the_time_to_the_end_takes_over():
    mdp = corridor()
    rows, forward = Rows.of(mdp), np.zeros(3, np.int32)
    w = Chain(rows).pack(forward).time_to_end()
    v = np.array([0.0, -2.0, -4.0])  # the optimum
    lower, upper = bracket(rows, v.copy(), 0.0, 0.0, forward)
    np.testing.assert_allclose([lower, upper], [v, v], atol=1e-12)
    assert (lower[1:] < v[1:]).all() and (v[1:] < upper[1:]).all()
    # values that are too small by up to 1, and too large
    low, high = bracket(rows, v.copy(), -0.5, 0.25, forward)
    np.testing.assert_allclose(low, v - 0.5 * w, atol=1e-12)
    np.testing.assert_allclose(high, v + 0.25 * w, atol=1e-12)
    np.testing.assert_allclose(bracket(rows, v.copy(), 0.5, 0.5, forward)[0], v, atol=1e-11)
    np.testing.assert_allclose(bracket(rows, v.copy(), -0.5, -0.5, forward)[1], v, atol=1e-11)
    assert (bracket(rows, v.copy(), 0.5, 0.5, forward)[0] < v)[1:].all()
    assert (bracket(rows, v.copy(), -0.5, -0.5, forward)[1] > v)[1:].all()


def test_without_discount_nothing_is_certified_by_a_policy_that_never_ends():
    rows, stay = Rows.of(corridor()), np.ones(3, np.int32)
    lower, upper = bracket(rows, np.zeros(3), -1.0, -1.0, stay)
    np.testing.assert_array_equal(lower, [0, -np.inf, -np.inf])
    np.testing.assert_array_equal(upper, [0, np.inf, np.inf])
    u = np.zeros(3)
    v, bound = middle(rows, u, lower, upper)
    assert bound == np.inf and v is not u
    np.testing.assert_array_equal(v, u)
    # staying pays, or costs nothing: no upper bound
    for step in (1.0, 0.0):
        free = Rows.of(corridor(step=step))
        lower, upper = bracket(free, step * np.array([0.0, 2.0, 4.0]), 0.0, 0.5, np.zeros(3, np.int32))
        np.testing.assert_array_equal(upper[1:], np.inf)
        assert np.isfinite(lower).all()


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("rise", [0.0, 0.25])
def test_without_discount_the_longest_of_equally_good_policies_counts(first, rise):
    """From state 1 to the end at once, for 3, or from state 2 on for 1 each, over a state on the way."""
    P = np.zeros((3, 2, 3))
    P[0, :, 0] = P[1, 0, 0] = P[1, 1, 2] = P[2, :, 0] = 1
    mdp = MDP(P, np.array([[0, 0], [-3.0, -1.0], [-2.0, -2.0]]), 1.0, terminal=np.arange(3) == 0)
    action = np.array([0, first, 0], np.int32)
    v = np.array([0.0, -3.0, -2.0])
    lower, upper = bracket(Rows.of(mdp), v.copy(), 0.0, rise, action)
    # times of the longer way: 2 and 1
    np.testing.assert_allclose(upper, v + rise * np.array([0, 2, 1]), atol=1e-12 + rise / 2)
    assert (upper[1:] > v[1:] + rise * np.array([2, 1]) - 1e-15).all() and (lower[1:] < v[1:]).all()


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

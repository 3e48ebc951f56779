"""Tail bounds, likelihood ratios, sequential tests and urns: exact laws, identities, messages."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import sequential as oracle

from rlcourse.tabular import sequential as sq

seeds = st.integers(0, 2**32 - 1)


def test_bounds_by_hand():
    np.testing.assert_allclose(sq.azuma_bound(3.0, [1.0, 2.0]), np.exp(-0.9))
    np.testing.assert_allclose(sq.mcdiarmid_bound([0.0, 3.0], [1.0, 2.0]), [1, np.exp(-3.6)])
    np.testing.assert_allclose(sq.azuma_bound([[2.0]], 1.0), [[np.exp(-2)]])


def test_bounds_do_not_depend_on_the_unit():
    for unit in (1e-200, 1e200):
        np.testing.assert_allclose(sq.azuma_bound(3 * unit, [unit, 2 * unit]), np.exp(-0.9))
        np.testing.assert_allclose(sq.mcdiarmid_bound([0, 3 * unit], [unit, 2 * unit]), [1, np.exp(-3.6)])
    assert sq.azuma_bound(1e200, [1e-200]) == 0 and sq.azuma_bound(1e-200, [1e200]) == 1


@given(seeds)
def test_azuma_is_the_best_exponential_bound_and_holds(seed):
    rng = np.random.default_rng(seed)
    c, t = rng.integers(1, 4, size=6), int(rng.integers(1, 9))
    bound = float(sq.azuma_bound(t, c))
    np.testing.assert_allclose(bound, oracle.smallest_exponential_bound(t, float(c @ c)), rtol=1e-12)
    assert float(oracle.sign_tail(c.tolist(), t)) <= bound
    np.testing.assert_allclose(sq.mcdiarmid_bound(t, 2 * c), bound)


def test_the_range_in_place_of_half_the_range_is_no_bound():
    assert float(oracle.sign_tail([1], 1)) > sq.mcdiarmid_bound(1, [1])  # negative control


@given(seeds)
def test_likelihood_ratios(seed):
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.ones(3), size=2)
    x = rng.integers(0, 3, size=(2, 4))
    got = sq.likelihood_ratio(x, p, q)
    np.testing.assert_allclose(got, [oracle.likelihood_ratio(row, p, q) for row in x.tolist()])
    assert got.shape == (2, 5)
    np.testing.assert_array_equal(sq.likelihood_ratio([1, 0], [0.5, 0.5], [0.0, 1.0]), [1, 2, 0])


def test_ratios_recover_from_numbers_that_are_too_large_or_too_small():
    p, q = [0.125, 0.875, 0.0], [0.875, 0.125, 0.0]
    for first in (0, 1):
        x = np.repeat([first, 1 - first], 400)
        got = sq.likelihood_ratio(x, p, q)
        assert got[400] == (np.inf, 0)[first]
        np.testing.assert_allclose(got[-1], 1, rtol=1e-11)
    # impossible under q: 0 from there on, also after an overflow
    sure = sq.likelihood_ratio(np.repeat([0, 1], [800, 2]), [0.1, 0.9], [1.0, 0.0])
    np.testing.assert_array_equal(sure[-3:], [np.inf, 0, 0])


@pytest.mark.parametrize("p0, base, m", [(1 / 3, 2, 1), (1 / 3, 2, 2), (0.1, 9, 2)])
def test_boundaries_on_ties(p0, base, m):
    """The ratio is base^(2k - n) and the thresholds are base^m and base^-m: both are reached exactly."""
    error = 1 / (base**m + 1)
    accept_at, reject_at = sq.wald_boundaries(p0, 1 - p0, error, error, 60)
    n = np.arange(61)
    np.testing.assert_array_equal(reject_at, -((n + m) // -2))
    np.testing.assert_array_equal(accept_at, (n - m) // 2)


@given(st.floats(0.1, 0.45), st.floats(0.5, 0.9), st.floats(0.01, 0.3), st.floats(0.01, 0.5))
def test_boundaries_are_where_the_ratio_crosses(p0, p1, alpha, beta):
    accept_at, reject_at = sq.wald_boundaries(p0, p1, alpha, beta, 9)
    low, high = np.log(beta / (1 - alpha)), np.log((1 - beta) / alpha)
    for n in range(10):
        assert oracle.log_ratio(reject_at[n], n, p0, p1) >= high - 1e-6
        assert oracle.log_ratio(reject_at[n] - 1, n, p0, p1) < high + 1e-6
        assert oracle.log_ratio(accept_at[n], n, p0, p1) <= low + 1e-6
        assert oracle.log_ratio(accept_at[n] + 1, n, p0, p1) > low - 1e-6


def test_without_beta_the_test_never_accepts():
    accept_at, reject_at = sq.wald_boundaries(0.5, 0.75, 0.1, 0, 40)
    assert (accept_at == -np.inf).all()
    accept, reject = sq.sequential_test(0.5, accept_at, reject_at)
    assert accept.sum() == 0 and 0 < reject.sum() <= 0.1
    assert sq.sequential_test(0.75, accept_at, reject_at)[1].sum() > 0.5


@given(st.floats(0, 1), seeds)
def test_sequential_tests_equal_their_enumeration(p, seed):
    rng = np.random.default_rng(seed)
    low = np.cumsum(rng.integers(0, 2, size=7)) - 2 - rng.integers(0, 2, size=7)
    high = np.maximum(low, 0) + rng.integers(1, 4, size=7)
    low[0], high[0] = -1, 2
    accept, reject = sq.sequential_test(p, low, high)
    want = oracle.sequential_test(p, low, high)
    np.testing.assert_allclose([accept, reject], want, atol=1e-12)
    if p in (0, 1):
        assert np.isclose(accept + reject, 1).sum() <= 1


def test_a_test_of_certain_steps():
    accept, reject = sq.sequential_test(1.0, [-1, -1, -1], [2, 2, 2])
    np.testing.assert_array_equal(reject, [0, 0, 1])
    accept, reject = sq.sequential_test(0.0, [-1, -1, 0], [2, 2, 2])
    np.testing.assert_array_equal(accept, [0, 0, 1])


@pytest.mark.parametrize("white, black, added", [(1, 1, 1), (2, 1, 1), (1, 3, 2), (Fraction(1, 2), 1, 3)])
def test_urn_laws_equal_their_enumeration(white, black, added):
    for steps in (0, 1, 4):
        want = [float(x) for x in oracle.urn_law(steps, white, black, added)]
        np.testing.assert_allclose(sq.polya_law(steps, float(white), black, added), want, rtol=1e-12)


def test_the_balanced_urn_is_uniform():
    np.testing.assert_allclose(sq.polya_law(1000), 1 / 1001, rtol=1e-9)


def test_simulated_urns():
    share = sq.simulate_polya(np.random.default_rng(0), 50, 6, white=1, black=3, added=2)
    assert share.shape == (50, 7)
    np.testing.assert_array_equal(share[:, 0], 0.25)
    drawn = np.diff(share * (4 + 2 * np.arange(7)))
    assert set(np.unique(drawn.round(9))) == {0.0, 2.0}
    np.testing.assert_array_equal(sq.simulate_polya(np.random.default_rng(0), 50, 6, 1, 3, 2), share)


def test_simulated_urns_follow_their_law():
    """Counts of 3 draws in 4000 urns. With p and 1 - p exchanged, or a share that is never updated, a cell is
    off by more than 0.1; the standard error is at most 0.008."""
    share = sq.simulate_polya(np.random.default_rng(5), 4000, 3, white=3, black=1, added=2)
    white = (share[:, -1] * 10 - 3) / 2
    seen = np.bincount(white.round().astype(int), minlength=4) / 4000
    np.testing.assert_allclose(seen, sq.polya_law(3, 3, 1, 2), atol=0.035)


BAD = [
    (lambda: sq.azuma_bound(1, [1, 0]), r"c\[1\] is 0; expected a finite number greater than 0"),
    (lambda: sq.azuma_bound(1, -1.0), r"c is -1.0"),
    (lambda: sq.azuma_bound(1, []), r"c has shape \(0,\); expected one c for each step, at least one step"),
    (lambda: sq.mcdiarmid_bound(1, [1, -2]), r"width\[1\] is -2"),
    (lambda: sq.mcdiarmid_bound([1, -2], [1]), r"t has the entry -2.0; expected distances >= 0"),
    (lambda: sq.mcdiarmid_bound(np.nan, [1]), r"t is nan"),
    (lambda: sq.mcdiarmid_bound(1, [[1, 2]]), r"width has shape \(1, 2\); expected one width for each step"),
    (lambda: sq.likelihood_ratio([0, 2], [0.5, 0.5], [0.5, 0.5]), r"x has the entry 2; expected outcomes from 0 to 1"),
    (lambda: sq.likelihood_ratio([0, -1], [0.5, 0.5], [0.5, 0.5]), r"x has the entry -1"),
    (lambda: sq.likelihood_ratio([1], [1.0, 0.0], [0.5, 0.5]), r"x has the outcome 1, whose probability under p is 0"),
    (lambda: sq.likelihood_ratio([0], [0.5, 0.6], [0.5, 0.5]), r"p\[:\] sums to 1.1"),
    (lambda: sq.likelihood_ratio([0], [0.5, 0.5], [1.0]), r"p has shape \(2,\), q has shape \(1,\)"),
    (lambda: sq.wald_boundaries(0.6, 0.5, 0.1, 0.1, 5), r"p0 is 0.6 and p1 is 0.5; expected 0 < p0 < p1 < 1"),
    (lambda: sq.wald_boundaries(0.5, 0.5, 0.1, 0.1, 5), r"p0 is 0.5 and p1 is 0.5"),
    (lambda: sq.wald_boundaries(0.5, 1.0, 0.1, 0.1, 5), r"p1 is 1.0"),
    (lambda: sq.wald_boundaries(0.0, 0.5, 0.1, 0.1, 5), r"p0 is 0.0"),
    (lambda: sq.wald_boundaries(0.4, 0.5, 0.0, 0.1, 5), r"alpha is 0.0 and beta is 0.1; expected alpha > 0"),
    (lambda: sq.wald_boundaries(0.4, 0.5, 0.5, 0.5, 5), r"beta is 0.5"),
    (lambda: sq.wald_boundaries(0.4, 0.5, 0.5, -0.1, 5), r"beta is -0.1"),
    (lambda: sq.wald_boundaries(0.4, 0.5, 0.1, 0.1, 0), r"horizon is 0; expected a whole number, at least 1"),
    (lambda: sq.sequential_test(1.5, [-1, 0], [1, 1]), r"p is 1.5; expected a number in \[0, 1\]"),
    (lambda: sq.sequential_test(0.5, [-1, 0], [1, 1, 1]), r"accept_at has shape \(2,\), reject_at has shape \(3,\)"),
    (lambda: sq.sequential_test(0.5, [-1], [1]), r"expected one number for each time from 0 to the horizon"),
    (lambda: sq.sequential_test(0.5, [-1, 1], [1, 1]), r"accept_at\[1\] is 1.0, reject_at\[1\] is 1.0; expected a gap"),
    (lambda: sq.sequential_test(0.5, [0, 0], [1, 1]), r"the test stops at time 0"),
    (lambda: sq.sequential_test(0.5, [-1, 0], [0, 1]), r"the test stops at time 0"),
    (lambda: sq.polya_law(-1), r"steps is -1; expected a whole number, at least 0"),
    (lambda: sq.polya_law(1.5), r"steps is 1.5"),
    (lambda: sq.polya_law(3, white=0), r"white is 0; expected a finite number greater than 0"),
    (lambda: sq.polya_law(3, 1, 1, -1), r"added is -1"),
    (lambda: sq.simulate_polya(np.random.default_rng(0), 0, 3), r"urns is 0; expected a whole number, at least 1"),
    (lambda: sq.simulate_polya(np.random.default_rng(0), 2, 3, black=-1), r"black is -1"),
]


@pytest.mark.parametrize("call, message", BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_outcomes_are_whole_numbers():
    with pytest.raises(TypeError, match=r"x: expected outcomes as whole numbers, got dtype float64"):
        sq.likelihood_ratio([0.0, 1.0], [0.5, 0.5], [0.5, 0.5])

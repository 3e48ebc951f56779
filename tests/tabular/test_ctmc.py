"""Generators, stationary laws, hitting times, discounted values, paths."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import ctmc as oracle
from scipy import sparse

from rlcourse.tabular import ctmc

seeds = st.integers(0, 2**32 - 1)
BOTH = [np.array, lambda Q: sparse.coo_array(np.array(Q, dtype=float))]
both = pytest.mark.parametrize("form", BOTH, ids=["dense", "sparse"])


def drawn(seed, size=4, share=0.7):
    """Irreducible generator with rates that are multiples of 1/8, so that rows sum to 0 exactly."""
    rng = np.random.default_rng(seed)
    Q = rng.integers(1, 24, (size, size)) / 8 * (rng.random((size, size)) < share)
    Q[np.arange(size), (np.arange(size) + 1) % size] += 0.5
    np.fill_diagonal(Q, 0)
    return Q - np.diag(Q.sum(axis=1))


BAD = [
    ([[-1, 1], [-0.5, 0.5]], ValueError, r"Q\[1, 0\] is -0.5; expected a rate >= 0 off the diagonal"),
    ([[1, -1], [0, 0]], ValueError, r"Q\[0, 1\] is -1.0; expected a rate >= 0"),
    ([[0.5, 0.5], [0.2, 0.8]], ValueError, r"Q\[0, 0\] is 0.5; expected minus the rate of leaving .* is this P"),
    ([[-1, 1], [0.5, -0.4]], ValueError, r"Q\[1, :\] sums to 0.1; expected 0"),
    ([[-1, 0.5], [0, 0]], ValueError, r"Q\[0, :\] sums to -0.5; expected 0"),
    ([[0, 1], [1, 0]], ValueError, r"Q\[0, :\] sums to 1; expected 0"),
    ([[-np.inf, np.inf], [0, 0]], ValueError, r"Q\[0, 0\] is -inf; expected a finite rate"),
    ([[np.nan, 0], [0, 0]], ValueError, r"Q\[0, 0\] is nan"),
    ([[-1, 1]], ValueError, r"square matrix \[S, S\] with at least one state, got shape \(1, 2\)"),
]


@both
@pytest.mark.parametrize("Q, error, message", BAD)
def test_bad_generators_are_refused(form, Q, error, message):
    with pytest.raises(error, match=message):
        ctmc.Generator(form(Q))


def test_other_types_and_shapes_are_refused():
    for Q in (np.zeros((0, 0)), np.zeros(3)):
        with pytest.raises(ValueError, match="expected a square matrix"):
            ctmc.Generator(Q)
    with pytest.raises(TypeError, match="expected real numbers, got dtype complex128"):
        ctmc.Generator(np.zeros((2, 2), complex))


@both
def test_rounding_is_no_mistake_and_the_copy_is_read_only(form):
    Q = drawn(1) * 1e9
    Q[0, 0] += 1e-7 * abs(Q[0, 0]) * 1e-3
    given_ = form(Q)
    gen = ctmc.Generator(given_)
    stored = gen.Q.data if sparse.issparse(gen.Q) else gen.Q
    with pytest.raises(ValueError, match="read-only"):
        stored[0] = 1
    np.testing.assert_array_equal(given_.toarray() if sparse.issparse(given_) else given_, Q)
    Q[1, 1] += 2e-9 * abs(Q[1, 1])
    with pytest.raises(ValueError, match=r"Q\[1, :\] sums to"):
        ctmc.Generator(form(Q))


@both
def test_the_jump_chain_is_the_shares_of_the_rates(form):
    gen = ctmc.Generator(form([[-4, 1, 3], [0, 0, 0], [2, 2, -4]]))
    P = gen.jump_chain.P
    want = [[0, 0.25, 0.75], [0, 1, 0], [0.5, 0.5, 0]]
    np.testing.assert_allclose(P.toarray() if sparse.issparse(P) else P, want, atol=1e-15)
    np.testing.assert_array_equal(gen.exit_rates, [4, 0, 4])
    assert not np.signbit(gen.exit_rates).any()
    assert gen.n_states == 3


@both
def test_rates_whose_inverse_is_no_number_are_refused(form):
    with pytest.raises(
        ValueError, match=r"Q\[1, 1\] is -1e-320; expected 0, or a rate whose inverse, the mean holding"
    ):
        ctmc.Generator(form([[-1, 1], [1e-320, -1e-320]]))
    slow = ctmc.Generator(form([[-1e-300, 1e-300], [0, 0]]))
    np.testing.assert_allclose(ctmc.hitting_times(slow, 1), [1e300, 0])


def test_the_stationary_law_of_two_states():
    law = ctmc.stationary_law(ctmc.Generator(np.array([[-2.0, 2.0], [0.5, -0.5]])))
    np.testing.assert_allclose(law, [0.2, 0.8])
    # negative control: the visits alone are even
    assert abs(law - 0.5).max() > 0.2


@both
@settings(max_examples=6)
@given(seeds)
def test_the_stationary_law_is_that_of_the_tree_theorem(form, seed):
    Q = drawn(seed)
    np.testing.assert_allclose(ctmc.stationary_law(ctmc.Generator(form(Q))), oracle.stationary(Q), atol=1e-12)


def test_transient_and_absorbing_states():
    Q = np.array([[-1.0, 1, 0], [0, -2, 2], [0, 3, -3]])
    np.testing.assert_allclose(ctmc.stationary_law(ctmc.Generator(Q)), [0, 0.6, 0.4])
    absorbing = np.array([[-1.0, 1], [0, 0]])
    np.testing.assert_array_equal(ctmc.stationary_law(ctmc.Generator(absorbing)), [0, 1])
    np.testing.assert_array_equal(ctmc.stationary_law(ctmc.Generator(np.zeros((1, 1)))), [1])


def test_several_closed_classes_have_no_unique_law():
    Q = np.array([[0.0, 0, 0], [1, -2, 1], [0, 0, 0]])
    with pytest.raises(ValueError, match=r"2 closed classes \(their first states: 0, 2\), so the stationary law"):
        ctmc.stationary_law(ctmc.Generator(Q))
    with pytest.raises(ValueError, match=r"6 closed classes \(their first states: 0, 1, 2, 3, \.\.\.\)"):
        ctmc.stationary_law(ctmc.Generator(np.zeros((6, 6))))
    with pytest.raises(ValueError, match=r"4 closed classes \(their first states: 0, 1, 2, 3\)"):
        ctmc.stationary_law(ctmc.Generator(np.zeros((4, 4))))


@both
@settings(max_examples=6)
@given(seeds, st.sampled_from([[0], [1, 3], [3]]))
def test_hitting_times_solve_their_equations(form, seed, target):
    Q = drawn(seed)
    want = oracle.hitting_times(Q, target)
    np.testing.assert_allclose(ctmc.hitting_times(ctmc.Generator(form(Q)), target), want, rtol=1e-11)


def test_hitting_times_that_are_infinite():
    Q = np.array([[-3.0, 1, 2, 0], [0, 0, 0, 0], [0, 0, -4, 4], [0, 0, 0, 0]])
    gen = ctmc.Generator(Q)
    np.testing.assert_array_equal(ctmc.hitting_times(gen, 3), [np.inf, np.inf, 0.25, 0])
    np.testing.assert_array_equal(ctmc.hitting_times(gen, [1, 3])[1:], [0, 0.25, 0])
    np.testing.assert_array_equal(ctmc.hitting_times(gen, [0, 1, 2, 3]), np.zeros(4))
    with pytest.raises(ValueError, match="target is empty"):
        ctmc.hitting_times(gen, [])
    with pytest.raises(ValueError, match="target holds 4"):
        ctmc.hitting_times(gen, 4)


@both
def test_hitting_times_of_a_chain_that_hardly_leaves(form):
    """Two fast pairs with a rare step between them; the rounded diagonal knows nothing of it."""
    for leak in (1e-3, 1e-11, 1e-20):
        Q = np.array([[0, 1e6, 0, 0], [1e6, 0, leak, 0], [0, 3 * leak, 0, 1e6], [0, 0, 1e6, 0]])
        rates = [[Fraction(x) for x in row] for row in Q]
        for i, row in enumerate(rates):
            row[i] = -sum(row)
        got = ctmc.hitting_times(ctmc.Generator(form(Q - np.diag(Q.sum(axis=1)))), 3)
        np.testing.assert_allclose(got, oracle.hitting_times(rates, [3]), rtol=1e-12)
        np.testing.assert_allclose(got[:2], 2 / leak, rtol=1e-8)
    stuck = np.array([[-1, 1, 0], [1, -1, 1e-10], [0, 0, 0]])
    np.testing.assert_allclose(ctmc.hitting_times(ctmc.Generator(form(stuck)), 2), [2e10, 2e10, 0], rtol=1e-9)


@both
def test_values_without_discount_in_sight(form):
    """State 0 is occupied two thirds of the time."""
    Q = [[-1.0, 1], [2, -2]]
    gen = ctmc.Generator(form(Q))
    for alpha in (1e-9, 1e-15, 1e-17, 1e-300):
        want = oracle.discounted(Q, [1, 0], alpha)
        np.testing.assert_allclose(ctmc.discounted_values(gen, [1, 0], alpha), want, rtol=1e-12)
        np.testing.assert_allclose(want, 2 / 3 / alpha, rtol=1e-8)
    # nothing but killing ends the stay in an absorbing state
    still = ctmc.Generator(form([[-3.0, 3], [0, 0]]))
    np.testing.assert_allclose(ctmc.discounted_values(still, [8, 2], 1.0), [3.5, 2], rtol=1e-14)


@both
@settings(max_examples=6)
@given(seeds, st.sampled_from([0.125, 1, 4]))
def test_discounted_values_solve_their_equation(form, seed, alpha):
    Q, r = drawn(seed), np.random.default_rng(seed).integers(-9, 9, 4)
    got = ctmc.discounted_values(ctmc.Generator(form(Q)), r, alpha)
    np.testing.assert_allclose(got, oracle.discounted(Q, r, alpha), rtol=1e-11, atol=1e-11)


def test_bad_rewards_and_rates_of_discount():
    gen = ctmc.Generator(drawn(0))
    for alpha in (0, -1, np.inf):
        with pytest.raises(ValueError, match=f"alpha is {alpha}"):
            ctmc.discounted_values(gen, np.ones(4), alpha)
    with pytest.raises(ValueError, match=r"r: expected shape \(4,\), one reward rate per state, got \(3,\)"):
        ctmc.discounted_values(gen, np.ones(3), 1.0)
    with pytest.raises(ValueError, match=r"r\[2\] is nan"):
        ctmc.discounted_values(gen, [0, 0, np.nan, 0], 1.0)


class Scripted:
    """A source of randomness that says what it was told to."""

    def __init__(self, waits, uniforms):
        self.waits, self.uniforms = iter(waits), iter(uniforms)

    def exponential(self):
        return next(self.waits)

    def random(self):
        return next(self.uniforms)


def test_a_path_follows_its_random_numbers():
    """Waits are divided by the total rate of the state, whatever comes next; targets are the cumulated shares."""
    gen = ctmc.Generator(np.array([[-4.0, 1, 3], [2, -2, 0], [1, 1, -2]]))
    P = sparse.csr_array(gen.jump_chain.P)
    law = np.array([0.25, 0.9, 1, 0.5, 0.9])  # the last sum of a state counts as 1
    rng = Scripted([4, 1, 2, 3, 1, 10], [0.95, 0.95, 0.2499, 0.99, 0, 0])
    record = getattr(ctmc._record, "py_func", ctmc._record)
    times, states, jumps = record(P.indptr, P.indices, law, gen.exit_rates, np.array([0, 2]), 2.75, rng)
    # 0 waits 4/4, goes to 2 (0.95 >= 0.25), waits 1/2, goes to 1, waits 2/2, goes to 0 (its only way), waits 3/4
    np.testing.assert_allclose(times, [0, 1, 1.5, 2.5, 0, 0.5])
    np.testing.assert_array_equal(states, [0, 2, 1, 0, 2, 0])
    np.testing.assert_array_equal(jumps, [4, 2])


def test_records_are_padded():
    gen = ctmc.Generator(np.array([[-1.0, 1.0, 0], [0, -1, 1], [0, 0, 0]]))
    paths = ctmc.simulate(gen, np.array([0, 2, 1, 0]), 100.0, rng=4)
    np.testing.assert_array_equal(paths.states, [[0, 1, 2], [2, 2, 2], [1, 2, 2], [0, 1, 2]])
    np.testing.assert_array_equal(np.isinf(paths.times), [[0, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0]])
    assert (paths.times[:, 0] == 0).all() and (np.diff(paths.times[0]) > 0).all()
    again = ctmc.simulate(gen, np.array([0, 2, 1, 0]), 100.0, rng=np.random.default_rng(4))
    np.testing.assert_array_equal(again.times, paths.times)
    assert ctmc.simulate(gen, np.array([], int), 1.0, rng=0).times.shape == (0, 0)


def test_a_long_record_outgrows_its_buffer():
    gen = ctmc.Generator(np.array([[-50.0, 50.0], [50.0, -50.0]]))
    paths = ctmc.simulate(gen, np.array([0, 1]), 4.0, rng=0)
    assert paths.times.shape[1] > 130
    for times, states in zip(paths.times, paths.states, strict=True):
        real = np.isfinite(times)
        assert (np.diff(times[real]) > 0).all() and times[real][-1] <= 4
        assert (np.diff(states[real]) != 0).all()


@both
def test_simulated_laws(form):
    """400 paths: an error of 0.11 in a probability is 4.4 standard errors; the wrong laws are 0.2 and more away."""
    Q = np.array([[-4.0, 1, 3], [2, -2, 0], [1, 1, -2]])
    paths = ctmc.simulate(ctmc.Generator(form(Q)), np.zeros(400, int), 0.5, rng=1)
    at = ctmc.states_at(paths, [0.25, 0.5])
    for column, t in zip(at.T, (0.25, 0.5), strict=True):
        share = np.bincount(column, minlength=3) / 400
        np.testing.assert_allclose(share, oracle.exponential(Q, t)[0], atol=0.11)
    # a clock of rate 1 or 3 in place of 4: exp(-1/4), exp(-3/4) against exp(-1)
    stayed = (paths.times[:, 1] > 0.25).mean()
    assert abs(stayed - np.exp(-1)) < 0.1 < np.exp(-0.75) - np.exp(-1)


def test_states_at_times():
    paths = ctmc.JumpPaths(np.array([[0, 1.0, 2.5], [0, np.inf, np.inf]]), np.array([[5, 6, 7], [8, 8, 8]]), 3.0)
    want = [[5, 6, 6, 7, 7], [8, 8, 8, 8, 8]]
    np.testing.assert_array_equal(ctmc.states_at(paths, [0, 1, 2.4, 2.5, 3]), want)
    for bad in (-0.1, 3.5, np.nan):
        with pytest.raises(ValueError, match=f"t holds {bad}; expected times from 0 to the horizon 3.0"):
            ctmc.states_at(paths, [1, bad])


def test_states_of_no_paths():
    none = ctmc.simulate(ctmc.Generator(drawn(0)), np.array([], int), 1.0, 0)
    at = ctmc.states_at(none, [0.0, 0.5, 1.0])
    assert at.shape == (0, 3) and at.dtype.kind == "i"


def test_bad_starts_and_horizons():
    gen = ctmc.Generator(drawn(0))
    for start in (np.zeros(2), 0, [[1]]):
        with pytest.raises(TypeError, match=r"start: expected integers \(states\), shape \[paths\]"):
            ctmc.simulate(gen, start, 1.0, 0)
    for wrong in (-1, 4):
        with pytest.raises(ValueError, match=f"start holds {wrong}; expected states 0 to 3"):
            ctmc.simulate(gen, [0, wrong], 1.0, 0)
    for horizon in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match=f"horizon is {horizon}; expected a finite time"):
            ctmc.simulate(gen, [0], horizon, 0)

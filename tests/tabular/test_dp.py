"""Solvers against the best of all policies, and their promises."""

from fractions import Fraction

import numpy as np
import pytest
from oracles import dp as oracle

from rlcourse.tabular import dp, rows
from rlcourse.tabular.mdp import MDP, policy_values

SOLVERS = {
    "value iteration": dp.value_iteration,
    "largest change": lambda m, tol=1e-8: dp.value_iteration(m, tol, span=False),
    "in place": lambda m, tol=1e-8: dp.value_iteration(m, tol, in_place=True),
    "modified": dp.modified_policy_iteration,
    "policy iteration": dp.policy_iteration,
    "exact policy iteration": lambda m, tol=1e-8: dp.policy_iteration(m, tol, exact=True),
    "prioritized": dp.prioritized_sweeping,
}


def drawn(*args, **how):
    return MDP(**oracle.random_process(*args, **how))


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("seed, terminal, tolerance", [(0, (), 1e-8), (1, (), 0.5), (2, (1,), 1e-8), (3, (0, 2), 0.1)])
def test_solvers_find_the_best_policy_within_their_bound(name, seed, terminal, tolerance):
    mdp = drawn(seed, terminal=terminal)
    best, policies = oracle.best(mdp)
    found = SOLVERS[name](mdp, tolerance)
    assert found.bound <= tolerance
    assert np.abs(found.v - best).max() <= found.bound
    assert (best - policy_values(mdp, found.pi).v).max() <= 2 * found.bound
    if tolerance < 1e-6:
        actions = tuple(found.pi.argmax(axis=1))
        assert any(
            all(a == b or s in terminal for s, (a, b) in enumerate(zip(actions, p, strict=True))) for p in policies
        )
    np.testing.assert_array_equal(found.pi.sum(axis=1), 1)


@pytest.mark.parametrize("name", [x for x in SOLVERS if x != "prioritized"])
def test_without_discount(name):
    mdp = MDP(drawn(4, states=4).P, -1 - np.arange(8.0).reshape(4, 2), 1.0, terminal=np.arange(4) == 2)
    best, _ = oracle.best(mdp)
    found = SOLVERS[name](mdp)
    assert found.bound <= 1e-8
    assert np.abs(found.v - best).max() <= found.bound
    np.testing.assert_allclose(policy_values(mdp, found.pi).v, best, atol=1e-9)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("span", [False, True])
@pytest.mark.parametrize("gamma", [0.75, 1.0])
def test_evaluation(gamma, span, in_place):
    mdp, pi = drawn(4, gamma, terminal=(2,), states=4), np.full((4, 2), 0.5)
    want = policy_values(mdp, pi).v
    for v in (None, np.full(4, 9.0)):
        for tolerance in (1e-6, 0.25):
            found = dp.policy_evaluation(mdp, pi, tolerance, v=v, in_place=in_place, span=span)
            assert found.bound <= tolerance
            assert np.abs(found.v - want).max() <= found.bound
    far = dp.policy_evaluation(drawn(4, states=4), pi, 1e-10, v=np.full(4, 1e9))
    assert far.bound <= 1e-10
    law = np.tile([0.25, 0.75], (4, 1))
    np.testing.assert_allclose(dp.policy_evaluation(mdp, law).v, policy_values(mdp, law).v, atol=1e-8)


def test_sweeps_are_counted():
    """One state, reward 1: the k-th sweep changes the value by gamma^(k - 1)."""
    one, pi = MDP(np.ones((1, 1, 1)), np.ones((1, 1)), 0.5), np.ones((1, 1))
    for run in (
        lambda tol: dp.value_iteration(one, tol, span=False),
        lambda tol: dp.policy_evaluation(one, pi, tol, span=False),
    ):
        found = run(0.125 + 1e-9)
        assert (found.iterations, found.residual) == (4, 0.125)
        assert found.v[0] == pytest.approx(2 - 0.125)
        assert found.bound == pytest.approx(0.125)
        assert run(0.1).iterations == 5
    assert dp.value_iteration(one).iterations == 1  # the span is 0
    started = dp.value_iteration(one, 0.125 + 1e-9, v=[1.0], span=False)
    assert started.iterations == 3


def test_backups_are_counted():
    mdp = drawn(0)
    found = dp.value_iteration(mdp, 1e-8)
    assert found.backups == 6 * found.iterations
    found = dp.policy_iteration(mdp, exact=True)
    assert found.backups == 6 * found.iterations
    plain = dp.modified_policy_iteration(mdp, sweeps_between=0)
    assert plain.backups == 6 * plain.iterations
    started = dp.modified_policy_iteration(drawn(2, terminal=(1,)), v=[1.0, 2.0, 3.0], sweeps_between=0)
    assert started.backups == 6 * (started.iterations + 1)  # one to find values to start from
    # one sweep of a policy after every optimal sweep but the last
    one = dp.modified_policy_iteration(mdp, sweeps_between=1)
    assert one.backups == 6 * one.iterations + 3 * (one.iterations - 1)
    assert one.iterations < plain.iterations
    found = dp.prioritized_sweeping(mdp, 0.5)
    assert found.backups == 2 * found.iterations + 6 * 2  # residuals before, and the check
    started = dp.prioritized_sweeping(mdp, v=dp.value_iteration(mdp, 1e-12).v)
    assert (started.iterations, started.backups) == (0, 6)
    sweeps = dp.policy_iteration(mdp).backups - 6 * dp.policy_iteration(mdp).iterations
    assert sweeps > 0 and sweeps % 3 == 0


def test_policy_iteration_starts_where_it_is_told():
    mdp = drawn(0)
    _, policies = oracle.best(mdp)
    pi = np.eye(2)[list(policies[0])]
    assert dp.policy_iteration(mdp, pi=pi).iterations == 1
    worst = dp.policy_iteration(mdp, pi=pi[:, ::-1])
    np.testing.assert_array_equal(worst.pi, pi)
    assert 1 < worst.iterations <= 8
    ends = drawn(2, terminal=(1,))
    best = dp.policy_iteration(ends).pi
    assert dp.policy_iteration(ends, pi=best).iterations == 1


def test_policy_iteration_is_monotone_and_stops_at_ties():
    # both actions are the same: the first policy must stay, whichever it is
    P, R = np.full((2, 2, 2), 0.5), np.array([[1.0, 1.0], [0.1, 0.1]])
    for actions in ([0, 1], [1, 0]):
        for exact in (False, True):
            found = dp.policy_iteration(MDP(P, R, 0.9), pi=np.eye(2)[actions], exact=exact)
            assert found.iterations == 1
            np.testing.assert_array_equal(found.pi, np.eye(2)[actions])


def test_policy_iteration_changes_no_action_that_may_be_as_good():
    """Both actions of the first state are worth 8, on ways of different lengths: sweeps see one, then the other."""
    leads_to = np.array([[1, 2], [0, 0], [3, 3], [0, 0]])
    R = np.array([[6.0, 1.0], [0, 0], [12, 12], [0, 0]])
    for first in (0, 1):
        pi = np.eye(2)[[first, 0, 0, 0]]
        for tolerance in (1e-2, 1e-8, 1e-30):
            found = dp.policy_iteration(MDP(np.eye(4)[leads_to], R, 0.5), tolerance, pi=pi)
            assert found.iterations == 1
            np.testing.assert_array_equal(found.pi, pi)
            np.testing.assert_allclose(found.v, [8, 4, 14, 4], atol=max(tolerance, 1e-13))


def test_an_advantage_that_may_be_an_error_changes_nothing():
    q, pi = np.array([[1.0, 1.5], [2.0, 2.0], [0.0, 3.0]]), np.array([[1.0, 0], [0, 1.0], [0.5, 0.5]])
    np.testing.assert_array_equal(dp.policy_improvement(q, pi), [[0, 1], [0, 1], [0, 1]])
    np.testing.assert_array_equal(dp.policy_improvement(q, pi, 0.5), [[1, 0], [0, 1], [0, 1]])
    np.testing.assert_array_equal(dp.policy_improvement(q, pi, 1.5), pi)


def test_modified_policy_iteration_needs_few_sweeps_over_all_actions():
    """A corridor of 30 cells whose moves fail one time in five."""
    n = 30
    P = np.zeros((n, 2, n))
    for s in range(n):
        for a, to in ((0, max(s - 1, 0)), (1, min(s + 1, n - 1))):
            P[s, a, s] += 0.2
            P[s, a, to] += 0.8
    mdp = MDP(P, -np.ones((n, 2)), 0.95, terminal=np.arange(n) == 0)
    plain, modified = dp.value_iteration(mdp), dp.modified_policy_iteration(mdp)
    low = np.where(mdp.terminal, 0, -20.0)
    assert modified.iterations <= 10 < 40 < plain.iterations
    assert (
        dp.value_iteration(mdp, v=low, in_place=True).iterations
        < 40
        < dp.value_iteration(mdp, in_place=True).iterations
    )
    np.testing.assert_allclose(plain.v, modified.v, atol=2e-8)
    assert dp.modified_policy_iteration(mdp, v=plain.v).iterations <= 3
    assert dp.prioritized_sweeping(mdp, v=plain.v).iterations < dp.prioritized_sweeping(mdp).iterations / 10


def test_tolerances_below_the_precision_of_the_numbers():
    mdp = MDP(drawn(0).P, 1e6 * drawn(0).R, 0.75)
    best, _ = oracle.best(mdp)
    for name, solve in SOLVERS.items():
        found = solve(mdp, 1e-15)
        assert 1e-15 < found.bound < 1e-5, name
        assert np.abs(found.v - best).max() <= found.bound
    found = dp.policy_evaluation(mdp, np.full((3, 2), 0.5), 1e-15)
    assert found.bound < 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_policies_of_renumbered_states(seed):
    """The terminal state is the last one, so no state keeps its number."""
    mdp = drawn(seed, terminal=(4,), states=5)
    best = policy_values(mdp, dp.value_iteration(mdp, 1e-10).pi).v
    for name in ("in place", "modified", "policy iteration"):
        np.testing.assert_allclose(policy_values(mdp, SOLVERS[name](mdp).pi).v, best, atol=1e-9, err_msg=name)
    assert dp.policy_iteration(mdp, pi=dp.value_iteration(mdp).pi).iterations == 1


def test_prioritized_sweeping_starts_anywhere():
    mdp = drawn(0)
    best, _ = oracle.best(mdp)
    for v in (best, best + 5, best - 5, 1e9 * best):
        for tolerance in (1e-8, 1e-16):
            found = dp.prioritized_sweeping(mdp, tolerance, v=v)
            assert np.abs(found.v - best).max() <= found.bound < 1e-5


def test_prioritized_sweeping_leaves_alone_what_is_right():
    apart = MDP(np.eye(2)[:, None, :], np.ones((2, 1)), 0.5)
    # the second state changes by 0.05, then by 0.025
    assert dp.prioritized_sweeping(apart, 0.02, v=[2.0, 1.9]).iterations == 2


def test_a_discount_close_to_one(monkeypatch):
    monkeypatch.setattr(rows, "LIMIT", 3)
    assert dp.value_iteration(drawn(0)).iterations > 3


def test_a_discount_of_zero():
    mdp = drawn(0, gamma=0.0)
    for name, solve in SOLVERS.items():
        for tolerance in (1e-8, 1e-30):
            np.testing.assert_allclose(solve(mdp, tolerance).v, mdp.R.max(axis=1), atol=1e-14, err_msg=name)
    found = dp.policy_evaluation(mdp, np.eye(2)[[0, 1, 0]], 1e-30)
    np.testing.assert_array_equal(found.v, mdp.R[[0, 1, 2], [0, 1, 0]])


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("terminal", [(), (1,)])
def test_bounds_hold_to_the_last_bit(name, terminal):
    """At tolerances that cannot be reached, for numbers of many bits, and rows whose sums are not quite 1."""
    for seed in range(15):
        rng = np.random.default_rng(seed)
        P = rng.dirichlet(np.ones(3), size=(3, 2)) * (1 + rng.uniform(-9e-10, 9e-10, (3, 2, 1)) * (seed % 2))
        R = rng.normal(size=(3, 2)) * 10.0 ** rng.integers(-6, 7, size=(3, 2) if seed % 3 else ())
        mdp = MDP(P, R, rng.choice([0.1, 0.9, 0.99]), terminal=np.isin(np.arange(3), terminal))
        best, _ = oracle.optimum(mdp.P, mdp.R, mdp.gamma, mdp.terminal)
        found = SOLVERS[name](mdp, 1e-30)
        assert max(abs(Fraction(x) - y) for x, y in zip(found.v, best, strict=True)) <= Fraction(found.bound)
        assert found.bound <= 5e-14 * float(max(abs(x) for x in best)) / (1 - mdp.gamma)
        exact = oracle.values_of(*map(oracle.exact, (mdp.P, mdp.R, mdp.gamma)), mdp.terminal, found.pi.argmax(axis=1))
        assert max(y - x for x, y in zip(exact, best, strict=True)) <= 2 * Fraction(found.bound)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("span", [False, True])
def test_bounds_of_an_evaluation_hold_to_the_last_bit(span, in_place):
    """Of the mean over the actions too, which is rounded: here the rewards of the actions nearly cancel."""
    for seed in range(15):
        rng = np.random.default_rng(seed)
        gamma, pi = rng.choice([0.0, 0.9, 0.999]), rng.dirichlet(np.ones(2), size=3)
        reward = rng.normal(size=3) * 10.0 ** rng.integers(-6, 7)
        R = np.stack([reward, -reward * pi[:, 0] / pi[:, 1]], axis=1)
        mdp = MDP(rng.dirichlet(np.ones(3), size=(3, 2)), R, gamma)
        law, P, R = (oracle.exact(x) for x in (pi, mdp.P, mdp.R))
        P = [[[sum(law[s][a] * P[s][a][x] for a in (0, 1)) for x in range(3)]] for s in range(3)]
        R = [[sum(law[s][a] * R[s][a] for a in (0, 1))] for s in range(3)]
        want = oracle.values_of(P, R, Fraction(gamma), [False] * 3, [0] * 3)
        found = dp.policy_evaluation(mdp, pi, 1e-30, span=span, in_place=in_place)
        assert max(abs(Fraction(x) - y) for x, y in zip(found.v, want, strict=True)) <= Fraction(found.bound)
        assert found.bound <= 1e-14 * np.abs(mdp.R).max() / (1 - gamma) ** 2


def test_the_tolerance_is_reached_however_long_it_takes(monkeypatch):
    """Two states that are left with probability 1e-3; the second action is never better."""
    monkeypatch.setattr(rows, "LIMIT", 1000)  # far fewer sweeps than are needed
    P = np.array([[[1 - 1e-3, 1e-3], [1, 0]], [[1e-3, 1 - 1e-3], [0, 1]]])
    mdp = MDP(P, np.array([[0.0, 0.0], [1.0, 0.5]]), 1 - 1e-4)
    best = policy_values(mdp, np.eye(2)[[0, 0]]).v
    for name in ("modified", "policy iteration", "exact policy iteration"):
        found = SOLVERS[name](mdp, 1e-4)
        assert np.abs(found.v - best).max() <= found.bound <= 1e-4, name
        np.testing.assert_array_equal(found.pi, [[1, 0], [1, 0]], err_msg=name)
    found = dp.policy_evaluation(mdp, np.eye(2)[[0, 0]], 1e-4)
    assert np.abs(found.v - best).max() <= found.bound <= 1e-4 and found.iterations > 5000


def test_a_state_that_hardly_ever_ends():
    """Without discount; the value is -1e7, which no 1e5 sweeps reach."""
    P = np.array([[[1 - 1e-7, 1e-7], [1, 0]], [[0, 1], [0, 1]]])
    mdp = MDP(P, -np.ones((2, 2)), 1.0, terminal=np.array([False, True]))
    found = dp.policy_iteration(mdp)
    assert abs(found.v[0] + 1 / (1 - P[0, 0, 0])) <= found.bound < 1


@pytest.mark.parametrize("name", SOLVERS)
def test_actions_that_are_forbidden_by_a_large_penalty(name):
    mdp = drawn(0)
    R = np.array(mdp.R)
    R[:, 1] = -1e9
    alone = SOLVERS[name](MDP(np.ones((1, 2, 1)), np.array([[1.0, -1e9]]), 0.99))
    assert abs(alone.v[0] - 100) <= alone.bound <= 1e-8
    found = SOLVERS[name](MDP(mdp.P, R, 0.75))
    best, _ = oracle.optimum(mdp.P, R, 0.75, mdp.terminal)
    assert max(abs(Fraction(x) - y) for x, y in zip(found.v, best, strict=True)) <= Fraction(found.bound) <= 1e-8


@pytest.mark.parametrize("seed", range(5))
def test_values_to_start_from_may_be_anything(seed):
    mdp, rng = drawn(seed, terminal=(2,), states=5), np.random.default_rng(seed)
    best, _ = oracle.best(mdp)
    for size in (1.0, 1e6):
        v = size * rng.normal(size=5)
        for name, found in (
            ("vi", dp.value_iteration(mdp, v=v)),
            ("in place", dp.value_iteration(mdp, v=v, in_place=True)),
            ("mpi", dp.modified_policy_iteration(mdp, v=v, sweeps_between=3)),
            ("prioritized", dp.prioritized_sweeping(mdp, v=v)),
        ):
            assert np.abs(found.v - best).max() <= found.bound <= 1e-8, name


def test_changes_that_are_rounding_end_the_sweeps(monkeypatch):
    """As if rounding went back and forth, well above what is expected of it."""
    monkeypatch.setattr(dp.Rows, "patience", lambda self: 3)
    true_sweep = dp.Rows.optimal_sweep

    def noisy(self, v, u, action, margin=0.0):
        low, high, changes = true_sweep(self, v, u, action, margin)
        return low - 1e-6, high + 1e-6, changes

    monkeypatch.setattr(dp.Rows, "optimal_sweep", noisy)
    for solve in (dp.value_iteration, dp.modified_policy_iteration, dp.prioritized_sweeping):
        assert 1e-6 < solve(drawn(0)).bound < 1e-4


def loop():
    """A state that can end, or stay and earn 1."""
    return MDP(
        np.array([[[1.0, 0], [0, 1]], [[0, 1], [0, 1]]]),
        np.array([[1.0, 0], [0, 0]]),
        1.0,
        terminal=np.array([False, True]),
    )


def test_bad_arguments_are_named(monkeypatch):
    mdp, pi = drawn(0), np.full((3, 2), 0.5)
    for solve in SOLVERS.values():
        with pytest.raises(ValueError, match=r"tolerance is 0; expected a finite number greater than 0"):
            solve(mdp, 0)
    with pytest.raises(ValueError, match=r"tolerance is -1"):
        dp.policy_evaluation(mdp, pi, -1)
    with pytest.raises(ValueError, match=r"pi: expected shape \(3, 2\)"):
        dp.policy_evaluation(mdp, pi[:2])
    with pytest.raises(ValueError, match=r"pi: expected shape \(3, 2\), got \(2, 2\)"):
        dp.policy_iteration(mdp, pi=pi[:2])
    with pytest.raises(ValueError, match=r"pi\[0\] is \[0.5 0.5\]; expected a deterministic policy"):
        dp.policy_iteration(mdp, pi=pi)
    with pytest.raises(ValueError, match=r"pi\[1\] is \[1 1\]; expected a deterministic policy"):
        dp.policy_iteration(mdp, pi=[[1, 0], [1, 1], [0, 1]])
    with pytest.raises(ValueError, match=r"q has shape \(3, 3\), pi has shape \(3, 2\)"):
        dp.policy_improvement(np.zeros((3, 3)), pi)
    with pytest.raises(ValueError, match=r"v: expected shape \(3,\)"):
        dp.value_iteration(mdp, v=np.zeros(4))
    with pytest.raises(ValueError, match=r"margin is -1; expected a number >= 0"):
        dp.policy_improvement(np.zeros((3, 2)), pi, -1)
    with pytest.raises(ValueError, match=r"q\[0, 1\] is nan"):
        dp.policy_improvement([[0, np.nan]], pi[:1])
    with pytest.raises(ValueError, match=r"pi\[0, :\] sums to 0.5"):
        dp.policy_improvement(np.zeros((1, 2)), [[0.5, 0]])
    for wrong in (-1, 2.5):
        with pytest.raises(ValueError, match=rf"sweeps_between is {wrong}; expected a whole number, at least 0"):
            dp.modified_policy_iteration(mdp, sweeps_between=wrong)
    with pytest.raises(ValueError, match=r"gamma is 1: small priorities"):
        dp.prioritized_sweeping(loop())
    with pytest.raises(ValueError, match=r"gamma is 1 and the policy may never end from state 0"):
        dp.policy_evaluation(loop(), [[1, 0], [1, 0]])
    monkeypatch.setattr(rows, "LIMIT", 50)
    for solve in (dp.value_iteration, dp.modified_policy_iteration):
        with pytest.raises(ValueError, match=r"after 49 sweeps the values still change by 0 to 1"):
            solve(loop())

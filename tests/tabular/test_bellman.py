"""Bellman's operators: their formulas, order, contraction, fixed points and ties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import bellman as oracle
from scipy import sparse

from rlcourse.tabular.bellman import (
    greedy_policy,
    optimal_backup,
    optimal_backup_q,
    policy_backup,
    policy_backup_q,
    q_from_v,
    v_from_q,
)
from rlcourse.tabular.mdp import MDP, policy_values

CLOSE = dict(rtol=1e-13, atol=1e-13)
seeds = st.integers(0, 10**6)


def random_case(seed, states=3, actions=2, gamma=0.8, terminal=True):
    """A decision process, a policy, values of the states and of the actions."""
    rng = np.random.default_rng(seed)
    ends = np.arange(states) == (states - 1 if terminal else -1)
    mdp = MDP(
        rng.dirichlet(np.ones(states), (states, actions)), rng.normal(size=(states, actions)), gamma, terminal=ends
    )
    return mdp, rng.dirichlet(np.ones(actions), states), rng.normal(size=states), rng.normal(size=mdp.R.shape)


def as_sparse(mdp):
    return MDP(sparse.csr_array(mdp.P.reshape(-1, mdp.n_states)), mdp.R, mdp.gamma, terminal=mdp.terminal)


def floats(table):
    return np.array(table, float)


@given(seeds, st.floats(0, 1))
def test_the_formulas(seed, gamma):
    mdp, pi, v, q = random_case(seed, gamma=gamma)
    table = (mdp.P, mdp.R, gamma)
    now = oracle.action_values(*table, v)
    np.testing.assert_allclose(q_from_v(mdp, v), floats(now), **CLOSE)
    np.testing.assert_allclose(v_from_q(pi, q), floats(oracle.mean_over_actions(pi, q)), **CLOSE)
    np.testing.assert_allclose(policy_backup(mdp, pi, v), floats(oracle.mean_over_actions(pi, now)), **CLOSE)
    np.testing.assert_allclose(optimal_backup(mdp, v), floats(oracle.best(now)), **CLOSE)
    after = oracle.action_values(*table, oracle.mean_over_actions(pi, q))
    np.testing.assert_allclose(policy_backup_q(mdp, pi, q), floats(after), **CLOSE)
    after = oracle.action_values(*table, oracle.best(oracle.exact(q)))
    np.testing.assert_allclose(optimal_backup_q(mdp, q), floats(after), **CLOSE)


def test_square_tables_are_not_transposed():
    # with as many actions as states a wrong axis has the right shape
    mdp, pi, v, q = random_case(1, states=3, actions=3)
    now = oracle.action_values(mdp.P, mdp.R, 0.8, v)
    np.testing.assert_allclose(optimal_backup(mdp, v), floats(oracle.best(now)), **CLOSE)
    np.testing.assert_allclose(v_from_q(pi, q), floats(oracle.mean_over_actions(pi, q)), **CLOSE)
    after = oracle.action_values(mdp.P, mdp.R, 0.8, oracle.best(oracle.exact(q)))
    np.testing.assert_allclose(optimal_backup_q(mdp, q), floats(after), **CLOSE)
    np.testing.assert_array_equal(greedy_policy([[1.0, 3.0], [5.0, 2.0]]), [[0, 1], [1, 0]])


def test_sparse_is_dense():
    mdp, pi, v, q = random_case(2)
    for function, args in (
        (q_from_v, (v,)),
        (policy_backup, (pi, v)),
        (optimal_backup, (v,)),
        (policy_backup_q, (pi, q)),
        (optimal_backup_q, (q,)),
    ):
        np.testing.assert_allclose(function(as_sparse(mdp), *args), function(mdp, *args), **CLOSE)


def test_ties_are_shared():
    q = np.array([[1.0, 1.0, 0.0], [0.1 + 0.2, 0.3, 0.3], [-1.0, -2.0, -3.0]])
    half, third = [0.5, 0.5, 0], [1 / 3] * 3
    np.testing.assert_allclose(greedy_policy(q), [half, third, [1, 0, 0]], **CLOSE)
    np.testing.assert_allclose(greedy_policy(q, atol=0), [half, [1, 0, 0], [1, 0, 0]], **CLOSE)
    np.testing.assert_allclose(greedy_policy(q, atol=1.5), [third, third, half], **CLOSE)
    np.testing.assert_array_equal(greedy_policy(-1e6 * q, atol=0), [[0, 0, 1], [0, 0.5, 0.5], [0, 0, 1]])


@given(seeds)
def test_greedy_reaches_the_maximum_and_numbering_does_not_matter(seed):
    mdp, _, v, q = random_case(seed, actions=3)
    q = np.round(q)
    np.testing.assert_allclose(v_from_q(greedy_policy(q), q), q.max(axis=1), **CLOSE)
    np.testing.assert_allclose(greedy_policy(q[:, ::-1]), greedy_policy(q)[:, ::-1], **CLOSE)
    now = q_from_v(mdp, v)
    np.testing.assert_allclose(policy_backup(mdp, greedy_policy(now), v), optimal_backup(mdp, v), atol=1e-9)


@given(seeds, st.floats(0, 1))
def test_order_shift_and_contraction(seed, gamma):
    mdp, pi, v, _ = random_case(seed, gamma=gamma, terminal=False)
    rng = np.random.default_rng(seed)
    up, other = rng.exponential(size=v.shape), rng.normal(size=v.shape)
    for T in (lambda x: policy_backup(mdp, pi, x), lambda x: optimal_backup(mdp, x)):
        assert (T(v + up) >= T(v) - 1e-13).all()
        np.testing.assert_allclose(T(v + 2.5), T(v) + gamma * 2.5, **CLOSE)
        assert np.abs(T(v) - T(other)).max() <= gamma * np.abs(v - other).max() + 1e-13


@given(seeds)
def test_fixed_points_are_values(seed):
    mdp, pi, _, _ = random_case(seed)
    v, q, _ = policy_values(mdp, pi)
    np.testing.assert_allclose(policy_backup(mdp, pi, v), v, atol=1e-12)
    np.testing.assert_allclose(policy_backup_q(mdp, pi, q), q, atol=1e-12)
    v = np.zeros(3)
    for _ in range(140):
        v = optimal_backup(mdp, v)
    np.testing.assert_allclose(policy_values(mdp, greedy_policy(q_from_v(mdp, v), 1e-11)).v, v, atol=1e-11)
    q = q_from_v(mdp, v)
    np.testing.assert_allclose(optimal_backup_q(mdp, q), q, atol=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_the_fixed_point_is_the_best_of_all_policies_at_once(seed):
    mdp, pi, v, q = random_case(seed, gamma=0.5, terminal=seed % 2 == 0)
    best = oracle.best_of_all_policies(mdp.P.tolist(), mdp.R.tolist(), 0.5, 40)
    mine = oracle.discounted_sum(mdp.P, mdp.R, 0.5, pi, 40)
    for _ in range(45):
        v, q = optimal_backup(mdp, v), policy_backup_q(mdp, pi, q)
    np.testing.assert_allclose(v, best, atol=1e-10)
    np.testing.assert_allclose(v_from_q(pi, q), mine, atol=1e-10)


def test_a_terminal_state_keeps_the_value_zero():
    mdp, pi, v, _ = random_case(3, gamma=1.0)
    v[-1] = 0
    assert optimal_backup(mdp, v)[-1] == policy_backup(mdp, pi, v)[-1] == 0
    v[-1] = 2
    assert optimal_backup(mdp, v)[-1] == 2


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m, pi, v, q: q_from_v(m, v[:2]), r"v: expected shape \(3,\), one value per state, got \(2,\)"),
        (lambda m, pi, v, q: optimal_backup(m, np.full(3, np.nan)), r"v\[0\] is nan"),
        (lambda m, pi, v, q: policy_backup(m, pi.T, v), r"pi: expected the shape of q, \(3, 2\), .* got \(2, 3\)"),
        (lambda m, pi, v, q: policy_backup(m, pi / 2, v), r"pi\[0, :\] sums to 0.5"),
        (lambda m, pi, v, q: policy_backup_q(m, pi, q.T), r"q: expected shape \(3, 2\), one value per state and"),
        (lambda m, pi, v, q: optimal_backup_q(m, q[:2]), r"q: expected shape \(3, 2\)"),
        (lambda m, pi, v, q: v_from_q(pi, q * np.inf), r"q\[0, 0\] is -?inf"),
        (lambda m, pi, v, q: greedy_policy(v), r"q: expected shape \[S, A\]"),
        (lambda m, pi, v, q: greedy_policy(q[:, :0]), r"q: expected shape \[S, A\], .* got \(3, 0\)"),
        (lambda m, pi, v, q: v_from_q(pi[0], q[0]), r"q: expected shape \[S, A\], .* got \(2,\)"),
        (lambda m, pi, v, q: v_from_q(pi[None], q[None]), r"q: expected shape \[S, A\], .* got \(1, 3, 2\)"),
        (lambda m, pi, v, q: v_from_q(np.full((3, 3), np.float32(0.3333334)), np.ones((3, 3))), "numbers are float32"),
        (lambda m, pi, v, q: greedy_policy(q, -1), "atol is -1; expected a number >= 0"),
        (lambda m, pi, v, q: greedy_policy(q, np.nan), "atol is nan"),
        (lambda m, pi, v, q: greedy_policy(q * np.nan), r"q\[0, 0\] is nan"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(*random_case(0))

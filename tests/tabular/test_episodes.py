"""Episodes of at most T actions: all of them, and values that depend on the time."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import mdp as oracle
from scipy import sparse

from rlcourse.tabular.episodes import enumerate_episodes, finite_horizon_values
from rlcourse.tabular.mdp import MDP, policy_values


def random_problem(seed, gamma=0.9):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(3), (3, 2))
    P[0, 0] = [0, 0.5, 0.5]
    mdp = MDP(P, rng.normal(size=(3, 2)), gamma, start=[0.5, 0.3, 0.2], terminal=np.arange(3) == 2)
    return mdp, rng.dirichlet(np.ones(2), 3)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(0, 1), st.integers(1, 3))
def test_values_are_sums_over_the_times(seed, gamma, horizon):
    mdp, pi = random_problem(seed, gamma)
    q, v = finite_horizon_values(mdp, pi, horizon)
    assert q.shape == (horizon, 3, 2) and v.shape == (horizon + 1, 3)
    for t in range(horizon + 1):
        for s in range(3):
            want = oracle.mean_return(mdp.P, mdp.R, pi, np.eye(3)[s], gamma, horizon - t)
            np.testing.assert_allclose(v[t, s], want, atol=1e-12)
    for t in range(horizon):
        np.testing.assert_allclose(q[t], mdp.R + gamma * mdp.P @ v[t + 1], atol=1e-12)
    thin = MDP(sparse.csr_array(mdp.P.reshape(-1, 3)), mdp.R, gamma, mdp.start, mdp.terminal)
    np.testing.assert_allclose(finite_horizon_values(thin, pi, horizon)[1], v, atol=1e-12)


def test_a_long_horizon_forgets_its_end():
    mdp, pi = random_problem(0)
    np.testing.assert_allclose(finite_horizon_values(mdp, pi, 300)[1][0], policy_values(mdp, pi).v)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_the_episodes_are_the_paths(seed, horizon):
    mdp, pi = random_problem(seed)
    want = oracle.paths(mdp.P, pi, mdp.start, mdp.terminal, horizon)
    found = {}
    for s, a, r, s_next, mask, probability in zip(*enumerate_episodes(mdp, pi, horizon), strict=True):
        length = mask.sum()
        assert not mask[length:].any()
        for padded in (s, a, r, s_next):
            assert not padded[length:].any()
        np.testing.assert_array_equal(r[:length], mdp.R[s[:length], a[:length]])
        path = tuple(zip(s[:length].tolist(), a[:length].tolist(), s_next[:length].tolist(), strict=True))
        found[path or (2,)] = probability
    assert found.keys() == want.keys()
    np.testing.assert_allclose([found[path] for path in want], list(want.values()))


def test_an_episode_has_the_rewards_of_its_transitions():
    plain, pi = random_problem(0)
    paid = np.random.default_rng(1).normal(size=(3, 2, 3))
    day = enumerate_episodes(MDP(plain.P, paid, 0.9, plain.start, plain.terminal), pi, 3)
    assert (day.r[day.mask] == paid[day.s, day.a, day.s_next][day.mask]).all() and day.mask.any()


def test_a_policy_may_depend_on_the_time():
    mdp, pi = random_problem(0, gamma=0.8)
    late = np.stack([pi, pi[:, ::-1]])
    first = pi.copy()
    episodes = enumerate_episodes(mdp, late, 2)
    G = (0.8 ** np.arange(2) * episodes.r).sum(axis=1)
    _, v = finite_horizon_values(mdp, late, 2)
    np.testing.assert_allclose(episodes.probability @ G, mdp.start @ v[0])
    np.testing.assert_allclose(v[1], (late[1] * mdp.R).sum(axis=1))
    np.testing.assert_array_equal(pi, first)


def test_an_impossible_action_starts_no_episode():
    mdp, pi = random_problem(0)
    pi[:] = [1, 0]
    assert not enumerate_episodes(mdp, pi, 3).a.any()


@pytest.mark.parametrize("function", [enumerate_episodes, finite_horizon_values])
def test_wrong_input_is_refused(function):
    mdp, pi = random_problem(0)
    with pytest.raises(ValueError, match=r"pi\[0, :\] sums to"):
        function(mdp, pi / 2, 2)
    with pytest.raises(ValueError, match=r"pi: expected shape \(3, 2\), or \(2, 3, 2\) with the time first, got"):
        function(mdp, pi.T, 2)
    for horizon in (0, 2.5, "3", [2]):
        with pytest.raises(ValueError, match=f"horizon is {re.escape(str(horizon))}; expected a whole number, at"):
            function(mdp, pi, horizon)
    with pytest.raises(ValueError, match=r"pi\[0, :\] sums to 1.0000001; expected 1"):  # as exact as elsewhere
        function(mdp, pi * (1 + 1e-7), 2)


def test_a_sparse_problem_is_too_large_to_be_listed():
    mdp, pi = random_problem(0)
    thin = MDP(sparse.csr_array(mdp.P.reshape(-1, 3)), mdp.R, 0.9)
    with pytest.raises(ValueError, match="mdp.P is sparse"):
        enumerate_episodes(thin, pi, 2)

"""Episodic problems: enumeration and exact values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import policy_gradient as oracle

from rlcourse.tabular.mdp import EpisodicMDP, enumerate_episodes, values


def random_problem(seed, gamma=0.9, horizon=3):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(4), (4, 2))
    start = np.array([0.6, 0.4, 0, 0])
    mdp = EpisodicMDP(P, rng.normal(size=(4, 2)), start, np.array([False, False, False, True]), horizon, gamma)
    return mdp, rng.dirichlet(np.ones(2), 4)


def objective(mdp, pi):
    return oracle.objective(mdp.P, mdp.R, mdp.start, mdp.terminal, mdp.horizon, mdp.gamma, pi)


@given(st.integers(0, 10**6), st.floats(0, 1), st.integers(1, 4))
def test_values_give_the_objective(seed, gamma, horizon):
    mdp, pi = random_problem(seed, gamma, horizon)
    q, v = values(mdp, pi)
    assert q.shape == (horizon, 4, 2)
    assert v.shape == (horizon + 1, 4)
    np.testing.assert_allclose(mdp.start @ v[0], objective(mdp, pi), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose((pi * q).sum(axis=-1), v[:-1])
    assert not v[:, 3].any()
    assert not v[-1].any()


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_the_episodes_are_the_distribution_of_returns(seed, gamma):
    mdp, pi = random_problem(seed, gamma)
    episodes = enumerate_episodes(mdp, pi)
    np.testing.assert_allclose(episodes.probability.sum(), 1)
    G = (gamma ** np.arange(3) * episodes.r).sum(axis=-1)
    np.testing.assert_allclose(episodes.probability @ G, objective(mdp, pi), rtol=1e-12, atol=1e-12)


def test_each_episode_is_a_path_of_its_probability():
    mdp, pi = random_problem(0)
    episodes = enumerate_episodes(mdp, pi)
    rows = zip(*episodes, strict=True)
    seen = set()
    for s, a, r, s_next, mask, probability in rows:
        length = mask.sum()
        assert not mask[length:].any()
        assert length == 3 or mdp.terminal[s_next[length - 1]]
        assert not mdp.terminal[s[:length]].any()
        expected = mdp.start[s[0]]
        for t in range(length):
            expected *= pi[s[t], a[t]] * mdp.P[s[t], a[t], s_next[t]]
            assert r[t] == mdp.R[s[t], a[t]]
            assert t == 0 or s[t] == s_next[t - 1]
        np.testing.assert_allclose(probability, expected)
        for padded in (s, a, r, s_next):
            assert not padded[length:].any()
        seen.add((tuple(s), tuple(a), tuple(s_next), tuple(mask)))
    assert len(seen) == len(episodes.s)


def test_an_impossible_action_starts_no_episode():
    mdp, pi = random_problem(0)
    pi[:] = [1, 0]
    assert not enumerate_episodes(mdp, pi).a.any()


def test_the_value_of_a_later_time_is_that_of_a_shorter_problem():
    mdp, pi = random_problem(1)
    shorter, _ = random_problem(1, horizon=2)
    np.testing.assert_allclose(values(mdp, pi)[0][1:], values(shorter, pi)[0])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"P": np.full((4, 2, 4), 0.3)}, r"P\[0, 0, :\] sums to 1.2"),
        ({"start": np.array([1.5, -0.5, 0, 0])}, r"start\[1\] is -0.5"),
        ({"start": np.ones(3) / 3}, r"start: expected shape \(4,\)"),
        ({"P": np.ones((4, 2, 1))}, r"P: expected shape \(4, 2, 4\)"),
        ({"R": np.full((4, 2), np.nan)}, r"R\[0, 0\] is nan"),
        ({"gamma": 1.1}, "gamma is 1.1"),
        ({"horizon": 0}, "horizon is 0"),
    ],
)
def test_a_wrong_problem_is_refused(change, message):
    mdp, _ = random_problem(0)
    with pytest.raises(ValueError, match=message):
        EpisodicMDP(**{**vars(mdp), **change})


def test_terminal_must_be_boolean():
    mdp, _ = random_problem(0)
    with pytest.raises(TypeError, match="terminal: expected dtype bool"):
        EpisodicMDP(**{**vars(mdp), "terminal": np.array([0, 0, 0, 1])})


@pytest.mark.parametrize("function", [enumerate_episodes, values])
def test_a_wrong_policy_is_refused(function):
    mdp, pi = random_problem(0)
    with pytest.raises(ValueError, match=r"pi\[0, :\] sums to"):
        function(mdp, pi / 2)

"""Gymnasium's tables become decision processes, entry by entry, and come back."""

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.toy_text import CliffWalkingEnv, FrozenLakeEnv, TaxiEnv
from gymnasium.spaces import Box, Discrete
from scipy import sparse

from rlcourse.envs.conversion import mdp_from_gymnasium, to_gymnasium
from rlcourse.tabular import worlds
from rlcourse.tabular.garnet import garnet
from rlcourse.tabular.mdp import MDP


class Table(gymnasium.Env):
    """An environment that is nothing but its table."""

    def __init__(self, P, start=None, states=3, actions=1):
        self.observation_space, self.action_space = Discrete(states), Discrete(actions)
        self.P = P
        if start is not None:
            self.initial_state_distrib = np.array(start)


def assert_same(mdp, other):
    for name in ("R", "start", "terminal"):
        np.testing.assert_array_equal(getattr(mdp, name), getattr(other, name), err_msg=name)
    P = other.P.toarray().reshape(mdp.P.shape) if other.is_sparse else other.P
    np.testing.assert_array_equal(mdp.P, P)
    assert mdp.gamma == other.gamma


def every_world():
    rng = np.random.default_rng(5)
    P = rng.dirichlet(np.ones(4), (4, 3))
    noisy = MDP(P, rng.normal(size=(4, 3)), 0.9, rng.dirichlet(np.ones(4)), np.arange(4) == 2)
    drawn = worlds.grid_world("S..\n.#G", step=-0.1, slip=0.3)
    yield from (worlds.tiny_world(), worlds.random_walk(5), worlds.queue(4), drawn, noisy)
    yield MDP(sparse.csr_array(noisy.P.reshape(-1, 4)), noisy.R, 0.9, noisy.start, noisy.terminal)
    yield garnet(5, 2, 3, rng, 0.9, sparse=True)


def test_means_of_outcomes():
    # two outcomes with the same successor are added; what cannot happen neither pays nor ends anything
    P = {
        0: {0: [(0.5, 1, 2.0, False), (0.25, 2, -4.0, True), (0.25, 1, 6.0, False), (0.0, 0, 99.0, True)]},
        1: {0: [(1.0, 0, 1.0, False)]},
        2: {0: [(1.0, 0, 50.0, False)]},
    }
    mdp = mdp_from_gymnasium(Table(P, [0.25, 0.75, 0]), 0.5)
    assert mdp.P.tolist() == [[[0, 0.75, 0.25]], [[1, 0, 0]], [[0, 0, 1]]]
    assert mdp.R.tolist() == [[1.5], [1], [0]] and mdp.gamma == 0.5
    np.testing.assert_allclose(mdp.rewards[0, 0, 1:], [10 / 3, -4], atol=1e-15)
    assert mdp.start.tolist() == [0.25, 0.75, 0] and mdp.terminal.tolist() == [False, False, True]


def test_without_a_start_law_it_is_uniform():
    P = [[[(1.0, 1, 0.0, False)]], [[(1.0, 2, 0.0, True)]], [[(1.0, 2, 0.0, True)]]]
    assert mdp_from_gymnasium(Table(P), 0.9).start.tolist() == [0.5, 0.5, 0]


@pytest.mark.parametrize("n", range(7))
def test_a_round_trip_changes_nothing(n):
    mdp = [*every_world()][n]
    assert_same(mdp_from_gymnasium(to_gymnasium(mdp), mdp.gamma), mdp)


def test_our_cliff_is_gymnasiums():
    assert_same(mdp_from_gymnasium(CliffWalkingEnv(), 1.0), worlds.cliff_walk())


@pytest.mark.parametrize("slippery", [True, False])
def test_the_frozen_lake_entry_by_entry(slippery):
    drawing = "SFFS FHFG FFHF".split()
    env = FrozenLakeEnv(desc=drawing, is_slippery=slippery)
    mdp = mdp_from_gymnasium(env, 0.9)
    letters = np.array([*"".join(drawing)])
    np.testing.assert_array_equal(mdp.terminal, np.isin(letters, ["G", "H"]))
    np.testing.assert_array_equal(mdp.start, (letters == "S") / 2)
    moves = [(0, -1), (1, 0), (0, 1), (-1, 0)]  # left, down, right, up
    for s, a in np.ndindex(12, 4):
        law, reward = np.zeros(12), 0.0
        for turn, p in ((-1, 1 / 3), (0, 1 / 3), (1, 1 / 3)) if slippery else ((0, 1.0),):
            down, right = moves[(a + turn) % 4]
            row, column = np.clip(s // 4 + down, 0, 2), np.clip(s % 4 + right, 0, 3)
            law[4 * row + column] += p
            reward += p * (letters[4 * row + column] == "G")
        if letters[s] in "GH":
            law, reward = np.eye(12)[s], 0.0
        np.testing.assert_allclose(mdp.P[s, a], law, atol=1e-15)
        np.testing.assert_allclose(mdp.R[s, a], reward, atol=1e-15)
        if letters[s] not in "GH":
            np.testing.assert_array_equal(mdp.rewards[s, a, law > 0], (letters == "G")[law > 0])


def test_a_taxi_has_arrived_where_the_passenger_wants_to_go():
    # unreachable states of its table enter the arrival without an end; they do not matter
    env = TaxiEnv()
    mdp = mdp_from_gymnasium(env, 1.0)
    arrived = [env.encode(*env.locs[place], place, place) for place in range(4)]
    assert np.flatnonzero(mdp.terminal).tolist() == sorted(arrived)
    assert (mdp.R[~mdp.terminal].max(), mdp.R.min()) == (20, -10)


@pytest.mark.parametrize("start, wrong", [([1, 0, 0], True), ([0, 1, 0], False), (None, True)])
def test_a_state_that_ends_only_sometimes(start, wrong):
    # state 1 enters state 2 with the end, state 0 without
    P = {0: {0: [(0.5, 2, 0.0, False), (0.5, 1, 0.0, False)]}, 1: {0: [(1.0, 2, 0.0, True)]}}
    P[2] = {0: [(1.0, 0, 0.0, False)]}
    if wrong:
        with pytest.raises(ValueError, match=r"P\[0\]\[0\] enters state 2 without ending the episode"):
            mdp_from_gymnasium(Table(P, start), 0.9)
    else:
        assert mdp_from_gymnasium(Table(P, start), 0.9).terminal.tolist() == [False, False, True]


def test_the_same_far_from_the_start():
    # the odd step is the third one: 0 -> 1 -> 2 -> 3, and state 3 ends the episode elsewhere
    P = {s: {0: [(1.0, s + 1, 0.0, False)], 1: [(1.0, s, 0.0, False)]} for s in range(3)}
    P[1][1] = [(1.0, 3, 0.0, True)]
    P[3] = {a: [(1.0, 3, 0.0, True)] for a in range(2)}
    with pytest.raises(ValueError, match=r"P\[2\]\[0\] enters state 3 without"):
        mdp_from_gymnasium(Table(P, [1, 0, 0, 0], states=4, actions=2), 0.9)


def test_only_the_table_counts():
    limited = to_gymnasium(worlds.tiny_world(), max_episode_steps=1)
    assert_same(mdp_from_gymnasium(limited, 0.9), worlds.tiny_world())
    limited.reset(seed=0)
    assert limited.step(1)[2:4] == (False, True)


def test_a_batch():
    envs = to_gymnasium(worlds.random_walk(1), 3, max_episode_steps=2, autoreset_mode="SameStep")
    assert envs.num_envs == 3 and envs.max_episode_steps == 2
    assert envs.metadata["autoreset_mode"].value == "SameStep"


class NoTable:
    """What must not be touched before the checks are over."""

    def __getitem__(self, key):
        raise AssertionError("work before checks")


def test_bad_input_is_an_error_before_any_work():
    env = Table(NoTable())
    with pytest.raises(ValueError, match=r"gamma is 1.5; expected a number in \[0, 1\]"):
        mdp_from_gymnasium(env, 1.5)
    env.action_space = Box(0, 1)
    with pytest.raises(TypeError, match="env.action_space is Box.*; expected Discrete"):
        mdp_from_gymnasium(env, 0.9)
    env.action_space = Discrete(2, start=1)
    with pytest.raises(ValueError, match="env.action_space starts at 1; expected a Discrete space that starts at 0"):
        mdp_from_gymnasium(env, 0.9)
    with pytest.raises(TypeError, match="env.observation_space is MultiDiscrete"):
        mdp_from_gymnasium(to_gymnasium(worlds.tiny_world(), 2), 0.9)
    with pytest.raises(ValueError, match="has no table of transitions"):
        mdp_from_gymnasium(Table(None), 0.9)
    with pytest.raises(ValueError, match="max_episode_steps is 0; expected a whole number, at least 1"):
        to_gymnasium(worlds.tiny_world(), max_episode_steps=0)
    with pytest.raises(TypeError, match="mdp: expected an rlcourse.tabular.mdp.MDP, got str"):
        to_gymnasium("TinyWorld")


def test_bad_tables():
    loop = {s: {0: [(1.0, 0, 0.0, False)]} for s in range(3)}
    with pytest.raises(ValueError, match="has no outcome for state 2 and action 0"):
        mdp_from_gymnasium(Table({s: loop[s] for s in range(2)}), 0.9)
    with pytest.raises(ValueError, match="has no outcome for state 1 and action 0"):
        mdp_from_gymnasium(Table(loop | {1: {0: []}}), 0.9)
    for state in (3, -1):
        with pytest.raises(ValueError, match=rf"P\[1\]\[0\] leads to state {state}; expected 0 to 2"):
            mdp_from_gymnasium(Table(loop | {1: {0: [(1.0, state, 0.0, False)]}}), 0.9)
    with pytest.raises(ValueError, match=r"P\[1, 0, :\] sums to 0.5"):
        mdp_from_gymnasium(Table(loop | {1: {0: [(0.5, 0, 0.0, False)]}}), 0.9)

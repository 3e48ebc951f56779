"""What compiled loops draw is the decision process and the epsilon-greedy policy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import control as oracle
from scipy.sparse import csr_array

from rlcourse.tabular.mdp import MDP, uniform_policy
from rlcourse.tabular.simulator import (
    Schedule,
    act,
    best_value,
    check_episodes_end,
    choose,
    draw,
    mean_value,
    simulator,
    step,
    step_size,
)

P = np.array([[[0.1, 0.2, 0.7], [0, 1, 0]], [[0.5, 0.25, 0.25], [1, 0, 0]], [[0, 0, 1], [0, 0, 1]]])
R = np.array([[1.0, -2], [3, 0.5], [9, 9]])
ENDS = np.array([False, False, True])
START = np.array([0.25, 0.75, 0])


def world(**changes):
    return MDP(**{"P": P, "R": R, "gamma": 0.9, "start": START, "terminal": ENDS, **changes})


def law(game, row, states=3, parts=4000):
    """Shares of the unit interval, by a fine grid of numbers."""
    numbers = (np.arange(parts) + 0.5) / parts
    return (
        np.bincount([int(draw(game.world, game.rows, game.cells, row, u)) for u in numbers], minlength=states) / parts
    )


def test_rows_are_the_laws():
    mdp = world()
    for game in (simulator(mdp), simulator(world(P=csr_array(P.reshape(6, 3))))):
        for s in range(3):
            for a in range(2):
                assert np.abs(law(game, np.uint64(2 * s + a)) - mdp.P[s, a]).max() < 1e-3
        assert np.abs(law(game, game.world.start) - START).max() < 1e-3


@pytest.mark.parametrize("actions", [2, 5])
def test_the_last_rows_are_the_policy(actions):
    mdp = world(P=np.repeat(P[:, :1], actions, axis=1), R=np.zeros((3, actions)))
    pi = np.random.default_rng(0).dirichlet(np.ones(actions), size=3)
    pi[1] = np.eye(actions)[1]
    game = simulator(mdp, pi)
    for s in range(3):
        assert np.abs(law(game, game.world.policy + np.uint64(s), actions) - pi[s]).max() < 1e-3
    assert len(game.rows) == 3 * actions + 1 + 3 and game.world.random
    # what the policy leaves to chance is no chance of the decision process
    certain = world(P=np.eye(3)[[[1, 2], [2, 0], [2, 2]]], start=np.eye(3)[0])
    assert not simulator(certain, uniform_policy(certain)).world.random


def test_a_step_is_a_state_and_a_reward():
    game = simulator(world())
    for s, a, s_next, r in ((0, 1, 1, -2.0), (1, 1, 0, 0.5), (2, 1, 2, 0.0)):
        assert step(*game[:4], np.uint64(s), np.uint64(a), 0.3) == (s_next, r)


def test_a_step_pays_the_reward_of_the_transition():
    """Mean and variance of the reward, by a fine grid of numbers, are the exact ones."""
    paid = np.random.default_rng(1).normal(size=(3, 2, 3))
    mdp = world(R=paid)
    game, parts = simulator(mdp), 4000
    for s in range(2):
        for a in range(2):
            numbers = (np.arange(parts) + 0.5) / parts
            found = np.array([step(*game[:4], np.uint64(s), np.uint64(a), u) for u in numbers])
            assert (found[:, 1] == paid[s, a, found[:, 0].astype(int)]).all()
            mean = P[s, a] @ paid[s, a]
            assert abs(found[:, 1].mean() - mean) < 5e-3 and abs(mdp.R[s, a] - mean) < 1e-12
            assert abs(found[:, 1].var() - P[s, a] @ (paid[s, a] - mean) ** 2) < 5e-3


def test_what_is_kept():
    game = simulator(world(), noise=[[0, 0], [0.5, 0], [0, 0]], max_steps=7)
    assert game.world.gamma == 0.9 and game.world.max_steps == 7 and game.world.random and game.world.noisy
    assert game.noise.tolist() == [[0, 0], [0.5, 0], [0, 0]] and game.terminal.tolist() == ENDS.tolist()
    certain = simulator(world(P=np.eye(3)[[[1, 2], [2, 0], [2, 2]]], start=np.eye(3)[0]))
    assert not certain.world.random and not certain.world.noisy
    assert certain.world.max_steps == np.iinfo(np.int64).max
    assert simulator(world(P=np.eye(3)[[[1, 2], [2, 0], [2, 2]]])).world.random  # first states are


def test_the_shares_of_the_oracle():
    # the tests of the learners rest on it
    values, epsilon = [1.0, 2, 2, 0], 0.4
    counts = np.bincount([oracle.action(values, epsilon, (k + 0.5) / 4000) for k in range(4000)], minlength=4) / 4000
    assert np.abs(counts - [0.1, 0.4, 0.4, 0.1]).max() < 1e-3


@pytest.mark.parametrize("values", [[1.0, 2, 2, 0], [3, 3, 3], [0, 1, 1, 2, 0], [0, 0, 1, 1]])
def test_shares_of_the_unit_interval(values):
    q = np.array([values, values])
    for epsilon in (0.0, 0.4, 1.0):
        numbers = (np.arange(700) + 0.31) / 700  # none of them is on an edge
        got = [int(choose(q, np.uint64(0), epsilon, u)) for u in numbers]
        assert got == [oracle.action(values, epsilon, u) for u in numbers]


@given(
    st.lists(st.integers(-2, 2), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.floats(0, 1, exclude_max=True),
)
def test_choices_are_the_shares(values, epsilon, u):
    q = np.array([values, values], float)
    top = max(values)
    edges = np.cumsum([epsilon / len(values)] * len(values))
    ties = [a for a, x in enumerate(values) if x == top]
    edges = np.concatenate([edges, epsilon + (1 - epsilon) * np.arange(1, len(ties) + 1) / len(ties)])
    if np.abs(edges - u).min() > 1e-9:  # a number on an edge belongs to either side, by rounding
        assert choose(q, np.uint64(1), epsilon, u) == oracle.action(values, epsilon, u)


def test_values_of_a_state():
    q = np.array([[0.0, 0, 0], [-3, -1, -2]])
    assert best_value(q, np.uint64(1)) == -1
    assert mean_value(q, np.uint64(1), 0.25) == pytest.approx(0.75 * -1 + 0.25 * -2)


def test_schedules_count_from_one():
    rule = Schedule(alpha=0.5, power=0.7, epsilon=0.9, decay=0.4)
    pairs, decisions, q = np.zeros((2, 2), int), np.array([5, 0]), np.array([[1.0, 0], [1, 0]])
    assert [step_size(rule, pairs, 1, 0) for _ in range(3)] == pytest.approx([0.5 / n**0.7 for n in (1, 2, 3)])
    assert pairs.tolist() == [[0, 0], [3, 0]]
    # at the m-th decision, numbers from epsilon / (2 m^decay) to epsilon / m^decay explore action 1
    for m in (1, 2, 3):
        edge = 0.9 / m**0.4
        assert act(rule, decisions.copy(), q, np.uint64(1), edge - 1e-9) == 1
        assert act(rule, decisions, q, np.uint64(1), edge + 1e-9) == 0
        assert decisions.tolist() == [5, m]
    constant = Schedule(0.5, 0.0, 0.9, 0.0)
    assert step_size(constant, pairs, 1, 0) == 0.5


def test_bad_input():
    with pytest.raises(ValueError, match=r"noise: expected a number >= 0, or one per state and action, \(3, 2\)"):
        simulator(world(), noise=-1.0)
    with pytest.raises(ValueError, match="noise: expected"):
        simulator(world(), noise=[1.0, 2.0])
    with pytest.raises(ValueError, match="max_steps is 0; expected a whole number, at least 1"):
        simulator(world(), max_steps=0)
    with pytest.raises(ValueError, match="pi: expected shape"):
        simulator(world(), np.ones((2, 2)) / 2)
    with pytest.raises(TypeError, match=r"mdp: expected an rlcourse.tabular.mdp.MDP, got tuple"):
        simulator((P, R))


def test_episodes_that_do_not_end():
    pi = np.full((3, 2), 0.5)
    check_episodes_end(world(), pi)
    with pytest.raises(ValueError, match="no terminal state; say with max_steps"):
        check_episodes_end(world(terminal=None), pi)
    trap = np.eye(3)[[[0, 0], [1, 2], [2, 2]]]
    with pytest.raises(ValueError, match="from state 0 an episode ends only with probability 0; give max_steps"):
        check_episodes_end(world(P=trap), pi)
    check_episodes_end(world(P=trap, start=[0, 1, 0]), pi)
    with pytest.raises(ValueError, match="from state 1 an episode ends only with probability 0"):
        check_episodes_end(world(P=trap, start=[0, 1, 0]), np.eye(2)[[0, 0, 0]])

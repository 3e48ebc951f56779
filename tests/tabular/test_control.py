"""The one-step learners do exactly what their definitions say, step by step."""

import os
import subprocess
import sys

import numpy as np
import pytest
from oracles import control as oracle

from rlcourse.tabular import control
from rlcourse.tabular.control import double_q_learning, expected_sarsa, q_learning, sarsa
from rlcourse.tabular.exploration import epsilon_soft_values
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.simulator import draw, simulator

ENDS = np.array([False] * 4 + [True])
R = np.array([[-1.0, 0, 0.5], [2, -0.3, 0], [0, 0, 1], [-2, 0.7, 0], [0, 0, 0]])
CERTAIN = np.eye(5)[[[1, 2, 0], [2, 0, 3], [3, 3, 4], [0, 4, 1], [4, 4, 4]]]
CHANCY = 0.7 * CERTAIN + 0.3 * np.eye(5)[[[3, 3, 1], [1, 4, 0], [0, 2, 2], [4, 3, 3], [4, 4, 4]]]
START = np.array([0.5, 0.5, 0, 0, 0])
SETTINGS = {"alpha": 0.6, "power": 0.3, "epsilon": 0.5, "decay": 0.2}
LEARNERS = {"sarsa": sarsa, "expected": expected_sarsa, "q": q_learning, "double": double_q_learning}


def world(P=CHANCY, gamma=0.9):
    return MDP(P, R, gamma, start=START, terminal=ENDS)


def definition(kind, mdp, seed, run, episodes, settings, **more):
    """The oracle's run, on the random numbers of the package's run."""
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(run + 1)[run])
    game = simulator(mdp, max_steps=settings.get("max_steps"))

    def land(s, a):
        row = game.world.start if s is None else np.uint64(3 * s + a)
        u = rng.random() if s is None or (mdp.P[:4].max(axis=2) < 1).any() else 0.0
        return int(draw(game.world, game.rows, game.cells, row, u))

    rules = {key: value for key, value in settings.items() if key != "max_steps"}
    limit = settings.get("max_steps", 10**6)
    R = mdp.rewards.tolist()
    return oracle.play(kind, land, R, mdp.gamma, ENDS, episodes, rng.random, **rules, **more, limit=limit)


def same(got, run, want):
    q, returns, steps, updates = want
    assert got.steps[run].tolist() == steps
    assert got.updates[run].tolist() == updates
    assert np.abs(got.q[run] - q).max() < 1e-12
    assert np.abs(got.returns[run] - returns).max() < 1e-12


@pytest.mark.parametrize("kind", LEARNERS)
@pytest.mark.parametrize("P, gamma", [(CHANCY, 0.9), (CERTAIN, 0.8)])
def test_runs_follow_the_definition(kind, P, gamma):
    mdp = world(P) if gamma == 0.9 else MDP(P, R, gamma, start=np.eye(5)[0], terminal=ENDS)
    got = LEARNERS[kind](mdp, 2, 6, 5, **SETTINGS, q=0.25)
    for run in (0, 1):
        same(got, run, definition(kind, mdp, 5, run, 6, SETTINGS, q=0.25))


@pytest.mark.parametrize("kind", LEARNERS)
def test_rewards_may_depend_on_the_next_state(kind):
    paid = np.random.default_rng(2).normal(size=(5, 3, 5))
    mdp = MDP(CHANCY, paid, 0.9, start=START, terminal=ENDS)
    got = LEARNERS[kind](mdp, 2, 6, 5, **SETTINGS)
    for run in (0, 1):
        same(got, run, definition(kind, mdp, 5, run, 6, SETTINGS))


@pytest.mark.parametrize("kind", LEARNERS)
def test_truncated_episodes_bootstrap(kind):
    settings = {**SETTINGS, "max_steps": 2}
    got = LEARNERS[kind](world(), 1, 8, 1, **settings)
    assert got.steps.max() == 2
    same(got, 0, definition(kind, world(), 1, 0, 8, settings))


@pytest.mark.parametrize("learner", LEARNERS.values())
def test_runs_do_not_depend_on_their_number(learner):
    few, many = learner(world(), 1, 3, 7), learner(world(), 3, 5, 7)
    assert np.array_equal(few.returns[0], many.returns[0, :3])
    assert not np.array_equal(many.returns[0], many.returns[1])
    again = learner(world(), 1, 3, 7)
    assert all(np.array_equal(a, b) for a, b in zip(few, again, strict=True))


def test_an_action_that_is_not_taken_is_no_decision():
    """Episodes of one step: the m-th decision explores with probability 1/m, whatever the last target asks for."""
    mdp = MDP(np.ones((1, 2, 1)), [[0.0, 1]], 0.5)
    settings = {"alpha": 1e-9, "decay": 1.0, "epsilon": 1.0, "max_steps": 1, "q": [[1.0, 0]]}
    for learner in LEARNERS.values():
        found = learner(mdp, 1000, 6, 0, **settings).returns.mean(axis=0)
        p = 1 / (2 * np.arange(1.0, 7))  # the best action of q is the other one
        assert (np.abs(found - p) < 5 * np.sqrt(p * (1 - p) / 1000)).all()


def test_without_exploration_expected_sarsa_is_q_learning():
    a, b = (f(world(), 2, 10, 0, epsilon=0.0, max_steps=30) for f in (expected_sarsa, q_learning))
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_terminal_states_keep_the_value_0():
    first = np.arange(15.0).reshape(5, 3)
    for learner in LEARNERS.values():
        run = learner(world(), 1, 1, 0, q=first, alpha=1e-12)
        assert np.abs(run.q[0, :4] - first[:4]).max() < 1e-9
        assert not run.q[0, 4].any()


def test_noise_is_added_to_the_rewards():
    one = MDP([[[0.0, 1]], [[0, 1]]], [[2.0], [0]], 0.0, terminal=np.array([False, True]))
    for learner in LEARNERS.values():
        run = learner(one, 1, 300, 0, noise=0.5)
        # after one number for the start and one for the action
        rng = np.random.default_rng(np.random.SeedSequence(0).spawn(1)[0])
        assert rng.random(2).max() < 1 and run.returns[0, 0] == pytest.approx(2 + 0.5 * rng.standard_normal())
        # five standard errors: a forgotten mean or deviation is far outside
        assert abs(run.returns.mean() - 2) < 0.15 and abs(run.returns.std() - 0.5) < 0.11
        spread = learner(one, 1, 3, 0, noise=[[0.0], [9]])
        assert (spread.returns == 2).all()


def test_averages_converge_to_the_exact_values():
    # gamma = 0: with steps 1/n the value is the mean of what was paid
    mdp = MDP(CERTAIN, R, 0.0, start=START, terminal=ENDS)
    run = q_learning(mdp, 1, 40, 0, alpha=1.0, power=1.0, epsilon=1.0)
    seen = run.updates[0] > 0
    assert seen[:4].all() and np.abs(run.q[0] - mdp.R)[seen].max() < 1e-12


@pytest.mark.parametrize("learner, epsilon", [(q_learning, 0.0), (expected_sarsa, 0.4)])
def test_limits_on_a_certain_world(learner, epsilon):
    mdp = world(CERTAIN, 0.5)
    run = learner(mdp, 1, 150, 3, alpha=1.0, epsilon=0.4)
    assert np.abs(run.q[0] - epsilon_soft_values(mdp, epsilon).q).max() < 0.02


@pytest.mark.skipif("FAULT_PLANTED" in os.environ, reason="slow, and other processes have no fault")
def test_uncompiled_and_without_numba_the_numbers_are_the_same():
    code = """
from rlcourse.tabular import control, control_traces, worlds
settings = dict(power=0.7, decay=0.3, noise=0.1)
for name in ("sarsa", "expected_sarsa", "q_learning", "double_q_learning"):
    run = getattr(control, name)(worlds.tiny_world(), 2, 5, 0, **settings)
    print(name, run.q.tobytes().hex(), run.returns.sum().hex(), run.steps.tolist())
for name, x in (("n_step_sarsa", 3), ("sarsa_lambda", 0.5), ("watkins_q_lambda", 0.5)):
    run = getattr(control_traces, name)(worlds.tiny_world(), 2, 5, 0, x, **settings)
    print(name, run.q.tobytes().hex(), run.returns.sum().hex(), run.steps.tolist())
"""
    ways = ("", "import numba; numba.config.DISABLE_JIT = True", "import sys; sys.modules['numba'] = None")
    out = [
        subprocess.run([sys.executable, "-c", way + code], capture_output=True, text=True, check=True).stdout
        for way in ways
    ]
    assert out[0] == out[1] == out[2] and out[0].count("sarsa") == 4


def test_bad_input():
    for changes, words in [
        ({"alpha": 0.0}, "alpha is 0.0; expected a finite number greater than 0"),
        ({"alpha": 1.5}, r"alpha is 1.5; expected a number in \[0, 1\]"),
        ({"epsilon": -0.1}, "epsilon is -0.1"),
        ({"power": 2}, "power is 2"),
        ({"decay": -1}, "decay is -1"),
        ({"q": np.zeros(5)}, r"q has shape \(5,\); expected one number or one per state and action, \(5, 3\)"),
        ({"q": np.inf}, "q is inf"),
        ({"noise": -1.0}, "noise: expected a number >= 0"),
        ({"epsilon": 0.0}, "epsilon is 0, so that an episode may go on for ever"),
        ({"alpha": np.nan}, "alpha is nan"),
        ({"epsilon": np.nan}, "epsilon is nan"),
        ({"max_steps": 1.5}, "max_steps is 1.5; expected a whole number, at least 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            sarsa(world(), 1, 1, 0, **changes)
    with pytest.raises(TypeError, match=r"alpha: expected one number in \[0, 1\], got an array of shape \(2,\)"):
        sarsa(world(), 1, 1, 0, alpha=[0.1, 0.2])
    for seed in (1.5, -1, None):
        with pytest.raises(ValueError, match=f"seed is {seed}; expected a whole number, at least 0"):
            sarsa(world(), 1, 1, seed)
    with pytest.raises(TypeError, match=r"mdp: expected an rlcourse.tabular.mdp.MDP, got tuple"):
        sarsa((CHANCY, R), 1, 1, 0)
    with pytest.raises(ValueError, match="no terminal state; say with max_steps"):
        sarsa(MDP(CHANCY, R, 1.0), 1, 1, 0)
    with pytest.raises(ValueError, match="runs is 0; expected a whole number"):
        sarsa(world(), 0, 1, 0)
    with pytest.raises(ValueError, match="episodes is 0"):
        q_learning(world(), 1, 0, 0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'lam'"):
        sarsa(world(), 1, 1, 0, lam=0.5)


def test_public_names():
    assert control.__all__ == ["double_q_learning", "expected_sarsa", "q_learning", "sarsa"]

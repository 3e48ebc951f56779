"""The learners that look further ahead do exactly what their definitions say, step by step."""

import numpy as np
import pytest
from oracles import control as oracle

from rlcourse.tabular.control import sarsa
from rlcourse.tabular.control_traces import n_step_sarsa, sarsa_lambda, watkins_q_lambda
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.simulator import draw, simulator

ENDS = np.array([False] * 4 + [True])
R = np.array([[-1.0, 0, 0.5], [2, -0.3, 0], [0, 0, 1], [-2, 0.7, 0], [0, 0, 0]])
CERTAIN = np.eye(5)[[[1, 2, 0], [2, 0, 3], [3, 3, 4], [0, 4, 1], [4, 4, 4]]]
CHANCY = 0.7 * CERTAIN + 0.3 * np.eye(5)[[[3, 3, 1], [1, 4, 0], [0, 2, 2], [4, 3, 3], [4, 4, 4]]]
SETTINGS = {"alpha": 0.6, "power": 0.3, "epsilon": 0.5, "decay": 0.2}
MDPS = [MDP(P, R, 0.9, start=[0.5, 0.5, 0, 0, 0], terminal=ENDS) for P in (CHANCY, CERTAIN)]


def definition(kind, mdp, episodes, settings, **more):
    """The oracle's second run, on the random numbers of the package's."""
    rng = np.random.default_rng(np.random.SeedSequence(5).spawn(2)[1])
    game = simulator(mdp, max_steps=settings.get("max_steps"))

    def land(s, a):
        row = game.world.start if s is None else np.uint64(3 * s + a)
        # the start is random in both worlds, so a number is drawn for every step
        return int(draw(game.world, game.rows, game.cells, row, rng.random()))

    rules = {key: value for key, value in settings.items() if key != "max_steps"}
    limit = settings.get("max_steps", 10**6)
    return oracle.play(kind, land, mdp.rewards.tolist(), 0.9, ENDS, episodes, rng.random, **rules, **more, limit=limit)


def same(got, want):
    q, returns, steps, updates = want
    assert got.steps[1].tolist() == steps
    assert got.updates[1].tolist() == updates
    assert np.abs(got.q[1] - q).max() < 1e-12
    assert np.abs(got.returns[1] - returns).max() < 1e-12


@pytest.mark.parametrize("mdp", MDPS, ids=["chancy", "certain"])
@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_n_step_sarsa_follows_its_definition(mdp, n):
    same(n_step_sarsa(mdp, 2, 6, 5, n, **SETTINGS, q=0.25), definition("n-step", mdp, 6, SETTINGS, q=0.25, n=n))


@pytest.mark.parametrize("n", [1, 3])
def test_truncated_n_steps_bootstrap(n):
    settings = {**SETTINGS, "max_steps": 4}
    same(n_step_sarsa(MDPS[0], 2, 8, 5, n, **settings), definition("n-step", MDPS[0], 8, settings, n=n))


@pytest.mark.parametrize("mdp", MDPS, ids=["chancy", "certain"])
@pytest.mark.parametrize("replacing", [False, True])
@pytest.mark.parametrize("kind, learner", [("lambda", sarsa_lambda), ("watkins", watkins_q_lambda)])
def test_traces_follow_their_definition(mdp, replacing, kind, learner):
    got = learner(mdp, 2, 6, 5, 0.7, **SETTINGS, q=0.25, replacing=replacing)
    same(got, definition(kind, mdp, 6, SETTINGS, q=0.25, lam=0.7, replacing=replacing))


@pytest.mark.parametrize("kind, learner", [("lambda", sarsa_lambda), ("watkins", watkins_q_lambda)])
def test_truncated_traces_bootstrap(kind, learner):
    settings = {**SETTINGS, "max_steps": 3}
    same(learner(MDPS[0], 2, 8, 5, 0.6, **settings), definition(kind, MDPS[0], 8, settings, lam=0.6))


def test_rewards_may_depend_on_the_next_state():
    paid = np.random.default_rng(2).normal(size=(5, 3, 5))
    mdp = MDP(CHANCY, paid, 0.9, start=[0.5, 0.5, 0, 0, 0], terminal=ENDS)
    for got, kind, more in (
        (n_step_sarsa(mdp, 2, 6, 5, 2, **SETTINGS), "n-step", {"n": 2}),
        (sarsa_lambda(mdp, 2, 6, 5, 0.7, **SETTINGS), "lambda", {"lam": 0.7}),
        (watkins_q_lambda(mdp, 2, 6, 5, 0.7, **SETTINGS), "watkins", {"lam": 0.7}),
    ):
        same(got, definition(kind, mdp, 6, SETTINGS, **more))


@pytest.mark.parametrize("learner, x", [(n_step_sarsa, 10**12), (sarsa_lambda, 0.5), (watkins_q_lambda, 0.5)])
def test_an_action_that_is_not_taken_is_no_decision(learner, x):
    """Episodes of one step: the m-th decision explores with probability 1/m, whatever the last target asks for."""
    mdp = MDP(np.ones((1, 2, 1)), [[0.0, 1]], 0.5)
    settings = {"alpha": 1e-9, "decay": 1.0, "epsilon": 1.0, "max_steps": 1, "q": [[1.0, 0]]}
    found = learner(mdp, 1000, 6, 0, x, **settings).returns.mean(axis=0)
    p = 1 / (2 * np.arange(1.0, 7))  # the best action of q is the other one
    assert (np.abs(found - p) < 5 * np.sqrt(p * (1 - p) / 1000)).all()


def test_one_step_is_sarsa():
    want = sarsa(MDPS[0], 2, 20, 1, alpha=0.3)
    for got in (n_step_sarsa(MDPS[0], 2, 20, 1, 1, alpha=0.3), sarsa_lambda(MDPS[0], 2, 20, 1, 0.0, alpha=0.3)):
        assert all(np.allclose(a, b, atol=1e-14) for a, b in zip(got, want, strict=True))


def test_noise_is_added_to_the_rewards():
    one = MDP([[[0.0, 1]], [[0, 1]]], [[2.0], [0]], 0.5, terminal=np.array([False, True]))
    for learner, x in ((n_step_sarsa, 2), (sarsa_lambda, 0.5), (watkins_q_lambda, 0.5)):
        run = learner(one, 1, 300, 0, x, noise=0.5)
        # after one number for the start and one for the action
        rng = np.random.default_rng(np.random.SeedSequence(0).spawn(1)[0])
        assert rng.random(2).max() < 1 and run.returns[0, 0] == pytest.approx(2 + 0.5 * rng.standard_normal())
        # five standard errors: a forgotten mean or deviation is far outside
        assert abs(run.returns.mean() - 2) < 0.15 and abs(run.returns.std() - 0.5) < 0.11
        # with steps 1/n the value is the mean of the noisy rewards
        mean = learner(one, 1, 50, 0, x, noise=0.5, alpha=1.0, power=1.0)
        assert mean.q[0, 0, 0] == pytest.approx(mean.returns.mean())


def test_bad_input():
    with pytest.raises(ValueError, match="n is 0; expected a whole number, at least 1"):
        n_step_sarsa(MDPS[0], 1, 1, 0, 0)
    with pytest.raises(ValueError, match=r"lam is 1.5; expected a number in \[0, 1\]"):
        sarsa_lambda(MDPS[0], 1, 1, 0, 1.5)
    with pytest.raises(TypeError, match="lam: expected one number"):
        sarsa_lambda(MDPS[0], 1, 1, 0, [0.5, 0.6])
    with pytest.raises(TypeError, match="replacing: expected dtype bool"):
        sarsa_lambda(MDPS[0], 1, 1, 0, 0.5, replacing="no")
    with pytest.raises(TypeError, match="unexpected keyword argument 'replace'"):
        watkins_q_lambda(MDPS[0], 1, 1, 0, 0.5, replace=True)

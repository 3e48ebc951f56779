"""The REINFORCE loop is the loop of the definition, baseline by baseline, and it learns."""

import numpy as np
import pytest
from oracles import policy_gradient as oracle

from rlcourse.tabular import reinforce as module
from rlcourse.tabular.mdp import MDP

BASELINES = ["none", "batch_mean", "leave_one_out", "value", "optimal", "critic"]


def random_problem(seed, gamma=0.9, actions=3):
    rng = np.random.default_rng(seed)
    P, R = rng.dirichlet(np.ones(3), (3, actions)), rng.normal(size=(3, actions))
    mdp = MDP(P, R, gamma, start=[0.6, 0.4, 0], terminal=np.arange(3) == 2)
    return mdp, rng.normal(size=(3, actions))


@pytest.mark.parametrize("gamma", [0.8, 1.0])
@pytest.mark.parametrize("baseline", BASELINES)
def test_reinforce_is_the_loop_of_the_definition(baseline, gamma):
    mdp, theta = random_problem(3, gamma)
    settings = {"horizon": 3, "alpha": 0.7, "batch": 3, "updates": 3, "alpha_critic": 0.3}
    J, last = module.reinforce(mdp, theta, baseline, runs=2, seed=5, **settings)
    for run, stream in enumerate(np.random.SeedSequence(5).spawn(2)):
        expected_J, expected = oracle.reinforce(mdp, theta, baseline, rng=np.random.default_rng(stream), **settings)
        np.testing.assert_allclose(J[run], expected_J.real, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(last[run], expected, rtol=1e-10, atol=1e-12)


def test_returns_hold_the_rewards_of_the_transitions():
    P, paid = np.zeros((3, 2, 3)), np.zeros((3, 2, 3))
    P[0, :, 1:], paid[0, :, 1:], P[1:, :, 1] = 0.5, [[3, -1], [5, -2]], 1
    world = MDP(P, paid, 1.0, start=np.eye(3)[0], terminal=np.arange(3) > 0)
    settings = {"horizon": 1, "alpha": 1.0, "batch": 1, "updates": 1, "runs": 40, "seed": 0}
    _, theta = module.reinforce(world, np.zeros((3, 2)), "none", **settings)
    # one episode moves the logits by the return times the score, (1/2, -1/2) or (-1/2, 1/2)
    assert set(2 * theta[:, 0, 0]) == {3, -1, -5, 2}


def test_a_draw_survives_sums_that_round_below_one():
    # the sums are those of no distribution, so every draw runs past them
    assert module._draw(np.random.default_rng(0), np.zeros(2)) == 1


def test_reinforce_repeats_itself_and_keeps_its_input():
    mdp, theta = random_problem(0)
    before = theta.copy()
    settings = {"horizon": 3, "alpha": 0.5, "batch": 2, "updates": 4, "runs": 3}
    first, again = (module.reinforce(mdp, theta, "none", seed=1, **settings)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(theta, before)
    assert len({row.tobytes() for row in first}) == 3
    assert (module.reinforce(mdp, theta, "none", seed=2, **settings)[0] != first).any()


def test_large_logits_do_not_overflow():
    mdp, theta = random_problem(0)
    settings = {"horizon": 3, "alpha": 0.5, "batch": 2, "updates": 4, "runs": 1, "seed": 0}
    J, _ = module.reinforce(mdp, theta, "none", **settings)
    np.testing.assert_allclose(module.reinforce(mdp, theta + 1000, "none", **settings)[0], J, rtol=1e-9)


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_policy_without_any_chance_stays_where_it_is(baseline):
    mdp, _ = random_problem(0)
    theta = np.array([[2000.0, 0, 0]] * 3)
    J, last = module.reinforce(mdp, theta, baseline, horizon=3, alpha=0.5, batch=2, updates=2, runs=1, seed=0)
    np.testing.assert_array_equal(last[0], theta)
    assert np.isfinite(J).all()


def test_reinforce_learns():
    P = np.zeros((2, 2, 2))
    P[:, :, 1] = 1
    mdp = MDP(P, [[1, 0], [0, 0]], 1, terminal=np.array([False, True]))
    settings = {"horizon": 1, "alpha": 1, "batch": 4, "updates": 100, "runs": 20, "seed": 0}
    J, _ = module.reinforce(mdp, np.zeros((2, 2)), "leave_one_out", **settings)
    assert np.median(J[:, 0]) == 0.5
    assert np.median(J[:, -1]) > 0.95


@pytest.mark.parametrize(
    "change, message",
    [
        ({"baseline": "median"}, "baseline: expected one of none, batch_mean.* got 'median'"),
        ({"baseline": "leave_one_out", "batch": 1}, "batch is 1; expected at least 2"),
        ({"horizon": 0}, "horizon is 0; expected at least one action"),
        ({"batch": 0}, "batch is 0; expected at least 1"),
        ({"alpha": 0.0}, "alpha is 0.0"),
        ({"alpha_critic": -1.0}, "alpha_critic is -1.0"),
        ({"theta": np.full((3, 3), np.inf)}, "theta.* is inf"),
        ({"theta": np.zeros((3, 2))}, r"theta: expected shape \(3, 3\).* got \(3, 2\)"),
    ],
)
def test_reinforce_names_what_is_wrong(change, message):
    mdp, theta = random_problem(0)
    given = {"theta": theta, "baseline": "none", "alpha": 0.1, "batch": 2, "updates": 1, "runs": 1}
    with pytest.raises(ValueError, match=message):
        module.reinforce(mdp, **{**given, "seed": 0, "horizon": 3, **change})

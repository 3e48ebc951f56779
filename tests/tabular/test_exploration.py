"""Epsilon-greedy policies, and the best values that they can have."""

import os

import numpy as np
import pytest
from oracles import control as oracle
from scipy.sparse import csr_array

from rlcourse.tabular import exploration
from rlcourse.tabular.exploration import epsilon_greedy, epsilon_soft_mdp, epsilon_soft_values
from rlcourse.tabular.mdp import MDP, policy_values
from rlcourse.tabular.worlds import cliff_walk

ENDS = np.array([False, False, False, True])


def small_world(rng):
    return MDP(rng.dirichlet(np.ones(4), size=(4, 3)), rng.normal(size=(4, 3)), 0.8, [0.5, 0.3, 0.2, 0], ENDS)


def test_ties_share_the_greedy_mass():
    q = [[1.0, 3, 3, 0], [2, 2, 2, 2], [0, 1, 2, 3]]
    assert np.allclose(
        epsilon_greedy(q, 0.2), [[0.05, 0.45, 0.45, 0.05], [0.25] * 4, [0.05, 0.05, 0.05, 0.85]], atol=1e-15
    )
    per_state = [[0, 0.5, 0.5, 0], [0.25] * 4, [0.05, 0.05, 0.05, 0.85]]
    assert np.allclose(epsilon_greedy(q, [0.0, 1, 0.2]), per_state, atol=1e-15)
    assert np.allclose(epsilon_greedy([[5.0], [7]], 0.3), 1, atol=1e-15)
    # the worst action is not left out of the exploration, and the order of the actions does not matter
    assert np.allclose(epsilon_greedy([[-9.0, 0, 0], [0, 0, -9]], 0.6), [[0.2, 0.4, 0.4], [0.4, 0.4, 0.2]])
    assert np.allclose(epsilon_greedy([[1, 1 + 1e-6]], 0.0), [[0, 1]])
    assert np.allclose(epsilon_greedy([[1, 1 + 1e-6]], 0.0, atol=1e-5), [[0.5, 0.5]])


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
def test_the_best_soft_values_solve_their_equation(epsilon):
    mdp = small_world(np.random.default_rng(3))
    best = epsilon_soft_values(mdp, epsilon)
    exact = oracle.epsilon_soft(mdp.P.tolist(), mdp.R.tolist(), 0.8, ENDS.tolist(), epsilon)
    assert np.abs(best.q - exact).max() < 1e-10
    assert np.abs(policy_values(mdp, best.pi).v - best.v).max() < 1e-10
    assert np.abs((best.pi * best.q).sum(axis=1) - best.v)[:3].max() < 1e-10
    assert (best.pi >= epsilon / 3 - 1e-15).all()
    # the trembling process has the same state values, but values of actions that may fail
    trembling = epsilon_soft_mdp(mdp, epsilon)
    certain = policy_values(trembling, epsilon_greedy(best.q, 0.0))
    assert np.abs(certain.v - best.v).max() < 1e-10
    assert np.abs(certain.q - (1 - epsilon) * best.q - epsilon * best.q.mean(axis=1, keepdims=True)).max() < 1e-10


@pytest.mark.parametrize("epsilon", [0.1, 0.6])
def test_epsilon_greedy_improves_policies_that_explore_as_much(epsilon):
    rng = np.random.default_rng(7)
    for _ in range(20):
        mdp = small_world(rng)
        old = policy_values(mdp, epsilon / 3 + (1 - epsilon) * rng.dirichlet(np.ones(3), size=4))
        new = policy_values(mdp, epsilon_greedy(old.q, epsilon))
        assert (new.v >= old.v - 1e-12).all() and (new.v[:3] > old.v[:3]).any()
        assert (epsilon_soft_values(mdp, epsilon).v >= new.v - 1e-10).all()


def test_ties_within_the_tolerance_share_the_best_policy():
    mdp = MDP(np.eye(2)[[[1, 1], [1, 1]]], [[1.0, 1 + 1e-6], [0, 0]], 0.5, terminal=np.array([False, True]))
    assert np.allclose(epsilon_soft_values(mdp, 0.2).pi[0], [0.1, 0.9])
    assert np.allclose(epsilon_soft_values(mdp, 0.2, atol=1e-5).pi[0], 0.5)


def test_the_trembling_process():
    mdp = small_world(np.random.default_rng(4))
    trembling = epsilon_soft_mdp(mdp, 0.3)
    assert np.allclose(trembling.P[1, 2], 0.7 * mdp.P[1, 2] + 0.1 * mdp.P[1].sum(axis=0), atol=1e-15)
    assert trembling.R[1, 2] == pytest.approx(0.7 * mdp.R[1, 2] + 0.1 * mdp.R[1].sum())
    assert trembling.gamma == 0.8 and np.array_equal(trembling.start, mdp.start)
    assert np.array_equal(trembling.terminal, ENDS)
    still = epsilon_soft_mdp(mdp, 0.0)
    assert np.array_equal(still.P, mdp.P) and np.array_equal(still.R, mdp.R)
    sparse = MDP(csr_array(mdp.P.reshape(12, 4)), mdp.R, 0.8, terminal=ENDS)
    assert np.allclose(epsilon_soft_mdp(sparse, 0.3).P, trembling.P, atol=1e-15)
    assert np.allclose(epsilon_soft_values(sparse, 0.3).q, epsilon_soft_values(mdp, 0.3).q)


@pytest.mark.skipif("FAULT_PLANTED" in os.environ, reason="slow if not compiled")
@pytest.mark.parametrize("epsilon, steps", [(0.0, 13), (0.0076, 13), (0.0077, 15), (0.157, 15), (0.158, 17), (0.9, 17)])
def test_paths_along_the_cliff(epsilon, steps):
    mdp, s, count = cliff_walk(), 36, 0
    q = epsilon_soft_values(mdp, epsilon).q
    while s != 47:
        s, count = mdp.P[s, q[s].argmax()].argmax(), count + 1
    assert count == steps


def test_bad_input():
    with pytest.raises(ValueError, match=r"epsilon is 1.5; expected a number in \[0, 1\]"):
        epsilon_greedy([[1.0, 2]], 1.5)
    with pytest.raises(ValueError, match=r"q\[0, 1\] is nan"):
        epsilon_greedy([[1.0, np.nan]], 0.5)
    with pytest.raises(ValueError, match=r"epsilon\[1\] is 2.0; expected a number in \[0, 1\]"):
        epsilon_greedy([[1.0, 2], [3, 4]], [0.5, 2.0])
    for epsilon, shape in (([0.1, 0.2], r"\(2,\)"), ([[0.1], [0.2], [0.3]], r"\(3, 1\)"), ([0.1], r"\(1,\)")):
        with pytest.raises(
            ValueError, match=rf"epsilon has shape {shape}; expected one number or one per state, \(3,\)"
        ):
            epsilon_greedy([[1.0, 2], [3, 4], [5, 6]], epsilon)
    with pytest.raises(ValueError, match="epsilon is -0.1"):
        epsilon_soft_mdp(small_world(np.random.default_rng(0)), -0.1)
    with pytest.raises(ValueError, match=r"epsilon has shape \(4,\); expected one number"):
        epsilon_soft_mdp(small_world(np.random.default_rng(0)), [0.1] * 4)
    trap = MDP(np.eye(2)[[[0, 0], [1, 1]]], -np.eye(2), 1.0, terminal=np.array([False, True]))
    with pytest.raises(ValueError, match="gamma is 1 and no terminal state can be reached from state 0"):
        epsilon_soft_values(trap, 0.1)


def test_public_names():
    assert set(exploration.__all__) == {"EpsilonSoft", "epsilon_greedy", "epsilon_soft_mdp", "epsilon_soft_values"}

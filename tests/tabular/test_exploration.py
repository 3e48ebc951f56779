"""Epsilon-greedy policies, and the best values that they can have."""

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
    return MDP(rng.dirichlet(np.ones(4), size=(4, 3)), rng.normal(size=(4, 3)), 0.8, terminal=ENDS)


def test_ties_share_the_greedy_mass():
    q = [[1.0, 3, 3, 0], [2, 2, 2, 2], [0, 1, 2, 3]]
    assert np.allclose(
        epsilon_greedy(q, 0.2), [[0.05, 0.45, 0.45, 0.05], [0.25] * 4, [0.05, 0.05, 0.05, 0.85]], atol=1e-15
    )
    assert np.allclose(epsilon_greedy(q, [0.0, 1, 1])[:2], [[0, 0.5, 0.5, 0], [0.25] * 4])
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


def test_the_trembling_process():
    mdp = small_world(np.random.default_rng(4))
    trembling = epsilon_soft_mdp(mdp, 0.3)
    assert np.allclose(trembling.P[1, 2], 0.7 * mdp.P[1, 2] + 0.1 * mdp.P[1].sum(axis=0), atol=1e-15)
    assert trembling.R[1, 2] == pytest.approx(0.7 * mdp.R[1, 2] + 0.1 * mdp.R[1].sum())
    assert trembling.gamma == 0.8 and np.array_equal(trembling.start, mdp.start)
    assert np.array_equal(trembling.terminal, ENDS)
    sparse = MDP(csr_array(mdp.P.reshape(12, 4)), mdp.R, 0.8, terminal=ENDS)
    assert np.allclose(epsilon_soft_mdp(sparse, 0.3).P, trembling.P, atol=1e-15)
    assert np.allclose(epsilon_soft_values(sparse, 0.3).q, epsilon_soft_values(mdp, 0.3).q)


@pytest.mark.parametrize("epsilon, steps", [(0.005, 13), (0.1, 15), (0.2, 17)])
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
    with pytest.raises(ValueError, match="epsilon is -0.1"):
        epsilon_soft_mdp(small_world(np.random.default_rng(0)), -0.1)


def test_public_names():
    assert set(exploration.__all__) == {"EpsilonSoft", "epsilon_greedy", "epsilon_soft_mdp", "epsilon_soft_values"}

"""Exact moments of targets against the enumeration of all episodes in fractions."""

from fractions import Fraction as F

import numpy as np
import pytest
from oracles import prediction as oracle
from scipy import sparse

from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.targets import lambda_return_moments, n_step_moments

H, Q = F(1, 2), F(1, 4)
# three states in a row and an end; actions differ, rewards are free
P = [
    [[0, H, H, 0], [0, 0, Q, 1 - Q]],
    [[0, 0, 1 - Q, Q], [0, 0, H, H]],
    [[0, 0, 0, 1], [0, 0, 0, 1]],
    [[0, 0, 0, 1], [0, 0, 0, 1]],
]
R = [[F(1), F(-2)], [F(3), F(1, 3)], [F(2), F(-1)], [F(0), F(0)]]
PI = [[Q, 1 - Q], [H, H], [F(1, 3), F(2, 3)], [F(1), F(0)]]
V, GAMMA, ENDS = [F(1), F(-1, 2), F(2), F(0)], F(9, 10), [False, False, False, True]


def mdp(gamma=0.9, make=np.array):
    dense = np.array(P, float)
    law = dense if make is np.array else make(dense.reshape(8, 4))
    return MDP(law, np.array(R, float), gamma, terminal=np.array(ENDS))


def expected(target):
    return np.array([oracle.target_moments(P, R, PI, GAMMA, ENDS, target, s, 4) for s in range(3)], float)


@pytest.mark.parametrize("make", [np.array, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_n_step_moments(n, make):
    got = n_step_moments(mdp(make=make), np.array(PI, float), np.array(V, float), n)
    want = expected(lambda ep: oracle.n_step_target(ep, 0, n, V, GAMMA))
    np.testing.assert_allclose(np.transpose(got), [*want, [0, 0]], atol=1e-12)


@pytest.mark.parametrize("make", [np.array, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("lam", [F(0), F(2, 5), F(1)])
def test_lambda_return_moments(lam, make):
    got = lambda_return_moments(mdp(make=make), np.array(PI, float), np.array(V, float), float(lam))
    want = expected(lambda ep: oracle.lambda_target(ep, 0, lam, V, GAMMA))
    np.testing.assert_allclose(np.transpose(got), [*want, [0, 0]], atol=1e-12)


def test_rewards_of_transitions_add_to_the_variance():
    """Each outcome (a, s_next) as an action of its own, which is certain, makes a problem with rewards R[s, a]."""
    paid = [[[F((3 * s + 5 * a + 7 * b) % 11, 2) for b in range(4)] for a in range(2)] for s in range(4)]
    outcomes = [(a, b) for a in range(2) for b in range(4)]
    P_2 = [[[F(b == c) for c in range(4)] for _, b in outcomes] for _ in range(4)]
    R_2 = [[paid[s][a][b] for a, b in outcomes] for s in range(4)]
    PI_2 = [[PI[s][a] * P[s][a][b] for a, b in outcomes] for s in range(4)]
    for make in (np.array, lambda x: sparse.csr_array(x.reshape(8, 4))):
        world = MDP(make(np.array(P, float)), np.array(paid, float), 0.9, terminal=np.array(ENDS))
        for n in (1, 2, 9):
            got = n_step_moments(world, np.array(PI, float), np.array(V, float), n)
            want = [
                oracle.target_moments(
                    P_2, R_2, PI_2, GAMMA, ENDS, lambda ep, n=n: oracle.n_step_target(ep, 0, n, V, GAMMA), s, 4
                )
                for s in range(3)
            ]
            np.testing.assert_allclose(np.transpose(got)[:3], np.array(want, float), atol=1e-12)
        got = lambda_return_moments(world, np.array(PI, float), np.array(V, float), 1.0)
        np.testing.assert_allclose(np.transpose(got)[:3], np.array(want, float), atol=1e-12)


def test_a_loop():
    """Reward 1 until the end, which comes with probability 1/2: the return is geometric."""
    loop = MDP(np.array([[[0.5, 0.5]], [[0, 1]]]), np.array([[1.0], [0]]), 1.0, terminal=np.array([False, True]))
    pi = np.ones((2, 1))
    np.testing.assert_allclose(np.transpose(lambda_return_moments(loop, pi, np.zeros(2), 1.0)), [[2, 2], [0, 0]])
    # exact values, one step: 1 + (2 or 0)
    np.testing.assert_allclose(np.transpose(n_step_moments(loop, pi, np.array([2.0, 0]), 1)), [[2, 1], [0, 0]])


def test_values_of_terminal_states_are_not_read():
    pi, spoiled = np.array(PI, float), np.array([1, -0.5, 2, 99.0])
    for function, how in ((n_step_moments, 2), (lambda_return_moments, 0.5)):
        got, want = function(mdp(), pi, spoiled, how), function(mdp(), pi, np.array(V, float), how)
        np.testing.assert_array_equal(got, want)


def test_a_large_mean_does_not_swallow_a_small_variance():
    """From 0 to a reward of 1e9 or of 1e9 + 1: mean of squares and squared mean agree in all digits."""
    fork = MDP(
        np.array([[[0, 0.5, 0.5, 0]], [[0, 0, 0, 1]], [[0, 0, 0, 1]], [[0, 0, 0, 1]]]),
        np.array([[0.0], [1e9], [1e9 + 1], [0]]), 1.0, terminal=np.arange(4) == 3,
    )
    pi = np.ones((4, 1))
    for got in (n_step_moments(fork, pi, np.zeros(4), 2), lambda_return_moments(fork, pi, np.zeros(4), 1.0)):
        np.testing.assert_allclose(got.variance, [0.25, 0, 0, 0], atol=1e-12)


def test_many_steps_are_the_complete_return():
    loop = MDP(np.array([[[0.5, 0.5]], [[0, 1]]]), np.array([[1.0], [0]]), 1.0, terminal=np.array([False, True]))
    pi, v = np.ones((2, 1)), np.array([5.0, 0])
    whole = lambda_return_moments(loop, pi, v, 1.0)
    np.testing.assert_allclose(n_step_moments(loop, pi, v, 2**62), whole, atol=1e-12)


def test_with_the_true_values_the_variance_grows_with_n_and_lambda():
    pi = np.array(PI, float)
    v = lambda_return_moments(mdp(), pi, np.zeros(4), 1.0).mean
    by_n = [n_step_moments(mdp(), pi, v, n) for n in (1, 2, 3, 4)]
    by_lam = [lambda_return_moments(mdp(), pi, v, lam) for lam in (0.0, 0.3, 0.7, 1.0)]
    for several in (by_n, by_lam):
        np.testing.assert_allclose([x.mean for x in several], [v] * 4, atol=1e-12)
        assert (np.diff([x.variance for x in several], axis=0) >= -1e-12).all()


def test_bad_arguments_are_named():
    pi, v = np.array(PI, float), np.zeros(4)
    with pytest.raises(ValueError, match="n is 0; expected a whole number, at least 1"):
        n_step_moments(mdp(), pi, v, 0)
    with pytest.raises(ValueError, match="lam is 2.0"):
        lambda_return_moments(mdp(), pi, v, 2.0)
    with pytest.raises(ValueError, match=r"v has shape \(3,\); expected one value per state, \(4,\)"):
        n_step_moments(mdp(), pi, v[:3], 1)
    endless = MDP(np.ones((1, 1, 1)), np.ones((1, 1)), 1.0)
    loop = MDP(np.eye(3)[[[0], [2], [2]]], np.ones((3, 1)), 1.0, terminal=np.arange(3) == 2)
    for world in (endless, loop):
        with pytest.raises(ValueError, match="may never end from state 0"):
            lambda_return_moments(world, np.ones((world.n_states, 1)), np.zeros(world.n_states), 1.0)
    for function in (n_step_moments, lambda_return_moments):
        with pytest.raises(ValueError, match="pi"):
            function(mdp(), pi[:, :1], v, 1)

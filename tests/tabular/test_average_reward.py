"""Gain and bias, against long sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import mdp as oracle
from scipy import sparse

from rlcourse.tabular.average_reward import average_reward
from rlcourse.tabular.mdp import MDP


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_total_rewards_grow_like_gain_and_bias(seed):
    rng = np.random.default_rng(seed)
    P, R, pi = rng.dirichlet(np.ones(3), (3, 2)) * 0.9 + 0.1 / 3, rng.normal(size=(3, 2)), rng.dirichlet([1, 1], 3)
    dense, thin = (average_reward(MDP(form, R, 0.5), pi) for form in (P, sparse.csr_array(P.reshape(-1, 3))))
    n = 80
    for s in range(3):
        total = oracle.mean_return(P, R, pi, np.eye(3)[s], 1, n)
        np.testing.assert_allclose(total, n * dense.gain + dense.bias[s], atol=1e-3)
    np.testing.assert_allclose(dense.gain, thin.gain)
    np.testing.assert_allclose(dense.bias, thin.bias, atol=1e-12)


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 0.9]))
def test_discounted_values_are_gain_and_bias_up_to_a_known_error(seed, gamma):
    # the error is at most 2 (1 - gamma) max |k|, where k is the bias for the reward h
    rng = np.random.default_rng(seed)
    P, R, pi = rng.dirichlet(np.ones(3), (3, 1)), rng.normal(size=(3, 1)), np.ones((3, 1))
    gain, bias = average_reward(MDP(P, R, gamma), pi)
    again = average_reward(MDP(P, bias[:, None], gamma), pi)
    np.testing.assert_allclose(again.gain, 0, atol=1e-12)
    for s in range(3):
        value = oracle.mean_return(P, R, pi, np.eye(3)[s], gamma, 300)
        error = abs(value - gain / (1 - gamma) - bias[s])
        assert error <= 2 * (1 - gamma) * np.abs(again.bias).max() + 1e-9


def test_a_ring_pays_its_mean():
    # reward 6 at one of three states; periodic, so that the mean rewards have no limit, but their averages have
    P = np.roll(np.eye(3), 1, axis=1)[:, None, :]
    gain, bias = average_reward(MDP(P, [[6.0], [0], [0]], 0.9), np.ones((3, 1)))
    assert gain == pytest.approx(2)
    np.testing.assert_allclose(bias, [2, -2, 0], atol=1e-12)


def test_a_transient_state():
    # 0 -> 1 or 2, never back; 1 and 2 take turns and pay 4 in two steps
    P = np.array([[[0, 0.5, 0.5]], [[0, 0, 1]], [[0, 1, 0]]])
    gain, bias = average_reward(MDP(P, [[7.0], [4.0], [0.0]], 0.9), np.ones((3, 1)))
    np.testing.assert_allclose([gain, *bias], [2, 5, 1, -1], atol=1e-12)


def test_two_closed_classes_have_two_gains():
    with pytest.raises(ValueError, match="closed classes"):
        average_reward(MDP(np.eye(2)[:, None, :], [[1.0], [0.0]], 0.9), np.ones((2, 1)))

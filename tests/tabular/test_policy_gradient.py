"""Score-function gradients: unbiased by enumeration, baselines, variances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import policy_gradient as oracle

from rlcourse.tabular import policy_gradient as pg
from rlcourse.tabular.episodes import enumerate_episodes, finite_horizon_values
from rlcourse.tabular.mdp import MDP

SEEDS = st.integers(0, 10**6)


HORIZON = 3


def random_problem(seed, gamma=0.9):
    rng = np.random.default_rng(seed)
    P, R = rng.dirichlet(np.ones(3), (3, 2)), rng.normal(size=(3, 2))
    mdp = MDP(P, R, gamma, start=[0.6, 0.4, 0], terminal=np.arange(3) == 2)
    return mdp, rng.normal(size=(3, 2))


def true_gradient(mdp, theta):
    return oracle.objective_gradient(mdp.P, mdp.R, mdp.start, mdp.terminal, HORIZON, mdp.gamma, theta).ravel()


def returns_to_go(r, gamma):
    G = np.zeros_like(r)
    for t in range(r.shape[1]):
        for k in range(t, r.shape[1]):
            G[:, t] += gamma ** (k - t) * r[:, k]
    return G


def test_softmax_policy():
    theta = np.array([[0.3, -1.2, 2.0], [1000.0, 0.0, 1000.0]])
    pi = pg.softmax_policy(theta)
    np.testing.assert_allclose(pi[0], np.exp(theta[0]) / np.exp(theta[0]).sum())
    np.testing.assert_allclose(pi[1], [0.5, 0, 0.5])
    np.testing.assert_allclose(pg.softmax_policy(theta[0] + 7), pi[0])


def test_the_score_is_the_gradient_of_log_pi():
    theta = np.random.default_rng(0).normal(size=(2, 3))
    score = pg.softmax_score(pg.softmax_policy(theta))
    assert score.shape == (2, 3, 6)
    for s in range(2):
        for a in range(3):
            for k in range(6):
                moved = theta.astype(complex).ravel()
                moved[k] += 1e-30j
                p = oracle.softmax(moved.reshape(2, 3)[s])[a]
                np.testing.assert_allclose(score[s, a, k], (p.imag / p.real) / 1e-30, atol=1e-14)


@given(SEEDS, st.floats(0, 1))
def test_every_weight_of_the_table_has_the_true_gradient_as_its_mean(seed, gamma):
    mdp, theta = random_problem(seed, gamma)
    pi = pg.softmax_policy(theta)
    e = enumerate_episodes(mdp, pi, HORIZON)
    q, v = finite_horizon_values(mdp, pi, HORIZON)
    t = np.arange(3)
    G, v_t = returns_to_go(e.r, gamma), v[t, e.s]
    # with discounting, "the whole return" is what gamma^t G_t becomes when past rewards are kept
    whole = G[:, :1] / gamma**t if gamma > 0.1 else G
    weights = {
        "whole return": whole,
        "reward to go": G,
        "baseline": G - np.sin(e.s + t),
        "Q": q[t, e.s, e.a],
        "advantage": q[t, e.s, e.a] - v_t,
        "TD residual": e.r + gamma * v[t + 1, e.s_next] - v_t,
    }
    exact = true_gradient(mdp, theta)
    score = pg.softmax_score(pi)[e.s, e.a]
    for name, weight in weights.items():
        mean, _ = pg.gradient_moments(pg.policy_gradient(score, weight, e.mask, gamma), e.probability)
        np.testing.assert_allclose(mean, exact, rtol=1e-8, atol=1e-8, err_msg=name)


def test_without_gamma_to_the_t_the_mean_is_another_vector():
    mdp, theta = random_problem(0, gamma=0.5)
    pi = pg.softmax_policy(theta)
    e = enumerate_episodes(mdp, pi, HORIZON)
    score = pg.softmax_score(pi)[e.s, e.a]
    mean, _ = pg.gradient_moments(pg.policy_gradient(score, returns_to_go(e.r, 0.5), e.mask), e.probability)
    assert np.abs(mean - true_gradient(mdp, theta)).max() > 0.01


@given(SEEDS)
def test_policy_gradient_is_the_masked_sum(seed):
    rng = np.random.default_rng(seed)
    score, adv, mask = rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(2, 4, 5)), rng.random((2, 4, 5)) < 0.6
    expected = oracle.policy_gradient(score, adv, mask, 0.7)
    score[~mask], adv[~mask] = np.nan, np.inf
    np.testing.assert_allclose(pg.policy_gradient(score, adv, mask, 0.7), expected, atol=1e-12)


def test_policy_gradient_of_no_steps_is_zero():
    np.testing.assert_array_equal(pg.policy_gradient(np.zeros((2, 0, 3)), np.zeros((2, 0))), np.zeros((2, 3)))


def test_moments():
    g, p = np.array([[1.0, 0.0], [3.0, 4.0], [0.0, -2.0]]), np.array([0.5, 0.3, 0.2])
    mean, covariance = pg.gradient_moments(g, p)
    np.testing.assert_allclose(mean, [1.4, 0.8])
    second = sum(p[n] * np.outer(g[n], g[n]) for n in range(3))
    np.testing.assert_allclose(covariance, second - np.outer(mean, mean))


@given(SEEDS, st.integers(2, 6), st.sampled_from([(), (3,), (2, 3)]))
def test_leave_one_out_is_the_centered_return_rescaled(seed, n, shape):
    G = np.random.default_rng(seed).normal(size=(*shape, n))
    np.testing.assert_allclose(
        G - pg.leave_one_out_baseline(G), n / (n - 1) * (G - pg.batch_mean_baseline(G)), atol=1e-12
    )
    np.testing.assert_allclose(pg.batch_mean_baseline(G), oracle.batch_mean_baseline(G))
    np.testing.assert_allclose(pg.leave_one_out_baseline(G), oracle.leave_one_out_baseline(G))
    np.testing.assert_allclose(pg.leave_one_out_baseline(G + 5), pg.leave_one_out_baseline(G) + 5)


def bandit_batches(p, r, n):
    """Every batch of n draws from a two-armed bandit: scores of the first logit, rewards, probability."""
    arms = np.array(list(np.ndindex(*[2] * n)))
    return np.where(arms == 0, 1 - p, -p), r[arms], np.where(arms == 0, p, 1 - p).prod(axis=1)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_batch_mean_shrinks_the_gradient_and_leave_one_out_does_not(n):
    score, G, probability = bandit_batches(0.7, np.array([2.0, -1.0]), n)
    gradient = 0.7 * 0.3 * 3
    for baseline, factor in ((pg.batch_mean_baseline, (n - 1) / n), (pg.leave_one_out_baseline, 1)):
        estimate = (score * (G - baseline(G))).mean(axis=1)
        np.testing.assert_allclose(probability @ estimate, factor * gradient)


@given(SEEDS, st.booleans())
def test_the_optimal_baseline_has_the_least_variance(seed, per_component):
    rng = np.random.default_rng(seed)
    score, G, p = rng.normal(size=(4, 3)), rng.normal(size=4), rng.dirichlet(np.ones(4))
    score -= p @ score

    def variances(b):
        each = np.diag(pg.gradient_moments(score * (G[:, None] - b), p)[1])
        return each if per_component else each.sum()

    best = pg.optimal_baseline(score, G, p, per_component)
    np.testing.assert_allclose(best, oracle.optimal_baseline(score, G, p, per_component), rtol=1e-6, atol=1e-6)
    for other in (best + 0.1, best - 0.1, p @ G):
        assert np.all(variances(best) <= variances(other) + 1e-12)


def test_the_optimal_baseline_of_a_two_armed_bandit():
    score, r, p = np.array([[0.1], [-0.9]]), np.array([1.0, 0.0]), np.array([0.9, 0.1])
    assert pg.optimal_baseline(score, r, p) == pytest.approx(0.1)
    assert pg.optimal_baseline(score, r) == pytest.approx(0.01 / 0.82)
    for b, variance in ((0.1, 0), (0, 0.0009), (0.9, 0.0576)):
        assert pg.gradient_moments(score * (r - b)[:, None], p)[1].item() == pytest.approx(variance, abs=1e-15)


def test_the_optimal_baseline_of_every_situation_of_a_batch():
    rng = np.random.default_rng(0)
    score, G, p = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 4)), rng.dirichlet(np.ones(4), (2, 3))
    score -= (p[..., None] * score).sum(axis=2, keepdims=True)
    for each in (False, True):
        np.testing.assert_allclose(pg.optimal_baseline(score, G, p, each), oracle.optimal_baseline(score, G, p, each))


def test_a_score_of_zero_leaves_nothing_to_choose():
    np.testing.assert_array_equal(pg.optimal_baseline(np.zeros((2, 3)), np.ones(2), per_component=True), np.zeros(3))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: pg.softmax_policy(np.array([0, np.nan])), r"theta\[1\] is nan"),
        (lambda: pg.softmax_score(np.full((1, 2), 0.4)), r"pi\[0, :\] sums to 0.8"),
        (lambda: pg.policy_gradient(np.zeros((2, 3, 1)), np.zeros((2, 4))), r"score \(2, 3\), adv \(2, 4\)"),
        (lambda: pg.policy_gradient(np.zeros((3, 1)), np.zeros(3), gamma=1.5), "gamma is 1.5"),
        (lambda: pg.gradient_moments(np.zeros((3, 1)), np.ones(2) / 2), r"gradients: expected shape \[2, K\]"),
        (lambda: pg.gradient_moments(np.zeros((2, 1)), np.ones(2)), "probability.* sums to 2"),
        (lambda: pg.leave_one_out_baseline(np.ones((3, 1))), r"at least 2 samples .* \(3, 1\)"),
        (lambda: pg.optimal_baseline(np.zeros((2, 1)), np.zeros(3)), r"score \(2,\), G \(3,\)"),
        (lambda: pg.optimal_baseline(np.zeros((2, 1)), np.zeros(2), np.ones(2)), "probability.* sums to 2"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_mask_must_be_boolean():
    with pytest.raises(TypeError, match="mask: expected dtype bool"):
        pg.policy_gradient(np.zeros((3, 1)), np.zeros(3), mask=np.ones(3))

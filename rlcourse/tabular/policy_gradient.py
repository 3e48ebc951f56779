r"""Score-function gradients, their baselines and their exact variance, for policies held in a table.

A sample of the policy gradient is a sum over the steps of one episode, :math:`t = 0, \dots, T-1`:

.. math:: \hat g = \sum_t \gamma^t \, \nabla \log \pi(a_t \mid s_t) \, \hat A_t

where the weight :math:`\hat A_t` is a return minus a baseline, an action value or an advantage.
"""

from __future__ import annotations

import numpy as np

from rlcourse import checks

__all__ = [
    "batch_mean_baseline",
    "gradient_moments",
    "leave_one_out_baseline",
    "optimal_baseline",
    "policy_gradient",
    "softmax_policy",
    "softmax_score",
]


def softmax_policy(theta):
    r"""Policy with one logit per action: :math:`\pi(a \mid s) = e^{\theta_{sa}} / \sum_b e^{\theta_{sb}}`.

    Args:
        theta: logits, shape ``[*batch, A]``, nats.

    Returns:
        Probabilities, same shape.

    Raises:
        ValueError: a logit is not finite.
    """
    checks.finite("theta", theta)
    # the largest logit becomes 0, so that exp cannot overflow
    weight = np.exp(theta - np.max(theta, axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def softmax_score(pi):
    r"""Scores of a tabular softmax policy, the gradients of ``log pi[s, a]`` in all logits.

    .. math:: \frac{\partial \log \pi(a \mid s)}{\partial \theta_{s'b}} = 1\{s = s'\}\,(1\{a = b\} - \pi(b \mid s))

    Args:
        pi: policy, shape ``[S, A]``.

    Returns:
        Shape ``[S, A, S * A]``: one row over all logits for each state and action.

    Raises:
        ValueError: a row of ``pi`` is not a probability vector.

    Proved in: policies/baselines (thm-softmax-baseline).
    """
    checks.probabilities("pi", pi)
    states, actions = pi.shape
    score = np.zeros((states, actions, states, actions))
    for s in range(states):
        score[s, :, s, :] = np.eye(actions) - pi[s]
    return score.reshape(states, actions, states * actions)


def policy_gradient(score, adv, mask=None, gamma=1.0):
    r"""One gradient estimate per episode, :math:`\sum_t \gamma^t \, \nabla\log\pi(a_t\mid s_t)\, \hat A_t`.

    Args:
        score: scores of the actions taken, shape ``[*batch, T, K]``; the first step has t = 0.
        adv: weights, shape ``[*batch, T]``, reward units.
        mask: bool, shape ``[*batch, T]``, True at real steps; what stands elsewhere never counts.
        gamma: discount of the time of the action, in [0, 1].

    Returns:
        Shape ``[*batch, K]``, reward units per unit of the parameter.

    Raises:
        ValueError: shapes do not broadcast, or ``gamma`` lies outside [0, 1].
        TypeError: ``mask`` is not boolean.

    Bias: none if :math:`E[\hat A_t \mid s_t, a_t] = Q_t(s_t, a_t) - b_t(s_t)`.
    Source: Williams (1992); Sutton et al. (1999). Proved in: policies/baselines (thm-baseline-gradient).
    """
    checks.unit_interval("gamma", gamma)
    score, adv = np.asarray(score), np.asarray(adv)
    checks.broadcastable(score=score[..., 0], adv=adv)
    if mask is not None:
        checks.boolean("mask", mask)
        score, adv = np.where(np.asarray(mask)[..., None], score, 0), np.where(mask, adv, 0)
    discount = gamma ** np.arange(adv.shape[-1])
    return ((discount * adv)[..., None] * score).sum(axis=-2)


def gradient_moments(gradients, probability):
    r"""Exact mean and covariance of an estimator from all its values and their probabilities.

    .. math:: \mu = \sum_n p_n g_n, \qquad C = \sum_n p_n (g_n - \mu)(g_n - \mu)^\top

    Args:
        gradients: every value that the estimator can take, shape ``[N, K]``.
        probability: shape ``[N]``.

    Returns:
        Mean, shape ``[K]``, and covariance, shape ``[K, K]``. The trace of the covariance is the expected
        squared distance from the mean, called the total variance.

    Raises:
        ValueError: ``probability`` is not a probability vector, or the shapes do not fit.
    """
    checks.probabilities("probability", probability)
    gradients = np.asarray(gradients)
    if gradients.ndim != 2 or len(gradients) != len(probability):
        raise ValueError(f"gradients: expected shape [{len(probability)}, K], got {gradients.shape}")
    mean = probability @ gradients
    away = gradients - mean
    return mean, (probability[:, None] * away).T @ away


def batch_mean_baseline(G):
    r"""The mean of all N returns, for each of them: :math:`b_i = \frac1N \sum_j G_j`.

    Args:
        G: returns of N independent samples of the same situation, shape ``[*batch, N]``.

    Returns:
        Baselines, same shape.

    Bias: :math:`b_i` contains :math:`G_i`; the expected gradient shrinks by the factor :math:`(N-1)/N`.
    Proved in: policies/baselines (thm-batch-mean).
    """
    G = np.asarray(G)
    return np.broadcast_to(G.mean(axis=-1, keepdims=True), G.shape) if G.size else G


def leave_one_out_baseline(G):
    r"""For each sample the mean of the others: :math:`b_i = \frac1{N-1} \sum_{j \ne i} G_j`.

    Args:
        G: returns of N >= 2 independent samples of the same situation, shape ``[*batch, N]``.

    Returns:
        Baselines, same shape.

    Raises:
        ValueError: fewer than two samples.

    Bias: none, because :math:`b_i` is independent of sample i.
    Source: Mnih and Rezende (2016); Kool et al. (2019). Proved in: policies/baselines (thm-leave-one-out).
    """
    G = np.asarray(G)
    n = G.shape[-1]
    if n < 2:
        raise ValueError(f"G: expected at least 2 samples along the last axis, got shape {G.shape}")
    return (G.sum(axis=-1, keepdims=True) - G) / (n - 1)


def optimal_baseline(score, G, probability=None, per_component=False):
    r"""The constant that minimizes the variance of ``score * (G - b)``.

    .. math:: b^* = \frac{E[\lVert s\rVert^2 G]}{E[\lVert s\rVert^2]} \quad\text{(total variance)}, \qquad
              b_k^* = \frac{E[s_k^2 G]}{E[s_k^2]} \quad\text{(per component)}

    Args:
        score: scores s, shape ``[*batch, N, K]``; their mean is 0, as it is for every policy.
        G: returns, shape ``[*batch, N]``, reward units.
        probability: probabilities of the N outcomes, shape ``[*batch, N]``; ``None`` gives each ``1/N``.
        per_component: one baseline for each parameter instead of one for all.

    Returns:
        Shape ``[*batch]``, or ``[*batch, K]`` per component; 0 where the score is 0 (nothing to choose).

    Raises:
        ValueError: ``probability`` does not hold probability vectors, or shapes do not fit.

    Bias: none with exact probabilities. Estimated from the samples that it is then used on, the baseline
    depends on their actions and the gradient is biased.
    Source: Greensmith et al. (2004); Peters and Schaal (2008). Proved in: policies/baselines
    (thm-optimal-baseline, thm-optimal-vector).
    """
    score, G = np.asarray(score), np.asarray(G)
    checks.broadcastable(score=score[..., 0], G=G)
    if probability is None:
        probability = np.full_like(G, 1 / G.shape[-1])
    else:
        checks.probabilities("probability", probability)
    square = score**2 if per_component else (score**2).sum(axis=-1, keepdims=True)
    weight = np.asarray(probability)[..., None] * square
    total = weight.sum(axis=-2)
    safe = np.where(total > 0, total, 1)
    b = (weight * G[..., None]).sum(axis=-2) / safe
    return b if per_component else b[..., 0]

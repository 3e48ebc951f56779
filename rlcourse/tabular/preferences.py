"""Preferences and the KL-regularized optimum: Bradley-Terry, Plackett-Luce, Gibbs policy, DPO.

Log-probabilities are in nats and belong to whole responses. The last axis of an argument named
``logp``, ``logp_ref`` or ``r`` without a suffix runs over *all* responses to a prompt; arguments
with the suffix ``_w`` (preferred) and ``_l`` (rejected) hold one entry per pair.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit, logsumexp

from rlcourse import checks

__all__ = [
    "bradley_terry",
    "bradley_terry_loss",
    "dpo_gradient",
    "dpo_loss",
    "dpo_population_gradient",
    "dpo_population_loss",
    "gibbs_policy",
    "implicit_reward",
    "kl_regularized_objective",
    "log_partition",
    "plackett_luce",
]


def bradley_terry(r_w, r_l):
    r"""Probability that the first response of a pair is preferred.

    .. math:: P(y_w \succ y_l) = \sigma(r_w - r_l)

    Args:
        r_w: rewards of the first responses, any shape (reward units).
        r_l: rewards of the second responses, broadcastable with ``r_w``.

    Returns:
        Probabilities in the broadcast shape.

    Raises:
        ValueError: if a reward is not finite or the shapes do not broadcast.

    Source: Bradley and Terry (1952); Rafailov et al. (2023), Eq. (1).
    Proved in: language/dpo (thm-dpo-cancellation).
    """
    checks.broadcastable(r_w=r_w, r_l=r_l)
    r_w, r_l = np.asarray(checks.finite("r_w", r_w)), np.asarray(checks.finite("r_l", r_l))
    return expit(r_w - r_l)


def bradley_terry_loss(r_w, r_l, label=1.0):
    r"""Negative log-likelihood of preference labels, one entry per pair, not averaged.

    .. math:: -p\log\sigma(r_w - r_l) - (1-p)\log\sigma(r_l - r_w)

    Args:
        r_w: rewards of the first responses, any shape.
        r_l: rewards of the second responses, broadcastable with ``r_w``.
        label: probability :math:`p` that the first response is preferred. 1 for an observed
            label; the true preference probability gives the population loss.

    Returns:
        Losses in nats, in the broadcast shape.

    Raises:
        ValueError: if a reward is not finite, a label lies outside [0, 1], or the shapes do not
            broadcast.

    Source: Rafailov et al. (2023), Eq. (2), for ``label=1``.
    Proved in: language/dpo (thm-dpo-likelihood).
    """
    checks.broadcastable(r_w=r_w, r_l=r_l, label=label)
    r_w, r_l = np.asarray(checks.finite("r_w", r_w)), np.asarray(checks.finite("r_l", r_l))
    label = np.asarray(checks.unit_interval("label", label))
    d = r_w - r_l
    # log_expit never overflows: log(1 / (1 + exp(-d))) would at d = -1000
    return -label * log_expit(d) - (1 - label) * log_expit(-d)


def plackett_luce(r):
    r"""Log-probability of a ranking, the rewards being listed from the best place to the last.

    .. math:: \log P(1 \succ 2 \succ \dots \succ K) = \sum_{k=1}^K\Big(r_k - \log\sum_{j\ge k}e^{r_j}\Big)

    Args:
        r: rewards in the order of the ranking, shape [\*batch, K].

    Returns:
        Log-probabilities, shape [\*batch]. A ranking of one response, or of none, has probability 1.

    Raises:
        ValueError: if a reward is not finite.

    Source: Plackett (1975), Luce (1959); Rafailov et al. (2023), Eq. (18).
    Proved in: language/dpo (thm-dpo-plackett).
    """
    r = np.asarray(checks.finite("r", r))
    remaining = np.flip(np.logaddexp.accumulate(np.flip(r, -1), axis=-1), -1)
    return (r - remaining).sum(-1)


def log_partition(r, logp_ref, beta):
    r"""Logarithm of the partition function of the KL-regularized problem.

    .. math:: \log Z = \log\sum_y \pi_{\mathrm{ref}}(y)\,e^{r(y)/\beta}

    Args:
        r: rewards of all responses, shape [\*batch, K].
        logp_ref: reference log-probabilities of all responses, shape [\*batch, K];
            ``-inf`` where the reference has no mass.
        beta: weight of the KL term, > 0 (reward units per nat).

    Returns:
        :math:`\log Z`, shape [\*batch].

    Raises:
        ValueError: if ``beta`` is not positive, a reward is not finite, or ``exp(logp_ref)`` does
            not sum to one.

    Source: Rafailov et al. (2023), Eq. (4).
    Proved in: language/dpo (thm-dpo-gibbs).
    """
    r, logp_ref = _responses(r, logp_ref, beta)
    return logsumexp(logp_ref + r / beta, axis=-1)


def gibbs_policy(r, logp_ref, beta):
    r"""Log-probabilities of the optimal policy of the KL-regularized objective.

    .. math:: \log\pi^*(y) = \log\pi_{\mathrm{ref}}(y) + r(y)/\beta - \log Z

    Args:
        r: rewards of all responses, shape [\*batch, K].
        logp_ref: reference log-probabilities of all responses, shape [\*batch, K].
        beta: weight of the KL term, > 0.

    Returns:
        Log-probabilities, shape [\*batch, K].

    Raises:
        ValueError: as :func:`log_partition`.

    Source: Rafailov et al. (2023), Eq. (4).
    Proved in: language/dpo (thm-dpo-gibbs).
    """
    r, logp_ref = _responses(r, logp_ref, beta)
    return logp_ref + r / beta - log_partition(r, logp_ref, beta)[..., None]


def kl_regularized_objective(logp, r, logp_ref, beta):
    r"""Expected reward minus the KL penalty to the reference, by enumeration.

    .. math:: J(\pi) = \sum_y \pi(y)\Big(r(y) - \beta\log\frac{\pi(y)}{\pi_{\mathrm{ref}}(y)}\Big)

    Args:
        logp: log-probabilities of the policy for all responses, shape [\*batch, K].
        r: rewards of all responses, shape [\*batch, K].
        logp_ref: reference log-probabilities, shape [\*batch, K].
        beta: weight of the KL term, > 0.

    Returns:
        :math:`J` per prompt, shape [\*batch]; ``-inf`` if the policy puts mass where the reference
        has none.

    Raises:
        ValueError: as :func:`log_partition`, or if ``exp(logp)`` does not sum to one.

    Source: Rafailov et al. (2023), Eq. (3).
    Proved in: language/dpo (thm-dpo-one-expectation, thm-dpo-gibbs).
    """
    checks.broadcastable(logp=logp, r=r, logp_ref=logp_ref)
    r, logp_ref = _responses(r, logp_ref, beta)
    logp = np.asarray(logp)
    p = checks.probabilities("exp(logp)", np.exp(logp))
    # 0 log 0 = 0: a response that the policy never gives costs nothing
    log_ratio = np.where(p > 0, np.where(p > 0, logp, 0) - logp_ref, 0)
    return np.where(p > 0, p * (r - beta * log_ratio), 0).sum(-1)


def implicit_reward(logp, logp_ref, beta):
    r"""The reward that a policy is optimal for, up to a function of the prompt.

    .. math:: \hat r(y) = \beta\log\frac{\pi(y)}{\pi_{\mathrm{ref}}(y)}

    Args:
        logp: log-probabilities of responses under the policy, any shape.
        logp_ref: log-probabilities of the same responses under the reference.
        beta: weight of the KL term, > 0.

    Returns:
        Implicit rewards in the broadcast shape (reward units).

    Raises:
        ValueError: if ``beta`` is not positive or a log-probability is not finite (the log-ratio of
            a response that one of the two policies cannot give is undefined).

    Source: Rafailov et al. (2023), Eq. (5) without its last term.
    Proved in: language/dpo (thm-dpo-reward).
    """
    checks.broadcastable(logp=logp, logp_ref=logp_ref)
    checks.positive("beta", beta)
    logp = np.asarray(checks.finite("logp", logp))
    logp_ref = np.asarray(checks.finite("logp_ref", logp_ref))
    return beta * (logp - logp_ref)


def dpo_loss(logp_w, logp_l, logp_ref_w, logp_ref_l, beta, label=1.0):
    r"""DPO loss, one entry per pair, not averaged.

    .. math:: -\log\sigma(d), \qquad d = \hat r(y_w) - \hat r(y_l)

    Args:
        logp_w: log-probabilities of the preferred responses under the policy, any shape.
        logp_l: log-probabilities of the rejected responses under the policy.
        logp_ref_w: log-probabilities of the preferred responses under the reference.
        logp_ref_l: log-probabilities of the rejected responses under the reference.
        beta: weight of the KL term, > 0.
        label: probability that the first response is preferred; see :func:`bradley_terry_loss`.

    Returns:
        Losses in nats, in the broadcast shape.

    Raises:
        ValueError: as :func:`implicit_reward` and :func:`bradley_terry_loss`.

    Source: Rafailov et al. (2023), Eq. (7).
    Proved in: language/dpo (thm-dpo-likelihood).
    """
    return bradley_terry_loss(
        implicit_reward(logp_w, logp_ref_w, beta), implicit_reward(logp_l, logp_ref_l, beta), label
    )


def dpo_gradient(logp_w, logp_l, logp_ref_w, logp_ref_l, beta, label=1.0):
    r"""Derivative of the DPO loss with respect to ``logp_w``, one entry per pair.

    .. math:: \frac{\partial L}{\partial\log\pi(y_w)} = -\beta\,(p - \sigma(d)),
       \qquad \frac{\partial L}{\partial\log\pi(y_l)} = -\frac{\partial L}{\partial\log\pi(y_w)}

    At ``label=1`` the factor is :math:`p-\sigma(d) = \sigma(-d)`.

    Args:
        logp_w: as in :func:`dpo_loss`.
        logp_l: as in :func:`dpo_loss`.
        logp_ref_w: as in :func:`dpo_loss`.
        logp_ref_l: as in :func:`dpo_loss`.
        beta: weight of the KL term, > 0.
        label: as in :func:`dpo_loss`.

    Returns:
        Derivatives in the broadcast shape. With a softmax over free logits this is also the
        derivative by the logit of the preferred response: the loss depends on differences only.

    Raises:
        ValueError: as :func:`dpo_loss`.

    Source: Rafailov et al. (2023), Section 4 (gradient of the loss).
    Proved in: language/dpo (thm-dpo-gradient).
    """
    r_w = implicit_reward(logp_w, logp_ref_w, beta)
    r_l = implicit_reward(logp_l, logp_ref_l, beta)
    label = np.asarray(checks.unit_interval("label", label))
    checks.broadcastable(r_w=r_w, r_l=r_l, label=label)
    return -beta * (label - bradley_terry(r_w, r_l))


def dpo_population_loss(logp, logp_ref, preference, weight, beta):
    r"""Expected DPO loss over all pairs of responses and both outcomes of the label.

    .. math:: L(\pi) = \sum_{i,j} w_{ij}\big[-p_{ij}\log\sigma(d_{ij}) - (1-p_{ij})\log\sigma(-d_{ij})\big]

    Args:
        logp: log-probabilities of the policy for all responses, shape [\*batch, K].
        logp_ref: reference log-probabilities, shape [\*batch, K].
        preference: probability that response i is preferred to j, shape [\*batch, K, K].
        weight: probability that the pair (i, j) is shown, shape [\*batch, K, K].
        beta: weight of the KL term, > 0.

    Returns:
        The loss in nats, shape [\*batch].

    Raises:
        ValueError: as :func:`dpo_loss`, or if the weights are not probabilities over the pairs.

    Source: Rafailov et al. (2023), Eq. (7), with the expectation written out.
    Proved in: language/dpo (thm-dpo-population).
    """
    pair = dpo_loss(*_all_pairs(logp), *_all_pairs(logp_ref), beta, preference)
    return (_pair_weights(weight) * pair).sum((-2, -1))


def dpo_population_gradient(logp, logp_ref, preference, weight, beta):
    r"""Gradient of :func:`dpo_population_loss` with respect to ``logp``.

    .. math:: \frac{\partial L}{\partial\log\pi(i)} = \sum_j (w_{ij}g_{ij} - w_{ji}g_{ji}),
       \qquad g_{ij} = -\beta\,(p_{ij} - \sigma(d_{ij}))

    Args:
        logp: as in :func:`dpo_population_loss`.
        logp_ref: as in :func:`dpo_population_loss`.
        preference: as in :func:`dpo_population_loss`.
        weight: as in :func:`dpo_population_loss`.
        beta: weight of the KL term, > 0.

    Returns:
        The gradient, shape [\*batch, K]. It sums to zero, and is also the gradient by the logits of
        a tabular softmax policy.

    Raises:
        ValueError: as :func:`dpo_population_loss`.

    Source: Rafailov et al. (2023), Section 4, with the expectation written out.
    Proved in: language/dpo (thm-dpo-gradient).
    """
    g = dpo_gradient(*_all_pairs(logp), *_all_pairs(logp_ref), beta, preference)
    flow = _pair_weights(weight) * g
    return flow.sum(-1) - flow.sum(-2)


def _responses(r, logp_ref, beta):
    """The checked arguments of everything that enumerates the responses to a prompt."""
    checks.positive("beta", beta)
    checks.broadcastable(r=r, logp_ref=logp_ref)
    checks.probabilities("exp(logp_ref)", np.exp(logp_ref))
    return np.asarray(checks.finite("r", r)), np.asarray(logp_ref)


def _all_pairs(logp):
    """The first and the second response of every ordered pair, ready to broadcast to [*batch, K, K]."""
    logp = np.asarray(logp)
    return logp[..., :, None], logp[..., None, :]


def _pair_weights(weight):
    weight = np.asarray(weight)
    *batch, first, second = weight.shape
    checks.probabilities("weight (pairs flattened)", weight.reshape(*batch, first * second))
    return weight

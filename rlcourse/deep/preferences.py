"""Preferences and the KL-regularized optimum in torch: the twins of `rlcourse.tabular.preferences`.

Dtype and device of the inputs are preserved, and nothing is detached: pass reference
log-probabilities that were computed under ``torch.no_grad()``.
"""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid

from rlcourse import checks

__all__ = [
    "bradley_terry",
    "bradley_terry_loss",
    "dpo_loss",
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

    Gradient: Flows through both rewards.

    Source: Bradley and Terry (1952); Rafailov et al. (2023), Eq. (1).
    Proved in: language/dpo (thm-dpo-cancellation).
    """
    checks.broadcastable(r_w=r_w, r_l=r_l)
    return torch.sigmoid(checks.finite("r_w", r_w) - checks.finite("r_l", r_l))


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

    Gradient: Flows through both rewards, with the factors :math:`-(p-\sigma(d))` and :math:`p-\sigma(d)`.

    Source: Rafailov et al. (2023), Eq. (2), for ``label=1``.
    Proved in: language/dpo (thm-dpo-likelihood).
    """
    checks.broadcastable(r_w=r_w, r_l=r_l, label=label)
    checks.unit_interval("label", label)
    d = checks.finite("r_w", r_w) - checks.finite("r_l", r_l)
    # logsigmoid never overflows: log(sigmoid(d)) is -inf, with a NaN gradient, at d = -1000
    return -label * logsigmoid(d) - (1 - label) * logsigmoid(-d)


def plackett_luce(r):
    r"""Log-probability of a ranking, the rewards being listed from the best place to the last.

    .. math:: \log P(1 \succ 2 \succ \dots \succ K) = \sum_{k=1}^K\Big(r_k - \log\sum_{j\ge k}e^{r_j}\Big)

    Args:
        r: rewards in the order of the ranking, shape [\*batch, K].

    Returns:
        Log-probabilities, shape [\*batch]. A ranking of one response, or of none, has probability 1.

    Raises:
        ValueError: if a reward is not finite.

    Gradient: Flows through every reward.

    Source: Plackett (1975), Luce (1959); Rafailov et al. (2023), Eq. (18).
    Proved in: language/dpo (thm-dpo-plackett).
    """
    checks.finite("r", r)
    remaining = r.flip(-1).logcumsumexp(-1).flip(-1)
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

    Gradient: By ``r`` it is :math:`\pi^*/\beta`.

    Source: Rafailov et al. (2023), Eq. (4).
    Proved in: language/dpo (thm-dpo-gibbs).
    """
    _check_responses(r, logp_ref, beta)
    return torch.logsumexp(logp_ref + r / beta, -1)


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

    Gradient: Flows through ``r`` and ``logp_ref``, the normalization included.

    Source: Rafailov et al. (2023), Eq. (4).
    Proved in: language/dpo (thm-dpo-gibbs).
    """
    _check_responses(r, logp_ref, beta)
    return torch.log_softmax(logp_ref + r / beta, -1)


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

    Gradient:
        The exact gradient by ``logp``, through the weights and through the log-ratio; responses of
        probability 0 get gradient 0.

    Source: Rafailov et al. (2023), Eq. (3).
    Proved in: language/dpo (thm-dpo-one-expectation, thm-dpo-gibbs).
    """
    checks.broadcastable(logp=logp, r=r, logp_ref=logp_ref)
    _check_responses(r, logp_ref, beta)
    p = checks.probabilities("exp(logp)", logp.exp(), atol=1e-4)
    # 0 log 0 = 0. Both where's are needed: -inf inside the unused branch would give NaN gradients
    log_ratio = torch.where(p > 0, torch.where(p > 0, logp, 0) - logp_ref, 0)
    return torch.where(p > 0, p * (r - beta * log_ratio), 0).sum(-1)


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

    Gradient:
        Flows through ``logp``, and through ``logp_ref`` unless the caller computed it under
        ``torch.no_grad()``.

    Source: Rafailov et al. (2023), Eq. (5) without its last term.
    Proved in: language/dpo (thm-dpo-reward).
    """
    checks.broadcastable(logp=logp, logp_ref=logp_ref)
    checks.positive("beta", beta)
    return beta * (checks.finite("logp", logp) - checks.finite("logp_ref", logp_ref))


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

    Gradient: :math:`-\beta(p-\sigma(d))` by ``logp_w`` and the opposite by ``logp_l``.

    Source: Rafailov et al. (2023), Eq. (7).
    Proved in: language/dpo (thm-dpo-likelihood).
    """
    return bradley_terry_loss(
        implicit_reward(logp_w, logp_ref_w, beta), implicit_reward(logp_l, logp_ref_l, beta), label
    )


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

    Gradient: By ``logp``: the closed form of `rlcourse.tabular.preferences.dpo_population_gradient`.

    Source: Rafailov et al. (2023), Eq. (7), with the expectation written out.
    Proved in: language/dpo (thm-dpo-population).
    """
    checks.probabilities("weight (pairs flattened)", weight.flatten(-2), atol=1e-4)
    pair = dpo_loss(
        logp[..., :, None], logp[..., None, :], logp_ref[..., :, None], logp_ref[..., None, :], beta, preference
    )
    return (weight * pair).sum((-2, -1))


def _check_responses(r, logp_ref, beta):
    """Check the arguments of everything that enumerates the responses to a prompt."""
    checks.positive("beta", beta)
    checks.broadcastable(r=r, logp_ref=logp_ref)
    checks.finite("r", r)
    # float32 log-probabilities near -10 carry errors of 1e-6 into the sum
    checks.probabilities("exp(logp_ref)", logp_ref.detach().exp(), atol=1e-4)

r"""Policy-gradient loss and baselines in torch. What is detached is said at each function.

The tabular module sums scores; here the same sum holds log-probabilities and autograd takes the score.
"""

from __future__ import annotations

import torch

from rlcourse import checks

__all__ = [
    "batch_mean_baseline",
    "leave_one_out_baseline",
    "optimal_baseline",
    "policy_gradient_loss",
]


def policy_gradient_loss(logp, adv, mask=None, gamma=1.0):
    r"""Loss whose gradient is minus the policy gradient, averaged over episodes.

    .. math:: L = -\frac1N \sum_{i} \sum_t \gamma^t \, \log\pi(a_{i,t}\mid s_{i,t}) \; \mathrm{sg}[\hat A_{i,t}]

    Only the gradient means something: the value of L is no objective and need not fall during learning.

    Args:
        logp: log-probabilities of the actions taken, shape ``[*batch, T]``, nats; the first step has t = 0.
        adv: weights, same shape, reward units.
        mask: bool, same shape, True at real steps; what stands elsewhere never counts.
        gamma: discount of the time of the action, in [0, 1]. Most deep implementations leave it at 1 even
            where the returns are discounted; the direction is then not the gradient of the discounted objective.

    Returns:
        A scalar in the dtype of ``logp``.

    Raises:
        ValueError: shapes do not broadcast, or ``gamma`` lies outside [0, 1].
        TypeError: ``mask`` is not boolean.

    Gradient: flows through ``logp`` only. ``adv`` is detached, also where it is computed by a network from the
    same parameters; without the detach the loss would also move the advantage itself.
    Bias: none if :math:`E[\hat A_t \mid s_t, a_t] = Q_t(s_t, a_t) - b_t(s_t)`, and the actions were drawn from
    the policy that ``logp`` belongs to.
    Source: Williams (1992); Sutton et al. (1999). Proved in: policies/baselines (thm-baseline-gradient).
    """
    checks.unit_interval("gamma", gamma)
    checks.broadcastable(logp=logp, adv=adv)
    adv = adv.detach()
    if mask is not None:
        checks.boolean("mask", mask)
        # both factors: 0 * inf at padding would be NaN, in the value or in the gradient
        logp, adv = torch.where(mask, logp, 0), torch.where(mask, adv, 0)
    discount = gamma ** torch.arange(logp.shape[-1], dtype=logp.dtype, device=logp.device)
    return -(discount * adv * logp).sum(dim=-1).mean()


def batch_mean_baseline(G):
    r"""The mean of all N returns, for each of them: :math:`b_i = \frac1N \sum_j G_j`.

    Args:
        G: returns of N independent samples of the same situation, shape ``[*batch, N]``.

    Returns:
        Baselines, same shape.

    Gradient: flows through ``G``; :func:`policy_gradient_loss` detaches it.
    Bias: :math:`b_i` contains :math:`G_i`; the expected gradient shrinks by the factor :math:`(N-1)/N`.
    Proved in: policies/baselines (thm-batch-mean).
    """
    return G.mean(dim=-1, keepdim=True).expand_as(G) if G.numel() else G


def leave_one_out_baseline(G):
    r"""For each sample the mean of the others: :math:`b_i = \frac1{N-1} \sum_{j \ne i} G_j`.

    Args:
        G: returns of N >= 2 independent samples of the same situation, shape ``[*batch, N]``.

    Returns:
        Baselines, same shape.

    Raises:
        ValueError: fewer than two samples.

    Gradient: flows through ``G``; :func:`policy_gradient_loss` detaches it.
    Bias: none, because :math:`b_i` is independent of sample i.
    Source: Mnih and Rezende (2016); Kool et al. (2019). Proved in: policies/baselines (thm-leave-one-out).
    """
    n = G.shape[-1]
    if n < 2:
        raise ValueError(f"G: expected at least 2 samples along the last axis, got shape {tuple(G.shape)}")
    return (G.sum(dim=-1, keepdim=True) - G) / (n - 1)


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

    Gradient: flows through all arguments; :func:`policy_gradient_loss` detaches it.
    Bias: none with exact probabilities; biased when estimated from the samples that it is then used on.
    Source: Greensmith et al. (2004); Peters and Schaal (2008). Proved in: policies/baselines
    (thm-optimal-baseline, thm-optimal-vector).
    """
    checks.broadcastable(score=score[..., 0], G=G)
    if probability is None:
        probability = torch.full_like(G, 1 / G.shape[-1])
    else:
        checks.probabilities("probability", probability)
    square = score**2 if per_component else (score**2).sum(dim=-1, keepdim=True)
    weight = probability[..., None] * square
    total = weight.sum(dim=-2)
    safe = torch.where(total > 0, total, 1)
    b = (weight * G[..., None]).sum(dim=-2) / safe
    return b if per_component else b[..., 0]

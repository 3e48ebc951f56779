"""KL divergences: exact, estimated from samples, and as a penalty with a chosen gradient, in torch.

Same names and notation as ``rlcourse.tabular.kl``: samples come from ``p``, ``logp`` and ``logq`` are
log-probabilities in nats, ``r = q/p``. Dtype and device are kept. Gradients of the divergences and
estimators flow through both arguments; they are the derivative of the returned number for the samples at
hand and know nothing about how these were drawn. :func:`penalty` is the function to train with: it says what is
detached.
"""

from __future__ import annotations

import math

import torch

from rlcourse import checks

__all__ = [
    "controlled",
    "forward_k1",
    "forward_k3",
    "k1",
    "k2",
    "k3",
    "kl",
    "optimal_coefficient",
    "penalty",
    "rao_blackwell_kl",
    "sequence_kl",
]


def kl(logp, logq):
    r"""Exact divergence KL(p || q) of distributions along the last axis.

    .. math:: KL(p\Vert q) = \sum_a p(a)\,[\log p(a) - \log q(a)]

    Args:
        logp: log-probabilities of the first distribution, shape ``[*batch, n]``, nats.
        logq: log-probabilities of the second, broadcastable to the same shape.

    Returns:
        Divergences in nats, shape ``[*batch]``; ``inf`` where ``q`` misses an outcome of ``p``.

    Raises:
        ValueError: ``exp(logp)`` or ``exp(logq)`` does not sum to 1, or the shapes do not broadcast.

    Gradient: exact, through both arguments; 0 (not NaN) at outcomes with ``logp = -inf``.
    Source: Cover and Thomas (2006), eq. 2.26. Proved in: language/kl_estimators (thm-kl-nonnegative).
    """
    logp, logq = _distributions(logp, logq)
    p = logp.exp()
    # both sides are replaced before the subtraction: -inf in an unused branch would still make NaN gradients
    seen = p > 0
    return (p * (torch.where(seen, logp, 0) - torch.where(seen, logq, 0))).sum(dim=-1)


def k1(logp, logq):
    """Plain estimator of KL(p || q) from samples of p: ``-log r``.

    Args:
        logp: log-probability of the sample under the sampling distribution p, any shape, nats.
        logq: log-probability of the same sample under q, nats.

    Returns:
        One estimate per sample, of either sign, in nats.

    Raises:
        ValueError: a sample is impossible under p, or the shapes do not broadcast.

    Gradient: the score of p, whose mean is 0: no signal as a loss (thm-kl-gradients).
    Bias: none. Source: Schulman (2020). Proved in: language/kl_estimators (thm-kl-values).
    """
    return -_log_ratio(logp, logq)


def k2(logp, logq):
    """Half the squared log-ratio, ``log(r)^2 / 2``, from samples of p.

    Args and raises as in :func:`k1`.

    Returns:
        One non-negative value per sample, in nats squared.

    Gradient: ``k1 * score``, whose mean is the gradient of KL(p || q) (thm-kl-gradients).
    Bias: ``E[k2]`` is not KL(p || q); both are ``chi^2 / 2`` to second order near ``p = q``.
    Source: Schulman (2020). Proved in: language/kl_estimators (thm-kl-values, thm-kl-gaussian).
    """
    return 0.5 * _log_ratio(logp, logq) ** 2


def k3(logp, logq):
    """Non-negative estimator of KL(p || q) from samples of p: ``r - 1 - log r``.

    Args and raises as in :func:`k1`.

    Returns:
        One non-negative estimate per sample, in nats.

    Gradient: ``(1 - r) * score``, whose mean is the gradient of the other direction, KL(q || p)
    (thm-kl-gradients).
    Bias: none if p covers the support of q; otherwise low by the mass of q that p misses.
    Source: Schulman (2020). Proved in: language/kl_estimators (thm-kl-values, thm-kl-support).
    """
    return controlled(logp, logq, 1.0)


def controlled(logp, logq, coefficient):
    """k1 with the control variate ``r - 1``: ``-log r + coefficient * (r - 1)``.

    Coefficient 0 is :func:`k1`, 1 is :func:`k3`, and :func:`optimal_coefficient` gives the least variance.

    Args:
        logp, logq: as in :func:`k1`.
        coefficient: weight of the control variate, broadcastable.

    Returns:
        One estimate of KL(p || q) per sample, in nats.

    Gradient: ``(1 - coefficient * r) * score``.
    Bias: none if p covers the support of q, for every fixed coefficient.
    Source: Owen (2013), section 8.9. Proved in: language/kl_estimators (thm-kl-control).
    """
    log_ratio = _log_ratio(logp, logq)
    return coefficient * torch.expm1(log_ratio) - log_ratio


def optimal_coefficient(logp, logq):
    r"""The coefficient of :func:`controlled` with the least variance.

    .. math:: \lambda^* = \frac{KL(p\Vert q) + KL(q\Vert p)}{\chi^2(q\Vert p)}

    Args:
        logp, logq: log-probabilities of all outcomes, shape ``[*batch, n]``, nats, with equal supports.

    Returns:
        Coefficients, shape ``[*batch]``; 1 where ``p = q`` (the limit; every coefficient is optimal there).

    Raises:
        ValueError: the supports differ (the variance is then infinite, or ``r - 1`` has not mean 0).

    Gradient: none; the coefficient is a constant of the estimator, so both arguments are detached.
    Source: Owen (2013), section 8.9. Proved in: language/kl_estimators (thm-kl-control).
    """
    logp, logq = (x.detach() for x in _distributions(logp, logq))
    p, q = logp.exp(), logq.exp()
    seen = p > 0
    differ = seen != (q > 0)
    if differ.any():
        index = tuple(differ.nonzero()[0].tolist())
        raise ValueError(
            f"logp and logq have different supports, first at index {index}: expected both finite or both "
            f"-inf, got {logp[index]:g} and {logq[index]:g}; use the same truncation (top-k, top-p) for both"
        )
    log_ratio = torch.where(seen, logq - logp, 0)
    jeffreys = ((q - p) * log_ratio).sum(dim=-1)
    chi2 = torch.where(seen, (q - p) ** 2 / p, 0).sum(dim=-1)
    return torch.where(chi2 > 0, jeffreys / chi2, 1)


def forward_k1(logp, logq):
    """Plain estimator of the other direction, KL(q || p), still from samples of p: ``r log r``.

    Args and raises as in :func:`k1`.

    Returns:
        One estimate per sample, of either sign, in nats; 0 where ``r = 0``.

    Gradient: ``-r (1 + log r) * score``.
    Bias: none if p covers the support of q. Proved in: language/kl_estimators (thm-kl-forward).
    """
    log_ratio = _log_ratio(logp, logq)
    return log_ratio.exp() * torch.where(log_ratio > -math.inf, log_ratio, 0)


def forward_k3(logp, logq):
    """Non-negative estimator of KL(q || p) from samples of p: ``r log r - (r - 1)``.

    Args and raises as in :func:`k1`.

    Returns:
        One non-negative estimate per sample, in nats; 1 where ``r = 0``.

    Gradient: ``-r log r * score``.
    Bias: none if p covers the support of q. Proved in: language/kl_estimators (thm-kl-forward).
    """
    return forward_k1(logp, logq) - torch.expm1(_log_ratio(logp, logq))


def penalty(logp, logq, logp_old=None, *, estimator="k1", mode="ratio"):
    r"""KL penalty per sample: one value, five gradients.

    With :math:`\rho = p/p_{old}` (value 1 if ``logp_old`` is ``None``) and sg the stop-gradient:

    =================== =================== ===========================================================
    mode                returned            expected gradient with k1, k2, k3
    =================== =================== ===========================================================
    ``value``           sg(rho k)           none
    ``loss``            k                   0,        grad KL(p||q),  grad KL(q||p)
    ``detached_ratio``  sg(rho) k           0,        grad KL(p||q),  grad KL(q||p)
    ``reward``          rho sg(k)           grad KL,  wrong,          grad KL(p||q) - grad KL(q||p)
    ``ratio``           rho k               grad KL,  grad E[k2],     grad KL(p||q)
    =================== =================== ===========================================================

    By the product rule the gradient of ``ratio`` is the sum of those of ``detached_ratio`` and ``reward``.

    Args:
        logp: log-probability of the sample under the policy, with gradient, any shape, nats. For token
            sequences pass the sum over tokens: per token the visited prefixes would stay frozen.
        logq: the same under the reference; detached.
        logp_old: the same under the distribution the samples came from; detached. ``None``: the policy.
        estimator: ``"k1"``, ``"k2"`` or ``"k3"``.
        mode: what the gradient flows through.

    Returns:
        One number per sample, to be averaged over samples of ``p_old`` and added to a loss.

    Raises:
        ValueError: an unknown estimator or mode, or ``loss`` with ``logp_old`` (it has no ratio to use it in).

    Source: Tang and Munos (2025), arXiv:2506.09477. Proved in: language/kl_estimators (thm-kl-gradients).
    """
    if mode not in ("value", "loss", "detached_ratio", "reward", "ratio"):
        raise ValueError(f"mode: expected value, loss, detached_ratio, reward or ratio, got {mode!r}")
    if mode == "loss" and logp_old is not None:
        raise ValueError("mode 'loss' has no ratio: leave out logp_old, or choose mode 'detached_ratio'")
    sampler = logp if logp_old is None else logp_old
    rho = _log_ratio(sampler.detach(), logp).exp()
    k = _estimator(estimator)(logp, logq.detach())
    if mode in ("value", "loss", "detached_ratio"):
        rho = rho.detach()
    if mode in ("value", "reward"):
        k = k.detach()
    return rho * k


def sequence_kl(logp, logq, mask=None, *, estimator="k1", per_token=False):
    """Estimate of the sequence-level KL(p || q), one number per sampled token sequence.

    ``per_token=False`` adds the token log-probabilities first and applies the estimator to the sequence;
    ``per_token=True`` applies it to every token and adds the results. For k1 the two are equal. For k3 they
    have the same mean and different values; for k2 not even the same mean.

    Args:
        logp, logq: log-probabilities of the sampled tokens, shape ``[*batch, T]``, nats.
        mask: bool, shape ``[*batch, T]``, True where a token is real; padding never counts. ``None``: all real.
        estimator: ``"k1"``, ``"k2"`` or ``"k3"``.
        per_token: order of estimator and sum, see above.

    Returns:
        Shape ``[*batch]``, nats.

    Raises:
        ValueError: a real token is impossible under p, an unknown estimator, shapes that do not broadcast.
        TypeError: ``mask`` is not boolean.

    Gradient: through both arguments for the tokens at hand; exactly 0 at padding.
    Proved in: language/kl_estimators (thm-kl-chain, thm-kl-tokens).
    """
    estimate = _estimator(estimator)
    logp, logq = _masked(mask, logp, logq)
    if per_token:
        return estimate(logp, logq).sum(dim=-1)
    return estimate(logp.sum(dim=-1), logq.sum(dim=-1))


def rao_blackwell_kl(logp_all, logq_all, mask=None):
    r"""Estimate of the sequence-level KL(p || q) that uses the whole next-token distribution.

    .. math:: \sum_t KL\big(p(\cdot\mid y_{<t})\,\Vert\,q(\cdot\mid y_{<t})\big), \qquad y \sim p

    Args:
        logp_all, logq_all: next-token log-probabilities along the sampled sequence, ``[*batch, T, n]``, nats.
        mask: bool, shape ``[*batch, T]``, True where a token was sampled. ``None``: everywhere.

    Returns:
        Shape ``[*batch]``, nats, never negative.

    Raises:
        ValueError: a row at a real position does not sum to 1, or shapes do not broadcast.
        TypeError: ``mask`` is not boolean.

    Gradient: exact for the next token at every visited prefix, 0 at padding. The visited prefixes are frozen,
    so that its mean is the gradient of the sequence KL without the change of the prefixes (thm-kl-frozen).
    Bias: none.
    Variance: each term's is at most that of the sampled log-ratio that it replaces. The sum's is usually below that
    of ``sequence_kl(..., estimator="k1")``, but not always (fact-kl-rao-blackwell).
    Source: Amini et al. (2025). Proved in: language/kl_estimators (thm-kl-chain, thm-kl-rao-blackwell).
    """
    if mask is not None:
        checks.boolean("mask", mask)
        uniform = -math.log(logp_all.shape[-1])
        real = mask[..., None]
        logp_all, logq_all = torch.where(real, logp_all, uniform), torch.where(real, logq_all, uniform)
    return kl(logp_all, logq_all).sum(dim=-1)


def _log_ratio(logp, logq):
    """``log(q/p)`` of samples from p."""
    checks.broadcastable(logp=logp, logq=logq)
    impossible = ~(logp.detach() > -math.inf)
    if impossible.any():
        index = tuple(impossible.nonzero()[0].tolist())
        raise ValueError(
            f"logp at index {index} is {logp[index]:g}: expected a finite log-probability, because the sample was "
            "drawn from p; likely the sampler and the scorer use different truncation, or padding is not masked"
        )
    return logq - logp


def _distributions(logp, logq):
    """Both tensors in one shape, each checked to hold log-probabilities along the last axis."""
    checks.broadcastable(logp=logp, logq=logq)
    for name, x in (("exp(logp)", logp), ("exp(logq)", logq)):
        checks.probabilities(name, x.detach().exp(), atol=1e-4)
    return torch.broadcast_tensors(logp, logq)


def _estimator(name):
    estimators = {"k1": k1, "k2": k2, "k3": k3}
    if name not in estimators:
        raise ValueError(f"estimator: expected 'k1', 'k2' or 'k3', got {name!r}")
    return estimators[name]


def _masked(mask, logp, logq):
    """Token log-probabilities with 0 at padding, where ``r = 1`` and every estimator is 0."""
    if mask is None:
        return logp, logq
    checks.boolean("mask", mask)
    checks.broadcastable(logp=logp, logq=logq, mask=mask)
    return torch.where(mask, logp, 0), torch.where(mask, logq, 0)

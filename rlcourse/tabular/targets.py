"""Exact mean and variance of the targets of prediction, for a policy and any values to bootstrap from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.scan import coefficient
from rlcourse.tabular.mdp import MDP, policy_chain
from rlcourse.tabular.resolvent import discounted_sums

__all__ = ["TargetMoments", "lambda_return_moments", "n_step_moments"]


class TargetMoments(NamedTuple):
    """Mean and variance of a target given the state that it starts from, ``[S]`` each; 0 in terminal states."""

    mean: np.ndarray
    variance: np.ndarray


def n_step_moments(mdp: MDP, pi, v, n: int) -> TargetMoments:
    r"""Moments of the n-step return, by n steps backward from the values.

    .. math:: m_n(s) = E[r + \gamma\, m_{n-1}(s')], \qquad
              w_n(s) = \mathrm{Var}[r + \gamma\, m_{n-1}(s')] + \gamma^2 E[w_{n-1}(s')], \qquad m_0 = V,\ w_0 = 0

    Args:
        mdp: the decision process; the reward of a step is ``mdp.rewards[s, a, s_next]``.
        pi: policy, ``[S, A]``.
        v: values to bootstrap from, ``[S]``, reward units; those of terminal states are not read.
        n: number of steps, at least 1; 1 gives the target of TD(0). The time is proportional to n, until the moments
            do not change any more.

    Returns:
        Mean and variance, reward units and their square.

    Raises:
        ValueError: n is not a positive whole number, or v or pi does not fit.

    Proved in: values/monte_carlo_td (thm-td0-moments).
    """
    n = checks.whole("n", n, 1)
    policy_chain(mdp, pi)  # checks pi
    s, r, s_next, p = _outcomes(mdp, pi)
    moments = TargetMoments(_values(mdp, v), np.zeros(mdp.n_states))
    for _ in range(n):
        before, (m, w) = moments, moments
        target = r + mdp.gamma * m[s_next]
        m = np.bincount(s, p * target, len(m))
        moments = TargetMoments(m, np.bincount(s, p * ((target - m[s]) ** 2 + mdp.gamma**2 * w[s_next]), len(m)))
        if np.array_equal(moments, before):
            break
    return moments


def lambda_return_moments(mdp: MDP, pi, v, lam: float) -> TargetMoments:
    r"""Moments of the lambda-return of complete episodes, by two linear systems.

    With :math:`\rho = r + \gamma(1-\lambda) V(s')` and :math:`c = \gamma\lambda`, the return is
    :math:`G^\lambda_t = \rho_t + c\, G^\lambda_{t+1}`, so that

    .. math:: m(s) = E[\rho + c\, m(s')], \qquad w(s) = \mathrm{Var}[\rho + c\, m(s')] + c^2 E[w(s')]

    Args:
        mdp: the decision process; the reward of a step is ``mdp.rewards[s, a, s_next]``.
        pi: policy, ``[S, A]``; if ``gamma * lam`` is 1 it must end from every state.
        v: values to bootstrap from, ``[S]``, reward units; those of terminal states are not read.
        lam: weight in [0, 1]; 1 gives the Monte Carlo return.

    Returns:
        Mean and variance, reward units and their square.

    Raises:
        ValueError: lam is outside [0, 1]; v or pi does not fit; or gamma and lam are 1 and the policy does not end
            from every state, or hardly ever (the message names one, see
            :func:`rlcourse.tabular.resolvent.discounted_sums`).

    Proved in: values/monte_carlo_td (thm-td0-moments).
    """
    v, P = _values(mdp, v), policy_chain(mdp, pi).P
    c = mdp.gamma * coefficient("lam", lam)
    s, r, s_next, p = _outcomes(mdp, pi)
    target = r + (mdp.gamma - c) * v[s_next]
    m = discounted_sums(P, c, mdp.terminal, np.bincount(s, p * target, len(v)))
    target += c * m[s_next]
    w = discounted_sums(P, c**2, mdp.terminal, np.bincount(s, p * (target - m[s]) ** 2, len(v)))
    return TargetMoments(m, np.maximum(w, 0))


def _values(mdp: MDP, v) -> np.ndarray:
    v = np.asarray(checks.finite("v", v), float)
    if v.shape != (mdp.n_states,):
        raise ValueError(f"v has shape {v.shape}; expected one value per state, ({mdp.n_states},)")
    return np.where(mdp.terminal, 0.0, v)


def _outcomes(mdp: MDP, pi):
    """What a step can lead to, outside the terminal states: (s, r, s_next, probability), one entry per outcome."""
    law = sparse.coo_array(mdp.P if mdp.is_sparse else mdp.P.reshape(-1, mdp.n_states))
    pair, s_next = law.coords
    p = np.where(mdp.terminal[:, None], 0.0, pi).ravel()[pair] * law.data
    kept = np.flatnonzero(p)
    (s, a), s_next = np.divmod(pair[kept], mdp.n_actions), s_next[kept]
    return s, mdp.rewards[s, a, s_next], s_next, p[kept]

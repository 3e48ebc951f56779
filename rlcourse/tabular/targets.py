"""Exact mean and variance of the targets of prediction, for a policy and any values to bootstrap from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import linalg as sparse_linalg

from rlcourse import checks
from rlcourse.tabular.absorption import hitting_probabilities
from rlcourse.tabular.markov import MarkovChain
from rlcourse.tabular.mdp import MDP, policy_chain

__all__ = ["TargetMoments", "lambda_return_moments", "n_step_moments"]


class TargetMoments(NamedTuple):
    """Mean and variance of a target given the state that it starts from, ``[S]`` each; 0 in terminal states."""

    mean: np.ndarray
    variance: np.ndarray


def n_step_moments(mdp: MDP, pi, v, n: int) -> TargetMoments:
    r"""Moments of the n-step return, by n steps backward from the values.

    .. math:: m_n(s) = E[r + \gamma\, m_{n-1}(s')], \qquad
              k_n(s) = E[r^2 + 2 \gamma\, r\, m_{n-1}(s') + \gamma^2 k_{n-1}(s')], \qquad m_0 = V,\ k_0 = V^2

    Args:
        mdp: the decision process; the reward of a step is taken to be ``R[s, a]``.
        pi: policy, ``[S, A]``.
        v: values to bootstrap from, ``[S]``; those of terminal states are not read.
        n: number of steps, at least 1; 1 gives the target of TD(0).

    Returns:
        Mean and variance, reward units and their square.

    Raises:
        ValueError: n is not a positive integer, or v or pi does not fit.

    Proved in: values/monte_carlo_td (thm-td0-moments).
    """
    if int(n) != n or n < 1:
        raise ValueError(f"n is {n}; expected a whole number of steps, at least 1")
    policy_chain(mdp, pi)  # checks pi
    m = _values(mdp, v)
    k = m**2
    for _ in range(int(n)):
        m, k = _step(mdp, pi, 0 * m, m, k, mdp.gamma)
    return TargetMoments(m, np.maximum(k - m**2, 0))


def lambda_return_moments(mdp: MDP, pi, v, lam: float) -> TargetMoments:
    r"""Moments of the lambda-return of complete episodes, by two linear systems.

    With :math:`\rho = r + \gamma(1-\lambda) V(s')` and :math:`c = \gamma\lambda`, the return is
    :math:`G^\lambda_t = \rho_t + c\, G^\lambda_{t+1}`, so that

    .. math:: m(s) = E[\rho + c\, m(s')], \qquad k(s) = E[\rho^2 + 2 c\, \rho\, m(s') + c^2 k(s')]

    Args:
        mdp: the decision process; the reward of a step is taken to be ``R[s, a]``.
        pi: policy, ``[S, A]``; if ``gamma * lam`` is 1 it must end from every state.
        v: values to bootstrap from, ``[S]``; those of terminal states are not read.
        lam: weight in [0, 1]; 1 gives the Monte Carlo return.

    Returns:
        Mean and variance, reward units and their square.

    Raises:
        ValueError: lam is outside [0, 1]; v or pi does not fit; or ``gamma * lam = 1`` and the policy does not end from
            every state (the message names one).

    Proved in: values/monte_carlo_td (thm-td0-moments).
    """
    chain, v = policy_chain(mdp, pi), _values(mdp, v)
    c = mdp.gamma * float(checks.unit_interval("lam", lam))
    if c == 1:
        _check_proper(mdp, chain)
    ahead = (mdp.gamma - c) * v
    known, _ = _step(mdp, pi, ahead, 0 * v, 0 * v, c)
    m = _resolve(mdp, chain, known, c)
    _, known = _step(mdp, pi, ahead, m, 0 * v, c)
    return TargetMoments(m, np.maximum(_resolve(mdp, chain, known, c**2) - m**2, 0))


def _values(mdp: MDP, v) -> np.ndarray:
    v = np.asarray(checks.finite("v", v), float)
    if v.shape != (mdp.n_states,):
        raise ValueError(f"v has shape {v.shape}; expected one value per state, ({mdp.n_states},)")
    return np.where(mdp.terminal, 0.0, v)


def _step(mdp: MDP, pi, ahead, m, k, c):
    """Moments of ``r + ahead(s') + c X`` where X has the moments m(s') and k(s'); 0 in terminal states."""
    r = mdp.R
    first = r + mdp.expect(ahead + c * m)
    second = r**2 + 2 * r * mdp.expect(ahead + c * m) + mdp.expect(ahead**2 + 2 * c * ahead * m + c**2 * k)
    return (np.where(mdp.terminal, 0.0, (pi * x).sum(axis=1)) for x in (first, second))


def _check_proper(mdp: MDP, chain: MarkovChain) -> None:
    ending = np.zeros(mdp.n_states)
    if mdp.terminal.any():
        ending = hitting_probabilities(chain, np.flatnonzero(mdp.terminal))
    for s in np.flatnonzero(ending < 1):
        raise ValueError(f"gamma and lam are 1 and from state {s} an episode need not end: no return to speak of")


def _resolve(mdp: MDP, chain: MarkovChain, known, c) -> np.ndarray:
    """Solution of ``x = known + c P_pi x`` that is 0 in the terminal states."""
    going = np.flatnonzero(~mdp.terminal)
    inside = chain.P[going][:, going]
    x = np.zeros(mdp.n_states)
    if sparse.issparse(inside):
        system = sparse.csc_array(sparse.eye_array(len(going)) - c * inside)
        x[going] = sparse_linalg.spsolve(system, known[going])
    else:
        x[going] = linalg.solve(np.eye(len(going)) - c * inside, known[going])
    return x

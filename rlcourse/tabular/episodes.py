"""Episodes of at most so many actions: all of them with their probabilities, and values that depend on the time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlcourse import checks
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.transitions import checked_laws

__all__ = ["Episodes", "enumerate_episodes", "finite_horizon_values"]


class Episodes(NamedTuple):
    """Episodes of unequal length in arrays of shape ``[N, T]``; ``mask`` is True at real steps.

    ``s[n, t]`` is the state before action ``a[n, t]``, ``r[n, t]`` the reward after it and ``s_next[n, t]`` the
    state that it leads to. Padding holds zeros. ``probability[n]`` is the probability of episode n.
    """

    s: np.ndarray
    a: np.ndarray
    r: np.ndarray
    s_next: np.ndarray
    mask: np.ndarray
    probability: np.ndarray


def enumerate_episodes(mdp: MDP, pi, horizon: int) -> Episodes:
    r"""Every episode that has positive probability under a policy, with its probability.

    .. math:: \Pr(\tau) = \mu(s_0) \prod_t \pi_t(a_t \mid s_t)\, P(s_{t+1} \mid s_t, a_t)

    Expectations over the result are exact: they are sums, not samples. The number of episodes grows
    exponentially with the horizon, so this is for small problems.

    Args:
        mdp: the decision process, dense.
        pi: policy, ``[S, A]``, or ``[T, S, A]`` if it depends on the time.
        horizon: largest number of actions, T; an episode ends before in a terminal state.

    Returns:
        All episodes; their probabilities add up to 1.

    Raises:
        ValueError: the policy has another shape, one of its rows is not a law, the horizon is not a positive
            whole number, or P is sparse.

    Proved in: foundations/mdp (thm-mdp-trajectory).
    """
    pi = _policies(mdp, pi, horizon)
    horizon = len(pi)
    if mdp.is_sparse:
        raise ValueError("mdp.P is sparse; expected a small dense problem, whose episodes can be listed")
    found: list[tuple[list, float]] = []

    def extend(s: int, steps: list, probability: float) -> None:
        t = len(steps)
        if mdp.terminal[s] or t == horizon:
            found.append((steps, probability))
            return
        for a in np.flatnonzero(pi[t, s]):
            for s_next in np.flatnonzero(mdp.P[s, a]):
                step = (s, a, mdp.rewards[s, a, s_next], s_next, True)
                extend(s_next, [*steps, step], probability * pi[t, s, a] * mdp.P[s, a, s_next])

    for s in np.flatnonzero(mdp.start):
        extend(s, [], mdp.start[s])
    shape = (len(found), horizon)
    columns = [np.zeros(shape, kind) for kind in (int, int, float, int, bool)]
    for n, (steps, _) in enumerate(found):
        for t, step in enumerate(steps):
            for column, entry in zip(columns, step, strict=True):
                column[n, t] = entry
    return Episodes(*columns, np.array([probability for _, probability in found]))


def finite_horizon_values(mdp: MDP, pi, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Exact values of a policy that acts at most T times, by backward induction.

    .. math:: Q_t(s, a) = R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, V_{t+1}(s'),
              \qquad V_t(s) = \sum_a \pi_t(a \mid s)\, Q_t(s, a), \qquad V_T = 0

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``, or ``[T, S, A]`` if it depends on the time.
        horizon: number of actions T.

    Returns:
        ``q`` of shape ``[T, S, A]`` and ``v`` of shape ``[T + 1, S]``, reward units, zero in terminal
        states. The mean return is ``mdp.start @ v[0]``.

    Raises:
        ValueError: the policy has another shape, one of its rows is not a law, or the horizon is not a positive
            whole number.

    Source: Puterman (1994), section 4.2. Proved in: foundations/mdp (thm-mdp-finite-horizon).
    """
    pi = _policies(mdp, pi, horizon)
    horizon = len(pi)
    q = np.zeros(pi.shape)
    v = np.zeros((horizon + 1, mdp.n_states))
    for t in reversed(range(horizon)):
        q[t] = mdp.R + mdp.gamma * mdp.expect(v[t + 1])
        v[t] = (pi[t] * q[t]).sum(axis=1)
    return q, v


def _policies(mdp: MDP, pi, horizon: int) -> np.ndarray:
    """The policy of every time, ``[T, S, A]``."""
    shape = (checks.whole("horizon", horizon, 1), *mdp.R.shape)
    if np.shape(pi) not in (shape, mdp.R.shape):
        raise ValueError(f"pi: expected shape {mdp.R.shape}, or {shape} with the time first, got {np.shape(pi)}")
    return np.broadcast_to(checked_laws("pi", pi), shape)

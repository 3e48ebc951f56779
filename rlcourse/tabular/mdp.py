"""Small episodic decision problems as arrays, and everything exact about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rlcourse import checks

__all__ = ["Episodes", "EpisodicMDP", "enumerate_episodes", "values"]


@dataclass(frozen=True)
class EpisodicMDP:
    """A decision problem whose episodes end at a terminal state or after ``horizon`` actions.

    Attributes:
        P: transition probabilities, shape ``[S, A, S]``; rows of terminal states are never used.
        R: reward of action a in state s, shape ``[S, A]``, reward units.
        start: probabilities of the first state, shape ``[S]``.
        terminal: bool, shape ``[S]``; no action is taken in a terminal state.
        horizon: largest number of actions.
        gamma: discount in [0, 1].

    Raises:
        ValueError: a probability, the discount or a shape is wrong; a reward is not finite.
        TypeError: ``terminal`` is not boolean.
    """

    P: np.ndarray
    R: np.ndarray
    start: np.ndarray
    terminal: np.ndarray
    horizon: int
    gamma: float = 1.0

    def __post_init__(self) -> None:
        states, actions = self.R.shape
        for name, want in (("P", (states, actions, states)), ("start", (states,)), ("terminal", (states,))):
            if np.shape(getattr(self, name)) != want:
                raise ValueError(
                    f"{name}: expected shape {want} for R of shape {self.R.shape}, got {np.shape(getattr(self, name))}"
                )
        checks.probabilities("P", self.P)
        checks.probabilities("start", self.start)
        checks.finite("R", self.R)
        checks.boolean("terminal", self.terminal)
        checks.unit_interval("gamma", self.gamma)
        if self.horizon < 1:
            raise ValueError(f"horizon is {self.horizon}; expected at least one action")


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


def enumerate_episodes(mdp: EpisodicMDP, pi: np.ndarray) -> Episodes:
    """Every episode that has positive probability under a policy, with its probability.

    Expectations over the result are exact: they are sums, not samples. The number of episodes grows
    exponentially with the horizon, so this is for small problems.

    Args:
        mdp: the decision problem.
        pi: policy, shape ``[S, A]``.

    Returns:
        All episodes; their probabilities add up to 1.

    Raises:
        ValueError: a row of ``pi`` is not a probability vector.
    """
    checks.probabilities("pi", pi)
    found: list[tuple[list, float]] = []

    def extend(s: int, steps: list, probability: float) -> None:
        if mdp.terminal[s] or len(steps) == mdp.horizon:
            found.append((steps, probability))
            return
        for a in np.flatnonzero(pi[s]):
            for s_next in np.flatnonzero(mdp.P[s, a]):
                step = (s, a, mdp.R[s, a], s_next, True)
                extend(s_next, [*steps, step], probability * pi[s, a] * mdp.P[s, a, s_next])

    for s in np.flatnonzero(mdp.start):
        extend(s, [], mdp.start[s])
    shape = (len(found), mdp.horizon)
    columns = [np.zeros(shape, kind) for kind in (int, int, float, int, bool)]
    for n, (steps, _) in enumerate(found):
        for t, step in enumerate(steps):
            for column, entry in zip(columns, step, strict=True):
                column[n, t] = entry
    return Episodes(*columns, np.array([probability for _, probability in found]))


def values(mdp: EpisodicMDP, pi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Exact values of a policy by backward induction.

    .. math:: Q_t(s, a) = R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, V_{t+1}(s'),
              \qquad V_t(s) = \sum_a \pi(a \mid s)\, Q_t(s, a), \qquad V_T = 0

    Args:
        mdp: the decision problem.
        pi: policy, shape ``[S, A]``.

    Returns:
        ``q`` of shape ``[T, S, A]`` and ``v`` of shape ``[T + 1, S]``, reward units, zero in terminal
        states. The objective is ``mdp.start @ v[0]``.

    Raises:
        ValueError: a row of ``pi`` is not a probability vector.

    Proved in: policies/baselines (thm-advantage-mean).
    """
    checks.probabilities("pi", pi)
    states, actions = mdp.R.shape
    q = np.zeros((mdp.horizon, states, actions))
    v = np.zeros((mdp.horizon + 1, states))
    for t in reversed(range(mdp.horizon)):
        q[t] = np.where(mdp.terminal[:, None], 0, mdp.R + mdp.gamma * mdp.P @ v[t + 1])
        v[t] = (pi * q[t]).sum(axis=1)
    return q, v

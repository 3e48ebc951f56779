"""Exploration: epsilon-greedy policies, and the best values that they can have."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlcourse import checks
from rlcourse.tabular import dp
from rlcourse.tabular.bellman import greedy_policy
from rlcourse.tabular.mdp import MDP

__all__ = ["EpsilonSoft", "epsilon_greedy", "epsilon_soft_mdp", "epsilon_soft_values"]


def epsilon_greedy(q, epsilon, *, atol: float = 1e-9) -> np.ndarray:
    r"""The policy that explores with probability epsilon; its greedy mass is shared by the best actions.

    .. math:: \pi(a \mid s) = \frac{\epsilon}{A} + \frac{1 - \epsilon}{|B(s)|}\, 1\{a \in B(s)\}, \qquad
              B(s) = \{a : Q(s, a) \ge \max_b Q(s, b) - \text{atol}\}

    Args:
        q: action values ``[S, A]``.
        epsilon: probability of exploring, in [0, 1]: one number, or one for each state, ``[S]``.
        atol: values that are this close to the best one count as ties, in reward units.

    Returns:
        Policy ``[S, A]``; each row sums to 1, with ties too.

    Raises:
        ValueError: epsilon is outside [0, 1] or has another shape, or q is not a table of finite numbers.

    Source: Sutton and Barto (2018), section 5.4. Proved in: values/q_learning (def-q-epsilon-greedy).
    """
    best = greedy_policy(q, atol)
    epsilon = np.asarray(checks.unit_interval("epsilon", epsilon), float)
    if epsilon.shape not in ((), best.shape[:1]):
        raise ValueError(f"epsilon has shape {epsilon.shape}; expected one number or one per state, {best.shape[:1]}")
    epsilon = epsilon[..., None]
    return epsilon / best.shape[1] + (1 - epsilon) * best


def epsilon_soft_mdp(mdp: MDP, epsilon: float) -> MDP:
    r"""The decision process in which an action trembles: with probability epsilon a random one happens instead.

    .. math:: P_\epsilon(s' \mid s, a) = (1 - \epsilon)\, P(s' \mid s, a) + \frac\epsilon A \sum_b P(s' \mid s, b),
              \qquad R_\epsilon(s, a) = (1 - \epsilon)\, R(s, a) + \frac\epsilon A \sum_b R(s, b)

    Policy d in the trembling process and :math:`(1 - \epsilon)\, d + \epsilon / A` in ``mdp`` have the same state
    values. Their action values differ: :math:`Q(s, a)` of the trembling process is that of an action that may fail.

    Args:
        mdp: the decision process; its P is made dense.
        epsilon: probability of a random action, in [0, 1].

    Returns:
        The trembling decision process.

    Raises:
        ValueError: epsilon is outside [0, 1], or not one number.

    Source: Sutton and Barto (2018), section 5.4. Proved in: values/q_learning (thm-sarsa-soft).
    """
    if np.ndim(epsilon):
        raise ValueError(f"epsilon has shape {np.shape(epsilon)}; expected one number")
    epsilon = float(checks.unit_interval("epsilon", epsilon))
    P = mdp.P.toarray().reshape(*mdp.R.shape, -1) if mdp.is_sparse else mdp.P
    P, R = ((1 - epsilon) * x + epsilon * x.mean(axis=1, keepdims=True) for x in (P, mdp.R))
    return MDP(P, R, mdp.gamma, mdp.start, mdp.terminal)


class EpsilonSoft(NamedTuple):
    """Best values ``v`` ``[S]`` and ``q`` ``[S, A]`` under epsilon-soft policies, and a policy ``pi`` with them."""

    v: np.ndarray
    q: np.ndarray
    pi: np.ndarray


def epsilon_soft_values(mdp: MDP, epsilon: float, *, atol: float = 1e-9) -> EpsilonSoft:
    r"""The values toward which SARSA with a fixed epsilon goes: the best that a policy which must explore can have.

    .. math:: Q(s, a) = R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)
              \Big[(1 - \epsilon) \max_b Q(s', b) + \frac\epsilon A \sum_b Q(s', b)\Big]

    They are found by policy iteration with linear solves on :func:`epsilon_soft_mdp`. Here ``q[s, a]`` is the value of
    taking action a for certain, and of exploring from the next step on; ``v[s]`` that of exploring from s on.

    Args:
        mdp: the decision process; its P is made dense.
        epsilon: probability of a random action, in [0, 1]; 0 gives the optimal values.
        atol: actions whose values are this close share the greedy mass of ``pi``.

    Returns:
        Values and policy, see `EpsilonSoft`.

    Raises:
        ValueError: epsilon is outside [0, 1]; gamma = 1 and some state cannot reach the end.

    Source: Sutton and Barto (2018), section 5.4.
    Proved in: values/q_learning (thm-sarsa-soft, thm-sarsa-improvement, thm-sarsa-converges).
    """
    v = dp.policy_iteration(epsilon_soft_mdp(mdp, epsilon), exact=True).v
    q = mdp.R + mdp.gamma * mdp.expect(v)
    return EpsilonSoft(v, q, epsilon_greedy(q, epsilon, atol=atol))

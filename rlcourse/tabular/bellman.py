r"""Bellman's operators on values of states and of actions, and greedy policies.

Values ``v`` are ``[S]`` and action values ``q`` are ``[S, A]``, both in reward units. Every function takes dense and
sparse decision processes. The operators follow their formulas in terminal states too, where R is 0 and P stays:
they map the value there to gamma times itself. So give terminal states the value 0, and they keep it.
"""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.transitions import checked_laws

__all__ = [
    "greedy_policy",
    "optimal_backup",
    "optimal_backup_q",
    "policy_backup",
    "policy_backup_q",
    "q_from_v",
    "v_from_q",
]


def q_from_v(mdp: MDP, v) -> np.ndarray:
    r"""Value of an action now and v afterwards.

    .. math:: q(s, a) = R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, v(s')

    Args:
        mdp: the decision process.
        v: values of the states, ``[S]``.

    Returns:
        Action values ``[S, A]``: those of a policy if v are its values, the optimal ones if v is optimal.

    Raises:
        ValueError: ``v`` has another shape, or an entry is not finite (its state is named).

    Source: Sutton and Barto (2018), exercise 3.13. Proved in: foundations/bellman (thm-bellman-expectation).
    """
    v = _finite("v", v, (mdp.n_states,))
    return mdp.R + mdp.gamma * mdp.expect(v)


def v_from_q(pi, q) -> np.ndarray:
    r"""Mean of the action values under a policy.

    .. math:: v(s) = \sum_a \pi(a \mid s)\, q(s, a)

    Args:
        pi: policy, ``[S, A]``.
        q: action values, ``[S, A]``.

    Returns:
        Values of the states, ``[S]``.

    Raises:
        ValueError: ``q`` is not a table ``[S, A]``, the shapes differ, a row of ``pi`` is not a law, or an entry of
            ``q`` is not finite.

    Source: Sutton and Barto (2018), exercise 3.12. Proved in: foundations/bellman (thm-bellman-expectation).
    """
    if np.shape(pi) != np.shape(q):
        raise ValueError(
            f"pi: expected the shape of q, {np.shape(q)}, one law over the actions per state, got {np.shape(pi)}"
        )
    pi, q = checked_laws("pi", pi), _table(q)
    return (pi * q).sum(axis=1)


def policy_backup(mdp: MDP, pi, v) -> np.ndarray:
    r"""Bellman's operator of a policy, applied to values of the states.

    .. math:: (T^\pi v)(s) = \sum_a \pi(a \mid s) \Big[R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, v(s')\Big]

    A contraction with factor gamma in the maximum norm. Its fixed point is the value of the policy.

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``.
        v: values of the states, ``[S]``.

    Returns:
        Backed up values ``[S]``.

    Raises: as :func:`q_from_v` and :func:`v_from_q`.
    Source: Puterman (1994), section 6.1. Proved in: foundations/bellman (def-bellman-operators).
    """
    return v_from_q(pi, q_from_v(mdp, v))


def policy_backup_q(mdp: MDP, pi, q) -> np.ndarray:
    r"""Bellman's operator of a policy, applied to action values.

    .. math:: (T^\pi q)(s, a) = R(s, a) + \gamma \sum_{s'} P(s' \mid s, a) \sum_{a'} \pi(a' \mid s')\, q(s', a')

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``.
        q: action values, ``[S, A]``.

    Returns:
        Backed up action values ``[S, A]``.

    Raises: as :func:`optimal_backup_q` and :func:`v_from_q`.
    Source: Sutton and Barto (2018), exercise 3.17. Proved in: foundations/bellman (def-bellman-operators).
    """
    return q_from_v(mdp, v_from_q(pi, _finite("q", q, mdp.R.shape)))


def optimal_backup(mdp: MDP, v) -> np.ndarray:
    r"""Bellman's optimality operator, applied to values of the states.

    .. math:: (T^* v)(s) = \max_a \Big[R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, v(s')\Big]

    A contraction with factor gamma in the maximum norm. Its fixed point is the optimal value.

    Args:
        mdp: the decision process.
        v: values of the states, ``[S]``.

    Returns:
        Backed up values ``[S]``.

    Raises: as :func:`q_from_v`.
    Source: Puterman (1994), section 6.2. Proved in: foundations/bellman (def-bellman-operators).
    """
    return q_from_v(mdp, v).max(axis=1)


def optimal_backup_q(mdp: MDP, q) -> np.ndarray:
    r"""Bellman's optimality operator, applied to action values.

    .. math:: (T^* q)(s, a) = R(s, a) + \gamma \sum_{s'} P(s' \mid s, a) \max_{a'} q(s', a')

    Args:
        mdp: the decision process.
        q: action values, ``[S, A]``.

    Returns:
        Backed up action values ``[S, A]``.

    Raises:
        ValueError: ``q`` has another shape, or an entry is not finite (its state and action are named).

    Source: Sutton and Barto (2018), equation 3.20. Proved in: foundations/bellman (def-bellman-operators).
    """
    return q_from_v(mdp, _finite("q", q, mdp.R.shape).max(axis=1))


def greedy_policy(q, atol: float = 1e-9) -> np.ndarray:
    r"""The policy that takes the best actions, with equal probability where several are best.

    .. math:: \pi(a \mid s) > 0 \iff q(s, a) \ge \max_b q(s, b) - \mathrm{atol}

    Sharing makes the answer independent of the order in which the actions are numbered, and the tolerance makes it
    independent of rounding: without it, which of two equal actions wins depends on the last bit. If q is optimal,
    the policy loses at most ``atol / (1 - gamma)``. For gamma = 1 a greedy policy need not be optimal.

    Args:
        q: action values, ``[S, A]``.
        atol: how far below the best value an action counts as a tie, in reward units.

    Returns:
        Policy ``[S, A]``.

    Raises:
        ValueError: ``q`` is not a table, an entry is not finite, or ``atol`` is negative.

    Source: Puterman (1994), theorem 6.2.7. Proved in: foundations/bellman (thm-bellman-greedy).
    """
    if not atol >= 0:
        raise ValueError(f"atol is {atol}; expected a number >= 0")
    q = _table(q)
    best = q >= q.max(axis=1, keepdims=True) - atol
    return best / best.sum(axis=1, keepdims=True)


def _table(q) -> np.ndarray:
    """Finite action values of any number of states and actions."""
    if np.ndim(q) != 2 or np.size(q) == 0:
        raise ValueError(f"q: expected shape [S, A], a row of one or more action values per state, got {np.shape(q)}")
    return _finite("q", q, np.shape(q))


def _finite(name: str, x, shape: tuple[int, ...]) -> np.ndarray:
    """A finite array of the given shape."""
    if np.shape(x) != shape:
        per = "one value per state" if len(shape) == 1 else "one value per state and action"
        raise ValueError(f"{name}: expected shape {shape}, {per}, got {np.shape(x)}")
    return np.asarray(checks.finite(name, x), dtype=float)

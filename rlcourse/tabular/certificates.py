"""How far values can be from the optimum, known without knowing the optimum.

Solvers of :mod:`rlcourse.tabular.dp` sweep over the rows of a decision process (:mod:`rlcourse.tabular.rows`), and
stop when the bounds here are close enough. The bounds need nothing but the values and how much one more sweep changes
them. They hold for the process exactly as its floating-point numbers say: what a sweep may round off is in them, and
so are rows of P whose sums are not quite 1.
"""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.rows import Chain, Rows, change, rounding

__all__ = ["bracket", "enough", "middle", "optimal_bounds", "starting_values"]

TRIES = 20  # policies among whose times the longest is looked for


def optimal_bounds(mdp: MDP, v) -> tuple[np.ndarray, np.ndarray]:
    r"""Bounds on the optimal values from any values, by one sweep.

    With :math:`u = T v` and the smallest and largest of its changes, :math:`m` and :math:`M`,

    .. math:: u + \frac{\gamma m}{1 - \gamma} \;\le\; V^{\pi} \;\le\; V^* \;\le\; u + \frac{\gamma M}{1 - \gamma}

    where :math:`\pi` is greedy for ``v``. Terminal states have value 0. What is returned is a little wider, by what
    rounding and sums of rows that are not quite 1 can do.

    Args:
        mdp: the decision process; gamma < 1.
        v: any values, ``[S]``.

    Returns:
        Lower and upper bounds, ``[S]`` each. The lower one also holds for the values of the greedy policy.

    Raises:
        ValueError: gamma is 1, ``v`` has another shape or is not finite.

    Source: MacQueen (1966); Puterman (1994), section 6.6. Proved in: foundations/dynamic_programming
    (thm-dp-span).
    """
    if mdp.gamma == 1:
        raise ValueError("gamma is 1: a small change says nothing about the distance; expected gamma < 1")
    rows, v = Rows.of(mdp), starting_values(mdp, v)
    u, action = np.empty_like(v), np.zeros(len(v), np.int32)
    low, high, _ = rows.optimal_sweep(v, u, action)
    return bracket(rows, u, low, high, action)


def starting_values(mdp: MDP, v) -> np.ndarray:
    """A checked copy of ``v``, or zeros; terminal states have value 0 whatever it says."""
    if v is None:
        return np.zeros(mdp.n_states)
    if np.shape(v) != (mdp.n_states,):
        raise ValueError(f"v: expected shape ({mdp.n_states},), one value per state, got {np.shape(v)}")
    return np.where(mdp.terminal, 0.0, checks.finite("v", v))


def enough(gamma: float, tolerance: float, span: bool) -> float:
    """Size of a sweep's changes at which its values are within the tolerance; for gamma = 1 a first try."""
    if gamma in (0, 1):
        return tolerance if gamma else np.inf
    return tolerance * (1 - gamma) / gamma * (2 if span else 1)


def middle(rows: Rows, u, lower, upper) -> tuple[np.ndarray, float]:
    """The middle of bounds, in the order of the process, and half of their largest distance; ``u`` if that is inf."""
    bound = float((upper - lower).max()) / 2
    return rows.original((lower + upper) / 2 if bound < np.inf else u.copy()), bound


def bracket(rows: Rows, u, low, high, action, span: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Lower bound of the values of ``action``, upper bound of the optimal ones, after a sweep that wrote ``u``.

    The changes of the sweep lie between ``low`` and ``high``. If they are measured by their largest absolute value
    (no ``span``), the bounds are symmetric and their middle is ``u``. Rounding is part of the bounds.
    """
    if not span:
        low, high = -change(low, high, span), change(low, high, span)
    error = rounding(rows, u, max(high, -low))
    if rows.gamma == 1:
        fall, rise = (rows.factors()[1] * x for x in (min(low, 0.0), max(high, 0.0)))
        lower, upper = _bracket_by_time(rows, u, fall - error, rise + 6 * error, action)
    else:
        lower, upper = (u + constant for constant in rows.remaining(low, high, error))
    for x in (lower, upper):
        x[rows.terminal] = 0
    return lower, upper


def _bracket_by_time(rows: Rows, u, fall, rise, action):
    """The same without discount: the time to the end of the policy takes the place of 1 / (1 - gamma).

    One more sweep of ``action`` adds ``fall`` to ``u`` at least; ``rise`` is more than one of all actions adds.
    """
    chain, nothing, x = Chain(rows), np.full_like(u, np.inf), np.empty_like(u)
    w = chain.pack(action).time_to_end()
    if w is None:
        return -nothing, nothing
    lower, action = u + fall * w, action.copy()
    for _ in range(TRIES):
        upper = u + rise * w
        changes = rows.optimal_sweep(upper, x, action)[2]
        step = (x - upper)[~rows.terminal]
        # if every action lowers the upper values, no policy that ends has larger ones, and others lose without limit
        if step.max() <= -2 * rounding(rows, x, np.abs(step).max()):
            return lower, upper
        # an action that looks as good takes longer: its time
        w = chain.pack(action).time_to_end() if changes else None
        if w is None:
            break
    return lower, nothing

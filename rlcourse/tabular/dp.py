"""Dynamic programming: values of a policy and optimal values, with a proved bound on what is still missing.

Every solver stops when its bound is below ``tolerance``. ``bound`` is a bound on the error of every entry of ``v``;
it holds whatever the solver did, because it follows from the last sweep alone
(:mod:`rlcourse.tabular.certificates`). Rounding is part of it, so that it can stay above a tolerance close to the
precision of the numbers: then the solver stops there.

gamma = 1 is possible in a process with terminal states, if a policy that never ends loses without limit. The bound
then needs the mean time to the end of all policies that look best (`rlcourse.tabular.certificates.bracket`); it is
infinite if one of them may never end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlcourse import checks
from rlcourse.tabular import sweeps
from rlcourse.tabular.certificates import bracket, enough, middle, starting_values
from rlcourse.tabular.mdp import MDP, deterministic_policy, policy_values
from rlcourse.tabular.rows import Chain, Rows, change, rounding
from rlcourse.tabular.transitions import checked_laws

__all__ = [
    "Evaluation", "Solution", "modified_policy_iteration", "policy_evaluation", "policy_improvement",
    "policy_iteration", "prioritized_sweeping", "value_iteration",
]  # fmt: skip

CLOSE = 0.002  # of the last change of an optimal sweep: error with which policy iteration first evaluates a policy,
NEAR = 10_000  # unless that is less than so many times what is needed in the end
TURN = 1000  # backups of a state, on average, after which prioritized sweeping looks at all of them
SHARE = 0.1  # of the last change of an optimal sweep, at which modified policy iteration leaves a policy


class Evaluation(NamedTuple):
    """Values of a policy.

    Attributes:
        v: values ``[S]``, reward units.
        iterations: number of sweeps.
        residual: the last sweep's change: its span, or its largest absolute value.
        bound: no entry of ``v`` is further than this from the policy's value.
    """

    v: np.ndarray
    iterations: int
    residual: float
    bound: float


class Solution(NamedTuple):
    """Optimal values and a policy.

    Attributes:
        v: values ``[S]``, reward units.
        pi: deterministic policy ``[S, A]``.
        iterations: number of sweeps over all actions (of policies, in policy iteration; of single states in
            prioritized sweeping).
        backups: number of rows of P that were averaged, one for each action of a state, those of the last check too.
        residual: span of the change in the last sweep, or its largest absolute value.
        bound: no entry of ``v`` is further than this from the optimal value, and in no state ``pi`` loses more than
            twice this.
    """

    v: np.ndarray
    pi: np.ndarray
    iterations: int
    backups: int
    residual: float
    bound: float


def policy_evaluation(mdp: MDP, pi, tolerance=1e-8, *, v=None, in_place=False, span=True) -> Evaluation:
    r"""Values of a policy by sweeps.

    .. math:: V_{k+1}(s) = \sum_a \pi(a \mid s) \Big[R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, V_k(s')\Big]

    until :math:`\frac{\gamma}{1-\gamma} \lVert V_{k+1} - V_k \rVert` or, with the span, half of
    :math:`\frac{\gamma}{1-\gamma}(\max - \min)(V_{k+1} - V_k)` is at most the tolerance.

    Args:
        mdp: the decision process. With gamma = 1 the policy must end from every state.
        pi: policy, ``[S, A]``.
        tolerance: largest error, reward units.
        v: values to start from, ``[S]``; default 0.
        in_place: each state sees the new values of the states before it.
        span: stop by the span of the change and return the middle of the bounds; else by its largest absolute value,
            and return the last sweep.

    Returns:
        The values, see `Evaluation`.

    Raises:
        ValueError: the policy is not one; gamma = 1 and it may never end from a state; the tolerance is not positive.

    Source: Sutton and Barto (2018), section 4.1. Proved in: foundations/dynamic_programming (thm-dp-evaluation,
    thm-dp-stopping, thm-dp-span).
    """
    tolerance = float(checks.positive("tolerance", tolerance))
    v, rows, action = starting_values(mdp, v), Rows.of_policy(mdp, pi), np.zeros(mdp.n_states, np.int32)
    chain = Chain(rows).pack(action)
    size, iterations, best = enough(mdp.gamma, tolerance, span), 0, np.inf
    u = v if in_place else np.empty_like(v)
    while True:
        wanted = max(size, rounding(rows, v))
        low, high, count = chain.settle(v, u, wanted, span)
        iterations, now = iterations + count, change(low, high, span)
        values, bound = middle(rows, v, *bracket(rows, v, low, high, action, span))
        last = now > wanted or now <= rounding(rows, v)
        if bound <= tolerance or (last and not bound < best / 2):
            return Evaluation(values, iterations, now, bound)
        size, best, v[:] = min(size, now) / 10, bound, values


def policy_improvement(q, pi, margin: float = 0.0) -> np.ndarray:
    r"""Take the best action where it beats the policy, and change nothing elsewhere.

    .. math:: \pi'(s) = \arg\max_a Q(s, a) \quad\text{if}\quad
              \max_a Q(s, a) > \sum_a \pi(a \mid s)\, Q(s, a) + \text{margin}, \quad\text{else } \pi(s)

    The old action stays if it is one of several best ones; policy iteration ends because of this.

    Args:
        q: action values of the policy, ``[S, A]``. If they are wrong by up to e, a margin of 2e makes sure that
            nothing gets worse.
        pi: the policy, ``[S, A]``.
        margin: least advantage for which an action is changed.

    Returns:
        Policy ``[S, A]``.

    Raises:
        ValueError: the shapes differ, a row of ``pi`` is not a law, an entry of ``q`` is not finite, or the margin is
            negative.

    Source: Howard (1960); Puterman (1994), section 6.4.
    Proved in: foundations/dynamic_programming (thm-dp-improvement, thm-dp-termination).
    """
    if np.shape(q) != np.shape(pi) or np.ndim(q) != 2:
        raise ValueError(f"q has shape {np.shape(q)}, pi has shape {np.shape(pi)}; expected [S, A] for both")
    if not margin >= 0:
        raise ValueError(f"margin is {margin}; expected a number >= 0")
    q, pi = np.asarray(checks.finite("q", q), float), checked_laws("pi", pi)
    better = q.max(axis=1) > (pi * q).sum(axis=1) + margin
    return np.where(better[:, None], np.eye(q.shape[1])[q.argmax(axis=1)], pi)


def policy_iteration(mdp: MDP, tolerance=1e-8, *, pi=None, exact=False) -> Solution:
    r"""Evaluate the policy, improve it where that helps, until nothing changes.

    An action is changed only if its advantage exceeds what the evaluation can be wrong by: no policy comes twice.
    Sweeps evaluate a policy only as closely as its improvement needs; they go on where no action can be changed yet.

    Args:
        mdp: the decision process.
        tolerance: largest error, reward units.
        pi: deterministic policy to start with, ``[S, A]``; default greedy for the rewards, or if gamma = 1 one that
            ends from every state.
        exact: evaluate by a linear solve (always if gamma = 1), else by sweeps. A solve takes longer unless gamma is
            close to 1.

    Returns:
        The solution; ``iterations`` counts the policies, and ``backups`` leaves out what linear solves cost.

    Raises:
        ValueError: gamma = 1 and a state cannot reach the end, or ``pi`` may never end; ``pi`` is not deterministic.

    Source: Howard (1960); Puterman (1994), section 6.4.
    Proved in: foundations/dynamic_programming (thm-dp-improvement, thm-dp-termination).
    """
    tolerance = float(checks.positive("tolerance", tolerance))
    exact = exact or mdp.gamma == 1
    rows = Rows.of(mdp, from_the_end=not exact)
    action = rows.first_actions(pi)
    v, u, chain = np.zeros(mdp.n_states), np.empty(mdp.n_states), Chain(rows).pack(action)
    goal, size = enough(mdp.gamma, tolerance / 2, True), enough(mdp.gamma, CLOSE * np.ptp(mdp.R), True)
    iterations, backups, best = 1, 0, np.inf
    while True:
        floor = rounding(rows, v)
        size = max(size if size > NEAR * goal else goal, floor)
        if exact:
            v = policy_values(mdp, deterministic_policy(action, mdp.n_actions)).v
            low, high, _ = chain.sweep(v, u, 1, 0.0, True)
        else:
            low, high, count = chain.settle(v, v if rows.order is not None else u, size, True)
            backups += count * mdp.n_states
        v, error = chain.value(v, low, high)
        # where nothing is known of the error, the margin grows until nothing changes
        margin = 2 * error if error < np.inf else 2.0**iterations * floor
        low, high, changes = rows.optimal_sweep(v, u, action, margin)
        backups, now = backups + mdp.R.size, change(low, high, True)
        if changes:
            chain.pack(action)
            size, v, u, iterations = enough(mdp.gamma, CLOSE * now, True), u, v, iterations + 1
            continue
        if exact or size <= max(goal, floor):
            # the policy is worth v, and the sweep bounds the optimum
            lower, upper = v - np.where(rows.terminal, 0, error), bracket(rows, u, low, high, action)[1]
            found = _solution(rows, u, lower, upper, action, now, iterations, backups)
            last = size <= floor and not found.bound < best / 2
            if exact or found.bound <= tolerance or last:
                return found
            goal, best = min(size, now) / 10, found.bound
        size = goal


def value_iteration(mdp: MDP, tolerance=1e-8, *, v=None, in_place=False, span=True) -> Solution:
    r"""Optimal values by sweeps.

    .. math:: V_{k+1}(s) = \max_a \Big[R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, V_k(s')\Big]

    until the bound of :func:`policy_evaluation` is at most the tolerance.

    Args:
        mdp: the decision process.
        tolerance: largest error, reward units.
        v: values to start from, ``[S]``; default 0.
        in_place: each state sees the new values of the states before it, and those are the ones closer to a terminal
            state. Needs no second array and fewer sweeps, most of all if it starts from a lower bound.
        span: stop by the span of the change and return the middle of the bounds; else by its largest absolute value,
            and return the last sweep.

    Returns:
        The solution; its policy takes the actions that were best in the last sweep.

    Raises:
        ValueError: gamma = 1 and a state cannot reach the end, or the values do not settle; ``v`` has another shape.

    Source: Bellman (1957); Puterman (1994), sections 6.3 and 6.6.
    Proved in: foundations/dynamic_programming (thm-dp-stopping, thm-dp-in-place, thm-dp-span).
    """
    tolerance = float(checks.positive("tolerance", tolerance))
    rows = Rows.of(mdp, from_the_end=in_place)
    v, action = rows.renumbered(starting_values(mdp, v)), np.zeros(mdp.n_states, np.int32)
    u, size = v if in_place else np.empty_like(v), enough(mdp.gamma, tolerance, span)
    best, stalled = np.inf, rows.stall()
    for iterations in rows.numbers():
        low, high, _ = rows.optimal_sweep(v, u, action)
        now = change(low, high, span)
        last = now <= rounding(rows, u) or stalled(now)
        if now <= size or last:
            bounds = bracket(rows, u, low, high, action, span)
            found = _solution(rows, u, *bounds, action, now, iterations, iterations * mdp.R.size)
            if found.bound <= tolerance or (last and not found.bound < best / 2):
                return found
            size, best, u[:] = min(size, now) / 10, found.bound, rows.renumbered(found.v)
        v, u = u, v
    raise rows.unsettled(iterations, low, high)


def modified_policy_iteration(mdp: MDP, tolerance=1e-8, *, v=None, sweeps_between: int = 50) -> Solution:
    r"""Value iteration that evaluates each greedy policy with some cheap sweeps before it looks for the next.

    .. math:: V_{k+1} = (T_{\pi_k})^{m} V_k, \qquad \pi_k \text{ greedy for } V_k

    A sweep over one action per state costs a fraction 1/A of one over all. The sweeps of a policy stop early when
    they change less than a tenth of what the optimal sweep did. If there are terminal states, they are in place and
    go from these outward.

    Args:
        mdp: the decision process.
        tolerance: largest error, reward units.
        v: values to start from, ``[S]``; default a lower bound of the optimal values.
        sweeps_between: largest number of sweeps for each policy; 0 is value iteration.

    Returns:
        The solution; ``iterations`` counts the sweeps over all actions.

    Raises:
        ValueError: as :func:`value_iteration`; ``sweeps_between`` is not a whole number >= 0.

    Source: Puterman and Shin (1978); Puterman (1994), section 6.5.
    Proved in: foundations/dynamic_programming (thm-dp-modified).
    """
    tolerance = float(checks.positive("tolerance", tolerance))
    sweeps_between = checks.whole("sweeps_between", sweeps_between)
    rows = Rows.of(mdp, from_the_end=True)
    chain, action = Chain(rows), rows.first_actions()
    v = rows.lower_start(action) if v is None else rows.renumbered(starting_values(mdp, v))
    backups = rows.lower(v) * mdp.R.size
    u, size, best, stalled = np.empty_like(v), enough(mdp.gamma, tolerance, True), np.inf, rows.stall()
    for iterations in rows.numbers():
        low, high, changes = rows.optimal_sweep(v, u, action)
        backups, now = backups + mdp.R.size, change(low, high, True)
        last = now <= rounding(rows, u) or stalled(now)
        if now <= size or last:
            bounds = bracket(rows, u, low, high, action)
            found = _solution(rows, u, *bounds, action, now, iterations, backups)
            if found.bound <= tolerance or (last and not found.bound < best / 2):
                return found
            size, best = min(size, now) / 10, found.bound
            if rows.order is None:  # in place the changes are what is missing, and no constant is
                u[:] = found.v
        v, u = u, v
        target = v if rows.order is not None else u
        if changes or iterations == 1:
            chain.pack(action)
        backups += mdp.n_states * chain.sweep(v, target, sweeps_between, SHARE * now, True)[2]
    raise rows.unsettled(iterations, low, high)


def prioritized_sweeping(mdp: MDP, tolerance=1e-8, *, v=None) -> Solution:
    r"""Back up the state that needs it most, one at a time.

    A state's priority is at least its residual :math:`|(TV)(s) - V(s)|`: a change of V(s') by d adds
    :math:`\gamma \max_a P(s' \mid s, a)\, d` to it, its own backup sets it to 0. When no priority is left, the
    residual is small everywhere.

    Args:
        mdp: the decision process; gamma < 1.
        tolerance: largest error, reward units.
        v: values to start from, ``[S]``; default 0.

    Returns:
        The solution; ``iterations`` counts the states that were backed up.

    Raises:
        ValueError: gamma = 1; ``v`` has another shape.

    Source: Moore and Atkeson (1993). Proved in: foundations/dynamic_programming (thm-dp-prioritized).
    """
    tolerance = float(checks.positive("tolerance", tolerance))
    if mdp.gamma == 1:
        raise ValueError("gamma is 1: small priorities say nothing about the distance; expected gamma < 1")
    rows, v = Rows.of(mdp), starting_values(mdp, v)
    graph = rows.predecessors()
    u, action, iterations, backups = np.empty_like(v), np.zeros(mdp.n_states, np.int32), 0, 0
    size, before = min(tolerance, enough(mdp.gamma, tolerance, False)), np.inf
    while True:
        low, high, _ = rows.optimal_sweep(v, u, action)
        backups, now = backups + mdp.R.size, change(low, high, False)
        bounds, residual = bracket(rows, u, low, high, action), change(low, high, True)
        found = _solution(rows, u, *bounds, action, residual, iterations, backups)
        if found.bound <= tolerance or now <= rounding(rows, u) or not now < before:
            return found
        size, before = max(size if now > size else now / 10, rounding(rows, u)), now
        count = sweeps.prioritized(*rows[:5], *graph, v, np.abs(u - v), size, TURN * mdp.n_states)
        iterations, backups = iterations + count, backups + count * mdp.n_actions


def _solution(rows: Rows, u, lower, upper, action, residual, iterations: int, backups: int) -> Solution:
    v, bound = middle(rows, u, lower, upper)
    pi = deterministic_policy(rows.original(action), rows.R.shape[1])
    return Solution(v, pi, iterations, backups, float(residual), bound)

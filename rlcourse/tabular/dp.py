"""Dynamic programming: values of a policy and optimal values, with a proved bound on what is still missing.

Every solver stops when its bound is below ``tolerance``. ``bound`` is a bound on the error of every entry of ``v``;
it holds whatever the solver did, because it follows from the last sweep alone
(:mod:`rlcourse.tabular.certificates`). Rounding is part of it, so that it can stay above a tolerance close to the
precision of the numbers: then the solver stops there.

gamma = 1 is possible in a process with terminal states, if a policy that never ends loses without limit. The bound
then needs the mean time to the end under the greedy policy (`rlcourse.tabular.certificates.bracket`); it is infinite
if that policy may never end, or if another action that looks as good takes longer.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.tabular import sweeps
from rlcourse.tabular.certificates import LIMIT, Chain, Rows, change, enough, middle, rounding, starting_values
from rlcourse.tabular.mdp import MDP, deterministic_policy, policy_chain, policy_rewards, policy_values

__all__ = [
    "Evaluation",
    "Solution",
    "modified_policy_iteration",
    "policy_evaluation",
    "policy_improvement",
    "policy_iteration",
    "prioritized_sweeping",
    "value_iteration",
]

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
        backups: number of rows of P that were averaged, one for each action of a state.
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
    P, r, v = sparse.csr_array(policy_chain(mdp, pi).P), policy_rewards(mdp, pi), starting_values(mdp, v)
    alone = MDP(P, r[:, None], mdp.gamma, mdp.start, mdp.terminal)  # its only policy
    if mdp.gamma == 1:
        policy_values(alone, np.ones((mdp.n_states, 1)))  # or it names the state that never ends
    rows, action = Rows.of(alone), np.zeros(mdp.n_states, np.int32)
    chain = Chain(rows).pack(rows, action)
    size, iterations = enough(mdp.gamma, tolerance, span), 0
    u = v if in_place else np.empty_like(v)
    while True:
        low, high, count = chain.sweep(v, u, LIMIT, max(size, rounding(v)), span)
        iterations += count
        values, bound = middle(rows, v, low, high, action, span)
        if bound <= tolerance or size <= rounding(v):
            return Evaluation(values, iterations, change(low, high, span), bound)
        size /= 10


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
        ValueError: the shapes differ, or a row of ``pi`` is not a law.

    Source: Howard (1960); Puterman (1994), section 6.4.
    Proved in: foundations/dynamic_programming (thm-dp-improvement, thm-dp-termination).
    """
    q, pi = np.asarray(q, float), np.asarray(checks.probabilities("pi", pi), float)
    if q.shape != pi.shape or q.ndim != 2:
        raise ValueError(f"q has shape {q.shape}, pi has shape {pi.shape}; expected [S, A] for both")
    better = q.max(axis=1) > (pi * q).sum(axis=1) + margin
    return np.where(better[:, None], np.eye(q.shape[1])[q.argmax(axis=1)], pi)


def policy_iteration(mdp: MDP, tolerance=1e-8, *, pi=None, exact=False) -> Solution:
    r"""Evaluate the policy, improve it where that helps, until nothing changes.

    An action is changed only if its advantage exceeds what the evaluation can be wrong by: no policy comes twice.

    Args:
        mdp: the decision process.
        tolerance: largest error, reward units.
        pi: deterministic policy to start with, ``[S, A]``; default greedy for the rewards, or if gamma = 1 one that
            ends from every state.
        exact: evaluate by a linear solve (always if gamma = 1), else by sweeps with a hundredth of the tolerance or
            less. A solve takes longer unless gamma is close to 1.

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
    action = rows.renumbered(_actions(mdp, pi)) if pi is not None else rows.first_actions()
    v, chain = np.zeros(mdp.n_states), Chain(rows)
    u, in_place = np.empty_like(v), rows.order is not None
    size = enough(mdp.gamma, tolerance * (1 - mdp.gamma) / 5, True)
    iterations = backups = 0
    while True:
        iterations += 1
        chain.pack(rows, action)
        if exact:
            v = policy_values(mdp, deterministic_policy(action, mdp.n_actions)).v
            slack = 1e-13 * np.abs(v).max()  # what two values may be wrong by
        else:
            low, high, count = chain.sweep(v, v if in_place else u, LIMIT, max(size, rounding(v)), True)
            v, error = middle(rows, v, low, high, action, True)
            v, slack, backups = rows.renumbered(v), 2 * error, backups + count * mdp.n_states
        low, high, changes = rows.optimal_sweep(v, u, action, mdp.gamma * slack)
        backups += mdp.R.size
        if not changes:
            # an action that stayed may be worse than the best one by the margin
            found = _solution(rows, u, low - slack, high + slack, action, True, iterations, backups)
            return found._replace(residual=float(change(low, high, True)))


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
        The solution; its policy is greedy.

    Raises:
        ValueError: gamma = 1 and a state cannot reach the end, or the values do not settle; ``v`` has another shape.

    Source: Bellman (1957); Puterman (1994), sections 6.3 and 6.6.
    Proved in: foundations/dynamic_programming (thm-dp-stopping, thm-dp-in-place, thm-dp-span).
    """
    tolerance = float(checks.positive("tolerance", tolerance))
    rows = Rows.of(mdp, from_the_end=in_place)
    v, action = rows.renumbered(starting_values(mdp, v)), np.zeros(mdp.n_states, np.int32)
    u, size = v if in_place else np.empty_like(v), enough(mdp.gamma, tolerance, span)
    for iterations in _numbers(mdp):
        low, high, _ = rows.optimal_sweep(v, u, action)
        if change(low, high, span) <= max(size, rounding(u)):
            found = _solution(rows, u, low, high, action, span, iterations, iterations * mdp.R.size)
            if found.bound <= tolerance or size <= rounding(u):
                return found
            size /= 10
        v, u = u, v
    raise _unsettled(iterations, low, high)


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
        ValueError: as :func:`value_iteration`; ``sweeps_between`` is negative.

    Source: Puterman and Shin (1978); Puterman (1994), section 6.5.
    Proved in: foundations/dynamic_programming (thm-dp-modified).
    """
    tolerance = float(checks.positive("tolerance", tolerance))
    if sweeps_between < 0:
        raise ValueError(f"sweeps_between is {sweeps_between}; expected a number of sweeps >= 0")
    rows = Rows.of(mdp, from_the_end=True)
    chain, action = Chain(rows), rows.first_actions()
    v = rows.lower_start(action) if v is None else rows.renumbered(starting_values(mdp, v))
    u, size, backups = np.empty_like(v), enough(mdp.gamma, tolerance, True), 0
    for iterations in _numbers(mdp):
        low, high, changes = rows.optimal_sweep(v, u, action)
        backups += mdp.R.size
        if change(low, high, True) <= max(size, rounding(u)):
            found = _solution(rows, u, low, high, action, True, iterations, backups)
            if found.bound <= tolerance or size <= rounding(u):
                return found
            size /= 10
        v, u = u, v
        target = v if rows.order is not None else u
        if changes or iterations == 1:
            chain.pack(rows, action)
        backups += mdp.n_states * chain.sweep(v, target, sweeps_between, SHARE * change(low, high, True), True)[2]
    raise _unsettled(iterations, low, high)


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
    u, action, iterations = np.empty_like(v), np.zeros(mdp.n_states, np.int32), 0
    least = rounding(np.append(v, mdp.R / (1 - mdp.gamma)))  # the values can become no larger than these
    size = max(min(tolerance, enough(mdp.gamma, tolerance, False)), least)
    while True:
        low, high, _ = rows.optimal_sweep(v, u, action)
        found = _solution(rows, u, low, high, action, True, iterations, (iterations + mdp.n_states) * mdp.n_actions)
        if found.bound <= tolerance or size < rounding(u):
            return found
        iterations += sweeps.prioritized(*rows[:5], *graph, v, np.abs(u - v), size, np.iinfo(np.int64).max)
        size /= 10


def _solution(rows: Rows, u, low, high, action, span, iterations: int, backups: int) -> Solution:
    v, bound = middle(rows, u, low, high, action, span)
    pi = deterministic_policy(rows.original(action), rows.R.shape[1])
    return Solution(v, pi, iterations, backups, float(change(low, high, span)), bound)


def _actions(mdp: MDP, pi) -> np.ndarray:
    """The actions of a deterministic policy."""
    pi = np.asarray(pi)
    if pi.shape != mdp.R.shape:
        raise ValueError(f"pi: expected shape {mdp.R.shape}, got {pi.shape}")
    mixed = ~((pi == 1).sum(axis=1) == 1) | ((pi != 0).sum(axis=1) != 1)
    if mixed.any():
        s = int(np.argmax(mixed))
        raise ValueError(f"pi[{s}] is {pi[s]}; expected a deterministic policy, one 1 in each row")
    return pi.argmax(axis=1).astype(np.int32)


def _numbers(mdp: MDP):
    return range(1, LIMIT) if mdp.gamma == 1 else itertools.count(1)  # without end if the sweeps are sure to settle


def _unsettled(count: int, low: float, high: float) -> ValueError:
    return ValueError(
        f"gamma is 1 and after {count} sweeps the values still change by {low:.3g} to {high:.3g}: "
        "expected that a policy that never ends loses without limit"
    )

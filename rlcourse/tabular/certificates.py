"""How far values can be from the optimum, known without knowing the optimum.

Solvers of :mod:`rlcourse.tabular.dp` store a decision process row by row (`Rows`), sweep over it, and stop when the
bounds here are close enough. The bounds need nothing but the values and how much one more sweep changes them.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.tabular import sweeps
from rlcourse.tabular.mdp import MDP

__all__ = ["Chain", "Rows", "bracket", "change", "enough", "middle", "optimal_bounds", "rounding", "starting_values"]

EPS = np.finfo(float).eps
LIMIT = 100_000  # sweeps, where gamma = 1 and nothing promises that they settle


class Rows(NamedTuple):
    """A decision process as the sweeps read it.

    Row ``s * A + a`` of P is ``to[first[row]:first[row + 1]]`` with the probabilities ``p``. If ``order`` is given,
    state i here is state ``order[i]`` of the process: the states closest to a terminal one come first, and a sweep
    in place carries what it learns there through all states. ``toward`` is an action that may lead closer.
    """

    first: np.ndarray
    to: np.ndarray
    p: np.ndarray
    R: np.ndarray
    gamma: float
    terminal: np.ndarray
    order: np.ndarray | None = None
    toward: np.ndarray | None = None

    @classmethod
    def of(cls, mdp: MDP, *, from_the_end: bool = False) -> Rows:
        """The rows of a process, on request renumbered from the terminal states (if it has any)."""
        P = mdp.P if mdp.is_sparse else sparse.csr_array(mdp.P.reshape(-1, mdp.n_states))
        rows = cls(*_frozen(P.indptr, P.indices, P.data), mdp.R, mdp.gamma, mdp.terminal)
        if not mdp.terminal.any():
            _check_ends(mdp.gamma, mdp.n_states, 0)
            return rows
        if not from_the_end and mdp.gamma < 1:
            return rows
        columns = P.tocsc()
        order, toward, lost = sweeps.from_the_end(columns.indptr, columns.indices, mdp.n_actions, mdp.terminal)
        _check_ends(mdp.gamma, lost, order[-1])
        if not from_the_end:
            return rows._replace(toward=toward)
        parts = [np.zeros_like(P.indptr), np.empty_like(P.indices), np.empty_like(P.data), np.empty_like(mdp.R)]
        sweeps.renumber(P.indptr, P.indices, P.data, mdp.R, order, *parts)
        return cls(*_frozen(*parts), mdp.gamma, *_frozen(mdp.terminal[order]), order, toward[order])

    def renumbered(self, x: np.ndarray) -> np.ndarray:
        """A copy of what is known of every state, in the order of these rows."""
        return np.array(x if self.order is None else x[self.order])

    def original(self, x: np.ndarray) -> np.ndarray:
        """The same in the order of the process."""
        if self.order is None:
            return x
        back = np.empty_like(x)
        back[self.order] = x
        return back

    def first_actions(self) -> np.ndarray:
        """Actions that can lead closer to the end, if these are known, else those of the largest rewards."""
        return (self.R.argmax(axis=1) if self.toward is None else self.toward).astype(np.int32)

    def lower_start(self, action: np.ndarray) -> np.ndarray:
        """Values that no policy can fall below; without discount, nearly those of actions that reach the end."""
        v = np.zeros(len(self.R))
        if self.gamma < 1:
            v[~self.terminal] = self.R.min() / (1 - self.gamma)  # terminal states have the reward 0
        else:
            Chain(self).pack(self, action).sweep(v, v, LIMIT, 1e-3 * np.abs(self.R).max(), True)
        return v

    def predecessors(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For every state, those that can lead to it, with the probability of the likeliest action (csc arrays)."""
        states, actions = self.R.shape
        P = sparse.csr_array((self.p, self.to, self.first), shape=(states * actions, states))
        likeliest = reduce(lambda x, y: x.maximum(y), (P[a::actions] for a in range(actions))).tocsc()
        return likeliest.indptr, likeliest.indices, likeliest.data

    def optimal_sweep(self, v: np.ndarray, u: np.ndarray, action: np.ndarray, margin: float = 0.0):
        """`rlcourse.tabular.sweeps.optimal_sweep`; in place (``u`` is ``v``) no change counts as a change too."""
        low, high, changes = sweeps.optimal_sweep(*self[:5], v, u, action, margin)
        return (min(low, 0.0), max(high, 0.0), changes) if u is v else (low, high, changes)


class Chain:
    """The chain of one action per state, packed for sweeps; its arrays are used again for the next policy."""

    def __init__(self, rows: Rows) -> None:
        states, actions = rows.R.shape
        longest = np.diff(rows.first).reshape(states, actions).max(axis=1).sum()
        self.first, self.r = np.zeros(states + 1, rows.first.dtype), np.empty(states)
        self.to, self.p = np.empty(longest, rows.to.dtype), np.empty(longest)
        self.terminal, self.gamma = rows.terminal, rows.gamma

    def pack(self, rows: Rows, action: np.ndarray) -> Chain:
        """Take the rows of these actions."""
        sweeps.pack_policy(*rows[:4], action, self.first, self.to, self.p, self.r)
        return self

    def sweep(self, v: np.ndarray, u: np.ndarray, limit: int, size: float, by_span: bool):
        """`rlcourse.tabular.sweeps.policy_sweeps`."""
        return sweeps.policy_sweeps(self.first, self.to, self.p, self.r, self.gamma, v, u, limit, size, by_span)

    def time_to_end(self) -> np.ndarray | None:
        """Times w that satisfy ``w >= 1 + P w`` outside terminal states, and None if the chain may go on for ever."""
        used = self.first[-1]
        P = sparse.csr_array((self.p[:used], self.to[:used], self.first), shape=(len(self.r), len(self.r))).tocsc()
        if sweeps.from_the_end(P.indptr, P.indices, 1, self.terminal)[2]:
            return None
        w, step = np.zeros(len(self.r)), (~self.terminal).astype(float)
        arrays = (self.first, self.to, self.p, step)
        high = sweeps.policy_sweeps(*arrays, 1.0, w, w, LIMIT, 0.5, True)[1]
        return w / (1 - high) if high <= 0.5 else None


def optimal_bounds(mdp: MDP, v) -> tuple[np.ndarray, np.ndarray]:
    r"""Bounds on the optimal values from any values, by one sweep.

    With :math:`u = T v` and the smallest and largest of its changes, :math:`m` and :math:`M`,

    .. math:: u + \frac{\gamma m}{1 - \gamma} \;\le\; V^{\pi} \;\le\; V^* \;\le\; u + \frac{\gamma M}{1 - \gamma}

    where :math:`\pi` is greedy for ``v``. Terminal states have value 0.

    Args:
        mdp: the decision process; gamma < 1.
        v: any values, ``[S]``.

    Returns:
        Lower and upper bounds, ``[S]`` each. The lower one also holds for the values of the greedy policy.

    Raises:
        ValueError: gamma is 1, ``v`` has another shape or is not finite.

    Source: MacQueen (1966); Puterman (1994), theorem 6.6.3. Proved in: foundations/dynamic_programming
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


def change(low: float, high: float, span: bool) -> float:
    """Size of a sweep's changes, which lie between ``low`` and ``high``: their span or their largest absolute value."""
    return high - low if span else max(high, -low)


def enough(gamma: float, tolerance: float, span: bool) -> float:
    """Size of a sweep's changes at which its values are within the tolerance; for gamma = 1 a first try."""
    if gamma in (0, 1):
        return tolerance if gamma else np.inf
    return tolerance * (1 - gamma) / gamma * (2 if span else 1)


def rounding(v: np.ndarray) -> float:
    """Size of the changes that rounding makes."""
    return 8 * EPS * np.abs(v).max()


def middle(rows: Rows, u, low, high, action, span: bool) -> tuple[np.ndarray, float]:
    """The middle of the bounds, in the order of the process, and half of their largest distance.

    If the change is measured by its largest absolute value, the bounds are symmetric and the middle is ``u``.
    """
    if not span:
        low, high = -change(low, high, span), change(low, high, span)
    lower, upper = bracket(rows, u, low, high, action)
    bound = float((upper - lower).max()) / 2
    return rows.original((lower + upper) / 2 if bound < np.inf else u.copy()), bound


def bracket(rows: Rows, u, low, high, action) -> tuple[np.ndarray, np.ndarray]:
    """Lower bound of the values of ``action``, upper bound of the optimal ones, after a sweep that wrote ``u``.

    The changes of the sweep lie between ``low`` and ``high``. Rounding is part of the bounds.
    """
    if rows.gamma < 1:
        scale, most = rows.gamma / (1 - rows.gamma), rounding(u) / (1 - rows.gamma)
        lower, upper = u + (scale * low - most), u + (scale * high + most)
    else:
        lower, upper = _bracket_by_time(rows, u, min(low, 0.0), max(high, 0.0), action)
    for x in (lower, upper):
        x[rows.terminal] = 0
    return lower, upper


def _bracket_by_time(rows: Rows, u, low, high, action):
    """The same without discount: the time to the end of the policy takes the place of 1 / (1 - gamma)."""
    w, most = Chain(rows).pack(rows, action).time_to_end(), rounding(u)
    if w is None:
        return np.full_like(u, -np.inf), np.full_like(u, np.inf)
    lower, upper = u + low * w, u + high * w
    _, rise, _ = rows.optimal_sweep(upper, np.empty_like(u), action.copy())
    # if no action raises the upper values, then no policy that ends has larger ones
    return lower - most * w, upper + most * w if rise <= most else np.full_like(u, np.inf)


def _frozen(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """The arrays, read-only like those of a process: to the compiler, arrays to be written are another type."""
    for x in arrays:
        x.setflags(write=False)
    return arrays


def _check_ends(gamma: float, lost: int, state: int) -> None:
    if gamma == 1 and lost:
        raise ValueError(
            f"gamma is 1 and no terminal state can be reached from state {state} ({lost} in all): "
            "the sum of the rewards need not exist; expected gamma < 1 or a way to the end from every state"
        )

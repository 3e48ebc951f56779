"""Decision processes and chains as the sweeps read them: one row after the other.

The numbers that bound what a sweep rounds off are taken here too, once for a process.
"""

from __future__ import annotations

import itertools
from functools import reduce
from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse.compiled import njit
from rlcourse.tabular import sweeps
from rlcourse.tabular.mdp import MDP, policy_chain, policy_rewards, policy_values
from rlcourse.tabular.resolvent import discounted_sums

__all__ = ["Chain", "Rows", "change", "rounding"]

EPS = np.finfo(float).eps
LIMIT = 100_000  # sweeps, where gamma = 1 and nothing promises that they settle
OPERATIONS = 20  # roundings between a sweep and a bound, besides one for each entry of a row
LARGEST = np.finfo(float).max / 1e6


class Rows(NamedTuple):
    """A decision process as the sweeps read it.

    Row ``s * A + a`` of P is ``to[first[row]:first[row + 1]]`` with the probabilities ``p``. If ``order`` is given,
    state i here is state ``order[i]`` of the process: the states closest to a terminal one come first, and a sweep
    in place carries what it learns there through all states. ``toward`` is an action that may lead closer.

    No sum of a row is further than ``excess`` from 1, and one action per state has at most ``entries`` successors. A
    backup of values up to m is wrong by at most ``relative * m + absolute``.
    """

    first: np.ndarray
    to: np.ndarray
    p: np.ndarray
    R: np.ndarray
    gamma: float
    terminal: np.ndarray
    entries: int
    excess: float
    relative: float
    absolute: float = np.finfo(float).tiny
    order: np.ndarray | None = None
    toward: np.ndarray | None = None

    @classmethod
    def of(cls, mdp: MDP, *, from_the_end: bool = False) -> Rows:
        """The rows of a process, on request renumbered from the terminal states (if it has any)."""
        _check_range(mdp)
        P = mdp.P if mdp.is_sparse else sparse.csr_array(mdp.P.reshape(-1, mdp.n_states))
        excess, longest, entries = _measured(P.indptr, P.data, mdp.n_actions)
        relative = (longest + OPERATIONS) * EPS / 2
        measures = (entries, excess + relative, relative)  # the sums are rounded too
        rows = cls(*_frozen(P.indptr, P.indices, P.data), mdp.R, mdp.gamma, mdp.terminal, *measures)
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
        first, to, p, R, terminal = _frozen(*parts, mdp.terminal[order])
        return rows._replace(first=first, to=to, p=p, R=R, terminal=terminal, order=order, toward=toward[order])

    @classmethod
    def of_policy(cls, mdp: MDP, pi) -> Rows:
        """The rows of a process whose only action is to follow a policy."""
        P, r = sparse.csr_array(policy_chain(mdp, pi).P), policy_rewards(mdp, pi)
        alone = MDP(P, r[:, None], mdp.gamma, mdp.start, mdp.terminal)
        if mdp.gamma == 1:
            policy_values(alone, np.ones((mdp.n_states, 1)))  # or it names the state that never ends
        rows, rounded = cls.of(alone), mdp.n_actions * EPS  # means over the actions were rounded too
        absolute = rows.absolute + rounded * (np.asarray(pi) * np.abs(mdp.R)).sum(axis=1).max()
        return rows._replace(excess=rows.excess + rounded, relative=rows.relative + rounded, absolute=float(absolute))

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

    def first_actions(self, pi=None) -> np.ndarray:
        """Actions of a deterministic policy; by default those that can lead closer to the end, or pay most."""
        if pi is None:
            return (self.R.argmax(axis=1) if self.toward is None else self.toward).astype(np.int32)
        pi = np.asarray(pi)
        if pi.shape != self.R.shape:
            raise ValueError(
                f"pi: expected shape {self.R.shape}, got {pi.shape}; "
                "of one action per state `deterministic_policy` makes a policy"
            )
        mixed = ((pi == 1).sum(axis=1) != 1) | ((pi != 0).sum(axis=1) != 1)
        if mixed.any():
            s = int(np.argmax(mixed))
            raise ValueError(f"pi[{s}] is {pi[s]}; expected a deterministic policy, one 1 in each row")
        return self.renumbered(pi.argmax(axis=1).astype(np.int32))

    def lower_start(self, action: np.ndarray) -> np.ndarray:
        """Values that no policy can fall below; without discount, nearly those of actions that reach the end."""
        v = np.zeros(len(self.R))
        if self.gamma < 1:
            v[~self.terminal] = self.R.min() / (1 - self.gamma)  # terminal states have the reward 0
        else:
            Chain(self).pack(action).sweep(v, v, LIMIT, 1e-3 * np.abs(self.R).max(), True)
        return v

    def lower(self, v: np.ndarray) -> int:
        """Lower ``v`` by a constant outside terminal states, so that a sweep lowers it no further; counts sweeps.

        From there sweeps in place are sure to settle, whatever the policies. Synchronous ones are from anywhere.
        """
        if self.order is None or self.gamma == 1:
            return 0
        low = self.optimal_sweep(v, np.empty_like(v), np.zeros(len(v), np.int32))[0]
        v[~self.terminal] += min(low, 0.0) / (1 - self.gamma)
        return 1

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

    def patience(self) -> int:
        """A number of sweeps after which their changes are smaller, unless these are rounding."""
        return max(LIMIT, len(self.R)) if self.gamma == 1 else min(LIMIT, 1000 + int(1 / (1 - self.gamma)))

    def stall(self):
        """A function of the changes of sweeps: whether they have not shrunk for long, so that they are rounding."""
        numbers, before = itertools.count(1), np.inf

        def stalled(now: float) -> bool:
            nonlocal before
            if next(numbers) % self.patience():
                return False
            shrinks, before = now < before, now
            return not shrinks

        return stalled

    def numbers(self):
        """Numbers of sweeps, without end if these are sure to settle."""
        return range(1, LIMIT) if self.gamma == 1 else itertools.count(1)

    def unsettled(self, count: int, low: float, high: float) -> ValueError:
        """The error when they have come to an end."""
        return ValueError(
            f"gamma is {self.gamma:g} and after {count} sweeps the values still change by {low:.3g} to {high:.3g}: "
            "expected that a policy that never ends loses without limit, or values to start from that are closer"
        )

    def factors(self) -> tuple[float, float]:
        """Least and largest factor by which a backup multiplies a constant: gamma, times the sum of a row."""
        return self.gamma * (1 - self.excess), self.gamma * (1 + self.excess)

    def remaining(self, low: float, high: float, error: float) -> tuple[float, float]:
        """What later sweeps can add with discount, if one added ``low`` to ``high`` and each is wrong by ``error``."""
        least, most = self.factors()
        if most >= 1:
            return -np.inf, np.inf
        # what points away from 0 grows by the largest factor, what points back by the least
        away, back = most / (1 - most), least / (1 - least)
        rounded = error / (1 - most)
        return low * (away if low < 0 else back) - rounded, high * (away if high > 0 else back) + rounded


class Chain:
    """The chain of one action per state, packed for sweeps; its arrays are used again for the next policy."""

    def __init__(self, rows: Rows) -> None:
        states = len(rows.R)
        self.rows = rows
        self.first, self.r = np.zeros(states + 1, rows.first.dtype), np.empty(states)
        self.to, self.p = np.empty(rows.entries, rows.to.dtype), np.empty(rows.entries)

    def pack(self, action: np.ndarray) -> Chain:
        """Take the rows of these actions."""
        sweeps.pack_policy(*self.rows[:4], action, self.first, self.to, self.p, self.r)
        return self

    def sweep(self, v: np.ndarray, u: np.ndarray, limit: int, size: float, by_span: bool):
        """`rlcourse.tabular.sweeps.policy_sweeps`."""
        arrays = (self.first, self.to, self.p, self.r)
        return sweeps.policy_sweeps(*arrays, self.rows.gamma, v, u, limit, size, by_span)

    def settle(self, v: np.ndarray, u: np.ndarray, size: float, by_span: bool):
        """Sweep until a sweep changes no more than ``size``, or changes no longer shrink: then they are rounding."""
        count, last, now, limit = 0, np.inf, np.inf, self.rows.patience()
        while True:
            low, high, more = self.sweep(v, u, limit, size, by_span)
            count, last, now = count + more, now, change(low, high, by_span)
            if now <= size or not now < last:
                return low, high, count

    def value(self, v: np.ndarray, low: float, high: float) -> tuple[np.ndarray, float]:
        """Value of the policy after a sweep that wrote ``v`` and added ``low`` to ``high``, and its largest error."""
        rows, error = self.rows, rounding(self.rows, v, change(low, high, False))
        if rows.gamma < 1:
            fall, rise = rows.remaining(low, high, error)
        else:
            w, most = self.time_to_end(), rows.factors()[1]
            w = np.inf if w is None else w
            fall, rise = (most * low - error) * w, (most * high + error) * w  # low <= 0 <= high: some state is terminal
        wrong = float(np.max(rise - fall)) / 2
        return (np.where(rows.terminal, 0.0, v + (fall + rise) / 2), wrong) if wrong < np.inf else (v, wrong)

    def time_to_end(self) -> np.ndarray | None:
        """Times w that satisfy ``w >= 1 + P w`` outside terminal states, and None if the chain may go on for ever."""
        used, terminal = self.first[-1], self.rows.terminal
        P = sparse.csr_array((self.p[:used], self.to[:used], self.first), shape=(len(self.r), len(self.r)))
        columns = P.tocsc()
        if sweeps.from_the_end(columns.indptr, columns.indices, 1, terminal)[2]:
            return None
        w, step = np.zeros(len(self.r)), (~terminal).astype(float)
        arrays = (self.first, self.to, self.p, step)
        high = sweeps.policy_sweeps(*arrays, 1.0, w, w, LIMIT, 0.5, True)[1] * self.rows.factors()[1]
        if high > 0.5:  # it takes too long for sweeps: twice the time, of which a sweep takes 1 off
            try:
                w = 2 * discounted_sums(P, 1.0, terminal, step)
            except ValueError:
                return None
            high = (P @ w + step - w)[~terminal].max()
        rest = 1 - high - self.rows.relative * w.max()
        return w / rest if rest >= 0.25 else None


def change(low: float, high: float, span: bool) -> float:
    """Size of a sweep's changes, which lie between ``low`` and ``high``: their span or their largest absolute value."""
    return high - low if span else max(high, -low)


def rounding(rows: Rows, u: np.ndarray, step: float = 0.0) -> float:
    """Largest error of a sweep that wrote ``u`` and changed no value by more than ``step``."""
    return rows.relative * (np.abs(u).max() + step) + rows.absolute


def _frozen(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """The arrays, read-only like those of a process: to the compiler, arrays to be written are another type."""
    for x in arrays:
        x.setflags(write=False)
    return arrays


def _check_range(mdp: MDP) -> None:
    largest = max(mdp.R.max(), -mdp.R.min())
    if mdp.gamma < 1 and largest > LARGEST * (1 - mdp.gamma):
        raise ValueError(
            f"R has entries up to {largest:.3g} and gamma is {mdp.gamma:.17g}: the values may be too large for "
            "float64; expected rewards in a larger unit"
        )


def _check_ends(gamma: float, lost: int, state: int) -> None:
    if gamma == 1 and lost:
        raise ValueError(
            f"gamma is 1 and no terminal state can be reached from state {state} ({lost} in all): "
            "the sum of the rewards need not exist; expected gamma < 1 or a way to the end from every state"
        )


@njit
def _measured(first, p, actions):
    """Distance of the sums of the rows from 1, entries of the longest row, and entries of a policy at most."""
    excess, longest, entries = 0.0, 0, 0
    row = e = np.uint64(0)
    while row < np.uint64(len(first) - 1):
        most = 0
        for _ in range(actions):
            total, begin = 0.0, e
            row += np.uint64(1)
            end = np.uint64(first[row])
            while e < end:
                total += p[e]
                e += np.uint64(1)
            excess, most = max(excess, abs(total - 1.0)), max(most, np.int64(end - begin))
        longest, entries = max(longest, most), entries + most
    return excess, longest, entries

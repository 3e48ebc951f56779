"""Finite Markov chains in continuous time: generators, jump chains, stationary laws, hitting times and paths.

A chain is its generator, ``Q[s, s_next]``: the rate of the jumps from s to s_next per unit of time, and on the
diagonal minus the rate of leaving s. Its laws at given times are in :mod:`rlcourse.tabular.uniformization`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.tabular import absorption, stationary
from rlcourse.tabular.markov import MarkovChain, classes
from rlcourse.tabular.reachability import must_reach

__all__ = ["Generator", "JumpPaths", "discounted_values", "hitting_times", "simulate", "states_at", "stationary_law"]

ROW_SUM = 1e-9  # largest distance of a row's sum from 0, relative to the row's exit rate: rounding, not a mistake


@dataclass(frozen=True, eq=False)
class Generator:
    r"""The generator of a Markov chain with finitely many states in continuous time.

    .. math:: Q_{ij} = \lim_{h\to0} \frac{P(X_{t+h} = j \mid X_t = i) - 1\{i = j\}}h

    Attributes:
        Q: rates per unit of time, shape ``[S, S]``, a numpy array or any scipy sparse matrix. It is checked and
            copied: a read-only float64 array, or a read-only ``csr_array``.

    Raises:
        ValueError: Q is not square or empty; an entry is not finite; a rate off the diagonal is negative; an entry
            of the diagonal is positive; a row does not sum to 0 within rounding; a state is left so slowly that its
            mean holding time is too large a number.
        TypeError: Q does not hold real numbers.

    Source: Norris (1997), section 2.1. Proved in: processes/continuous_time (thm-ctmc-kolmogorov).
    """

    Q: np.ndarray | sparse.csr_array

    def __post_init__(self) -> None:
        given = self.Q if sparse.issparse(self.Q) else np.asarray(self.Q)
        if given.dtype.kind not in "fiu":
            raise TypeError(f"Q: expected real numbers, got dtype {given.dtype}")
        if given.ndim != 2 or given.shape[0] != given.shape[1] or given.shape[0] == 0:
            raise ValueError(f"Q: expected a square matrix [S, S] with at least one state, got shape {given.shape}")
        if sparse.issparse(given):
            Q = sparse.csr_array(given, dtype=np.float64, copy=True)
            Q.sum_duplicates()
            Q.eliminate_zeros()
            parts = (Q.data, Q.indices, Q.indptr)
        else:
            Q = np.array(given, dtype=np.float64, order="C")
            parts = (Q,)
        _check_rates(Q)
        for part in parts:
            part.setflags(write=False)
        object.__setattr__(self, "Q", Q)

    @property
    def n_states(self) -> int:
        """Number of states, which are 0, 1, ..., n_states - 1."""
        return self.Q.shape[0]

    @cached_property
    def exit_rates(self) -> np.ndarray:
        """Rates of leaving each state, shape [S]; 1 / exit_rates are the mean holding times (0 means absorbing)."""
        return -self.Q.diagonal() + 0.0  # no negative zeros

    @cached_property
    def jump_chain(self) -> MarkovChain:
        r"""The chain of the states visited, :math:`Q_{ij}/|Q_{ii}|`; an absorbing state is repeated forever."""
        absorbing = self.exit_rates == 0
        off = _without_diagonal(self.Q)
        # divided by the actual sum, so that rounding in the diagonal does not show
        steps = _divided(off, np.where(absorbing, 1.0, off.sum(axis=1)))
        if sparse.issparse(steps):
            return MarkovChain(steps + sparse.diags_array(absorbing * 1.0))
        return MarkovChain(steps + np.diag(absorbing * 1.0))


class JumpPaths(NamedTuple):
    """Simulated paths, as arrays ``[paths, jumps]``.

    Attributes:
        times: when each state was entered; the first is 0. Padding after the last jump is ``inf``.
        states: the state entered; padding repeats the last one.
        horizon: time up to which the paths are recorded.
    """

    times: np.ndarray
    states: np.ndarray
    horizon: float


def stationary_law(gen: Generator) -> np.ndarray:
    r"""The law that does not change: the shares of time that a long path spends in each state.

    .. math:: \pi Q = 0, \qquad \sum_i \pi_i = 1

    It is the stationary law of the jump chain, weighted with the mean holding times. Dense generators are solved
    by elimination without a subtraction, so that small entries are as precise as large ones.

    Args:
        gen: the generator; transient states are allowed (they get 0).

    Returns:
        The law ``[S]``.

    Raises:
        ValueError: there are several closed classes (the message names the smallest state of each), so that the
            law is not unique.

    Source: Norris (1997), section 3.5. Proved in: processes/continuous_time (thm-ctmc-stationary).
    """
    closed = [c for c in classes(gen.jump_chain) if c.closed]
    if len(closed) > 1:
        first = ", ".join(str(c.states[0]) for c in closed[:4])
        raise ValueError(
            f"Q has {len(closed)} closed classes (their first states: {first}{', ...' if len(closed) > 4 else ''}), "
            "so the stationary law is not unique; expected one"
        )
    (only,) = closed
    if len(only.states) == 1:  # an absorbing state, which has no finite holding time
        return np.eye(gen.n_states)[only.states[0]]
    visits = stationary.stationary_law(gen.jump_chain)
    law = np.where(visits > 0, visits / np.where(gen.exit_rates > 0, gen.exit_rates, 1.0), 0.0)
    return law / law.sum()


def hitting_times(gen: Generator, target) -> np.ndarray:
    r"""Mean time until the target is reached.

    .. math:: \sum_j Q_{ij}\, m_j = -1 \quad (i \notin A), \qquad m_i = 0 \quad (i \in A)

    It is the mean of the holding times collected by the jump chain, so that the diagonal of Q is not subtracted from
    anything, however rarely some states are left.

    Args:
        gen: the generator.
        target: states A, an integer or a sequence of integers.

    Returns:
        Means ``[S]`` in units of time: 0 on the target, ``inf`` where the target may be missed.

    Raises:
        ValueError: the target is empty or holds something that is not a state; Q is large, sparse and so
            nearly reducible that the solution is not known accurately.
        TypeError: the target does not hold integers.

    Source: Norris (1997), section 3.3. Proved in: processes/continuous_time (thm-ctmc-hitting).
    """
    missed = ~must_reach(gen.jump_chain, target)
    # no path from the other states comes there before the target, so that it may end there
    ends = np.union1d(target, np.flatnonzero(missed))
    holding = 1 / np.where(gen.exit_rates > 0, gen.exit_rates, np.inf)
    times = absorption.total_reward(gen.jump_chain, ends, holding, with_target=False)
    return np.where(missed, np.inf, times)


def discounted_values(gen: Generator, r, alpha: float) -> np.ndarray:
    r"""Mean discounted reward from each state, without end.

    .. math:: v_i = E\Bigl[\int_0^\infty e^{-\alpha t}\, r(X_t)\,dt \Bigm| X_0 = i\Bigr]
              = \bigl[(\alpha I - Q)^{-1} r\bigr]_i

    Discounting is killing: the values are those of a chain that is stopped at rate alpha and does not discount. They
    are precise for every alpha, as long as rewards of both signs do not cancel.

    Args:
        gen: the generator.
        r: reward per unit of time in each state, shape ``[S]``.
        alpha: discount rate per unit of time, positive.

    Returns:
        Values ``[S]`` in reward units.

    Raises:
        ValueError: alpha is not positive; r is not finite or has another shape; Q is large and sparse, and alpha so
            small that the solution is not known accurately.

    Source: Puterman (1994), section 11.5. Proved in: processes/continuous_time (thm-uniform-resolvent).
    """
    checks.positive("alpha", alpha)
    r = np.asarray(r, dtype=float)
    if r.shape != (gen.n_states,):
        raise ValueError(f"r: expected shape ({gen.n_states},), one reward rate per state, got {r.shape}")
    checks.finite("r", r)
    off = _without_diagonal(gen.Q)
    ends = off.sum(axis=1) + alpha  # rate at which a stay ends, by a jump or by being killed
    steps, killed = _divided(off, ends), (alpha / ends)[:, None]
    if sparse.issparse(steps):
        P = sparse.block_array([[steps, sparse.csr_array(killed)], [None, sparse.eye_array(1)]])
    else:
        P = np.block([[steps, killed], [np.zeros((1, gen.n_states)), np.ones((1, 1))]])
    return absorption.total_reward(MarkovChain(P), gen.n_states, np.append(r / ends, 0.0), with_target=False)[:-1]


def simulate(gen: Generator, start, horizon: float, rng) -> JumpPaths:
    """Simulate independent paths up to a time, all at once.

    A path waits in state i for an exponential time of rate ``exit_rates[i]`` and then takes a step of the jump
    chain. Memory is that of the path with the most jumps, for every path.

    Args:
        gen: the generator.
        start: first states, an integer array ``[paths]``.
        horizon: time at which the record stops, finite and not negative.
        rng: source of randomness, a ``numpy.random.Generator`` or a seed.

    Returns:
        Jump times and states, see `JumpPaths`.

    Raises:
        TypeError: ``start`` does not hold integers.
        ValueError: a start is not a state, or the horizon is negative or not finite.

    Proved in: processes/continuous_time (thm-ctmc-clocks).
    """
    start = np.asarray(start)
    if start.dtype.kind not in "iu" or start.ndim != 1:
        raise TypeError(f"start: expected integers (states), shape [paths], got {start.dtype} of shape {start.shape}")
    outside = (start < 0) | (start >= gen.n_states)
    if outside.any():
        raise ValueError(f"start holds {start[outside][0]}; expected states 0 to {gen.n_states - 1}")
    if not 0 <= horizon < np.inf:
        raise ValueError(f"horizon is {horizon}; expected a finite time >= 0")
    P = sparse.csr_array(gen.jump_chain.P)
    law = np.concatenate([P.data[a:b].cumsum() for a, b in zip(P.indptr[:-1], P.indptr[1:], strict=True)])
    stream = np.random.default_rng(rng)
    begin, to = P.indptr.astype(np.int64), P.indices.astype(np.int64)  # one compiled form for dense and sparse
    times, states, jumps = _record(begin, to, law, gen.exit_rates, start.astype(np.int64), float(horizon), stream)
    ends = jumps.cumsum()
    shape = (len(start), max(jumps, default=0))
    after = np.minimum(np.arange(shape[1]), jumps[:, None] - 1) + (ends - jumps)[:, None]
    padding = np.arange(shape[1]) >= jumps[:, None]
    return JumpPaths(np.where(padding, np.inf, times[after]), states[after], float(horizon))


@njit
def _record(begin, to, law, exit_rates, start, horizon, rng):
    """Entry times and states of all paths, one after the other, and their numbers."""
    times, states = np.empty(64), np.empty(64, np.int64)
    jumps = np.zeros(len(start), np.int64)
    size = 0
    for path in range(len(start)):
        t, s = 0.0, start[path]
        while t <= horizon:
            if size == len(times):
                times, states = np.append(times, times), np.append(states, states)
            times[size], states[size] = t, s
            size += 1
            jumps[path] += 1
            if exit_rates[s] == 0:
                break
            t += rng.exponential() / exit_rates[s]
            # the last sum may round to just below 1, so it is never compared
            k, u = begin[s], rng.random()
            while k < begin[s + 1] - 1 and u >= law[k]:
                k += 1
            s = to[k]
    return times[:size], states[:size], jumps


def states_at(paths: JumpPaths, t) -> np.ndarray:
    """States of simulated paths at given times.

    Args:
        paths: from `simulate`.
        t: times, shape ``[T]``, from 0 to the horizon of the record.

    Returns:
        States ``[paths, T]``; at a jump, the state entered.

    Raises:
        ValueError: a time is negative, NaN or later than the horizon.
    """
    t = np.atleast_1d(np.asarray(t, dtype=float))
    bad = ~((t >= 0) & (t <= paths.horizon))
    if bad.any():
        raise ValueError(f"t holds {t[bad][0]}; expected times from 0 to the horizon {paths.horizon}")
    rows = zip(paths.times, paths.states, strict=True)
    found = [states[np.searchsorted(times, t, side="right") - 1] for times, states in rows]
    return np.array(found, dtype=paths.states.dtype).reshape(len(paths.states), *t.shape)


def _check_rates(Q) -> None:
    """Raise unless Q holds rates, with the state named; Q is a float array or csr_array."""
    if sparse.issparse(Q):
        entries = Q.tocoo()
        i, j, q = entries.row, entries.col, entries.data
    else:
        i, j = np.indices(Q.shape).reshape(2, -1)
        q = Q.ravel()
    for bad, expected in (
        (~np.isfinite(q), "a finite rate"),
        ((i != j) & (q < 0), "a rate >= 0 off the diagonal"),
        ((i == j) & (q > 0), "minus the rate of leaving the state; was the sign forgotten, or is this P?"),
    ):
        if bad.any():
            k = int(np.argmax(bad))
            raise ValueError(f"Q[{i[k]}, {j[k]}] is {q[k]}; expected {expected}")
    total, exits = Q.sum(axis=1), -Q.diagonal()
    off = np.abs(total) > ROW_SUM * np.maximum(exits, total)
    if off.any():
        s = int(np.argmax(off))
        raise ValueError(f"Q[{s}, :] sums to {total[s]:.10g}; expected 0: the diagonal is minus the sum of the others")
    slow = (exits > 0) & (exits < np.finfo(float).tiny)
    if slow.any():
        s = int(np.argmax(slow))
        raise ValueError(
            f"Q[{s}, {s}] is {-exits[s]}; expected 0, or a rate whose inverse, the mean holding time, is a number; "
            "take a larger unit of time"
        )


def _without_diagonal(Q):
    if sparse.issparse(Q):
        off = (Q - sparse.diags_array(Q.diagonal())).tocsr()
        off.eliminate_zeros()
        return off
    return Q - np.diag(Q.diagonal())


def _divided(off, by: np.ndarray):
    """Rows divided by numbers, entry by entry."""
    if sparse.issparse(off):
        return sparse.csr_array((off.data / np.repeat(by, np.diff(off.indptr)), off.indices, off.indptr), off.shape)
    return off / by[:, None]

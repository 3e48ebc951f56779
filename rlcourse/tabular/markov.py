"""Finite Markov chains: their transition matrices, communicating classes and periods, laws and paths.

A chain is its transition matrix, ``P[s, s_next]``, dense or sparse. Laws are rows: ``mu @ P`` is the law after one
step from ``mu``. Stationary laws and the convergence to them are in :mod:`rlcourse.tabular.stationary`, what
happens until a set is reached is in :mod:`rlcourse.tabular.absorption`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from rlcourse import checks
from rlcourse.tabular import paths

__all__ = ["CommunicatingClass", "MarkovChain", "classes", "n_step_laws"]

ROW_SUM = 1e-9  # largest distance of a row's sum from 1: rounding, not a mistake


@dataclass(frozen=True, eq=False)
class MarkovChain:
    r"""A time-homogeneous Markov chain with finitely many states.

    .. math:: P_{ij} = P(Z_{n+1} = j \mid Z_n = i, Z_{n-1}, \dots, Z_0)

    Attributes:
        P: transition probabilities, shape ``[S, S]``, a numpy array or any scipy sparse matrix. It is checked and
            copied: a read-only float64 array, or a read-only ``csr_array`` without explicit zeros.

    Raises:
        ValueError: P is not square or empty; an entry is negative or not finite; a row does not sum to 1.
        TypeError: P does not hold real numbers.

    Source: Norris (1997), section 1.1. Proved in: processes/markov_chains (def-chain).
    """

    P: np.ndarray | sparse.csr_array

    def __post_init__(self) -> None:
        if sparse.issparse(self.P):
            object.__setattr__(self, "P", _checked_sparse(self.P))
        else:
            object.__setattr__(self, "P", _checked_dense(self.P))

    @property
    def n_states(self) -> int:
        """Number of states, which are 0, 1, ..., n_states - 1."""
        return self.P.shape[0]

    @cached_property
    def graph(self) -> sparse.csr_array:
        """The possible steps, a sparse matrix with an entry for every positive probability."""
        if sparse.issparse(self.P):
            return self.P
        possible = self.P > 0
        ends = np.concatenate([[0], np.cumsum(possible.sum(axis=1))])
        successors = np.flatnonzero(possible) % len(self.P)
        return sparse.csr_array((np.ones(len(successors)), successors, ends), shape=self.P.shape)

    @cached_property
    def class_of(self) -> np.ndarray:
        """Number of the communicating class of every state, in the order of their smallest states."""
        if not sparse.issparse(self.P) and (self.P[0] > 0).all() and (self.P[:, 0] > 0).all():
            return np.zeros(len(self.P), int)  # a dense chain needs no search
        _, of = csgraph.connected_components(self.graph, directed=True, connection="strong")
        _, first, of = np.unique(of, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[of]

    @cached_property
    def closed(self) -> np.ndarray:
        """For every class, whether no step leads out of it."""
        if not self.class_of.any():
            return np.ones(1, bool)
        source = np.repeat(self.class_of, np.diff(self.graph.indptr))
        closed = np.ones(self.class_of.max() + 1, bool)
        closed[source[source != self.class_of[self.graph.indices]]] = False
        return closed

    @cached_property
    def _table(self) -> paths.AliasTable:
        return paths.alias_table(self.P)

    def simulate(self, start, steps: int, rng: np.random.Generator) -> np.ndarray:
        """Simulate independent paths, all at once; the sampling table is made by the first call and kept.

        Args:
            start: first states, an integer array of any shape ``[*paths]``, or one state.
            steps: number of steps, at least 0.
            rng: source of randomness.

        Returns:
            States ``[*paths, steps + 1]``; the first is ``start``.

        Raises:
            TypeError, ValueError: as :func:`rlcourse.tabular.paths.sample_paths`.

        Proved in: processes/markov_chains (thm-chain-alias).
        """
        return paths.sample_paths(self._table, start, steps, rng)


class CommunicatingClass(NamedTuple):
    """States that all reach each other, and no others.

    Attributes:
        states: the states in increasing order.
        closed: True if no step leads out of the class; its states are then recurrent, else transient.
        period: greatest common divisor of the lengths of all loops; 0 if there is no loop (a single transient
            state that cannot be visited twice).
    """

    states: np.ndarray
    closed: bool
    period: int


def classes(chain: MarkovChain) -> list[CommunicatingClass]:
    r"""Communicating classes with their kinds and periods.

    i and j communicate if each can be reached from the other. In a finite chain a class is recurrent if and only
    if it is closed. With depths d(i), the numbers of steps from one state of the class, its period is

    .. math:: \gcd\{d(i) + 1 - d(j) : P_{ij} > 0\}

    over the steps inside the class.

    Args:
        chain: the chain. Only the places of its positive entries matter.

    Returns:
        The classes, ordered by their smallest states.

    Source: Norris (1997), sections 1.2 and 1.5. Proved in: processes/markov_chains (thm-chain-period).
    """
    members = np.split(np.argsort(chain.class_of, kind="stable"), np.cumsum(np.bincount(chain.class_of))[:-1])
    loops = chain.graph.diagonal() > 0
    return [
        # lone states need no search; there can be very many of them
        CommunicatingClass(states, bool(closed), _period(chain.graph, states) if len(states) > 1 else int(loop))
        for states, closed, loop in zip(members, chain.closed, loops[[m[0] for m in members]], strict=True)
    ]


def _period(graph: sparse.csr_array, states: np.ndarray) -> int:
    inside = graph[states][:, states].tocoo()
    depth = csgraph.shortest_path(inside.tocsr(), indices=0, unweighted=True).astype(int)
    return int(np.gcd.reduce(depth[inside.row] + 1 - depth[inside.col]))


def n_step_laws(chain: MarkovChain, start, n: int) -> np.ndarray:
    r"""Laws of the state at the times 0 to n.

    .. math:: \pi_{m+1} = \pi_m P, \qquad \pi_n = \pi_0 P^n

    Args:
        chain: the chain.
        start: law of the first state ``[*batch, S]``; ``np.eye(S)`` gives the powers of P.
        n: number of steps, at least 0.

    Returns:
        Laws ``[n + 1, *batch, S]``.

    Raises:
        ValueError: ``start`` is not a law on the states, or n is not a whole number >= 0.

    Source: Norris (1997), section 1.1. Proved in: processes/markov_chains (def-chain).
    """
    start = np.asarray(start, dtype=float)
    if start.shape[-1:] != (chain.n_states,):
        raise ValueError(f"start: expected shape [..., {chain.n_states}], one entry per state, got {start.shape}")
    checks.probabilities("start", start)
    n, batch, start = checks.whole("n", n), start.shape, start.reshape(-1, chain.n_states)
    laws = np.empty((n + 1, *start.shape))
    laws[0] = start
    for m in range(n):
        laws[m + 1] = laws[m] @ chain.P
    return laws.reshape(n + 1, *batch)


def _check_square(shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"P: expected a square matrix [S, S] with at least one state, got shape {shape}")


def _checked_dense(P) -> np.ndarray:
    given = np.asarray(P)
    _check_square(given.shape)
    checks.probabilities("P", given, atol=ROW_SUM)
    P = np.array(given, dtype=np.float64, order="C")
    P.setflags(write=False)
    return P


def _checked_sparse(P) -> sparse.csr_array:
    _check_square(P.shape)
    if P.dtype.kind not in "fiu":
        raise TypeError(f"P: expected real numbers, got dtype {P.dtype}")
    P = sparse.csr_array(P, dtype=np.float64, copy=True)
    P.sum_duplicates()
    bad = ~(P.data >= 0)
    if bad.any():
        k = int(np.argmax(bad))
        i = int(np.searchsorted(P.indptr, k, side="right")) - 1
        raise ValueError(f"P[{i}, {P.indices[k]}] is {P.data[k]}; expected a probability >= 0")
    total = P.sum(axis=1)
    off = ~(np.abs(total - 1) <= ROW_SUM)
    if off.any():
        i = int(np.argmax(off))
        hint = "; normalize it" if total[i] > 0 else ""
        raise ValueError(f"P[{i}, :] sums to {total[i]:.10g}; expected 1{hint}")
    P.eliminate_zeros()
    for part in (P.data, P.indices, P.indptr):
        part.setflags(write=False)
    return P

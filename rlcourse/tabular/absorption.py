"""Finite Markov chains until they reach a set: whether, where, when, and with what reward.

``T = min {n >= 0 : Z_n in target}`` is the hitting time (0 from inside the target, infinite if it is never reached).
The target need not be absorbing: what happens after it is reached does not matter. A function that has a value per
first state returns an array ``[S]``. Times of return and visits are in :mod:`rlcourse.tabular.passages`.

Which states can reach the target, and which must, is read off the graph of possible steps, not off rounded
numbers: probabilities 0 and 1 and infinite means are exact. Dense chains are solved without a subtraction, sparse ones
by an LU decomposition if a bound on its error is at most 1e-8 of the largest entry of the result, or else like dense
ones; for more than 6000 states 1e-6 must do, or a ValueError says that the chain is nearly reducible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import linalg as sparse_linalg

from rlcourse import checks
from rlcourse.tabular.elimination import DENSE, ERROR_LARGE, ERROR_SMALL, eliminate
from rlcourse.tabular.markov import MarkovChain
from rlcourse.tabular.reachability import can_reach, must_reach, target_mask

__all__ = [
    "CanonicalForm",
    "canonical_form",
    "fundamental_matrix",
    "hitting_distribution",
    "hitting_probabilities",
    "hitting_time_law",
    "hitting_times",
    "total_reward",
]


class CanonicalForm(NamedTuple):
    r"""A chain sorted into the states outside a target and those in it.

    .. math:: P = \begin{pmatrix} Q & R \\ 0 & I \end{pmatrix}

    once the target is made absorbing.

    Attributes:
        outside: the states outside the target, in increasing order; they index the rows and columns of Q.
        target: the states of the target, in increasing order; they index the columns of R.
        Q: steps that stay outside, dense or sparse like the chain.
        R: steps into the target.
    """

    outside: np.ndarray
    target: np.ndarray
    Q: np.ndarray | sparse.csr_array
    R: np.ndarray | sparse.csr_array


def canonical_form(chain: MarkovChain, target) -> CanonicalForm:
    """The blocks Q and R of a chain for a target set.

    Args:
        chain: the chain.
        target: states, at least one: a list of numbers, or one number.

    Returns:
        The blocks, with the states that they belong to.

    Raises:
        ValueError: the target is empty, or holds a number that is not a state.
        TypeError: the target does not hold integers.

    Source: Kemeny and Snell (1976), chapter 3. Proved in: processes/markov_chains (thm-absorb-fundamental).
    """
    inside = target_mask(chain, target)
    outside, target = np.flatnonzero(~inside), np.flatnonzero(inside)
    rows = chain.P[outside]
    return CanonicalForm(outside, target, rows[:, outside], rows[:, target])


def fundamental_matrix(chain: MarkovChain, target) -> np.ndarray:
    r"""Mean numbers of visits before the target is reached, the visit at time 0 included.

    .. math:: N = (I - Q)^{-1} = \sum_{n\ge0} Q^n, \qquad
              N_{ij} = E\Bigl[\sum_{n=0}^{T-1} 1\{Z_n = j\} \Bigm| Z_0 = i\Bigr]

    Args:
        chain: the chain.
        target: states, as in :func:`canonical_form`.

    Returns:
        The matrix, rows and columns in the order of ``canonical_form(chain, target).outside``.

    Raises:
        ValueError: from some state the target cannot be reached, so that visits are infinite in number (the message
            names it); or the target is empty.

    Source: Kemeny and Snell (1976), chapter 3. Proved in: processes/markov_chains (thm-absorb-fundamental).
    """
    outside, lost = np.flatnonzero(~target_mask(chain, target)), np.flatnonzero(~can_reach(chain, target))
    if len(lost):
        raise ValueError(f"target cannot be reached from state {lost[0]} ({len(lost)} in all): I - Q is singular")
    if len(outside) == 0:
        return np.zeros((0, 0))
    both = _triangles(chain, outside)
    upper = np.triu(both, 1)
    np.fill_diagonal(upper, 1)
    inverse, _ = linalg.lapack.dtrtri(upper.T, lower=1, unitdiag=1, overwrite_c=1)
    return linalg.blas.dtrsm(1.0, both.T, inverse, side=1, overwrite_b=1).T


def hitting_distribution(chain: MarkovChain, target) -> np.ndarray:
    r"""Where the target is entered.

    .. math:: g_l(i) = P(T < \infty, Z_T = l \mid Z_0 = i), \qquad
              g_l(i) = P_{il} + \sum_{m\notin A} P_{im}\, g_l(m), \qquad G = (I - Q)^{-1} R

    The smallest non-negative solution: a state that cannot reach the target has a row of zeros.

    Args:
        chain: the chain.
        target: states A, as in :func:`canonical_form`.

    Returns:
        Probabilities ``[S, len(target)]``, columns in increasing order of the target's states. Rows sum to
        :func:`hitting_probabilities`.

    Raises: as :func:`canonical_form`.
    Source: Kemeny and Snell (1976), chapter 3. Proved in: processes/markov_chains (thm-absorb-where).
    """
    form = canonical_form(chain, target)
    where = np.zeros((chain.n_states, len(form.target)))
    where[form.target] = np.eye(len(form.target))
    reach = can_reach(chain, target)[form.outside]
    R = form.R.toarray() if sparse.issparse(form.R) else form.R
    where[form.outside[reach]] = _resolvent(chain, form.outside[reach])(R[reach])
    return where


def hitting_probabilities(chain: MarkovChain, target) -> np.ndarray:
    r"""Probability that the target is ever reached.

    .. math:: h(i) = P(T < \infty \mid Z_0 = i)

    It is 1 on the target and the smallest non-negative solution of ``h = P h`` outside: exactly 0 where the target
    cannot be reached, and exactly 1 where it is reached with probability 1 (read off the graph).

    Args:
        chain: the chain.
        target: states, as in :func:`canonical_form`.

    Returns:
        Probabilities ``[S]``.

    Raises: as :func:`canonical_form`.
    Source: Norris (1997), section 1.3. Proved in: processes/markov_chains (thm-absorb-minimal).
    """
    reach, sure = can_reach(chain, target), must_reach(chain, target)
    h = sure.astype(float)
    open_ = np.flatnonzero(reach & ~sure)
    # below 1 also after rounding, so that exactly 1 means certain
    h[open_] = np.minimum(_resolvent(chain, open_)(chain.P[open_] @ h), np.nextafter(1, 0))
    return h


def hitting_times(chain: MarkovChain, target) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and variance of the time until the target is reached.

    .. math:: m(i) = E[T \mid Z_0 = i] = 1 + \sum_{j\notin A} P_{ij}\, m(j), \qquad m = (I - Q)^{-1} 1

    .. math:: v(i) = \mathrm{Var}[T \mid Z_0 = i] = \sum_j P_{ij} \bigl[(m(j) + 1 - m(i))^2 + v(j)\bigr]

    Args:
        chain: the chain.
        target: states A, as in :func:`canonical_form`.

    Returns:
        Pair of arrays ``[S]``, in steps and squared steps; 0 on the target, and both ``inf`` for a state from which
        the target may be missed, however small the probability.

    Raises: as :func:`canonical_form`.
    Source: Norris (1997), section 1.3 (mean); Kemeny and Snell (1976), chapter 3 (variance).
    Proved in: processes/markov_chains (thm-absorb-time).
    """
    sure = must_reach(chain, target)
    mean, variance = np.where(sure, 0.0, np.inf), np.where(sure, 0.0, np.inf)
    left = np.flatnonzero(sure & ~target_mask(chain, target))
    solve = _resolvent(chain, left)
    mean[left] = solve(np.ones(len(left)))
    steps = sparse.coo_array(chain.P[left])
    surprise = mean[steps.col] + 1 - mean[left[steps.row]]
    variance[left] = solve(np.bincount(steps.row, steps.data * surprise**2, len(left)))
    return mean, variance


def hitting_time_law(chain: MarkovChain, target, n: int) -> np.ndarray:
    r"""Law of the time until the target is reached.

    .. math:: P(T = 0 \mid Z_0 = i) = 1\{i \in A\}, \qquad
              P(T = m \mid Z_0 = i) = \sum_j P_{ij}\, P(T = m-1 \mid Z_0 = j) \quad (i \notin A,\ m \ge 1)

    Args:
        chain: the chain.
        target: states A, as in :func:`canonical_form`.
        n: largest time.

    Returns:
        Probabilities ``[n + 1, S]``; what is missing from a column is later than n, or never.

    Raises: ValueError if n is not a whole number >= 0; as :func:`canonical_form`.
    Source: Kemeny and Snell (1976), chapter 3. Proved in: processes/markov_chains (thm-absorb-passage).
    """
    inside = target_mask(chain, target)
    n = checks.whole("n", n)
    law = np.zeros((n + 1, chain.n_states))
    law[0] = inside
    for m in range(1, n + 1):
        law[m] = np.where(inside, 0, chain.P @ law[m - 1])
    return law


def total_reward(chain: MarkovChain, target, r, *, with_target: bool) -> np.ndarray:
    r"""Mean of the rewards collected until the target is reached.

    .. math:: E\Bigl[\sum_{n=0}^{T-1} r(Z_n) \Bigm| Z_0 = i\Bigr] = [(I - Q)^{-1} r](i), \qquad
              E\Bigl[\sum_{n=0}^{T} r(Z_n) \Bigm| Z_0 = i\Bigr] = [(I - Q)^{-1} (r + R\, r_A)](i)

    Args:
        chain: the chain.
        target: states A, as in :func:`canonical_form`.
        r: reward of being in each state, shape ``[S]``, reward units.
        with_target: whether the reward of the state in which the target is reached counts (second formula), or the
            sum stops before it (first formula).

    Returns:
        Means ``[S]`` in reward units. On the target they are r, or 0.

    Raises:
        ValueError: from some state the target may be missed, so that the sum does not end (the message names it);
            r is not finite or has another shape; as :func:`canonical_form`.

    Source: Kemeny and Snell (1976), chapter 3. Proved in: processes/markov_chains (thm-absorb-reward).
    """
    r = np.asarray(r, dtype=float)
    if r.shape != (chain.n_states,):
        raise ValueError(f"r: expected shape ({chain.n_states},), one reward per state, got {r.shape}")
    checks.finite("r", r)
    form = canonical_form(chain, target)
    unsure = np.flatnonzero(~must_reach(chain, target))
    if len(unsure):
        raise ValueError(
            f"target may be missed from state {unsure[0]} ({len(unsure)} in all): the sum of the rewards has no end"
        )
    end = np.where(target_mask(chain, target) & with_target, r, 0.0)
    total = end.copy()
    total[form.outside] = _resolvent(chain, form.outside)(r[form.outside] + form.R @ end[form.target])
    return total


def _resolvent(chain: MarkovChain, states: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The map of b to the solution of ``x = b + Q x`` on states that the chain leaves with probability 1.

    ``1 - Q[i, i]`` is computed as the sum of the other entries of the row of P, and dense chains are solved without
    any subtraction: for b >= 0 every entry is accurate, however long the chain stays. Of sparse ones the largest is.
    """
    if len(states) == 0:
        return lambda b: b
    if sparse.issparse(chain.P) and (solve := _sparse_resolvent(chain.P[states], states)):
        return solve
    both = _triangles(chain, states)
    options = {"check_finite": False}
    return lambda b: linalg.solve_triangular(
        both, linalg.solve_triangular(both, b, unit_diagonal=True, **options), lower=True, **options
    )


def _sparse_resolvent(rows: sparse.csr_array, states: np.ndarray) -> Callable[[np.ndarray], np.ndarray] | None:
    """The map by an LU decomposition; None if it is not accurate and elimination can replace it."""
    n, steps, inside = len(states), rows.tocoo(), rows[:, states].tocoo()
    leaves, moves = steps.col != states[steps.row], inside.row != inside.col
    away = np.bincount(steps.row[leaves], steps.data[leaves], n)
    Q = sparse.csc_array((inside.data[moves], (inside.row[moves], inside.col[moves])), shape=(n, n))
    system, error = sparse.csc_array(sparse.diags_array(away) - Q), np.inf
    with contextlib.suppress(RuntimeError), np.errstate(all="ignore"):  # a singular factor
        # mean numbers of moves before the states are left: each may add a rounding error of its size to a solution
        jumps = (lu := sparse_linalg.splu(system)).solve(away)
        error = (np.abs(system @ jumps - away) / away).max() + np.finfo(float).eps * jumps.max()
        if jumps.min() > 0.5 and error <= (ERROR_SMALL if n <= DENSE else ERROR_LARGE):
            return lu.solve
    if n <= DENSE:
        return None
    raise ValueError(
        "P is nearly reducible: the chain hardly leaves some states, and the sparse solution is known to "
        f"{error:.0e} only, expected {ERROR_LARGE:.0e}; merge such states, or pass a dense P if it fits"
    )


def _triangles(chain: MarkovChain, states: np.ndarray) -> np.ndarray:
    """A lower triangle and, above it, an upper one with a diagonal of ones that is not stored. The inverse of I - Q is
    that of the lower times that of the upper. Neither has a positive entry off its diagonal, so that solving with them
    subtracts nothing."""
    others = np.delete(np.arange(chain.n_states), states)
    if (np.diff(states) == 1).all():
        states = slice(states[0], states[-1] + 1)  # needs no copy
    rows = chain.P[states]
    inside = rows[:, states]
    # state 0 stands for all the others
    A = np.zeros((inside.shape[0] + 1, inside.shape[0] + 1))
    A[1:, 0] = rows[:, others].sum(axis=1)
    A[1:, 1:] = inside.toarray() if sparse.issparse(inside) else inside
    eliminate(A)
    both = -A[1:, 1:]
    np.fill_diagonal(both, np.tril(A, -1).sum(axis=1)[1:])
    return both

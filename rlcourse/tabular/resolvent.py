"""Sums over all times of a chain that ends in terminal states: the linear equations behind values and visits."""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import linalg as sparse_linalg

from rlcourse.tabular.absorption import fundamental_matrix, hitting_probabilities
from rlcourse.tabular.markov import MarkovChain

__all__ = ["discounted_sums"]

LOSS = 1e-6  # largest relative error of a sparse solve without discount
STEPS = 1000  # after so many it is asked from which state a policy has hardly ended


def discounted_sums(P, gamma: float, terminal: np.ndarray, b: np.ndarray, *, transpose: bool = False) -> np.ndarray:
    r"""Discounted sums along the chain of a policy until it ends.

    .. math:: x = \sum_{t\ge0} (\gamma Q)^t b = (I - \gamma Q)^{-1} b, \qquad
              x = \sum_{t\ge0} b\, (\gamma Q)^t = b\, (I - \gamma Q)^{-1}

    Q is P without the rows and columns of the terminal states. Without discount dense chains are solved by
    elimination, without any subtraction: a probability of ending that is far below the rounding of 1 keeps all its
    digits. Sparse equations do not, and are checked.

    Args:
        P: transition probabilities of the states under a policy, ``[S, S]``, dense or sparse.
        gamma: discount in [0, 1].
        terminal: bool ``[S]``.
        b: what is summed, ``[S]``: mean rewards, or for ``transpose`` a law.
        transpose: whether b stands before the matrix (second formula).

    Returns:
        Sums ``[S]``, 0 in terminal states.

    Raises:
        ValueError: gamma = 1 and the chain does not end from every state with probability 1, or hardly ever ends, so
            that rounding may spoil the result. For a sparse P the relative error could exceed 1e-6; for a dense one
            the result is too large for float64. The message names a state.

    Source: Puterman (1994), theorem 6.1.1. Proved in: foundations/mdp (thm-mdp-values, thm-mdp-visitation).
    """
    if gamma == 1:
        _check_proper(P, terminal)
    going = np.flatnonzero(~terminal)
    inside = P[going][:, going]
    x = np.zeros(len(terminal))
    if sparse.issparse(P):
        system = sparse.csc_array(sparse.eye_array(len(going)) - gamma * inside)
        x[going] = _solve_sparse(system, b[going], trans="T" if transpose else "N", check=gamma == 1)
    elif gamma < 1:
        system = np.eye(len(going)) - gamma * inside
        x[going] = linalg.solve(system.T if transpose else system, b[going])
    else:
        with np.errstate(all="ignore"):
            N = fundamental_matrix(MarkovChain(P), np.flatnonzero(terminal))
            x[going] = b[going] @ N if transpose else N @ b[going]
    if not np.isfinite(x).all():
        raise _hardly_ends(P, gamma, terminal)
    return x


def _solve_sparse(system: sparse.csc_array, b: np.ndarray, trans: str, check: bool) -> np.ndarray:
    """The solution; NaN if the system is singular after rounding, or the check finds that rounding may spoil it."""
    try:
        factors = sparse_linalg.splu(system)
    except RuntimeError:
        return np.full(len(b), np.nan)
    x = factors.solve(b, trans=trans)
    if check:
        # the inverse counts visits: none is negative, and its norm is the longest mean time until the end
        longest = np.abs(factors.solve(np.ones(len(b)))).max()
        norm, rows = (1, system.T) if trans == "T" else (np.inf, system)
        size, residual = np.linalg.norm(x, norm), np.linalg.norm(rows @ x - b, norm)
        if not longest * (residual + np.finfo(float).eps * size) <= LOSS * size:
            return np.full(len(b), np.nan)
    return x


def _check_proper(P, terminal: np.ndarray) -> None:
    """Raise unless the chain ends with probability 1 from every state."""
    if terminal.any():
        ends = hitting_probabilities(MarkovChain(P), np.flatnonzero(terminal)) == 1
    else:
        ends = np.zeros(len(terminal), bool)
    if not ends.all():
        lost = np.flatnonzero(~ends)
        raise ValueError(
            f"gamma is 1 and the policy may never end from state {lost[0]} ({len(lost)} in all): "
            "the sum of the rewards need not exist; expected gamma < 1 or a proper policy"
        )


def _hardly_ends(P, gamma: float, terminal: np.ndarray) -> ValueError:
    """The error for a policy that ends, but so late that the sums cannot be computed."""
    ended = terminal.astype(float)
    for _ in range(STEPS):
        ended = P @ ended
    s = ended.argmin()
    return ValueError(
        f"gamma is {gamma:.17g} and the policy hardly ever ends from state {s} (within {STEPS} steps with probability "
        f"{ended[s]:.3g}): rounding may spoil the result; expected a smaller gamma, a policy that ends sooner"
        + (", or a dense P if it fits" if sparse.issparse(P) else "")
    )

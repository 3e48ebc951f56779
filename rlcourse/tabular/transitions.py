"""Transition probabilities of decision processes, dense ``[S, A, S]`` or sparse ``[S * A, S]``."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.tabular.markov import ROW_SUM

__all__ = ["checked_laws", "checked_transitions", "policy_matrix"]


def checked_transitions(P, terminal=None) -> tuple[np.ndarray | sparse.csr_array, np.ndarray]:
    """A read-only copy of transition probabilities in which terminal states are absorbing.

    Args:
        P: ``[S, A, S]``, or scipy sparse ``[S * A, S]``. The rows of terminal states are replaced, whatever they are.
            A sparse matrix that is canonical already and that nobody can write to, and without terminal states, is
            not copied.
        terminal: bool ``[S]``; by default no state is terminal.

    Returns:
        P as float64, dense or csr, and a read-only copy of ``terminal``.

    Raises:
        ValueError: P has another shape, or ``terminal`` has; a probability is negative or a row does not sum to 1
            (state and action are named); every state is terminal.
        TypeError: P does not hold real numbers, or ``terminal`` is not boolean.
    """
    P = P if sparse.issparse(P) else np.asarray(P)
    states = _number_of_states(P)
    if P.dtype.kind not in "fiu":
        raise TypeError(f"P: expected real numbers, got dtype {P.dtype}")
    given = np.zeros(states, bool) if terminal is None else np.asarray(terminal)
    terminal = np.array(checks.boolean("terminal", given))
    if terminal.shape != (states,):
        raise ValueError(f"terminal: expected shape ({states},), one entry per state, got {terminal.shape}")
    if terminal.all():
        raise ValueError("every state is terminal; expected one in which there is something to decide")
    terminal.setflags(write=False)
    return (_sparse if sparse.issparse(P) else _dense)(P, terminal), terminal


def checked_laws(name: str, p, dtype=None) -> np.ndarray:
    """Probability vectors along the last axis, in float64.

    Args:
        name: name of the argument, for the messages.
        p: the vectors, ``[..., n]``.
        dtype: the dtype in which the numbers came, if it is no longer that of p.

    Returns:
        The vectors, a copy only if they are not float64.

    Raises:
        ValueError: a probability is negative, or a vector does not sum to 1; for numbers in single precision the
            message says so, because their rounding alone is too large.
        TypeError: p does not hold real numbers.
    """
    try:
        return np.asarray(checks.probabilities(name, p, atol=ROW_SUM), dtype=np.float64)
    except ValueError as error:
        if "sums to" not in str(error):
            raise
        raise ValueError(f"{error}{_rounding(np.asarray(p).dtype if dtype is None else dtype)}") from None


def policy_matrix(P, pi: np.ndarray) -> np.ndarray | sparse.csr_array:
    r"""Transition probabilities of the states under a policy.

    .. math:: P_\pi(s' \mid s) = \sum_a \pi(a \mid s)\, P(s' \mid s, a)

    Args:
        P: ``[S, A, S]``, or csr ``[S * A, S]``.
        pi: policy, ``[S, A]``.

    Returns:
        Matrix ``[S, S]``, sparse if P is.

    Proved in: foundations/mdp (thm-mdp-chain).
    """
    if not sparse.issparse(P):
        return (pi[:, None, :] @ P)[:, 0]
    # row s holds pi[s] in the columns of the pairs (s, a)
    ends = np.arange(0, pi.size + 1, pi.shape[1])
    return sparse.csr_array((pi.ravel(), np.arange(pi.size), ends), shape=(len(pi), pi.size)) @ P


def _number_of_states(P) -> int:
    shape = P.shape
    if sparse.issparse(P) and len(shape) == 2 and all(shape) and shape[0] % shape[1] == 0:
        return shape[1]
    if not sparse.issparse(P) and len(shape) == 3 and all(shape) and shape[0] == shape[2]:
        return shape[0]
    raise ValueError(f"P: expected shape [S, A, S], or scipy sparse [S * A, S], got {shape}")


def _dense(P, terminal: np.ndarray) -> np.ndarray:
    dtype, P = P.dtype, np.array(P, dtype=np.float64, order="C")
    P[terminal] = np.eye(len(P))[terminal][:, None, :]
    checked_laws("P", P, dtype)
    P.setflags(write=False)
    return P


def _sparse(P, terminal: np.ndarray) -> sparse.csr_array:
    actions, dtype = P.shape[0] // P.shape[1], P.dtype
    ends = np.repeat(terminal, actions)
    if ends.any():
        rows = np.flatnonzero(ends)
        stay = sparse.coo_array((np.ones(len(rows)), (rows, rows // actions)), P.shape)
        P = sparse.diags_array(np.where(ends, 0.0, 1.0)) @ sparse.csr_array(P) + stay.tocsr()
    if not _is_frozen(P):
        P = sparse.csr_array(P, dtype=np.float64, copy=True)
        P.sum_duplicates()
        P.eliminate_zeros()
    bad = ~(P.data >= 0)
    if bad.any():
        k = int(np.argmax(bad))
        s, a = divmod(int(np.searchsorted(P.indptr, k, side="right")) - 1, actions)
        raise ValueError(f"P[{s}, {a}, {P.indices[k]}] is {P.data[k]}; expected a probability >= 0")
    total = P @ np.ones(P.shape[1])
    off = ~(np.abs(total - 1) <= ROW_SUM)
    if off.any():
        s, a = divmod(int(np.argmax(off)), actions)
        raise ValueError(f"P[{s}, {a}, :] sums to {total[off][0]:.10g}; expected 1; normalize it{_rounding(dtype)}")
    for part in (P.data, P.indices, P.indptr):
        for array in _owners(part):
            array.setflags(write=False)
    return P


def _is_frozen(P) -> bool:
    """Whether a sparse matrix is as it should be and can be shared, since nobody can write to it."""
    if not (isinstance(P, sparse.csr_array) and P.dtype == np.float64 and P.has_canonical_format and P.data.all()):
        return False
    arrays = [array for part in (P.data, P.indices, P.indptr) for array in _owners(part)]
    # memory that is no array (a file, say) may be written to from elsewhere
    return not any(a.flags.writeable or not (a.flags.owndata or isinstance(a.base, np.ndarray)) for a in arrays)


def _owners(part: np.ndarray) -> list[np.ndarray]:
    """An array, and the arrays whose memory it is a view of."""
    found = [part]
    while isinstance(found[-1].base, np.ndarray):
        found.append(found[-1].base)
    return found


def _rounding(dtype: np.dtype) -> str:
    """What to add to a message about a sum of numbers that came in a dtype."""
    if dtype.kind == "f" and np.finfo(dtype).eps > ROW_SUM:
        return f" after the conversion to float64 (the numbers are {dtype}, whose rounding is larger than {ROW_SUM})"
    return ""

"""States of a Markov chain removed one after the other, without a subtraction."""

from __future__ import annotations

import numpy as np

from rlcourse.compiled import njit

__all__ = ["eliminate"]

DENSE = 6000  # states up to which elimination in a dense copy can replace a sparse solve
ERROR_SMALL, ERROR_LARGE = 1e-8, 1e-6  # bounds on the error of a sparse solve that are accepted up to DENSE, above

LEAF = 8  # states eliminated one by one; more are eliminated half by half, with matrix products


def eliminate(A: np.ndarray) -> None:
    r"""Remove the states of a chain from the last to the second, and keep what is needed to undo that.

    With the states from k + 1 on gone, state k is removed:

    .. math:: s_k = \sum_{j<k} A_{kj}, \qquad A_{ik} \leftarrow A_{ik} / s_k, \qquad
              A_{ij} \leftarrow A_{ij} + A_{ik} A_{kj} \quad (i, j < k)

    The sum replaces :math:`1 - A_{kk}`, so that positive numbers are only added, multiplied and divided, and every
    result has a small relative error, whatever the sizes of the entries. The diagonal is never read.

    Args:
        A: transition probabilities ``[n, n]``; a lower state can be reached from every state but 0. Changed in place:
            below the diagonal, row k then holds the steps of the chain that is watched in the states 0 to k; above
            it, column k holds mean numbers of visits to k on the way to the next state below k.

    Source: Grassmann, Taksar and Heyman (1985). Proved in: processes/markov_chains (thm-chain-elimination).
    """
    _eliminate(A, 1, len(A))


def _eliminate(A: np.ndarray, low: int, high: int) -> None:
    """Remove the states low to high - 1, those from high on being gone.

    The steps among the states below low are left to the caller, which adds them with one product.
    """
    if high - low > LEAF:
        middle = (low + high) // 2
        _eliminate(A, middle, high)
        A[low:middle, :middle] += A[low:middle, middle:high] @ A[middle:high, :middle]
        A[:low, low:middle] += A[:low, middle:high] @ A[middle:high, low:middle]
        _eliminate(A, low, middle)
        return
    _eliminate_singly(A, low, high)


@njit
def _eliminate_singly(A, low, high):
    """The same for a few states, one by one. Memory is read row by row: a column would cost a cache line an entry."""
    leaves = np.empty(high)
    for k in range(high - 1, low - 1, -1):
        leaves[k] = total = A[k, :k].sum()
        for i in range(low, k):
            A[i, k] /= total
            for j in range(k):
                A[i, j] += A[i, k] * A[k, j]
    for i in range(low):
        for k in range(high - 1, low - 1, -1):
            A[i, k] /= leaves[k]
            for j in range(low, k):
                A[i, j] += A[i, k] * A[k, j]

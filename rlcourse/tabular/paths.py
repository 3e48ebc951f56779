"""Paths of finite chains: Walker's alias tables and a compiled loop over them.

A table cuts every row of a transition matrix into cells of equal probability that hold at most two states
each, so that one random number and one comparison draw the next state, however many states there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, issparse

from rlcourse import checks
from rlcourse.compiled import njit

__all__ = ["AliasTable", "alias_table", "sample_paths"]

BITS = 53  # of a uniform double: the first ones choose the cell, the last ones are compared with its threshold
CELL = np.dtype([("keep", np.int64), ("state", np.int32), ("other", np.int32)])


class AliasTable(NamedTuple):
    """The rows of a transition matrix, ready to be sampled.

    Row s owns ``2**(53 - shift[s])`` equally likely cells from ``cells[first[s]]`` on. A cell yields its
    ``state`` with probability ``keep / scale`` and otherwise its ``other`` state. If ``full``, every step is possible,
    and cell c of each row holds state c.
    """

    first: np.ndarray
    shift: np.ndarray
    cells: np.ndarray
    scale: int
    full: bool


def alias_table(P) -> AliasTable:
    r"""Alias table of every row of a transition matrix.

    A row with n nonzero entries is padded to the next power of two, :math:`m \ge n`, and cut into m cells with

    .. math:: P(s, s') = \frac1m \sum_{c=1}^m \bigl(k_c\, 1\{s' = \mathrm{state}_c\}
              + (1 - k_c)\, 1\{s' = \mathrm{other}_c\}\bigr),

    where each :math:`k_c` is rounded to a multiple of :math:`2^{-53}` times the largest m of all rows. Time and
    memory are proportional to the number of nonzero entries.

    Args:
        P: transition matrix ``[S, S]``, dense or scipy sparse; rows sum to 1.

    Returns:
        The table.

    Raises:
        ValueError: a dense ``P`` is not square, or a row is not a probability vector (`MarkovChain` checks
            sparse ones).

    Source: Walker (1977); the linear-time construction is Vose's (1991).

    Proved in: processes/markov_chains (thm-chain-alias).
    """
    if issparse(P):
        rows = csr_array(P, copy=True)
        rows.sum_duplicates()
        rows.eliminate_zeros()
        begin, states, p = rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data
        entries = np.diff(begin)
    else:
        P = np.asarray(P)
        if P.ndim != 2 or P.shape[0] != P.shape[1]:
            raise ValueError(f"P: expected a square matrix [S, S], got shape {P.shape}")
        checks.probabilities("P", P)
        size = len(P)
        begin, states, p = size * np.arange(size + 1), np.tile(np.arange(size, dtype=np.int32), size), P.ravel()
        entries = np.count_nonzero(P, axis=1)
    bits = np.ceil(np.log2(entries)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(2**bits)])
    cells, scale = np.empty(first[-1], CELL), 2 ** (BITS - int(bits.max()))
    _cut(begin, states, p, first, scale, cells)
    return AliasTable(first[:-1], BITS - bits, cells, scale, bool((entries == len(entries)).all()))


@njit
def _cut(begin, states, p, first, scale, cells):
    """Fill the cells of every row: a cell with too little is topped up from one with too much."""
    size = np.diff(first).max()
    mass = np.empty(size)
    poor, rich = np.empty(size, np.int64), np.empty(size, np.int64)
    for s in range(len(first) - 1):
        m, e, end = first[s + 1] - first[s], begin[s], begin[s + 1]
        row = cells[first[s] : first[s + 1]]
        unit = m / p[e:end].sum()
        n_poor = n_rich = 0
        for c in range(m):
            while e < end and p[e] == 0:
                e += 1
            mass[c] = 0.0
            if e < end:
                state, mass[c] = states[e], unit * p[e]
                e += 1
            # padding holds the last state with mass 0, and rounding at the end cannot add a new state
            row[c]["state"] = row[c]["other"] = state
            row[c]["keep"] = scale
            # written to both, and kept in one: a branch would be guessed wrong in half of the cells
            poor[n_poor] = rich[n_rich] = c
            n_poor += mass[c] < 1
            n_rich += mass[c] >= 1
        while n_poor and n_rich:
            n_poor -= 1
            low, high = poor[n_poor], rich[n_rich - 1]
            row[low]["keep"] = np.int64(np.round(mass[low] * scale))
            row[low]["other"] = row[high]["state"]
            mass[high] -= 1 - mass[low]
            if mass[high] < 1:
                n_rich -= 1
                poor[n_poor] = high
                n_poor += 1


def sample_paths(table: AliasTable, start, steps: int, rng: np.random.Generator) -> np.ndarray:
    """Simulate independent paths of a chain, all at once.

    The law of each step is that of the table. The same generator gives the same paths with and without numba.

    Args:
        table: from `alias_table`.
        start: first states, an integer array of any shape ``[*paths]``, or one state.
        steps: number of steps, at least 0.
        rng: source of randomness; one number per path and step.

    Returns:
        States ``[*paths, steps + 1]``; the first is ``start``.

    Raises:
        TypeError: ``start`` does not hold integers, or ``rng`` is not a ``numpy.random.Generator``.
        ValueError: a start is not a state, or ``steps`` is not a whole number >= 0.

    Proved in: processes/markov_chains (thm-chain-alias).
    """
    start, states = np.asarray(start), len(table.first)
    if start.dtype.kind not in "iu":
        raise TypeError(f"start: expected integers (states), got dtype {start.dtype}")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {rng!r}; expected a numpy.random.Generator, as numpy.random.default_rng(seed) gives")
    outside = (start < 0) | (start >= states)
    if outside.any():
        raise ValueError(f"start holds {start[outside].flat[0]}; expected states 0 to {states - 1}")
    steps = checks.whole("steps", steps)
    path = np.empty((steps + 1, start.size), np.int64)
    path[0] = start.ravel()
    (_follow if start.size == 1 else _walk)(*table, rng, path)
    return np.moveaxis(path.reshape(steps + 1, *start.shape), 0, -1)


@njit
def _walk(first, shift, cells, scale, full, rng, path):
    """Fill ``path[1:]``. Time is outside: paths do not wait for each other, so the processor overlaps them."""
    last_bits = scale - 1
    for t in range(path.shape[0] - 1):
        for i in range(path.shape[1]):
            # unsigned: compiled code would ask whether a signed index counts from the end, which takes a third longer
            s = np.uint64(path[t, i])
            number = np.int64(rng.random() * 2.0**BITS)
            cell = cells[np.uint64(first[s] + (number >> shift[s]))]
            path[t + 1, i] = cell["state"] if number & last_bits < cell["keep"] else cell["other"]


@njit
def _follow(first, shift, cells, scale, full, rng, path):
    """The same for one path, which waits for every cell. In a full table the cell's own state is known before its
    threshold has come from memory, and the processor goes on with it in the meantime."""
    last_bits, last_state = scale - 1, len(first) - 1
    s = np.uint64(path[0, 0])
    for t in range(1, path.shape[0]):
        number = np.int64(rng.random() * 2.0**BITS)
        c = number >> shift[s]
        at = np.uint64(first[s] + c)
        if number & last_bits < cells[at]["keep"]:
            s = np.uint64(min(c, last_state) if full else cells[at]["state"])
        else:
            s = np.uint64(cells[at]["other"])
        path[t, 0] = s

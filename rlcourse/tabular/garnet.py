"""Random decision processes of any size."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from rlcourse import checks
from rlcourse.tabular.mdp import MDP

__all__ = ["garnet"]


def garnet(
    n_states: int, n_actions: int, branching: int, rng: np.random.Generator, gamma: float, *, sparse: bool = False
) -> MDP:
    r"""A random decision process in which every action leads to the same number of states.

    For each state and action the successors are a set of ``branching`` states, all sets equally likely. Their
    probabilities are uniform on the simplex, and the rewards are independent standard normal numbers. All of it is
    drawn at once: a million states take seconds.

    Args:
        n_states: number of states; none is terminal.
        n_actions: number of actions.
        branching: number of successors of each state and action, at most ``n_states``.
        rng: source of randomness.
        gamma: discount.
        sparse: whether P is a sparse matrix ``[S * A, S]``. The numbers are the same.

    Returns:
        The decision process.

    Raises:
        ValueError: a size is not a positive whole number, or the branching exceeds the number of states.
        TypeError: ``rng`` is not a generator.

    Source: Archibald, McKinnon and Thomas (1995); Bhatnagar et al. (2009), section 5.
    """
    n_states, n_actions = checks.whole("n_states", n_states, 1), checks.whole("n_actions", n_actions, 1)
    branching = checks.whole("branching", branching, 1)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng: expected a numpy.random.Generator, got {rng!r}; write numpy.random.default_rng(seed)")
    if branching > n_states:
        raise ValueError(f"branching is {branching}; expected at most n_states = {n_states}")
    rows = n_states * n_actions
    successors = _subsets(rows, n_states, branching, rng)
    # normalized exponentials are the gaps between uniform cuts of [0, 1], without sorting any cuts
    p = rng.standard_exponential((rows, branching))
    p /= p.sum(axis=1, keepdims=True)
    R = rng.standard_normal((n_states, n_actions))
    P = _csr(p, successors, n_states)
    return MDP(P if sparse else P.toarray().reshape(n_states, n_actions, n_states), R, gamma)


def _subsets(rows: int, size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Uniformly random subsets of ``range(size)``, sorted, ``[rows, count]``: Floyd's algorithm in all rows at once."""
    chosen = np.empty((count, rows), np.int32)
    for k in range(count):
        last = size - count + k
        chosen[k] = rng.integers(0, last + 1, rows, dtype=np.int32)
        # what was chosen already is replaced by the new last number, which cannot have been
        for earlier in range(k):
            chosen[k, chosen[earlier] == chosen[k]] = last
    chosen.sort(axis=0)
    return chosen.T


def _csr(p: np.ndarray, successors: np.ndarray, n_states: int) -> csr_array:
    """The matrix of the rows, read-only, so that `MDP` need not copy it."""
    ends = np.arange(0, p.size + 1, p.shape[1], dtype=np.int32)
    P = csr_array((p.ravel(), successors.ravel(), ends), shape=(len(p), n_states))
    for array in (P.data, P.indices, P.indptr):
        while array is not None:  # nor may anyone write to the memory that it is a view of
            array.setflags(write=False)
            array = array.base
    return P

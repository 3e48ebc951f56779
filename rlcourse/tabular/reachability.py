"""Which states of a finite Markov chain can reach a set, and which must.

Both are read off the graph of possible steps, not off rounded numbers.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from rlcourse.tabular.markov import MarkovChain

__all__ = ["can_reach", "must_reach", "target_mask"]


def target_mask(chain: MarkovChain, target) -> np.ndarray:
    """A set of states as a mask.

    Args:
        chain: the chain.
        target: states, at least one: a list of numbers, or one number.

    Returns:
        Booleans ``[S]``.

    Raises:
        ValueError: the target is empty, or holds a number that is not a state.
        TypeError: the target does not hold integers.

    Proved in: processes/markov_chains (thm-absorb-minimal).
    """
    states = np.atleast_1d(target)
    if states.size == 0:
        raise ValueError("target is empty; expected at least one state")
    if states.dtype.kind not in "iu":
        raise TypeError(f"target: expected integers (states), got dtype {states.dtype}")
    wrong = (states < 0) | (states >= chain.n_states)
    if wrong.any():
        raise ValueError(f"target holds {states[wrong][0]}; expected states 0 to {chain.n_states - 1}")
    mask = np.zeros(chain.n_states, bool)
    mask[states] = True
    return mask


def can_reach(chain: MarkovChain, target) -> np.ndarray:
    r"""Whether the target is reached with a probability greater than 0: some path leads into it.

    .. math:: P(T < \infty \mid Z_0 = i) > 0

    Args:
        chain: the chain.
        target: states, as in :func:`target_mask`.

    Returns:
        Booleans ``[S]``; true on the target.

    Raises: as :func:`target_mask`.
    Proved in: processes/markov_chains (thm-absorb-minimal).
    """
    return _ancestors(chain, target_mask(chain, target), np.zeros(chain.n_states, bool))


def must_reach(chain: MarkovChain, target) -> np.ndarray:
    r"""Whether the target is reached with probability 1: no path that avoids it leads to where it cannot be reached.

    .. math:: P(T < \infty \mid Z_0 = i) = 1

    Args:
        chain: the chain.
        target: states, as in :func:`target_mask`.

    Returns:
        Booleans ``[S]``; true on the target.

    Raises: as :func:`target_mask`.
    Proved in: processes/markov_chains (thm-absorb-minimal).
    """
    return ~_ancestors(chain, ~can_reach(chain, target), target_mask(chain, target))


def _ancestors(chain: MarkovChain, ends: np.ndarray, blocked: np.ndarray) -> np.ndarray:
    """Mask of the states that are not blocked and can reach a state of ``ends`` through such states."""
    near = ends | (chain.P @ ends > 0)
    if near.all() or not ends.any():  # in a dense chain one step is enough, and the search is not needed
        return near & ~blocked
    size, backward = chain.n_states, chain.graph.T.tocsr()
    into = np.diff(backward.indptr)
    # a search from one extra state, whose predecessors are the ends
    predecessors = np.append(backward.indices[np.repeat(~blocked, into)], np.flatnonzero(ends))
    begin = np.concatenate([[0], np.cumsum(np.append(np.where(blocked, 0, into), ends.sum()))])
    search = sparse.csr_array((np.ones(len(predecessors)), predecessors, begin), shape=(size + 1, size + 1))
    found = np.zeros(size + 1, bool)
    found[csgraph.breadth_first_order(search, size, return_predecessors=False)] = True
    return found[:size] & ~blocked

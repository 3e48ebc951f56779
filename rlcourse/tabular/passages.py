"""Finite Markov chains coming back: first passages at positive times, times of return, numbers of visits.

``T+ = min {n >= 1 : Z_n in target}`` is the passage time; from inside the target it is the time of return. A function
that has a value per first state returns an array ``[S]``. Probabilities 0 and 1 and infinite means are exact; dense
chains are solved without a subtraction, sparse ones as in :mod:`rlcourse.tabular.absorption`.
"""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.tabular import absorption
from rlcourse.tabular.markov import MarkovChain
from rlcourse.tabular.reachability import can_reach, target_mask

__all__ = ["first_passage_law", "mean_visits", "passage_probabilities", "passage_times", "visit_law"]


def passage_probabilities(chain: MarkovChain, target) -> np.ndarray:
    r"""Probability of ever being in the target at a time n >= 1.

    .. math:: p(i) = P(T^+ < \infty \mid Z_0 = i) = \sum_j P_{ij}\, P(T < \infty \mid Z_0 = j)

    Args:
        chain: the chain.
        target: states, as in :func:`rlcourse.tabular.absorption.canonical_form`.

    Returns:
        Probabilities ``[S]``. For ``target = j`` they are the :math:`p_{ij}`, and entry j is the probability of
        a return: exactly 1 if j is recurrent.

    Raises: as :func:`rlcourse.tabular.absorption.canonical_form`.
    Source: Norris (1997), section 1.5. Proved in: processes/markov_chains (thm-absorb-passage).
    """
    h = absorption.hitting_probabilities(chain, target)
    # p is 1 where every step leads to a state from which the target is certain
    return np.where(chain.graph @ (h < 1) > 0, np.minimum(chain.P @ h, np.nextafter(1, 0)), 1)


def passage_times(chain: MarkovChain, target) -> np.ndarray:
    r"""Mean time until the target is visited at a time n >= 1; for a state of a one-state target, until it returns.

    .. math:: \mu(i) = E[T^+ \mid Z_0 = i] = 1 + \sum_{m\notin A} P_{im}\, \mu(m)

    Args:
        chain: the chain.
        target: states A, as in :func:`rlcourse.tabular.absorption.canonical_form`.

    Returns:
        Means ``[S]`` in steps; ``inf`` where the passage may never happen. For ``target = i`` in an irreducible
        chain, entry i is 1 over its stationary probability (Kac).

    Raises: as :func:`rlcourse.tabular.absorption.canonical_form`.
    Source: Kemeny and Snell (1976), chapter 4; Norris (1997), section 1.7.

    Proved in: processes/markov_chains (thm-chain-kac).
    """
    mean, _ = absorption.hitting_times(chain, target)
    missed = np.isinf(mean)
    return np.where(chain.graph @ missed > 0, np.inf, 1 + chain.P @ np.where(missed, 0, mean))


def first_passage_law(chain: MarkovChain, target, n: int) -> np.ndarray:
    r"""Law of the first time m >= 1 at which the target is visited.

    .. math:: f^{(m)}(i) = P(T^+ = m \mid Z_0 = i), \qquad
              f^{(1)}(i) = \sum_{j\in A} P_{ij}, \qquad f^{(m)}(i) = \sum_{j\notin A} P_{ij}\, f^{(m-1)}(j)

    Args:
        chain: the chain.
        target: states A, as in :func:`rlcourse.tabular.absorption.canonical_form`.
        n: largest time, at least 1.

    Returns:
        Probabilities ``[n + 1, S]``; entry 0 is 0, so that the index is the time.

    Raises: ValueError if n is not a whole number >= 1; as :func:`rlcourse.tabular.absorption.canonical_form`.
    Source: Kemeny and Snell (1976), chapter 4. Proved in: processes/markov_chains (thm-absorb-passage).
    """
    n = checks.whole("n", n, 1)
    earlier = absorption.hitting_time_law(chain, target, n - 1)
    return np.vstack([np.zeros(chain.n_states), (chain.P @ earlier.T).T])


def visit_law(chain: MarkovChain, j: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Law of the number of visits to a state at the times 1, 2, ...

    .. math:: P(R_j = 0) = 1 - p_{ij}, \qquad P(R_j = m) = p_{ij}\, p_{jj}^{m-1} (1 - p_{jj}), \qquad
              P(R_j = \infty) = p_{ij} 1\{p_{jj} = 1\}

    The misses 1 - p are not computed as differences, but as the probabilities of getting to where j cannot be
    reached before a visit.

    Args:
        chain: the chain.
        j: the state whose visits are counted.
        n: largest number of visits.

    Returns:
        Pair: probabilities ``[n + 1, S]`` of 0 to n visits from each first state, and the probability ``[S]`` of
        infinitely many.

    Raises: ValueError if n is not a whole number >= 0, or j is not one state; as
    :func:`rlcourse.tabular.absorption.canonical_form`.
    Source: Norris (1997), section 1.5. Proved in: processes/markov_chains (thm-absorb-visits).
    """
    j, n = _one_state(chain, j), checks.whole("n", n)
    p, lost = passage_probabilities(chain, [j]), ~can_reach(chain, [j])
    is_j = np.arange(chain.n_states) == j
    # the chain is lost by a last step, which is paid with its probability
    before_j = absorption.total_reward(chain, np.flatnonzero(lost | is_j), chain.P @ lost, with_target=False)
    miss = chain.P @ np.where(lost, 1, before_j)
    later = p[j] ** np.arange(n) * miss[j]
    return np.vstack([miss, np.multiply.outer(later, p)]), p * (p[j] == 1)


def mean_visits(chain: MarkovChain, j: int) -> np.ndarray:
    r"""Mean number of visits to a state at the times 1, 2, ...

    .. math:: E[R_j \mid Z_0 = i] = \sum_{n\ge1} [P^n]_{ij} = \frac{p_{ij}}{1 - p_{jj}}

    For a transient j it is solved for as a total reward, ``x = P[:, j] + P x`` on the states that can reach j, because
    the fraction loses its digits where a return is nearly certain.

    Args:
        chain: the chain.
        j: the state whose visits are counted.

    Returns:
        Means ``[S]``. If j is recurrent they are ``inf`` where j can be reached, and 0 elsewhere.

    Raises: ValueError if j is not one state; as :func:`rlcourse.tabular.absorption.canonical_form`.
    Source: Norris (1997), section 1.5. Proved in: processes/markov_chains (thm-absorb-visits).
    """
    j = _one_state(chain, j)
    reach = can_reach(chain, [j])
    if chain.closed[chain.class_of[j]]:
        return np.where(reach, np.inf, 0)
    next_is_j = chain.P @ (np.arange(chain.n_states) == j)
    # once these states are left, no visit follows
    return absorption.total_reward(chain, np.flatnonzero(~reach), next_is_j, with_target=False)


def _one_state(chain: MarkovChain, j) -> int:
    states = np.flatnonzero(target_mask(chain, j))
    if len(states) > 1:
        raise ValueError(f"j holds {len(states)} states; expected one, whose visits are counted")
    return int(states[0])

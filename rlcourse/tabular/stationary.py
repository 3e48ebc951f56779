"""Stationary laws of finite Markov chains, and the convergence to them."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from rlcourse import checks
from rlcourse.tabular import absorption
from rlcourse.tabular.elimination import DENSE, ERROR_LARGE, ERROR_SMALL, eliminate
from rlcourse.tabular.markov import MarkovChain, classes

__all__ = ["limit_law", "mixing_time", "stationary_law", "stationary_laws", "total_variation"]

TIE = 8 * np.finfo(float).eps  # distances so little above epsilon, relative to it, count as equal
LONGEST = 2**60  # steps; a chain that has not mixed by then never does in double precision


def stationary_laws(chain: MarkovChain) -> np.ndarray:
    r"""The stationary law of every closed class; all stationary laws are their mixtures.

    .. math:: \pi = \pi P, \qquad \sum_i \pi_i = 1, \qquad \pi_i = 0 \text{ outside the class}

    Dense chains are solved by :func:`rlcourse.tabular.elimination.eliminate`, so that every entry has a small
    relative error, also if the chain is nearly reducible. Sparse chains are solved by a sparse LU decomposition, if
    the residual times the norm of the inverse shows that the law is right to 1e-8, or else like dense ones; above
    6000 states a bound of 1e-6 must do.

    Args:
        chain: the chain.

    Returns:
        Laws ``[closed classes, S]``, ordered by the smallest state of the class.

    Raises:
        ValueError: a sparse chain is nearly reducible and too large for dense elimination.

    Source: Grassmann, Taksar and Heyman (1985). Proved in: processes/markov_chains (thm-chain-stationary,
    thm-chain-elimination).
    """
    members = [np.flatnonzero(chain.class_of == c) for c in np.flatnonzero(chain.closed)]
    laws = np.zeros((len(members), chain.n_states))
    for law, states in zip(laws, members, strict=True):
        P = chain.P if len(states) == chain.n_states else chain.P[states][:, states]
        law[states] = _solve(P) if sparse.issparse(P) else _eliminate(P)
    return laws


def stationary_law(chain: MarkovChain) -> np.ndarray:
    r"""The stationary law of a chain that has only one closed class.

    .. math:: \pi = \pi P, \qquad \sum_i \pi_i = 1

    Args:
        chain: the chain; transient states are allowed (they get 0), and so is a period.

    Returns:
        The law ``[S]``.

    Raises:
        ValueError: there are several closed classes (the message names them); or as :func:`stationary_laws`.

    Source: Norris (1997), section 1.7. Proved in: processes/markov_chains (thm-chain-stationary).
    """
    count = chain.closed.sum()
    if count > 1:
        first = [np.flatnonzero(chain.class_of == c) for c in np.flatnonzero(chain.closed)[:3]]
        raise ValueError(
            f"P has {count} closed classes, {', '.join(map(_listed, first))}{', ...' if count > 3 else ''}, and so "
            "no unique stationary law; stationary_laws gives one for each"
        )
    return stationary_laws(chain)[0]


def limit_law(chain: MarkovChain, start) -> np.ndarray:
    r"""Law of the state after infinitely many steps.

    .. math:: \lim_{n\to\infty} \pi_0 P^n = \sum_C P(\text{C is reached})\, \pi^C

    over the closed classes C with their stationary laws.

    Args:
        chain: the chain.
        start: law of the first state ``[S]``.

    Returns:
        The law ``[S]``.

    Raises:
        ValueError: ``start`` is not a law on the states; a closed class with a period is reached, so that the laws
            need not converge (they do from special laws only, such as a stationary one, which are not looked for).

    Source: Norris (1997), section 1.8. Proved in: processes/markov_chains (thm-chain-doeblin).
    """
    start = np.asarray(start, dtype=float)
    if start.shape != (chain.n_states,):
        raise ValueError(f"start: expected shape ({chain.n_states},), one entry per state, got {start.shape}")
    checks.probabilities("start", start)
    limit = np.zeros(chain.n_states)
    for c, law in zip([c for c in classes(chain) if c.closed], stationary_laws(chain), strict=True):
        reached = start @ absorption.hitting_probabilities(chain, c.states)
        if reached > 0:
            _check_period(c)
            limit += reached * law
    return limit


def total_variation(chain: MarkovChain, n: int) -> np.ndarray:
    r"""Distance to the stationary law at the times 0 to n, from the worst first state.

    .. math:: d(m) = \max_i \tfrac12 \sum_j |[P^m]_{ij} - \pi_j|

    It never grows. It tends to 0 if the only closed class has period 1; with period k it stays at 1 - 1/k or above.

    Args:
        chain: the chain; it has one closed class.
        n: number of steps, at least 0.

    Returns:
        Distances ``[n + 1]``, between 0 and 1.

    Raises:
        ValueError: several closed classes, or n is negative.

    Source: Levin and Peres (2017), section 4.4. Proved in: processes/markov_chains (thm-chain-doeblin).
    """
    law = stationary_law(chain)
    if n < 0:
        raise ValueError(f"n is {n}; expected a number of steps >= 0")
    power, distances = np.eye(chain.n_states), np.empty(n + 1)
    for m in range(n + 1):
        distances[m] = _distance(power, law)
        power = power @ chain.P
    return distances


def mixing_time(chain: MarkovChain, epsilon: float = 0.25) -> int:
    r"""Number of steps until the law is close to the stationary one, from every first state.

    .. math:: t(\epsilon) = \min\{n : d(n) \le \epsilon\}

    with the distance d of :func:`total_variation`. Powers of P are squared until one is close, and then a
    bisection finds the first, in ``2 log2(t)`` matrix products. A distance that is above epsilon by a few
    rounding errors (8 ulps of epsilon) counts as equal to it.

    Args:
        chain: the chain; its only closed class has period 1.
        epsilon: distance, greater than 0 and less than 1.

    Returns:
        The number of steps.

    Raises:
        ValueError: epsilon outside (0, 1), several closed classes, a period, or a chain so nearly reducible
            that it does not mix within 2^60 steps.

    Source: Levin and Peres (2017), section 4.5. Proved in: processes/markov_chains (thm-chain-doeblin).
    """
    if not 0 < epsilon < 1:
        raise ValueError(f"epsilon is {epsilon}; expected a distance between 0 and 1, both excluded")
    law = stationary_law(chain)
    for c in classes(chain):
        if c.closed:
            _check_period(c)
    identity = np.eye(chain.n_states)
    epsilon *= 1 + TIE
    if _distance(identity, law) <= epsilon:
        return 0
    powers, t = [chain.P.toarray() if sparse.issparse(chain.P) else chain.P], 1
    while _distance(powers[-1], law) > epsilon:
        if t >= LONGEST:
            raise ValueError(
                f"P is nearly reducible: it is not within {epsilon:.6g} of its stationary law after {t} steps"
            )
        square = powers[-1] @ powers[-1]
        powers.append(square / square.sum(axis=1, keepdims=True))
        t *= 2
    # the largest number of steps that is not enough, bit by bit
    late, reached = 0, identity
    for k in reversed(range(len(powers) - 1)):
        longer = reached @ powers[k]
        if _distance(longer, law) > epsilon:
            late, reached = late + 2**k, longer
    return late + 1


def _distance(power: np.ndarray, law: np.ndarray) -> float:
    return np.abs(power - law).sum(axis=1).max() / 2


def _check_period(c) -> None:
    if c.period > 1:
        raise ValueError(
            f"the closed class {_listed(c.states)} has period {c.period}: the laws need not converge; "
            "make the chain lazy, (I + P) / 2, which has the same stationary law"
        )


def _listed(states: np.ndarray) -> str:
    return "{" + ", ".join([str(i) for i in states[:4]] + ["..."] * (len(states) > 4)) + "}"


def _eliminate(P: np.ndarray) -> np.ndarray:
    """Stationary law of a dense irreducible chain, states eliminated from the last to the first."""
    A = np.array(P)
    eliminate(A)
    law = np.zeros(len(A))
    law[0] = 1
    for k in range(1, len(A)):
        law[k:] += law[k - 1] * A[k - 1, k:]  # by rows, as the matrix lies in memory; then law[k] is complete
        law /= max(law[k], 1)  # no entry overflows
    return law / law.sum()


def _solve(P: sparse.csr_array) -> np.ndarray:
    """Stationary law of a sparse irreducible chain."""
    size = P.shape[0]
    if size == 1:
        return np.ones(1)
    guess = np.full(size, 1 / size)
    for _ in range(50):
        guess = (guess + guess @ P) / 2
    # the law is solved for relative to one state, which must not be a rare one
    one = int(np.argmax(guess))
    rest = np.delete(np.arange(size), one)
    system = sparse.csc_array((sparse.eye_array(size) - P).T)[rest][:, rest]
    lu = sparse_linalg.splu(
        system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0, options={"SymmetricMode": True}
    )
    law = np.ones(size)
    law[rest] = lu.solve(P[[one]].toarray()[0, rest])
    law /= law.sum()
    inverse = sparse_linalg.LinearOperator(
        lu.shape, matvec=lu.solve, rmatvec=lambda x: lu.solve(x, trans="T"), dtype=float
    )
    residual = np.abs(law @ P - law).sum() + np.finfo(float).eps  # that of the rounded P itself is not seen
    error = sparse_linalg.onenormest(inverse) * residual
    if error <= (ERROR_SMALL if size <= DENSE else ERROR_LARGE) and law.min() >= 0:
        return law
    if size <= DENSE:
        return _eliminate(P.toarray())
    raise ValueError(
        f"P is nearly reducible: its stationary law is known to {error:.0e} only, expected {ERROR_LARGE:.0e}; "
        "merge states that the chain hardly leaves, or pass a dense P if it fits"
    )

"""Simple random walks: exact laws of where they are, when they return, how high they get.

``S_0 = 0`` and ``S_n = X_1 + ... + X_n`` with independent steps, +1 with probability p and -1 with probability
``q = 1 - p``. A law over times is an array ``[n + 1]`` with entry t for time t = 0, ..., n.
"""

from __future__ import annotations

import math

import numpy as np

from rlcourse import checks

__all__ = [
    "ballot_paths",
    "first_passage_law",
    "first_return_law",
    "last_return_law",
    "lattice_return_probabilities",
    "maximum_law",
    "position_law",
    "reflect_after",
    "return_probabilities",
    "simulate_walks",
]


def _chance(p) -> float:
    """p as one number in [0, 1], or an error that says so."""
    if np.ndim(p):
        raise ValueError(f"p: expected one number in [0, 1], got shape {np.shape(p)}")
    return float(checks.unit_interval("p", p))


def position_law(p, n):
    r"""Law of the position after n steps, by dynamic programming.

    .. math:: P(S_n = 2k - n) = \binom nk p^k q^{n-k}

    Args:
        p: probability of a step up, in [0, 1].
        n: number of steps, at least 0.

    Returns:
        Array ``[2n + 1]``: entry ``n + j`` is ``P(S_n = j)``; positions without the parity of n have 0.

    Raises:
        ValueError: p outside [0, 1], or n not a whole number >= 0.

    Source: Feller (1968), III.2. Proved in: processes/random_walks (thm-walk-law).
    """
    p, n = _chance(p), checks.whole("n", n)
    law = np.ones(1)
    for _ in range(n):
        law = np.convolve(law, [1 - p, 0, p])
    return law


def return_probabilities(p, n):
    r"""Probability of standing at the start at each time up to n.

    .. math:: u_{2k} = P(S_{2k} = 0) = \binom{2k}k (pq)^k, \qquad u_{2k+1} = 0

    The ratio of consecutive terms is ``4pq (k - 1/2) / k``.

    Args:
        p: probability of a step up, in [0, 1].
        n: last time, at least 0.

    Returns:
        Array ``[n + 1]``; entry 0 is 1.

    Raises:
        ValueError: p outside [0, 1], or n not a whole number >= 0.

    Source: Feller (1968), III.2. Proved in: processes/random_walks (thm-walk-return-series).
    """
    p, n = _chance(p), checks.whole("n", n)
    u = np.zeros(n + 1)
    k = np.arange(1, n // 2 + 1)
    u[0] = 1.0
    u[2::2] = np.cumprod(4 * p * (1 - p) * (k - 0.5) / k)
    return u


def first_return_law(p, n):
    r"""Law of the first return to the start, up to time n.

    .. math:: f_{2k} = P(T = 2k) = \frac1{2k - 1} \binom{2k}k (pq)^k, \qquad k \ge 1

    Args:
        p: probability of a step up, in [0, 1].
        n: last time, at least 0.

    Returns:
        Array ``[n + 1]``. Over all times it sums to ``1 - |p - q|``; the rest is the chance of no return.

    Raises:
        ValueError: p outside [0, 1], or n not a whole number >= 0.

    Source: Feller (1968), chapter III. Proved in: processes/random_walks (thm-walk-first-return-law).
    """
    f = return_probabilities(p, n)
    f[0] = 0.0
    f[2::2] /= np.arange(1, len(f) - 1, 2)
    return f


def first_passage_law(p, level, n):
    r"""Law of the first visit to a level, up to time n: the hitting-time theorem.

    .. math:: P(T_a = t) = \frac{|a|}t\, P(S_t = a)

    It is the law of an episode's length in a corridor that is open at one end only.

    Args:
        p: probability of a step up, in [0, 1].
        level: whole number other than 0.
        n: last time, at least 0.

    Returns:
        Array ``[n + 1]``. Over all times it sums to 1 if the walk drifts toward the level or is fair, and to
        ``(p/q)**level`` otherwise.

    Raises:
        ValueError: p outside [0, 1], n or level not whole, or level 0 (see :func:`first_return_law`).

    Source: Feller (1968), III.7. Proved in: processes/random_walks (thm-walk-hitting-time).
    """
    p, a, n = _chance(p), checks.whole("level", level, None), checks.whole("n", n)
    if a == 0:
        raise ValueError("level is 0, where the walk starts; first_return_law is the law of its return")
    toward, away, a = (p, 1 - p, a) if a > 0 else (1 - p, p, -a)
    law = np.zeros(n + 1)
    if a > n or toward == 0:
        return law
    t = np.arange(a, n - 1, 2)
    ratio = t * (t + 1) / ((t + 2 + a) / 2 * (t + 2 - a) / 2) * toward * away
    # as logarithms, because the first term toward**a may be too small for a float
    with np.errstate(divide="ignore"):
        law[a::2] = np.exp(a * np.log(toward) + np.concatenate([[0], np.cumsum(np.log(ratio))]))
    return law


def maximum_law(p, n):
    r"""Law of the highest point of n steps, by dynamic programming.

    .. math:: M_n = \max(S_0, \dots, S_n) \overset{d}= W_n, \qquad W_{n+1} = \max(W_n + X_{n+1}, 0)

    Read backward, the walk's maximum is the position of a walk above a barrier that it cannot pass.

    Args:
        p: probability of a step up, in [0, 1].
        n: number of steps, at least 0.

    Returns:
        Array ``[n + 1]``: entry m is ``P(M_n = m)``. For p = 1/2 it is the larger one of ``P(S_n = m)`` and
        ``P(S_n = m + 1)``.

    Raises:
        ValueError: p outside [0, 1], or n not a whole number >= 0.

    Source: Feller (1968), III.7. Proved in: processes/random_walks (thm-walk-maximum).
    """
    p, n = _chance(p), checks.whole("n", n)
    law = np.zeros(n + 2)
    law[0] = 1.0
    for _ in range(n):
        moved = np.zeros_like(law)
        moved[1:] = p * law[:-1]
        moved[:-1] += (1 - p) * law[1:]
        moved[0] += (1 - p) * law[0]  # held by the barrier
        law = moved
    return law[:-1]


def last_return_law(p, n):
    r"""Law of the last visit to the start within n steps.

    .. math:: P(L_{2n} = 2k) = u_{2k}\, P(T > 2n - 2k) \quad
              \left(= u_{2k}\, u_{2n-2k} \text{ for } p = \tfrac12: \text{ the arcsine law}\right)

    For p = 1/2 the time spent above zero has the same law.

    Args:
        p: probability of a step up, in [0, 1].
        n: number of steps, even, at least 0.

    Returns:
        Array ``[n + 1]``: entry t is the probability that the last visit is at time t.

    Raises:
        ValueError: p outside [0, 1], or n not an even whole number >= 0.

    Source: Feller (1968), III.4. Proved in: processes/random_walks (thm-walk-arcsine).
    """
    p, n = _chance(p), checks.whole("n", n)
    if n % 2:
        raise ValueError(f"n is {n}; expected an even number of steps, because returns happen at even times")
    not_yet = 1 - np.cumsum(first_return_law(p, n))
    return return_probabilities(p, n) * not_yet[::-1]


def ballot_paths(ahead, behind):
    r"""Number of ways to count the votes in which the winner leads from the first vote to the last.

    .. math:: \frac{a - b}{a + b} \binom{a + b}a

    Args:
        ahead: votes for the winner, a, at least 1: steps up.
        behind: votes for the other, b: steps down.

    Returns:
        Exact integer, 0 if ``ahead <= behind``: paths that stay above 0 after their start.

    Raises:
        ValueError: a number of votes is negative or not whole, or nobody voted for the winner.

    Source: Feller (1968), III.1. Proved in: processes/random_walks (thm-walk-ballot).
    """
    a, b = checks.whole("ahead", ahead, 1), checks.whole("behind", behind)
    return max(a - b, 0) * math.comb(a + b, a) // (a + b)


def reflect_after(paths, level):
    r"""Each path, mirrored at a level from its first visit there on.

    .. math:: S'_t = S_t\ (t \le T_a), \qquad S'_t = 2a - S_t\ (t > T_a)

    This is its own inverse. It maps the paths that visit the level and end at b one to one onto those that
    visit it and end at 2a - b. Paths that never visit stay as they are.

    Args:
        paths: positions ``[*batch, n + 1]``, time last.
        level: a.

    Returns:
        Positions of the same shape.

    Raises:
        ValueError: paths is a single number, or level is not whole.

    Source: Feller (1968), III.1. Proved in: processes/random_walks (lem-walk-reflection).
    """
    paths, level = np.asarray(paths), checks.whole("level", level, None)
    if paths.ndim == 0:
        raise ValueError("paths: expected positions [*batch, n + 1], got one number")
    visited = np.logical_or.accumulate(paths == level, axis=-1)
    return np.where(visited, 2 * level - paths, paths)


def lattice_return_probabilities(d, n):
    r"""Probability of standing at the start at each time, for the fair walk on the d-dimensional grid.

    .. math:: u^{(d)}_t = \sum_{j=0}^t \binom tj \left(\tfrac1d\right)^j \left(1 - \tfrac1d\right)^{t-j}
              u^{(1)}_j\, u^{(d-1)}_{t-j}

    Each step picks one of the 2d directions. Of t steps j go along the first axis; the walk along it and the
    walk in the other d - 1 axes must both return.

    Args:
        d: number of dimensions, at least 1.
        n: last time, at least 0.

    Returns:
        Array ``[n + 1]``; odd times have 0. Time is proportional to ``d n**2``.

    Raises:
        ValueError: d or n is not a whole number, or too small.

    Source: Polya (1921). Proved in: processes/random_walks (thm-walk-polya).
    """
    d, n = checks.whole("d", d, 1), checks.whole("n", n)
    line = return_probabilities(0.5, n)
    u = line
    for axes in range(2, d + 1):
        rest, u, share = u, np.zeros(n + 1), np.ones(1)
        for t in range(n + 1):
            u[t] = share @ (line[: t + 1] * rest[t::-1])
            share = np.convolve(share, [1 - 1 / axes, 1 / axes])
    return u


def simulate_walks(p, n, paths, rng):
    """Independent walks from 0, all steps at once.

    Args:
        p: probability of a step up, in [0, 1].
        n: number of steps, at least 0.
        paths: number of walks, at least 0.
        rng: numpy random generator.

    Returns:
        Positions ``[paths, n + 1]``, int64; column 0 is 0. Memory is 8 bytes a step.

    Raises:
        ValueError: p outside [0, 1], n or paths not a whole number >= 0.
        TypeError: ``rng`` is not a numpy Generator.

    Proved in: processes/random_walks (thm-walk-law).
    """
    p, n, paths = _chance(p), checks.whole("n", n), checks.whole("paths", paths)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng: expected a numpy.random.Generator, got {type(rng).__name__}; try default_rng(seed)")
    walks = np.zeros((paths, n + 1), dtype=np.int64)
    np.cumsum(np.where(rng.random((paths, n)) < p, 1, -1), axis=1, out=walks[:, 1:])
    return walks

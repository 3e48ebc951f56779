"""The gambler's ruin in closed form: who wins, when it ends, and an opponent with unlimited money.

A player has k units of the S on the table. In each round they win one unit with probability p and lose one
with probability ``q = 1 - p``, until they have 0 or S. This is the random walk between two absorbing barriers.

The textbook formulas divide two small differences when p is near 1/2 and overflow when S is large. Here they
are written with ``x = log(q/p)`` in terms that are sums of positive numbers and decreasing exponentials, so
that the relative error stays near that of float64 for every p, k and S.
"""

from __future__ import annotations

import numpy as np

from rlcourse import checks

__all__ = ["escape_probability", "mean_duration", "ruin_time_law", "win_probability"]

NEVER = 800.0  # exp(-800) is 0 in float64, and log(q/p) < 746 for every p > 0: stands for log(q/p) at p = 0
TERMS = 20  # of a series in z < 1 whose m-th term is below z**m / m!


def _log_odds(p: np.ndarray) -> np.ndarray:
    """log(q/p), without cancellation near p = 1/2 and finite at p = 0 and p = 1."""
    middle = np.abs(p - 0.5) <= 0.25
    tilt = np.where(middle, 2 * p - 1, 0.0)  # no rounding between 1/4 and 3/4
    with np.errstate(divide="ignore"):
        outside = np.log1p(-p) - np.log(p)
    return np.where(middle, -2 * np.arctanh(tilt), np.clip(outside, -NEVER, NEVER))


def _game(p, k, S):
    """The arguments as float arrays of one shape, checked."""
    checks.unit_interval("p", p)
    checks.broadcastable(p=p, k=k, S=S)
    p, k, S = np.broadcast_arrays(p, k, S)
    for name, value in (("k", k), ("S", S)):
        checks.finite(name, value)
        part = value != np.floor(value)
        if part.any():
            raise ValueError(f"{name} is {value[part][0]}; expected a whole number of units")
    if (S < 1).any():
        raise ValueError(f"S is {S[S < 1][0]}; expected at least 1 unit on the table")
    wrong = (k < 0) | (k > S)
    if wrong.any():
        raise ValueError(f"k is {k[wrong][0]}; expected 0 to S = {S[wrong][0]} units (is k counted from 1?)")
    return p.astype(float), k.astype(float), S.astype(float)


def win_probability(p, k, S):
    r"""Probability that a player with k of the S units wins them all.

    .. math:: w(k) = \frac{1 - (q/p)^k}{1 - (q/p)^S}\quad(p \ne q), \qquad w(k) = \frac kS\quad(p = q)

    The opponent's probability is ``win_probability(1 - p, S - k, S)``; that is better than ``1 - w`` where w is
    close to 1.

    Args:
        p: probability of winning a round, in [0, 1].
        k: the player's units, a whole number in 0..S.
        S: units on the table, a whole number, at least 1.

    Returns:
        Probabilities, float64, of the shape to which the arguments broadcast.

    Raises:
        ValueError: p outside [0, 1], k or S not whole or out of range, shapes that do not broadcast.
        TypeError: an argument does not hold real numbers.

    Source: Feller (1968), XIV.2. Proved in: processes/random_walks (thm-walk-two-barriers).
    """
    p, k, S = _game(p, k, S)
    x = _log_odds(p)
    fair = x == 0
    size = np.where(fair, 1.0, np.abs(x))
    # for p < 1/2 both differences are multiplied by exp(-S x), which cannot overflow
    ratio = np.exp(-np.maximum(x, 0) * (S - k)) * np.expm1(-k * size) / np.expm1(-S * size)
    return np.where(fair, k / S, ratio)[()]


def _mean_gap(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For z >= 0: f = (1 - exp(-z)) / z, then 1 - f and f - exp(-z), each without cancellation.

    All three are averages of exp(-zu), 1 - exp(-zu) and exp(-zu) - exp(-z) over u in [0, 1].
    """
    small = z < 1
    near, far = np.where(small, z, 0.0), np.where(small, 1.0, z)
    decay = np.exp(-near)
    term, below, above = np.ones_like(near), np.zeros_like(near), np.zeros_like(near)
    for m in range(1, TERMS):
        term = term * near / (m + 1)  # z**m / (m + 1)!
        above = above + term
        below = below + m * term
    f = -np.expm1(-far) / far
    return (
        np.where(small, decay * (1 + above), f),
        np.where(small, decay * below, 1 - f),
        np.where(small, decay * above, f - np.exp(-far)),
    )


def mean_duration(p, k, S):
    r"""Mean number of rounds until the player has 0 or S units.

    .. math:: h(k) = \frac{k - S\,w(k)}{q - p}\quad(p \ne q), \qquad h(k) = k(S - k)\quad(p = q)

    with w(k) of :func:`win_probability`.

    Args:
        p, k, S: as in :func:`win_probability`.

    Returns:
        Rounds, float64, of the shape to which the arguments broadcast.

    Raises: as :func:`win_probability`.
    Source: Feller (1968), XIV.3. Proved in: processes/random_walks (thm-walk-two-barriers).
    """
    p, k, S = _game(p, k, S)
    x = _log_odds(p)
    fair = x == 0
    # seen from the player who loses more often than not, all exponents are negative
    own = np.where(x > 0, k, S - k)
    other, size = S - own, np.where(fair, 1.0, np.abs(x))
    _, below, _ = _mean_gap(own * size)
    _, _, above = _mean_gap(other * size)
    whole, _, _ = _mean_gap(S * size)
    # k - S w = (k (S - k) / S) (exp(-(S - k) x) below + above) / whole, a sum of positive terms
    drift = np.tanh(size / 2)
    rounds = own * other / S * (np.exp(-other * size) * below + above) / (whole * drift)
    return np.where(fair, k * (S - k), rounds)[()]


def escape_probability(p, k):
    r"""Probability that a walk from k never reaches 0 afterwards: the bank has no limit.

    .. math:: P(S_n \ne 0 \text{ for all } n \ge 1 \mid S_0 = k) = \max\{0, 1 - (q/p)^k\}\quad(k \ne 0),
              \qquad |p - q|\quad(k = 0)

    For k < 0 the formula is that of the mirrored walk, p and q exchanged and -k for k.

    Args:
        p: probability of a step up, in [0, 1].
        k: start of the walk, a whole number.

    Returns:
        Probabilities, float64, of the shape to which the arguments broadcast.

    Raises:
        ValueError: p outside [0, 1], k not whole, shapes that do not broadcast.
        TypeError: an argument does not hold real numbers.

    Source: Feller (1968), XIV.2. Proved in: processes/random_walks (thm-walk-escape).
    """
    checks.unit_interval("p", p)
    checks.finite("k", k)
    checks.broadcastable(p=p, k=k)
    p, k = (np.asarray(value, dtype=float) for value in np.broadcast_arrays(p, k))
    part = k != np.floor(k)
    if part.any():
        raise ValueError(f"k is {k[part][0]}; expected a whole number")
    away = np.abs(np.expm1(np.minimum(0.0, k * _log_odds(p))))
    return np.where(k == 0, np.abs(2 * p - 1), away)[()]


def ruin_time_law(p, k, S, n):
    r"""Law of the round in which the game ends, and of how it ends, by dynamic programming.

    .. math:: m_{t+1}(j) = p\, m_t(j - 1)\, 1\{j - 1 > 0\} + q\, m_t(j + 1)\, 1\{j + 1 < S\}, \qquad m_0 = 1\{j = k\}

    where ``m_t(j)`` is the probability of playing until round t and holding j then.

    Args:
        p, k, S: as in :func:`win_probability`, one number each.
        n: last round of interest, at least 0.

    Returns:
        Array ``[n + 1, 2]``: probability that the game ends in round t with 0 units, and with S units. What is
        missing to 1 is the probability that it lasts longer than n rounds. Time is proportional to n S.

    Raises: as :func:`win_probability`; ValueError if n is negative or not whole.

    Source: Feller (1968), XIV.4. Proved in: processes/random_walks (thm-walk-two-barriers).
    """
    if np.ndim(p) or np.ndim(k) or np.ndim(S) or np.ndim(n):
        raise ValueError("p, k, S, n: expected one number each; call it once for each game")
    p, k, S = (value.item() for value in _game(p, k, S))
    n = checks.whole("n", n)
    mass = np.zeros(int(S) + 1)
    mass[int(k)] = 1.0
    law = np.zeros((n + 1, 2))
    for t in range(n + 1):
        law[t] = mass[0], mass[-1]
        mass[0] = mass[-1] = 0.0
        moved = np.zeros_like(mass)
        moved[1:] = p * mass[:-1]
        moved[:-1] += (1 - p) * mass[1:]
        mass = moved
    return law

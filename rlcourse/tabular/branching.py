"""Branching processes: generations, extinction and total progeny.

:math:`X_0` individuals have independent numbers of children with one law, these have children, and so on:
:math:`X_{n+1}=Y_{n,1}+\\dots+Y_{n,X_n}` with fresh :math:`Y_{n,k}` in every generation. ``offspring`` is one of
the laws of :mod:`rlcourse.tabular.offspring`, ``ancestors`` is :math:`X_0`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sympy as sp

from rlcourse import checks

__all__ = [
    "Bracket",
    "ExtinctionTime",
    "Law",
    "Lines",
    "Moments",
    "extinction_probability",
    "extinction_time",
    "generation_law",
    "generation_moments",
    "generation_pgf",
    "progeny_law",
    "progeny_moments",
    "simulate",
]


class Law(NamedTuple):
    """The first probabilities of a law, and the mass that lies beyond them.

    ``probabilities[k]`` is exact up to rounding, whatever ``size`` was; ``beyond`` is the rest up to 1, with the
    mass at infinity if there is any.
    """

    probabilities: np.ndarray
    beyond: float


class Moments(NamedTuple):
    """Means and variances."""

    mean: np.ndarray | float
    variance: np.ndarray | float


class Bracket(NamedTuple):
    """Two numbers that enclose the answer, and how many points were tested."""

    lower: float
    upper: float
    iterations: int


class ExtinctionTime(NamedTuple):
    """``law[n]`` = P(T = n) and ``survival[n]`` = P(T > n), n = 0, ..., horizon, T the first empty generation."""

    law: np.ndarray
    survival: np.ndarray


class Lines(NamedTuple):
    """Simulated populations ``[lines, generations + 1]``, and which lines were stopped at the cap.

    A stopped line keeps the first population above the cap in all later generations; its true population there
    was not simulated.
    """

    population: np.ndarray
    capped: np.ndarray


def generation_pgf(offspring, s, n):
    r"""Generating function of the size of generation n, one ancestor.

    .. math:: G_n(s) = E[s^{X_n}] = G(G(\cdots G(s)\cdots)), \qquad G_0(s) = s

    Args:
        offspring: law of the number of children.
        s: number or array, real or complex, or a sympy expression.
        n: generation, 0, 1, ...

    Returns:
        The value in the type of ``s``; k ancestors have its k-th power.

    Raises:
        ValueError: n is not a whole number >= 0.

    Source: Harris (1963), section I.4. Proved in: processes/branching (thm-branching-composition).
    """
    for _ in range(checks.whole("n", n, 0)):
        s = offspring.pgf(s)
    return s


def generation_law(offspring, n, size, ancestors=1):
    r"""Probabilities of 0, 1, ..., size - 1 individuals in generation n.

    The outermost function of :math:`G_n=G\circ G_{n-1}` needs only the coefficients of :math:`G_{n-1}` below
    ``size``, so cutting the series loses nothing of what is returned.

    Args:
        offspring: law of the number of children.
        n: generation, 0, 1, ...
        size: how many probabilities are wanted.
        ancestors: size of generation 0.

    Returns:
        :class:`Law` of shape ``[size]``.

    Raises:
        ValueError: n, size or ancestors is not a whole number, or too small.

    Proved in: processes/branching (thm-branching-composition).
    """
    n, size, ancestors = checks.whole("n", n, 0), checks.whole("size", size, 1), checks.whole("ancestors", ancestors, 0)
    series = np.zeros(max(size, 2))
    series[1] = 1.0
    for _ in range(n):
        series = offspring.compose(series)
    total = np.eye(1, len(series))[0]
    for _ in range(ancestors):
        total = np.convolve(total, series)[: len(series)]
    return _law(total[:size])


def _law(probabilities: np.ndarray) -> Law:
    return Law(probabilities, max(0.0, 1 - float(probabilities.sum())))


def generation_moments(offspring, n, ancestors=1):
    r"""Means and variances of the generations 0, ..., n.

    .. math:: \mu_{n+1} = \mu\,\mu_n, \qquad \sigma^2_{n+1} = \mu^2\sigma_n^2 + \mu_n\sigma^2

    The recursion is a sum of positive terms and needs no special case at :math:`\mu=1`.

    Args:
        offspring: law of the number of children.
        n: last generation.
        ancestors: size of generation 0.

    Returns:
        :class:`Moments` of two arrays ``[n + 1]``; infinite where they exceed the largest float.

    Raises:
        ValueError: n or ancestors is not a whole number >= 0.

    Source: Harris (1963), section I.5. Proved in: processes/branching (thm-branching-mean, thm-branching-variance).
    """
    n, ancestors = checks.whole("n", n, 0), checks.whole("ancestors", ancestors, 0)
    mu, sigma2 = offspring.mean, offspring.variance
    mean, variance = [float(ancestors)], [0.0]
    for _ in range(n):
        # 0 times infinity, if nothing is random and the population overflows
        inherited = mu * (mu * variance[-1]) if variance[-1] else 0.0
        variance.append(inherited + mean[-1] * sigma2 if sigma2 and ancestors else 0.0)
        mean.append(mu * mean[-1] if ancestors else 0.0)
    return Moments(np.array(mean), np.array(variance))


def extinction_probability(offspring, ancestors=1):
    r"""Probability that some generation is empty, the smallest non-negative root of :math:`G(s)=s`.

    With :math:`T(s)=(1-G(s))/(1-s)`, which increases: :math:`s\le\alpha` if :math:`T(s)\le1`, which is
    :math:`G(s)\ge s`, and :math:`s\ge\alpha` if :math:`T(s)\ge1`. Bisection keeps only points that pass one of
    the two forms by more than rounding (T is the sharp one near 1, G near 0), so the bracket is certain. It is
    exact (lower = upper) if the mean is at most 1, where the sign of mean - 1 is found in exact arithmetic, and
    if everyone has a child. Near criticality pass fractions: rounded probabilities are another law, which may lie
    on the other side. Probabilities too small for a float are bracketed by 0 and the smallest float.

    Args:
        offspring: law of the number of children.
        ancestors: size of generation 0.

    Returns:
        :class:`Bracket` around :math:`\alpha^k` for k ancestors.

    Raises:
        ValueError: ancestors is not a whole number >= 0.

    Source: Harris (1963), section I.6.
    Proved in: processes/branching (thm-branching-extinction, thm-branching-criticality, alg-branching-bracket).
    """
    ancestors = checks.whole("ancestors", ancestors, 0)
    # where the float is 0, the exact number may be one that is too small
    mortal = offspring.childless > 0 or offspring.pgf(sp.S.Zero) != 0
    if ancestors == 0 or (mortal and offspring.drift <= 0):
        return Bracket(1.0, 1.0, 0)
    if not mortal:
        return Bracket(0.0, 0.0, 0)
    low, high = 1 - offspring.rounding, 1 + offspring.rounding
    lower, _, first = _bisect(lambda s: offspring.tail_pgf(s) <= low or s <= low * offspring.pgf(s), 0.0, 1.0)
    _, upper, second = _bisect(lambda s: offspring.tail_pgf(s) < high and s < high * offspring.pgf(s), lower, 1.0)
    if ancestors > 1:  # a power is rounded, too
        lower, upper = np.nextafter(lower**ancestors, 0), min(1.0, np.nextafter(upper**ancestors, 1))
    return Bracket(float(lower), float(upper), first + second)


def _bisect(left_of, a: float, b: float) -> tuple[float, float, int]:
    """Neighbors a < b such that the test holds at a and fails at b, or the ends that it was given."""
    count = 0
    while a < (middle := a + (b - a) / 2) < b:
        a, b = (middle, b) if left_of(middle) else (a, middle)
        count += 1
    return a, b, count


def extinction_time(offspring, horizon, ancestors=1):
    r"""Law of the first empty generation T, up to a horizon.

    .. math:: P(T\le n) = G_n(0)^k, \qquad P(T=n) = G_n(0)^k - G_{n-1}(0)^k

    The survival :math:`y_n=1-G_n(0)` of one ancestor is computed as :math:`y_{n+1}=y_n\,T(1-y_n)`, which keeps
    its digits when it is small.

    Args:
        offspring: law of the number of children.
        horizon: last generation.
        ancestors: size of generation 0.

    Returns:
        :class:`ExtinctionTime` of two arrays ``[horizon + 1]``. Their last survival includes T = infinity.

    Raises:
        ValueError: horizon or ancestors is not a whole number >= 0.

    Proved in: processes/branching (thm-branching-time).
    """
    horizon, ancestors = checks.whole("horizon", horizon, 0), checks.whole("ancestors", ancestors, 0)
    y = np.empty(horizon + 1)
    y[0] = 1.0
    for n in range(horizon):
        y[n + 1] = y[n] * offspring.tail_pgf(1 - y[n])
    with np.errstate(divide="ignore"):  # y = 1: the logarithm is minus infinity, the survival 1
        survival = -np.expm1(ancestors * np.log1p(-y)) if ancestors else np.zeros(horizon + 1)
    return ExtinctionTime(np.append(1 - survival[0], survival[:-1] - survival[1:]), survival)


def progeny_law(offspring, size, ancestors=1):
    r"""Probabilities of a total of 0, 1, ..., size - 1 individuals, ancestors included.

    .. math:: P(N=n) = \frac kn\,P(Y_1+\dots+Y_n=n-k), \qquad n\ge k\ge1

    Args:
        offspring: law of the number of children.
        size: how many probabilities are wanted.
        ancestors: size of generation 0, k.

    Returns:
        :class:`Law` of shape ``[size]``; its ``beyond`` includes N = infinity.

    Raises:
        ValueError: size or ancestors is not a whole number, or too small.

    Source: Otter (1949), Dwass (1969). Proved in: processes/branching (thm-branching-otter).
    """
    size, ancestors = checks.whole("size", size, 1), checks.whole("ancestors", ancestors, 0)
    if ancestors == 0:
        return _law(np.eye(1, size)[0])
    return _law(ancestors / np.maximum(np.arange(size), 1) * offspring.sums(size, ancestors))


def progeny_moments(offspring, ancestors=1):
    r"""Mean and variance of the total number of individuals.

    .. math:: E[N] = \frac k{1-\mu}, \qquad \mathrm{Var}[N] = \frac{k\,\sigma^2}{(1-\mu)^3}, \qquad \mu<1

    Args:
        offspring: law of the number of children.
        ancestors: size of generation 0, k.

    Returns:
        :class:`Moments` of two numbers; both infinite if the mean number of children is at least 1.

    Raises:
        ValueError: ancestors is not a whole number >= 0.

    Proved in: processes/branching (thm-branching-progeny).
    """
    ancestors = checks.whole("ancestors", ancestors, 0)
    if ancestors == 0:
        return Moments(0.0, 0.0)
    if offspring.drift >= 0:
        return Moments(np.inf, np.inf)
    return Moments(ancestors / -offspring.drift, ancestors * offspring.variance / (-offspring.drift) ** 3)


def simulate(offspring, lines, generations, rng, ancestors=1, cap=10**9):
    """Simulate many independent lines at once.

    The children of a whole generation are one draw (multinomial, Poisson or negative binomial), so the cost does
    not grow with the population.

    Args:
        offspring: law of the number of children.
        lines: number of independent repetitions.
        generations: last generation.
        rng: numpy random generator.
        ancestors: size of generation 0.
        cap: a line is stopped when its population exceeds this number, and reported in ``capped``.

    Returns:
        :class:`Lines`.

    Raises:
        ValueError: lines, generations, ancestors or cap is not a whole number, or too small; a cap so large that
            the next generation could overflow.
        TypeError: ``rng`` is not a numpy Generator.

    Proved in: processes/branching (def-branching).
    """
    lines, generations = checks.whole("lines", lines, 0), checks.whole("generations", generations, 0)
    ancestors, cap = checks.whole("ancestors", ancestors, 0), checks.whole("cap", cap, 1)
    if cap > 2**40:
        raise ValueError(f"cap is {cap}; expected at most 2**40, so that the next generation fits into 64 bits")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng: expected a numpy.random.Generator, got {type(rng).__name__}; try default_rng(seed)")
    population = np.empty((lines, generations + 1), np.int64)
    population[:, 0] = ancestors
    for n in range(generations):
        now = population[:, n]
        going = np.flatnonzero((now > 0) & (now <= cap))
        population[:, n + 1] = now
        if len(going) == 0:
            population[:, n + 1 :] = now[:, None]
            break
        population[going, n + 1] = offspring.sample(rng, now[going])
    return Lines(population, (population > cap).any(axis=1))

"""Laws of the number of children in a branching process.

Three laws with the same methods: :class:`Offspring`, any law on finitely many numbers, and the two infinite ones
whose generating functions have a closed form, :class:`PoissonOffspring` and :class:`GeometricOffspring`.
With :math:`p_k=P(Y=k)`,

.. math:: G(s) = \\sum_k p_k s^k, \\qquad T(s) = \\sum_k P(Y>k)\\,s^k = \\frac{1-G(s)}{1-s}.

``T`` is a sum of positive terms, so it is computed without cancellation, also near s = 1 where 1 - G(s) is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from numbers import Rational

import numpy as np
import sympy as sp
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import gammaln, xlogy

from rlcourse import checks

__all__ = ["GeometricOffspring", "Offspring", "PoissonOffspring"]

_MASS = 1e-12  # a law may miss one by this much, from rounding
_EPS = float(np.finfo(float).eps)
_DIRECT = 1024  # up to this length products of series are summed directly: every coefficient keeps its digits


def _product(a: np.ndarray, b: np.ndarray, size: int) -> np.ndarray:
    """Coefficients below ``size`` of the product of two power series."""
    if min(len(a), len(b)) <= 32 or size <= _DIRECT:
        return np.convolve(a, b)[:size]
    # the rounding of a fast Fourier transform is relative to the largest coefficient and may be negative
    long = next_fast_len(len(a) + len(b), real=True)
    return np.maximum(irfft(rfft(a, long) * rfft(b, long), long)[:size], 0)


@dataclass(frozen=True)
class Offspring:
    r"""A law on the numbers 0, 1, ..., K of children.

    Attributes:
        probabilities: ``probabilities[k]`` is P(Y = k), shape ``[K + 1]``; floats, fractions or rational sympy
            numbers, kept as they are given. What they lack to 1 must be rounding; the law that is meant is
            theirs divided by their sum. Pass fractions where it matters whether the mean is exactly 1.

    Raises:
        ValueError: not one vector, a negative or infinite entry, or a sum that is not 1 (an improper law).
        TypeError: an entry is not a number (True and False are not).

    Source: Harris (1963), chapter I. Proved in: processes/branching (def-branching).
    """

    probabilities: tuple
    _p: np.ndarray = field(init=False, repr=False, compare=False)
    _tail: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given = np.array(self.probabilities, dtype=object)
        if given.ndim != 1 or len(given) == 0:
            raise ValueError(f"probabilities has shape {given.shape}; expected one vector P(Y = 0), P(Y = 1), ...")
        try:
            if any(isinstance(x, bool | np.bool_) for x in given):
                raise TypeError("True and False are no probabilities")
            given = tuple(x if isinstance(x, Rational) else float(x) for x in given)
        except (TypeError, ValueError) as error:
            raise TypeError(f"probabilities: expected numbers, got {list(given)}") from error
        p = np.array([float(x) for x in given])
        checks.finite("probabilities", p)
        if (p < 0).any():
            k = int(np.argmax(p < 0))
            raise ValueError(f"probabilities[{k}] is {p[k]}; expected a probability >= 0")
        total = float(p.sum())
        if abs(total - 1) > _MASS:
            hint = "the rest would be the chance of infinitely many children" if total < 1 else "normalize it"
            raise ValueError(f"probabilities sum to {total:.12g}; expected 1: the law is improper ({hint})")
        # P(Y > k) by adding from the far end, so that small tails keep their digits
        tail = np.append(p[:0:-1].cumsum()[::-1], 0.0) if len(p) > 1 else np.zeros(1)
        object.__setattr__(self, "probabilities", given)
        object.__setattr__(self, "_p", p)
        object.__setattr__(self, "_tail", tail)
        p.flags.writeable = tail.flags.writeable = False

    @property
    def mean(self) -> float:
        """E[Y], the mean number of children."""
        return float(np.arange(len(self._p)) @ self._p)

    @property
    def variance(self) -> float:
        """Var[Y], summed around the mean."""
        return float((np.arange(len(self._p)) - self.mean) ** 2 @ self._p)

    @property
    def drift(self) -> float:
        """E[Y - 1]; its sign, which decides criticality, is that of the exact sum of the given numbers."""
        return float(sum((k - 1) * Fraction(x) for k, x in enumerate(self.probabilities)))

    @property
    def childless(self) -> float:
        """P(Y = 0)."""
        return float(self._p[0])

    @property
    def rounding(self) -> float:
        """Bound on the relative error of :meth:`pgf` and :meth:`tail_pgf` between 0 and 1.

        Adding up a tail, then one product and one sum for each term, and what the sum lacks to 1.
        """
        return 2 * len(self._p) * _EPS + 2 * abs(float(sum(map(Fraction, self.probabilities)) - 1))

    def pgf(self, s):
        """G(s).

        Args:
            s: number or array, real or complex, or a sympy expression.

        Returns:
            The value in the type of ``s``; for a sympy expression a polynomial, exact if the probabilities are.
        """
        if isinstance(s, sp.Basic):
            return sum((sp.sympify(x) * s**k for k, x in enumerate(self.probabilities)), sp.S.Zero)
        return _horner(self._p, s)

    def tail_pgf(self, s):
        """T(s) = (1 - G(s)) / (1 - s); T(1) is the mean. Argument as in :meth:`pgf`, without sympy."""
        return _horner(self._tail, s)

    def compose(self, series: np.ndarray) -> np.ndarray:
        """Coefficients of G(f(s)) up to the length of ``series``, the coefficients of f."""
        total = np.zeros_like(series)
        total[0] = self._p[-1]
        for x in self._p[-2::-1]:
            total = _product(total, series, len(series))
            total[0] += x
        return total

    def sums(self, size: int, ancestors: int) -> np.ndarray:
        """P(Y_1 + ... + Y_n = n - ancestors) for n = 0, ..., size - 1."""
        law = np.zeros(size)
        law[0] = 1.0
        found = np.zeros(size)
        for n in range(1, size):
            law = _product(law, self._p, size)
            if n >= ancestors:
                found[n] = law[n - ancestors]
        return found

    def sample(self, rng: np.random.Generator, parents: np.ndarray) -> np.ndarray:
        """Total number of children of each group of ``parents`` individuals, one draw for each group."""
        return rng.multinomial(parents, self._p) @ np.arange(len(self._p))


def _one_number(name: str, x) -> None:
    try:
        if np.ndim(x) == 0:
            float(x)
            if not isinstance(x, str):
                return
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name} is {x}; expected one real number")


def _horner(coefficients, s):
    total = 0 * s
    for c in coefficients[::-1]:
        total = total * s + c
    return total


@dataclass(frozen=True)
class PoissonOffspring:
    r"""Poisson numbers of children, :math:`p_k = e^{-\lambda}\lambda^k/k!`.

    Attributes:
        lam: mean number of children, finite and not negative. Methods and properties are those of
            :class:`Offspring`.

    Raises:
        ValueError: ``lam`` is negative or not finite.
        TypeError: it is not one number.

    Proved in: processes/branching (thm-branching-otter).
    """

    lam: float

    def __post_init__(self) -> None:
        _one_number("lam", self.lam)
        checks.finite("lam", float(self.lam))
        if self.lam < 0:
            raise ValueError(f"lam is {self.lam}; expected a mean >= 0")

    @property
    def mean(self) -> float:
        return float(self.lam)

    @property
    def variance(self) -> float:
        return float(self.lam)

    @property
    def drift(self) -> float:
        return float(self.lam) - 1

    @property
    def childless(self) -> float:
        return float(np.exp(-float(self.lam)))

    @property
    def rounding(self) -> float:
        return (8 + 2 * float(self.lam)) * _EPS

    def pgf(self, s):
        if isinstance(s, sp.Basic):
            return sp.exp(sp.sympify(self.lam) * (s - 1))
        return np.exp(float(self.lam) * (s - 1))

    def tail_pgf(self, s):
        y = np.asarray(1.0 - s)
        ratio = -np.expm1(-float(self.lam) * y) / np.where(y == 0, 1, y)
        return np.where(y == 0, float(self.lam), ratio)[()]

    def compose(self, series: np.ndarray) -> np.ndarray:
        # F = exp(lam (f - 1)) has F' = lam f' F: a recursion with positive terms
        slope = float(self.lam) * np.arange(1, len(series)) * series[1:]
        total = np.zeros_like(series)
        total[0] = np.exp(float(self.lam) * (series[0] - 1))
        for k in range(1, len(series)):
            total[k] = slope[:k] @ total[k - 1 :: -1] / k
        return total

    def sums(self, size: int, ancestors: int) -> np.ndarray:
        n = np.arange(size)
        j, rate = np.maximum(n - ancestors, 0), n * float(self.lam)
        return np.where(n >= ancestors, np.exp(xlogy(j, rate) - rate - gammaln(j + 1)), 0.0)

    def sample(self, rng: np.random.Generator, parents: np.ndarray) -> np.ndarray:
        return rng.poisson(float(self.lam) * parents)


@dataclass(frozen=True)
class GeometricOffspring:
    r"""Geometric numbers of children, :math:`p_k = p\,q^k` with :math:`q = 1 - p`, :math:`k\ge0`.

    All iterates of its generating function are fractions of linear functions.

    Attributes:
        p: probability of having no child, in (0, 1]. Methods and properties are those of :class:`Offspring`.

    Raises:
        ValueError: ``p`` is not in (0, 1]; p = 0 would mean infinitely many children.
        TypeError: it is not one number.

    Proved in: processes/branching (thm-branching-geometric).
    """

    p: float

    def __post_init__(self) -> None:
        _one_number("p", self.p)
        if not 0 < self.p <= 1:
            raise ValueError(f"p is {self.p}; expected the probability of having no child, in (0, 1]")

    @property
    def mean(self) -> float:
        return (1 - float(self.p)) / float(self.p)

    @property
    def variance(self) -> float:
        return self.mean / float(self.p)

    @property
    def drift(self) -> float:
        return (1 - 2 * float(self.p)) / float(self.p)

    @property
    def childless(self) -> float:
        return float(self.p)

    @property
    def rounding(self) -> float:
        return 8 * _EPS

    def pgf(self, s):
        p = sp.sympify(self.p) if isinstance(s, sp.Basic) else float(self.p)
        return p / (p + (1 - p) * (1 - s))  # the denominator 1 - q s without cancellation

    def tail_pgf(self, s):
        p = float(self.p)
        return (1 - p) / (p + (1 - p) * (1 - s))

    def compose(self, series: np.ndarray) -> np.ndarray:
        # (1 - q f) F = p: again a recursion with positive terms
        q = 1 - float(self.p)
        total = np.zeros_like(series)
        total[0] = float(self.p) / (1 - q * series[0])
        for k in range(1, len(series)):
            total[k] = q * (series[1 : k + 1] @ total[k - 1 :: -1]) / (1 - q * series[0])
        return total

    def sums(self, size: int, ancestors: int) -> np.ndarray:
        n = np.arange(size)
        j, first = np.maximum(n - ancestors, 0), np.maximum(n, 1)
        ways = gammaln(first + j) - gammaln(first) - gammaln(j + 1)
        log = ways + n * np.log(float(self.p)) + xlogy(j, 1 - float(self.p))
        return np.where((n >= ancestors) & (n > 0), np.exp(log), 0.0)

    def sample(self, rng: np.random.Generator, parents: np.ndarray) -> np.ndarray:
        children = np.zeros(np.shape(parents), np.int64)
        children[parents > 0] = rng.negative_binomial(parents[parents > 0], float(self.p))
        return children

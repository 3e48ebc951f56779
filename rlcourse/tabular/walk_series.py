"""Generating functions of the simple random walk, as sympy expressions.

The coefficient of ``s**n`` is the probability that belongs to time n; ``sympy.series`` reads it off.
"""

from __future__ import annotations

import sympy as sp

__all__ = ["first_passage_gf", "first_return_gf", "return_gf"]


def _step_up(p) -> sp.Expr:
    """p as an exact sympy number in [0, 1], or any symbol."""
    p = sp.sympify(p)
    if p.has(sp.Float):
        raise TypeError(f"p is {p}; expected an exact number such as Rational(1, 3), or a symbol")
    if p.is_number and not (p.is_real and 0 <= p <= 1):
        raise ValueError(f"p is {p}; expected a number in [0, 1]")
    return p


def _root(p, s) -> sp.Expr:
    return sp.sqrt(1 - 4 * p * (1 - p) * s**2)


def return_gf(p, s):
    r"""Generating function of the return probabilities.

    .. math:: H(s) = \sum_{n\ge0} P(S_n = 0)\, s^n = \frac1{\sqrt{1 - 4pqs^2}}, \qquad 4pq|s|^2 < 1

    Not the generating function of a random variable: at s = 1 it is the mean number of visits, the start
    included.

    Args:
        p: probability of a step up, a symbol or an exact number in [0, 1].
        s: symbol or exact number.

    Returns:
        sympy expression; ``oo`` where the series diverges at the end of its domain, as at p = 1/2 and s = 1: the
        fair walk returns infinitely often.

    Raises:
        TypeError: p is a float.
        ValueError: p is a number outside [0, 1].

    Source: Feller (1968), chapter XIII. Proved in: processes/random_walks (thm-walk-return-series).
    """
    root = _root(_step_up(p), s)
    return sp.oo if root.is_zero else 1 / root


def first_return_gf(p, s):
    r"""Generating function of the first-return time.

    .. math:: G(s) = E[s^T 1\{T < \infty\}] = 1 - \frac1{H(s)} = 1 - \sqrt{1 - 4pqs^2}

    Args:
        p, s: as in :func:`return_gf`.

    Returns:
        sympy expression; at s = 1 the probability of ever returning.

    Raises: as :func:`return_gf`.

    Source: Feller (1968), chapter XIII. Proved in: processes/random_walks (thm-walk-first-return-series).
    """
    return 1 - _root(_step_up(p), s)


def first_passage_gf(p, s, level=1):
    r"""Generating function of the first visit to a level.

    .. math:: F_a(s) = E[s^{T_a} 1\{T_a < \infty\}] = \left(\frac{2ps}{1 + \sqrt{1 - 4pqs^2}}\right)^a

    for a > 0; for a < 0 exchange p and q. In this form it is defined at s = 0 and at p = 0 and 1 too.

    Args:
        p, s: as in :func:`return_gf`.
        level: a, an integer other than 0.

    Returns:
        sympy expression; at s = 1 the probability of ever reaching the level.

    Raises: as :func:`return_gf`; ValueError if the level is 0 or not an integer.

    Source: Feller (1968), XIV.4. Proved in: processes/random_walks (thm-walk-passage).
    """
    p, level = _step_up(p), sp.sympify(level)
    if not level.is_integer or level.is_zero is not False:
        raise ValueError(f"level is {level}; expected an integer other than 0")
    if level.is_positive is None:
        raise ValueError(f"level is {level}; expected a symbol whose sign is known, such as positive=True")
    toward = p if level.is_positive else 1 - p
    return (2 * toward * s / (1 + _root(p, s))) ** abs(level)

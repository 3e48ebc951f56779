"""Values as exact fractions where possible, and as 40 digits otherwise."""

import operator
from fractions import Fraction

import mpmath
import sympy as sp

DIGITS = 40


class Undefined(Exception):
    """An expression has no finite real value at a point."""


def compare(sign: str, lhs, rhs, tolerance) -> bool:
    """Return whether ``lhs sign rhs`` holds; inexact values that differ by less than ``tolerance`` count as equal."""
    exact = isinstance(lhs, Fraction) and isinstance(rhs, Fraction)
    gap = lhs - rhs if exact else to_mpf(lhs) - to_mpf(rhs)
    slack = 0 if exact else tolerance * (1 + abs(to_mpf(lhs)))
    if sign in (">", "<") and slack and abs(gap) <= slack:
        return True  # too close to tell
    return {
        "==": abs(gap) <= slack,
        "!=": abs(gap) > slack,
        ">=": gap >= -slack,
        "<=": gap <= slack,
        ">": gap > 0,
        "<": gap < 0,
    }[sign]


def show_value(value) -> str:
    """Return a fraction as it is, and other numbers with 12 digits."""
    short = isinstance(value, Fraction) and len(str(value)) <= 24
    return str(value) if short else mpmath.nstr(to_mpf(value), 12)


def fits(number, wanted) -> bool:
    """Return whether ``number`` has every assumption of ``wanted``."""
    names = ("integer", "positive", "negative", "nonnegative", "nonpositive", "nonzero", "even", "odd", "prime")
    names += ("real", "finite", "rational", "irrational")
    facts = {name: getattr(wanted, f"is_{name}") for name in names}
    return all(getattr(number, f"is_{name}") == fact for name, fact in facts.items() if fact is not None)


def to_number(value):
    """Return a real sympy number as a fraction or an mpf."""
    if value.is_Rational:
        return Fraction(int(value.p), int(value.q))
    if value in (sp.oo, -sp.oo):
        return mpmath.mpf("inf") if value is sp.oo else -mpmath.mpf("inf")
    value = sp.N(value, DIGITS)
    if not value.is_Float:
        raise Undefined(f"{value} is not a real number")
    with mpmath.workdps(DIGITS):
        return mpmath.mpf(value._mpf_)


def to_sympy(value):
    """Return a fraction or an mpf as a sympy number."""
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if mpmath.isinf(value):
        return sp.oo if value > 0 else -sp.oo
    return sp.Float(value, DIGITS)


def to_mpf(value):
    """Return a value as an mpf."""
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def real_part(value):
    """Return a value without a negligible imaginary part."""
    if isinstance(value, mpmath.mpc):
        if abs(value.imag) > mpmath.mpf(10) ** -20:
            raise Undefined(f"{value} is not real")
        value = value.real
    return value


def combine(x, y, join):
    """Return ``join(x, y)``, exact if both are fractions (or one factor is zero)."""
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return join(x, y)
    exact = [v for v in (x, y) if isinstance(v, Fraction)]
    if join is operator.mul and 0 in exact and all(mpmath.isfinite(to_mpf(v)) for v in (x, y)):
        return Fraction(0)
    result = join(to_mpf(x), to_mpf(y))
    if mpmath.isnan(result):
        raise Undefined("indeterminate")
    return result

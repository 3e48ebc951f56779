"""Values of sums, series, integrals and limits at a point, as far as numbers can tell."""

import operator
from fractions import Fraction
from itertools import pairwise

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from rlcourse.proof.values import Undefined, combine, to_mpf

_TERMS = 72  # of an infinite series
_FEW = 30  # of a series whose terms are known to fall fast
_DOUBLINGS = 4  # of that number, for a slow one


def series(point, expr, bound):
    """Sum or product over integer ranges; an upper limit below the lower one by Karr's convention."""
    *inner, (index, low, high) = expr.limits
    body = expr.func(expr.function, *inner) if inner else expr.function
    is_sum = isinstance(expr, sp.Sum)
    join = operator.add if is_sum else operator.mul
    total = neutral = Fraction(0 if is_sum else 1)
    low, high = point.value(low, bound), point.value(high, bound)
    infinite = high == mpmath.inf and is_sum
    if not _is_integer(low) or not (infinite or _is_integer(high)):
        raise Undefined(f"limits of {expr} are not integers")
    if infinite:
        return _infinite(point, body, index, low, bound)
    empty = high < low - 1
    first, last = (int(high) + 1, int(low) - 1) if empty else (int(low), int(high))
    for k in range(first, last + 1):
        total = combine(total, point.value(body, {**bound, index: Fraction(k)}), join)
    if empty:
        return combine(neutral, total, operator.sub if is_sum else operator.truediv)
    return total


def _infinite(point, body, index, low, bound):
    """Sum of an infinite series from its first terms; one that falls like a power is extrapolated."""
    if body.has(sp.KroneckerDelta, sp.Piecewise, sp.Heaviside, sp.floor):
        raise Undefined(f"the first terms of the sum of {body} do not show whether it has converged")
    point.approximate = True
    nested = body.has(AppliedUndef, sp.Indexed, sp.Sum)
    total, partial, terms = Fraction(0), {}, []
    count = _FEW if point.summable and nested else _TERMS
    for k in range(count if nested else count * 2**_DOUBLINGS):
        terms.append(point.value(body, {**bound, index: low + k}))
        total = combine(total, terms[-1], operator.add)
        partial[k + 1] = total
        if (k + 1) % count == 0:
            early = partial[2 * (k + 1) // 3]
            shrinks = abs(to_mpf(terms[-1])) <= abs(to_mpf(terms[2 * len(terms) // 3]))
            if shrinks and abs(to_mpf(total) - to_mpf(early)) < mpmath.mpf(10) ** -12 * (1 + abs(to_mpf(total))):
                return total
            total = to_mpf(total)
            if nested or not shrinks:
                raise Undefined(f"the sum of {body} converges too slowly to be evaluated")
    row = [to_mpf(partial[count * 2**level]) for level in range(_DOUBLINGS + 1)]
    return _extrapolate(row, body)


def _extrapolate(row, name):
    """Return the limit of values at n, 2 n, 4 n, ... whose error falls like 1/n or 1/sqrt(n)."""
    for first in (mpmath.mpf(1), mpmath.mpf(1) / 2):
        values, found = row, [row[-1]]
        for level in range(len(row) - 1):
            values = [b + (b - a) / (2 ** (first + level) - 1) for a, b in pairwise(values)]
            found.append(values[-1])
        if abs(found[-1] - found[-2]) < mpmath.mpf(10) ** -9 * (1 + abs(found[-1])):
            return found[-1]
    raise Undefined(f"{name} converges too slowly to be evaluated")


def integral(point, expr, bound):
    """Value of an integral over one variable, by quadrature; it must have settled."""
    *inner, limits = expr.limits
    if inner or len(limits) != 3 or expr.function.has(sp.Integral):
        raise Undefined(f"cannot evaluate {expr}")
    x, low, high = limits
    low, high = (to_mpf(point.value(v, bound)) for v in (low, high))
    point.approximate = True

    def height(t):
        return to_mpf(point.value(expr.function, {**bound, x: t}))

    nodes = [low, *([0] if low < 0 < high else []), high]
    with mpmath.workdps(20):
        area, error = mpmath.quad(height, nodes, error=True, maxdegree=8)
    if error > mpmath.mpf(10) ** -9:
        raise Undefined(f"{expr} could not be integrated numerically")
    return area


def limit(point, expr, bound):
    """Value near the place of a ``Limit``, by Richardson's extrapolation; it must have settled."""
    body, x, goal, side = expr.args
    goal = point.value(goal, bound)
    point.approximate = True
    if mpmath.isinf(to_mpf(goal)):
        sign, length = (1 if goal > 0 else -1), 2 if body.has(sp.Sum, sp.Product) else 6
        places = [sign * Fraction(256 * 2**i) for i in range(length)]
    else:
        step = Fraction(-1 if str(side) == "-" else 1, 2**40)
        places = [combine(goal, step / 2**i, operator.add) for i in range(3)]
    row = [to_mpf(point.value(body, {**bound, x: place})) for place in places]
    return _extrapolate(row, expr)


def _is_integer(value) -> bool:
    return isinstance(value, Fraction) and value.denominator == 1

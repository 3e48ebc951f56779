"""Terms whose ratio is a rational function of the index.

    C P(i) z^i (a_1)_i ... (a_r)_i / ((b_1)_i ... (b_s)_i),        (a)_i = a (a + 1) ... (a + i - 1),

with a polynomial P and i from 0.
"""

from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef

from rlcourse.proof.factorials import standard_gamma
from rlcourse.proof.rational import Kernels, tidy, vanishes

FUNCTIONS = (sp.factorial, sp.gamma)
MOST = 64  # terms split off either end


@dataclass
class Series:
    """``constant polynomial(i) z^i prod (a)_i / prod (b)_i`` for i >= 0."""

    constant: sp.Expr
    polynomial: sp.Expr
    z: sp.Expr
    upper: list
    lower: list


def is_rational(factor, i) -> bool:
    kernels = factor.atoms(AppliedUndef, sp.Indexed, sp.Sum, *FUNCTIONS)
    return factor.is_rational_function(i) and not any(kernel.has(i) for kernel in kernels)


def as_series(normal, term, i):
    """Return a product as a `Series`, or None."""
    series = Series(sp.S.One, sp.S.One, sp.S.One, [], [])
    rational = sp.S.One
    for factor in sp.Mul.make_args(term):
        if not factor.has(i):
            series.constant *= factor
        elif is_rational(factor, i):
            rational *= factor
        elif not (_add_factorial(series, factor, i) or _add_power(series, factor, i)):
            return None
    above, below = sp.fraction(sp.together(rational))
    content, factors = Kernels([below]).factors(below)
    series.constant /= content
    series.polynomial = above
    for factor, times in factors:
        slope, rest = linear(factor, i)
        if times < 0 or rest is None or (slope != 0 and vanishes(rest)):
            return None
        if slope == 0:
            series.constant /= rest**times
            continue
        # 1/(i + d) = (d)_i / (d (d + 1)_i)
        d = tidy(rest / slope)
        series.constant /= rest**times
        series.upper += [d] * times
        series.lower += [d + 1] * times
    return series


def linear(expr, i):
    """Return ``(slope, rest)`` of ``slope i + rest``, or ``(None, None)``."""
    expr = sp.expand(expr)
    slope = expr.coeff(i)
    rest = sp.expand(expr - slope * i)
    return (None, None) if rest.has(i) or slope.has(i) else (slope, rest)


def _add_factorial(series, factor, i) -> bool:
    """Multiply by a power of a factorial or gamma function; return whether it has the form needed."""
    base, times = factor.as_base_exp()
    if not (isinstance(base, FUNCTIONS) and times.is_Integer):
        return False
    slope, c = linear(base.args[0] + (1 if isinstance(base, sp.factorial) else 0), i)
    if slope is None or not slope.is_Integer or abs(slope) > 6:
        return False
    size = abs(int(slope))
    # Gamma(c + m i) = Gamma(c) m^(m i) prod (c + l)/m _i, and Gamma(c - i) = Gamma(c) (-1)^i / (1 - c)_i
    start = c if slope > 0 else 1 - c
    parts = [tidy((start + l) / sp.Integer(size)) for l in range(size)]
    scale = sp.Integer(size) ** size
    rising = (slope > 0) == (times > 0)
    (series.upper if rising else series.lower).extend(parts * abs(int(times)))
    series.z *= (scale if slope > 0 else sp.Integer(-1) ** size / scale) ** times
    series.constant *= standard_gamma(c) ** times
    return not standard_gamma(c).is_infinite


def _add_power(series, factor, i) -> bool:
    """Multiply by ``b^(slope i + rest)``; return whether it has that form."""
    base, exponent = factor.as_base_exp()
    slope, rest = linear(exponent, i)
    if slope is None or base.has(i):
        return False
    series.z *= base**slope
    series.constant *= base**rest
    return True


def nonzero(normal, expr, high) -> bool:
    """Return whether one may divide by ``expr``: it is not zero, or only at points that are limits of others.

    The last index fixes some symbols; where ``expr`` has others, both sides are continuous in those.
    """
    if expr.is_nonzero or high is sp.oo or expr.free_symbols - high.free_symbols:
        return expr != 0
    return normal.domain.is_positive(expr) or normal.domain.is_positive(-expr)


def cancel(normal, series, i, high):
    """Cancel what stands above and below, also where the quotient is a polynomial."""
    for a in list(series.upper):
        equal = next((b for b in series.lower if vanishes(a - b)), None)
        if equal is not None:
            series.upper.remove(a)
            series.lower.remove(equal)
    for a in list(series.upper):
        for b in list(series.lower):
            gap = sp.expand(a - b)
            if not (gap.is_Integer and 0 < gap <= MOST):
                continue
            if all(nonzero(normal, b + l, high) for l in range(int(gap))):
                # (b + n)_i / (b)_i = (b + i)_n / (b)_n
                series.polynomial *= sp.Mul(*[(b + i + l) / (b + l) for l in range(int(gap))])
                series.upper.remove(a)
                series.lower.remove(b)
                break

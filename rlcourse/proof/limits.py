"""Limits, by rules whose conditions are checked.

At a finite point, a quotient of analytic functions by l'Hopital's rule: both sides are differentiated as long as
both vanish there. At infinity, each term of numerator and denominator is compared with

    c x^a r^x x^(e x),

to which it is asymptotic (Stirling's formula for factorials); the larger e, then r, then a, dominates. A limit of
an integer variable is that of a sequence.
"""

from dataclasses import dataclass, replace

import sympy as sp
from sympy.core.function import AppliedUndef

from rlcourse.proof import clock
from rlcourse.proof.rational import Kernels, vanishes

_ORDER = 6  # of l'Hopital's rule
_ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh)


def normal_limit(normal, expr):
    """Return the value of a ``Limit`` in normal form, or the limit itself where no rule applies."""
    body, x, point, side = expr.args
    point = normal.form(point)
    value = _limit(normal, normal.form(body), x, point) if _approachable(normal, x, point, str(side)) else None
    plain = body.free_symbols == {x} and point.is_number and not body.has(AppliedUndef, sp.Sum, sp.Integral)
    if value is None and plain:
        value = _from_sympy(expr)
    if value is None:
        return sp.Limit(normal.argument(body), x, point, str(side))
    normal.note("limits")
    return normal.form(value)


def limit_at_infinity(normal, expr, x):
    """Return the finite limit of a normal form as x grows, or None."""
    return _limit(normal, expr, x, sp.oo)


def _from_sympy(expr):
    """Ask sympy for a limit without parameters."""
    value = clock.within(clock.STEP, _quietly, expr)
    return value if value is not None and value.is_number and value.is_finite else None


def _quietly(expr):
    try:
        return expr.doit()
    except (NotImplementedError, ValueError, TypeError):
        return None


def _approachable(normal, x, point, side) -> bool:
    """Return whether the variable can come near the point from that side, given its own assumptions."""
    if point in (sp.oo, -sp.oo):
        return x.is_real and (point is sp.oo or not x.is_nonnegative) and (point is -sp.oo or not x.is_nonpositive)
    if not x.is_real or x.is_integer or point.is_infinite:
        return False
    for sign, one_sided, outside in ((1, x.is_nonnegative, "-"), (-1, x.is_nonpositive, "+")):
        on_the_edge = point.is_zero and side not in (outside, "+-")
        if one_sided and not (on_the_edge or normal.domain.is_positive(sign * point)):
            return False
    return True


def _limit(normal, expr, x, point):
    """Return the finite limit of a normal form, or None."""
    if not expr.has(x):
        return expr
    if point is -sp.oo:
        y = sp.Dummy("y", positive=True, integer=x.is_integer)
        return _limit(normal, normal.form(expr.subs(x, -y)), y, sp.oo)
    if point is sp.oo:
        value = _dominant(normal, expr, x)
        if value is None:
            u = sp.Dummy("u", positive=True)
            value = _lhopital(normal, normal.form(expr.subs(x, 1 / u)), u, sp.S.Zero)
    else:
        value = _lhopital(normal, expr, x, point)
    return _by_structure(normal, expr, x, point) if value is None else value


def _by_structure(normal, expr, x, point):
    """Limit of a sum, product, power or exponential from the limits of its parts, where all are finite."""
    if expr.is_Add or expr.is_Mul:
        parts = [_limit(normal, a, x, point) for a in expr.args]
        return None if None in parts else normal.form(expr.func(*parts))
    if isinstance(expr, sp.exp):
        exponent = _limit(normal, expr.args[0], x, point)
        return None if exponent is None else normal.form(sp.exp(exponent))
    if expr.is_Pow:
        base = _limit(normal, expr.base, x, point)
        if base is None or not normal.domain.is_positive(base):
            return None
        exponent = _limit(normal, normal.form(expr.exp * sp.log(expr.base)), x, point)
        return None if exponent is None else normal.form(sp.exp(exponent))
    if isinstance(expr, sp.log):
        inside = _limit(normal, expr.args[0], x, point)
        return normal.form(sp.log(inside)) if inside is not None and normal.domain.is_positive(inside) else None
    return None


def _sign(normal, value):
    """Return 1 or -1 for a value of known sign, 0 for one that vanishes, else None."""
    if vanishes(value):
        return 0
    sizes = sorted(value.atoms(sp.Abs), key=sp.default_sort_key)
    for sign in (1, -1):
        if normal.domain.is_positive(sign * value):
            return sign
        if len(sizes) == 1 and all(
            normal.domain.is_positive(sign * value.subs(sizes[0], inside))
            for inside in (sizes[0].args[0], -sizes[0].args[0])
        ):
            return sign
    return None


def _lhopital(normal, expr, x, point):
    for size in expr.atoms(sp.Abs):
        sign = _sign(normal, normal.form(size.args[0].subs(x, point)))
        if size.has(x) and sign and _analytic(normal, size.args[0], x, point):
            expr = expr.xreplace({size: sign * size.args[0]})  # as it is near the point
    kernels = Kernels([expr])
    top, factors = kernels.fraction(expr)
    top = kernels.expression(top)
    bottom = sp.Mul(*[kernels.expression(f) ** times for f, times in factors.items()])
    if not (_analytic(normal, top, x, point) and _analytic(normal, bottom, x, point)):
        return None
    for _ in range(_ORDER):
        above, below = (normal.form(part.subs(x, point)) for part in (top, bottom))
        if _sign(normal, below):
            return normal.form(above / below)
        if not (vanishes(below) and vanishes(above)):
            return None
        top, bottom = sp.diff(top, x), sp.diff(bottom, x)
    return None


def _analytic(normal, expr, x, point) -> bool:
    """Return whether an expression is known to be analytic in x near the point."""
    if not expr.has(x) or expr == x:
        return True
    if not all(_analytic(normal, a, x, point) for a in expr.args):
        return False
    if expr.is_Add or expr.is_Mul or isinstance(expr, _ENTIRE):
        return True
    if not (expr.is_Pow or isinstance(expr, sp.log)):
        return False
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        return True
    inside = _sign(normal, normal.form(expr.args[0].subs(x, point)))
    return inside == 1 or (inside == -1 and expr.is_Pow and expr.exp.is_integer and not expr.exp.has(x))


@dataclass(frozen=True)
class _Growth:
    """``c x^power rate^x x^(factorials x)``."""

    c: sp.Expr
    power: sp.Expr = sp.S.Zero
    rate: sp.Expr = sp.S.One
    factorials: sp.Expr = sp.S.Zero

    def times(self, other):
        """Return the growth of a product."""
        powers, rates = self.power + other.power, self.rate * other.rate
        return _Growth(self.c * other.c, powers, rates, self.factorials + other.factorials)


def _dominant(normal, expr, x):
    """Return the limit at infinity of a fraction from the terms that dominate, or None."""
    kernels = Kernels([expr])
    top, factors = kernels.fraction(expr)
    bottom = kernels.ring(1)
    for factor, times in factors.items():
        bottom *= factor**times
    above, below = (_leading(normal, kernels, part, x) for part in (top, bottom))
    if above is None or below is None or not all(_sign(normal, normal.form(v)) for v in (below.c, below.rate)):
        return None
    order = _compare(normal, above, below)
    if order == -1:
        return sp.S.Zero
    same = order == 0 and vanishes(normal.form(above.rate / below.rate - 1))  # not of opposite signs
    return normal.form(above.c / below.c) if same else None


def _leading(normal, kernels, poly, x):
    """Return the growth of a polynomial in kernels, or None if it is not plain."""
    best = None
    for monom, coefficient in poly.terms():
        term = _Growth(sp.Rational(coefficient.numerator, coefficient.denominator))
        for i, times in enumerate(monom):
            factor = _growth(normal, kernels.kernel(i, times), x) if times else _Growth(sp.S.One)
            if factor is None:
                return None
            term = term.times(factor)
        order = None if best is None else _compare(normal, term, best)
        if best is None or order == 1:
            best = term
        elif order == 0:
            total = normal.form(best.c + term.c)
            if not _sign(normal, total) or not vanishes(normal.form(best.rate - term.rate)):
                return None  # what cancels leaves terms of unknown size
            best = replace(best, c=total)
        elif order is None:
            return None
    return best or _Growth(sp.S.Zero)


def _compare(normal, one, two):
    """Return 1, 0 or -1 as ``one`` grows faster, as fast, or slower than ``two``; None if that is not known."""
    if one.c == 0 or two.c == 0:
        return 0 if one.c == two.c else (-1 if one.c == 0 else 1)
    sizes = [normal.form(sp.Abs(g.rate)) for g in (one, two)]
    for gap in (one.factorials - two.factorials, sizes[0] - sizes[1], one.power - two.power):
        sign = _sign(normal, normal.form(gap))
        if sign is None and gap == sizes[0] - sizes[1] and all(map(normal.domain.is_positive, sizes)):
            sign = _sign(normal, normal.form(sp.log(sizes[0]) - sp.log(sizes[1])))
        if sign != 0:
            return sign
    return 0


def _growth(normal, kernel, x):
    """Return the growth of one kernel: a power, an exponential or a factorial; None for anything else."""
    if not kernel.has(x):
        return _Growth(kernel)
    if isinstance(kernel, sp.exp):
        slope, rest = _linear(kernel.args[0], x)
        return None if slope is None else _Growth(sp.exp(rest), rate=sp.exp(slope))
    base, exponent = kernel.as_base_exp()
    slope, rest = _linear(exponent, x)
    if slope is None:
        return None
    if isinstance(base, (sp.factorial, sp.gamma)):
        return _stirling(base, exponent, x)
    if not base.has(x):
        if not (normal.domain.is_positive(base) or (base.is_real and x.is_integer and exponent.is_integer)):
            return None
        return _Growth(base**rest, rate=base**slope)
    if not base.is_polynomial(x):
        return None
    poly = sp.Poly(base, x)
    lead, degree = poly.LC(), poly.degree()
    if lead != 1 and not normal.domain.is_positive(lead):
        if not (exponent.is_integer and normal.domain.is_positive(-lead)):
            return None
    shift = poly.coeff_monomial(x ** (degree - 1)) / lead
    # (lead x^d (1 + shift/x + ...))^(slope x + rest)
    c = lead**rest * sp.exp(slope * shift)
    return _Growth(c, degree * rest, lead**slope, degree * slope)


def _stirling(function, exponent, x):
    """Return the growth of a power of ``gamma(x + c)``: sqrt(2 pi) x^(x + c - 1/2) e^(-x)."""
    if exponent.has(x):
        return None
    c = sp.expand(function.args[0] - x) + (1 if isinstance(function, sp.factorial) else 0)
    if c.has(x):
        return None
    size = sp.sqrt(2 * sp.pi) ** exponent
    return _Growth(size, exponent * (c - sp.Rational(1, 2)), sp.exp(-exponent), exponent)


def _linear(exponent, x):
    """Return ``(slope, rest)`` of ``slope x + rest``, or ``(None, None)``."""
    exponent = sp.expand(exponent)
    slope = exponent.coeff(x)
    rest = sp.expand(exponent - slope * x)
    return (None, None) if rest.has(x) or slope.has(x) else (slope, rest)

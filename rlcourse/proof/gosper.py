"""Gosper's algorithm: sums that telescope with a rational multiple of their own term."""

import sympy as sp
from sympy.concrete.gosper import gosper_normal

from rlcourse.proof.limits import limit_at_infinity
from rlcourse.proof.rational import Kernels, tidy, vanishes
from rlcourse.proof.series import as_series


def telescope(normal, key, factor, i, high):
    """Sum ``factor key`` by Gosper's algorithm: find a rational R with R(i + 1) t(i + 1) - R(i) t(i) = t(i)."""
    series = as_series(normal, sp.Mul(key), i)
    if series is None:
        return None
    ratio = series.z * sp.Mul(*[i + a for a in series.upper]) / sp.Mul(*[i + b for b in series.lower])
    weight = tidy(factor * series.polynomial)
    ratio = sp.together(tidy(normal.form(ratio)) * tidy(weight.subs(i, i + 1) / weight))
    certificate = _gosper(tidy(ratio), i)
    if certificate is None or not vanishes(normal.form(certificate.subs(i, i + 1) * ratio - certificate - 1)):
        return None
    anti = tidy(normal.form(certificate * factor))
    if not _has_no_pole(normal, anti, i):
        return None
    whole = anti * key
    if high is sp.oo:
        end = limit_at_infinity(normal, normal.form(whole), i)
        if end is None:
            return None
    else:
        end = whole.subs(i, high + 1)
    normal.note("Gosper's telescoping")
    return normal.form(end - whole.subs(i, 0))


def _gosper(ratio, i):
    """Return a rational solution R of R(i + 1) ratio(i) - R(i) = 1, or None."""
    above, below = sp.fraction(ratio)
    if not (above.is_polynomial(i) and below.is_polynomial(i)):
        return None
    a, b, c = gosper_normal(above, below, i)
    b = b.shift(-1)
    n, m, k = (sp.Integer(v.degree()) for v in (a, b, c))
    if n != m or a.LC() != b.LC():
        bounds = {k - max(n, m)}
    elif not n:
        bounds = {k - n + 1, sp.S.Zero}
    else:
        bounds = {k - n + 1, sp.cancel((b.nth(n - 1) - a.nth(n - 1)) / a.LC())}
    bounds = {d for d in bounds if d.is_Integer and 0 <= d <= 12}
    if not bounds:
        return None
    unknown = sp.symbols(f"_c0:{max(bounds) + 1}", cls=sp.Dummy)
    x = sp.Poly(unknown, i, domain=a.get_domain().inject(*unknown))
    solution = sp.solve((a * x.shift(1) - b * x - c).coeffs(), unknown)
    if not solution:
        return None
    x = x.as_expr().subs(solution).subs(dict.fromkeys(unknown, 0))
    return None if x == 0 else tidy(b.as_expr() * x / c.as_expr())


def _has_no_pole(normal, anti, i) -> bool:
    """Return whether no denominator of an antidifference may vanish for i >= 0."""
    _, factors = Kernels([anti]).factors(anti)
    poles = [f for f, times in factors if times < 0]
    return all(normal.domain.is_positive(f) or normal.domain.is_positive(-f) for f in poles)

"""Sums of factorials in closed form.

The polynomial of a ``Series`` is written in falling factorials. The closed forms are the exponential series, the
binomial theorem (finite, or infinite with |z| < 1), Vandermonde's identity, and Gosper's telescoping. A finite sum
needs a range that is known to run forward.
"""

import sympy as sp

from rlcourse.proof.factorials import standard_gamma
from rlcourse.proof.gosper import telescope
from rlcourse.proof.rational import Kernels, vanishes
from rlcourse.proof.series import FUNCTIONS, MOST, Series, as_series, cancel, is_rational, nonzero


def closed_sum(normal, body, i, high):
    """Return the sum of ``body`` over 0 <= i <= high in closed form, and the terms for which there is none.

    Args:
        normal: The `Normalizer` that asks.
        body: A sum of products in normal form.
        i: The index, a nonnegative integer.
        high: Nonnegative, or infinite.
    """
    groups = {}
    for term in sp.Add.make_args(body):
        constant, summand = term.as_independent(i, as_Add=False)
        rational = [f for f in sp.Mul.make_args(summand) if is_rational(f, i)]
        key = sp.Mul(*[f for f in sp.Mul.make_args(summand) if not is_rational(f, i)])
        groups[key] = groups.get(key, sp.S.Zero) + constant * sp.Mul(*rational)
    total, rest = [], []
    for key, factor in groups.items():
        done = _sum_of(normal, key, factor, i, high) if key.has(*FUNCTIONS) else None
        (rest if done is None else total).append(factor * key if done is None else done)
    return sp.Add(*total), sp.Add(*rest)


def _sum_of(normal, key, factor, i, high):
    """Return the sum of a rational factor times a product of powers and factorials, or None."""
    content, parts = Kernels([factor]).factors(factor)
    factor = sp.Mul(content, *[part**times for part, times in parts])
    series = as_series(normal, sp.Mul(factor, key), i)
    if series is None:
        return None
    done = _closed(normal, series, i, high)
    return telescope(normal, key, factor, i, high) if done is None else done


def _closed(normal, series, i, high):
    """Return the sum of a series over 0 <= i <= high, or None."""
    cancel(normal, series, i, high)
    series.z = normal.form(series.z)
    shape = len(series.upper), len(series.lower)
    first = next((b for b in series.lower if b.is_Integer and 0 < b <= MOST), None)
    if first is None or shape not in ((0, 1), (1, 1), (2, 2)):
        return None
    steps = int(first) - 1
    series = _from_index(normal, series, i, high, steps) if steps else series
    if series is None:
        return None
    weights = _falling(series.polynomial, i)
    if weights is None:
        return None
    sums = {(0, 1): _exponential, (1, 1): _binomial, (2, 2): _vandermonde}[shape]
    done = sums(normal, series, weights, i, high + steps)
    if done is None:
        return None
    early = normal.form(sp.Add(*[_value(series, i, l) for l in range(steps)]))
    return None if done.has(sp.zoo, sp.nan, sp.oo) else done - early


def _from_index(normal, series, i, high, steps):
    """Return the series with its index shifted up by ``steps``, such that its lower parameter is 1; or None.

    (a)_i / (b)_i = (a - s)_(i + s) / (b - s)_(i + s) (b - s)_s / (a - s)_s, which must not divide by zero.
    """
    shifted = Series(series.constant / series.z**steps, series.polynomial.subs(i, i - steps), series.z, [], [])
    for parts, target, sign in ((series.upper, shifted.upper, -1), (series.lower, shifted.lower, 1)):
        for a in parts:
            low = sp.expand(a - steps)
            skipped = [low + l for l in range(steps)]
            if not all(nonzero(normal, factor, high) for factor in skipped):
                return None
            target.append(low)
            shifted.constant *= sp.Mul(*skipped) ** sign
    return shifted


def _value(series, i, l):
    """Return the term number ``l`` (an integer) of a series."""
    above = sp.Mul(*[a + j for a in series.upper for j in range(l)])
    below = sp.Mul(*[b + j for b in series.lower for j in range(l)])
    return series.constant * series.polynomial.subs(i, l) * series.z**l * above / below


def _falling(polynomial, i):
    """Return the coefficients of a polynomial in the falling factorials of i, or None if it is none."""
    if not polynomial.is_polynomial(i):
        return None
    left, weights = sp.Poly(polynomial, i), []
    point = 0
    while not left.is_zero:
        left, rest = sp.div(left, sp.Poly(i - point, i))
        weights.append(rest.as_expr())
        point += 1
    return weights


def _rising(a, n: int):
    return sp.Mul(*[a + l for l in range(n)])


def _exponential(normal, series, weights, i, high):
    """Sum over m of w_m z^m times the sum of z^i / i! up to high - m."""
    z = series.z
    if high is sp.oo:
        normal.note("exponential series")
        return normal.form(series.constant * sp.Add(*[w * z**m for m, w in enumerate(weights)]) * sp.exp(z))
    term = z**i / sp.factorial(i)
    parts = [
        normal.form(series.constant * w * z**m) * normal.partial_sum(term, i, high - m) for m, w in enumerate(weights)
    ]
    return sp.Add(*parts)


def _ends(normal, high, last):
    """Return the indices that a finite range lacks before its natural end, or None if that is not known."""
    missing = sp.S.Zero if high is sp.oo else sp.expand(last - high)
    if missing.is_Integer and missing <= MOST:
        return [last - l for l in range(int(missing))]
    return [] if normal.domain.is_nonnegative(-missing) else None


def _binomial(normal, series, weights, i, high):
    """Sum over m of w_m (a)_m z^m (1 - z)^(-a - m)."""
    (a,), z = series.upper, series.z
    below = normal.form(1 - z)
    ends = normal.domain.is_nonnegative(-a) and a.is_integer
    if ends:
        missing = _ends(normal, high, -a)
        if missing is None:
            return None
        if vanishes(below):
            return None if missing or not normal.domain.is_positive(-a - len(weights) + 1) else sp.S.Zero
        normal.note("binomial theorem")
    else:
        if high is not sp.oo or vanishes(below) or not _converges(normal, z):
            return None
        missing = []
        normal.note("binomial series")
    total = sp.Add(*[w * _rising(a, m) * z**m * below ** (-a - m) for m, w in enumerate(weights)])
    # (a)_i / i! = (-1)^i binomial(-a, i) of a sum that ends
    late = [
        series.polynomial.subs(i, l) * (-z) ** l * standard_gamma(1 - a) / sp.factorial(l) / sp.factorial(-a - l)
        for l in missing
    ]
    return normal.form(series.constant * (total - sp.Add(*late)))


def _converges(normal, z) -> bool:
    if normal.domain.is_positive(1 - z) and normal.domain.is_positive(1 + z):
        return True
    raise ValueError(
        f"an infinite series with ratio {z} needs |{z}| < 1; "
        f"state it, for example assuming=[{z} < 1] with positive symbols"
    )


def _vandermonde(normal, series, weights, i, high):
    """Sum over m of w_m (a)_m (b)_m / (c)_m (c - b)_(M - m) / (c + m)_(M - m), with a = -M."""
    if not vanishes(normal.form(series.z - 1)):
        return None
    c = next(b for b in [*series.lower[::-1]] if b != 1) if series.lower != [1, 1] else sp.S.One
    for a, b in (series.upper, series.upper[::-1]):
        last = sp.expand(-a)
        if not (last.is_integer and normal.domain.is_nonnegative(last)):
            continue
        if _ends(normal, high, last) != [] or not all(
            c.is_integer is False or nonzero(normal, c + m, high) for m in range(len(weights) + 1)
        ):
            continue
        total = []
        for m, w in enumerate(weights):
            quotient = [_pochhammer(normal, x, last - m) for x in (sp.expand(c - b), sp.expand(c + m))]
            if None in quotient:
                return None
            total.append(w * _rising(a, m) * _rising(b, m) / _rising(c, m) * quotient[0] / quotient[1])
        normal.note("Vandermonde's identity")
        return normal.form(series.constant * sp.Add(*total))
    return None


def _pochhammer(normal, x, n):
    """Return (x)_n in gamma functions that have no pole at each x, or None."""
    if x.is_integer and not (normal.domain.is_positive(x) or x.free_symbols - n.free_symbols):
        if not normal.domain.is_nonnegative(-x):
            return None
        return (-1) ** n * standard_gamma(1 - x) / standard_gamma(1 - x - n)
    return standard_gamma(x + n) / standard_gamma(x)

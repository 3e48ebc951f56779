"""Sums of symbolic length.

A finite sum is the difference of an antidifference: with F(x) = sum_{k=o}^{x-1} f(k),

    sum_{k=a}^{b} f(k) = F(b + 1) - F(a),      F(x + 1) = F(x) + f(x).

Written like this, linearity, index shifts, terms split off either end, concatenation and telescoping are plain
algebra. f is brought to a standard shift, F(x) to a standard x modulo 1, and F has a closed form where f is a
polynomial times a geometric term. An empty or reversed range follows Karr's convention (as in sympy), by which
these laws hold for all integer limits.

In a double sum, the inner range may end at the outer index. The order is exchanged where that lets the outer
sum be done in closed form, and otherwise both orders are brought to the same one.

An infinite upper limit is a symbol N that tends to infinity; what is known to vanish there is dropped. This is
the usual argument for series that converge absolutely, and the route says so.
"""

import sympy as sp
from sympy.core.function import AppliedUndef

from rlcourse.proof.rational import distribute, tidy
from rlcourse.proof.verdict import Undecided

LONGEST = 64


def index(depth: int):
    """Return the standard summation index of a sum that contains ``depth`` levels of sums."""
    return sp.Symbol(f"_k{depth}", integer=True)


def explicit(expr):
    """Return a Sum or Product over a short range of numbers, written out; None for other ranges."""
    *inner, (k, low, high) = expr.limits
    length = high - low + 1
    if not (low.is_Integer and length.is_Integer and 0 <= length <= LONGEST):
        return None
    body = expr.func(expr.function, *inner) if inner else expr.function
    terms = [body.subs(k, low + i) for i in range(int(length))]
    return sp.Add(*terms) if isinstance(expr, sp.Sum) else sp.Mul(*terms)


def normal_sum(normal, expr):
    """Return the normal form of a ``Sum``.

    Args:
        normal: The `Normalizer` that asks.
        expr: The sum, with any number of nested ranges.
    """
    short = explicit(expr)
    if short is not None:
        return normal.form(short)
    *inner, (k, low, high) = expr.limits
    body = sp.Sum(expr.function, *inner) if inner else expr.function
    normal.note("symbolic sums")
    if high is sp.oo:
        normal.note("series that converge absolutely")
    low, high = sp.expand(normal.form(low)), sp.expand(normal.form(high))
    body = distribute(normal.form(body))
    total = [_one_term(normal, term, k, low, high) for term in sp.Add.make_args(_partial_fractions(body, k))]
    return sp.Add(*total)


def _partial_fractions(body, k):
    """Split rational functions of the index, so that 1/(k(k+1)) telescopes."""
    terms = []
    for term in sp.Add.make_args(body):
        fraction, rest = [], []
        for factor in sp.Mul.make_args(term):
            plain = factor.has(k) and factor.is_rational_function(k) and not factor.has(AppliedUndef, sp.Indexed)
            (fraction if plain else rest).append(factor)
        fraction = sp.Mul(*fraction)
        if sp.denom(fraction).has(k):
            fraction = sp.apart(sp.together(fraction), k)
        terms += [sp.Mul(*rest, part) for part in sp.Add.make_args(fraction)]
    return sp.Add(*terms)


def _one_term(normal, term, k, low, high):
    """Sum one product over ``low <= k <= high``."""
    constant, summand = term.as_independent(k, as_Add=False)
    if summand == 0 or constant == 0:
        return sp.S.Zero
    for delta in [a for a in sp.Mul.make_args(summand) if isinstance(a, sp.KroneckerDelta)]:
        chosen = _pick(normal, summand, delta, k, low, high)
        if chosen is not None:
            return constant * chosen
    inner = [s for s in sp.Mul.make_args(summand) if isinstance(s, sp.Sum)]
    if len(inner) == 1:
        done = _double(normal, summand / inner[0], inner[0], k, low, high)
        if done is not None:
            return normal.form(constant) * done
    return constant * _single(normal, summand, k, low, high)


def _single(normal, summand, k, low, high):
    closed = antidifference(normal, summand, k)
    if closed is not None:
        return _at(normal, *closed, k, high + 1) - normal.form(closed[0].subs(k, low))
    known = _from_sympy(normal, summand, k, low, high)
    if known is not None:
        return known
    summand, shift = _standard_shift(summand, k)
    depth = 1 + max((_depth(s) for s in summand.atoms(sp.Sum)), default=-1)
    j = index(depth)
    f = summand.xreplace({k: j})
    return _antiderivative(normal, f, j, high + 1 + shift) - _antiderivative(normal, f, j, low + shift)


def _from_sympy(normal, summand, k, low, high):
    """Ask sympy for a sum of factorials, or an infinite series, that has no free functions."""
    if summand.has(AppliedUndef, sp.Indexed, sp.Sum, sp.KroneckerDelta, sp.log):
        return None
    if not (high is sp.oo or summand.has(sp.factorial, sp.binomial, sp.gamma)):
        return None
    done = sp.summation(summand, (k, low, high))
    if isinstance(done, sp.Piecewise) and normal.domain.truth(done.args[0][1]):
        done = done.args[0][0]
    if done.has(sp.Sum, sp.Piecewise):
        return None
    normal.note("sympy's sums")
    return normal.form(done)


def _at(normal, closed, ratio, k, x):
    """Value of a closed antidifference at ``x``; at infinity it vanishes if the ratio of its terms is below one."""
    if x is not sp.oo:
        return normal.form(closed.subs(k, x))
    if ratio == 1:
        raise Undecided("the series diverges")
    if not (normal.domain.is_positive(1 - ratio) and normal.domain.is_positive(1 + ratio)):
        raise ValueError(
            f"an infinite series with ratio {ratio} needs |{ratio}| < 1; "
            f"state it, for example assuming=[{ratio} < 1] with a positive symbol"
        )
    return sp.S.Zero


def _standard_shift(summand, k):
    """Return the summand shifted so that equal summands look equal, and how far it was shifted.

    ``f(k + c)`` becomes ``f(k)`` with shift c: the first function argument of the form k + c sets the shift.
    """
    candidates = []
    for entry in summand.atoms(AppliedUndef, sp.Indexed):
        for argument in entry.indices if isinstance(entry, sp.Indexed) else entry.args:
            offset = sp.expand(argument - k)
            if argument.has(k) and not offset.has(k):
                candidates.append(offset)
    for factor in sp.Mul.make_args(summand):
        base, exponent = factor.as_base_exp()
        offset = sp.expand(base - k)
        if exponent.is_negative and not offset.has(k):
            candidates.append(offset)
    shifts = set(candidates)
    if not shifts:
        return summand, sp.S.Zero
    shifted = {c: summand.subs(k, k - c) for c in shifts}
    best = min(shifts, key=lambda c: (sp.count_ops(shifted[c]), sp.default_sort_key(shifted[c])))
    return shifted[best], best


def _antiderivative(normal, f, k, x):
    """Return F(x) for the standard summand f: a sum up to the standard x modulo 1, and the terms in between."""
    f = distribute(normal.form(f))
    constant, f = f.as_independent(k, as_Add=False)
    origin = _origin(f, k)
    if x is sp.oo:
        return constant * normal.form_atom(sp.Sum(f, (k, origin, sp.oo)))
    step, rest = x.as_coeff_Add()
    whole = sp.floor(step) if step.is_Rational else sp.S.Zero
    base = rest + step - whole
    if base == 0:
        first, base_sum = origin, sp.S.Zero
        steps = int(whole) - origin
    else:
        first, steps = base, int(whole)
        base_sum = normal.form_atom(sp.Sum(f, (k, origin, base - 1)))
    if abs(steps) > LONGEST:
        raise ValueError(f"a sum over {abs(steps)} explicit terms is too long")
    if steps >= 0:
        extra = [f.subs(k, first + i) for i in range(steps)]
    else:
        extra = [-f.subs(k, first - 1 - i) for i in range(-steps)]
    return constant * (base_sum + sp.Add(*[normal.form(t) for t in extra]))


def _origin(f, k) -> int:
    """Return the first integer from which f has no pole, as far as plain powers of the index tell."""
    for start in range(4):
        if all(f.subs(k, start + i).is_finite is not False for i in range(3)):
            return start
    return 0


def antidifference(normal, summand, k):
    """Return G with G(k + 1) - G(k) = summand, and the ratio, for a polynomial times a geometric term; else None."""
    summand = normal.form(summand)
    ratio, polynomial, geometric = sp.S.One, sp.S.One, sp.S.One
    for factor in sp.Mul.make_args(summand):
        if factor.is_polynomial(k):
            polynomial *= factor
            continue
        base, exponent = factor.as_base_exp()
        if base.has(k) or not exponent.is_polynomial(k) or sp.degree(exponent, k) != 1:
            return None
        ratio *= base ** exponent.coeff(k)
        geometric *= factor
    ratio = normal.form(ratio)
    left, total = sp.Poly(sp.expand(polynomial), k), sp.S.Zero
    while not left.is_zero:
        n, top = left.degree(), left.LC()
        power = sp.Poly(k**n, k)
        if ratio == 1:
            power = sp.Poly(k ** (n + 1), k)
            term = top / (n + 1)
        else:
            term = top / (ratio - 1)
        total += term * power.as_expr()
        step = ratio * (sp.Poly(k + 1, k) ** power.degree() - power) if power.degree() else sp.Poly(0, k)
        left = left - term * step if ratio == 1 else left - top * power - term * step
    return total * geometric, ratio


def _pick(normal, summand, delta, k, low, high):
    """Sum over a Kronecker delta in the index, where it is known whether the range contains its value."""
    gap = sp.expand(delta.args[0] - delta.args[1])
    slope = gap.coeff(k)
    if slope not in (1, -1):
        return None
    value = sp.expand(-(gap - slope * k) / slope)
    truth = normal.domain.truth
    inside = [truth(sp.Ge(value, low)), sp.true if high is sp.oo else truth(sp.Le(value, high))]
    if all(x is not None and x for x in inside):
        return normal.form((summand / delta).subs(k, value))
    if any(x is not None and not x for x in inside):
        return sp.S.Zero
    return None


def _depth(expr) -> int:
    return 1 + max((_depth(s) for s in expr.function.atoms(sp.Sum)), default=-1)


def _double(normal, outer, inner, k, low, high):
    """Sum ``outer(k) * inner(k)`` over k, where inner is a standard sum over l; None where nothing applies."""
    ((bound, origin, end),) = inner.limits
    l = sp.Dummy("l", integer=True)
    summand = outer * inner.function.xreplace({bound: l})
    if not end.has(k):
        return _rectangle(normal, summand, k, low, high, l, origin, end)
    offset = sp.expand(end + 1 - k)
    if offset == 0:
        share = tidy(outer / inner.function.xreplace({bound: k}))
        if not share.has(k):
            return share * _half_square(normal, inner.function.xreplace({bound: k}), k, low, high)
    return None if offset.has(k) else _triangle(normal, summand, k, low, high, l, origin, offset)


def _half_square(normal, f, k, low, high):
    """Sum f(k) S(k) with S(k) the sum of f below k, from S(k + 1)^2 = S(k)^2 + 2 f(k) S(k) + f(k)^2."""
    origin = _origin(f, k)
    totals = [normal.form(sp.Sum(f, (k, origin, end))) ** 2 for end in (high, low - 1)]
    return (totals[0] - totals[1] - normal.form(sp.Sum(f**2, (k, low, high)))) / 2


def _rectangle(normal, summand, k, low, high, l, origin, end):
    """Sum over a box: do k first if it has a closed form, else order the two indices."""
    if antidifference(normal, summand, k) is not None:
        closed = _single(normal, summand, k, low, high)
        return normal.form(sp.Sum(closed, (l, origin, end)))
    if _prefers_swap(summand, k, l):
        inner = _single(normal, summand, k, low, high)
        return _outer(normal, inner, l, origin, end)
    return None


def _outer(normal, inner, l, low, high):
    """Sum a normal form over l without looking for another order."""
    body = distribute(inner)
    total = []
    for term in sp.Add.make_args(body):
        constant, summand = term.as_independent(l, as_Add=False)
        total.append(constant * _single(normal, summand, l, low, high))
    return sp.Add(*total)


def _triangle(normal, summand, k, low, high, l, origin, offset):
    """Sum over low <= k <= high, origin <= l < k + offset.

    The rows split at l = low + offset: below it every k counts, above it k starts at l - offset + 1.
    """
    corner = sp.expand(low + offset)
    last = sp.oo if high is sp.oo else sp.expand(high + offset - 1)
    closed = antidifference(normal, summand, k)
    if closed is not None:
        normal.note("exchange of sums")
        top = _at(normal, *closed, k, high + 1)
        closed = closed[0]
        full = normal.form(sp.Sum(top - closed.subs(k, low), (l, origin, corner - 1)))
        part = normal.form(sp.Sum(top - closed.subs(k, l - offset + 1), (l, corner, last)))
        return full + part
    if _prefers_swap(summand, k, l):
        normal.note("exchange of sums")
        full = _outer(normal, _single(normal, summand, k, low, high), l, origin, corner - 1)
        part = _outer(normal, _single(normal, summand, k, l - offset + 1, high), l, corner, last)
        return full + part
    return None


def _prefers_swap(summand, k, l) -> bool:
    """Return whether the standard order of the indices has l outside and k inside."""
    one, two = index(1), index(0)
    as_is = summand.xreplace({k: one, l: two})
    swapped = summand.xreplace({k: two, l: one})
    return sp.default_sort_key(swapped) < sp.default_sort_key(as_is)

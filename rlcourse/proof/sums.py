"""Sums of symbolic length.

Each term is summed over its range by the first that applies: a Kronecker delta picks a value, sums of factorials
have closed forms (``hypergeometric``), the order of a double sum is exchanged, and what is left is a difference of
antidifferences (``antidifferences``).

In a double sum, the inner range may end at the outer index. The order is exchanged where that lets the outer
sum be done in closed form, and otherwise both orders are brought to the same one.
"""

import sympy as sp
from sympy.core.function import AppliedUndef

from rlcourse.proof import factorials, hypergeometric
from rlcourse.proof.antidifferences import antidifference, at_end, depth_of, explicit, index, origin_of, single_sum
from rlcourse.proof.rational import distribute, tidy
from rlcourse.proof.verdict import Undecided


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
    try:
        return _normal_sum(normal, body, k, low, high)
    except Undecided:
        swapped = _tails(body, k, low, high)
        if swapped is None:
            raise
    normal.note("exchange of sums")
    return normal.form(swapped)


def _tails(body, k, low, high):
    """Return a sum of tails in the other order: sum_{k>=a} sum_{j>=k+d} = sum_{j>=a+d} sum_{k=a}^{j-d}; or None."""
    tails = [s for s in sp.Mul.make_args(body) if isinstance(s, sp.Sum)]
    if high is not sp.oo or len(tails) != 1:
        return None
    *inner, (j, start, end) = tails[0].limits
    d = sp.expand(start - k)
    if inner or end is not sp.oo or d.has(k) or low.has(j):
        return None
    l = sp.Dummy("l", integer=True)
    summand = (body / tails[0] * tails[0].function).xreplace({j: l})
    return sp.Sum(sp.Sum(summand, (k, low, l - d)), (l, low + d, sp.oo))


def _normal_sum(normal, body, k, low, high):
    if high is sp.oo:
        normal.note("series that converge absolutely")
    low, high = sp.expand(normal.form(low)), sp.expand(normal.form(high))
    closed = sp.S.Zero
    if body.has(*factorials.FUNCTIONS):
        closed, body = _closed_part(normal, body, k, low, high)
    body = distribute(normal.form(body))
    total = [_one_term(normal, term, k, low, high) for term in sp.Add.make_args(_partial_fractions(body, k))]
    return closed + sp.Add(*total)


def _closed_part(normal, body, k, low, high):
    """Return what a sum of factorials has in closed form, and the summand of what is left."""
    length = sp.oo if high is sp.oo else sp.expand(high - low)
    if not (low.is_integer and (high is sp.oo or normal.domain.is_nonnegative(length + 1))):
        return sp.S.Zero, body
    i = normal.inner_index(depth_of(sp.Sum(body, (k, low, high))), length)
    total, rest = hypergeometric.closed_sum(normal, distribute(normal.form(body.subs(k, low + i))), i, length)
    return total, rest.subs(i, k - low)


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
    return constant * single_sum(normal, summand, k, low, high)


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


def _double(normal, outer, inner, k, low, high):
    """Sum ``outer(k) * inner(k)`` over k, where inner is a standard sum over l; None where nothing applies."""
    if len(inner.limits) != 1:
        return None
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
    if offset.has(k):
        return None
    if high is sp.oo and low - origin + offset in (0, 1):
        done = _convolution(normal, summand, k, l, origin, offset)
        if done is not None:
            return done
    return _triangle(normal, summand, k, low, high, l, origin, offset)


def _convolution(normal, summand, k, l, origin, offset):
    """Sum a function of l and k - l over all l >= origin and m = k - l > -offset, the two indices apart; or None."""
    m = sp.Dummy("m", integer=True)
    mixed = [a for a in summand.atoms(AppliedUndef, sp.Indexed) if a.has(k) and a.has(l)]
    apart = normal.form(summand.subs(k, l + m))
    functions = apart.atoms(AppliedUndef, sp.Indexed, *factorials.FUNCTIONS)
    if not mixed or any(a.has(l) and a.has(m) for a in functions):
        return None
    normal.note("product of series")
    return normal.form(sp.Sum(sp.Sum(apart, (l, origin, sp.oo)), (m, 1 - offset, sp.oo)))


def _half_square(normal, f, k, low, high):
    """Sum f(k) S(k) with S(k) the sum of f below k, from S(k + 1)^2 = S(k)^2 + 2 f(k) S(k) + f(k)^2."""
    origin = origin_of(f, k)
    totals = [normal.form(sp.Sum(f, (k, origin, end))) ** 2 for end in (high, low - 1)]
    return (totals[0] - totals[1] - normal.form(sp.Sum(f**2, (k, low, high)))) / 2


def _rectangle(normal, summand, k, low, high, l, origin, end):
    """Sum over a box: do k first if it has a closed form, else order the two indices."""
    if antidifference(normal, summand, k) is not None:
        closed = single_sum(normal, summand, k, low, high)
        return normal.form(sp.Sum(closed, (l, origin, end)))
    if _prefers_swap(summand, k, l):
        inner = single_sum(normal, summand, k, low, high)
        return _outer(normal, inner, l, origin, end)
    return None


def _outer(normal, inner, l, low, high):
    """Sum a normal form over l without looking for another order."""
    body = distribute(inner)
    total = []
    for term in sp.Add.make_args(body):
        constant, summand = term.as_independent(l, as_Add=False)
        total.append(constant * single_sum(normal, summand, l, low, high))
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
        top = at_end(normal, *closed, k, high + 1)
        closed = closed[0]
        full = normal.form(sp.Sum(top - closed.subs(k, low), (l, origin, corner - 1)))
        part = normal.form(sp.Sum(top - closed.subs(k, l - offset + 1), (l, corner, last)))
        return full + part
    if _prefers_swap(summand, k, l):
        normal.note("exchange of sums")
        full = _outer(normal, single_sum(normal, summand, k, low, high), l, origin, corner - 1)
        part = _outer(normal, single_sum(normal, summand, k, l - offset + 1, high), l, corner, last)
        return full + part
    return None


def _prefers_swap(summand, k, l) -> bool:
    """Return whether the standard order of the indices has l outside and k inside."""
    one, two = index(1), index(0)
    as_is = summand.xreplace({k: one, l: two})
    swapped = summand.xreplace({k: two, l: one})
    return sp.default_sort_key(swapped) < sp.default_sort_key(as_is)

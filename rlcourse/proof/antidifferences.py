"""Sums over one range, as differences of antidifferences.

With F(x) = sum_{k=o}^{x-1} f(k),

    sum_{k=a}^{b} f(k) = F(b + 1) - F(a),      F(x + 1) = F(x) + f(x).

Written like this, linearity, index shifts, terms split off either end, concatenation and telescoping are plain
algebra. f is brought to a standard shift, F(x) to a standard x modulo 1, and F has a closed form where f is a
polynomial times a geometric term. An empty or reversed range follows Karr's convention (as in sympy), by which
these laws hold for all integer limits.

An infinite upper limit is a symbol N that tends to infinity; what is known to vanish there is dropped. This is
the usual argument for series that converge absolutely, and the route says so.
"""

import sympy as sp
from sympy.core.function import AppliedUndef

from rlcourse.proof import clock, limits
from rlcourse.proof.rational import distribute
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


def depth_of(expr) -> int:
    """Return how many levels of sums stand inside a sum."""
    return len(expr.limits) + max((depth_of(s) for s in expr.function.atoms(sp.Sum)), default=-1)


def single_sum(normal, summand, k, low, high):
    closed = antidifference(normal, summand, k)
    if closed is not None:
        return at_end(normal, *closed, k, high + 1) - normal.form(closed[0].subs(k, low))
    known = _from_sympy(normal, summand, k, low, high)
    if known is not None:
        return known
    summand, shift = _standard_shift(summand, k)
    depth = 1 + max((depth_of(s) for s in summand.atoms(sp.Sum)), default=-1)
    j = index(depth)
    f = summand.xreplace({k: j})
    return _antiderivative(normal, f, j, high + 1 + shift) - _antiderivative(normal, f, j, low + shift)


def _from_sympy(normal, summand, k, low, high):
    """Ask sympy for an infinite series that has no free functions.

    Not for a finite sum: its answers may fail where the last index is small.
    """
    if high is not sp.oo or summand.has(AppliedUndef, sp.Indexed, sp.Sum, sp.KroneckerDelta, sp.log):
        return None
    done = clock.within(clock.STEP, sp.summation, summand, (k, low, high))
    if done is None:
        return None
    if isinstance(done, sp.Piecewise) and normal.domain.truth(done.args[0][1]):
        done = done.args[0][0]
    if done.has(sp.Sum, sp.Piecewise, sp.oo, sp.nan, sp.zoo):
        return None
    normal.note("sympy's sums")
    return normal.form(done)


def at_end(normal, closed, ratio, k, x):
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
    if f.is_Add:
        return sp.Add(*[_antiderivative(normal, term, k, x) for term in f.args])
    constant, f = f.as_independent(k, as_Add=False)
    origin = origin_of(f, k)
    if x is sp.oo:
        if not f.has(AppliedUndef, sp.Indexed) and limits.limit_at_infinity(normal, f, k) != 0:
            raise Undecided(f"the sum of {f} over all {k} is not known to converge")
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


def origin_of(f, k) -> int:
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


def partial_sum(normal, f, k, high):
    """Return the normal form of the sum of f(k) over 0 <= k <= high, for a term that vanishes below 0."""
    return _antiderivative(normal, f.xreplace({k: index(0)}), index(0), sp.expand(high + 1))

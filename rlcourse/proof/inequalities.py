"""Inequalities by certificates: signs, sums of squares, convexity, tangents, lemmas."""

import sympy as sp

from rlcourse.proof.positivity import certify
from rlcourse.proof.rational import distribute, vanishes

_UNSMOOTH = (sp.Abs, sp.Max, sp.Min, sp.Piecewise, sp.Heaviside, sp.sign, sp.floor, sp.ceiling, sp.KroneckerDelta)


def prove_sign(normal, sign, left, right, bounds):
    """Return the route by which an inequality holds, or None.

    Args:
        normal: Normalizer on the statement's domain.
        sign: ``>=``, ``>``, ``<=`` or ``<``.
        left: Left side.
        right: Right side.
        bounds: Inequalities of lemmas: (name, expression that is >= 0, whether it is > 0).
    """
    larger, smaller = (left, right) if sign in (">=", ">") else (right, left)
    strict = sign in (">", "<")
    route = nonnegative(normal, larger - smaller, strict, bounds)
    if route is None and all(normal.domain.is_positive(side) for side in (larger, smaller)):
        gap = sp.log(larger) - sp.log(smaller)
        route = nonnegative(normal, gap, strict, bounds) or nonnegative(normal, normal.form(gap), strict, bounds)
        return None if route is None else ["comparison of logarithms", *route]
    return route


def nonnegative(normal, gap, strict, bounds=(), *, deep=True):
    """Return the route by which ``gap >= 0`` (``> 0`` if strict), or None.

    Without ``deep``, only signs and squares are tried, with what the lemmas bound.
    """
    plain = normal.form(gap)
    route = certify(plain, normal.domain, strict) or certify(gap, normal.domain, strict)
    if route:
        return [*normal.used, *route]
    if route := certify(_sized(plain, normal.domain), normal.domain, strict):
        return [*normal.used, "exponentials above or below one", *route]
    if route := certify(_from_one(normal, plain), normal.domain, strict):
        return [*normal.used, *route]
    for name, bound, bound_strict in bounds:
        others = [b for b in bounds if b[1] != bound]
        rest = nonnegative(normal, gap - bound, strict and not bound_strict, others, deep=False)
        if rest:
            return [f"lemma {name}", *rest]
    if not deep:
        return None
    single = len(gap.free_symbols) == 1
    if single and (route := _by_calculus(normal, gap, plain, strict)):
        return route
    for below in (_tangent(normal, distribute(gap)), _grouped_tangent(normal, plain)):
        if below is not None and (route := certify(normal.form(below), normal.domain, strict)):
            return [_name_of_tangent(bounds), *route]
    if not single and (route := _by_calculus(normal, gap, plain, strict)):
        return route
    for condition in normal.domain.conditions:
        rest = normal.form(plain - condition)
        if normal.domain.is_nonnegative(rest):
            return [*normal.used, "sum of assumptions"]
    return None


def _from_one(normal, expr):
    """Write the standard sums over 0, ..., n - 1 as sums over 1, ..., n, in which terms may cancel."""
    for part in expr.atoms(sp.Sum):
        (k, low, high), *more = part.limits
        if low == 0 and high is not sp.oo and not more:
            first, last = (normal.form(part.function.subs(k, end)) for end in (0, high + 1))
            expr = expr.xreplace({part: sp.Sum(part.function, (k, 1, high + 1)) + first - last})
    return expr


def _sized(expr, domain):
    """Write each ``exp(c)`` with c of known sign as a power of ``1 + u`` with a new positive u."""
    sizes = {}
    for power in sorted(expr.atoms(sp.exp), key=sp.default_sort_key):
        times, rest = power.args[0].as_coeff_Mul()
        sign = next((s for s in (1, -1) if domain.is_positive(s * rest)), None)
        if sign and times.is_Integer and rest.free_symbols:
            u = sizes.setdefault(rest, sp.Dummy("u", positive=True))
            expr = expr.xreplace({power: (1 + u) ** (sign * times)})
    return expr


def _name_of_tangent(bounds) -> str:
    """The tangent bound is a lemma if one of the lemmas is just that."""
    for name, bound, _ in bounds:
        logs = bound.atoms(sp.log)
        if len(logs) == 1 and (t := next(iter(logs)).args[0]).is_Symbol and sp.expand(bound - (t - 1 - sp.log(t))) == 0:
            return f"lemma {name}"
    return "tangent log t <= t - 1"


def by_certificate(normal, sign, left, right, certificate, bounds):
    """Return the route by which the certificate equals the gap and each of its terms is nonnegative, or None."""
    larger, smaller = (left, right) if sign in (">=", ">") else (right, left)
    rest = normal.form(larger - smaller - certificate)
    if not vanishes(rest):
        raise ValueError(f"certificate: it must equal the larger side minus the smaller side; they differ by {rest}")
    routes, some_strict = ["certificate"], sign in (">=", "<=")
    for term in sp.Add.make_args(certificate):
        route = _nonnegative_product(normal, term, bounds)
        if route is None:
            return None
        routes += route
        some_strict = some_strict or nonnegative(normal, term, True, deep=False) is not None
    return list(dict.fromkeys(routes)) if some_strict else None


def _nonnegative_product(normal, term, bounds):
    """Return the route by which each factor of a term is nonnegative, or None."""
    if isinstance(term, sp.Sum):
        return _nonnegative_product(normal, term.function, bounds) if _runs_forward(normal, term) else None
    route = []
    for factor in sp.Mul.make_args(term):
        found = nonnegative(normal, factor, False)
        for name, bound, _ in bounds:
            found = found or ([f"lemma {name}"] if vanishes(normal.form(factor - bound)) else None)
        if not found:
            return None
        route += found
    return route


def _runs_forward(normal, expr) -> bool:
    """Return whether no range of a sum is reversed, which would flip its sign."""
    return all(high is sp.oo or normal.domain.is_nonnegative(high - low + 1) for _, low, high in expr.limits)


def _by_calculus(normal, gap, plain, strict):
    """Convexity with a stationary zero, or monotonicity from zero, in one of the symbols."""
    if gap.has(*_UNSMOOTH) or not _is_convex(normal.domain):
        return None
    labels = {i.base.label for i in gap.atoms(sp.Indexed)}
    symbols = [s for s in gap.free_symbols - labels if s.is_Symbol and s.is_real and not s.is_integer]
    symbols = [s for s in symbols if s.is_positive or s.is_negative or not s.is_nonzero]  # no hole at 0
    symbols.sort(key=str)
    for x in symbols:
        slope = sp.diff(gap, x)
        for start in [sp.S.One, sp.S.Zero, *(s for s in symbols if s != x)]:
            if strict or not _inside(normal, x, start):
                continue
            if not (_zero_at(normal, gap, x, start) and _zero_at(normal, slope, x, start)):
                continue
            if nonnegative(normal, sp.diff(slope, x), False, deep=False):
                return [f"convex in {x} with minimum 0 at {x} = {start}"]
        if _concave_between(normal, gap, slope, x, strict):
            return [f"concave in {x} and not negative at both ends"]
        conditions = any(c.has(x) for c in normal.domain.conditions)  # then the way to 0 may leave the domain
        if x.is_positive and x not in normal.domain.solved and not conditions:
            try:
                first = sp.limit(plain, x, 0, "+") if plain.free_symbols == {x} else gap.subs(x, 0)
            except (ValueError, NotImplementedError):
                continue
            if first.is_nonnegative and nonnegative(normal, slope, strict, deep=False):
                return [f"increasing in {x} from {first} at 0"]
            rising = first.is_nonnegative and slope.subs(x, 0).is_nonnegative
            if rising and nonnegative(normal, sp.diff(slope, x), strict, deep=False):
                return [f"convex and increasing in {x} from {first} at 0"]
    return None


def _concave_between(normal, gap, slope, x, strict) -> bool:
    """Return whether x is bounded on both sides by numbers, where a concave gap is not negative."""
    bounds = [(c, c.coeff(x)) for c in normal.domain.conditions if c.has(x)]
    if not all(slope in (1, -1) and (c - slope * x).is_number for c, slope in bounds):
        return False
    low = [-(c - x) for c, slope in bounds if slope == 1] + [sp.S.Zero] * bool(x.is_nonnegative)
    high = [c + x for c, slope in bounds if slope == -1] + [sp.S.Zero] * bool(x.is_nonpositive)
    if not (low and high):
        return False
    for end in (max(low), min(high)):
        value = gap.subs(x, end)
        if value.has(sp.nan, sp.zoo, sp.oo) or not nonnegative(normal, value, False, deep=False):
            return False
    return nonnegative(normal, -sp.diff(slope, x), strict, deep=False) is not None


def _is_convex(domain) -> bool:
    """Return whether the conditions are linear, so that the domain is convex in each symbol."""
    return all(c.is_polynomial(x) and sp.degree(c, x) == 1 for c in domain.conditions for x in c.free_symbols)


def _inside(normal, x, start) -> bool:
    """Return whether ``start`` is a value that x may take."""
    if x.is_positive and not normal.domain.is_positive(start):
        return False
    if (x.is_negative and not normal.domain.is_positive(-start)) or (x.is_nonnegative and start.is_nonnegative is None):
        return False
    if x.is_nonpositive and not normal.domain.is_nonnegative(-start):
        return False
    return all(normal.domain.is_positive(c.subs(x, start)) for c in normal.domain.conditions if c.has(x))


def _zero_at(normal, expr, x, start) -> bool:
    value = expr.subs(x, start)
    return not value.has(sp.nan, sp.zoo, sp.oo) and vanishes(normal.form(value))


def _tangent(normal, expr):
    """Return a lower bound in which each logarithm is replaced by its tangent at 1, or None.

    ``c log t`` is at least ``c (1 - 1/t)`` if c >= 0, and at least ``c (t - 1)`` if c <= 0.
    """
    if not expr.has(sp.log):
        return expr
    if expr.is_Add:
        parts = [_tangent(normal, a) for a in expr.args]
        return None if None in parts else sp.Add(*parts)
    if isinstance(expr, sp.Sum):
        inner = _tangent(normal, distribute(expr.function)) if _runs_forward(normal, expr) else None
        return None if inner is None else sp.Sum(inner, *expr.limits)
    logs = [f for f in sp.Mul.make_args(expr) if f.has(sp.log)]
    if len(logs) != 1:
        return None
    factor = expr / logs[0]
    if isinstance(logs[0], sp.log):
        t = logs[0].args[0]
        if certify(normal.form(factor), normal.domain):
            return factor * (1 - 1 / t)
        return factor * (t - 1) if certify(normal.form(-factor), normal.domain) else None
    if isinstance(logs[0], sp.Sum) and certify(normal.form(factor), normal.domain):
        inner = _tangent(normal, logs[0])
        return None if inner is None else factor * inner
    return None


def _grouped_tangent(normal, plain):
    """Like `_tangent` for a normal form: logarithms are first joined into ratios (Jensen, Gibbs)."""
    logs = sorted(plain.atoms(sp.log), key=sp.default_sort_key)
    logs = [a for a in logs if not any(a != b and b.has(a) for b in logs)]
    poly = distribute(plain)
    weights = {a: sp.together(poly.coeff(a)) for a in logs}
    rest = distribute(poly - sp.Add(*[w * a for a, w in weights.items()]))
    if not logs or rest.has(*logs):
        return None
    up = [a for a in logs if certify(weights[a], normal.domain)]
    down = [a for a in logs if a not in up]
    if not all(certify(-weights[a], normal.domain) for a in down):
        return None
    bound = rest
    counts = [a for a in up if a.args[0].is_Integer]
    if len(counts) == 1 and not down:
        s = 1 / counts[0].args[0]
        up.remove(counts[0])
        bound += weights[counts[0]] * counts[0]
        return bound + sp.Add(*[weights[a] * (sp.log(s) + 1 - s / a.args[0]) for a in up])
    if len(up) == 1 and vanishes(normal.form(sp.Add(*weights.values()))):
        return bound + sp.Add(*[-weights[a] * (1 - a.args[0] / up[0].args[0]) for a in down])
    if len(down) == 1 and vanishes(normal.form(sp.Add(*weights.values()))):
        return bound + sp.Add(*[weights[a] * (1 - down[0].args[0] / a.args[0]) for a in up])
    for a in down:
        partner = next((b for b in up if vanishes(normal.form(weights[a] + weights[b]))), None)
        if partner is None:
            return None
        up.remove(partner)
        bound += -weights[a] * (1 - a.args[0] / partner.args[0])
    return None if up else bound

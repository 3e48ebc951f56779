"""Polynomials that are visibly nonnegative: signs of the terms, and completed squares."""

from rlcourse.proof.domain import has_real_atoms
from rlcourse.proof.rational import Kernels

_DEEP = 8


def certify(expr, domain, strict: bool = False):
    """Return the route by which ``expr >= 0`` (``> 0`` if strict) on the domain, or None.

    The domain's bounded symbols are replaced by fractions in free positive ones. Each irreducible factor of
    numerator and denominator is then a polynomial in kernels of known sign, and must be one-signed.
    """
    expr = expr.xreplace(domain.solved)
    if expr.is_positive or (expr.is_nonnegative and not strict):
        return ["signs of the terms"]
    kernels = Kernels([expr])
    numerator, denominator = kernels.fraction(expr)
    if not numerator:
        return None if strict else ["rational normal form"]
    signs = [_kind(kernels.kernel(i), domain) for i in range(len(kernels))]
    content, parts = numerator.factor_list()
    for bottom, times in denominator.items():
        parts = [*parts, (bottom, -times)]
    routes, negative = {}, content < 0
    for part, times in parts:
        needs_strict = strict or times < 0
        known = all(sign != "unknown" for m in part.monoms() for n, sign in zip(m, signs, strict=False) if n)
        if times % 2 == 0 and known and not needs_strict:
            routes["sum of squares"] = None
            continue
        search = _Search(signs)
        if search.holds(part, needs_strict, 0):
            pass
        elif search.holds(-part, needs_strict, 0):
            negative ^= times % 2 == 1
        else:
            return None
        routes.update(search.used)
    return None if negative else list(routes) or ["signs of the terms"]


def _kind(kernel, domain) -> str:
    if kernel.is_positive or domain.is_positive(kernel):
        return "positive"
    if kernel.is_nonnegative:
        return "nonnegative"
    return "real" if kernel.is_real is not False and has_real_atoms(kernel) else "unknown"


class _Search:
    """Looks for a certificate that a polynomial in generators of known sign is nonnegative."""

    def __init__(self, signs):
        self.signs = signs
        self.used = {}

    def holds(self, poly, strict: bool, depth: int) -> bool:
        if not poly:
            return not strict
        if self._terms(poly, strict):
            self.used["signs of the terms"] = None
            return True
        if depth == _DEEP:
            return False
        present = [i for i, generator in enumerate(poly.ring.gens) if poly.degree(generator) > 0]
        return any(self._in_generator(poly, i, strict, depth) for i in present)

    def _terms(self, poly, strict) -> bool:
        some = False
        for monom, coefficient in poly.terms():
            sure = True
            for power, sign in zip(monom, self.signs, strict=False):
                if power and sign != "positive":
                    sure = False
                    if sign != "nonnegative" and (power % 2 or sign == "unknown"):
                        return False
            if coefficient < 0:
                return False
            some = some or sure
        return some or not strict

    def _in_generator(self, poly, i, strict, depth) -> bool:
        """Treat ``poly`` as a polynomial in generator i, with coefficients that are certified in turn."""
        c = _coefficients(poly, i)
        sign = self.signs[i]
        if sign == "unknown":
            return False
        even = all(power % 2 == 0 for power in c)
        halved = {power // 2: p for power, p in c.items()} if even else c
        if sign in ("positive", "nonnegative") or even:
            small = c.get(0, poly.ring(0))
            if all(self.holds(p, False, depth + 1) for p in c.values()):
                if not strict or (small and self.holds(small, True, depth + 1)):
                    return True
                if sign == "positive" and any(self.holds(p, True, depth + 1) for p in c.values()):
                    return True
        if max(halved) == 2:
            a, b, d = (halved.get(power, poly.ring(0)) for power in (2, 1, 0))
            if a and d and all(self.holds(p, strict, depth + 1) for p in (a, d, 4 * a * d - b**2)):
                self.used["sum of squares"] = None
                return True
        return False


def _coefficients(poly, i) -> dict:
    """Return ``{power: coefficient}`` of a polynomial in its generator i."""
    found = {}
    for monom, coefficient in poly.terms():
        rest = (*monom[:i], 0, *monom[i + 1 :])
        part = found.setdefault(monom[i], poly.ring(0))
        found[monom[i]] = part + poly.ring.from_dict({rest: coefficient})
    return found

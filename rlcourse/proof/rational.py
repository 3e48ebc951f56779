"""Rational normal form: expressions as fractions of polynomials in kernels.

A kernel is whatever is not built by +, * and integer powers: a symbol, ``f(t)``, ``log(1 + x)``, a sum, and
the roots and powers ``exp(x)``, ``x**n``, ``sqrt(x)``. Powers of one base with commensurable exponents share
one generator, so that ``exp(2*a)`` is the square of ``exp(a)`` and x the square of ``sqrt(x)``.
"""

from collections import Counter
from math import lcm

import sympy as sp
from sympy.polys.rings import PolyRing


class Kernels:
    """The polynomial ring in which some expressions live.

    Args:
        exprs: Expressions in normal form (see `normal`).
    """

    def __init__(self, exprs):
        self._denominators = {}
        self._mixed = set()
        seen = set()
        for expr in exprs:
            self._collect(expr, seen)
        order = sorted(self._denominators, key=lambda key: [sp.default_sort_key(part) for part in key])
        names = {key: sp.Dummy(f"g{i}") for i, key in enumerate(order)}
        self.ring = PolyRing(list(names.values()) or [sp.Dummy("unused")], sp.QQ)
        self._generators = dict(zip(order, self.ring.gens, strict=False))
        self._keys = order

    def __len__(self) -> int:
        return len(self._keys)

    def _collect(self, expr, seen):
        if expr in seen:
            return
        seen.add(expr)
        if expr.is_Rational:
            return
        if expr.is_Add or expr.is_Mul:
            for a in expr.args:
                self._collect(a, seen)
            return
        if expr.is_Pow and expr.exp.is_Integer:
            self._collect(expr.base, seen)
            return
        key, exponent = split_power(expr)
        self._denominators[key] = lcm(self._denominators.get(key, 1), int(exponent.q))
        if key[1] == 1 and exponent.q != 1 and not key[0].is_Rational:
            self._collect(key[0], seen)

    def fraction(self, expr):
        """Return ``(numerator, denominator)``: a polynomial, and a Counter of polynomials."""
        ring = self.ring
        if expr.is_Rational:
            return ring(sp.QQ(int(expr.p), int(expr.q))), Counter()
        if expr.is_Add:
            return self._sum([self.fraction(a) for a in expr.args])
        if expr.is_Mul:
            numerator, denominator = ring(1), Counter()
            for a in expr.args:
                n, d = self.fraction(a)
                numerator, denominator = numerator * n, denominator + d
            return numerator, denominator
        if expr.is_Pow and expr.exp.is_Integer:
            return self._power(*self.fraction(expr.base), int(expr.exp))
        key, exponent = split_power(expr)
        generator = self._generators[key]
        return self._power(generator, Counter(), int(exponent * self._denominators[key]))

    def _sum(self, fractions):
        common = Counter()
        for _, d in fractions:
            common |= d
        total = self.ring(0)
        for n, d in fractions:
            for factor, times in (common - d).items():
                n = n * factor**times
            total += n
        return total, common

    def _power(self, numerator, denominator, exponent):
        if exponent >= 0:
            return numerator**exponent, Counter({f: t * exponent for f, t in denominator.items()})
        if not numerator:
            raise ZeroDivisionError("a denominator is identically zero")
        flipped = self.ring(1)
        for factor, times in denominator.items():
            flipped *= factor ** (-times * exponent)
        content, bottom = numerator.primitive()
        bottom_factors = Counter()
        monomial = [min(m[i] for m in bottom.monoms()) for i in range(self.ring.ngens)]
        for generator, times in zip(self.ring.gens, monomial, strict=True):
            if times:
                bottom_factors[generator] += -times * exponent
        shifted = {tuple(a - b for a, b in zip(m, monomial, strict=True)): c for m, c in bottom.terms()}
        bottom = self.ring.from_dict(shifted)
        if bottom.LC < 0:
            bottom, content = -bottom, -content
        if bottom != 1:
            bottom_factors[bottom] += -exponent
        return flipped * self.ring(1 / content**-exponent), bottom_factors

    def is_zero(self, numerator) -> bool:
        """Return whether a numerator vanishes, given that each root's power is its base."""
        if not numerator:
            return True
        relations = []
        for key, denominator in self._denominators.items():
            base, rest = key
            if base == -1 and rest.is_integer and denominator == 1:  # (-1)^n
                relations.append((self._generators[key], 2, self.ring(1), self.ring(1)))
            elif denominator > 1 and rest == 1 and base is not sp.E and self._is_compound(base):
                top, bottom = self.fraction(base)
                below = self.ring(1)
                for factor, times in bottom.items():
                    below *= factor**times
                relations.append((self._generators[key], denominator, top, below))
        for generator, degree, top, below in relations:
            numerator = self._reduce(numerator, generator, degree, top, below)
        return not numerator

    def _is_compound(self, base) -> bool:
        return base.is_Rational or base.is_Add or base.is_Mul

    def _reduce(self, poly, generator, degree, top, below):
        """Replace ``generator**degree`` by ``top/below`` and clear the denominator ``below``."""
        index = self.ring.gens.index(generator)
        most = max(m[index] for m in poly.monoms()) // degree
        total = self.ring(0)
        for monom, coefficient in poly.terms():
            times, left = divmod(monom[index], degree)
            shorter = list(monom)
            shorter[index] = left
            total += self.ring.from_dict({tuple(shorter): coefficient}) * top**times * below ** (most - times)
        return total

    def expression(self, poly):
        """Return a polynomial of the ring as an expression."""
        terms = []
        for monom, coefficient in poly.terms():
            factors = [self.kernel(i, times) for i, times in enumerate(monom) if times]
            terms.append(sp.Mul(sp.Rational(coefficient.numerator, coefficient.denominator), *factors))
        return sp.Add(*terms)

    def kernel(self, index: int, times: int = 1):
        """Return generator number ``index`` to the power ``times`` as an expression."""
        base, rest = self._keys[index]
        return base ** (rest * sp.Rational(times, self._denominators[self._keys[index]]))

    def factors(self, expr):
        """Return ``(rational, [(factor, exponent), ...])`` with irreducible factors as expressions."""
        numerator, denominator = self.fraction(expr)
        content, found = numerator.factor_list()
        content = sp.Rational(content.numerator, content.denominator)
        parts = Counter()
        for poly, times in found:
            parts[poly] += times
        for bottom, times in denominator.items():
            below, found = bottom.factor_list()
            content /= sp.Rational(below.numerator, below.denominator) ** times
            for poly, inner in found:
                parts[poly] -= inner * times
        pairs = [(self.expression(poly), times) for poly, times in parts.items() if times]
        return content, sorted(pairs, key=lambda pair: sp.default_sort_key(pair[0]))


def split_power(expr):
    """Return ``((base, rest), q)`` with ``expr == base**(q*rest)``, q rational."""
    if isinstance(expr, sp.exp):
        q, rest = expr.args[0].as_coeff_Mul(rational=True)
        return (sp.E, rest), sp.Rational(q)
    if expr is sp.E:
        return (sp.E, sp.S.One), sp.S.One
    if expr.is_Pow:
        q, rest = expr.exp.as_coeff_Mul(rational=True)
        return (expr.base, rest), sp.Rational(q)
    return (expr, sp.S.One), sp.S.One


def distribute(expr):
    """Multiply sums out, but leave denominators as they are (``sympy.expand`` multiplies those out too)."""
    if expr.is_Add:
        return sp.Add(*[distribute(a) for a in expr.args])
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 1:
        return distribute(sp.Mul(*[distribute(expr.base)] * int(expr.exp), evaluate=False))
    if not expr.is_Mul:
        return expr
    terms = [sp.S.One]
    for factor in expr.args:
        terms = [t * part for t in terms for part in sp.Add.make_args(distribute(factor))]
    return sp.Add(*terms)


def vanishes(expr) -> bool:
    """Return whether an expression in normal form is the zero rational function of its kernels."""
    kernels = Kernels([expr])
    numerator, _ = kernels.fraction(expr)
    return kernels.is_zero(numerator)


def tidy(expr):
    """Return ``expr`` as one fraction in lowest terms, or unchanged if it is a polynomial's worth of terms."""
    if expr.is_Atom:
        return expr
    kernels = Kernels([expr])
    numerator, denominator = kernels.fraction(expr)
    below = kernels.ring(1)
    for factor, times in denominator.items():
        below *= factor**times
    if numerator and below != 1:
        numerator, below = numerator.cancel(below)
    if below == 1:
        return kernels.expression(numerator)
    if len(below.terms()) == 1:
        return sp.expand(kernels.expression(numerator) / kernels.expression(below))
    return kernels.expression(numerator) / kernels.expression(below)

"""Integrals, Gaussian ones in closed form."""

import sympy as sp

from rlcourse.proof.domain import Domain
from rlcourse.proof.rational import distribute


def integrate(normal, expr):
    """Return the normal form of an ``Integral``.

    A polynomial times the exponential of a quadratic over the real line is done by completing the square; the
    rest is sympy's.
    """
    *inner, limits = expr.limits
    body = sp.Integral(expr.function, *inner) if inner else expr.function
    if len(limits) != 3:
        return expr
    x, low, high = limits
    body = normal.form(body)
    normal.note("integration")
    if (low, high) == (-sp.oo, sp.oo):
        done = _gaussian(normal, body, x)
        if done is not None:
            normal.note("Gaussian moments")
            return normal.form(done)
    if not _bounded(normal.domain, body, x, low, high):
        return sp.Integral(body, limits)
    done = sp.integrate(body, (x, low, high))
    if isinstance(done, sp.Piecewise):
        done = done.args[0][0] if normal.domain.truth(done.args[0][1]) else done
    return normal.form(done) if not done.has(sp.Integral) else sp.Integral(body, limits)


def _bounded(domain, body, x, low, high) -> bool:
    """Return whether no denominator with parameters may vanish inside the range, where the integral diverges."""
    poles = [p.base for p in body.atoms(sp.Pow) if not p.exp.is_nonnegative and p.base.has(x)]
    poles = [p for p in poles if p.free_symbols != {x}]
    if not poles:
        return True
    ends = [sp.Gt(x, low, evaluate=False), sp.Gt(high, x, evaluate=False)]
    ends = [end for end, limit in zip(ends, (low, high), strict=True) if not limit.is_infinite]
    inside = Domain(domain.symbols | {x}, [*domain.stated, *ends])
    return all(inside.is_positive(p) or inside.is_positive(-p) for p in poles)


def _gaussian(normal, body, x):
    total = []
    for term in sp.Add.make_args(distribute(body)):
        constant, term = term.as_independent(x, as_Add=False)
        exponent, factors = sp.S.Zero, []
        for factor in sp.Mul.make_args(term):
            if isinstance(factor, sp.exp):
                exponent += factor.args[0]
            else:
                factors.append(factor)
        polynomial = sp.Mul(*factors)
        if not (polynomial.is_polynomial(x) and exponent.is_polynomial(x) and sp.degree(exponent, x) == 2):
            return None
        c, b, a = (sp.Poly(exponent, x).coeff_monomial(x**i) for i in range(3))
        if not normal.domain.is_positive(-a):
            return None
        mean, var = -b / (2 * a), -1 / (2 * a)
        moment = sum(coeff * _moment(mean, var, n) for (n,), coeff in sp.Poly(polynomial, x).terms())
        total.append(constant * moment * sp.sqrt(2 * sp.pi * var) * sp.exp(c - b**2 / (4 * a)))
    return sp.Add(*total)


def _moment(mean, var, n):
    """Return E[X^n] of a normal distribution."""
    terms = [sp.binomial(n, 2 * j) * sp.factorial2(2 * j - 1) * var**j * mean ** (n - 2 * j) for j in range(n // 2 + 1)]
    return sp.Add(*terms)

"""Integrals of powers times exponentials in closed form; others are left to sympy."""

import sympy as sp

from rlcourse.proof import clock
from rlcourse.proof.domain import Domain
from rlcourse.proof.rational import distribute, tidy
from rlcourse.proof.series import linear


def integrate(normal, expr):
    """Return the normal form of an ``Integral``.

    A polynomial times the exponential of a quadratic over the real line is done by completing the square, a power
    times an exponential by parts or as a gamma function, two powers as a beta function; the rest is sympy's.
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
    parts = [_power_times_exponential(normal, term, x, low, high) for term in sp.Add.make_args(distribute(body))]
    if None not in parts:
        return normal.form(sp.Add(*parts))
    if not _bounded(normal.domain, body, x, low, high):
        return sp.Integral(body, limits)
    done = clock.within(2 * clock.STEP, sp.integrate, body, (x, low, high))
    if done is None:
        return sp.Integral(body, limits)
    if isinstance(done, sp.Piecewise):
        done = done.args[0][0] if normal.domain.truth(done.args[0][1]) else done
    return normal.form(done) if not done.has(sp.Integral) else sp.Integral(body, limits)


def _power_times_exponential(normal, term, x, low, high):
    """Integrate ``c x^a e^(r x)``, or ``c x^a (high - x)^b`` from 0; None for anything else."""
    constant, power, rate, other = sp.S.One, sp.S.Zero, sp.S.Zero, sp.S.Zero
    for factor in sp.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        slope, rest = linear(exponent, x)
        if not factor.has(x):
            constant *= factor
        elif base == x and not exponent.has(x):
            power += exponent
        elif slope and not base.has(x) and normal.domain.is_positive(base):
            rate += slope * sp.log(base)
            constant *= base**rest
        elif low == 0 and not exponent.has(x) and sp.expand(base - high + x) == 0:
            other += exponent
        elif exponent.is_integer and not exponent.has(x) and low == 0 and sp.expand(base + high - x) == 0:
            other += exponent
            constant *= (-1) ** exponent
        else:
            return None
    rate, positive = tidy(rate), normal.domain.is_positive
    if other != 0:
        proper = rate == 0 and positive(high) and positive(power + 1) and positive(other + 1)
        beta = sp.gamma(power + 1) * sp.gamma(other + 1) / sp.gamma(power + other + 2)
        return constant * beta * high ** (power + other + 1) if proper else None
    if (low, high) == (0, sp.oo):
        proper = positive(-rate) and positive(power + 1)
        return constant * sp.gamma(power + 1) / (-rate) ** (power + 1) if proper else None
    if not (power.is_Integer and power >= 0):
        return None
    if rate == 0:
        ends = [v ** (power + 1) / (power + 1) if v.is_finite is not False else None for v in (high, low)]
    else:
        ends = [_by_parts(normal, int(power), rate, v) for v in (high, low)]
    return None if None in ends else constant * (ends[0] - ends[1])


def _by_parts(normal, power, rate, x):
    """Return the antiderivative of ``t^power e^(rate t)`` at x, which vanishes at infinity if it falls there."""
    if x in (sp.oo, -sp.oo):
        return sp.S.Zero if normal.domain.is_positive(-rate if x is sp.oo else rate) else None
    terms = [
        (-1) ** (power - m) * sp.factorial(power) / sp.factorial(m) * x**m / rate ** (power - m + 1)
        for m in range(power + 1)
    ]
    return sp.exp(rate * x) * sp.Add(*terms)


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

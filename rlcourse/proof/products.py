"""Products of symbolic length.

A product of linear factors of the index is a quotient of gamma functions, prod_{k=a}^{b} (k + c) =
Gamma(b + 1 + c) / Gamma(a + c); other positive factors become the exponential of a sum of logarithms.
"""

import sympy as sp

from rlcourse.proof.antidifferences import explicit
from rlcourse.proof.factorials import standard_gamma
from rlcourse.proof.rational import Kernels
from rlcourse.proof.series import linear


def normal_product(normal, expr):
    """Return the normal form of a ``Product``."""
    *inner, (k, low, high) = expr.limits
    body = sp.Product(expr.function, *inner) if inner else expr.function
    short = explicit(sp.Product(body, (k, low, high)))
    if short is not None:
        return normal.form(short)
    closed, body = _linear_factors(normal, body, k, low, high)
    if body == 1:
        return closed
    if not normal.domain.is_positive(body):
        return closed * sp.Product(normal.form(body), (k, low, high))
    normal.note("product as exp of a sum of logs")
    return closed * normal.form(sp.exp(sp.Sum(sp.log(body), (k, low, high))))


def _linear_factors(normal, body, k, low, high):
    """Return the product of the linear factors that are positive in the whole range, and what is left."""
    low, high = sp.expand(normal.form(low)), sp.expand(normal.form(high))
    form = normal.form(body)
    if not (form.has(k) and normal.domain.is_nonnegative(high - low + 1)):
        return sp.S.One, body
    content, factors = Kernels([form]).factors(form)
    closed, rest = sp.S.One, content
    for factor, times in factors:
        slope, offset = linear(factor, k)
        start = None if not slope else sp.expand(low + offset / slope)
        if start is None or not (slope.is_positive and normal.domain.is_positive(start)):
            rest *= factor**times
            continue
        normal.note("products of linear factors")
        length = high - low + 1
        closed *= (slope**length * standard_gamma(start + length) / standard_gamma(start)) ** times
    return (normal.form(closed), rest) if closed != 1 else (sp.S.One, body)

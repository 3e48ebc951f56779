"""Normal form of factorials: everything as gamma functions, each at a standard argument.

Binomial coefficients, rising and falling factorials become quotients of gamma functions. Integers are split off
an argument by Gamma(z + 1) = z Gamma(z), a common factor by Gauss's multiplication theorem, a minus sign before an
integer by the reflection formula. These are identities of meromorphic functions. Where a product of factorials is
defined, none of those in the numerator has a pole, so that its value is the limit of the product at that point,
and the identities hold there too.
"""

import sympy as sp

FUNCTIONS = (
    sp.binomial,
    sp.factorial,
    sp.gamma,
    sp.RisingFactorial,
    sp.FallingFactorial,
    sp.beta,
    sp.catalan,
)
_FARTHEST = 64  # integer that is split off an argument
_MOST = 6  # common factor of an argument


def normal_factorial(normal, expr):
    """Return a function of `FUNCTIONS` as a product of gamma functions at standard arguments."""
    arguments = [normal.argument(a) for a in expr.args]
    quotient = _as_gammas(normal, expr.func, arguments)
    if quotient is None:
        return expr.func(*arguments)
    normal.note("laws of factorials")
    above, below = quotient
    return sp.Mul(*[standard_gamma(z) for z in above], *[1 / standard_gamma(z) for z in below])


def _as_gammas(normal, function, arguments):
    """Return the arguments of the gamma functions above and below the line, or None where that is no identity."""
    a, *rest = arguments
    b = rest[0] if rest else None
    if function is sp.gamma:
        return [a], []
    if function is sp.factorial:
        return [a + 1], []
    if function is sp.catalan:
        return ([2 * a + 1], [a + 1, a + 2]) if normal.domain.is_nonnegative(a) else None
    if function is sp.beta:
        return [a, b], [a + b]
    if function is sp.binomial:
        # at a negative integer a, the value is the limit of the gamma functions only where a alone varies
        alone = any(s.is_nonnegative is None for s in a.free_symbols - b.free_symbols)
        polynomial = alone and b.is_integer and b.is_nonnegative
        meets_no_pole = a.is_integer is False or normal.domain.is_nonnegative(a)
        return ([a + 1], [b + 1, a - b + 1]) if meets_no_pole or polynomial else None
    if function is sp.RisingFactorial:
        return ([a + b], [a]) if a.is_integer is False or normal.domain.is_positive(a) else None
    if a.is_integer is False or normal.domain.is_nonnegative(a):
        return [a + 1], [a - b + 1]
    return None


def standard_gamma(z):
    """Return Gamma(z) as a multiple of a gamma function, or a factorial, at a standard argument."""
    shift, symbolic = sp.expand(z).as_coeff_Add()
    if not symbolic.free_symbols or not shift.is_Rational:
        return sp.gamma(z)
    common = _common_factor(symbolic)
    if common > 1:
        u = sp.expand(z / common)
        factors = [standard_gamma(u + sp.Rational(i, common)) for i in range(common)]
        half = sp.Rational(1, 2)
        powers = [p ** (k * e) for p, k in sp.factorint(common).items() for e in (symbolic, shift - half)]
        return (2 * sp.pi) ** (half * (1 - common)) * sp.Mul(*powers, *factors)
    if symbolic.is_integer and not shift.is_Integer and symbolic.could_extract_minus_sign():
        return sp.pi * (-1) ** symbolic / sp.sin(sp.pi * shift) / standard_gamma(1 - z)
    start = shift - sp.ceiling(shift) + 1  # in (0, 1]
    steps = int(shift - start)
    if abs(steps) > _FARTHEST:
        return sp.gamma(z)
    base = sp.factorial(symbolic) if start == 1 and symbolic.is_integer else sp.gamma(symbolic + start)
    if steps >= 0:
        return base * sp.Mul(*[symbolic + start + i for i in range(steps)])
    return base / sp.Mul(*[symbolic + start - i for i in range(1, 1 - steps)])


def _common_factor(symbolic) -> int:
    """Return the greatest common divisor of the coefficients, if they are integers and it is small; else 1."""
    coefficients = [term.as_coeff_Mul()[0] for term in sp.Add.make_args(symbolic)]
    if not all(c.is_Integer for c in coefficients):
        return 1
    common = sp.gcd_list(coefficients)
    return int(common) if common <= _MOST else 1

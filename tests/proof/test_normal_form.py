"""The normal form of an expression has the expression's value, wherever that is defined."""

import mpmath
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from sympy import Function, IndexedBase, Product, Rational, Sum, exp, log, sqrt, symbols

from rlcourse.proof import simplex
from rlcourse.proof.domain import Domain
from rlcourse.proof.evaluate import Point
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.rational import distribute, tidy, vanishes
from rlcourse.proof.values import DIGITS, Undefined

x, y = symbols("x y", real=True)
a, b, lam = symbols("a b lambda", positive=True)
n, m = symbols("n m", integer=True, positive=True)
t, k, l = symbols("t k l", integer=True)
p = simplex("p", 3)
f, g = Function("f", real=True), Function("g", positive=True)
w = IndexedBase("w", positive=True)
A = Function("A", real=True)

positive = st.recursive(
    st.sampled_from([a, b, lam, p[0], p[2], sp.Integer(2), Rational(3, 4), g(t), w[n]]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda v: v[0] + v[1]),
        st.tuples(inner, inner).map(lambda v: v[0] * v[1]),
        st.tuples(inner, inner).map(lambda v: v[0] / v[1]),
        st.tuples(inner, st.sampled_from([n, n + 1, -n, Rational(1, 2), Rational(-3, 2), x])).map(
            lambda v: v[0] ** v[1]
        ),
        inner.map(lambda v: exp(log(v) / 2 + x)),
        inner.map(sqrt),
    ),
    max_leaves=5,
)
real = st.recursive(
    st.one_of(st.sampled_from([x, y, f(t), 1 - lam, sp.Integer(-1)]), positive.map(log), positive),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda v: v[0] + v[1]),
        st.tuples(inner, inner).map(lambda v: v[0] * v[1]),
        inner.map(exp),
        inner.map(abs),
        inner.map(lambda v: v**2),
    ),
    max_leaves=4,
)
limits = st.sampled_from([(0, n), (1, n - 1), (0, n + m), (t, t + n), (m, n), (n, m), (n + 1, 0), (-2, m), (2, 4)])
summand = st.sampled_from(
    [
        f(k),
        f(k + 1) - 2 * f(k),
        lam**k * f(t + k),
        lam ** (k + 1) * (k**2 - k),
        (a * lam) ** k * g(k + 2) * f(k),
        log(g(k) * w[k]) * w[k],
        k**3 - 2 * k + x,
        exp(x * k + y),
        1 / (k**2 + 1),
        f(k) * Sum(g(l), (l, 0, k - 1)),
        lam**k * Sum(a**l * f(l), (l, 1, k)),
        Sum(A(k, l), (l, 0, k)),
        Sum(A(l, k), (l, k + 1, n)),
        Sum(A(k, l) * f(l), (l, 0, m)),
        f(k) * Sum(f(l), (l, 0, k - 1)),
        g(k) / Sum(g(l), (l, 0, 3)),
        Sum(k * l + f(k + l), (l, -1, k + 1)),
    ]
)


def assert_same_value(expr, form, domain):
    """Compare at points where both are defined; the form may be defined at more points."""
    compared = 0
    for attempt in range(6):
        try:
            with mpmath.workdps(DIGITS):
                point = Point(domain, expr.free_symbols - {i.base.label for i in expr.atoms(sp.Indexed)}, f"{attempt}")
                before = point.value(expr)
        except Undefined:
            continue
        with mpmath.workdps(DIGITS):
            assert point.holds("==", before, point.value(form)), (expr, form, point.shown())
        compared += 1
    return compared


def check(expr):
    symbols_in = {s for s in expr.free_symbols if s.is_Symbol}
    domain = Domain(symbols_in, [lam < 1] if lam in symbols_in else [])
    form = Normalizer(domain).form(expr)
    assert_same_value(expr, form, domain)
    assert_same_value(expr, tidy(form), domain)
    assert_same_value(expr, distribute(expr), domain)
    if vanishes(form):
        assert_same_value(expr, sp.Integer(0), domain)


@given(real)
def test_elementary(expr):
    check(expr)


@given(summand, limits, st.sampled_from([1, x, lam**n]))
def test_sums(body, range_, factor):
    check(factor * Sum(body, (k, *range_)))


@given(st.sampled_from([g(k), lam * g(k), lam**k, 2]), limits)
def test_products(body, range_):
    check(Product(sp.sympify(body), (k, *range_)))

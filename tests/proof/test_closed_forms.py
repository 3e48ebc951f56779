"""`prove` on products, integrals, tails and products of series, each with versions that are wrong."""

import pytest
import sympy as sp
from sympy import Derivative, Function, Integral, Product, Sum, Symbol, binomial, exp, factorial, gamma, oo, symbols

from rlcourse.proof import Refuted, Undecided, prove
from rlcourse.proof.domain import Domain
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.proofs import _identity

lam, mu, s, t, x = symbols("lambda mu s t x", positive=True)
z = Symbol("z", real=True)
N, m, r = symbols("N m r", integer=True, positive=True)
j, k, n = symbols("j k n", integer=True)
i = Symbol("i", integer=True, nonnegative=True)
f, g = Function("f", real=True), Function("g", real=True)
a = Function("a", positive=True)

F, G = Sum(f(n) * s**n, (n, 0, oo)), Sum(g(n) * s**n, (n, 0, oo))
convolution = Sum(f(k) * g(n - k), (k, 0, n))


def erlang(n, x):
    return lam * exp(-lam * x) * (lam * x) ** (n - 1) / gamma(n)


# name: (left side, right side, wrong right sides, assumptions)
FORMS = {
    # products
    "telescoping product": (
        Product((i + 1) * (i + 3) / (i + 2) ** 2, (i, 0, N)),
        (N + 3) / (2 * (N + 2)),
        [(N + 2) / (2 * (N + 1)), (N + 3) / (N + 2), (N + 3) / (2 * (N + 1))],
        (),
    ),
    "odd over even": (
        Product((2 * i - 1) / (2 * i), (i, 1, N)),
        binomial(2 * N, N) / 4**N,
        [binomial(2 * N, N) / 2**N, binomial(2 * N + 2, N + 1) / 4 ** (N + 1)],
        (),
    ),
    "birth and death": (
        Product(lam / (mu * (i + 1)), (i, 0, N - 1)),
        (lam / mu) ** N / factorial(N),
        [(lam / mu) ** N / factorial(N - 1), (mu / lam) ** N / factorial(N)],
        (),
    ),
    "beside a free function": (
        Product(a(i) * (i + 1), (i, 0, N - 1)),
        factorial(N) * Product(a(i), (i, 0, N - 1)),
        [factorial(N - 1) * Product(a(i), (i, 0, N - 1)), factorial(N) * Product(a(i), (i, 0, N))],
        (),
    ),
    # series of free functions, which are taken to converge absolutely
    "tails": (
        Sum(Sum(f(j), (j, k, oo)), (k, 1, oo)),
        Sum(j * f(j), (j, 1, oo)),
        [Sum((j - 1) * f(j), (j, 1, oo)), Sum((j + 1) * f(j), (j, 1, oo)), Sum(f(j), (j, 1, oo))],
        (),
    ),
    "strict tails": (
        Sum(Sum(f(j), (j, k + 1, oo)), (k, 0, oo)),
        Sum(j * f(j), (j, 0, oo)),
        [Sum((j + 1) * f(j), (j, 0, oo))],
        (),
    ),
    "second moment from tails": (
        Sum((2 * k - 1) * Sum(f(j), (j, k, oo)), (k, 1, oo)),
        Sum(j**2 * f(j), (j, 1, oo)),
        [Sum(j * (j - 1) * f(j), (j, 1, oo)), Sum(j * (j + 1) * f(j), (j, 1, oo))],
        (),
    ),
    "generating function of tails": (
        Sum(s**n * Sum(f(k), (k, n + 1, oo)), (n, 0, oo)),
        (Sum(f(n), (n, 0, oo)) - F) / (1 - s),
        [(Sum(f(n), (n, 0, oo)) + F) / (1 - s), (F - Sum(f(n), (n, 0, oo))) / (1 - s)],
        [s < 1],
    ),
    "Abel summation": (
        Sum(k * (f(k) - f(k + 1)), (k, 1, N)),
        Sum(f(k), (k, 1, N)) - N * f(N + 1),
        [Sum(f(k), (k, 1, N)) + N * f(N + 1), Sum(f(k), (k, 1, N)) - N * f(N)],
        (),
    ),
    "summation by parts": (
        Sum((g(k - 1) - g(k)) * f(k), (k, 1, oo)) - g(0) * f(0),
        Sum(g(k) * (f(k + 1) - f(k)), (k, 0, oo)),
        [Sum(g(k) * (f(k) - f(k + 1)), (k, 0, oo)), Sum(g(k) * (f(k + 1) - f(k)), (k, 1, oo))],
        (),
    ),
    "product of series": (Sum(convolution * s**n, (n, 0, oo)), F * G, [F**2, F * G - f(0) * g(0), s * F * G], ()),
    "product of series, shifted": (
        Sum(Sum(f(k) * g(n - k), (k, 1, n)) * s**n, (n, 1, oo)),
        (F - f(0)) * G,
        [F * G, F * (G - g(0)), (F - f(0)) * (G - g(0))],
        (),
    ),
    "product of exponential series": (
        Sum(Sum(binomial(n, k) * f(k) * g(n - k), (k, 0, n)) * s**n / factorial(n), (n, 0, oo)),
        Sum(f(n) * s**n / factorial(n), (n, 0, oo)) * Sum(g(n) * s**n / factorial(n), (n, 0, oo)),
        [F * G],
        (),
    ),
    "term by term": (
        Derivative(F, s),
        Sum((n + 1) * f(n + 1) * s**n, (n, 0, oo)),
        [Sum((n + 1) * f(n) * s**n, (n, 0, oo)), Sum(n * f(n + 1) * s**n, (n, 0, oo))],
        (),
    ),
    # integrals
    "two clocks": (
        Integral(lam * exp(-lam * x) * mu * exp(-mu * (t - x)), (x, 0, t)),
        lam * mu / (lam - mu) * (exp(-mu * t) - exp(-lam * t)),
        [lam * mu / (lam + mu) * (exp(-mu * t) - exp(-lam * t)), lam * mu / (lam - mu) * exp(-mu * t)],
        (),
    ),
    "two equal clocks": (
        Integral(lam**2 * exp(-lam * x) * exp(-lam * (t - x)), (x, 0, t)),
        lam**2 * t * exp(-lam * t),
        [lam * t * exp(-lam * t), lam**2 * t**2 * exp(-lam * t)],
        (),
    ),
    "Gamma laws convolve": (
        Integral(erlang(N, x) * erlang(m, t - x), (x, 0, t)),
        erlang(N + m, t),
        [erlang(N + m + 1, t), erlang(N + m - 1, t)],
        (),
    ),
    "Gamma moment": (Integral(erlang(N, x) * x**2, (x, 0, oo)), N * (N + 1) / lam**2, [N**2 / lam**2], ()),
    "Gamma transform": (
        Integral(erlang(N, x) * exp(-mu * x), (x, 0, oo)),
        (lam / (lam + mu)) ** N,
        [(mu / (lam + mu)) ** N, (lam / (lam + mu)) ** (N - 1)],
        (),
    ),
    "late arrivals": (
        Integral(erlang(3, x), (x, t, oo)),
        exp(-lam * t) * (1 + lam * t + (lam * t) ** 2 / 2),
        [exp(-lam * t) * (1 + lam * t), exp(-lam * t) * (1 - lam * t + (lam * t) ** 2 / 2)],
        (),
    ),
    "order statistics": (
        Integral(x**m * (1 - x) ** (N - m) * factorial(N) / (factorial(m - 1) * factorial(N - m)), (x, 0, 1)),
        m / (N + 1),
        [m / N, (m + 1) / (N + 1)],
        [N > m - 1],
    ),
}


def engine(lhs, rhs, assuming=()):
    lhs, rhs = sp.sympify(lhs), sp.sympify(rhs)
    return _identity(Normalizer(Domain(lhs.free_symbols | rhs.free_symbols, assuming)), lhs, rhs)


@pytest.mark.parametrize("name", FORMS)
def test_true_form_is_proved(name):
    lhs, rhs, _, assuming = FORMS[name]
    assert "sympy" not in prove("thm-true", lhs, rhs, assuming=assuming).route


@pytest.mark.parametrize("name", FORMS)
def test_wrong_form_is_rejected(name):
    lhs, _, wrong, assuming = FORMS[name]
    for rhs in wrong:
        assert engine(lhs, rhs, assuming) is None
    with pytest.raises(Refuted):
        prove("thm-wrong", lhs, wrong[0], assuming=assuming)


def test_a_product_that_meets_zero_or_changes_sign_is_left_alone():
    for body in (i - 2, (i - 2) / (i + 1), z + i):
        assert Normalizer(Domain({z, N})).form(Product(body, (i, 0, N))).has(Product)


def test_an_integral_needs_what_makes_it_converge():
    for body, high in [(exp(lam * x), oo), (1 / x, t)]:
        assert Normalizer(Domain({lam, t})).form(Integral(body, (x, 0, high))).has(Integral, oo)


def test_what_converges_only_term_against_term_is_not_split():
    with pytest.raises(Undecided, match="not known to converge"):
        engine(Sum(sp.sqrt(i + 1) - sp.sqrt(i), (i, 0, oo)), 0)
    with pytest.raises((Refuted, Undecided)):
        prove("thm-roots", Sum(sp.sqrt(i + 1) - sp.sqrt(i), (i, 0, oo)), 0)


def test_several_kinks_split_at_the_same_place():
    p = Symbol("p", positive=True)
    flow = p * sp.Min(1, (1 - p) / p) + (1 - p) * sp.Min(1, p / (1 - p))
    assert "by cases" in prove("thm-flow", flow, 1 - abs(2 * p - 1), assuming=[p < 1]).route
    with pytest.raises(Refuted):
        prove("thm-flow-wrong", flow, 1 - abs(p - 1), assuming=[p < 1])

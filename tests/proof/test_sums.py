"""`prove` on sums of symbolic length, each with versions that are wrong."""

import pytest
import sympy as sp
from sympy import Eq, Function, IndexedBase, KroneckerDelta, Product, Rational, Sum, Symbol, exp, log, oo, symbols

from rlcourse.proof import Refuted, Undecided, prove
from rlcourse.proof.domain import Domain
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.proofs import _identity

lam, gamma, c = symbols("lambda gamma c", positive=True)
theta = Symbol("theta", real=True)
n, m = symbols("n m", integer=True, positive=True)
k, l, t, i, j, s = symbols("k l t i j s", integer=True)
f, g, V, delta, A = (Function(name, real=True) for name in ("f", "g", "V", "delta", "A"))
policy, d = (Function(name, positive=True) for name in ("pi", "d"))
p, q = (IndexedBase(name, positive=True) for name in ("p", "q"))
x = IndexedBase("x", real=True)

Z = Sum(q[i] * exp(x[i] / c), (i, 1, n))
gibbs = q[i] * exp(x[i] / c) / Z
inner = Sum(gamma**l * delta(t + l), (l, 0, k - 1))
below_one = [lam < 1, gamma < 1]
mass = Eq(Sum(p[i], (i, 1, n)), 1)
no_drift = Eq(Sum(sp.Derivative(policy(i, theta), theta), (i, 1, n)), 0)
rows = Eq(Sum(policy(s, i), (i, 1, m)), 1)

# name: (left side, right side, wrong right sides, assumptions)
SUMS = {
    # linearity, shifts, terms split off
    "linear": (
        Sum(2 * f(k) - c * g(k), (k, 0, n)),
        2 * Sum(f(k), (k, 0, n)) - c * Sum(g(k), (k, 0, n)),
        [2 * Sum(f(k), (k, 0, n)) + c * Sum(g(k), (k, 0, n)), Sum(f(k), (k, 0, n)) - c * Sum(g(k), (k, 0, n))],
        (),
    ),
    "shift": (
        Sum(f(k), (k, 1, n)),
        Sum(f(k + 1), (k, 0, n - 1)),
        [Sum(f(k + 1), (k, 0, n)), Sum(f(k), (k, 0, n - 1)), Sum(f(k - 1), (k, 1, n))],
        (),
    ),
    "shift by a symbol": (
        Sum(gamma**k * f(t + k), (k, 0, n)),
        Sum(gamma ** (k - t) * f(k), (k, t, t + n)),
        [Sum(gamma**k * f(k), (k, t, t + n)), Sum(gamma ** (k - t) * f(k), (k, t, n))],
        (),
    ),
    "first term off": (
        Sum(f(k), (k, 0, n)),
        f(0) + Sum(f(k), (k, 1, n)),
        [f(1) + Sum(f(k), (k, 1, n)), Sum(f(k), (k, 1, n))],
        (),
    ),
    "last term off": (
        Sum(f(k), (k, 0, n)),
        f(n) + Sum(f(k), (k, 0, n - 1)),
        [f(n - 1) + Sum(f(k), (k, 0, n - 1)), f(n) + Sum(f(k), (k, 0, n))],
        (),
    ),
    "cut in two": (
        Sum(f(k), (k, 0, n + m)),
        Sum(f(k), (k, 0, n)) + Sum(f(k), (k, n + 1, n + m)),
        [Sum(f(k), (k, 0, n)) + Sum(f(k), (k, n, n + m)), Sum(f(k), (k, 0, n)) - Sum(f(k), (k, n + 1, n + m))],
        (),
    ),
    "reversed range by Karr": (
        Sum(f(k), (k, 1, n)) + Sum(f(k), (k, n + 1, 0)),
        0,
        [f(0), f(n)],
        (),
    ),
    # telescoping
    "telescoping": (
        Sum(f(k + 1) - f(k), (k, 0, n - 1)),
        f(n) - f(0),
        [f(0) - f(n), f(n - 1) - f(0), f(n) - f(1)],
        (),
    ),
    "telescoping with discount": (
        Sum(gamma**k * (f(t + k) + gamma * V(t + k + 1) - V(t + k)), (k, 0, n - 1)),
        Sum(gamma**k * f(t + k), (k, 0, n - 1)) + gamma**n * V(t + n) - V(t),
        [
            Sum(gamma**k * f(t + k), (k, 0, n - 1)) - gamma**n * V(t + n) + V(t),
            Sum(gamma**k * f(t + k), (k, 0, n - 1)) + V(t + n) - V(t),
            Sum(gamma**k * f(t + k), (k, 0, n - 1)) + gamma**n * V(t + n - 1) - V(t),
        ],
        (),
    ),
    "telescoping fractions": (
        Sum(1 / (k * (k + 1)), (k, 1, n)),
        n / (n + 1),
        [1 / (n + 1), (n - 1) / n],
        (),
    ),
    # closed forms
    "geometric": (
        Sum(lam**k, (k, 0, n)),
        (1 - lam ** (n + 1)) / (1 - lam),
        [(1 - lam**n) / (1 - lam), (1 + lam ** (n + 1)) / (1 - lam), (1 - lam ** (n + 1)) / (1 + lam)],
        (),
    ),
    "geometric weights with the last": (
        (1 - lam) * Sum(lam ** (k - 1), (k, 1, n - 1)) + lam ** (n - 1),
        1,
        [1 - lam**n, lam],
        (),
    ),
    "geometric, infinite": (Sum(lam**k, (k, 0, oo)), 1 / (1 - lam), [lam / (1 - lam), 1 / (1 + lam)], [lam < 1]),
    "geometric in a product, infinite": (
        Sum((gamma * lam) ** k, (k, 1, oo)),
        gamma * lam / (1 - gamma * lam),
        [1 / (1 - gamma * lam), gamma * lam / (1 - gamma)],
        below_one,
    ),
    "arithmetic-geometric": (
        Sum(k * lam**k, (k, 0, oo)),
        lam / (1 - lam) ** 2,
        [1 / (1 - lam) ** 2, lam / (1 - lam)],
        [lam < 1],
    ),
    "squares": (
        Sum(k**2, (k, 1, n)),
        n * (n + 1) * (2 * n + 1) / 6,
        [n * (n + 1) * (2 * n - 1) / 6, n * (n + 1) / 2],
        (),
    ),
    # order of two sums
    "box": (
        Sum(A(k, l), (l, 0, m), (k, 0, n)),
        Sum(A(k, l), (k, 0, n), (l, 0, m)),
        [Sum(A(l, k), (k, 0, n), (l, 0, m)), Sum(A(k, l), (k, 0, m), (l, 0, n))],
        (),
    ),
    "triangle": (
        Sum(Sum(A(k, l), (l, 0, k - 1)), (k, 0, n)),
        Sum(Sum(A(k, l), (k, l + 1, n)), (l, 0, n - 1)),
        [
            Sum(Sum(A(k, l), (k, l, n)), (l, 0, n - 1)),
            Sum(Sum(A(l, k), (k, l + 1, n)), (l, 0, n - 1)),
            Sum(Sum(A(k, l), (k, l + 1, n - 1)), (l, 0, n - 1)),
        ],
        (),
    ),
    "triangle with its diagonal": (
        Sum(f(k) * Sum(g(l), (l, 1, k)), (k, 1, n)),
        Sum(g(l) * Sum(f(k), (k, l, n)), (l, 1, n)),
        [Sum(g(l) * Sum(f(k), (k, l + 1, n)), (l, 1, n)), Sum(f(l) * Sum(g(k), (k, l, n)), (l, 1, n))],
        (),
    ),
    "two triangles make a box": (
        Sum(A(k, l), (l, 0, k - 1), (k, 0, n)) + Sum(A(k, l), (l, k, n), (k, 0, n)),
        Sum(A(k, l), (k, 0, n), (l, 0, n)),
        [Sum(A(k, l), (k, 0, n), (l, 0, n - 1))],
        (),
    ),
    "product of sums": (
        Sum(f(k), (k, 0, n)) * Sum(g(k), (k, 0, m)),
        Sum(f(k) * g(l), (k, 0, n), (l, 0, m)),
        [Sum(f(k) * g(k), (k, 0, n)), Sum(f(k) * g(l), (k, 0, m), (l, 0, n))],
        (),
    ),
    "square of a sum": (
        Sum(f(k), (k, 1, n)) ** 2,
        Sum(f(k) ** 2, (k, 1, n)) + 2 * Sum(f(k) * f(l), (l, 1, k - 1), (k, 1, n)),
        [Sum(f(k) ** 2, (k, 1, n)), Sum(f(k) ** 2, (k, 1, n)) + Sum(f(k) * f(l), (l, 1, k - 1), (k, 1, n))],
        (),
    ),
    # the sum identity of generalized advantage estimation
    "weighted n-step sums, infinite": (
        (1 - lam) * Sum(lam ** (k - 1) * inner, (k, 1, oo)),
        Sum((gamma * lam) ** l * delta(t + l), (l, 0, oo)),
        [
            Sum(gamma**l * delta(t + l), (l, 0, oo)),
            Sum((gamma * lam) ** l * delta(l), (l, 0, oo)),
            Sum((gamma * lam) ** l * delta(t + l), (l, 1, oo)),
        ],
        below_one,
    ),
    "weighted n-step sums, finite": (
        (1 - lam) * Sum(lam ** (k - 1) * inner, (k, 1, n - 1)) + lam ** (n - 1) * inner.subs(k, n),
        Sum((gamma * lam) ** l * delta(t + l), (l, 0, n - 1)),
        [Sum((gamma * lam) ** l * delta(t + l), (l, 0, n)), Sum((gamma * lam) ** l * delta(t + l + 1), (l, 0, n - 1))],
        (),
    ),
    "weighted sums without discount": (
        (1 - lam) * Sum(lam ** (n - 1) * Sum(delta(l), (l, 0, n - 1)), (n, 1, oo)),
        Sum(lam**l * delta(l), (l, 0, oo)),
        [Sum(lam ** (l + 1) * delta(l), (l, 0, oo)), Sum(lam**l * delta(l + 1), (l, 0, oo))],
        [lam < 1],
    ),
    "slow series": (
        Sum(Rational(597, 625) ** k, (k, 0, oo)),
        Rational(625, 28),
        [Rational(625, 29), Rational(597, 28)],
        (),
    ),
    "series from an index on": (
        Sum(lam ** (k - 1), (k, l + 1, oo)),
        lam**l / (1 - lam),
        [lam ** (l + 1) / (1 - lam), lam**l],
        [lam < 1],
    ),
    "exponential series": (Sum(lam**k / sp.factorial(k), (k, 0, oo)), exp(lam), [exp(lam) - 1, exp(2 * lam)], ()),
    "inverse squares": (Sum(1 / k**2, (k, 1, oo)), sp.pi**2 / 6, [sp.pi**2 / 7], ()),
    "backward recursion": (
        Sum((gamma * lam) ** l * delta(t + l), (l, 0, oo)),
        delta(t) + gamma * lam * Sum((gamma * lam) ** l * delta(t + 1 + l), (l, 0, oo)),
        [
            delta(t) + gamma * Sum((gamma * lam) ** l * delta(t + 1 + l), (l, 0, oo)),
            delta(t) + gamma * lam * Sum((gamma * lam) ** l * delta(t + l), (l, 0, oo)),
        ],
        below_one,
    ),
    # distributions of symbolic size
    "constant under an expectation": (
        Sum(p[i] * (x[i] - c), (i, 1, n)),
        Sum(p[i] * x[i], (i, 1, n)) - c,
        [Sum(p[i] * x[i], (i, 1, n)) + c, Sum(p[i] * x[i], (i, 1, n))],
        [mass],
    ),
    "variance": (
        Sum(p[i] * (x[i] - Sum(p[j] * x[j], (j, 1, n))) ** 2, (i, 1, n)),
        Sum(p[i] * x[i] ** 2, (i, 1, n)) - Sum(p[i] * x[i], (i, 1, n)) ** 2,
        [Sum(p[i] * x[i] ** 2, (i, 1, n)) + Sum(p[i] * x[i], (i, 1, n)) ** 2],
        [mass],
    ),
    "log-sum-exp": (
        log(Sum(exp(x[i] + theta), (i, 1, n))),
        theta + log(Sum(exp(x[i]), (i, 1, n))),
        [log(Sum(exp(x[i]), (i, 1, n))), -theta + log(Sum(exp(x[i]), (i, 1, n)))],
        (),
    ),
    "softmax": (Sum(exp(x[i]) / Sum(exp(x[j]), (j, 1, n)), (i, 1, n)), 1, [n, 0], ()),
    "Gibbs identity": (
        Sum(p[i] * x[i], (i, 1, n)) - c * Sum(p[i] * log(p[i] / q[i]), (i, 1, n)),
        c * log(Z) - c * Sum(p[i] * log(p[i] / gibbs), (i, 1, n)),
        [c * log(Z) + c * Sum(p[i] * log(p[i] / gibbs), (i, 1, n)), log(Z) - Sum(p[i] * log(p[i] / gibbs), (i, 1, n))],
        [mass],
    ),
    "a shift by the log of a sum": (
        Sum(f(i) - c * log(Z) - log(Sum(exp(f(j) - c * log(Z)), (j, i, n))), (i, 1, n)),
        Sum(f(i) - log(Sum(exp(f(j)), (j, i, n))), (i, 1, n)),
        [Sum(f(i) - log(Sum(exp(f(j)), (j, 1, n))), (i, 1, n))],
        (),
    ),
    "probability of a path": (
        log(Product(p[i], (i, 1, n))),
        Sum(log(p[i]), (i, 1, n)),
        [Sum(log(p[i]), (i, 1, n - 1)), -Sum(log(p[i]), (i, 1, n))],
        (),
    ),
    "product of equal factors": (Product(lam * p[i], (i, 1, n)), lam**n * Product(p[i], (i, 1, n)), [lam], ()),
    "derivative of a sum": (
        sp.Derivative(Sum(p[i] * exp(theta * x[i]), (i, 1, n)), theta),
        Sum(p[i] * x[i] * exp(theta * x[i]), (i, 1, n)),
        [Sum(p[i] * exp(theta * x[i]), (i, 1, n))],
        (),
    ),
    "mean score is zero": (
        Sum(policy(i, theta) * sp.Derivative(log(policy(i, theta)), theta), (i, 1, n)),
        0,
        [1],
        [no_drift],
    ),
    "an equation for each state": (
        Sum(d(s) * Sum(policy(s, i) * (A(s, i) - V(s)), (i, 1, m)), (s, 1, n)),
        Sum(d(s) * Sum(policy(s, i) * A(s, i), (i, 1, m)), (s, 1, n)) - Sum(d(s) * V(s), (s, 1, n)),
        [Sum(d(s) * Sum(policy(s, i) * A(s, i), (i, 1, m)), (s, 1, n)) - Sum(V(s), (s, 1, n))],
        [rows],
    ),
    "Kronecker delta": (
        Sum(KroneckerDelta(k, j) * f(k), (k, 1, n)),
        f(j),
        [f(j + 1), 0],
        [j > 0, n > j - 1],
    ),
}


@pytest.mark.parametrize("name", SUMS)
def test_true_sum_is_proved(name):
    lhs, rhs, _, assuming = SUMS[name]
    assert "symbolic sums" in prove("thm-true", lhs, rhs, assuming=assuming).route


@pytest.mark.parametrize("name", SUMS)
def test_wrong_sum_is_refuted(name):
    lhs, _, wrong, assuming = SUMS[name]
    for number, rhs in enumerate(wrong):
        with pytest.raises(Refuted):
            prove(f"thm-wrong-{number}", lhs, rhs, assuming=assuming)


@pytest.mark.parametrize("name", SUMS)
def test_the_engine_alone_rejects_wrong_sums(name):
    lhs, _, wrong, assuming = SUMS[name]
    for rhs in map(sp.sympify, wrong):
        normal = Normalizer(Domain(lhs.free_symbols | rhs.free_symbols, assuming))
        assert _identity(normal, lhs, rhs) is None


def test_an_infinite_series_needs_its_ratio_below_one():
    with pytest.raises(ValueError, match=r"ratio lambda needs \|lambda\| < 1.*assuming=\[lambda < 1\]"):
        prove("thm-no-bound", Sum(lam**k, (k, 0, oo)), 1 / (1 - lam))
    with pytest.raises(ValueError, match="needs"):
        prove("thm-one-bound", Sum((lam * gamma) ** k, (k, 0, oo)), 1 / (1 - gamma * lam), assuming=[lam < 1])


def test_a_divergent_series_is_not_proved():
    with pytest.raises(Undecided):
        prove("thm-divergent", Sum(1 + 0 * k + lam**0, (k, 0, oo)), 1)


def test_the_route_names_the_exchange_and_the_convergence():
    lhs, rhs, _, assuming = SUMS["weighted n-step sums, infinite"]
    route = prove("thm-route", lhs, rhs, assuming=assuming).route
    assert "exchange of sums" in route
    assert "converge absolutely" in route


def test_what_needs_an_equation_is_refuted_without_it():
    for number, name in enumerate(["constant under an expectation", "variance", "an equation for each state"]):
        lhs, rhs, _, _ = SUMS[name]
        with pytest.raises(Refuted):
            prove(f"thm-bare-{number}", lhs, rhs)

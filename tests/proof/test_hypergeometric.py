"""`prove` on factorials, binomial coefficients and sums of them, each with versions that are wrong."""

import pytest
import sympy as sp
from sympy import (
    Derivative,
    Function,
    Limit,
    Rational,
    Sum,
    Symbol,
    binomial,
    exp,
    factorial,
    oo,
    pi,
    rf,
    sqrt,
    symbols,
)

from rlcourse.proof import Refuted, Undecided, prove
from rlcourse.proof.domain import Domain
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.proofs import _identity

lam, mu, p, s, t, x = symbols("lambda mu p s t x", positive=True)
a = Symbol("a", real=True)
n = Symbol("n", integer=True, nonnegative=True)
N, M, r = symbols("N M r", integer=True, positive=True)
j = Symbol("j", integer=True, nonnegative=True)
i, m = symbols("i m", integer=True)
f = Function("f", real=True)

q = 1 - p
half = Rational(1, 2)
trials = binomial(N, j) * p**j * q ** (N - j)
poisson = exp(-lam) * lam**j / factorial(j)
until = binomial(r + j - 1, j) * p**r * q**j
series = [4 * x < 1]


def returns(n):
    return binomial(2 * n, n) / 4**n


def catalan(n):
    return binomial(2 * n, n) / (n + 1)


# name: (left side, right side, wrong right sides)
FACTORIALS = {
    "central binomial": (
        binomial(2 * N, N),
        (4 * N - 2) / N * binomial(2 * N - 2, N - 1),
        [(4 * N + 2) / N * binomial(2 * N - 2, N - 1), 4 * binomial(2 * N - 2, N - 1)],
    ),
    "half-integer": (binomial(-half, n) * (-4) ** n, binomial(2 * n, n), [-binomial(2 * n, n), binomial(2 * n, n + 1)]),
    "half": (binomial(half, n) * (-4) ** n, -binomial(2 * n, n) / (2 * n - 1), [binomial(2 * n, n) / (2 * n - 1)]),
    "rising": (rf(half, n) / factorial(n), returns(n), [returns(n + 1), 4**n * returns(n)]),
    "ballot": (catalan(n), binomial(2 * n, n) - binomial(2 * n, n + 1), [binomial(2 * n, n) - binomial(2 * n, n + 2)]),
    "Pascal": (
        binomial(n + 1, m),
        binomial(n, m - 1) + binomial(n, m),
        [binomial(n, m + 1) + binomial(n, m), binomial(n, m - 1) - binomial(n, m)],
    ),
    "Pascal, real": (binomial(a + 1, N), binomial(a, N - 1) + binomial(a, N), [binomial(a, N + 1) + binomial(a, N)]),
    "absorption": (
        N * binomial(M, N),
        M * binomial(M - 1, N - 1),
        [M * binomial(M - 1, N)],
    ),
    "de Moivre": (Limit(returns(N) * sqrt(pi * N), N, oo), 1, [2, 1 / sqrt(pi)]),
    "rare events": (
        Limit(binomial(N, r) * (lam / N) ** r * (1 - lam / N) ** (N - r), N, oo),
        exp(-lam) * lam**r / factorial(r),
        [exp(lam) * lam**r / factorial(r), exp(-lam) * lam**r / factorial(r - 1)],
    ),
}

# name: (left side, right side, wrong right sides, assumptions)
SUMS = {
    "binomial theorem": (
        Sum(binomial(n, j) * lam**j * mu ** (n - j), (j, 0, n)),
        (lam + mu) ** n,
        [(lam - mu) ** n, (lam + mu) ** (n + 1), (lam * mu) ** n],
        (),
    ),
    "binomial theorem without its ends": (
        Sum(binomial(N, j) * lam**j * mu ** (N - j), (j, 1, N - 1)),
        (lam + mu) ** N - lam**N - mu**N,
        [(lam + mu) ** N, (lam + mu) ** N - lam**N, (lam + mu) ** N - lam**N + mu**N],
        (),
    ),
    "binomial generating function": (Sum(trials * s**j, (j, 0, N)), (q + p * s) ** N, [(p + q * s) ** N], ()),
    "binomial mean": (Sum(j * trials, (j, 0, N)), N * p, [N * q, p, (N + 1) * p], ()),
    "binomial variance": (
        Sum((j - N * p) ** 2 * trials, (j, 0, N)),
        N * p * q,
        [N * p, N * p * (1 + p), -N * p * q],
        (),
    ),
    "binomial over j + 1": (
        Sum(binomial(N, j) * x**j / (j + 1), (j, 0, N)),
        ((1 + x) ** (N + 1) - 1) / ((N + 1) * x),
        [((1 + x) ** (N + 1) + 1) / ((N + 1) * x), ((1 + x) ** N - 1) / (N * x)],
        (),
    ),
    "Poisson convolution": (
        Sum(poisson * exp(-mu) * mu ** (N - j) / factorial(N - j), (j, 0, N)),
        exp(-lam - mu) * (lam + mu) ** N / factorial(N),
        [exp(-lam - mu) * (lam - mu) ** N / factorial(N), exp(-lam - mu) * (lam + mu) ** N / factorial(N - 1)],
        (),
    ),
    "Poisson thinning": (
        Sum(exp(-lam) * lam**j / factorial(j) * binomial(j, r) * p**r * q ** (j - r), (j, r, oo)),
        exp(-lam * p) * (lam * p) ** r / factorial(r),
        [exp(-lam) * (lam * p) ** r / factorial(r), exp(-lam * q) * (lam * p) ** r / factorial(r)],
        (),
    ),
    "Poisson generating function": (
        Sum(poisson * s**j, (j, 0, oo)),
        exp(lam * (s - 1)),
        [exp(lam * s), exp(s - 1)],
        (),
    ),
    "Poisson third moment": (Sum(j * (j - 1) * (j - 2) * poisson, (j, 0, oo)), lam**3, [lam**2, -(lam**3)], ()),
    "Poisson over j + 1": (Sum(poisson / (j + 1), (j, 0, oo)), (1 - exp(-lam)) / lam, [1 - exp(-lam), 1 / lam], ()),
    "partial sums of Poisson": (
        Sum(j * lam**j / factorial(j), (j, 0, N)),
        lam * Sum(lam**j / factorial(j), (j, 0, N - 1)),
        [lam * Sum(lam**j / factorial(j), (j, 0, N)), Sum(lam**j / factorial(j), (j, 0, N - 1))],
        (),
    ),
    "derivative of a partial sum": (
        Derivative(exp(-lam * t) * Sum((lam * t) ** j / factorial(j), (j, 0, N - 1)), t),
        -lam * exp(-lam * t) * (lam * t) ** (N - 1) / factorial(N - 1),
        [
            lam * exp(-lam * t) * (lam * t) ** (N - 1) / factorial(N - 1),
            -lam * exp(-lam * t) * (lam * t) ** N / factorial(N),
        ],
        (),
    ),
    "negative binomial": (Sum(until, (j, 0, oo)), 1, [p, 2], [p < 1]),
    "negative binomial mean": (Sum(j * until, (j, 0, oo)), r * q / p, [r * p / q, r / p, q / p], [p < 1]),
    "waiting for r": (
        Sum(binomial(N - 1, r - 1) * p**r * q ** (N - r), (N, r, oo)),
        1,
        [p],
        [p < 1],
    ),
    "central binomial series": (
        Sum(binomial(2 * j, j) * x**j, (j, 0, oo)),
        1 / sqrt(1 - 4 * x),
        [sqrt(1 - 4 * x), 1 / sqrt(1 - 2 * x), -1 / sqrt(1 - 4 * x)],
        series,
    ),
    "first returns": (
        Sum(binomial(2 * j, j) / (2 * j - 1) * x**j, (j, 1, oo)),
        1 - sqrt(1 - 4 * x),
        [sqrt(1 - 4 * x), -sqrt(1 - 4 * x), 1 + sqrt(1 - 4 * x)],
        series,
    ),
    "Catalan": (
        Sum(catalan(j) * x**j, (j, 0, oo)),
        (1 - sqrt(1 - 4 * x)) / (2 * x),
        [(1 + sqrt(1 - 4 * x)) / (2 * x), (1 - sqrt(1 - 4 * x)) / x, 1 - sqrt(1 - 4 * x)],
        series,
    ),
    "Vandermonde": (
        Sum(binomial(M, j) * binomial(N, r - j), (j, 0, r)),
        binomial(M + N, r),
        [binomial(M + N, r + 1), binomial(M + N - 1, r), binomial(M * N, r)],
        (),
    ),
    "squares": (Sum(binomial(n, j) ** 2, (j, 0, n)), binomial(2 * n, n), [binomial(2 * n, n + 1), 4**n], ()),
    "weighted squares": (
        Sum(j * binomial(N, j) ** 2, (j, 0, N)),
        N * binomial(2 * N, N) / 2,
        [N * binomial(2 * N, N), N * binomial(2 * N, N - 1) / 2],
        (),
    ),
    "returns convolve to one": (Sum(returns(j) * returns(n - j), (j, 0, n)), 1, [2, returns(n)], ()),
    "hockey stick": (
        Sum(binomial(j, r), (j, 0, n)),
        binomial(n + 1, r + 1),
        [binomial(n, r + 1), binomial(n + 1, r)],
        (),
    ),
    "alternating": (Sum((-1) ** j * binomial(N, j), (j, 0, N)), 0, [1, 2**N], ()),
    "expected visits": (
        Sum(returns(j), (j, 0, N)),
        (2 * N + 1) * returns(N),
        [(2 * N - 1) * returns(N), 2 * N * returns(N)],
        (),
    ),
    "no return": (Sum(returns(j) / (2 * j - 1), (j, 1, N)), 1 - returns(N), [returns(N), 1 - returns(N + 1)], ()),
    "factorials": (Sum(j * factorial(j), (j, 1, N)), factorial(N + 1) - 1, [factorial(N + 1), factorial(N) - 1], ()),
    "beside a free function": (
        Sum(f(j) * binomial(j, 2), (j, 0, N)),
        Sum(f(j) * j * (j - 1) / 2, (j, 0, N)),
        [Sum(f(j) * j * (j + 1) / 2, (j, 0, N))],
        (),
    ),
}


def engine(lhs, rhs=0, assuming=()):
    lhs, rhs = sp.sympify(lhs), sp.sympify(rhs)
    return _identity(Normalizer(Domain(lhs.free_symbols | rhs.free_symbols, assuming)), lhs, rhs)


@pytest.mark.parametrize("name", FACTORIALS)
def test_factorials(name):
    lhs, rhs, wrong = FACTORIALS[name]
    assert "simplify" not in prove("thm-true", lhs, rhs).route
    for number, other in enumerate(wrong):
        assert engine(lhs, other) is None
        with pytest.raises(Refuted):
            prove(f"thm-wrong-{number}", lhs, other)


@pytest.mark.parametrize("name", SUMS)
def test_true_sum_is_proved(name):
    lhs, rhs, _, assuming = SUMS[name]
    route = prove("thm-true", lhs, rhs, assuming=assuming).route
    assert "simplify" not in route and "sympy's sums" not in route


@pytest.mark.parametrize("name", SUMS)
def test_wrong_sum_is_refuted(name):
    lhs, _, wrong, assuming = SUMS[name]
    for number, rhs in enumerate(wrong):
        with pytest.raises(Refuted):
            prove(f"thm-wrong-{number}", lhs, rhs, assuming=assuming)


@pytest.mark.parametrize("name", SUMS)
def test_the_engine_alone_rejects_wrong_sums(name):
    lhs, _, wrong, assuming = SUMS[name]
    for rhs in wrong:
        assert engine(lhs, rhs, assuming) is None


def test_a_sum_that_is_empty_or_ends_early_for_some_values():
    for lhs, rhs in [
        (Sum((-1) ** j * binomial(n, j), (j, 0, n)), 0),  # 1 for n = 0
        (Sum(binomial(m, i) * lam**i, (i, 0, m)), (1 + lam) ** m),  # m may be negative
        (Sum(binomial(N, j), (j, 0, M)), 2**N),  # M may be smaller than N
        (Sum((-1) ** j * j * binomial(N, j), (j, 0, N)), 0),  # -1 for N = 1
        (Sum(binomial(n - 1, j) * lam**j, (j, 0, n - 1)), (1 + lam) ** (n - 1)),  # 0 for n = 0
        (Sum(binomial(2 * n, 2 * j), (j, 0, n)), 2 ** (2 * n - 1)),  # 1 for n = 0
        (Sum(binomial(M, j) * binomial(N, r - j), (j, 0, M)), binomial(M + N, r + 1)),
    ]:
        assert engine(lhs, rhs) is None
        with pytest.raises((Refuted, Undecided)):
            prove("thm-edge", lhs, rhs)


def test_the_least_integers_are_tried():
    several = symbols("n_1:6", integer=True, nonnegative=True)
    with pytest.raises(Refuted) as error:
        prove("thm-zero", 0 ** sum(several), 0)
    assert set(error.value.point.values()) == {0}


def test_signs_that_alternate():
    prove("thm-squared", (-1) ** n * (-1) ** (n + 1), -1)
    assert engine((-1) ** n, 1) is None
    assert engine((-1) ** n, (-1) ** (n + 1)) is None


def test_binomials_at_negative_integers_are_left_alone():
    assert engine(binomial(m, m - 2), m * (m - 1) / 2) is None  # 0 and not 1 for m = -1
    assert engine(binomial(n - 1, n - 1), 1) is None  # 0 for n = 0
    assert engine(binomial(m, N) * factorial(N), sp.ff(m, N)) is None


def test_a_series_needs_its_ratio_below_one():
    with pytest.raises(ValueError, match=r"ratio 4\*x needs \|4\*x\| < 1"):
        prove("thm-no-bound", Sum(binomial(2 * j, j) * x**j, (j, 0, oo)), 1 / sqrt(1 - 4 * x))
    with pytest.raises(ValueError, match="needs"):
        prove("thm-no-bound", Sum(until, (j, 0, oo)), 1)

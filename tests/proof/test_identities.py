"""`prove` on identities without sums of symbolic length, each with versions that are wrong."""

import pytest
import sympy as sp
from sympy import Eq, Integral, Matrix, Rational, Symbol, exp, log, oo, pi, sqrt, symbols, tanh

from rlcourse.proof import (
    Refuted,
    Undecided,
    entropy,
    expectation,
    kl,
    logsumexp,
    prove,
    score,
    simplex,
    softmax,
    variance,
)
from rlcourse.proof.domain import Domain
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.proofs import _identity

a = symbols("a_1:4", real=True)
b = symbols("b_1:4", real=True)
c, x, mu, t = symbols("c x mu t", real=True)
sigma, beta, u, v = symbols("sigma beta u v", positive=True)
lam = Symbol("lambda", positive=True)
n = Symbol("n", integer=True, positive=True)
p, q = simplex("p", 3), simplex("q", 3)
r = symbols("r_1:4", real=True)
soft = softmax(a)
f = [Symbol(f"f_{i}", real=True) for i in range(3)]


def sigmoid(z):
    return 1 / (1 + exp(-z))


def normal(z, mean, var):
    return exp(-((z - mean) ** 2) / (2 * var)) / sqrt(2 * pi * var)


weights = [w * exp(reward / beta) for w, reward in zip(q, r, strict=True)]
Z = sum(weights)
gibbs = [w / Z for w in weights]
ratio = normal(x, 0, 1) / normal(x, mu, 1)
k3 = ratio - 1 - log(ratio)

# name: (left side, right side, wrong right sides, assumptions)
IDENTITIES = {
    "softmax sums to one": (sum(soft), 1, [-1, 0, sum(soft[:2])], ()),
    "log-sum-exp shifts": (logsumexp([z + c for z in a]), c + logsumexp(a), [-c + logsumexp(a), logsumexp(a)], ()),
    "log-sum-exp bounds a difference": (
        logsumexp([a[0], a[1]]) - a[1],
        log(1 + exp(a[0] - a[1])),
        [log(1 + exp(a[1] - a[0])), log(1 - exp(a[0] - a[1]) / 2)],
        (),
    ),
    "log-softmax": (
        log(soft[0] / soft[1]),
        a[0] - a[1],
        [a[1] - a[0], a[0] + a[1], 2 * (a[0] - a[1])],
        (),
    ),
    "log-sum-exp with temperature": (
        beta * logsumexp([(z + c) / beta for z in a]),
        c + beta * log(exp(a[0] / beta) + exp(a[1] / beta) + exp(a[2] / beta)),
        [c / beta + beta * log(exp(a[0] / beta) + exp(a[1] / beta) + exp(a[2] / beta))],
        (),
    ),
    "sigmoid is a softmax": (sigmoid(a[0] - a[1]), softmax(a[:2])[0], [softmax(a[:2])[1]], ()),
    "tanh is a sigmoid": (tanh(x), 2 * sigmoid(2 * x) - 1, [2 * sigmoid(x) - 1, 1 - 2 * sigmoid(2 * x)], ()),
    "KL of softmaxes": (
        kl(soft, softmax(b)),
        sum(w * (y - z) for w, y, z in zip(soft, a, b, strict=True)) - logsumexp(a) + logsumexp(b),
        [sum(w * (y - z) for w, y, z in zip(soft, a, b, strict=True)) + logsumexp(a) - logsumexp(b)],
        (),
    ),
    "KL is cross entropy minus entropy": (
        kl(p, q),
        -sum(y * log(z) for y, z in zip(p, q, strict=True)) - entropy(p),
        [-sum(y * log(z) for y, z in zip(p, q, strict=True)) + entropy(p), kl(q, p)],
        (),
    ),
    "variance": (
        variance(p, f),
        expectation(p, [z**2 for z in f]) - expectation(p, f) ** 2,
        [expectation(p, [z**2 for z in f]) + expectation(p, f) ** 2, expectation(p, [z**2 for z in f])],
        (),
    ),
    "variance of a shifted multiple": (
        variance(p, [2 * z + c for z in f]),
        4 * variance(p, f),
        [2 * variance(p, f), 4 * variance(p, f) + c**2],
        (),
    ),
    "Gibbs identity": (
        expectation(p, r) - beta * kl(p, q),
        beta * log(Z) - beta * kl(p, gibbs),
        [beta * log(Z) + beta * kl(p, gibbs), log(Z) - beta * kl(p, gibbs), beta * log(Z) - beta * kl(gibbs, p)],
        (),
    ),
    "the partition function cancels": (
        sigmoid(beta * log(gibbs[0] / q[0]) - beta * log(gibbs[1] / q[1])),
        exp(r[0]) / (exp(r[0]) + exp(r[1])),
        [exp(r[1]) / (exp(r[0]) + exp(r[1])), exp(r[0] / beta) / (exp(r[0] / beta) + exp(r[1] / beta))],
        (),
    ),
    "score of a softmax": (
        score(log(soft[0]), a),
        Matrix([1 - soft[0], -soft[1], -soft[2]]),
        [Matrix([1 - soft[0], soft[1], -soft[2]]), Matrix([soft[0], -soft[1], -soft[2]])],
        (),
    ),
    "gradient of log-sum-exp": (
        [sp.diff(logsumexp(a), z) for z in a],
        soft,
        [[soft[1], soft[0], soft[2]], [-z for z in soft]],
        (),
    ),
    "hessian of log-sum-exp": (
        sp.hessian(logsumexp(a), a),
        sp.diag(*soft) - Matrix(soft) * Matrix(soft).T,
        [sp.diag(*soft) + Matrix(soft) * Matrix(soft).T, sp.diag(*soft)],
        (),
    ),
    "unevaluated derivative": (
        sp.Derivative(log(sigmoid(x)), x),
        sigmoid(-x),
        [sigmoid(x), -sigmoid(-x)],
        (),
    ),
    "chain rule with a free function": (
        sp.diff(exp(beta * sp.Function("h")(t)), t),
        beta * sp.Derivative(sp.Function("h")(t), t) * exp(beta * sp.Function("h")(t)),
        [sp.Derivative(sp.Function("h")(t), t) * exp(beta * sp.Function("h")(t))],
        (),
    ),
    "Gaussian has mass one": (Integral(normal(x, mu, sigma**2), (x, -oo, oo)), 1, [2, sigma], ()),
    "Gaussian second moment": (
        Integral(x**2 * normal(x, mu, sigma**2), (x, -oo, oo)),
        mu**2 + sigma**2,
        [mu**2 - sigma**2, mu**2 + sigma],
        (),
    ),
    "Gaussian moment generating function": (
        Integral(exp(t * x) * normal(x, mu, sigma**2), (x, -oo, oo)),
        exp(mu * t + sigma**2 * t**2 / 2),
        [exp(mu * t - sigma**2 * t**2 / 2), exp(mu * t + sigma**2 * t**2)],
        (),
    ),
    "Gaussian KL": (
        Integral(normal(x, mu, 1) * log(normal(x, mu, 1) / normal(x, 0, 1)), (x, -oo, oo)),
        mu**2 / 2,
        [mu**2, -(mu**2) / 2],
        (),
    ),
    "Gaussian variance of k3": (
        Integral(normal(x, mu, 1) * k3**2, (x, -oo, oo)) - mu**4 / 4,
        exp(mu**2) - 1 - mu**2,
        [exp(mu**2) - 1 + mu**2, exp(mu**2) - 1],
        (),
    ),
    "exponents add": (u ** (n + 1) * v**n, u * (u * v) ** n, [(u * v) ** n, u * (u * v) ** (n - 1)], ()),
    "logarithm of a power": (log(u**n * v / (u + v)), n * log(u) + log(v) - log(u + v), [n * log(u) + log(v)], ()),
    "logarithm of a square": (log((x - 1) ** 2), 2 * log(abs(x - 1)), [log(abs(x - 1)), 2 * log(abs(x + 1))], ()),
    "roots": (sqrt(u * v**3), v * sqrt(u) * sqrt(v), [v * sqrt(u), -v * sqrt(u) * sqrt(v)], ()),
    "rational in a square root": (
        1 / (sqrt(1 + u) - 1),
        (sqrt(1 + u) + 1) / u,
        [(sqrt(1 + u) - 1) / u, (sqrt(1 + u) + 1) / (2 * u)],
        (),
    ),
    "absolute value under an assumption": (abs(1 - lam), 1 - lam, [lam - 1], [lam < 1]),
    "maximum under an assumption": (sp.Max(lam, 1), 1, [lam], [lam < 1]),
    "maximum by cases": (sp.Max(x, c), (x + c + abs(x - c)) / 2, [(x + c - abs(x - c)) / 2, sp.Min(x, c)], ()),
    "maximum and minimum": (sp.Max(x, c) + sp.Min(x, c), x + c, [x - c, 2 * x], ()),
    "equation assumed": (u**2 * x + u * v * x, u * c, [v * c, -u * c], [Eq(x * (u + v), c)]),
}


NEED_CASES = {"maximum by cases", "maximum and minimum"}


def accepted_by_the_engine(lhs, rhs, assuming):
    """Ask the symbolic engine alone, without the values at random points."""
    lhs, rhs = (
        sp.Matrix([lhs] if isinstance(lhs, sp.Expr) else lhs),
        sp.Matrix([sp.sympify(rhs)] if not isinstance(rhs, (list, sp.MatrixBase)) else rhs),
    )
    domain = Domain(lhs.free_symbols | rhs.free_symbols, assuming)
    return all(_identity(Normalizer(domain), y, z) for y, z in zip(lhs, rhs, strict=True))


@pytest.mark.parametrize("name", IDENTITIES)
def test_true_identity_is_proved(name):
    lhs, rhs, _, assuming = IDENTITIES[name]
    verdict = prove("thm-true", lhs, rhs, assuming=assuming)
    assert verdict.status == "proved"
    assert verdict.route and "simplify" not in verdict.route


@pytest.mark.parametrize("name", IDENTITIES)
def test_wrong_identity_is_refuted(name):
    lhs, _, wrong, assuming = IDENTITIES[name]
    for number, rhs in enumerate(wrong):
        with pytest.raises(Refuted) as error:
            prove(f"thm-wrong-{number}", lhs, rhs, assuming=assuming)
        assert error.value.lhs_value != error.value.rhs_value


@pytest.mark.parametrize("name", IDENTITIES)
def test_the_engine_alone_rejects_wrong_identities(name):
    lhs, _, wrong, assuming = IDENTITIES[name]
    for rhs in wrong:
        assert not accepted_by_the_engine(lhs, rhs, assuming)


def test_what_holds_only_under_an_assumption_is_not_proved_without_it():
    for number, name in enumerate(
        ["absolute value under an assumption", "maximum under an assumption", "equation assumed"]
    ):
        lhs, rhs, _, _ = IDENTITIES[name]
        with pytest.raises((Refuted, Undecided)):
            prove(f"thm-bare-{number}", lhs, rhs)


def test_an_infinite_integral_of_a_growing_gaussian_is_not_proved():
    with pytest.raises(Undecided):
        prove("thm-growing", Integral(exp(x**2), (x, -oo, oo)), sqrt(pi))


def test_integral_that_is_not_gaussian():
    verdict = prove("thm-exponential", Integral(u * exp(-u * x), (x, 0, oo)), 1)
    assert "integration" in verdict.route
    with pytest.raises(Refuted):
        prove("thm-exponential-wrong", Integral(exp(-u * x), (x, 0, oo)), 1)


def test_nested_roots_are_left_to_sympy():
    assert "sympy's simplify" in prove("thm-nested", sqrt(5 + 2 * sqrt(6)), sqrt(2) + sqrt(3)).route
    with pytest.raises(Refuted):
        prove("thm-nested-wrong", sqrt(5 + 2 * sqrt(6)), sqrt(2) - sqrt(3))


def test_close_but_different_numbers_are_told_apart():
    with pytest.raises(Refuted):
        prove("thm-close", sqrt(2), Rational(14142135623730951, 10**16))

"""`prove` on inequalities, with versions that are wrong, and certificates."""

import pytest
import sympy as sp
from sympy import Eq, Ge, Gt, IndexedBase, Le, Rational, Sum, Symbol, exp, log, sqrt, symbols

from rlcourse.proof import Refuted, Undecided, entropy, expectation, kl, prove, simplex, softmax, variance
from rlcourse.proof.domain import Domain
from rlcourse.proof.inequalities import prove_sign
from rlcourse.proof.normal import Normalizer

r, a, b, c = symbols("r a b c", positive=True)
lam, gamma = symbols("lambda gamma", positive=True)
u, v = symbols("u v", real=True)
x, y = symbols("x_1:4", real=True), symbols("y_1:4", real=True)
n = Symbol("n", integer=True, positive=True)
i = Symbol("i", integer=True)
P, Q = IndexedBase("P", positive=True), IndexedBase("Q", positive=True)
p, q = simplex("p", 3), simplex("q", 3)
dot = sum(s * t for s, t in zip(x, y, strict=True))
masses = [Eq(Sum(P[i], (i, 1, n)), 1), Eq(Sum(Q[i], (i, 1, n)), 1)]
divergence = Sum(P[i] * log(P[i] / Q[i]), (i, 1, n))

# name: (true inequality, wrong ones, assumptions)
INEQUALITIES = {
    "log lies below its tangent": (log(r) <= r - 1, [log(r) >= r - 1, log(r) <= r - 2, log(r) <= r / 2 - 1], ()),
    "k3 is not negative": (r - 1 - log(r) >= 0, [r - 1 - log(r) > 0 * r + 1, r - 1 + log(r) >= 0], ()),
    "exp lies above its tangent": (exp(u) >= 1 + u, [exp(u) >= 1 + 2 * u, exp(u) <= 1 + u], ()),
    "square": (u**2 + v**2 >= 2 * u * v, [u**2 + v**2 >= 3 * u * v, u**2 + v**2 <= 2 * u * v], ()),
    "AM-GM of two": ((a + b) / 2 >= sqrt(a * b), [(a + b) / 2 <= sqrt(a * b), (a + b) / 3 >= sqrt(a * b)], ()),
    "AM-GM of three": (a**3 + b**3 + c**3 >= 3 * a * b * c, [a**3 + b**3 + c**3 >= 4 * a * b * c], ()),
    "harmonic mean": (a * b / (a + b) <= (a + b) / 4, [a * b / (a + b) >= (a + b) / 4], ()),
    "Cauchy-Schwarz": (
        dot**2 <= sum(s**2 for s in x) * sum(t**2 for t in y),
        [dot**2 >= sum(s**2 for s in x) * sum(t**2 for t in y), dot**2 <= x[0] ** 2 * sum(t**2 for t in y)],
        (),
    ),
    "variance is not negative": (variance(p, x) >= 0, [variance(p, x) <= 0, variance(p, x) >= x[0] ** 2], ()),
    "Gibbs": (kl(p, q) >= 0, [kl(p, q) <= 0, Ge(kl(p, q), Rational(1, 5))], ()),
    "Gibbs for n outcomes": (divergence >= 0, [divergence <= 0], masses),
    "Jensen": (
        log(expectation(p, [a, b, c])) >= expectation(p, [log(a), log(b), log(c)]),
        [log(expectation(p, [a, b, c])) <= expectation(p, [log(a), log(b), log(c)])],
        (),
    ),
    "entropy is at most log n": (entropy(p) <= log(3), [entropy(p) >= log(3), entropy(p) <= log(2)], ()),
    "a softmax lies below one": (1 - softmax(x)[0] > 0, [Gt(Rational(1, 2) - softmax(x)[0], 0)], ()),
    "discount of a product": (1 - lam * gamma > 0, [lam * gamma - 1 > 0], [lam < 1, gamma < 1]),
    "longer horizon, larger sum": (
        1 / (1 - gamma * lam) < 1 / (1 - gamma),
        [1 / (1 - gamma * lam) > 1 / (1 - gamma)],
        [lam < 1, gamma < 1],
    ),
    "triangle inequality": (abs(u + v) <= abs(u) + abs(v), [abs(u + v) >= abs(u) + abs(v)], ()),
    "hyperbolic cosine": (
        sp.cosh(u) <= exp(u**2 / 2),
        [sp.cosh(u) <= exp(u**2 / 3), sp.cosh(u) >= exp(u**2 / 2), sp.cosh(u) <= exp(u)],
        (),
    ),
    "below the chord": (
        exp(a * u) <= (1 + u) / 2 * exp(a) + (1 - u) / 2 * exp(-a),
        [
            exp(a * u) <= (1 - u) / 2 * exp(a) + (1 + u) / 2 * exp(-a),
            exp(a * u) >= (1 + u) / 2 * exp(a) + (1 - u) / 2 * exp(-a),
            exp(a * u) <= (1 + u) / 2 * exp(a),
        ],
        [u < 1, u > -1],
    ),
    "two events in a short time": (
        1 - exp(-a * b) - a * b * exp(-a * b) <= (a * b) ** 2 / 2,
        [1 - exp(-a * b) - a * b * exp(-a * b) <= (a * b) ** 2 / 4, 1 - exp(-a * b) <= (a * b) ** 2 / 2],
        (),
    ),
    "power of a probability": (lam**n < 1, [lam**n > 1, lam**n < lam], [lam < 1]),
    "central binomial": (
        sp.binomial(2 * n + 2, n + 1) < 4 * sp.binomial(2 * n, n),
        [
            sp.binomial(2 * n + 2, n + 1) > 4 * sp.binomial(2 * n, n),
            sp.binomial(2 * n + 2, n + 1) < 3 * sp.binomial(2 * n, n),
        ],
        (),
    ),
    "a mean from one on": (
        Sum(P[i] * (u - Q[i]), (i, 1, n)) <= u,
        [Sum(P[i] * (u - Q[i]), (i, 1, n)) >= u, Sum(P[i] * (u + Q[i]), (i, 1, n)) <= u],
        masses[:1],
    ),
    "two assumptions together": (u + v > 0, [u + 2 * v > 0, u - v > 0], [u + v - a > 0]),
    "ordered symbols": (u**2 - 2 * u * v + v**2 > 0, [u**2 - 2 * u * v - v**2 > 0], [u > v]),
}


@pytest.mark.parametrize("name", INEQUALITIES)
def test_true_inequality_is_proved(name):
    statement, _, assuming = INEQUALITIES[name]
    verdict = prove("thm-true", statement, assuming=assuming)
    assert verdict.status == "proved"


@pytest.mark.parametrize("name", INEQUALITIES)
def test_wrong_inequality_is_refuted(name):
    _, wrong, assuming = INEQUALITIES[name]
    for number, statement in enumerate(wrong):
        with pytest.raises(Refuted):
            prove(f"thm-wrong-{number}", statement, assuming=assuming)


@pytest.mark.parametrize("name", INEQUALITIES)
def test_the_engine_alone_rejects_wrong_inequalities(name):
    _, wrong, assuming = INEQUALITIES[name]
    for statement in wrong:
        normal = Normalizer(Domain(statement.free_symbols, assuming))
        assert prove_sign(normal, statement.rel_op, statement.lhs, statement.rhs, []) is None


def test_strict_is_not_proved_where_equality_occurs():
    with pytest.raises((Refuted, Undecided)):
        prove("thm-strict", u**2 + v**2 > 2 * u * v)
    with pytest.raises((Refuted, Undecided)):
        prove("thm-strict-log", Gt(r - 1, log(r)))


def test_what_needs_an_assumption_is_refuted_without_it():
    for number, name in enumerate(["discount of a product", "longer horizon, larger sum", "Gibbs for n outcomes"]):
        with pytest.raises(Refuted):
            prove(f"thm-bare-{number}", INEQUALITIES[name][0])


def test_routes_name_the_certificate():
    assert "convex in r" in prove("thm-convex", log(r) <= r - 1).route
    assert "sum of squares" in prove("thm-squares", u**2 + v**2 >= 2 * u * v).route
    assert "tangent" in prove("thm-tangent", kl(p, q) >= 0).route


def test_a_lemma_takes_the_place_of_the_tangent():
    lemma = prove("thm-log", log(r) <= r - 1)
    assert "lemma thm-log" in prove("thm-gibbs", kl(p, q) >= 0, lemmas=[lemma]).route


def test_an_instance_of_a_lemma():
    gibbs = prove("thm-gibbs", kl(p, q) >= 0)
    pi, ref = softmax(x), softmax(y)
    instance = gibbs.at({p[0]: pi[0], p[1]: pi[1], q[0]: ref[0], q[1]: ref[1]})
    assert "lemma thm-gibbs" in prove("thm-instance", kl(pi, ref) >= 0, lemmas=[instance]).route


def test_an_instance_must_meet_the_conditions_of_the_lemma():
    gibbs = prove("thm-gibbs", kl(p, q) >= 0)
    with pytest.raises(ValueError, match="holds for"):
        prove("thm-bad", u**2 + v**2 >= 2 * u * v, lemmas=[gibbs.at({p[0]: u})])
    with pytest.raises(ValueError, match="holds for"):  # two shares of at most one each can sum to more than one
        one, two = simplex("s", 2)[0], simplex("t", 2)[0]
        prove("thm-worse", u**2 + v**2 >= 2 * u * v, lemmas=[gibbs.at({p[0]: one, p[1]: two})])


def test_certificate_is_checked_twice():
    gap = a / b + b / a - 2
    assert "certificate" in prove("thm-certificate", a / b + b / a >= 2, certificate=(a - b) ** 2 / (a * b)).route
    with pytest.raises(ValueError, match="certificate: it must equal"):
        prove("thm-not-equal", a / b + b / a >= 2, certificate=(a + b) ** 2 / (a * b))
    with pytest.raises(Undecided):  # equal, but not visibly nonnegative term by term
        prove("thm-not-visible", Ge(u**2 - 2 * u * v + v**2 + gap, 0), certificate=u**2 - 2 * u * v + v**2 + gap)


def test_certificate_with_a_lemma():
    lemma = prove("thm-log", log(r) <= r - 1)
    terms = sum(w * (z / w - 1 - log(z / w)) for w, z in zip(p, q, strict=True))
    verdict = prove(
        "thm-kl", kl(p, q) >= 0, certificate=terms, lemmas=[lemma.at({r: z / w}) for w, z in zip(p, q, strict=True)]
    )
    assert "certificate" in verdict.route


def test_a_reversed_range_flips_no_bound():
    t = IndexedBase("t", positive=True)
    m = Symbol("m", integer=True)  # the sum from 1 to m is minus a positive sum if m < 0
    for number, statement in enumerate(
        [
            Sum(P[i] * log(t[i]), (i, 1, m)) <= Sum(P[i] * (t[i] - 1), (i, 1, m)),
            Ge(Sum(P[i], (i, 1, m)), 0, evaluate=False),
        ]
    ):
        with pytest.raises((Refuted, Undecided)):
            prove(f"thm-reversed-{number}", statement)
    normal = Normalizer(Domain({m}))
    gap = Sum(P[i] * (t[i] - 1 - log(t[i])), (i, 1, m))
    assert prove_sign(normal, ">=", gap, sp.S.Zero, []) is None
    with pytest.raises((Refuted, Undecided)):
        prove("thm-reversed-certificate", Ge(gap, 0, evaluate=False), certificate=gap)


def test_convexity_needs_a_domain_without_gaps():
    w = Symbol("w", real=True, nonzero=True)
    claim = 1 / w**2 + 2 * w - 3  # convex on both sides of 0, with minimum 0 at w = 1 on one of them only
    with pytest.raises(Refuted):
        prove("thm-gap", claim >= 0)
    assert prove_sign(Normalizer(Domain({w})), ">=", claim, sp.S.Zero, []) is None


def test_a_refuted_inequality_tells_both_values():
    with pytest.raises(Refuted) as error:
        prove("thm-values", Le(a, b))
    assert error.value.lhs_value > error.value.rhs_value
    assert error.value.point == {a: error.value.lhs_value, b: error.value.rhs_value}


def test_sum_of_squares_of_length_n():
    z = IndexedBase("z", real=True)
    prove("thm-sum", Ge(Sum(P[i] * z[i] ** 2, (i, 1, n)), 0, evaluate=False))
    with pytest.raises(Refuted):
        prove("thm-sum-wrong", Sum(P[i] * z[i], (i, 1, n)) >= 0)
    with pytest.raises((Refuted, Undecided)):  # an empty sum is zero
        prove("thm-empty", Sum(P[i], (i, 1, n - 1)) > 0)
    prove("thm-positive", Gt(Sum(P[i], (i, 1, n)), 0, evaluate=False))


def test_wrong_inequality_is_not_split_into_one_case(monkeypatch):
    import rlcourse.proof.proofs as module

    monkeypatch.setattr(module, "_try_points", lambda *_: None)  # the symbolic part alone
    for number, statement in enumerate([abs(u) <= u, abs(u) <= -u, sp.Max(u, v) <= u]):
        with pytest.raises(Undecided):
            prove(f"thm-case-{number}", statement)


def test_concave_needs_both_ends_and_both_bounds():
    for statement, assuming in [
        (u * (1 - u) >= 0, [u < 1]),  # not bounded below
        (u * (1 - u) >= 0, [u < 2, u > 0]),  # negative at one end
        (u * (u - 1) >= 0, [u < 1, u > 0]),  # convex
        (Ge(-log(u**2), 0), [u < 1, u > -2]),
    ]:
        with pytest.raises((Refuted, Undecided, ValueError)):
            prove("thm-concave", statement, assuming=assuming)
    assert prove("thm-arch", u * (1 - u) >= 0, assuming=[u < 1, u > 0]).status == "proved"


def test_logarithms_are_compared_only_where_both_sides_are_positive():
    normal = Normalizer(Domain({u, v}))
    assert prove_sign(normal, ">=", u**3, v**3, []) is None
    with pytest.raises((Refuted, Undecided)):
        prove("thm-cosh-strict", sp.cosh(u) < exp(u**2 / 2))  # equal at 0

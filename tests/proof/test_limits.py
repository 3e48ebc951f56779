"""`prove` on limits, each with versions that are wrong, and the time limit."""

import time

import pytest
import sympy as sp
from sympy import Limit, Rational, Sum, Symbol, exp, log, oo, pi, sqrt, symbols

from rlcourse.proof import Refuted, Undecided, clock, prove
from rlcourse.proof.domain import Domain
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.proofs import _identity

p, lam, t, h = symbols("p lambda t h", positive=True)
r, x, y = symbols("r x y", real=True)
k, m, n = symbols("k m n", integer=True, positive=True)
j = Symbol("j", integer=True)
ratio = (1 - p) / p
win = (1 - ratio**k) / (1 - ratio**m)
half = Rational(1, 2)
waits = 1 - exp(-lam * h)

# name: (left side, right side, wrong right sides, assumptions)
LIMITS = {
    "quotient that vanishes once": (Limit(win, p, half), k / m, [m / k, k / (m + 1), -k / m], ()),
    "quotient that vanishes twice": (
        Limit((k - m * win) / (1 - 2 * p), p, half),
        k * (m - k),
        [k * (k - m), k * (m - k + 1), m * (m - k)],
        (),
    ),
    "rate of a clock": (Limit(waits / h, h, 0), lam, [-lam, 1 / lam, lam**2], ()),
    "two events": (Limit((waits - lam * h * exp(-lam * h)) / h**2, h, 0), lam**2 / 2, [lam**2, -(lam**2) / 2], ()),
    "root at the point": (Limit((sqrt(1 + x * lam) - 1) / x, x, 0), lam / 2, [lam, -lam / 2], ()),
    "logarithm": (Limit(log(1 + x * y) / x, x, 0), y, [-y, 1 + y], ()),
    "compound interest": (Limit((1 + x * y) ** (1 / x), x, 0), exp(y), [exp(-y), 1 + y], ()),
    "thinner and thinner": (Limit((1 - lam * t / n) ** n, n, oo), exp(-lam * t), [exp(lam * t), 1 - lam * t], ()),
    "rational": (Limit((3 * n**2 + n) / (n**2 + 5), n, oo), 3, [-3, 0, Rational(3, 5)], ()),
    "geometric": (
        Limit((p**k - p**n) / (1 - p**n), n, oo),
        p**k,
        [1, p ** (k + 1), -(p**k)],
        [p < 1],
    ),
    "geometric with signs": (
        Limit((1 - r**n) / (1 - r), n, oo),
        1 / (1 - r),
        [1 / (1 + r), r / (1 - r)],
        [r < 1, r > -1],
    ),
    "power against exponential": (Limit(n**3 * p**n, n, oo), 0, [1, p], [p < 1]),
    "partial sums": (Limit(Sum(p**j, (j, 0, n)), n, oo), 1 / (1 - p), [p / (1 - p), 1 / (1 + p)], [p < 1]),
    "exponential against power": (Limit(t**3 * exp(-lam * t), t, oo), 0, [1, lam], ()),
    "without parameters": (Limit(sp.sin(x) / x, x, 0), 1, [0, -1], ()),
}


@pytest.mark.parametrize("name", LIMITS)
def test_true_limit_is_proved(name):
    lhs, rhs, _, assuming = LIMITS[name]
    assert "limits" in prove("thm-true", lhs, rhs, assuming=assuming).route


@pytest.mark.parametrize("name", LIMITS)
def test_wrong_limit_is_refuted(name):
    lhs, _, wrong, assuming = LIMITS[name]
    for number, rhs in enumerate(wrong):
        with pytest.raises(Refuted):
            prove(f"thm-wrong-{number}", lhs, rhs, assuming=assuming)


@pytest.mark.parametrize("name", LIMITS)
def test_the_engine_alone_rejects_wrong_limits(name):
    lhs, _, wrong, assuming = LIMITS[name]
    for rhs in map(sp.sympify, wrong):
        assert _identity(Normalizer(Domain(lhs.free_symbols | rhs.free_symbols, assuming)), lhs, rhs) is None


def engine(lhs, assuming=()):
    return Normalizer(Domain(lhs.free_symbols, assuming)).form(lhs)


def test_a_limit_needs_what_makes_it_exist():
    for lhs, assuming in [
        (Limit(p**n, n, oo), ()),
        (Limit(r**n, n, oo), [r < 1]),
        (Limit((-1) ** n, n, oo), ()),
        (Limit((-1) ** n * (n + 1) / n, n, oo), ()),
        (Limit((1 - p**n) / (1 - r**n), n, oo), [p < 1, r < 1]),
        (Limit(x / abs(x), x, 0, "+-"), ()),
        (Limit(lam / h, h, 0), ()),
        (Limit(lam * h, h, -1), ()),  # h is positive and comes nowhere near
        (Limit(sqrt(h) / h, h, 0), ()),
        (Limit((n + 1) ** 2 * n - n**3 - 2 * n**2, n, oo), ()),
        (Limit(sp.Function("f")(x), x, 0), ()),
    ]:
        assert engine(lhs, assuming).has(Limit)


def test_a_limit_from_one_side():
    prove("thm-right", Limit(abs(x) / x, x, 0, "+"), 1)
    prove("thm-left", Limit(abs(x) / x, x, 0, "-"), -1)
    with pytest.raises(Refuted):
        prove("thm-wrong", Limit(abs(x) / x, x, 0, "-"), 1)


def test_the_variable_of_a_limit_is_not_assumed_to_be_anything():
    with pytest.raises(ValueError, match="p is the variable of"):
        prove("thm-assumed", Limit(abs(1 - p), p, 2), -1, assuming=[p < 1])


def endless():
    while True:
        pass


def test_a_call_that_does_not_return_is_ended():
    start = time.process_time()
    assert clock.within(0.1, endless) is None
    assert clock.within(5, lambda: clock.within(0.1, endless) or 7) == 7
    assert clock.within(0.1, lambda: clock.within(5, endless) or 7) is None
    assert clock.within(0.1, lambda: 3) == 3
    assert time.process_time() - start < 2


def test_an_endless_proof_is_undecided(monkeypatch):
    monkeypatch.setattr(clock, "TOTAL", 0.2)
    monkeypatch.setattr("rlcourse.proof.proofs._identity", lambda *args: endless())
    with pytest.raises(Undecided, match="neither proved nor refuted within"):
        prove("thm-endless", x + y, y + x + 0 * n + sqrt(pi) - sqrt(pi))


def test_a_library_does_not_swallow_the_alarm():
    def stubborn():
        try:
            endless()
        except Exception:
            return 1

    assert clock.within(0.1, stubborn) is None

"""`refute`."""

import pytest
from sympy import Function, IndexedBase, Matrix, Rational, Symbol, exp, log, sqrt, symbols

from rlcourse.proof import ledger, refute, simplex
from rlcourse.proof.verdict import MIME

x, y = symbols("x y", real=True)
a = Symbol("a", positive=True)
n = Symbol("n", integer=True, positive=True)


def test_shows_point_and_both_values():
    verdict = refute("fact-square", (x + y) ** 2, x**2 + y**2, at={x: 1, y: Rational(1, 2)})
    assert verdict.status == "refuted"
    record = verdict._repr_mimebundle_()[MIME]
    assert (record["point"], record["lhs_value"], record["rhs_value"]) == ({"x": "1", "y": "1/2"}, "9/4", "5/4")
    assert "9/4" in repr(verdict) and "5/4" in repr(verdict)
    assert r"\neq" not in verdict.formula and "left } 2.25" in verdict.formula


def test_true_at_the_point_is_an_error():
    with pytest.raises(ValueError, match="holds at x = 0, y = 3: 9 == 9"):
        refute("fact-square", (x + y) ** 2, x**2 + y**2, at={x: 0, y: 3})
    assert len(ledger) == 0


@pytest.mark.parametrize(
    "statement, false_at, true_at",
    [
        (x >= y, {x: 1, y: 2}, {x: 2, y: 1}),
        (x <= y, {x: 2, y: 1}, {x: 1, y: 2}),
        (x > y, {x: 1, y: 1}, {x: 2, y: 1}),
        (x < y, {x: 1, y: 1}, {x: 1, y: 2}),
        (log(a) >= a - 1, {a: 2}, {a: 1}),
    ],
)
def test_inequalities(statement, false_at, true_at):
    assert refute("fact-false", statement, at=false_at).status == "refuted"
    with pytest.raises(ValueError, match="holds at"):
        refute("fact-true", statement, at=true_at)


def test_irrational_values_are_compared_to_many_digits():
    assert "0.6931" in refute("fact-log", log(a), a - 1, at={a: 2}).formula
    with pytest.raises(ValueError, match="holds"):
        refute("fact-root", sqrt(a) ** 2 + log(a**2), a + 2 * log(a), at={a: 3})
    refute("fact-close", sqrt(a), Rational(14142135623730951, 10**16), at={a: 2})


def test_a_strict_inequality_fails_where_both_sides_are_equal():
    share = Symbol("s", nonnegative=True)
    refute("fact-zero", share * exp(5) / (share * exp(5) + 1 - share) > 0, at={share: 0})
    refute("fact-equal", sqrt(a) * sqrt(a + 1) > sqrt(a**2 + a), at={a: 2})
    with pytest.raises(ValueError, match="holds"):
        refute("fact-larger", sqrt(a) * sqrt(a + 1) > sqrt(a**2 + a) - Rational(1, 10**30), at={a: 2})


def test_every_free_symbol_needs_a_value():
    with pytest.raises(ValueError, match="no value for y"):
        refute("fact-x", x + y, x, at={x: 1})
    f, w = Function("f"), IndexedBase("w")
    with pytest.raises(ValueError, match=r"no value for f\(1\)"):
        refute("fact-f", f(x), x, at={x: 1})
    with pytest.raises(ValueError, match=r"no value for w\[2\]"):
        refute("fact-w", w[n], 0, at={n: 2})
    assert refute("fact-f", f(x) + w[n], x, at={x: 1, n: 2, f(1): 3, w[2]: 4}).details["lhs_value"] == "7"


def test_values_must_have_the_assumptions():
    with pytest.raises(ValueError, match="a = -1 breaks an assumption"):
        refute("fact-a", a, a**2, at={a: -1})
    with pytest.raises(ValueError, match="n = 1/2 breaks"):
        refute("fact-n", n, n**2, at={n: Rational(1, 2)})
    p = simplex("p", 3)
    with pytest.raises(ValueError, match="fails"):
        refute("fact-p", p[0], p[1], at={p[0]: Rational(2, 3), p[1]: Rational(1, 2)})


def test_both_sides_must_be_real_at_the_point():
    with pytest.raises(ValueError, match="real numbers"):
        refute("fact-pole", 1 / x, 0, at={x: 0})
    with pytest.raises(ValueError, match="real numbers"):
        refute("fact-log", log(1 - a), 0, at={a: 2})


def test_floats_are_refused():
    with pytest.raises(TypeError, match="not exact"):
        refute("fact-x", x, y, at={x: 0.5, y: 1})


def test_the_failing_entry_of_a_matrix_is_named():
    verdict = refute("fact-matrix", Matrix([x, y]), Matrix([x, x]), at={x: 1, y: 2})
    assert verdict.details["lhs_value"] == "2"
    assert "[1, 0]" in verdict.formula


def test_formula_stands_for_the_sides():
    verdict = refute("fact-x", x, y, at={x: 1, y: 2}, formula="A = B", note="They differ.")
    assert verdict.formula.count("A = B") == 1
    assert verdict.details["claim"] == "A = B"
    assert "They differ." in repr(verdict)

"""What `prove` takes, what it tells when it fails, and the guards around it."""

import pytest
import sympy as sp
from sympy import Eq, Function, IndexedBase, Matrix, Rational, Symbol, exp, log, sqrt, symbols

import rlcourse.proof.proofs as module
from rlcourse.proof import Refuted, Undecided, agree, prove, refute, simplex
from rlcourse.proof.domain import Domain
from rlcourse.proof.normal import Normalizer

x, y = symbols("x y", real=True)
a, b = symbols("a b", positive=True)
lam = Symbol("lambda", positive=True)
plain = Symbol("z")


def test_refuted_tells_point_and_values():
    with pytest.raises(Refuted) as error:
        prove("thm-x", (x + y) ** 2, x**2 + y**2)
    point = error.value.point
    assert set(point) == {x, y}
    assert error.value.lhs_value == (point[x] + point[y]) ** 2
    assert error.value.rhs_value == point[x] ** 2 + point[y] ** 2
    assert "difference 2*x*y" in str(error.value)
    assert f"x = {point[x]}" in str(error.value)


def test_refuted_tells_the_values_of_functions():
    f = Function("f")
    with pytest.raises(Refuted) as error:
        prove("thm-f", f(x), f(y))
    assert any(entry.func == f for entry in error.value.point)


def test_undecided_tells_difference_point_and_values():
    gap = sp.Integral(sp.cos(x**5 + a), (x, 0, 1))
    with pytest.raises(Undecided) as error:
        prove("thm-hard", gap, sp.Integral(sp.cos(y**5 + a), (y, 0, 1)))
    for part in ("neither proved nor refuted", "difference", "tried a = ", "left side", "right side"):
        assert part in str(error.value)


def test_false_at_a_single_point_is_never_proved():
    with pytest.raises((Refuted, Undecided)):
        prove("thm-delta", sp.KroneckerDelta(Symbol("k", integer=True), 10**6), 0)


def test_numbers_alone_never_prove(monkeypatch):
    monkeypatch.setattr(module, "_identity", lambda *_: None)
    with pytest.raises(Undecided):
        prove("thm-x", x + 1, 1 + x + 0 * y)


def test_an_error_of_the_symbolic_engine_is_noticed(monkeypatch):
    monkeypatch.setattr(module, "vanishes", lambda _: True)
    with pytest.raises(Refuted):
        prove("thm-x", x, 2 * x)


def test_no_proof_without_a_point_where_both_sides_are_real():
    with pytest.raises(Undecided, match="no point"):
        prove("thm-nowhere", log(-1 - x**2), log(-1 - x**2) + 0 * y)


def test_points_obey_the_assumptions():
    prove("thm-negative", abs(Symbol("w", negative=True)), -Symbol("w", negative=True))
    with pytest.raises(Refuted):
        prove("thm-real", abs(x), x)
    even = Symbol("e", integer=True, even=True)
    prove("thm-even", (-1) ** even, 1)


def test_matrices_and_lists():
    prove("thm-matrix", Matrix([[x, y], [y, x]]) ** 2, Matrix([[x**2 + y**2, 2 * x * y], [2 * x * y, x**2 + y**2]]))
    prove("thm-list", [x + x, y - y], [2 * x, 0])
    with pytest.raises(Refuted, match=r"entry \[1, 0\]"):
        prove("thm-entry", Matrix([x, y]), Matrix([x, 2 * y]))


@pytest.mark.parametrize(
    "lhs, rhs",
    [
        (Matrix([x, y]), Matrix([[x, y]])),
        (Matrix([x, y]), Matrix([x, y, x])),
        ([x, y], [x]),
        (Matrix([x]), x),
        (x, [x]),
    ],
)
def test_shapes_must_agree(lhs, rhs):
    with pytest.raises(ValueError, match="shape mismatch"):
        prove("thm-shape", lhs, rhs)


@pytest.mark.parametrize("side", [[], Matrix(0, 0, [])])
def test_empty_sides_are_refused(side):
    with pytest.raises(ValueError, match="empty"):
        prove("thm-empty", side, side)


@pytest.mark.parametrize("bad", [0.5, x + 0.25, "x", None, object(), sp.true])
def test_only_exact_expressions(bad):
    with pytest.raises(TypeError):
        prove("thm-type", bad, x)


def test_floats_are_named():
    with pytest.raises(TypeError, match=r"0\.25.* is not exact; write Rational\('0.25'\)"):
        prove("thm-float", x, x + 0.25)


def test_a_relation_that_sympy_decided_is_refused():
    with pytest.raises(ValueError, match="became True"):
        prove("thm-decided", x**2 >= 0)
    prove("thm-kept", sp.Ge(x**2, 0, evaluate=False))
    with pytest.raises(TypeError, match="two sides"):
        prove("thm-single", x)


@pytest.mark.parametrize(
    "expr, message",
    [
        (log(plain), r"the sign of z is not known; write Symbol\('z', positive=True\)"),
        (log(x), r"Symbol\('x', positive=True\)"),
        (sqrt(plain), "sign of z"),
        (plain**x, "sign of z"),
        (log(a * plain), "sign of z"),
        (log(exp(plain)), r"z has no assumptions; write Symbol\('z', real=True\)"),
        (log(Function("f")(x)), r"Function\('f', positive=True\)"),
        (log(IndexedBase("w")[1]), r"IndexedBase\('w', positive=True\)"),
    ],
)
def test_missing_assumptions_are_named(expr, message):
    with pytest.raises(ValueError, match=message):
        prove("thm-assume", expr, expr + x - x)


def test_assumptions_that_are_not_needed_are_not_asked_for():
    prove("thm-polynomial", (plain + 1) ** 2, plain**2 + 2 * plain + 1)
    prove("thm-compound", log((1 - x) ** 2 * a), log(a) + 2 * log(abs(1 - x)))


def test_bad_assuming():
    with pytest.raises(ValueError, match=r"assuming\[0\].*not strict"):
        prove("thm-weak", lam, lam, assuming=[lam <= 1])
    with pytest.raises(ValueError, match="became True"):
        prove("thm-known", lam, lam, assuming=[lam > 0])
    with pytest.raises(ValueError, match=r"assuming\[0\]: expected an inequality"):
        prove("thm-what", lam, lam, assuming=[lam])
    with pytest.raises(ValueError, match="determines no term"):
        prove("thm-square", lam, lam + x * 0, assuming=[Eq(sp.sin(x) ** 2, lam**2)])


def test_lemmas_are_used():
    f = Function("f")
    step = prove("thm-step", sp.Integral(x * exp(-(x**2)), (x, 0, a)), (1 - exp(-(a**2))) / 2)
    verdict = prove(
        "thm-use", 2 * sp.Integral(x * exp(-(x**2)), (x, 0, a)) + f(a), 1 - exp(-(a**2)) + f(a), lemmas=[step]
    )
    assert "lemma thm-step" in verdict.route


def test_only_proved_verdicts_are_lemmas():
    bad = refute("fact-x", x, 2 * x, at={x: 1})
    number = agree("thm-x:code", 1.0, 1.0)
    for lemma in (bad, number):
        with pytest.raises(ValueError, match="only a proved statement"):
            prove("thm-y", x, 2 * x, lemmas=[lemma])
        with pytest.raises(ValueError, match="only a proved statement"):
            lemma.at({x: y})
    with pytest.raises(TypeError, match=r"lemmas\[0\]"):
        prove("thm-y", x, 2 * x, lemmas=[Eq(x, 2 * x)])


def test_a_lemma_keeps_its_assumptions():
    series = prove(
        "thm-series",
        sp.Sum(lam ** Symbol("k", integer=True), (Symbol("k", integer=True), 0, sp.oo)),
        1 / (1 - lam),
        assuming=[lam < 1],
    )
    with pytest.raises(ValueError, match="lambda < 1"):
        prove("thm-use", a + b, b + a, lemmas=[series])
    k = Symbol("k", integer=True)
    share = a / (a + b)
    half = prove("thm-instance", sp.Sum(share**k, (k, 0, sp.oo)), (a + b) / b, lemmas=[series.at({lam: share})])
    assert half.status == "proved"
    with pytest.raises(ValueError, match="no free symbol"):
        series.at({a: b})


def test_same_points_for_the_same_label():
    def refutation(label):
        with pytest.raises(Refuted) as error:
            prove(label, x, y)
        return error.value.point

    assert refutation("thm-one") == refutation("thm-one")
    assert refutation("thm-one") != refutation("thm-two")


def test_simplex_symbols_carry_their_bound():
    p = simplex("p", 3)
    prove("thm-last", log(p[-1] ** 2), 2 * log(p[-1]))
    q = symbols("p_1 p_2", positive=True)
    with pytest.raises((Refuted, Undecided)):
        prove("thm-plain", sp.Gt(1 - q[0] - q[1], 0))
    prove("thm-share", sp.Gt(p[-1], 0))


def test_nothing_is_recorded_when_it_fails():
    from rlcourse.proof import ledger

    with pytest.raises(Refuted):
        prove("thm-x", x, y)
    assert len(ledger) == 0
    prove("thm-x", x + x, 2 * x)
    assert [v.label for v in ledger] == ["thm-x"]


def test_rational_numbers():
    with pytest.raises(Refuted) as error:
        prove("thm-number", Rational(1, 3), Rational(1, 4))
    assert "no free symbols" in str(error.value)


def test_roots_of_unknown_sign_are_not_split():
    normal = Normalizer(Domain({x, y}))
    for lhs, rhs in [
        (sqrt((x - 1) ** 2), x - 1),
        (sqrt((x - 1) * (y - 1)), sqrt(x - 1) * sqrt(y - 1)),
        (sqrt(1 / (x - y)), 1 / sqrt(x - y) * sp.sign(x - y)),
    ]:
        assert module._identity(normal, lhs, rhs) is None

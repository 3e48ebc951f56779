"""False statements that agree with true ones at every point that is likely to be tried; none may pass."""

import numpy as np
import pytest
import sympy as sp
from sympy import (
    Function,
    Ge,
    Gt,
    Integral,
    KroneckerDelta,
    Ne,
    Piecewise,
    Rational,
    Sum,
    Symbol,
    exp,
    log,
    oo,
    symbols,
)

from rlcourse.proof import Refuted, Undecided, agree, consistent, entropy, lagrange, prove, refute

x, y = symbols("x y", real=True)
a, b, c = symbols("a b c", positive=True)
z = Symbol("z")
n = Symbol("n", integer=True, positive=True)
k, M = symbols("k M", integer=True)
index = Symbol("i", integer=True, positive=True)
w = Symbol("w", real=True, nonzero=True)
low = Symbol("v", nonpositive=True)
f = Function("f", real=True)

FALSE = {
    "strict at the boundary of two cases": Gt(abs(x), 0, evaluate=False),
    "strict at a tie": Gt(sp.Max(x, -x), 0, evaluate=False),
    "zero is an isolated integer": Ge(abs(M), 1, evaluate=False),
    "a complex square": Ge(z**2, 0, evaluate=False),
    "a denominator far out": Gt(1 / (20 - a), 0, evaluate=False),
    "a jump far out": Ge(a - 50 * sp.Heaviside(a - 20), 0, evaluate=False),
    "signs of the terms differ": Ge(100 * abs(Sum(f(k), (k, 0, n))), Sum(abs(f(k)), (k, 0, n)), evaluate=False),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_inequality(name):
    with pytest.raises((Refuted, Undecided)):
        prove("thm-false", FALSE[name])


def test_identities_that_hold_for_real_symbols_only():
    with pytest.raises((Refuted, Undecided)):
        prove("thm-complex", abs(z) ** 2, z**2)
    one, two = symbols("A B", commutative=False)
    with pytest.raises(TypeError, match="commutative"):
        prove("thm-order", one * two, two * one)


def test_a_jump_on_the_boundary_of_two_cases():
    with pytest.raises((Refuted, Undecided)):
        prove("thm-jump", Piecewise((1, sp.Eq(x, 0)), (0, True)) + abs(x), sp.Max(x, -x))


def test_assumptions_that_contradict_each_other():
    with pytest.raises((Undecided, ValueError)):
        prove("thm-circle", a, b, assuming=[sp.Eq(a, 2 * b), sp.Eq(b, c), sp.Eq(c, a)])


@pytest.mark.parametrize("statement", [Ne(0, x**2, evaluate=False), Ne(x, x + a, evaluate=False)])
def test_not_equal_is_not_proved_as_at_most(statement):
    with pytest.raises(ValueError, match="a != b is not proved"):
        prove("thm-unequal", statement)


def test_a_bound_index_is_where_its_range_is():
    with pytest.raises(ValueError, match="i has an assumption that its range"):
        prove("thm-index", Ge(Sum(index + 20, (index, -n, -1)), 0, evaluate=False))
    with pytest.raises(ValueError, match="k is the variable of"):
        prove("thm-assumed", Gt(Sum(20 - k, (k, 0, n)), 0, evaluate=False), assuming=[k < 20])
    with pytest.raises(ValueError, match="k is the variable of"):
        prove("thm-assumed", Sum(abs(20 - k), (k, 0, n)), Sum(20 - k, (k, 0, n)), assuming=[k < 20])
    prove("thm-fine", Sum(index, (index, 1, n)), n * (n + 1) / 2)


def test_an_integral_that_diverges_for_some_parameters():
    with pytest.raises((Refuted, Undecided)):
        prove("thm-pole", Integral(1 / (x - a) ** 2, (x, 0, 1)), -1 / (1 - a) - 1 / a)
    prove("thm-no-pole", Integral(1 / (x + a) ** 2, (x, 0, 1)), 1 / a - 1 / (1 + a))


def test_an_instance_of_a_lemma_meets_every_assumption():
    nonzero = prove("thm-nonzero", Gt(w**2 / (1 + w**2), 0, evaluate=False))
    with pytest.raises(ValueError, match="holds for nonzero w, here x"):
        prove("thm-any", Gt(x**2 / (1 + x**2), 0, evaluate=False), lemmas=[nonzero.at({w: x})])
    signed = prove("thm-signed", Ge(-low - low**3, 0, evaluate=False))
    with pytest.raises(ValueError, match="holds for nonpositive v, here x"):
        prove("thm-any", Ge(30 - x - x**3, 0, evaluate=False), lemmas=[signed.at({low: x})])


def test_lemmas_and_certificates_are_defined_where_the_statement_is():
    above = prove("thm-above", Ge(x + 19 - log(x + 20), 0, evaluate=False))  # for x > -20
    below = prove("thm-below", Ge(log(x + 20) - 1 + 1 / (x + 20), 0, evaluate=False))
    with pytest.raises(ValueError, match="may be undefined here"):
        prove("thm-all", Ge(x + 18 + 1 / (x + 20), 0, evaluate=False), lemmas=[above, below])
    terms = a * (x + 19 - log(x + 20)) + a * (log(x + 20) - 1 + 1 / (x + 20))
    with pytest.raises(ValueError, match="certificate: log"):
        prove("thm-all", Ge(a * (x + 18 + 1 / (x + 20)), 0, evaluate=False), certificate=terms)


def test_refute_does_not_accept_what_is_true():
    late = Sum(KroneckerDelta(k, 100), (k, 0, oo))  # 0 as far as the first terms tell
    with pytest.raises(ValueError, match="do not show"):
        refute("fact-late", late, 1, at={})
    wide = (exp(100 * x) + 1) ** 2 - exp(200 * x) - 2 * exp(100 * x)  # 1, but 40 digits are too few
    with pytest.raises(ValueError, match="holds at"):
        refute("fact-digits", wide, 1, at={x: 1})
    prove("thm-digits", wide, 1)
    with pytest.raises(ValueError, match="is no number"):
        refute("fact-infinite", Gt(1 / (1 + x**2), 0, evaluate=False), at={x: oo})
    with pytest.raises(ValueError, match="is no number"):
        refute("fact-infinite", z + 1, z, at={z: oo})
    q = Symbol("q", rational=True)
    with pytest.raises(ValueError, match="breaks an assumption"):
        refute("fact-rational", Ne(q**2, 2), at={q: sp.sqrt(2)})


def test_extrema_are_of_smooth_functions_inside_the_domain():
    two_parabolas = Piecewise((-(x**2), x < 3), (100 - x**2, True))
    with pytest.raises(ValueError, match="not smooth"):
        lagrange(two_parabolas, [x], [])
    with pytest.raises(ValueError, match="z must range over an interval"):
        lagrange(-(z**2), [z], [])
    u = Symbol("u", nonnegative=True)
    with pytest.raises(ValueError, match="u = -1 is not known to be nonnegative"):
        lagrange(-((u + 1) ** 2), [u], []).maximum("thm-outside", {u: -1})


@pytest.mark.parametrize(
    "computed, exact, error, message",
    [
        (np.ma.masked_array([1.0, 2.0], mask=[False, True]), [1.0, 2.0], ValueError, "masked"),
        ([2**53 + 1], [2**53], ValueError, r"beyond 2\*\*53"),
        ([sp.Integer(1), "2"], [1, 2], TypeError, "expected numbers"),
        ({1: 2.0}, {"1": 2.0}, ValueError, "keys"),
    ],
)
def test_agree_refuses_what_it_cannot_compare(computed, exact, error, message):
    with pytest.raises(error, match=message):
        agree("thm-x:code", computed, exact)


def test_agree_takes_a_list_of_tensors_with_gradients():
    torch = pytest.importorskip("torch")
    agree("thm-x:torch", [torch.tensor(1.0, requires_grad=True)], [1.0])


def test_consistent_needs_draws_that_vary():
    draws = np.random.default_rng(0).normal(size=(500, 2))
    draws[:, 1] = 0  # an event too rare to have occurred
    with pytest.raises(ValueError, match=r"every draw\[1\] is the same"):
        consistent("thm-x:rare", draws, [0.0, 0.0], wrong=[1.0, 1.0])


def test_forgotten_brackets_are_named():
    with pytest.raises(TypeError, match="code: expected a list or tuple"):
        prove("thm-x", x, x, code="rlcourse.x")
    with pytest.raises(TypeError, match="assuming: expected a list or tuple"):
        prove("thm-x", x, x, assuming=a < 1)
    with pytest.raises(TypeError, match="lemmas: expected a list or tuple"):
        prove("thm-y", x, x, lemmas=prove("thm-x", x, x))


def test_probabilities_as_floats_may_be_rounded():
    entropy([0.1] * 10)
    with pytest.raises(ValueError, match="sum to 1"):
        entropy([0.1] * 9)
    with pytest.raises(ValueError, match="sum to 1"):
        entropy([Rational(1, 2), Rational(1, 3)])

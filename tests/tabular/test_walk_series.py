"""Generating functions: their coefficients are the probabilities of the listed paths."""

from fractions import Fraction

import pytest
import sympy as sp
from oracles import walks as oracle
from sympy import Rational

from rlcourse.tabular import walk_series

s, p = sp.Symbol("s"), sp.Symbol("p", positive=True)


def coefficients(expression, n):
    series = sp.series(expression, s, 0, n + 1).removeO()
    return [Fraction(int(c.p), int(c.q)) for c in (sp.Rational(series.coeff(s, t)) for t in range(n + 1))]


def test_values_at_one_are_probabilities_of_the_whole_event():
    assert walk_series.first_return_gf(Rational(1, 3), 1) == Rational(2, 3)
    assert walk_series.first_passage_gf(Rational(1, 3), 1, 2) == Rational(1, 4)
    assert walk_series.first_passage_gf(Rational(1, 3), 1, -2) == 1
    assert walk_series.return_gf(Rational(1, 3), 1) == 3
    # the fair walk returns infinitely often
    assert walk_series.return_gf(Rational(1, 2), 1) == sp.oo and walk_series.return_gf(Rational(1, 2), -1) == sp.oo


def test_symbols_are_taken():
    level = sp.Symbol("a", integer=True, positive=True)
    got = walk_series.first_passage_gf(p, s, level).subs({p: Rational(1, 2), level: 3})
    assert sp.simplify(got - walk_series.first_passage_gf(Rational(1, 2), s, 3)) == 0


def test_bad_arguments_are_named():
    for function in (walk_series.return_gf, walk_series.first_return_gf, walk_series.first_passage_gf):
        with pytest.raises(TypeError, match="p is 0.5.*expected an exact number"):
            function(0.5, s)
        with pytest.raises(ValueError, match=r"p is 3/2; expected a number in \[0, 1\]"):
            function(Rational(3, 2), s)
        with pytest.raises(ValueError, match="p is I"):
            function(sp.I, s)
    for level in (0, Rational(1, 2)):
        with pytest.raises(ValueError, match="expected an integer other than 0"):
            walk_series.first_passage_gf(p, s, level)
    with pytest.raises(ValueError, match="sign is known"):
        walk_series.first_passage_gf(p, s, sp.Symbol("a", integer=True, nonzero=True))


@pytest.mark.parametrize("chance", [Rational(1, 3), Rational(1)])
def test_coefficients_are_probabilities(chance):
    exact = Fraction(int(chance.p), int(chance.q))
    assert coefficients(walk_series.return_gf(chance, s), 5) == oracle.return_probabilities(exact, 5)
    assert coefficients(walk_series.first_return_gf(chance, s), 5) == oracle.first_return_law(exact, 5)
    for level in (1, -2):
        got = coefficients(walk_series.first_passage_gf(chance, s, level), 5)
        assert got == oracle.first_passage_law(exact, level, 5)

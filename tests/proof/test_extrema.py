"""Stationarity with the second-order condition."""

import pytest
from sympy import Eq, Matrix, Rational, Symbol, exp, log, symbols

from rlcourse.proof import Refuted, Undecided, lagrange, prove, simplex

beta = Symbol("beta", positive=True)
r = symbols("r_1:4", real=True)
ref = simplex("q", 3)
pi = symbols("pi_1:4", positive=True)
Z = sum(q * exp(x / beta) for q, x in zip(ref, r, strict=True))
objective = sum(p * x for p, x in zip(pi, r, strict=True)) - beta * sum(
    p * log(p / q) for p, q in zip(pi, ref, strict=True)
)
problem = lagrange(objective, pi, [Eq(sum(pi), 1)])
(mu,) = problem.multipliers
gibbs = {p: q * exp(x / beta) / Z for p, q, x in zip(pi, ref, r, strict=True)} | {mu: beta * log(Z) - beta}
y, z = symbols("y z", real=True)


def test_parts_of_the_problem():
    assert problem.lagrangian == objective - mu * (sum(pi) - 1)
    assert problem.conditions.shape == (3, 1)
    prove("thm-condition", problem.conditions[0], r[0] - beta * log(pi[0] / ref[0]) - beta - mu)
    prove("thm-hessian", problem.hessian, -beta * Matrix.diag(*[1 / p for p in pi]))


def test_the_maximum_is_certified():
    verdict = problem.maximum("thm-gibbs", gibbs, covers=("D20",))
    assert verdict.status == "proved"
    assert "unique global maximum" in verdict.text and "second-order" in verdict.route
    assert verdict.covers == ("D20",)


def test_it_is_no_minimum():
    with pytest.raises(Undecided, match="signs of the minors"):
        problem.minimum("thm-gibbs", gibbs)


@pytest.mark.parametrize(
    "change",
    [
        {mu: beta * log(Z) + beta},
        {mu: log(Z) - beta},
        {pi[0]: ref[0]},
        {p: q * exp(-x / beta) / Z for p, q, x in zip(pi, ref, r, strict=True)},
    ],
)
def test_other_points_are_refuted(change):
    with pytest.raises(Refuted):
        problem.maximum("thm-wrong", gibbs | change)


def test_every_variable_needs_a_value():
    with pytest.raises(ValueError, match="no value for mu"):
        problem.maximum("thm-gibbs", {s: e for s, e in gibbs.items() if s != mu})


def test_values_stay_in_the_domain():
    positive = symbols("s t", positive=True)
    line = lagrange(-(positive[0] ** 2) - positive[1] ** 2, positive, [positive[0] + positive[1] + 2])
    with pytest.raises(ValueError, match="s = -1"):
        line.maximum("thm-outside", {positive[0]: -1, positive[1]: -1, line.multipliers[0]: 2})


def test_curvature_counts_only_along_the_constraint():
    saddle = lagrange(y * z, [y, z], [y + z - 1])
    half = Rational(1, 2)
    assert "global" in saddle.maximum("thm-saddle", {y: half, z: half, saddle.multipliers[0]: half}).text
    free = lagrange(y * z, [y, z], [])
    with pytest.raises(Undecided):
        free.maximum("thm-free", {y: 0, z: 0})


def test_a_curved_constraint_gives_local_extrema():
    circle = lagrange(y + z, [y, z], [y**2 + z**2 - 2])
    (m,) = circle.multipliers
    assert "local maximum" in circle.maximum("thm-top", {y: 1, z: 1, m: Rational(1, 2)}).text
    assert "local minimum" in circle.minimum("thm-bottom", {y: -1, z: -1, m: -Rational(1, 2)}).text
    with pytest.raises(Undecided):
        circle.minimum("thm-top-again", {y: 1, z: 1, m: Rational(1, 2)})
    with pytest.raises(Refuted):
        circle.maximum("thm-infeasible", {y: 2, z: 2, m: Rational(1, 4)})


def test_free_minimum():
    square = lagrange(beta * (y - z) ** 2 + z**2, [y, z], [])
    assert "unique global minimum" in square.minimum("thm-square", {y: 0, z: 0}).text


def test_bad_problems():
    with pytest.raises(ValueError, match="variables"):
        lagrange(y, [], [])
    with pytest.raises(ValueError, match="variables"):
        lagrange(y, [y + 1], [])
    with pytest.raises(ValueError, match=r"constraints\[0\]"):
        lagrange(y, [y], [z])

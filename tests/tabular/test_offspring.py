"""Laws of the number of children: values, series, sums, messages."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from oracles import branching as oracle

from rlcourse.tabular.offspring import GeometricOffspring, Offspring, PoissonOffspring

EPS = np.finfo(float).eps
weights = st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(any)
unit = st.floats(0, 1)

# a law of the package, and the same law as the oracle has it
PAIRS = [
    (Offspring((0.25, 0.25, 0.5)), oracle.exact([1, 1, 2])),
    (Offspring((0.125, 0, 0.25, 0.625)), oracle.exact([1, 0, 2, 5])),
    (Offspring((1,)), oracle.exact([1])),
    (PoissonOffspring(1.5), oracle.poisson(1.5)),
    (PoissonOffspring(0), oracle.poisson(0.0)),
    (GeometricOffspring(0.375), oracle.geometric(0.375)),
    (GeometricOffspring(1), oracle.geometric(1.0)),
]
pairs = pytest.mark.parametrize("law, want", PAIRS, ids=lambda x: str(x)[:24])


@pairs
def test_moments_and_functions_equal_their_sums(law, want):
    mean, variance = oracle.moments(want)
    assert law.mean == pytest.approx(float(mean), abs=1e-13)
    assert law.variance == pytest.approx(float(variance), abs=1e-12)
    assert law.drift == pytest.approx(float(mean) - 1, abs=1e-13)
    assert law.childless == pytest.approx(float(want[0]), abs=1e-15)
    for s in (0, 0.3, 0.9, 1.0):
        value = sum(float(p) * s**k for k, p in want.items())
        assert law.pgf(s) == pytest.approx(value, abs=1e-14)
        if s < 1:
            assert law.tail_pgf(s) == pytest.approx((1 - value) / (1 - s), abs=1e-13)
    assert law.tail_pgf(1.0) == pytest.approx(float(mean), abs=1e-13)


@pairs
def test_arrays_and_complex_numbers(law, want):
    s = np.array([0.2, 0.7, 1.0])
    np.testing.assert_allclose(law.pgf(s), [law.pgf(x) for x in s.tolist()], rtol=1e-15)
    np.testing.assert_allclose(law.tail_pgf(s), [law.tail_pgf(x) for x in s.tolist()], rtol=1e-15)
    root = np.exp(0.4j)
    assert law.pgf(root) == pytest.approx(sum(float(p) * root**k for k, p in want.items()), abs=1e-13)


@pairs
def test_sums_are_convolutions(law, want):
    want = {k: float(p) for k, p in want.items() if k < 12}
    for ancestors in (1, 3):
        found = law.sums(9, ancestors)
        total = {0: 1.0}
        for n in range(9):
            assert found[n] == pytest.approx(total.get(n - ancestors, 0.0) if n else 0.0, rel=1e-12, abs=1e-300)
            total = {k: v for k, v in oracle.add(total, want).items() if k < 12}


@pairs
def test_composition_is_a_power_series(law, want):
    inner = np.array([0.3, 0.2, 0.0, 0.4, 0.1])
    total, power = np.zeros(5), np.eye(1, 5)[0]
    for k in range(max(want) + 1):
        total += float(want[k]) * power
        power = np.convolve(power, inner)[:5]
    np.testing.assert_allclose(law.compose(inner), total, rtol=1e-12)


def test_long_series_agree_with_short_ones():
    # long products use the fast Fourier transform
    law, series = Offspring((0.25, 0.25, 0.25, 0.25)), np.full(1500, 1 / 1500)
    long, short = law.compose(series), law.compose(series[:900])
    np.testing.assert_allclose(long[:900], short, rtol=1e-9)
    assert (long >= 0).all()


@given(weights)
def test_probabilities_stay_as_they_are_given(w):
    fractions = [Fraction(x, sum(w)) for x in w]
    law = Offspring(fractions)
    assert law.probabilities == tuple(fractions)
    s = sp.Symbol("s")
    exact = law.pgf(s)
    assert sp.expand(exact - sum(sp.Rational(x, sum(w)) * s**k for k, x in enumerate(w))) == 0
    assert law.drift == float(sum((k - 1) * x for k, x in enumerate(fractions)))
    assert Offspring([sp.Rational(x, sum(w)) for x in w]).drift == law.drift


def test_symbolic_functions_of_the_infinite_laws():
    s = sp.Symbol("s")
    assert PoissonOffspring(sp.Rational(1, 2)).pgf(s) == sp.exp((s - 1) / 2)
    exact = GeometricOffspring(sp.Rational(1, 3)).pgf(s)
    assert sp.simplify(exact - 1 / (3 - 2 * s)) == 0


def test_the_sign_of_the_drift_is_exact():
    assert Offspring((0.5, 0, 0.5)).drift == 0
    assert 0 < Offspring((0.3, 0.5, 0.1, 0.1)).drift < 1e-16  # 0.1 + 0.2 > 0.3 as floats are
    assert PoissonOffspring(1 + 2**-40).drift == 2**-40
    assert GeometricOffspring(0.5).drift == 0


@given(st.floats(0.9, 1), st.integers(1, 6))
def test_rounding_errors_are_within_their_bound(s, top):
    law = Offspring([1 / (top + 1)] * (top + 1))
    exact_p = [Fraction(x) for x in law.probabilities]
    total = sum(exact_p)
    at = Fraction(s)
    tail = sum((sum(exact_p[j + 1 :]) / total) * at**j for j in range(top + 1))
    value = sum(x / total * at**k for k, x in enumerate(exact_p))
    for got, want in ((law.tail_pgf(s), tail), (law.pgf(s), value)):
        assert abs(Fraction(float(got)) / want - 1) <= law.rounding
    assert law.rounding < 40 * EPS


def test_rounding_bounds_know_what_they_are_about():
    assert Offspring((0.5, 0.5 + 5e-13)).rounding > 9e-13
    assert 8 * EPS < PoissonOffspring(10).rounding < 40 * EPS
    assert GeometricOffspring(0.3).rounding == 8 * EPS


@pairs
def test_samples_have_the_right_sizes(law, want):
    rng = np.random.default_rng(0)
    parents = np.array([0, 10, 10**6])
    children = law.sample(rng, parents)
    assert children.dtype.kind == "i" and children[0] == 0
    # ten standard deviations
    assert abs(children[2] - 1e6 * law.mean) <= 1e4 * law.variance**0.5 + 1e-6


@pytest.mark.parametrize(
    "probabilities, error, message",
    [
        ([], ValueError, r"probabilities has shape \(0,\); expected one vector"),
        ([[0.5, 0.5]], ValueError, r"probabilities has shape \(1, 2\)"),
        (1.0, ValueError, r"probabilities has shape \(\)"),
        ([0.5, -0.1, 0.6], ValueError, r"probabilities\[1\] is -0.1; expected a probability >= 0"),
        ([0.5, np.nan], ValueError, r"probabilities\[1\] is nan"),
        ([0.5, 0.4], ValueError, "sum to 0.9; expected 1: the law is improper .*infinitely many children"),
        ([0.5, 0.6], ValueError, "sum to 1.1; expected 1: the law is improper .normalize it"),
        ([0.5, "x"], TypeError, "expected numbers"),
        ([sp.Symbol("p"), 0.5], TypeError, "expected numbers"),
        ((True,), TypeError, r"expected numbers, got \[True\]"),
        ((np.False_, 1.0), TypeError, "expected numbers"),
    ],
)
def test_improper_laws_are_named(probabilities, error, message):
    with pytest.raises(error, match=message):
        Offspring(probabilities)


@pytest.mark.parametrize("lam", [-0.5, np.inf, np.nan])
def test_a_poisson_mean_is_finite_and_not_negative(lam):
    with pytest.raises(ValueError, match="lam is"):
        PoissonOffspring(lam)


@pytest.mark.parametrize("p", [0, -0.1, 1.1, np.nan])
def test_a_geometric_probability_is_positive(p):
    with pytest.raises(ValueError, match=r"p is .*in \(0, 1\]"):
        GeometricOffspring(p)


@pytest.mark.parametrize("x", [np.array([0.2, 0.3]), [0.5], "x", "0.5", None, sp.Symbol("p")])
def test_a_parameter_is_one_number(x):
    with pytest.raises(TypeError, match=r"p is .*; expected one real number"):
        GeometricOffspring(x)
    with pytest.raises(TypeError, match=r"lam is .*; expected one real number"):
        PoissonOffspring(x)


def test_laws_are_values():
    assert Offspring((0.5, 0.5)) == Offspring([0.5, 0.5]) and hash(Offspring((1,))) == hash(Offspring((1,)))
    with pytest.raises(ValueError, match="read-only"):
        Offspring((0.5, 0.5))._p[0] = 1

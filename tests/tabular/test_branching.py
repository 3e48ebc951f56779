"""Branching processes: laws and moments by generation, extinction, total progeny, simulation, messages."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from oracles import branching as oracle

from rlcourse.tabular import branching
from rlcourse.tabular.offspring import GeometricOffspring, Offspring, PoissonOffspring

weights = st.lists(st.integers(0, 4), min_size=1, max_size=3).filter(any)
generations = st.integers(0, 3)
ancestors = st.integers(0, 2)
QUARTER = Offspring((0.25, 0.25, 0.5))


def pair(w):
    return Offspring([x / sum(w) for x in w]), oracle.exact(w)


def dense(law, size):
    return np.array([float(law.get(k, 0)) for k in range(size)])


def test_numbers_by_hand():
    law = branching.generation_law(QUARTER, 2, 5)
    np.testing.assert_array_equal(law.probabilities, [11 / 32, 1 / 8, 9 / 32, 1 / 8, 1 / 8])
    assert law.beyond == 0
    moments = branching.generation_moments(QUARTER, 2)
    np.testing.assert_array_equal(moments.mean, [1, 5 / 4, 25 / 16])
    np.testing.assert_array_equal(moments.variance, [0, 11 / 16, 495 / 256])
    time = branching.extinction_time(QUARTER, 2)
    np.testing.assert_allclose(time.law, [0, 1 / 4, 3 / 32], rtol=1e-14)
    np.testing.assert_allclose(time.survival, [1, 3 / 4, 21 / 32], rtol=1e-14)
    progeny = branching.progeny_law(QUARTER, 4)
    np.testing.assert_allclose(progeny.probabilities, [0, 1 / 4, 1 / 16, 3 / 64], rtol=1e-14)
    assert progeny.beyond == pytest.approx(41 / 64)
    lower, upper, iterations = branching.extinction_probability(QUARTER)
    assert lower < 0.5 < upper and upper - lower < 1e-14 and iterations > 50
    assert branching.progeny_moments(Offspring((0.75, 0, 0.25))) == (2, 6)


@given(weights, generations, ancestors)
def test_generations_equal_their_definition(w, n, k):
    law, exact = pair(w)
    want = oracle.generation_law(exact, n, k)
    whole = dense(want, 2 * 2**n + 2)
    got = branching.generation_law(law, n, len(whole), k)
    np.testing.assert_allclose(got.probabilities, whole, rtol=1e-13)
    assert got.beyond <= 1e-15
    cut = branching.generation_law(law, n, 2, k)
    np.testing.assert_allclose(cut.probabilities, whole[:2], rtol=1e-13)
    assert cut.beyond == pytest.approx(whole[2:].sum(), abs=1e-14)
    mean, variance = oracle.moments(want)
    moments = branching.generation_moments(law, n, k)
    assert moments.mean[n] == pytest.approx(float(mean), rel=1e-13)
    assert moments.variance[n] == pytest.approx(float(variance), rel=1e-12, abs=1e-13)
    assert len(moments.mean) == len(moments.variance) == n + 1


@given(weights, generations)
def test_generating_functions_of_all_kinds(w, n):
    law, exact = pair(w)
    want = oracle.generation_law(exact, n)
    at = np.array([0.0, 0.3, 1.0])
    value = [sum(float(p) * s**k for k, p in want.items()) for s in at.tolist()]
    np.testing.assert_allclose(branching.generation_pgf(law, at, n), value, rtol=1e-13)
    assert branching.generation_pgf(law, 0.3, n) == pytest.approx(value[1])
    s = sp.Symbol("s")
    series = sp.Poly(branching.generation_pgf(Offspring(list(exact.values())), s, n), s)
    assert all(series.coeff_monomial(s**k) == sp.Rational(p.numerator, p.denominator) for k, p in want.items())


@pytest.mark.parametrize(
    "law, exact",
    [(PoissonOffspring(0.75), oracle.poisson(0.75, 24)), (GeometricOffspring(0.75), oracle.geometric(0.75, 24))],
)
def test_infinite_laws_equal_their_definition(law, exact):
    # three generations: the cut at 24 children is far beyond double precision's reach of the first six
    once = dense(exact, 24)
    now, power = np.zeros(6), np.eye(1, 6)[0]
    for size in range(24):
        now += once[size] * power
        power = np.convolve(power, once)[:6]
    np.testing.assert_allclose(branching.generation_law(law, 2, 6).probabilities, now, rtol=1e-9)
    np.testing.assert_allclose(
        branching.progeny_law(law, 6, 2).probabilities,
        np.array([float(x) for x in oracle.progeny_law({k: exact[k] for k in range(8)}, 6, 2)]),
        rtol=1e-12,
    )


@pytest.mark.parametrize("q", [0.3, 0.5, 0.7])
def test_geometric_generations_have_a_closed_form(q):
    p, n, s = 1 - q, 6, 0.4
    if q == 0.5:
        want = (n - (n - 1) * s) / (n + 1 - n * s)
    else:
        gap = {e: q**e - p**e for e in (n - 1, n, n + 1)}
        want = p * (gap[n] - q * s * gap[n - 1]) / (gap[n + 1] - q * s * gap[n])
    assert branching.generation_pgf(GeometricOffspring(p), s, n) == pytest.approx(want, rel=1e-13)


@given(weights, generations, ancestors)
def test_the_time_to_extinction_equals_its_definition(w, n, k):
    law, exact = pair(w)
    empty = [oracle.generation_law(exact, m, k).get(0, 0) for m in range(n + 1)]
    got = branching.extinction_time(law, n, k)
    np.testing.assert_allclose(got.survival, [float(1 - x) for x in empty], atol=1e-14)
    np.testing.assert_allclose(got.law, np.diff([float(x) for x in empty], prepend=0), atol=1e-14)


def test_survival_keeps_its_digits():
    # mean 1/2, at most one child: P(T > n) = 2^-n
    got = branching.extinction_time(Offspring((0.5, 0.5)), 200)
    np.testing.assert_allclose(got.survival, 0.5 ** np.arange(201), rtol=1e-12)
    np.testing.assert_allclose(branching.extinction_time(Offspring((0.5, 0.5)), 200, 3).survival[-1], 3 * 0.5**200)


@given(weights, ancestors)
def test_total_progeny_equals_its_definition(w, k):
    law, exact = pair(w)
    want = np.array([float(x) for x in oracle.progeny_law(exact, 9, k)])
    got = branching.progeny_law(law, 9, k)
    np.testing.assert_allclose(got.probabilities, want, rtol=1e-12)
    assert got.beyond == pytest.approx(1 - want.sum(), abs=1e-14)


def test_the_law_of_the_progeny_has_its_moments():
    law = Offspring((0.7, 0.1, 0.2))
    got, sizes = branching.progeny_law(law, 700, 2), np.arange(700)
    mean, variance = branching.progeny_moments(law, 2)
    assert got.beyond < 1e-12
    assert got.probabilities @ sizes == pytest.approx(mean, rel=1e-9)
    assert got.probabilities @ (sizes - mean) ** 2 == pytest.approx(variance, rel=1e-7)
    assert branching.progeny_moments(Offspring((0.5, 0, 0.5))) == (np.inf, np.inf)
    assert branching.progeny_moments(PoissonOffspring(2.0)) == (np.inf, np.inf)
    assert branching.progeny_moments(law, 0) == (0, 0)


@pytest.mark.parametrize("p0", [Fraction(1, 10**12), Fraction(1, 4), Fraction(2, 5), Fraction(2**33 - 1, 2**34)])
@pytest.mark.parametrize("k", [1, 3])
def test_the_bracket_holds_the_root(p0, k):
    exact = p0 / (1 - p0)
    got = branching.extinction_probability(Offspring((p0, 0, 1 - p0)), k)
    assert Fraction(got.lower) <= exact**k <= Fraction(got.upper)
    assert got.upper - got.lower <= 2e-14 * max(got.upper, 1e-12)


def test_brackets_of_the_infinite_laws():
    got = branching.extinction_probability(GeometricOffspring(0.25))
    assert got.lower < 1 / 3 < got.upper and got.upper - got.lower < 1e-14
    got = branching.extinction_probability(PoissonOffspring(2.0))
    root = sp.nsolve(sp.exp(2 * (sp.Symbol("s") - 1)) - sp.Symbol("s"), 0.2, prec=30)
    assert got.lower < root < got.upper and got.upper - got.lower < 1e-14


@pytest.mark.parametrize(
    "law, want",
    [
        (Offspring((0, 1)), 0.0),  # critical, and nobody dies
        (Offspring((0, 0, 1)), 0.0),
        (Offspring((1,)), 1.0),
        (Offspring((0.5, 0, 0.5)), 1.0),
        (Offspring((0.5, 0.5)), 1.0),
        (Offspring((0.4, 0.2, 0.4)), 1.0),
        (PoissonOffspring(1), 1.0),
        (PoissonOffspring(0), 1.0),
        (GeometricOffspring(0.5), 1.0),
    ],
)
def test_exact_cases_are_exact(law, want):
    assert branching.extinction_probability(law) == (want, want, 0)
    assert branching.extinction_probability(law, 0) == (1, 1, 0)


def test_a_barely_supercritical_law_is_not_called_certain():
    got = branching.extinction_probability(Offspring((0.3, 0.5, 0.1, 0.1)))  # as floats, 0.1 + 0.2 > 0.3
    assert 1 - 1e-13 < got.lower < 1 and got.upper == 1


def test_a_probability_too_small_for_a_float_is_bracketed():
    for law in (PoissonOffspring(800), PoissonOffspring(800.0), Offspring((Fraction(1, 10**400), 0, 1))):
        lower, upper, _ = branching.extinction_probability(law)
        assert lower == 0 < upper == np.nextafter(0, 1)
    # here the float is 0 too, but the family dies out for certain
    rare = Fraction(1, 10**400)
    assert branching.extinction_probability(Offspring((rare, 1 - rare))).lower == 1


def test_squares_that_overflow_are_no_nan():
    np.testing.assert_allclose(branching.generation_moments(PoissonOffspring(2), 3).variance, [0, 2, 12, 56])
    np.testing.assert_array_equal(branching.generation_moments(PoissonOffspring(1e200), 2).variance, [0, 1e200, np.inf])
    for moment in branching.generation_moments(GeometricOffspring(1e-310), 2, 0):
        np.testing.assert_array_equal(moment, 0)
    np.testing.assert_array_equal(branching.generation_moments(GeometricOffspring(1e-310), 2).variance[1:], np.inf)


def test_moments_far_out_are_infinite_and_never_nan():
    grows = branching.generation_moments(Offspring((0, 0, 1)), 2000)
    assert grows.mean[-1] == np.inf and (grows.variance == 0).all()
    grows = branching.generation_moments(Offspring((0, 0.5, 0, 0.5)), 2000)
    assert grows.mean[-1] == grows.variance[-1] == np.inf
    assert (branching.generation_moments(PoissonOffspring(3), 900, 0).variance == 0).all()


def test_simulated_lines_follow_a_law_without_chance():
    rng = np.random.default_rng(0)
    got = branching.simulate(Offspring((0, 0, 1)), 2, 5, rng, ancestors=3, cap=20)
    np.testing.assert_array_equal(got.population, [[3, 6, 12, 24, 24, 24]] * 2)
    np.testing.assert_array_equal(got.capped, [True, True])
    got = branching.simulate(Offspring((1,)), 2, 3, rng)
    np.testing.assert_array_equal(got.population, [[1, 0, 0, 0]] * 2)
    assert not got.capped.any()
    assert branching.simulate(Offspring((0, 0, 1)), 1, 2, rng, cap=4).capped.tolist() == [False]
    assert branching.simulate(Offspring((0, 0, 1)), 1, 3, rng, cap=4).population[0, 3] == 8
    assert branching.simulate(QUARTER, 0, 3, rng).population.shape == (0, 4)


def test_simulated_frequencies_are_those_of_the_law():
    # 6 standard errors; children shared by siblings would give 0.4375 for an empty generation 2, 30 of them away
    rng, lines = np.random.default_rng(1), 20000
    got = branching.simulate(QUARTER, lines, 2, rng).population[:, 2]
    for value, p in enumerate(branching.generation_law(QUARTER, 2, 5).probabilities):
        assert abs((got == value).mean() - p) < 6 * (p * (1 - p) / lines) ** 0.5


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: branching.generation_pgf(QUARTER, 0.5, -1), "n is -1; expected a whole number, at least 0"),
        (lambda: branching.generation_law(QUARTER, 1.5, 3), "n is 1.5"),
        (lambda: branching.generation_law(QUARTER, 1, 0), "size is 0; expected a whole number, at least 1"),
        (lambda: branching.generation_law(QUARTER, 1, 3, -1), "ancestors is -1"),
        (lambda: branching.generation_moments(QUARTER, np.inf), "n is inf"),
        (lambda: branching.extinction_probability(QUARTER, 0.5), "ancestors is 0.5"),
        (lambda: branching.extinction_time(QUARTER, -2), "horizon is -2"),
        (lambda: branching.progeny_law(QUARTER, 0), "size is 0"),
        (lambda: branching.progeny_moments(QUARTER, -1), "ancestors is -1"),
        (lambda: branching.simulate(QUARTER, -1, 2, np.random.default_rng(0)), "lines is -1"),
        (lambda: branching.simulate(QUARTER, 1, 2, np.random.default_rng(0), cap=0), "cap is 0"),
        (lambda: branching.simulate(QUARTER, 1, 2, np.random.default_rng(0), cap=2**41), r"at most 2\*\*40"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_seed_is_not_a_generator():
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got int; try default_rng"):
        branching.simulate(QUARTER, 1, 2, 0)

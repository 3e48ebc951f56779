"""Exact laws of random walks against the list of all paths, identities, messages."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import walks as oracle

from rlcourse.tabular import walks

chances = st.sampled_from([Fraction(n, 8) for n in range(9)])
N = 8
LAWS = ("position_law", "return_probabilities", "first_return_law", "maximum_law", "last_return_law")


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("p", [Fraction(1, 3), Fraction(1, 2)])
def test_every_law_is_that_of_the_listed_paths(name, p):
    for n in (0, 2, N):
        want = np.array(getattr(oracle, name)(p, n), dtype=float)
        np.testing.assert_allclose(getattr(walks, name)(float(p), n), want, rtol=1e-13, atol=1e-17)


@pytest.mark.parametrize("level", [1, 2, -1, -3, 7, 9])
def test_first_passage(level):
    for p in (Fraction(1, 3), Fraction(1)):
        want = np.array(oracle.first_passage_law(p, level, N), dtype=float)
        np.testing.assert_allclose(walks.first_passage_law(float(p), level, N), want, rtol=1e-13, atol=0)


def test_first_passage_far_away_and_late():
    """The first term 2**-1500 is no float; the terms near its mode are."""
    law = walks.first_passage_law(0.5, 1500, 200_000)
    assert law[1500] == 0
    # by reflection P(T <= n) is about twice the normal law's tail beyond 1500 / sqrt(n), 3.98e-4
    assert abs(law.sum() - 0.000796) < 1e-5
    law = walks.first_passage_law(0.75, 20, 4000)
    np.testing.assert_allclose([law.sum(), np.arange(4001) @ law], [1, 40], rtol=1e-12)
    np.testing.assert_allclose(walks.first_passage_law(0.25, 3, 4000).sum(), 1 / 27, rtol=1e-12)


@given(chances)
def test_first_returns_and_returns_satisfy_the_renewal_equation(p):
    h, g = walks.return_probabilities(float(p), 40), walks.first_return_law(float(p), 40)
    np.testing.assert_allclose(np.convolve(g, h)[:41], h - (np.arange(41) == 0), atol=1e-15)


@given(chances, st.integers(0, 12))
def test_laws_are_laws(p, n):
    p = float(p)
    for law in (walks.position_law(p, n), walks.maximum_law(p, n), walks.last_return_law(p, 2 * n)):
        assert (law >= -1e-15).all()
        np.testing.assert_allclose(law.sum(), 1, rtol=1e-13)
    assert walks.position_law(p, n).shape == (2 * n + 1,)
    assert walks.maximum_law(p, n).shape == (n + 1,)
    assert walks.last_return_law(p, 2 * n).shape == (2 * n + 1,)


def test_the_arcsine_law_holds_for_the_last_return_and_for_the_time_above():
    u = walks.return_probabilities(0.5, N)
    np.testing.assert_allclose(walks.last_return_law(0.5, N), u * u[::-1], rtol=1e-14)
    want = np.array(oracle.time_above_law(Fraction(1, 2), N), dtype=float)
    np.testing.assert_allclose(walks.last_return_law(0.5, N), want, rtol=1e-14)


def test_the_maximum_by_reflection():
    at = np.append(walks.position_law(0.5, 9)[9:], 0)
    np.testing.assert_allclose(walks.maximum_law(0.5, 9), np.maximum(at[:-1], at[1:]), rtol=1e-14)
    # negative control: without p = 1/2 the reflected paths have another probability
    at = np.append(walks.position_law(0.6, 9)[9:], 0)
    assert np.abs(walks.maximum_law(0.6, 9) - np.maximum(at[:-1], at[1:])).max() > 0.05


@pytest.mark.parametrize("votes", [(1, 0), (2, 1), (4, 2), (5, 3), (3, 3), (2, 4)])
def test_ballots(votes):
    got = walks.ballot_paths(*votes)
    assert got == oracle.ballot_paths(*votes)
    assert isinstance(got, int)


def test_many_votes_are_counted_exactly():
    catalan = 1  # the number 599, of 357 digits
    for k in range(599):
        catalan = catalan * 2 * (2 * k + 1) // (k + 2)
    assert walks.ballot_paths(600, 599) == catalan


@pytest.mark.parametrize("level", [-2, 1, 3])
def test_reflection_is_a_bijection(level):
    every = np.array([path for path, _ in oracle.paths(Fraction(1, 2), N)])
    image = walks.reflect_after(every, level)
    np.testing.assert_array_equal(np.unique(image, axis=0), np.unique(every, axis=0))
    np.testing.assert_array_equal(walks.reflect_after(image, level), every)
    visits = (every == level).any(axis=1)
    np.testing.assert_array_equal(image[visits, -1], 2 * level - every[visits, -1])
    np.testing.assert_array_equal(image[~visits], every[~visits])
    np.testing.assert_array_equal(walks.reflect_after(every[5], level), image[5])


@pytest.mark.parametrize("d, n", [(1, 8), (2, 6), (3, 4)])
def test_returns_on_grids(d, n):
    want = np.array(oracle.lattice_return_probabilities(d, n), dtype=float)
    np.testing.assert_allclose(walks.lattice_return_probabilities(d, n), want, rtol=1e-13, atol=1e-17)


def test_the_plane_is_two_lines_turned():
    line, plane = (walks.lattice_return_probabilities(d, 60) for d in (1, 2))
    np.testing.assert_allclose(plane, line**2, rtol=1e-12)


def test_simulated_walks():
    paths = walks.simulate_walks(0.3, 50, 400, np.random.default_rng(0))
    assert paths.shape == (400, 51)
    assert paths.dtype == np.int64
    assert (paths[:, 0] == 0).all()
    assert (np.abs(np.diff(paths, axis=1)) == 1).all()
    # 20,000 steps: the share of steps up has standard deviation 0.0033; p and q are 120 of these apart
    assert abs((np.diff(paths, axis=1) == 1).mean() - 0.3) < 0.02
    again = walks.simulate_walks(0.3, 50, 400, np.random.default_rng(0))
    np.testing.assert_array_equal(paths, again)
    for p, end in ((0, -5), (1, 5)):
        assert (walks.simulate_walks(p, 5, 3, np.random.default_rng(1))[:, -1] == end).all()


ONE_P = ("position_law", "return_probabilities", "first_return_law", "maximum_law", "last_return_law")
BAD = [
    ((1.5, 4), ValueError, r"p is 1.5; expected a number in \[0, 1\]"),
    (([0.5, 0.5], 4), ValueError, r"p: expected one number in \[0, 1\], got shape \(2,\)"),
    ((0.5, 2.5), ValueError, r"n is 2.5; expected a whole number, at least 0"),
    ((0.5, -2), ValueError, r"n is -2; expected a whole number, at least 0"),
    ((0.5, np.nan), ValueError, r"n is nan; expected a whole number"),
    ((0.5, [4]), ValueError, r"n is \[4\]; expected a whole number"),
]


@pytest.mark.parametrize("arguments, error, message", BAD)
def test_bad_arguments_are_named(arguments, error, message):
    for name in ONE_P:
        with pytest.raises(error, match=message):
            getattr(walks, name)(*arguments)


def test_other_bad_arguments_are_named():
    for call, message in (
        (lambda: walks.last_return_law(0.5, 3), "n is 3; expected an even number"),
        (lambda: walks.first_passage_law(0.5, 0, 3), "level is 0, where the walk starts"),
        (lambda: walks.first_passage_law(0.5, 0.5, 3), "level is 0.5"),
        (lambda: walks.ballot_paths(0, 2), "ahead is 0; expected a whole number, at least 1"),
        (lambda: walks.ballot_paths(3, -1), "behind is -1"),
        (lambda: walks.reflect_after(3, 1), "paths: expected positions"),
        (lambda: walks.lattice_return_probabilities(0, 3), "d is 0; expected a whole number, at least 1"),
        (lambda: walks.simulate_walks(0.5, 3, -1, None), "paths is -1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got int; try default_rng"):
        walks.simulate_walks(0.5, 3, 2, 0)

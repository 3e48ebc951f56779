"""The gambler's ruin: exact rationals, 50-digit arithmetic near p = 1/2 and for large S, messages."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import ruin as oracle

from rlcourse.tabular import ruin

chances = st.sampled_from([0.0, 0.1, 0.25, 0.375, 0.5, 0.5625, 0.75, 0.9, 1.0])
FUNCTIONS = (ruin.win_probability, ruin.mean_duration)


@st.composite
def games(draw):
    S = draw(st.integers(1, 6))
    return draw(chances), draw(st.integers(0, S)), S


def precise(p, k, S):
    """Win probability and mean duration from the textbook formulas with 60 digits; p is not 1/2."""
    with mpmath.workdps(60):
        p = mpmath.mpf(p)
        ratio = (1 - p) / p
        win = (1 - ratio**k) / (1 - ratio**S)
        return win, (k - S * win) / (1 - 2 * p)


def assert_precise(p, k, S):
    win, rounds = precise(p, k, S)
    with mpmath.workdps(60):
        assert abs(ruin.win_probability(p, k, S) / win - 1) < 2e-13, (p, k, S)
        assert abs(ruin.mean_duration(p, k, S) / rounds - 1) < 2e-13, (p, k, S)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_both_closed_forms_solve_their_equations(function):
    for p in (0.0, 0.1, 0.375, 0.5, 0.9, 1.0):
        for S in (1, 2, 5):
            want = [float(getattr(oracle, function.__name__)(p, k, S)) for k in range(S + 1)]
            np.testing.assert_allclose(function(p, np.arange(S + 1), S), want, rtol=1e-13, atol=0)


@pytest.mark.parametrize("tilt", [1e-17, 1e-9, -1e-9, 1e-6, -1e-3, 0.1, -0.3, 0.49])
@pytest.mark.parametrize("k, S", [(1, 2), (3, 10), (999, 1000), (400_000, 1_000_000)])
def test_near_one_half_and_for_large_stakes(tilt, k, S):
    p = 0.5 + tilt
    if p == 0.5:
        assert ruin.win_probability(p, k, S) == k / S
        assert ruin.mean_duration(p, k, S) == k * (S - k)
    elif precise(p, k, S)[0] > 1e-280:
        assert_precise(p, k, S)
    else:  # too small for a float; the duration is not
        assert ruin.win_probability(p, k, S) < 1e-279
        np.testing.assert_allclose(ruin.mean_duration(p, k, S), float(precise(p, k, S)[1]), rtol=1e-13)


def test_where_the_branches_meet():
    for p in (0.25, np.nextafter(0.25, 0), np.nextafter(0.25, 1), 0.75, np.nextafter(0.75, 1), 1e-5, 1e-300):
        assert_precise(p, 2, 3)
    for S in (9, 10, 11):  # S |log(q/p)| just below and above 1, where series and formula meet
        assert_precise(0.5 - 0.025, S - 1, S)
        assert_precise(0.5 + 0.025, 1, S)


def test_the_textbook_formula_loses_its_digits():
    """Negative control: what the package avoids."""
    p, k, S = 0.5 + 1e-9, 3, 10
    ratio = (1 - p) / p
    win = (1 - ratio**k) / (1 - ratio**S)
    assert abs((k - S * win) / (1 - 2 * p) / 21 - 1) > 1e-8
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan((1 - np.float64(1.5) ** 500_000) / (1 - np.float64(1.5) ** 1_000_000))


@given(games())
def test_the_players_change_places(game):
    p, k, S = game
    other = 1 - p, S - k, S
    np.testing.assert_allclose(ruin.win_probability(*game) + ruin.win_probability(*other), 1, rtol=1e-14)
    np.testing.assert_allclose(ruin.mean_duration(*game), ruin.mean_duration(*other), rtol=1e-13)


@given(games())
def test_the_law_of_the_end_by_rounds(game):
    want = np.array(oracle.ruin_time_law(*game, 7), dtype=float)
    np.testing.assert_allclose(ruin.ruin_time_law(*game, 7), want, atol=1e-15)


def test_the_law_of_the_end_adds_up_to_the_closed_forms():
    law = ruin.ruin_time_law(0.4, 2, 5, 300)
    np.testing.assert_allclose(law.sum(axis=0)[1], ruin.win_probability(0.4, 2, 5), rtol=1e-12)
    np.testing.assert_allclose(np.arange(301) @ law.sum(axis=1), ruin.mean_duration(0.4, 2, 5), rtol=1e-12)
    assert law.shape == (301, 2)
    np.testing.assert_array_equal(ruin.ruin_time_law(0.4, 2, 5, 0), [[0, 0]])


def test_escape_is_the_limit_of_a_rich_bank():
    for p, k in ((0.6, 1), (0.6, 4), (0.5, 2), (0.3, 3), (0.5 + 1e-3, 1)):
        far = ruin.win_probability(p, k, 10**6)
        np.testing.assert_allclose(ruin.escape_probability(p, k), far, atol=3e-6, rtol=1e-12)
        np.testing.assert_allclose(ruin.escape_probability(1 - p, -k), far, atol=3e-6, rtol=1e-12)
    np.testing.assert_allclose(ruin.escape_probability(2 / 3, [2, 0, -2]), [3 / 4, 1 / 3, 0], rtol=1e-14)
    np.testing.assert_array_equal(ruin.escape_probability([0, 1, 0, 1, 0, 1], [1, 1, -1, -1, 0, 0]), [0, 1, 1, 0, 1, 1])


@given(chances)
def test_a_return_is_a_step_and_the_way_back(p):
    """P(no return) by the first step: up and never down again, or down and never up again."""
    up, down = ruin.escape_probability(p, [1, -1])
    np.testing.assert_allclose(ruin.escape_probability(p, 0), p * up + (1 - p) * down, atol=1e-15)


def test_arrays_broadcast_and_numbers_stay_numbers():
    got = ruin.win_probability([[0.5], [0.3]], np.arange(5), 4)
    assert got.shape == (2, 5)
    np.testing.assert_allclose(got[0], np.arange(5) / 4)
    for function in FUNCTIONS:
        assert np.ndim(function(0.5, 1, 2)) == 0
    assert np.ndim(ruin.escape_probability(0.5, 1)) == 0


BAD = [
    ((1.2, 1, 2), ValueError, r"p is 1.2; expected a number in \[0, 1\]"),
    ((np.nan, 1, 2), ValueError, r"p is nan"),
    (("x", 1, 2), TypeError, r"p: expected real numbers"),
    ((0.5, 3, 2), ValueError, r"k is 3; expected 0 to S = 2 units"),
    ((0.5, -1, 2), ValueError, r"k is -1; expected 0 to S = 2 units"),
    ((0.5, 0.5, 2), ValueError, r"k is 0.5; expected a whole number"),
    ((0.5, 0, 0), ValueError, r"S is 0; expected at least 1 unit"),
    ((0.5, 1, np.inf), ValueError, r"S is inf"),
    (([0.5, 0.5], [1, 1, 1], 2), ValueError, r"shapes do not broadcast: p \(2,\), k \(3,\)"),
]


@pytest.mark.parametrize("game, error, message", BAD)
def test_bad_games_are_named(game, error, message):
    for function in FUNCTIONS:
        with pytest.raises(error, match=message):
            function(*game)


def test_bad_arguments_of_the_others_are_named():
    with pytest.raises(ValueError, match="k is 1.5; expected a whole number"):
        ruin.escape_probability(0.5, 1.5)
    with pytest.raises(ValueError, match="p is -0.1"):
        ruin.escape_probability(-0.1, 1)
    with pytest.raises(ValueError, match="n is -1; expected a whole number, at least 0"):
        ruin.ruin_time_law(0.5, 1, 2, -1)
    for n in ("a", np.nan):
        with pytest.raises(ValueError, match=f"n is {n}; expected a whole number"):
            ruin.ruin_time_law(0.5, 1, 2, n)
    with pytest.raises(ValueError, match="expected one number each"):
        ruin.ruin_time_law(0.5, [1, 1], 2, 3)
    with pytest.raises(ValueError, match="k is 3"):
        ruin.ruin_time_law(0.5, 3, 2, 3)

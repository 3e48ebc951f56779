"""Alias tables hold exactly the given law, and paths follow the table."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix

from rlcourse.tabular.paths import alias_table, sample_paths

P = np.array([[0.1, 0.2, 0.7], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])


def law(table, states):
    """The transition matrix that a table stands for, in exact fractions."""
    found = [[Fraction(0)] * states for _ in range(states)]
    for s, (first, shift) in enumerate(zip(table.first, table.shift, strict=True)):
        m = 2 ** (53 - int(shift))
        for keep, state, other in table.cells[first : first + m]:
            share = Fraction(int(keep), table.scale)
            assert 0 <= share <= 1
            found[s][state] += share / m
            found[s][other] += (1 - share) / m
    return found


def is_law(table, P):
    got = np.array(law(table, len(P)))
    assert all(sum(row) == 1 for row in got)
    # an impossible step has no cell at all; the others are rounded
    assert np.array_equal(got > 0, np.asarray(P) > 0)
    assert np.abs(got.astype(float) - P).max() < 1e-15 * len(P)


def test_the_table_holds_the_law():
    table = alias_table(P)
    is_law(table, P)
    assert list(table.shift) == [51, 53, 52]  # rows of three, one and two possible steps


def test_padding_is_inert():
    P = np.full((5, 5), 0.2)  # five entries in eight cells
    table = alias_table(P)
    assert list(table.shift) == [50] * 5 and list(table.first) == [0, 8, 16, 24, 32]
    is_law(table, P)


@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any), min_size=4, max_size=4))
def test_the_table_holds_any_law(weights):
    P = np.array(weights) / np.sum(weights, axis=1, keepdims=True)
    is_law(alias_table(P), P)


@pytest.mark.parametrize("kind", [csr_array, csr_matrix])
def test_sparse_rows_give_the_same_table(kind):
    dense, sparse = alias_table(P), alias_table(kind(P))
    for a, b in zip(dense, sparse, strict=True):
        assert np.array_equal(a, b)


def test_duplicates_add_up():
    halves = csr_array((np.array([0.25, 0.5, 0.25, 1]), np.array([0, 1, 0, 0]), np.array([0, 3, 4])), shape=(2, 2))
    table = alias_table(halves)
    assert list(table.first) == [0, 2] and list(table.shift) == [52, 53]
    is_law(table, [[0.5, 0.5], [1, 0]])
    assert halves.nnz == 4  # the argument is as it was


def test_paths_follow_the_table():
    table, start = alias_table(P), np.array([[0, 2], [0, 1]])
    path = sample_paths(table, start, 50, np.random.default_rng(3))
    assert path.shape == (2, 2, 51)
    assert np.array_equal(path[..., 0], start)
    uniform = np.random.default_rng(3).random((50, 4))
    for t in range(50):
        for i, s in enumerate(path[..., t].ravel()):
            cell = int(uniform[t, i] * 2 ** (53 - int(table.shift[s])))
            keep, state, other = table.cells[table.first[s] + cell]
            stays = Fraction(uniform[t, i]) * 2**53 % table.scale < int(keep)
            assert path[..., t + 1].ravel()[i] == (state if stays else other)


FULL = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.5, 0.25, 0.25]])


@pytest.mark.parametrize("law", [P, FULL], ids=["some steps are impossible", "every step is possible"])
def test_one_path_follows_the_table(law):
    table = alias_table(law)
    path = sample_paths(table, 2, 300, np.random.default_rng(5))
    uniform = np.random.default_rng(5).random(300)
    for t, s in enumerate(path[:-1]):
        cell = int(uniform[t] * 2 ** (53 - int(table.shift[s])))
        keep, state, other = table.cells[table.first[s] + cell]
        stays = Fraction(uniform[t]) * 2**53 % table.scale < int(keep)
        assert path[t + 1] == (state if stays else other)


def test_a_full_table_says_so():
    assert alias_table(FULL).full and alias_table(csr_array(FULL)).full
    assert not alias_table(P).full and not alias_table(csr_array(P)).full


def test_padding_is_no_state():
    """Rounding may leave the last of four cells with a mass that nobody takes: it yields the last state, 2."""
    table = alias_table(FULL)
    cells = table.cells.copy()
    cells["keep"] = table.scale
    for seed in range(20):
        path = sample_paths(table._replace(cells=cells), 0, 1, np.random.default_rng(seed))
        assert path[1] == min(int(np.random.default_rng(seed).random() * 4), 2)


def test_frequencies_are_those_of_the_law():
    path = sample_paths(alias_table(P), np.repeat([0, 2], 500), 1, np.random.default_rng(0))
    counts = np.bincount(path[:500, 1], minlength=3)
    # five standard errors are below .12: rows in the wrong place or a forgotten threshold are far outside
    assert np.abs(counts / 500 - P[0]).max() < 0.12
    assert np.abs(np.bincount(path[500:, 1], minlength=3) / 500 - P[2]).max() < 0.12


def test_one_path_and_no_steps():
    table = alias_table(P)
    assert sample_paths(table, 1, 4, np.random.default_rng(0)).tolist() == [1] * 5
    assert sample_paths(table, np.array([2, 0]), 0, np.random.default_rng(0)).tolist() == [[2], [0]]
    assert sample_paths(table, np.empty(0, int), 3, np.random.default_rng(0)).shape == (0, 4)


def test_bad_input():
    table, rng = alias_table(P), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"P\[1, :\] sums to 0.9; expected 1"):
        alias_table(np.array([[0.5, 0.5], [0.4, 0.5]]))
    with pytest.raises(ValueError, match=r"start holds 3; expected states 0 to 2"):
        sample_paths(table, [0, 3], 2, rng)
    with pytest.raises(ValueError, match=r"start holds -1"):
        sample_paths(table, [0, -1], 2, rng)
    with pytest.raises(TypeError, match=r"start: expected integers"):
        sample_paths(table, [0.0], 2, rng)
    with pytest.raises(ValueError, match=r"expected a square matrix \[S, S\], got shape \(2,\)"):
        alias_table([0.5, 0.5])
    assert alias_table(P.tolist()).cells.tolist() == table.cells.tolist()
    with pytest.raises(ValueError, match=r"steps is 1.5; expected a whole number"):
        sample_paths(table, 0, 1.5, rng)
    with pytest.raises(ValueError, match=r"steps is -1"):
        sample_paths(table, 0, -1, rng)
    with pytest.raises(TypeError, match=r"rng is 7; expected a numpy.random.Generator"):
        sample_paths(table, 0, 2, 7)

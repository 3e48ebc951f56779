"""Poisson processes: records, counts, laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import ctmc as oracle

from rlcourse.tabular import poisson

INF = np.inf


def test_counts_are_numbers_of_jumps():
    times = np.array([[0.5, 1.0, 2.0], [1.5, INF, INF], [INF, INF, INF]])
    want = [[0, 1, 2, 2, 3], [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(poisson.counts(times, [0, 0.5, 1, 1.9, 5]), want)
    np.testing.assert_array_equal(poisson.counts(times, 1.0), [[2], [0], [0]])
    assert poisson.counts(np.zeros((0, 2)), [1.0, 2.0]).shape == (0, 2)


def test_superposition_merges_path_by_path():
    a = np.array([[1.0, 3.0, INF], [2.0, INF, INF]])
    b = np.array([[2.0, INF], [0.5, INF]])
    np.testing.assert_array_equal(poisson.superpose(a, b), [[1, 2, 3], [0.5, 2, INF]])
    np.testing.assert_array_equal(poisson.superpose(b), [[2], [0.5]])
    with pytest.raises(ValueError, match=r"records: expected the same number of paths, got \[2, 1\]"):
        poisson.superpose(a, b[:1])
    with pytest.raises(ValueError, match=r"records: expected the same number of paths, got \[\]"):
        poisson.superpose()
    with pytest.raises(ValueError, match=r"records\[1\]: expected increasing times"):
        poisson.superpose(a, -a)


def test_thinning_parts_a_record():
    times = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, INF]])
    kept, dropped = poisson.thin(times, np.array([[0, 1.0, 0], [1, 0, 0]]), 0)
    np.testing.assert_array_equal(kept, [[2], [4]])
    np.testing.assert_array_equal(dropped, [[1, 3], [5, INF]])
    kept, dropped = poisson.thin(times, 1, 0)
    np.testing.assert_array_equal(kept, times)
    assert dropped.shape == (2, 0)
    with pytest.raises(ValueError, match=r"keep is 1.5; expected a number in \[0, 1\]"):
        poisson.thin(times, 1.5, 0)
    np.testing.assert_array_equal(poisson.thin(times, [[1], [0]], 0)[0], [[1, 2, 3], [INF, INF, INF]])
    np.testing.assert_array_equal(poisson.thin(times, [1, 0, 0], 0)[0], [[1], [4]])
    for keep in (np.ones(2), np.ones((3, 3)), np.ones((1, 2, 3))):
        with pytest.raises(ValueError, match=r"keep has shape \(.*\); expected a number, or a shape that .* \(2, 3\)"):
            poisson.thin(times, keep, 0)


def test_thinning_keeps_a_share():
    """2000 jumps: one standard error is 0.01, and keeping the wrong part would be 0.4 away."""
    times = np.arange(2000.0).reshape(4, 500)
    kept, dropped = poisson.thin(times, 0.3, 0)
    assert abs(np.isfinite(kept).sum() / 2000 - 0.3) < 0.05
    np.testing.assert_array_equal(poisson.superpose(kept, dropped), times)


def test_records_are_increasing_and_end_before_the_horizon():
    times = poisson.jump_times(2.0, 5.0, 50, 0)
    real = np.isfinite(times)
    assert (times[real] > 0).all() and (times[real] <= 5).all()
    assert (times[:, 1:][real[:, 1:]] > times[:, :-1][real[:, 1:]]).all()
    assert real.any(axis=0).all() and not real.all()
    np.testing.assert_array_equal(times, poisson.jump_times(2.0, 5.0, 50, np.random.default_rng(0)))
    assert poisson.jump_times(1e-9, 1.0, 3, 0).shape == (3, 0)
    assert poisson.jump_times(1.0, 1.0, 0, 0).shape == (0, 0)


def test_rate_and_horizon_only_scale():
    np.testing.assert_allclose(poisson.jump_times(4.0, 3.0, 20, 1), poisson.jump_times(1.0, 12.0, 20, 1) / 4)


def test_counts_have_the_poisson_law():
    """1000 paths of mean 3: standard errors 0.055 for the mean, 0.15 for the variance; a shifted count is 1 off."""
    times = poisson.jump_times(2.0, 1.5, 1000, 3)
    count = poisson.counts(times, [1.5])[:, 0]
    assert abs(count.mean() - 3) < 0.25 and abs(count.var() - 3) < 0.7
    for n in range(6):
        assert abs((count == n).mean() - oracle.poisson(3, n)) < 0.07
    # increments after time 1 have mean 1, whatever was before
    late = count - poisson.counts(times, [1.0])[:, 0]
    assert abs(late.mean() - 1) < 0.15 and abs(np.corrcoef(late, count - late)[0, 1]) < 0.15


def test_many_jumps_need_more_than_one_block(monkeypatch):
    class Slow:
        """Gaps so short that the first block does not reach the horizon."""

        def exponential(self, scale, shape):
            return np.full(shape, scale / 2)

    monkeypatch.setattr(poisson.np.random, "default_rng", lambda rng: rng)
    times = poisson.jump_times(1.0, 4.25, 2, Slow())
    np.testing.assert_allclose(times, np.tile(np.arange(1, 9) / 2, (2, 1)))
    long = poisson.jump_times(1.0, 100.25, 1, Slow())
    np.testing.assert_allclose(long, [np.arange(1, 201) / 2])


def test_given_the_count_the_times_are_sorted_uniforms():
    """1000 records of 3 jumps on [0, 8]: means 2, 4, 6; a standard error is 0.05."""
    times = poisson.jump_times_given_count(3, 8.0, 1000, 0)
    assert times.shape == (1000, 3) and (np.diff(times, axis=1) > 0).all() and times.max() <= 8
    np.testing.assert_allclose(times.mean(axis=0), [2, 4, 6], atol=0.25)
    assert poisson.jump_times_given_count(0, 1.0, 5, 0).shape == (5, 0)
    for n in (-1, 1.5):
        with pytest.raises(ValueError, match=f"n is {n}; expected a whole number"):
            poisson.jump_times_given_count(n, 1.0, 1, 0)


def test_sorted_uniforms_on_a_grid(monkeypatch):
    """All pairs of midpoints of 20 cells of [0, 6], each once: the mean of the smaller is 6 (1/3 + 1/(6 m^2))."""
    m = 20
    cells = (np.arange(m) + 0.5) / m
    pairs = np.stack(np.meshgrid(cells, cells), axis=-1).reshape(-1, 2)

    class Grid:
        def uniform(self, low, high, shape):
            assert shape == pairs.shape
            return low + (high - low) * pairs

    monkeypatch.setattr(poisson.np.random, "default_rng", lambda rng: rng)
    times = poisson.jump_times_given_count(2, 6.0, m * m, Grid())
    np.testing.assert_allclose(times.mean(axis=0), [2 + 1 / m**2, 4 - 1 / m**2], rtol=1e-12)


def test_jump_times_of_the_paths_with_three_jumps():
    """About 450 of 2000 paths: means 2, 4, 6 with a standard error of at most 0.085; without the condition on the
    count, the means of the three jump times are 8/3, 16/3, 8."""
    times = poisson.jump_times(3 / 8, 8.0, 2000, 7)
    three = times[poisson.counts(times, 8.0)[:, 0] == 3, :3]
    assert len(three) > 350
    np.testing.assert_allclose(three.mean(axis=0), [2, 4, 6], atol=0.4)


def test_a_rate_that_is_switched_off():
    got = poisson.inhomogeneous_jump_times(lambda t: 3.0 * (t < 2), 3.0, 4.0, 30, 5)
    all_times = poisson.jump_times(3.0, 4.0, 30, 5)
    early = np.where(all_times < 2, all_times, INF)
    np.testing.assert_array_equal(got, early[:, np.isfinite(early).any(axis=0)])
    constant = poisson.inhomogeneous_jump_times(lambda t: 3.0, 3.0, 4.0, 30, 5)
    np.testing.assert_array_equal(constant, all_times)


def test_a_rate_that_changes():
    """Rate 2t on [0, 2] has mean 4, 1 of it before 1; 500 paths, standard errors 0.09 and 0.045."""
    got = poisson.inhomogeneous_jump_times(lambda t: 2 * t, 4.0, 2.0, 500, 0)
    np.testing.assert_allclose(poisson.counts(got, [1.0, 2.0]).mean(axis=0), [1, 4], atol=0.4)
    for wrong in (lambda t: 5 + 0 * t, lambda t: -1.0 + 0 * t, lambda t: np.nan * t):
        with pytest.raises(ValueError, match=r"intensity at t = .* is .*; expected 0 to bound = 4.0"):
            poisson.inhomogeneous_jump_times(wrong, 4.0, 2.0, 5, 0)
    with pytest.raises(ValueError, match="bound is -1"):
        poisson.inhomogeneous_jump_times(lambda t: t, -1, 2.0, 5, 0)


@given(st.integers(1, 6), st.sampled_from([0.5, 1, 3]), st.sampled_from([0, 0.25, 2]))
def test_density_of_a_jump_time(n, lam, t):
    np.testing.assert_allclose(poisson.jump_density(n, lam, t), lam * oracle.poisson(lam * t, n - 1), rtol=1e-13)


def test_densities_have_mass_one_and_their_mean():
    t = np.linspace(0, 40, 40001)
    for n, lam in ((1, 2.0), (3, 2.0), (5, 0.5)):
        density = poisson.jump_density(n, lam, t)
        np.testing.assert_allclose([np.trapezoid(density, t), np.trapezoid(t * density, t)], [1, n / lam], rtol=1e-3)
    assert math.isfinite(poisson.jump_density(2000, 1.0, 2000.0))
    for n in (1, 2, 9):  # infinitely late, or more jumps until then than a number can say
        np.testing.assert_array_equal(poisson.jump_density(n, 1e10, [INF, 1e305]), [0, 0])


def test_bad_input_is_named():
    for lam in (0, -1, INF):
        with pytest.raises(ValueError, match=f"lam is {lam}; expected a finite number greater than 0"):
            poisson.jump_times(lam, 1.0, 1, 0)
        with pytest.raises(ValueError, match=f"lam is {lam}"):
            poisson.jump_density(1, lam, 1.0)
    for call in (poisson.jump_times, poisson.jump_times_given_count):
        with pytest.raises(ValueError, match="horizon is 0; expected a finite number greater than 0"):
            call(1, 0, 1, 0)
        for paths in (-1, 1.5, np.nan):
            with pytest.raises(ValueError, match=f"paths is {paths}; expected a whole number, at least 0"):
                call(1, 1.0, paths, 0)
    for n in (0, 1.5):
        with pytest.raises(ValueError, match=f"n is {n}; expected a whole number, at least 1"):
            poisson.jump_density(n, 1.0, 1.0)
    for t in (-1.0, np.nan):
        for call in (lambda t: poisson.jump_density(1, 1.0, t), lambda t: poisson.counts([[1.0]], t)):
            with pytest.raises(ValueError, match=f"t holds {t}; expected times >= 0"):
                call([1.0, t])
    for times, words in (
        (np.ones(3), r"expected jump times \[paths, K\], got shape \(3,\)"),
        ([[1, 3, 2]], "increasing"),
        ([[-1, 2]], "increasing times >= 0"),
    ):
        with pytest.raises(ValueError, match=f"times: .*{words}"):
            poisson.counts(times, 1.0)
    with pytest.raises(ValueError, match="times: expected increasing"):
        poisson.thin([[np.nan]], 0.5, 0)

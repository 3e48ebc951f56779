"""Slips that the tests of Poisson processes must notice."""

from faults import Fault

TESTS = "tests/tabular/test_poisson.py::"


def slip(find, replace, test, why):
    return Fault("rlcourse.tabular.poisson", find, replace, TESTS + test, why)


FAULTS = [
    slip(
        "rng.exponential(1 / lam, (paths, block))",
        "rng.exponential(lam, (paths, block))",
        "test_rate_and_horizon_only_scale",
        "rate and mean confused",
    ),
    slip(
        "rng.exponential(1 / lam, (paths, block))",
        "rng.uniform(0, 2 / lam, (paths, block))",
        "test_counts_have_the_poisson_law",
        "gaps with the right mean and a memory",
    ),
    slip(
        "np.inf)[:, 1:])",
        "np.inf))",
        "test_records_are_increasing_and_end_before_the_horizon",
        "time 0 counted as a jump",
    ),
    slip(
        "while (times[:, -1] <= horizon).any()",
        "if (times[:, -1] <= horizon).any()",
        "test_many_jumps_need_more_than_one_block",
        "records that stop early",
    ),
    slip(
        "times[:, -1:] + gaps.cumsum(axis=1)",
        "gaps.cumsum(axis=1)",
        "test_many_jumps_need_more_than_one_block",
        "the second block starts at 0",
    ),
    slip(
        "np.where(times <= horizon, times, np.inf)",
        "times",
        "test_records_are_increasing_and_end_before_the_horizon",
        "jumps after the horizon",
    ),
    slip(
        "return np.sort(np.random.default_rng(rng).uniform(0, horizon, (paths, n)), axis=1)",
        "return np.sort(np.random.default_rng(rng).uniform(0, horizon, (paths, n)), axis=0)",
        "test_given_the_count_the_times_are_sorted_uniforms",
        "sorted across paths",
    ),
    slip(
        "uniform(0, horizon, (paths, n))",
        "uniform(0, 1, (paths, n))",
        "test_given_the_count_the_times_are_sorted_uniforms",
        "the horizon is missing",
    ),
    slip(
        "keep[real] = rate / bound", "keep[real] = rate", "test_a_rate_that_changes", "the intensity is no probability"
    ),
    slip(
        "return thin(times, keep, rng)[0]",
        "return thin(times, keep, rng)[1]",
        "test_a_rate_that_is_switched_off",
        "the dropped jumps are returned",
    ),
    slip("(rate >= 0) & (rate <= bound)", "rate <= bound", "test_a_rate_that_changes", "a negative intensity passes"),
    slip(
        "default_rng(rng).random(times.shape) < keep",
        "default_rng(rng).random(times.shape) > keep",
        "test_thinning_parts_a_record",
        "the wrong jumps are kept",
    ),
    slip(
        "default_rng(rng).random(times.shape) < keep",
        "default_rng(rng).random((len(times), 1)) < keep",
        "test_thinning_keeps_a_share",
        "one decision for a whole path",
    ),
    slip(
        "_packed(np.concatenate(checked, axis=1))",
        "np.concatenate(checked, axis=1)",
        "test_superposition_merges_path_by_path",
        "the merged record is not sorted",
    ),
    slip(
        'np.searchsorted(row, t, side="right")',
        'np.searchsorted(row, t, side="left")',
        "test_counts_are_numbers_of_jumps",
        "a jump at t does not count",
    ),
    slip(
        "np.minimum(lam * _from_zero(t), LATE)",
        "lam * _from_zero(t)",
        "test_densities_have_mass_one_and_their_mean",
        "infinity taken from itself",
    ),
    slip(
        "if not (times >= 0).all()",
        "if np.isnan(times).any()",
        "test_bad_input_is_named",
        "negative jump times pass",
    ),
    slip(
        "special.xlogy(n - 1, mean) - mean",
        "special.xlogy(n, mean) - mean",
        "test_density_of_a_jump_time",
        "exponent n in the density",
    ),
    slip(
        "return lam * np.exp(",
        "return lam**n * np.exp(",
        "test_density_of_a_jump_time",
        "a factor of the rate for every jump",
    ),
    slip("special.gammaln(n)", "special.gammaln(n + 1)", "test_density_of_a_jump_time", "n factorial"),
]

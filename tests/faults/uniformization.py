"""Slips that the tests of uniformization must notice."""

from faults import Fault

TESTS = "tests/tabular/test_uniformization.py::"


def slip(find, replace, test, why):
    return Fault("rlcourse.tabular.uniformization", find, replace, TESTS + test, why)


FAULTS = [
    slip(
        "    if rate < largest:",
        "    if rate < largest / 2:",
        "test_the_uniformized_chain",
        "a clock that is too slow passes",
    ),
    slip(
        "np.eye(gen.n_states) + gen.Q / rate)",
        "np.eye(gen.n_states) + gen.Q)",
        "test_the_uniformized_chain",
        "the generator is not divided by the rate",
    ),
    slip(
        "float(exit_rates.max())",
        "float(exit_rates.min())",
        "test_the_uniformized_chain",
        "the slowest state sets the clock",
    ),
    slip(
        "mean = ticks * 2.0**-squarings",
        "mean = float(t) * 2.0**-squarings",
        "test_the_matrix_is_the_power_series",
        "the rate of the clock is missing",
    ),
    slip(
        "_enough(mean, tol * 2.0 ** -(squarings + 1))",
        "_enough(mean, tol)",
        "test_terms_and_squarings_and_bound",
        "the growth of the error by squaring forgotten",
    ),
    slip(
        "np.ldexp(tail, squarings + 1)",
        "np.ldexp(tail, squarings)",
        "test_terms_and_squarings_and_bound",
        "a bound of half the size",
    ),
    slip(
        "SMALLEST if ticks > 0 else 0.0",
        "0.0",
        "test_a_tail_below_the_smallest_number_is_not_called_zero",
        "a bound of 0 because the tail underflows",
    ),
    slip(
        "    for n in range(1, terms):",
        "    for n in range(1, terms - 1):",
        "test_the_terms_that_are_counted_are_summed",
        "the last term is not summed",
    ),
    slip("        P = P @ P\n", "        P = P * P\n", "test_terms_and_squarings_and_bound", "squares of the entries"),
    slip(
        "        P = _stochastic(P)  # so that rounding does not grow with the squares\n",
        "",
        "test_the_longest_times",
        "rounding grows with the squares",
    ),
    slip(
        "weight[0] * here, times[k]", "here, times[k]", "test_laws_are_rows_of_the_matrix", "the weight of no tick is 1"
    ),
    slip(
        "at_tick = at_tick @ step",
        "at_tick = step @ at_tick",
        "test_laws_are_rows_of_the_matrix",
        "a law multiplied from the wrong side",
    ),
    slip(
        "rate * (times[k] - now)",
        "rate * times[k]",
        "test_laws_are_rows_of_the_matrix",
        "moves on by the whole time again",
    ),
    slip(
        "_enough(mean, tol / len(times))",
        "_enough(mean, tol)",
        "test_bounds_of_several_times_add_up",
        "errors of several moves not added",
    ),
    slip("error += float(", "error = float(", "test_bounds_of_several_times_add_up", "only the last bound is kept"),
    slip(
        "np.argsort(times)", "range(len(times))", "test_laws_are_rows_of_the_matrix", "times taken in the order given"
    ),
    slip(
        "mode = int(mean)",
        "mode = 0",
        "test_weights_are_the_poisson_law",
        "weights start where they underflow or overflow",
    ),
    slip(
        "special.gammaincc(terms, mean) / weight.sum()",
        "1 / weight.sum()",
        "test_weights_are_the_poisson_law",
        "the weights kept take what was cut off",
    ),
    slip(
        "special.gammainc(np.arange(1, most), mean) <= tol",
        "special.gammainc(np.arange(1, most), mean) <= 10 * tol",
        "test_the_number_of_terms_is_the_smallest",
        "too few terms",
    ),
    slip(
        "rate / (rate + alpha)",
        "np.exp(-alpha / rate)",
        "test_every_policy_has_its_value_in_continuous_time",
        "discount at the mean waiting time",
    ),
    slip(
        "R = (r + (q * lump).sum(axis=2)) / (rate + alpha)",
        "R = (r + (q * lump).sum(axis=2)) / rate",
        "test_every_policy_has_its_value_in_continuous_time",
        "rewards not discounted within a step",
    ),
    slip(
        "(r + (q * lump).sum(axis=2))",
        "(r + lump.sum(axis=2))",
        "test_the_arrays_of_a_small_problem",
        "lumps not weighted by their rates",
    ),
    slip(
        "P[states, :, states] += ",
        "P[states, :, states] = ",
        "test_every_policy_has_its_value_in_continuous_time",
        "events that change nothing are lost",
    ),
    slip(
        "_clock(q.sum(axis=2), rate)",
        "_clock(q.sum(axis=0), rate)",
        "test_bad_problems_are_refused",
        "rates of arriving in place of rates of leaving",
    ),
]

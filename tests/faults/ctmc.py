"""Slips that the tests of continuous-time chains must notice."""

from faults import Fault

TESTS = "tests/tabular/test_ctmc.py::"


def slip(find, replace, test, why):
    return Fault("rlcourse.tabular.ctmc", find, replace, TESTS + test, why)


FAULTS = [
    slip(
        "((i != j) & (q < 0)",
        "((i == j) & (q < 0)",
        "test_bad_generators_are_refused",
        "negative rates looked for on the diagonal",
    ),
    slip(
        "((i == j) & (q > 0)",
        "((i == j) & (q > 1)",
        "test_bad_generators_are_refused",
        "a small positive diagonal passes",
    ),
    slip(
        "ROW_SUM * np.maximum(exits, total)",
        "ROW_SUM",
        "test_rounding_is_no_mistake_and_the_copy_is_read_only",
        "absolute tolerance for fast chains",
    ),
    slip(
        "total, exits = Q.sum(axis=1)",
        "total, exits = Q.sum(axis=0)",
        "test_bad_generators_are_refused",
        "columns summed instead of rows",
    ),
    slip(
        "            part.setflags(write=False)\n",
        "            pass\n",
        "test_rounding_is_no_mistake_and_the_copy_is_read_only",
        "the stored generator can be changed",
    ),
    slip(
        "return off / by[:, None]",
        "return off / by",
        "test_the_jump_chain_is_the_shares_of_the_rates",
        "divided by the rate of the target",
    ),
    slip(
        " + np.diag(absorbing * 1.0))",
        ")",
        "test_the_jump_chain_is_the_shares_of_the_rates",
        "no step out of an absorbing state",
    ),
    slip(
        "return -self.Q.diagonal() + 0.0",
        "return -self.Q.diagonal()",
        "test_the_jump_chain_is_the_shares_of_the_rates",
        "a negative zero",
    ),
    slip(
        "law = np.where(visits > 0, visits / np.where(gen.exit_rates > 0, gen.exit_rates, 1.0), 0.0)",
        "law = visits",
        "test_the_stationary_law_of_two_states",
        "shares of visits taken for shares of time",
    ),
    slip(
        "visits / np.where(gen.exit_rates > 0, gen.exit_rates, 1.0)",
        "visits * gen.exit_rates",
        "test_the_stationary_law_of_two_states",
        "rates in place of holding times",
    ),
    slip(
        "if len(closed) > 1:",
        "if len(closed) > 2:",
        "test_several_closed_classes_have_no_unique_law",
        "two closed classes pass",
    ),
    slip(
        "return np.where(missed, np.inf, times)",
        "return times",
        "test_hitting_times_that_are_infinite",
        "0 where the target may be missed",
    ),
    slip(
        "holding, with_target=False",
        "holding, with_target=True",
        "test_hitting_times_solve_their_equations",
        "the stay in the target counts",
    ),
    slip(
        "holding = 1 / np.where(gen.exit_rates > 0, gen.exit_rates, np.inf)",
        "holding = np.ones(gen.n_states)",
        "test_hitting_times_solve_their_equations",
        "jumps counted in place of time",
    ),
    slip(
        "ends = np.union1d(target, np.flatnonzero(missed))",
        "ends = target",
        "test_hitting_times_that_are_infinite",
        "a chain that may miss the target is followed without end",
    ),
    slip(
        "np.append(r / ends, 0.0)",
        "np.append(r, 0.0)",
        "test_discounted_values_solve_their_equation",
        "a stay of any length earns the same",
    ),
    slip(
        "ends = off.sum(axis=1) + alpha",
        "ends = gen.exit_rates",
        "test_discounted_values_solve_their_equation",
        "killing does not shorten a stay",
    ),
    slip(
        "(exits < np.finfo(float).tiny)",
        "(exits < 0)",
        "test_rates_whose_inverse_is_no_number_are_refused",
        "a mean holding time that overflows",
    ),
    slip(
        ".reshape(len(paths.states), *t.shape)",
        "",
        "test_states_of_no_paths",
        "no paths lose the axis of times",
    ),
    slip(
        "rng.exponential() / exit_rates[s]",
        "rng.exponential()",
        "test_a_path_follows_its_random_numbers",
        "every state is held for the same time",
    ),
    slip(
        "rng.exponential() / exit_rates[s]",
        "rng.exponential() * exit_rates[s]",
        "test_a_path_follows_its_random_numbers",
        "rate and mean confused",
    ),
    slip(
        "u >= law[k]", "u <= law[k]", "test_a_path_follows_its_random_numbers", "the comparison that picks the target"
    ),
    slip(
        "while t <= horizon:",
        "while t < horizon or horizon > 0:",
        "test_a_path_follows_its_random_numbers",
        "the record does not stop",
    ),
    slip(
        'np.searchsorted(times, t, side="right")',
        'np.searchsorted(times, t, side="left")',
        "test_states_at_times",
        "the state left instead of the state entered",
    ),
    slip(
        "np.where(padding, np.inf, times[after])", "times[after]", "test_records_are_padded", "padding looks like jumps"
    ),
]

"""Planted faults in dynamic programming: sweeps, certificates, solvers, linear programs."""

from faults import Fault

SWEEPS, SWEEP_TESTS = "rlcourse.tabular.sweeps", "tests/tabular/test_sweeps.py"
ROWS, ROW_TESTS = "rlcourse.tabular.rows", "tests/tabular/test_rows.py"
BOUNDS, BOUND_TESTS = "rlcourse.tabular.certificates", "tests/tabular/test_certificates.py"
SOLVERS, SOLVER_TESTS = "rlcourse.tabular.dp", "tests/tabular/test_dp.py"
PROGRAM, PROGRAM_TESTS = "rlcourse.tabular.linear_program", "tests/tabular/test_linear_program.py"


def _faults(module, tests, rows):
    return [Fault(module, find, replace, f"{tests}::{test}", why) for find, replace, test, why in rows]


FAULTS = [
    *_faults(
        SWEEPS,
        SWEEP_TESTS,
        [
            (
                "q = R[s, a] + gamma * mean",
                "q = gamma * (R[s, a] + mean)",
                "test_an_optimal_sweep",
                "the reward is discounted",
            ),
            ("if q > top:", "if q < top or a == 0:", "test_an_optimal_sweep", "minimum for maximum"),
            (
                "if top > kept + margin:",
                "if top >= kept + margin:",
                "test_an_action_stays_until_it_is_beaten_by_the_margin",
                "ties change the action",
            ),
            (
                "if top > kept + margin:",
                "if top > kept:",
                "test_an_action_stays_until_it_is_beaten_by_the_margin",
                "the margin forgotten",
            ),
            (
                "        step = top - v[s]\n        u[s] = top\n",
                "        u[s] = top\n        step = top - v[s]\n",
                "test_an_optimal_sweep_in_place",
                "in place the change is taken after the value is overwritten",
            ),
            ("old, new = new, old", "pass", "test_sweeps_of_a_chain", "every sweep starts from the first values"),
            (
                "if old is not v:\n        v[:] = old",
                "if old is v:\n        v[:] = new",
                "test_sweeps_of_a_chain",
                "an odd sweep is lost",
            ),
            (
                "(high - low if by_span else max(high, -low)) <= size",
                "(high - low if by_span else high) <= size",
                "test_a_sweep_that_changes_exactly_the_size_is_the_last",
                "falling values count as settled",
            ),
            (
                "(high - low if by_span else max(high, -low)) <= size",
                "(high - low if by_span else max(high, -low)) < size",
                "test_a_sweep_that_changes_exactly_the_size_is_the_last",
                "< for <= at the stop",
            ),
            (
                "r[s] = R[s, action[s]]",
                "r[s] = R[s, 0]",
                "test_packed_rows",
                "the first action's reward",
            ),
            (
                "order[found], toward[s] = s, a",
                "order[found], toward[s] = s, 0",
                "test_states_from_the_end",
                "not the action that leads closer",
            ),
            (
                "new_to[n], new_p[n] = place[to[e]], p[e]",
                "new_to[n], new_p[n] = order[to[e]], p[e]",
                "test_renumbered_rows",
                "a permutation for its inverse",
            ),
            (
                "priority[before] += gamma * column_p[e] * change",
                "priority[before] = gamma * column_p[e] * change",
                "test_priorities_bound_the_residuals",
                "older changes forgotten",
            ),
            (
                "priority[before] += gamma * column_p[e] * change",
                "priority[before] += gamma * change",
                "test_priorities_bound_the_residuals",
                "the probability forgotten",
            ),
        ],
    ),
    *_faults(
        ROWS,
        ROW_TESTS,
        [
            (
                "away, back = most / (1 - most), least / (1 - least)",
                "away, back = 1 / (1 - most), 1 / (1 - least)",
                "test_what_later_sweeps_can_add",
                "the bounds of V put around TV",
            ),
            (
                "away, back = most / (1 - most), least / (1 - least)",
                "back, away = most / (1 - most), least / (1 - least)",
                "test_what_later_sweeps_can_add",
                "sums of rows taken the wrong way",
            ),
            (
                "away, back = most / (1 - most), least / (1 - least)",
                "away = back = self.gamma / (1 - self.gamma)",
                "test_what_later_sweeps_can_add",
                "sums of rows taken for 1",
            ),
            (
                "return low * (away if low < 0 else back)",
                "return high * (away if high < 0 else back)",
                "test_what_later_sweeps_can_add",
                "the largest change for the smallest",
            ),
            (
                "return rows.relative * (np.abs(u).max() + step) + rows.absolute",
                "return rows.relative * np.abs(u).max() + rows.absolute",
                "test_the_size_of_rounding",
                "the values before the sweep were larger",
            ),
            (
                "return rows.relative * (np.abs(u).max() + step) + rows.absolute",
                "return rows.relative * (np.abs(u).max() + step)",
                "test_the_size_of_rounding",
                "what was rounded before forgotten",
            ),
            (
                "fall, rise = (most * low - error) * w, (most * high + error) * w",
                "fall, rise = most * low - error, most * high + error",
                "test_the_value_of_a_chain",
                "the time to the end forgotten",
            ),
            (
                "return high - low if span else max(high, -low)",
                "return high - low if span else high",
                "test_the_size_of_a_change",
                "falling values count as settled",
            ),
            (
                "rest = 1 - high - self.rows.relative * w.max()",
                "rest = 1",
                "test_times_to_the_end",
                "a time that is not long enough",
            ),
            (
                "rest = 1 - high - self.rows.relative * w.max()",
                "rest = 1 - high",
                "test_a_time_to_the_end_that_is_lost_in_rounding_is_none",
                "the rounding of the times forgotten",
            ),
            (
                "return (min(low, 0.0), max(high, 0.0), changes) if u is v",
                "return (low, high, changes) if u is v",
                "test_an_in_place_sweep_counts_no_change_as_a_change",
                "bounds of the synchronous sweep used in place",
            ),
            ("back[self.order] = x", "back = x[self.order]", "test_rows_from_the_end", "a permutation for its inverse"),
            (
                "v[~self.terminal] = self.R.min() / (1 - self.gamma)",
                "v[:] = self.R.min() / (1 - self.gamma)",
                "test_values_that_start_below",
                "terminal states start below their value",
            ),
            (
                "v[~self.terminal] += min(low, 0.0) / (1 - self.gamma)",
                "v[~self.terminal] += min(low, 0.0)",
                "test_lowered_values_are_lowered_no_further",
                "lowered by one step only",
            ),
            (
                "x.maximum(y)",
                "y",
                "test_predecessors_of_a_state",
                "the last action's probability, not the largest",
            ),
            (
                "excess, most = max(excess, abs(total - 1.0))",
                "excess, most = max(excess, total - 1.0)",
                "test_measures_of_the_rows",
                "rows that sum to less than 1",
            ),
            (
                "longest, entries = max(longest, most), entries + most",
                "longest, entries = most, entries + most",
                "test_measures_of_the_rows",
                "the last row for the longest",
            ),
            (
                "absolute = rows.absolute + rounded",
                "absolute = rounded",
                "test_the_rows_of_a_policy",
                "what underflows forgotten",
            ),
            (
                "excess=rows.excess + rounded, relative=rows.relative + rounded,",
                "excess=rows.excess + rounded,",
                "test_the_rows_of_a_policy",
                "the rounding of the mean over the actions forgotten",
            ),
            (
                "(np.asarray(pi) * np.abs(mdp.R)).sum(axis=1).max()",
                "np.abs((np.asarray(pi) * mdp.R).sum(axis=1)).max()",
                "test_the_rows_of_a_policy",
                "rewards that cancel are rounded all the same",
            ),
            (
                "if now <= size or not now < last:",
                "if now <= size or count:",
                "test_a_chain_settles_however_long_it_takes",
                "sweeps given up after a while",
            ),
            (
                "if now <= size or not now < last:",
                "if now <= size:",
                "test_a_chain_stops_at_what_is_rounding",
                "sweeps without end",
            ),
            (
                "shrinks, before = now < before, now",
                "shrinks, before = now < 1.0, now",
                "test_changes_that_stall",
                "the last change forgotten",
            ),
            (
                "return self.renumbered(pi.argmax(axis=1)",
                "return (pi.argmax(axis=1)",
                "test_first_actions_of_a_policy",
                "the policy of other states",
            ),
        ],
    ),
    *_faults(
        BOUNDS,
        BOUND_TESTS,
        [
            (
                "        x[rows.terminal] = 0\n    return lower",
                "        pass\n    return lower",
                "test_bounds_hold_and_are_those_of_the_formula",
                "terminal states shifted",
            ),
            (
                "bound = float((upper - lower).max()) / 2",
                "bound = float((upper - lower).max())",
                "test_the_middle_of_the_bounds",
                "the whole distance",
            ),
            (
                "rows.original((lower + upper) / 2 if",
                "((lower + upper) / 2 if",
                "test_the_middle_of_the_bounds",
                "the middle in the order of the sweeps",
            ),
            ("(2 if span else 1)", "1", "test_what_is_enough_is_just_enough", "span treated like the largest change"),
            (
                "error = rounding(rows, u, max(high, -low))",
                "error = 0.0",
                "test_bounds_hold_to_the_last_bit",
                "rounding forgotten",
            ),
            (
                "if step.max() <= -2 * rounding(rows, x, np.abs(step).max()):",
                "if step.max() <= 1:",
                "test_without_discount_nothing_is_certified_by_a_policy_that_never_ends",
                "an upper bound that an action can raise",
            ),
            (
                "w = chain.pack(action).time_to_end() if changes else None",
                "w = None",
                "test_without_discount_the_longest_of_equally_good_policies_counts",
                "the longer way not tried",
            ),
            (
                "for x in (min(low, 0.0), max(high, 0.0)))",
                "for x in (low, high))",
                "test_without_discount_the_time_to_the_end_takes_over",
                "a rise is taken for certain",
            ),
            (
                "return np.where(mdp.terminal, 0.0, checks.finite",
                "return np.array(checks.finite",
                "test_values_to_start_from",
                "terminal states start with a value",
            ),
        ],
    ),
    *_faults(
        SOLVERS,
        SOLVER_TESTS,
        [
            (
                "iterations, now = iterations + count, change",
                "iterations, now = count - 1, change",
                "test_sweeps_are_counted",
                "the first sweep is not counted",
            ),
            (
                "(pi * q).sum(axis=1) + margin",
                "(pi * q).sum(axis=1)",
                "test_an_advantage_that_may_be_an_error_changes_nothing",
                "margin forgotten",
            ),
            (
                "better = q.max(axis=1) > (pi",
                "better = q.max(axis=1) >= (pi",
                "test_an_advantage_that_may_be_an_error_changes_nothing",
                "ties change the policy",
            ),
            (
                "np.eye(q.shape[1])[q.argmax(axis=1)], pi)",
                "np.eye(q.shape[1])[q.argmin(axis=1)], pi)",
                "test_an_advantage_that_may_be_an_error_changes_nothing",
                "the worst action",
            ),
            (
                "iterations, iterations * mdp.R.size)",
                "iterations, iterations * mdp.n_states)",
                "test_backups_are_counted",
                "states counted for rows",
            ),
            (
                "backups += mdp.n_states * chain.sweep(",
                "backups += chain.sweep(",
                "test_backups_are_counted",
                "sweeps counted for rows",
            ),
            (
                "backups = rows.lower(v) * mdp.R.size",
                "backups = 0 * rows.lower(v)",
                "test_backups_are_counted",
                "the sweep before the first is not counted",
            ),
            (
                "iterations + count, backups + count * mdp.n_actions",
                "iterations + count, backups",
                "test_backups_are_counted",
                "backups of single states are not counted",
            ),
            (
                "pi = deterministic_policy(rows.original(action), rows.R.shape[1])",
                "pi = deterministic_policy(action, rows.R.shape[1])",
                "test_policies_of_renumbered_states",
                "the policy of the renumbered states",
            ),
            (
                "margin = 2 * error if error",
                "margin = 0.0 if error",
                "test_policy_iteration_changes_no_action_that_may_be_as_good",
                "actions changed for less than the evaluation is wrong by",
            ),
            (
                "lower, upper = v - np.where(rows.terminal, 0, error), bracket",
                "lower, upper = v, bracket",
                "test_bounds_hold_to_the_last_bit",
                "the policy's value taken for exact",
            ),
            (
                "iterations * mdp.R.size)\n            if found.bound <= tolerance or",
                "iterations * mdp.R.size)\n            if True or",
                "test_without_discount",
                "without discount a small change is trusted",
            ),
            (
                "        size, best, v[:] = min(size, now) / 10, bound, values",
                "        size, best = min(size, now) / 10, bound",
                "test_evaluation",
                "a constant that is missing stays missing",
            ),
            (
                "if rows.order is None:  # in place the changes are what is missing, and no constant is\n"
                "                u[:] = found.v",
                "pass",
                "test_actions_that_are_forbidden_by_a_large_penalty",
                "the rounding of values far below the optimum stays",
            ),
        ],
    ),
    *_faults(
        PROGRAM,
        PROGRAM_TESTS,
        [
            (
                "unit * found.x, -found",
                "found.x, -found",
                "test_rewards_in_any_unit",
                "values in the solver's unit",
            ),
            ("A = (mdp.gamma * P - stay)", "A = (P - stay)", "test_both_programs", "gamma forgotten"),
            (
                "b = -mdp.R[going].ravel()",
                "b = -mdp.R[going].T.ravel()",
                "test_both_programs",
                "states and actions exchanged",
            ),
            ("-found.ineqlin.marginals", "found.ineqlin.marginals", "test_both_programs", "sign of the multipliers"),
            ("float(weights @ v)", "float(v.sum())", "test_both_programs", "the weights forgotten"),
            ("[used][:, going]", "[used][:, :len(going)]", "test_both_programs", "columns of terminal states kept"),
            (
                "(visits * mdp.R).sum()",
                "(visits.sum() * mdp.R).mean()",
                "test_both_programs",
                "mean reward for the visited one",
            ),
            ("1 / len(going)", "1 / mdp.n_states", "test_both_programs", "terminal states weighted"),
            ("bounds=(None, None)", "bounds=(0, None)", "test_both_programs", "values cannot be negative"),
            (
                "if found.status != 0:",
                "if found.status == 4:",
                "test_bad_arguments_are_named",
                "an unbounded program returns nonsense",
            ),
            (
                "if (weights[going] <= 0).any():",
                "if (weights[going] < 0).any():",
                "test_bad_arguments_are_named",
                "a weight of 0 leaves a value undetermined",
            ),
            (
                "np.repeat(~mdp.terminal, mdp.n_actions)",
                "np.tile(~mdp.terminal, mdp.n_actions)",
                "test_both_programs",
                "rows in the order of the actions",
            ),
            (
                "np.ones((mdp.n_actions, 1))",
                "np.eye(mdp.n_actions)[:, :1]",
                "test_both_programs",
                "the value stands in one action's row only",
            ),
        ],
    ),
]

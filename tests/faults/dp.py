"""Planted faults in dynamic programming: sweeps, certificates, solvers, linear programs."""

from faults import Fault

SWEEPS, SWEEP_TESTS = "rlcourse.tabular.sweeps", "tests/tabular/test_sweeps.py"
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
        BOUNDS,
        BOUND_TESTS,
        [
            (
                "scale, most = rows.gamma / (1 - rows.gamma)",
                "scale, most = 1 / (1 - rows.gamma)",
                "test_bounds_hold_and_are_those_of_the_formula",
                "the bounds of V put around TV",
            ),
            (
                "lower, upper = u + (scale * low - most), u + (scale * high + most)",
                "lower, upper = u + (scale * high - most), u + (scale * low + most)",
                "test_bounds_hold_and_are_those_of_the_formula",
                "smallest and largest exchanged",
            ),
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
            ("(2 if span else 1)", "1", "test_what_is_enough_is_just_enough", "span treated like the largest change"),
            (
                "return high - low if span else max(high, -low)",
                "return high - low if span else high",
                "test_the_size_of_a_change",
                "falling values count as settled",
            ),
            (
                "return w / (1 - high) if high <= 0.5 else None",
                "return w if high <= 0.5 else None",
                "test_without_discount_the_time_to_the_end_takes_over",
                "a time that is not long enough",
            ),
            (
                "if rise <= most else",
                "if rise <= 1 else",
                "test_without_discount_nothing_is_certified_by_a_policy_that_never_ends",
                "an upper bound that an action can raise",
            ),
            (
                "min(low, 0.0), max(high, 0.0), action)",
                "low, high, action)",
                "test_without_discount_the_time_to_the_end_takes_over",
                "a rise is taken for certain",
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
                "return np.where(mdp.terminal, 0.0, checks.finite",
                "return np.array(checks.finite",
                "test_values_to_start_from",
                "terminal states start with a value",
            ),
            (
                "x.maximum(y)",
                "y",
                "test_predecessors_of_a_state",
                "the last action's probability, not the largest",
            ),
        ],
    ),
    *_faults(
        SOLVERS,
        SOLVER_TESTS,
        [
            (
                "        iterations += count\n",
                "        iterations = count - 1\n",
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
                "iterations * mdp.R.size)\n            if",
                "iterations * mdp.n_states)\n            if",
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
                "action = rows.renumbered(_actions(mdp, pi))",
                "action = _actions(mdp, pi)",
                "test_policies_of_renumbered_states",
                "the policy of other states",
            ),
            (
                "pi = deterministic_policy(rows.original(action), rows.R.shape[1])",
                "pi = deterministic_policy(action, rows.R.shape[1])",
                "test_policies_of_renumbered_states",
                "the policy of the renumbered states",
            ),
            (
                "tolerance * (1 - mdp.gamma) / 5, True)",
                "tolerance, True)",
                "test_solvers_find_the_best_policy_within_their_bound",
                "policies evaluated as exactly as the answer, not more",
            ),
            (
                "iterations * mdp.R.size)\n            if found.bound <= tolerance or",
                "iterations * mdp.R.size)\n            if True or",
                "test_without_discount",
                "without discount a small change is trusted",
            ),
            (
                "return range(1, LIMIT) if mdp.gamma == 1 else itertools.count(1)",
                "return range(1, LIMIT)",
                "test_a_discount_close_to_one",
                "a limit where there is a guarantee",
            ),
        ],
    ),
    *_faults(
        PROGRAM,
        PROGRAM_TESTS,
        [
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

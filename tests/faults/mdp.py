"""Slips in decision processes, their episodes and their worlds."""

from faults import Fault


def planted(module):
    """Faults of one module, each caught by a test of its own file."""

    def fault(find, replace, test, why):
        return Fault(f"rlcourse.tabular.{module}", find, replace, f"tests/tabular/test_{module}.py::{test}", why)

    return fault


mdp, transitions, episodes = planted("mdp"), planted("transitions"), planted("episodes")
resolvent = planted("resolvent")
long_run, worlds, garnet = planted("average_reward"), planted("worlds"), planted("garnet")

SUMS, TIMES = "test_values_and_visits_are_sums_over_the_times", "test_the_sums_are_sums_over_the_times"
TINY, GRID = "test_the_tiny_world_is_the_printed_table", "test_a_grid_is_its_drawing"

FAULTS = [
    mdp(
        "(law * (R - likeliest)).sum(axis=2)",
        "(law * (R - likeliest)).sum(axis=1)",
        "test_rewards_of_transitions_become_their_means",
        "mean over the state instead of the next state",
    ),
    mdp(
        "(law * (R - likeliest)).sum(axis=2)",
        "(R - likeliest).mean(axis=2)",
        "test_rewards_of_transitions_become_their_means",
        "mean without the probabilities",
    ),
    mdp(
        "np.where(terminal[:, None], R.dtype.type(0), R.reshape(states, -1))",
        "np.array(R)",
        "test_terminal_states_are_absorbing_and_worth_nothing",
        "rewards in terminal states",
    ),
    mdp(
        "~terminal / (~terminal).sum()",
        "np.ones(states) / states",
        "test_terminal_states_are_absorbing_and_worth_nothing",
        "starts in terminal states",
    ),
    mdp(
        "np.array(self.start)",
        "np.asarray(self.start)",
        "test_it_is_a_copy_that_cannot_be_changed",
        "start law shared with the caller",
    ),
    transitions(
        'np.array(checks.boolean("terminal", given))',
        'checks.boolean("terminal", given)',
        "test_terminal_states_are_copied",
        "terminal states shared with the caller",
    ),
    mdp("mdp.R + mdp.gamma * mdp.expect(v)", "mdp.R + mdp.expect(v)", SUMS, "undiscounted action values"),
    resolvent("system.T if transpose", "system if transpose", TIMES, "visits by the columns of I - gamma P"),
    resolvent('trans="T" if transpose', 'trans="N" if transpose', TIMES, "the same in the sparse solve"),
    resolvent(
        "b[going] @ N if transpose", "N @ b[going] if transpose", TIMES, "the same in the solve without discount"
    ),
    resolvent(
        "elif gamma < 1:",
        "elif gamma <= 1:",
        "test_a_dense_chain_may_end_as_late_as_it_likes",
        "subtraction where the end is rare",
    ),
    resolvent(
        "check=gamma == 1)",
        "check=gamma > 1)",
        "test_a_sparse_chain_is_accurate_or_refused",
        "lost digits not noticed",
    ),
    resolvent(
        "ended.argmin()", "ended.argmax()", "test_the_state_that_hardly_ends_is_named", "a state that ends soon named"
    ),
    mdp("np.where(mdp.terminal, 0.0, mdp.start)", "mdp.start * mdp.gamma", SUMS, "first visit discounted"),
    resolvent(
        "going = np.flatnonzero(~terminal)", "going = np.arange(len(terminal))", TIMES, "visits counted after the end"
    ),
    resolvent(
        "if gamma == 1:\n",
        "if gamma > 1:\n",
        "test_a_chain_that_may_never_end_is_refused",
        "no look for endless policies",
    ),
    resolvent(
        "np.flatnonzero(terminal)) == 1",
        "np.flatnonzero(terminal)) >= 0",
        "test_a_chain_that_may_never_end_is_refused",
        "every policy taken for proper",
    ),
    mdp(
        "policy_values(mdp, pi_old).adv",
        "policy_values(mdp, pi).adv",
        "test_the_performance_difference",
        "advantages of the new policy",
    ),
    mdp(
        "state_visitation(mdp, pi) @ gain",
        "state_visitation(mdp, pi_old) @ gain",
        "test_the_performance_difference",
        "visits of the old policy",
    ),
    mdp(
        "gain = (_policy(mdp, pi) * policy",
        "gain = (_policy(mdp, pi_old) * policy",
        "test_the_performance_difference",
        "actions of the old policy",
    ),
    transitions(
        "np.eye(len(P))[terminal][:, None, :]",
        "0",
        "test_the_rows_of_terminal_states_are_replaced",
        "terminal states that lead nowhere",
    ),
    transitions(
        "rows // actions",
        "rows % actions",
        "test_the_rows_of_terminal_states_are_replaced",
        "action taken for the state",
    ),
    transitions(
        "np.where(ends, 0.0, 1.0)",
        "np.ones(len(ends))",
        "test_the_rows_of_terminal_states_are_replaced",
        "given rows of terminal states kept",
    ),
    transitions(
        "pi[:, None, :] @ P",
        "np.full_like(pi, 1 / pi.shape[1])[:, None, :] @ P",
        "test_the_matrix_of_a_policy",
        "uniform policy in the chain",
    ),
    transitions(
        "P.sum_duplicates()",
        "pass",
        "test_a_sparse_matrix_that_cannot_change_is_not_copied",
        "entries that occur twice left alone",
    ),
    episodes(
        "mdp.expect(v[t + 1])",
        "mdp.expect(v[t])",
        "test_values_are_sums_over_the_times",
        "value of the same time in the backup",
    ),
    transitions(
        "        found.append(found[-1].base)",
        "        break",
        "test_a_view_of_memory_that_can_change_is_copied",
        "memory shared with whoever owns the base",
    ),
    transitions(
        "np.asarray(p).dtype if dtype is None else dtype",
        "np.dtype(float)",
        "test_single_precision_is_named_as_the_cause",
        "rounding to single precision not named",
    ),
    garnet(
        "            array = array.base",
        "            break",
        "test_a_sparse_matrix_is_not_copied",
        "memory left writeable, so that the matrix is copied",
    ),
    mdp(
        "        rewards.setflags(write=False)\n",
        "",
        "test_rewards_of_transitions_are_kept",
        "rewards can be written to",
    ),
    mdp(
        "np.broadcast_to(R[:, :, None], (states, actions, states))",
        "np.repeat(R[:, :, None], states, axis=2)",
        "test_rewards_of_transitions_are_kept",
        "memory for rewards that were not given",
    ),
    episodes(
        "mdp.rewards[s, a, s_next], s_next",
        "mdp.R[s, a], s_next",
        "test_an_episode_has_the_rewards_of_its_transitions",
        "mean rewards",
    ),
    episodes("mdp.R + mdp.gamma * mdp", "mdp.R + mdp", "test_values_are_sums_over_the_times", "undiscounted backup"),
    episodes(
        "range(horizon)):", "range(horizon - 1)):", "test_values_are_sums_over_the_times", "last action forgotten"
    ),
    episodes("(pi[t] * q[t])", "(pi[0] * q[t])", "test_a_policy_may_depend_on_the_time", "first policy at all times"),
    episodes(
        "probability * pi[t, s, a] * mdp.P",
        "probability * mdp.P",
        "test_the_episodes_are_the_paths",
        "policy left out of the probability of an episode",
    ),
    episodes(
        "mdp.terminal[s] or t == horizon",
        "t == horizon",
        "test_the_episodes_are_the_paths",
        "episodes that run through terminal states",
    ),
    episodes(
        "extend(s, [], mdp.start[s])", "extend(s, [], 1.0)", "test_the_episodes_are_the_paths", "start law forgotten"
    ),
    long_run(
        "spare = law.argmax()",
        "spare = law.argmin()",
        "test_a_transient_state",
        "equation of a transient state dropped",
    ),
    long_run("known[spare] = law, 0", "known[spare] = law, gain", "test_a_ring_pays_its_mean", "bias not centered"),
    long_run("r - gain", "r - 0 * gain", "test_a_ring_pays_its_mean", "gain not subtracted"),
    worlds("slope: 0.9, valley: 0.1", "slope: 0.1, valley: 0.9", TINY, "slips exchanged"),
    worlds("(a + 3) % 4, slip / 2", "(a + 2) % 4, slip / 2", GRID, "slip to the back"),
    worlds("step + arrival,", "(step + arrival)[:, None, None],", GRID, "goal pays for leaving it"),
    worlds("(to > start) & (to < goal)", "(to >= start) & (to < goal)", "test_cliff_walking", "start taken for cliff"),
    worlds(
        "np.where(fall, start, to)", "np.where(fall, to, to)", "test_cliff_walking", "the fall goes on from the cliff"
    ),
    worlds("wind[column][:, None], 0, 6", "wind[row][:, None], 0, 6", "test_windy_grid", "wind by rows"),
    worlds(
        "np.minimum(customers + 1, capacity)] = arrival",
        "np.minimum(customers + 1, capacity)] = 2 * arrival",
        "test_the_queue_has_the_values_of_continuous_time",
        "customers come twice as fast",
    ),
    worlds(
        "lump[capacity, :, capacity] = -lost",
        "lump[capacity, :, capacity] = 0",
        "test_the_queue_has_the_values_of_continuous_time",
        "lost customers cost nothing",
    ),
    garnet(
        "chosen[k, chosen[earlier] == chosen[k]] = last",
        "pass",
        "test_all_sets_are_equally_likely",
        "successors that occur twice",
    ),
    garnet(
        "rng.integers(0, last + 1, rows",
        "rng.integers(0, last, rows",
        "test_all_sets_are_equally_likely",
        "last state drawn too rarely",
    ),
    garnet(
        "p = rng.standard_exponential((rows, branching))",
        "p = rng.random((rows, branching))",
        "test_probabilities_are_uniform_on_the_simplex_and_rewards_standard",
        "normalized uniforms instead of exponentials",
    ),
]

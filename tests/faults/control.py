"""Planted faults in the learners of control, in what they explore with, and in what they draw from."""

from faults import Fault


def slips(module, rows, tests=None):
    path = f"tests/tabular/test_{tests or module}.py::"
    return [Fault(f"rlcourse.tabular.{module}", find, new, path + test, why) for find, new, test, why in rows]


FAULTS = [
    *slips(
        "simulator",
        [
            (
                'laws["reward"][:-1] = mdp.R.ravel()',
                'laws["reward"][:-1] = mdp.R.T.ravel()',
                "test_a_step_is_a_state_and_a_reward",
                "rewards by action, then state",
            ),
            (
                "row = s * world.actions + a",
                "row = a * world.actions + s",
                "test_a_step_is_a_state_and_a_reward",
                "state and action exchanged",
            ),
            (
                "sparse.csr_array(mdp.start[None])",
                "sparse.csr_array(mdp.start[None, ::-1])",
                "test_rows_are_the_laws",
                "starts in reverse order",
            ),
            (
                "last=np.uint64(mdp.R.size)",
                "last=np.uint64(0)",
                "test_rows_are_the_laws",
                "the start is drawn from the first pair's row",
            ),
            ("if shift == BITS:", "if shift <= BITS:", "test_rows_are_the_laws", "the first cell of every row"),
            ('< cell["keep"] else', '> cell["keep"] else', "test_rows_are_the_laws", "threshold the wrong way round"),
            (
                "first + (number >> shift)",
                "first + (number >> BITS)",
                "test_rows_are_the_laws",
                "always the first cell",
            ),
            (
                "random=bool((table.shift < BITS).any())",
                "random=True",
                "test_what_is_kept",
                "numbers are drawn where nothing is random",
            ),
            ("noisy=bool(noise.any())", "noisy=False", "test_what_is_kept", "noise is forgotten"),
            ("gamma=mdp.gamma", "gamma=1.0", "test_what_is_kept", "no discount"),
            (
                "if max_steps is None else max_steps,",
                "if max_steps is None else max_steps * 2,",
                "test_what_is_kept",
                "episodes twice as long",
            ),
            ("if epsilon == 0:", "if epsilon == 1:", "test_bad_input", "a greedy agent may run for ever"),
            (
                "(mdp.start > 0) & (ending < 1)",
                "(mdp.start >= 0) & (ending < 1)",
                "test_bad_input",
                "states that no episode starts in are asked too",
            ),
            ("(noise < 0).any()", "(noise < -9).any()", "test_bad_input", "negative standard deviations pass"),
            (
                "first * float(count) ** -power",
                "first / count * power",
                "test_schedules_count_from_one",
                "a factor in the place of an exponent",
            ),
            (
                "scheduled(rule.alpha, rule.power, pairs[s, a])",
                "scheduled(rule.alpha, rule.decay, pairs[s, a])",
                "test_schedules_count_from_one",
                "the exponent of the exploration",
            ),
            (
                "scheduled(rule.epsilon, rule.decay, decisions[s])",
                "scheduled(rule.epsilon, rule.decay, decisions.sum())",
                "test_schedules_count_from_one",
                "a global clock",
            ),
            ("    decisions[s] += 1\n", "", "test_schedules_count_from_one", "decisions are not counted"),
            (
                "if u < epsilon:",
                "if u > epsilon:",
                "test_shares_of_the_unit_interval",
                "explores with probability 1 - epsilon",
            ),
            (
                "np.uint64(u / epsilon * actions)",
                "np.uint64(u * actions)",
                "test_shares_of_the_unit_interval",
                "explores the first actions only",
            ),
            (
                "        elif value == top:\n            ties += 1\n",
                "",
                "test_shares_of_the_unit_interval",
                "ties go to the first action",
            ),
            (
                "best, ties, top = a, 1, value",
                "best, ties, top = a, ties, value",
                "test_shares_of_the_unit_interval",
                "ties of a lower value count",
            ),
            (
                "(u - epsilon) / (1 - epsilon) * ties",
                "u * ties",
                "test_shares_of_the_unit_interval",
                "exploration tilts the ties",
            ),
            (
                "top = q[s, a] if q[s, a] > top else top",
                "top = q[s, a] if q[s, a] < top else top",
                "test_values_of_a_state",
                "the smallest value",
            ),
            (
                "epsilon * total / q.shape[1]",
                "epsilon * total",
                "test_values_of_a_state",
                "a sum in the place of a mean",
            ),
        ],
    ),
    *slips(
        "exploration",
        [
            (
                "epsilon / best.shape[1] + (1 - epsilon)",
                "epsilon / best.shape[0] + (1 - epsilon)",
                "test_ties_share_the_greedy_mass",
                "shares by the number of states",
            ),
            (
                "+ (1 - epsilon) * best",
                "+ best",
                "test_ties_share_the_greedy_mass",
                "the greedy action keeps all its mass",
            ),
            (
                "greedy_policy(q, atol)",
                "greedy_policy(q, 0.0)",
                "test_ties_share_the_greedy_mass",
                "ties need equal bits",
            ),
            (
                "x.mean(axis=1, keepdims=True)",
                "x.mean(axis=0, keepdims=True)",
                "test_the_trembling_process",
                "the mean is over the states",
            ),
            (
                "return MDP(P, R, mdp.gamma, mdp.start, mdp.terminal)",
                "return MDP(P, R, mdp.gamma, mdp.start)",
                "test_the_trembling_process",
                "no end",
            ),
            (
                "v = dp.policy_iteration(epsilon_soft_mdp(mdp, epsilon), exact=True).v",
                "v = dp.policy_iteration(mdp, exact=True).v",
                "test_the_best_soft_values_solve_their_equation",
                "the optimal values, which do not explore",
            ),
            (
                "q = mdp.R + mdp.gamma * mdp.expect(v)",
                "q = mdp.R + mdp.expect(v)",
                "test_the_best_soft_values_solve_their_equation",
                "a missing gamma",
            ),
        ],
    ),
    *slips(
        "control",
        [
            (
                "target = r + world.gamma * q[s_next, a_next]  # q",
                "target = r + world.gamma * best_value(q, s_next)  # q",
                "test_runs_follow_the_definition[P0-0.9-sarsa]",
                "SARSA bootstraps with the maximum",
            ),
            (
                "            s, a = s_next, a_next\n",
                "            s, a = s_next, act(rule, decisions, q, s_next, rng.random())\n",
                "test_runs_follow_the_definition[P0-0.9-sarsa]",
                "another action is taken than the one in the target",
            ),
            (
                "target = r + world.gamma * best_value(q, s_next)\n",
                "target = r + best_value(q, s_next)\n",
                "test_runs_follow_the_definition[P0-0.9-q]",
                "Q-learning without gamma",
            ),
            (
                "decisions[s_next] + 1)",
                "decisions[s] + 1)",
                "test_runs_follow_the_definition[P0-0.9-expected]",
                "the exploration of the state before",
            ),
            (
                "mean_value(q, s_next, epsilon)",
                "mean_value(q, s_next, rule.epsilon)",
                "test_runs_follow_the_definition[P0-0.9-expected]",
                "the exploration of the first decision",
            ),
            (
                "two[1 - i, s_next, a_best]",
                "two[i, s_next, a_best]",
                "test_runs_follow_the_definition[P0-0.9-double]",
                "the same table chooses and judges",
            ),
            (
                "choose(two[i], s_next",
                "choose(q, s_next",
                "test_runs_follow_the_definition[P0-0.9-double]",
                "the mean chooses",
            ),
            (
                "counts[i, s, a])",
                "counts[0, s, a] + counts[1, s, a])",
                "test_runs_follow_the_definition[P0-0.9-double]",
                "steps count the updates of both tables",
            ),
            (
                "q[s, a] = (two[0, s, a] + two[1, s, a]) / 2",
                "q[s, a] = two[0, s, a]",
                "test_runs_follow_the_definition[P0-0.9-double]",
                "one of the two tables is returned",
            ),
        ],
    ),
    *slips(
        "simulator",
        [
            (
                "np.where(mdp.terminal[:, None], 0.0, np.broadcast_to(q, mdp.R.shape))",
                "np.broadcast_to(q, mdp.R.shape)",
                "test_terminal_states_keep_the_value_0",
                "terminal states bootstrap",
            ),
            (
                "np.random.SeedSequence(seed).spawn(runs)",
                "[np.random.SeedSequence(seed)] * runs",
                "test_runs_do_not_depend_on_their_number",
                "all runs are the same",
            ),
            (
                "game = simulator(mdp, epsilon, noise, max_steps)",
                "game = simulator(mdp, epsilon, 0.0, max_steps)",
                "test_noise_is_added_to_the_rewards",
                "noise is forgotten",
            ),
            (
                "Schedule(float(alpha), float(power), float(epsilon), float(decay))",
                "Schedule(float(alpha), float(decay), float(epsilon), float(power))",
                "test_runs_follow_the_definition[P0-0.9-sarsa]",
                "exponents exchanged",
            ),
            (
                'checks.positive("alpha", alpha)',
                'checks.finite("alpha", alpha)',
                "test_bad_input",
                "a step size of 0 passes",
            ),
        ],
        "control",
    ),
    *slips(
        "control_traces",
        [
            (
                "delta = r + world.gamma * q[s_next, a_next] - q[s, a]",
                "delta = r + world.gamma * best_value(q, s_next) - q[s, a]",
                "test_traces_follow_their_definition[lambda-sarsa_lambda-False-chancy]",
                "SARSA bootstraps with the maximum",
            ),
            (
                "delta = r + world.gamma * best - q[s, a]",
                "delta = r + world.gamma * q[s_next, a_next] - q[s, a]",
                "test_traces_follow_their_definition[watkins-watkins_q_lambda-False-chancy]",
                "Q(lambda) bootstraps with the action taken",
            ),
            (
                "world.gamma * lam if greedy else 0.0",
                "world.gamma * lam",
                "test_traces_follow_their_definition[watkins-watkins_q_lambda-False-chancy]",
                "the trace is not cut",
            ),
            (
                "world.gamma * lam if greedy",
                "world.gamma * lam if not greedy",
                "test_traces_follow_their_definition[watkins-watkins_q_lambda-False-chancy]",
                "the trace is cut where the action is greedy",
            ),
            (
                "_spread(q, e, delta, world.gamma * lam)",
                "_spread(q, e, delta, lam)",
                "test_traces_follow_their_definition[lambda-sarsa_lambda-False-chancy]",
                "the trace without gamma",
            ),
            (
                "q[s, a] += delta * e[s, a]\n            e[s, a] *= fade",
                "e[s, a] *= fade\n            q[s, a] += delta * e[s, a]",
                "test_traces_follow_their_definition[lambda-sarsa_lambda-False-chancy]",
                "the trace fades before it is used",
            ),
            (
                "target = q[states[end], actions[end]]",
                "target = 0.0",
                "test_n_step_sarsa_follows_its_definition[2-chancy]",
                "no value at the end of the n steps",
            ),
            (
                "target = rewards[k % (n + 1)] + world.gamma * target",
                "target = rewards[k % (n + 1)] + target",
                "test_n_step_sarsa_follows_its_definition[2-chancy]",
                "n rewards without gamma",
            ),
            (
                "if t - updated == n or not going:",
                "if t - updated == n:",
                "test_n_step_sarsa_follows_its_definition[2-chancy]",
                "the last steps of an episode are not learned from",
            ),
            (
                "going = not terminal[s] and t < world.max_steps",
                "going = not terminal[s]",
                "test_truncated_n_steps_bootstrap[3]",
                "episodes are not truncated",
            ),
            (
                'learn(_n_step_sarsa, mdp, runs, episodes, seed, settings, checks.whole("n", n, 1))',
                'learn(_n_step_sarsa, mdp, runs, episodes, seed, settings, checks.whole("n", n, 1) + 1)',
                "test_one_step_is_sarsa",
                "one step too many",
            ),
            (
                "rewards[here], s = r, s_next",
                "rewards[here], s = world.gamma * r, s_next",
                "test_n_step_sarsa_follows_its_definition[2-chancy]",
                "rewards discounted twice",
            ),
            (
                'bool(settings.pop("replacing"))',
                'not settings.pop("replacing")',
                "test_traces_follow_their_definition[lambda-sarsa_lambda-False-chancy]",
                "replacing and accumulating exchanged",
            ),
        ],
    ),
]

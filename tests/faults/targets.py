"""Planted faults in moments of targets."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.targets", "tests/tabular/test_targets.py"

FAULTS = [
    Fault(
        MODULE,
        "target = r + mdp.gamma * m[s_next]",
        "target = r + m[s_next]",
        f"{TESTS}::test_n_step_moments",
        "gamma missing",
    ),
    Fault(
        MODULE,
        "for _ in range(n):",
        "for _ in range(n - 1):",
        f"{TESTS}::test_n_step_moments",
        "one step too few",
    ),
    Fault(
        MODULE,
        "(target - m[s]) ** 2 + mdp.gamma**2 * w[s_next]",
        "(target - m[s]) ** 2 + mdp.gamma * w[s_next]",
        f"{TESTS}::test_n_step_moments",
        "the variance of the rest decays like the mean",
    ),
    Fault(
        MODULE,
        "(target - m[s]) ** 2 + mdp.gamma**2 * w[s_next]",
        "target**2 + mdp.gamma**2 * w[s_next]",
        f"{TESTS}::test_n_step_moments",
        "the second moment in place of the variance",
    ),
    Fault(
        MODULE,
        "moments = TargetMoments(_values(mdp, v), np.zeros(mdp.n_states))",
        "moments = TargetMoments(_values(mdp, v), _values(mdp, v) ** 2)",
        f"{TESTS}::test_n_step_moments",
        "the guess is taken for a random number",
    ),
    Fault(
        MODULE,
        "        if np.array_equal(moments, before):\n            break\n",
        "        break\n",
        f"{TESTS}::test_n_step_moments",
        "stops after the first step",
    ),
    Fault(
        MODULE,
        "r + (mdp.gamma - c) * v[s_next]",
        "r + mdp.gamma * v[s_next]",
        f"{TESTS}::test_lambda_return_moments",
        "weight 1 - lambda of the guess missing",
    ),
    Fault(
        MODULE,
        "discounted_sums(P, c**2,",
        "discounted_sums(P, c,",
        f"{TESTS}::test_lambda_return_moments",
        "the variance of the rest decays like the mean",
    ),
    Fault(
        MODULE,
        "    target += c * m[s_next]\n",
        "",
        f"{TESTS}::test_lambda_return_moments",
        "what the rest is worth is forgotten",
    ),
    Fault(
        MODULE,
        "    target += c * m[s_next]\n",
        "    target += m[s_next]\n",
        f"{TESTS}::test_lambda_return_moments",
        "decay missing before the rest",
    ),
    Fault(
        MODULE,
        "p * (target - m[s]) ** 2, len(v)",
        "p * target**2 - p * m[s] ** 2, len(v)",
        f"{TESTS}::test_a_large_mean_does_not_swallow_a_small_variance",
        "squares are subtracted whose difference is lost",
    ),
    Fault(
        MODULE,
        "return np.where(mdp.terminal, 0.0, v)",
        "return v",
        f"{TESTS}::test_values_of_terminal_states_are_not_read",
        "the guess in a terminal state is read",
    ),
    Fault(
        MODULE,
        "np.where(mdp.terminal[:, None], 0.0, pi).ravel()[pair] * law.data",
        "law.data / mdp.n_actions",
        f"{TESTS}::test_n_step_moments",
        "the policy averages with equal weights",
    ),
    Fault(
        MODULE,
        "return s, mdp.rewards",
        "return a, mdp.rewards",
        f"{TESTS}::test_n_step_moments",
        "outcomes of the wrong states",
    ),
    Fault(
        MODULE,
        "mdp.rewards[s, a, s_next], s_next",
        "mdp.R[s, a], s_next",
        f"{TESTS}::test_rewards_of_transitions_add_to_the_variance",
        "the variance of the reward is forgotten",
    ),
]

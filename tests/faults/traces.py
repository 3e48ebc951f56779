"""Planted faults in eligibility traces."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.traces", "tests/tabular/test_traces.py"

FAULTS = [
    Fault(
        MODULE,
        "trace[i] *= gamma * lam\n"
        "                if fresh",
        "trace[i] *= lam\n"
        "                if fresh",
        f"{TESTS}::test_td_lambda_equals_its_definition",
        "gamma missing in the decay of the trace",
    ),
    Fault(
        MODULE,
        "trace[:], fresh[:], n = 0.0, True, 0\n"
        "            while",
        "fresh[:], n = True, 0\n"
        "            while",
        f"{TESTS}::test_td_lambda_equals_its_definition",
        "the trace is not reset at the start of an episode",
    ),
    Fault(
        MODULE,
        "trace[here] = step if replacing else trace[here] + step",
        "trace[here] = step",
        f"{TESTS}::test_td_lambda_equals_its_definition",
        "accumulating traces that replace",
    ),
    Fault(
        MODULE,
        "trace[here] = step if replacing else trace[here] + step",
        "trace[here] = trace[here] + step",
        f"{TESTS}::test_replacing_traces_of_one_episode_are_first_visit_monte_carlo",
        "replacing traces that accumulate",
    ),
    Fault(
        MODULE,
        "rest = 0.0 if terminated[t] else gamma\n"
        "                now, then = value[here], value[there]\n"
        "                for k in range(K):\n"
        "                    delta[k] = alpha",
        "rest = gamma\n"
        "                now, then = value[here], value[there]\n"
        "                for k in range(K):\n"
        "                    delta[k] = alpha",
        f"{TESTS}::test_values_of_terminal_states_are_not_read",
        "bootstraps past a terminal state",
    ),
    Fault(
        MODULE,
        "e, row = trace[i], ahead[i]\n"
        "                    for k in range(K):\n"
        "                        row[k] += delta[k] * e\n",
        "e, row = trace[i], value[i]\n"
        "                    for k in range(K):\n"
        "                        row[k] += delta[k] * e\n",
        f"{TESTS}::test_forward_is_backward_offline_and_not_online",
        "offline changes are applied at once",
    ),
    Fault(
        MODULE,
        "delta[k] = alpha[k] * (r[t]",
        "delta[k] = alpha[0] * (r[t]",
        f"{TESTS}::test_many_lambdas_and_step_sizes_at_once",
        "one step size for all",
    ),
    Fault(
        MODULE,
        "alpha[k] * step * (1 - e_now[k])",
        "alpha[k] * step",
        f"{TESTS}::test_td_lambda_equals_its_definition",
        "dutch traces that accumulate",
    ),
    Fault(
        MODULE,
        "delta[k] = r[t] + rest * then[k] - now[k] + moved[k]",
        "delta[k] = r[t] + rest * then[k] - now[k]",
        f"{TESTS}::test_true_online_is_the_online_lambda_return",
        "a part of the correction is missing",
    ),
    Fault(
        MODULE,
        "old[k] = then[k]",
        "old[k] = now[k]",
        f"{TESTS}::test_true_online_is_the_online_lambda_return",
        "the old value of the wrong state",
    ),
    Fault(
        MODULE,
        "ahead_now[k] -= alpha[k] * step * moved[k]",
        "ahead_now[k] -= alpha[k] * moved[k]",
        f"{TESTS}::test_true_online_is_the_online_lambda_return",
        "the correction forgets that step sizes fall",
    ),
    Fault(
        MODULE,
        "_dutch_traces, gamma, True, True)",
        "_dutch_traces, gamma, True, False)",
        f"{TESTS}::test_true_online_is_the_online_lambda_return",
        "dutch traces without the correction",
    ),
    Fault(
        MODULE,
        "found = [experience.learn(loop, v, alpha, power, gamma, float(x), *settings) for x in lams.ravel()]",
        "found = [experience.learn(loop, v, alpha, power, float(x), gamma, *settings) for x in lams.ravel()]",
        f"{TESTS}::test_td_lambda_equals_its_definition",
        "gamma and lambda exchanged",
    ),
]

"""Planted faults in n-step TD and the forward view."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.td", "tests/tabular/test_td.py"

FAULTS = [
    Fault(
        MODULE,
        "min(t + n, end) - 1",
        "min(t + n - 1, end) - 1",
        f"{TESTS}::test_n_step_td_equals_its_definition",
        "n - 1 steps instead of n",
    ),
    Fault(
        MODULE,
        "0.0 if terminated[last] else gamma ** (last + 1 - t)",
        "gamma ** (last + 1 - t)",
        f"{TESTS}::test_values_of_terminal_states_are_not_read",
        "bootstraps past a terminal state",
    ),
    Fault(
        MODULE,
        "0.0 if terminated[last] else gamma **",
        "0.0 if terminated[last] or last + 1 == end else gamma **",
        f"{TESTS}::test_n_step_td_equals_its_definition",
        "a truncation taken for a termination",
    ),
    Fault(
        MODULE,
        "gamma ** (last + 1 - t)",
        "gamma ** (last - t)",
        f"{TESTS}::test_two_steps_by_hand",
        "one discount too few on the guess",
    ),
    Fault(
        MODULE,
        "rewards -= weight * ret[last + 1]",
        "rewards -= ret[last + 1]",
        f"{TESTS}::test_two_steps_by_hand",
        "the tail is taken out undiscounted",
    ),
    Fault(
        MODULE,
        "                if last + 1 < end:\n"
        "                    rewards -=",
        "                if last + 1 < len(s):\n"
        "                    rewards -=",
        f"{TESTS}::test_n_step_td_equals_its_definition",
        "the tail of the next episode is taken out",
    ),
    Fault(
        MODULE,
        "target = rewards + weight * value[reached, k]",
        "target = rewards + weight * v[reached]",
        f"{TESTS}::test_n_step_td_equals_its_definition",
        "the guess is the first value, not the present one",
    ),
    Fault(
        MODULE,
        "                step = schedule[visits[here]]\n"
        "                visits[here] += 1\n"
        "                for k",
        "                step = schedule[visits[here]]\n"
        "                visits[reached] += 1\n"
        "                for k",
        f"{TESTS}::test_n_step_td_equals_its_definition",
        "the visit of the wrong state is counted",
    ),
    Fault(
        MODULE,
        "        visits = np.zeros(len(v), np.int64)\n"
        "        for episode in range(ends.shape[1]):\n"
        "            end = ends[run, episode]",
        "        for episode in range(ends.shape[1]):\n"
        "            visits = np.zeros(len(v), np.int64)\n"
        "            end = ends[run, episode]",
        f"{TESTS}::test_n_step_td_equals_its_definition",
        "visits forgotten at the end of an episode",
    ),
    Fault(
        MODULE,
        "value[:, s_next[steps]], *flags",
        "value[:, s[steps]], *flags",
        f"{TESTS}::test_the_forward_view_equals_its_definition",
        "values of the states acted in where those reached are needed",
    ),
    Fault(
        MODULE,
        "(target[:, t] - value[:, here])",
        "target[:, t]",
        f"{TESTS}::test_the_forward_view_equals_its_definition",
        "the target is added, not the error",
    ),
    Fault(
        MODULE,
        "flags = terminated[steps], truncated[steps]",
        "flags = truncated[steps], terminated[steps]",
        f"{TESTS}::test_the_forward_view_equals_its_definition",
        "the two flags exchanged",
    ),
    Fault(
        MODULE,
        "        value, visits = np.tile(v, (len(alpha), 1)), np.zeros(len(v), np.int64)\n"
        "        for episode",
        "        if run == 0:\n"
        "            value, visits = np.tile(v, (len(alpha), 1)), np.zeros(len(v), np.int64)\n"
        "        for episode",
        f"{TESTS}::test_runs_and_episodes_do_not_leak",
        "a run starts from the values of the run before",
    ),
]

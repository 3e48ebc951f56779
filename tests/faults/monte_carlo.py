"""Planted faults in averages of returns and the implied chain."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.monte_carlo", "tests/tabular/test_monte_carlo.py"

FAULTS = [
    Fault(
        MODULE,
        "np.unique(experience.ends[experience.ends > 0]) - 1",
        "np.flatnonzero(experience.truncated)",
        f"{TESTS}::test_bad_arguments_are_named",
        "an episode without any flag is taken for complete",
    ),
    Fault(
        MODULE,
        '~checks.boolean("terminated", experience.terminated[steps])',
        "~experience.terminated[steps]",
        f"{TESTS}::test_bad_arguments_are_named",
        "the complement of a number is no flag",
    ),
    Fault(
        MODULE,
        "if first_visit and seen_in[here] == episode:",
        "if first_visit and seen_in[here] >= 0:",
        f"{TESTS}::test_two_visits_by_hand",
        "first visit of the run instead of the episode",
    ),
    Fault(
        MODULE,
        "if first_visit and seen_in",
        "if seen_in",
        f"{TESTS}::test_two_visits_by_hand",
        "every visit treated as first visit",
    ),
    Fault(
        MODULE,
        "ret[t - 1] - value",
        "ret[t] - value",
        f"{TESTS}::test_two_visits_by_hand",
        "index shifted in the return",
    ),
    Fault(
        MODULE,
        "alpha=1.0, *, power=1.0, first",
        "alpha=1.0, *, power=0.0, first",
        f"{TESTS}::test_two_visits_by_hand",
        "the last return instead of the mean",
    ),
    Fault(
        MODULE,
        "alpha[k] * step * (ret",
        "alpha[k] * (ret",
        f"{TESTS}::test_two_visits_by_hand",
        "the step size does not fall",
    ),
    Fault(
        MODULE,
        "        visits, seen_in = np.zeros(len(v), np.int64), np.full(len(v), -1)\n"
        "        for episode in range(ends.shape[1]):",
        "        for episode in range(ends.shape[1]):\n"
        "            visits, seen_in = np.zeros(len(v), np.int64), np.full(len(v), -1)",
        f"{TESTS}::test_monte_carlo_equals_its_definition",
        "visits forgotten at the end of an episode",
    ),
    Fault(
        MODULE,
        "    for step in _cut_off(experience):",
        "    for step in ():",
        f"{TESTS}::test_bad_arguments_are_named",
        "returns of truncated episodes are taken for complete",
    ),
    Fault(
        MODULE,
        "experience.s_next[steps]), going)",
        "experience.s_next[steps]), 1.0)",
        f"{TESTS}::test_certainty_equivalence_without_discount",
        "a move into a terminal state keeps its future",
    ),
    Fault(
        MODULE,
        'np.searchsorted(ends, np.arange(begin, ends[-1]), side="right")',
        'np.searchsorted(ends, np.arange(begin, ends[-1]), side="left")',
        f"{TESTS}::test_certainty_equivalence_solves_the_implied_chain",
        "the first step of an episode counted to the one before",
    ),
    Fault(
        MODULE,
        "- gamma * moves",
        "- moves",
        f"{TESTS}::test_certainty_equivalence_solves_the_implied_chain",
        "gamma missing in the implied chain",
    ),
    Fault(
        MODULE,
        "known = np.where(visits > 0, rewards, v)",
        "known = np.where(visits > 0, rewards, 0.0)",
        f"{TESTS}::test_certainty_equivalence_without_discount",
        "unseen states lose their first value",
    ),
    Fault(
        MODULE,
        "(np.cumsum(x, axis=0) for x in (moves, visits, rewards))",
        "(x for x in (moves, visits, rewards))",
        f"{TESTS}::test_certainty_equivalence_solves_the_implied_chain",
        "only the last episode is used",
    ),
    Fault(
        MODULE,
        "        begin = ends[-1]\n"
        "    return out",
        "    return out",
        f"{TESTS}::test_certainty_equivalence_solves_the_implied_chain",
        "every run uses the steps of the runs before",
    ),
]

"""Planted faults in moments of targets."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.targets", "tests/tabular/test_targets.py"

FAULTS = [
    Fault(
        MODULE,
        "m, k = _step(mdp, pi, 0 * m, m, k, mdp.gamma)",
        "m, k = _step(mdp, pi, 0 * m, m, k, 1.0)",
        f"{TESTS}::test_n_step_moments",
        "gamma missing",
    ),
    Fault(
        MODULE,
        "range(int(n))",
        "range(int(n) - 1)",
        f"{TESTS}::test_n_step_moments",
        "one step too few",
    ),
    Fault(
        MODULE,
        "    k = m**2\n",
        "    k = 0 * m\n",
        f"{TESTS}::test_n_step_moments",
        "the second moment of the guess is forgotten",
    ),
    Fault(
        MODULE,
        "ahead = (mdp.gamma - c) * v",
        "ahead = mdp.gamma * v",
        f"{TESTS}::test_lambda_return_moments",
        "weight 1 - lambda of the guess missing",
    ),
    Fault(
        MODULE,
        "_resolve(mdp, chain, known, c**2)",
        "_resolve(mdp, chain, known, c)",
        f"{TESTS}::test_lambda_return_moments",
        "the second moment decays like the first",
    ),
    Fault(
        MODULE,
        "- m**2, 0))\n"
        "\n"
        "\n"
        "def _values",
        "- m, 0))\n"
        "\n"
        "\n"
        "def _values",
        f"{TESTS}::test_lambda_return_moments",
        "the mean is not squared",
    ),
    Fault(
        MODULE,
        "_, known = _step(mdp, pi, ahead, m, 0 * v, c)",
        "_, known = _step(mdp, pi, ahead, 0 * v, 0 * v, c)",
        f"{TESTS}::test_lambda_return_moments",
        "the cross term of step and rest is missing",
    ),
    Fault(
        MODULE,
        "2 * r * mdp.expect(ahead + c * m)",
        "r * mdp.expect(ahead + c * m)",
        f"{TESTS}::test_lambda_return_moments",
        "factor 2 in the square",
    ),
    Fault(
        MODULE,
        "2 * c * ahead * m",
        "2 * ahead * m",
        f"{TESTS}::test_lambda_return_moments",
        "decay missing in the cross term",
    ),
    Fault(
        MODULE,
        "c**2 * k)\n",
        "c * k)\n",
        f"{TESTS}::test_n_step_moments",
        "decay of the second moment not squared",
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
        "(np.where(mdp.terminal, 0.0, (pi * x).sum(axis=1)) for x",
        "((pi * x).mean(axis=1) for x",
        f"{TESTS}::test_n_step_moments",
        "the policy averages with equal weights",
    ),
    Fault(
        MODULE,
        "    if c == 1:\n",
        "    if False:\n",
        f"{TESTS}::test_bad_arguments_are_named",
        "an endless return is not noticed",
    ),
]

"""Slips that the tests of birth-death chains must notice."""

from faults import Fault

TESTS = "tests/tabular/test_birth_death.py::"


def slip(find, replace, test, why):
    return Fault("rlcourse.tabular.birth_death", find, replace, TESTS + test, why)


NEIGHBORS, LAW, QUEUE, BAD = (
    "test_the_generator_moves_to_neighbors",
    "test_the_law_is_that_of_the_tree_theorem",
    "test_the_queue_without_limit",
    "test_bad_rates_and_numbers",
)
FAULTS = [
    slip(
        "np.diag(births, 1) + np.diag(deaths, -1)",
        "np.diag(births, -1) + np.diag(deaths, 1)",
        NEIGHBORS,
        "births and deaths swapped",
    ),
    slip("np.diag(Q.sum(axis=1))", "np.diag(Q.sum(axis=0))", NEIGHBORS, "columns in place of rows"),
    slip("if (rates < 0).any():", "if (rates < -1).any():", BAD, "a small negative rate is called something else"),
    slip("np.log(births) - np.log(deaths)", "np.log(deaths) - np.log(births)", LAW, "the ratio upside down"),
    slip(
        "np.concatenate([[0.0], np.cumsum(", "np.concatenate([[1.0], np.cumsum(", LAW, "the weight of state 0 is not 1"
    ),
    slip("np.exp(weight - weight.max())", "np.exp(weight)", "test_extreme_weights_do_not_overflow", "weights overflow"),
    slip("return law / law.sum()", "return law", LAW, "the law is not normalized"),
    slip("rho = lam / mu", "rho = mu / lam", QUEUE, "load upside down"),
    slip("    if rho >= 1:", "    if rho > 1:", "test_a_queue_without_a_law_is_refused", "full load passes"),
    slip("return (1 - rho) * rho**n", "return rho**n", QUEUE, "the factor of the empty queue is missing"),
    slip("return (1 - rho) * rho**n", "return (1 - rho) * rho ** (n + 1)", QUEUE, "index shifted by one"),
    slip("(n < 0).any() or", "(n < -1).any() or", BAD, "-1 customers"),
    slip('    checks.positive("deaths", deaths)\n', "", BAD, "a death rate of 0 gives NaN"),
]

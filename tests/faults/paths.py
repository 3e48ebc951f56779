"""Planted faults in alias tables and paths."""

from faults import Fault

MODULE = "rlcourse.tabular.paths"
TESTS = "tests/tabular/test_paths.py::"


def slip(find, replace, test, why):
    return Fault(MODULE, find, replace, TESTS + test, why)


FAULTS = [
    slip("possible = P > 0", "possible = P >= 0", "test_the_table_holds_the_law", "cells for impossible steps"),
    slip(
        'row[low]["other"] = row[high]["state"]',
        'row[low]["other"] = row[low]["state"]',
        "test_the_table_holds_the_law",
        "the rest goes nowhere",
    ),
    slip(
        "mass[high] -= 1 - mass[low]",
        "mass[high] -= mass[low]",
        "test_the_table_holds_any_law",
        "the donor gives what the other has",
    ),
    slip(
        "if mass[high] < 1:",
        "if mass[high] <= 0.5:",
        "test_the_table_holds_any_law",
        "a donor that is poor is kept as a donor",
    ),
    slip("unit = m / p", "unit = n / p", "test_padding_is_inert", "mass in units of the unpadded row"),
    slip(
        "if c < n else 0.0", "if c < m else 0.0", "test_padding_is_inert", "padding takes the next row's probabilities"
    ),
    slip(
        "states[begin[s] + min(c, n - 1)]",
        "states[min(c, n - 1)]",
        "test_the_table_holds_the_law",
        "states of the first row everywhere",
    ),
    slip(
        "rows.sum_duplicates()",
        "rows.sort_indices()",
        "test_duplicates_add_up",
        "an entry given in two parts becomes two cells",
    ),
    slip(
        "last_bits = scale - 1",
        "last_bits = scale",
        "test_paths_follow_the_table",
        "the last bits but one are compared",
    ),
    slip('< cell["keep"] else', '> cell["keep"] else', "test_paths_follow_the_table", "threshold the wrong way round"),
    slip(
        "s = np.uint64(path[t, i])",
        "s = np.uint64(path[0, i])",
        "test_paths_follow_the_table",
        "every step from the start",
    ),
    slip(
        "np.moveaxis(path.reshape(steps + 1, *start.shape), 0, -1)",
        "path.reshape(*start.shape, steps + 1)",
        "test_paths_follow_the_table",
        "time and paths mixed up",
    ),
    slip(
        "path[0] = start.ravel()",
        "path[0] = start.ravel()[::-1]",
        "test_paths_follow_the_table",
        "starts in reverse order",
    ),
]

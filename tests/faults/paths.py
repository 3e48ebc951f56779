"""Planted faults in alias tables and paths."""

from faults import Fault

MODULE = "rlcourse.tabular.paths"
TESTS = "tests/tabular/test_paths.py::"


def slip(find, replace, test, why):
    return Fault(MODULE, find, replace, TESTS + test, why)


FAULTS = [
    slip("while e < end and p[e] == 0:", "while False:", "test_the_table_holds_the_law", "cells for impossible steps"),
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
    slip("unit = m / p", "unit = (end - e) / p", "test_padding_is_inert", "mass in units of the unpadded row"),
    slip("            mass[c] = 0.0\n", "", "test_the_table_holds_any_law", "padding keeps the mass of an earlier row"),
    slip(
        "state, mass[c] = states[e]",
        "state, mass[c] = states[c]",
        "test_the_table_holds_the_law",
        "states of the first row everywhere",
    ),
    slip("count_nonzero(P, axis=1)", "count_nonzero(P, axis=0)", "test_the_table_holds_the_law", "columns counted"),
    slip("(entries == len(entries)).all()", "True", "test_one_path_follows_the_table", "states guessed from the cells"),
    slip("(entries == len(entries)).all()", "False", "test_a_full_table_says_so", "a dense chain is not recognized"),
    slip("min(c, last_state)", "c", "test_padding_is_no_state", "padding taken for a state"),
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
    slip(
        's = np.uint64(cells[at]["other"])',
        's = np.uint64(cells[at]["state"])',
        "test_one_path_follows_the_table",
        "one path never takes the other state",
    ),
    slip("n_poor += mass[c] < 1", "n_poor += mass[c] < 0.5", "test_the_table_holds_any_law", "half a share is enough"),
]

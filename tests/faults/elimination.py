"""Planted faults in the removal of states."""

from faults import Fault

MODULE, T = "rlcourse.tabular.elimination", "tests/tabular/test_elimination.py::"

FAULTS = [
    Fault(
        MODULE,
        find="total = A[k, :k].sum()",
        replace="total = 1 - A[k, k]",
        caught_by=T + "test_tiny_steps_keep_their_accuracy",
        why="the subtraction that elimination avoids",
    ),
    Fault(
        MODULE,
        find="total = A[k, :k].sum()",
        replace="total = A[k, : k + 1].sum()",
        caught_by=T + "test_the_diagonal_is_never_read",
        why="staying counts as leaving",
    ),
    Fault(
        MODULE,
        find="total = A[k, :k].sum()",
        replace="total = A[:k, k].sum()",
        caught_by=T + "test_what_is_kept_is_exact",
        why="column instead of row",
    ),
    Fault(
        MODULE,
        find="total = A[k, :k].sum()",
        replace="total = A[k].sum()",
        caught_by=T + "test_what_is_kept_is_exact",
        why="removed states count as places to go",
    ),
    Fault(
        MODULE,
        find="            A[i, k] /= total\n",
        replace="",
        caught_by=T + "test_what_is_kept_is_exact",
        why="steps into the removed state not normalized",
    ),
    Fault(
        MODULE,
        find="            A[i, k] /= leaves[k]\n",
        replace="",
        caught_by=T + "test_what_is_kept_is_exact",
        why="steps into the removed state from below the block not normalized",
    ),
    Fault(
        MODULE,
        find="A[i, k] /= leaves[k]",
        replace="A[i, k] /= leaves[low]",
        caught_by=T + "test_what_is_kept_is_exact",
        why="normalized by another state",
    ),
    Fault(
        MODULE,
        find="for i in range(low, k):",
        replace="for i in range(low + 1, k):",
        caught_by=T + "test_what_is_kept_is_exact",
        why="rows keep no path through the removed state",
    ),
    Fault(
        MODULE,
        find="for j in range(low, k):",
        replace="for j in range(low, low):",
        caught_by=T + "test_what_is_kept_is_exact",
        why="columns keep no path through the removed state",
    ),
    Fault(
        MODULE,
        find="for j in range(low, k):",
        replace="for j in range(k):",
        caught_by=T + "test_halves_and_single_states_give_the_same",
        why="the update that the caller makes is made twice",
    ),
    Fault(
        MODULE,
        find="A[i, j] += A[i, k] * A[k, j]\n    for",
        replace="A[i, j] += A[k, i] * A[k, j]\n    for",
        caught_by=T + "test_what_is_kept_is_exact",
        why="row for column in the paths through the removed state",
    ),
    Fault(
        MODULE,
        find="        A[:low, low:middle] += A[:low, middle:high] @ A[middle:high, low:middle]\n",
        replace="",
        caught_by=T + "test_what_is_kept_is_exact",
        why="half of the update by halves is missing",
    ),
    Fault(
        MODULE,
        find="        A[low:middle, :middle] += A[low:middle, middle:high] @ A[middle:high, :middle]\n",
        replace="",
        caught_by=T + "test_what_is_kept_is_exact",
        why="the other half of the update is missing",
    ),
    Fault(
        MODULE,
        find="    leaves = np.empty(high)\n    for k in range(high - 1, low - 1, -1)",
        replace="    leaves = np.ones(high)\n    for k in range(high - 1, low, -1)",
        caught_by=T + "test_what_is_kept_is_exact",
        why="the lowest state of a block is skipped",
    ),
    Fault(
        MODULE,
        find="    leaves = np.empty(high)\n    for k in range(high - 1, low - 1, -1)",
        replace="    leaves = np.empty(high)\n    for k in range(low, high)",
        caught_by=T + "test_what_is_kept_is_exact",
        why="states removed from the first to the last",
    ),
    Fault(
        MODULE,
        find="        _eliminate(A, middle, high)\n",
        replace="",
        caught_by=T + "test_what_is_kept_is_exact",
        why="the upper half stays",
    ),
    Fault(
        MODULE,
        find="        _eliminate(A, low, middle)\n        return",
        replace="        return",
        caught_by=T + "test_what_is_kept_is_exact",
        why="the lower half stays",
    ),
    Fault(
        MODULE,
        find="_eliminate(A, 1, len(A))",
        replace="_eliminate(A, 2, len(A))",
        caught_by=T + "test_what_is_kept_is_exact",
        why="one state too many stays",
    ),
]

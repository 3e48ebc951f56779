"""Hitting a set, by definition: laws from paths one by one, and infinite sums as exact fractions.

A sum over all times is the value at 1 of a solution in fractions of the sums' own equations, restricted to states
between which it is finite; which these are is found by walks.
"""

from fractions import Fraction

from oracles.markov import paths, reaches


def solve(A, b):
    """Gauss and Jordan, in fractions."""
    rows = [[*row, value] for row, value in zip(A, b, strict=True)]
    for c in range(len(rows)):
        pivot = next(r for r in range(c, len(rows)) if rows[r][c])
        rows[c], rows[pivot] = rows[pivot], rows[c]
        rows[c] = [x / rows[c][c] for x in rows[c]]
        for r in range(len(rows)):
            if r != c:
                rows[r] = [x - rows[r][c] * y for x, y in zip(rows[r], rows[c], strict=True)]
    return [row[-1] for row in rows]


def first_time(states, target, earliest):
    return next((n for n, z in enumerate(states) if n >= earliest and z in target), None)


def time_law(P, target, n, earliest=0):
    """law[m][i]: the first time >= earliest in the target is m, summed over paths of n steps."""
    law = [[Fraction(0)] * len(P) for _ in range(n + 1)]
    for i in range(len(P)):
        for states, chance in paths(P, i, n):
            m = first_time(states, target, earliest)
            if m is not None:
                law[m][i] += chance
    return law


def able(P, target):
    reach = reaches(P, avoid=target)
    return [any(reach[i][j] for j in target) for i in range(len(P))]


def certain(P, target):
    """From i every state that can be reached before the target can itself reach it."""
    reach, can = reaches(P, avoid=target), able(P, target)
    return [all(can[j] for j in range(len(P)) if reach[i][j]) for i in range(len(P))]


def sums_before(P, target, value, states):
    """E[sum over n < T of value(Z_n)] for some states outside the target that lead only to each other and to it."""
    A = [[(i == j) - P[i][j] for j in states] for i in states]
    return dict(zip(states, solve(A, [value[i] for i in states]), strict=True))


def where(P, target):
    """[i][l]: probability of entering the target in its l-th state."""
    target, can = sorted(target), able(P, target)
    open_ = [i for i in range(len(P)) if can[i] and i not in target]
    A = [[(i == j) - P[i][j] for j in open_] for i in open_]
    columns = []
    for l in target:
        column = dict(zip(open_, solve(A, [P[i][l] for i in open_]), strict=True))
        columns.append([Fraction(i == l) if i in target else column.get(i, Fraction(0)) for i in range(len(P))])
    return [list(row) for row in zip(*columns, strict=True)]


def rewards(P, target, r, with_target):
    """Mean of the rewards to the hitting time; None where the target may be missed."""
    sure = certain(P, target)
    outside = [i for i in range(len(P)) if sure[i] and i not in target]
    before = sums_before(P, target, r, outside)
    end = where(P, target)
    at_end = [sum(g * r[l] for g, l in zip(end[i], sorted(target), strict=True)) for i in range(len(P))]
    return [
        (before.get(i, 0) + (at_end[i] if with_target else 0)) if sure[i] else None for i in range(len(P))
    ]


def moments(P, target):
    """Mean and variance of the hitting time; None where the target may be missed."""
    one = [Fraction(1)] * len(P)
    mean = rewards(P, target, one, False)
    # E[T^2] = E[sum over n < T of (2 (T - n) - 1)]
    twice = [0 if m is None else 2 * m - 1 for m in mean]
    square = rewards(P, target, twice, False)
    return mean, [None if m is None else s - m * m for m, s in zip(mean, square, strict=True)]


def visits(P, target):
    """[i][j] for states outside the target: mean number of visits before it, time 0 included."""
    outside = [i for i in range(len(P)) if i not in target]
    columns = []
    for j in outside:
        column = sums_before(P, target, [Fraction(i == j) for i in range(len(P))], outside)
        columns.append([column[i] for i in outside])
    return [list(row) for row in zip(*columns, strict=True)]

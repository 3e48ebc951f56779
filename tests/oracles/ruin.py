"""The gambler's ruin in exact rationals: linear equations by elimination, and every course of the game."""

from fractions import Fraction


def _solve(matrix, right):
    """Gauss's elimination for a system that has one solution."""
    rows = [[*map(Fraction, row), Fraction(b)] for row, b in zip(matrix, right, strict=True)]
    n = len(rows)
    for i in range(n):
        pivot = next(j for j in range(i, n) if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(n):
            if j != i and rows[j][i]:
                rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[-1] for row in rows]


def _equations(p, S, reward, ends):
    """Values v with v(k) = reward + p v(k + 1) + q v(k - 1) inside and the given values at the ends."""
    p, matrix = Fraction(p), []
    for k in range(S + 1):
        row = [Fraction(int(j == k)) for j in range(S + 1)]
        if 0 < k < S:
            row[k + 1] -= p
            row[k - 1] -= 1 - p
        matrix.append(row)
    return _solve(matrix, [ends[0], *[reward] * (S - 1), ends[1]])


def win_probability(p, k, S):
    return _equations(p, S, 0, (0, 1))[k]


def mean_duration(p, k, S):
    return _equations(p, S, 1, (0, 0))[k]


def ruin_time_law(p, k, S, n):
    """Follows each course of the game, round by round."""
    law = [[Fraction(0), Fraction(0)] for _ in range(n + 1)]
    courses = [(k, Fraction(1))]
    for t in range(n + 1):
        going = []
        for units, probability in courses:
            if units in (0, S):
                law[t][units == S] += probability
            else:
                going += [(units + 1, probability * Fraction(p)), (units - 1, probability * (1 - Fraction(p)))]
        courses = going
    return law

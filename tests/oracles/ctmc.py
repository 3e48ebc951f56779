"""Continuous-time chains in exact rational arithmetic: power series, determinants and sums over definitions."""

import math
from fractions import Fraction
from itertools import permutations


def exact(A):
    return [[Fraction(x) for x in row] for row in A]


def determinant(A):
    """Leibniz' sum over permutations."""
    total = Fraction(0)
    for columns in permutations(range(len(A))):
        inversions = sum(columns[i] > columns[j] for i in range(len(A)) for j in range(i + 1, len(A)))
        total += (-1) ** inversions * math.prod((A[i][c] for i, c in enumerate(columns)), start=Fraction(1))
    return total


def solve(A, b):
    """Cramer's rule."""
    size, bottom = range(len(A)), determinant(A)
    return [determinant([[b[i] if k == j else A[i][k] for k in size] for i in size]) / bottom for j in size]


def product(A, B):
    return [[sum(A[i][k] * B[k][j] for k in range(len(B))) for j in range(len(B[0]))] for i in range(len(A))]


def exponential(Q, t, terms=50):
    """The power series of exp(tQ), as floats. Enough terms for t times the largest rate up to about 5."""
    Q, t = exact(Q), Fraction(t)
    size = range(len(Q))
    term = [[Fraction(int(i == j)) for j in size] for i in size]
    total = [row[:] for row in term]
    for n in range(1, terms):
        term = [[x * t / n for x in row] for row in product(term, Q)]
        total = [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(total, term, strict=True)]
    return [[float(x) for x in row] for row in total]


def stationary(Q):
    """Markov chain tree theorem: the weight of a state is the determinant of -Q without its row and column."""
    Q = exact(Q)
    size = range(len(Q))
    weight = [determinant([[-Q[i][j] for j in size if j != s] for i in size if i != s]) for s in size]
    return [float(w / sum(weight)) for w in weight]


def hitting_times(Q, target):
    """The equations of the mean times, all of them, by Cramer's rule."""
    Q = exact(Q)
    size = range(len(Q))
    A = [[Fraction(int(i == j)) if i in target else Q[i][j] for j in size] for i in size]
    return [float(x) for x in solve(A, [Fraction(0 if i in target else -1) for i in size])]


def discounted(Q, r, alpha):
    """alpha v = r + Q v by Cramer's rule."""
    Q, size = exact(Q), range(len(Q))
    A = [[Fraction(alpha) * (i == j) - Q[i][j] for j in size] for i in size]
    return [float(x) for x in solve(A, [Fraction(x) for x in r])]


def controlled_value(q, r, lump, alpha, policy):
    """Value of a policy in continuous time: jumps pay at their rates, the generator follows the policy."""
    states = range(len(q))
    Q = [[q[s][policy[s]][x] for x in states] for s in states]
    for s in states:
        Q[s][s] = -sum(Q[s][x] for x in states if x != s)
    earn = [r[s][policy[s]] + sum(q[s][policy[s]][x] * lump[s][policy[s]][x] for x in states) for s in states]
    return discounted(Q, earn, alpha)


def poisson(mean, n):
    """Probability of n for a rational mean."""
    return float(Fraction(mean) ** n / math.factorial(n)) * math.exp(-mean)


def poisson_tail(mean, n):
    """Probability of n or more."""
    return sum(poisson(mean, k) for k in range(n, n + 80))


def birth_death(births, deaths):
    """Generator as nested lists, rate by rate."""
    size = len(births) + 1
    Q = [[Fraction(0)] * size for _ in range(size)]
    for n, (up, down) in enumerate(zip(births, deaths, strict=True)):
        Q[n][n + 1], Q[n + 1][n] = Fraction(up), Fraction(down)
    for n in range(size):
        Q[n][n] = -sum(Q[n])
    return Q

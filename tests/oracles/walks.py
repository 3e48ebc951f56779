"""Random walks by listing every path, in exact rationals."""

from fractions import Fraction
from itertools import accumulate, pairwise, permutations, product


def paths(p, n):
    """Every path of n steps, start included, with its probability."""
    p = Fraction(p)
    for steps in product((1, -1), repeat=n):
        ups = steps.count(1)
        yield (0, *accumulate(steps)), p**ups * (1 - p) ** (n - ups)


def _law(p, n, size, where):
    """Law of a function of the path; None stands for no value within n steps."""
    law = [Fraction(0)] * size
    for path, probability in paths(p, n):
        value = where(path)
        if value is not None:
            law[value] += probability
    return law


def _first(path, level):
    return next((t for t, position in enumerate(path) if t > 0 and position == level), None)


def position_law(p, n):
    return _law(p, n, 2 * n + 1, lambda path: n + path[-1])


def return_probabilities(p, n):
    return [sum(pr for path, pr in paths(p, t) if path[-1] == 0) for t in range(n + 1)]


def first_return_law(p, n):
    return _law(p, n, n + 1, lambda path: _first(path, 0))


def first_passage_law(p, level, n):
    return _law(p, n, n + 1, lambda path: _first(path, level))


def maximum_law(p, n):
    return _law(p, n, n + 1, max)


def last_return_law(p, n):
    return _law(p, n, n + 1, lambda path: max(t for t, position in enumerate(path) if position == 0))


def time_above_law(p, n):
    """Number of steps that run above zero."""
    return _law(p, n, n + 1, lambda path: sum(a + b > 0 for a, b in pairwise(path)))


def ballot_paths(ahead, behind):
    orders = set(permutations((1,) * ahead + (-1,) * behind))
    return sum(all(lead > 0 for lead in accumulate(votes)) for votes in orders)


def lattice_return_probabilities(d, n):
    ways = [tuple(sign * (axis == i) for i in range(d)) for axis in range(d) for sign in (1, -1)]
    found = []
    for t in range(n + 1):
        home = sum(all(sum(step[i] for step in steps) == 0 for i in range(d)) for steps in product(ways, repeat=t))
        found.append(Fraction(home, len(ways) ** t))
    return found

"""Bellman's operators and optimal values from their definitions: loops over exact fractions, and lists of policies."""

from fractions import Fraction
from itertools import product


def exact(table):
    """Nested lists of fractions, equal to the given numbers bit by bit."""
    return [exact(row) for row in table] if hasattr(table, "__len__") else Fraction(float(table))


def action_values(P, R, gamma, v):
    """q[s][a] = R[s][a] + gamma * sum of P[s][a][x] * v[x]."""
    P, R, v, gamma = exact(P), exact(R), exact(v), Fraction(float(gamma))
    return [
        [R[s][a] + gamma * sum(P[s][a][x] * v[x] for x in range(len(v))) for a in range(len(R[s]))]
        for s in range(len(v))
    ]


def mean_over_actions(pi, q):
    """v[s] = sum of pi[s][a] * q[s][a]."""
    pi, q = exact(pi), exact(q)
    return [sum(p * x for p, x in zip(laws, values, strict=True)) for laws, values in zip(pi, q, strict=True)]


def best(q):
    """v[s] = largest q[s][a]."""
    return [max(row) for row in q]


def discounted_sum(P, R, gamma, pi, steps):
    """Mean of r_0 + gamma r_1 + ... over the given number of steps, for every first state, in floats."""
    states, actions = range(len(R)), range(len(R[0]))
    value = [0.0] * len(R)
    for s in states:
        law, weight = [float(x == s) for x in states], 1.0
        for _ in range(steps):
            value[s] += weight * sum(law[y] * pi[y][a] * R[y][a] for y in states for a in actions)
            law = [sum(law[y] * pi[y][a] * P[y][a][x] for y in states for a in actions) for x in states]
            weight *= gamma
    return value


def best_of_all_policies(P, R, gamma, steps):
    """For every state, the largest discounted sum over all deterministic policies."""
    table = []
    for chosen in product(range(len(R[0])), repeat=len(R)):
        pi = [[float(a == c) for a in range(len(R[0]))] for c in chosen]
        table.append(discounted_sum(P, R, gamma, pi, steps))
    return [max(column) for column in zip(*table, strict=True)]

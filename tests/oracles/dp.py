"""Optimal values of small decision processes by trying every policy, in exact fractions."""

from fractions import Fraction
from itertools import product

import numpy as np


def random_process(seed, gamma=0.75, terminal=(), states=3, actions=2):
    """Arrays of a process; small numbers with few bits, so that its fractions are short."""
    rng = np.random.default_rng(seed)
    P = rng.multinomial(8, np.ones(states) / states, size=(states, actions)) / 8
    R = rng.integers(-4, 5, size=(states, actions)).astype(float)
    return {"P": P, "R": R, "gamma": gamma, "terminal": np.isin(np.arange(states), terminal)}


def exact(x):
    """A number or nested sequences of numbers as fractions."""
    return [exact(y) for y in x] if hasattr(x, "__len__") else Fraction(float(x))


def _solve(A, b):
    """Gaussian elimination; None if there is no unique solution."""
    n = len(b)
    rows = [[*A[i], b[i]] for i in range(n)]
    for k in range(n):
        pivot = next((i for i in range(k, n) if rows[i][k] != 0), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k and rows[i][k] != 0:
                rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def values_of(P, R, gamma, terminal, actions):
    """Values of the policy that takes these actions; None if it may never end and gamma is 1."""
    states = range(len(R))
    A, b = [], []
    for s in states:
        if terminal[s]:
            A.append([Fraction(int(s == t)) for t in states])
            b.append(Fraction(0))
        else:
            A.append([Fraction(int(s == t)) - gamma * P[s][actions[s]][t] for t in states])
            b.append(R[s][actions[s]])
    return _solve(A, b)


def optimum(P, R, gamma, terminal):
    """The largest values, and every policy that has them."""
    P, R, gamma = exact(P), exact(R), exact(gamma)
    tried = [(values_of(P, R, gamma, terminal, a), a) for a in product(range(len(R[0])), repeat=len(R))]
    tried = [(v, a) for v, a in tried if v is not None]
    best = [max(v[s] for v, _ in tried) for s in range(len(R))]
    return best, [a for v, a in tried if v == best]


def best(mdp):
    """The same of an object that has these as attributes, the values as floats."""
    v, policies = optimum(mdp.P, mdp.R, mdp.gamma, mdp.terminal)
    return np.array(v, float), policies


def backup(P, R, gamma, v):
    """max over actions of the reward plus the discounted mean value of the next state, state by state."""
    return [
        max(r + gamma * sum(p * x for p, x in zip(law, v, strict=True)) for r, law in zip(R[s], P[s], strict=True))
        for s in range(len(v))
    ]


def backup_in_place(P, R, gamma, v):
    """The same, with the new values of the states before."""
    v = list(v)
    for s in range(len(v)):
        v[s] = backup(P, R, gamma, v)[s]
    return v

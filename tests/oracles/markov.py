"""Finite Markov chains by definition: paths one by one, walks, spanning trees, all in exact fractions.

A chain is a list of rows of ``Fraction``.
"""

from fractions import Fraction
from itertools import product
from math import gcd

import numpy as np


def weights(rng, size, share=0.4):
    """A random chain as whole numbers, about ``share`` of them positive, with no empty row; rng or a seed."""
    rng = np.random.default_rng(rng)
    W = rng.integers(1, 5, size=(size, size)) * (rng.random((size, size)) < share)
    empty = W.sum(axis=1) == 0
    W[empty, rng.integers(size, size=empty.sum())] = 1
    return W


def chain_of(W):
    """Rows of fractions from rows of whole numbers."""
    return [[Fraction(int(x), int(sum(row))) for x in row] for row in W]


def paths(P, i, n):
    """Every path of n steps from i that is possible: (states, probability)."""
    found = [((i,), Fraction(1))]
    for _ in range(n):
        found = [
            ((*states, j), chance * P[states[-1]][j])
            for states, chance in found
            for j in range(len(P))
            if P[states[-1]][j]
        ]
    return found


def law_after(P, i, n):
    law = [Fraction(0)] * len(P)
    for states, chance in paths(P, i, n):
        law[states[-1]] += chance
    return law


def reaches(P, avoid=()):
    """reach[i][j]: some walk of any length, 0 included, leads from i to j without a step out of ``avoid``."""
    size = len(P)
    reach = [[i == j or (i not in avoid and P[i][j] > 0) for j in range(size)] for i in range(size)]
    for m in range(size):
        for i in range(size):
            for j in range(size):
                reach[i][j] = reach[i][j] or (reach[i][m] and reach[m][j])
    return reach


def classes(P):
    """(states, closed, period) of every communicating class, by smallest state."""
    size, reach, found, seen = len(P), reaches(P), [], set()
    for i in range(size):
        if i in seen:
            continue
        states = [j for j in range(size) if reach[i][j] and reach[j][i]]
        seen.update(states)
        closed = all(not P[a][b] or b in states for a in states for b in range(size))
        period, here = 0, {i}
        for n in range(1, 2 * size * size):
            here = {b for a in here for b in range(size) if P[a][b]}
            if i in here:
                period = gcd(period, n)
        found.append((states, closed, period))
    return found


def tree_law(P, states):
    """Stationary law of a closed class: weights of spanning trees directed to each state."""
    weight = {root: Fraction(0) for root in states}
    for root in states:
        others = [i for i in states if i != root]
        for heads in product(states, repeat=len(others)):
            parent = dict(zip(others, heads, strict=True))
            if all(_leads(i, root, parent) for i in others):
                chance = Fraction(1)
                for i, j in parent.items():
                    chance *= P[i][j]
                weight[root] += chance
    total = sum(weight.values())
    return [weight.get(i, Fraction(0)) / total for i in range(len(P))]


def _leads(i, root, parent):
    for _ in range(len(parent)):
        if i == root:
            return True
        i = parent[i]
    return i == root


def variation(P, n, law):
    """Largest distance of the law after n steps from a law, over the first states."""
    return max(sum(abs(x - y) for x, y in zip(law_after(P, i, n), law, strict=True)) / 2 for i in range(len(P)))

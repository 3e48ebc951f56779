"""Branching processes by listing what can happen: individuals one by one, exact rational probabilities.

A law is a dict {value: probability}. Infinite laws are cut where nothing is left in double precision.
"""

import math
from fractions import Fraction


def exact(weights):
    """The law proportional to whole-number weights."""
    return {k: Fraction(int(w), int(sum(weights))) for k, w in enumerate(weights)}


def poisson(lam, top=90):
    return {k: math.exp(-lam) * lam**k / math.factorial(k) for k in range(top)}


def geometric(p, top=400):
    return {k: p * (1 - p) ** k for k in range(top)}


def add(one, two):
    total = {}
    for x, weight in one.items():
        for y, chance in two.items():
            total[x + y] = total.get(x + y, 0) + weight * chance
    return total


def generation_law(law, n, ancestors=1):
    """Law of X_n: given X_{n-1} = k, add the children of k individuals one after another."""
    now = {ancestors: Fraction(1)}
    for _ in range(n):
        following, children = {}, {0: Fraction(1)}
        for size in range(max(now) + 1):
            for value, chance in children.items():
                following[value] = following.get(value, 0) + now.get(size, 0) * chance
            children = add(children, law)
        now = following
    return now


def moments(law):
    mean = sum(k * weight for k, weight in law.items())
    return mean, sum((k - mean) ** 2 * weight for k, weight in law.items())


def progeny_law(law, size, ancestors=1):
    """P(N = n) for n < size: explore one individual after another until nobody is left."""
    found = [Fraction(0)] * size
    waiting = {ancestors: Fraction(1)}  # individuals known and not explored yet
    for explored in range(size):
        found[explored] = waiting.pop(0, Fraction(0))
        following = {}
        for open_now, weight in waiting.items():
            for children, chance in law.items():
                after = open_now - 1 + children
                following[after] = following.get(after, 0) + weight * chance
        waiting = following
    return found

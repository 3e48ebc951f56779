"""Tails, urns and sequential tests by listing every sequence of outcomes."""

from fractions import Fraction
from itertools import product
from math import exp, log, prod


def sign_tail(c, t):
    """P(sum of c[k] times fair signs >= t)."""
    hits = [sum(x * s for x, s in zip(c, signs, strict=True)) >= t for signs in product((-1, 1), repeat=len(c))]
    return Fraction(sum(hits), len(hits))


def smallest_exponential_bound(t, variance):
    """Minimum over a fine grid of tilts of exp(-tilt t + tilt^2 variance / 2)."""
    best = t / variance
    return min(exp(-x * t + x * x * variance / 2) for x in (best * (1 + j / 1000) for j in range(-500, 501)))


def likelihood_ratio(x, p, q):
    """Probability of the sequence under q over that under p, for every length."""
    return [prod(q[o] for o in x[:n]) / prod(p[o] for o in x[:n]) for n in range(len(x) + 1)]


def urn_law(steps, white, black, added):
    """Law of the number of white draws, from the probabilities of all sequences of colors."""
    law = [Fraction(0)] * (steps + 1)
    for colors in product((0, 1), repeat=steps):
        mass, w, b = Fraction(1), Fraction(white), Fraction(black)
        for color in colors:
            mass *= (w if color else b) / (w + b)
            w, b = w + added * color, b + added * (1 - color)
        law[sum(colors)] += mass
    return law


def sequential_test(p, accept_at, reject_at):
    """Probabilities to accept and to reject at each step, from all sequences of successes."""
    horizon = len(accept_at) - 1
    accept, reject = [0.0] * (horizon + 1), [0.0] * (horizon + 1)
    for wins in product((0, 1), repeat=horizon):
        mass = prod(p if x else 1 - p for x in wins)
        for n in range(1, horizon + 1):
            if sum(wins[:n]) >= reject_at[n]:
                reject[n] += mass
                break
            if sum(wins[:n]) <= accept_at[n]:
                accept[n] += mass
                break
    return accept, reject


def log_ratio(successes, n, p0, p1):
    """Logarithm of the likelihood ratio of p1 against p0."""
    return successes * log(p1 / p0) + (n - successes) * log((1 - p1) / (1 - p0))

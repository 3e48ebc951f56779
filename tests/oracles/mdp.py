"""Decision processes by definition: sums over times and over paths, term by term."""

import numpy as np


def laws(P, pi, start, steps):
    """Laws of (s_t, a_t) for t = 0, ..., steps - 1, ``[S, A]`` each."""
    here = np.array(start, float)
    for _ in range(steps):
        pairs = np.array([here[s] * pi[s] for s in range(len(here))])
        yield pairs
        here = sum(pairs[s, a] * P[s][a] for s, a in np.ndindex(pairs.shape))


def mean_return(P, R, pi, start, gamma, steps):
    """Sum of the discounted mean rewards of the first steps."""
    total = 0.0
    for t, pairs in enumerate(laws(P, pi, start, steps)):
        total += gamma**t * sum((pairs * R).ravel())
    return total


def visits(P, pi, start, gamma, steps):
    """Discounted number of actions in each state."""
    total = np.zeros(len(pi))
    for t, pairs in enumerate(laws(P, pi, start, steps)):
        total += gamma**t * np.array([sum(row) for row in pairs])
    return total


def paths(P, pi, start, terminal, horizon):
    """Every possible episode, as ((s, a, s'), ...) -> probability."""
    found, open_ = {}, [((), s, p) for s, p in enumerate(start) if p > 0]
    while open_:
        path, s, p = open_.pop()
        if terminal[s] or len(path) == horizon:
            found[path or (s,)] = p
            continue
        for a in range(len(pi[s])):
            for to in range(len(P)):
                if pi[s][a] * P[s][a][to] > 0:
                    open_.append(((*path, (s, a, to)), to, p * pi[s][a] * P[s][a][to]))
    return found

"""Finite trees as dictionaries of paths: every mean is a sum over paths with their probabilities."""

from itertools import product


def paths(step, horizon):
    """{path: probability} of every path; ``step(history)`` lists the probabilities of the next outcome."""
    found = {(): 1}
    for _ in range(horizon):
        found = {(*h, x): mass * p for h, mass in found.items() for x, p in enumerate(step(h))}
    return found


def mean_given(value, law, history):
    """Mean of ``value(path)`` over the paths that start with the history."""
    inside = {path: mass for path, mass in law.items() if path[: len(history)] == history}
    return sum(mass * value(path) for path, mass in inside.items()) / sum(inside.values())


def histories(law, n):
    return sorted({path[:n] for path in law})


def stopping_rules(law, horizon):
    """Every stopping time: {path: time}, by choosing at each history whether to stop there."""
    inner = [h for n in range(horizon) for h in histories(law, n)]
    seen = set()
    for choice in product([False, True], repeat=len(inner)):
        stop_at = {h for h, stop in zip(inner, choice, strict=True) if stop}
        rule = tuple(
            next((n for n in range(horizon) if path[:n] in stop_at), horizon) for path in sorted(law)
        )
        if rule not in seen:
            seen.add(rule)
            yield dict(zip(sorted(law), rule, strict=True))

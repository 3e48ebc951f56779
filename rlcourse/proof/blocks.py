"""Building blocks: finite distributions with symbolic probabilities, and small decision processes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import sympy as sp

from rlcourse.proof.domain import Share


def simplex(name: str, n: int) -> list:
    """Return ``n`` symbolic probabilities: positive symbols, and one minus their sum as the last.

    Args:
        name: Letter, e.g. "p" for p_1, p_2, ...
        n: Number of outcomes, at least 2.
    """
    if n < 2:
        raise ValueError(f"n: expected at least 2 outcomes, got {n}")
    names = tuple(f"{name}_{i}" for i in range(1, n))
    head = [Share(x, names) for x in names]
    return [*head, 1 - sp.Add(*head)]


def softmax(logits: Sequence) -> list:
    """Return the probabilities ``exp(logits[i]) / sum_j exp(logits[j])``."""
    weights = [sp.exp(x) for x in _listed("logits", logits)]
    return [w / sp.Add(*weights) for w in weights]


def logsumexp(logits: Sequence):
    """Return ``log sum_i exp(logits[i])``."""
    return sp.log(sp.Add(*[sp.exp(x) for x in _listed("logits", logits)]))


def expectation(p: Sequence, f):
    """Return ``sum_i p[i] f[i]``; ``f`` is a list of values, or a function of the outcome's index."""
    p = distribution("p", p)
    return sp.Add(*[a * b for a, b in zip(p, _values("f", f, len(p)), strict=True)])


def variance(p: Sequence, f):
    """Return the variance of ``f`` under ``p``, as the mean squared deviation."""
    f = _values("f", f, len(p))
    mean = expectation(p, f)
    return expectation(p, [(x - mean) ** 2 for x in f])


def score(logp, params: Sequence) -> sp.Matrix:
    """Return the gradient of a log-probability with respect to ``params``, as a column."""
    return sp.Matrix([sp.diff(logp, x) for x in _listed("params", params)])


def entropy(p: Sequence):
    """Return ``-sum_i p[i] log p[i]`` in nats, with 0 log 0 = 0."""
    return -sp.Add(*[x * sp.log(x) for x in distribution("p", p) if x != 0])


def kl(p: Sequence, q: Sequence):
    """Return ``KL(p || q) = sum_i p[i] log(p[i] / q[i])`` in nats."""
    p, q = distribution("p", p), distribution("q", q)
    if len(p) != len(q):
        raise ValueError(f"q: expected {len(p)} probabilities like p, got {len(q)}")
    for i, (a, b) in enumerate(zip(p, q, strict=True)):
        if b == 0 and a != 0:
            raise ValueError(f"q[{i}] is 0 where p[{i}] = {a}: the divergence is infinite")
    return sp.Add(*[a * sp.log(a / b) for a, b in zip(p, q, strict=True) if a != 0])


@dataclass(frozen=True)
class Trajectory:
    """One path of a decision process with its probability."""

    states: tuple
    actions: tuple
    rewards: tuple
    probability: sp.Expr


def trajectories(P, R, pi, start, horizon: int) -> list[Trajectory]:
    """Enumerate the paths of a small decision process with symbolic entries.

    Args:
        P: ``P[s][a][s_next]``, transition probabilities.
        R: ``R[s][a]``, or a function ``R(s, a, s_next)``.
        pi: ``pi[s][a]``, the policy; or a function ``pi(t, s)`` that returns the row of time t.
        start: Probabilities of the first state, or its index.
        horizon: Number of actions in each path.

    Returns:
        Every path whose probability is not identically 0; ``states`` has one entry more than ``actions``.
    """
    if horizon < 1:
        raise ValueError(f"horizon: expected at least 1, got {horizon}")
    states = range(len(P))
    reward = R if isinstance(R, Callable) else lambda s, a, _: R[s][a]
    policy = pi if isinstance(pi, Callable) else lambda _, s: pi[s]
    first = [sp.Integer(s == start) for s in states] if isinstance(start, int) else distribution("start", start)
    for s in states:
        for a in range(len(P[s])):
            distribution(f"P[{s}][{a}]", P[s][a])
    paths = [Trajectory((s,), (), (), first[s]) for s in states if first[s] != 0]
    for t in range(horizon):
        longer = []
        for path in paths:
            s = path.states[-1]
            row = distribution(f"pi[{s}]", policy(t, s))
            for a, s_next in product(range(len(P[s])), states):
                probability = path.probability * row[a] * P[s][a][s_next]
                if probability != 0:
                    rewards = (*path.rewards, reward(s, a, s_next))
                    longer.append(Trajectory((*path.states, s_next), (*path.actions, a), rewards, probability))
        paths = longer
    return paths


def distribution(name: str, p: Sequence) -> list:
    """Return ``p`` as a list of sympy expressions after checking that it can be a distribution.

    Raises:
        ValueError: Empty, an entry is known to be negative, or the sum is known not to be 1.
    """
    p = _listed(name, p)
    for i, x in enumerate(p):
        if x.is_negative:
            raise ValueError(f"{name}[{i}]: expected a probability, got {x}")
    rest = sp.simplify(sp.Add(*p) - 1)
    rounding = bool(rest.is_Float and abs(rest) < 1e-12)  # ten times 0.1
    if rest != 0 and not rounding and (rest.is_number or rest.is_zero is False):
        raise ValueError(f"{name}: expected probabilities that sum to 1, got the sum {rest + 1}")
    return p


def _listed(name: str, values) -> list:
    values = [sp.sympify(x) for x in values]
    if not values:
        raise ValueError(f"{name}: expected at least one entry, got none")
    return values


def _values(name: str, f, n: int) -> list:
    values = [sp.sympify(f(i)) for i in range(n)] if callable(f) else _listed(name, f)
    if len(values) != n:
        raise ValueError(f"{name}: expected {n} values, one for each outcome, got {len(values)}")
    return values

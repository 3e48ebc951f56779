"""Prediction from episodes, by definitions: every sum written out, one run and one step size at a time.

An episode is a list of steps (s, r, s_next, terminated). Values are dictionaries or lists of Python numbers.
"""

from fractions import Fraction
from itertools import product

import numpy as np


def random_record(seed, runs=2, episodes=3, cut=True, states=4):
    """Arrays of a record: random walks on few states, some of length 0, some cut off; the last state is terminal."""
    rng = np.random.default_rng(seed)
    s, s_next, terminated, truncated, ends = [], [], [], [], []
    for _ in range(runs * episodes):
        length = int(rng.integers(0, 6))
        path = [int(x) for x in rng.integers(0, states - 1, size=length + 1)]
        cut_off = bool(cut and rng.random() < 0.4)
        for t in range(length):
            last = t == length - 1
            s.append(path[t])
            s_next.append(states - 1 if last and not cut_off else path[t + 1])
            terminated.append(last and not cut_off)
            truncated.append(last and cut_off)
        ends.append(len(s))
    return {
        "s": np.array(s, np.int64),
        "r": rng.normal(size=len(s)),
        "s_next": np.array(s_next, np.int64),
        "terminated": np.array(terminated, bool),
        "truncated": np.array(truncated, bool),
        "ends": np.array(ends, np.int64).reshape(runs, episodes),
        "n_states": states,
    }


def episodes(record):
    """The runs of a record, each a list of episodes."""
    runs, t = [], 0
    for ends in record.ends:
        run = []
        for end in ends:
            run.append([(int(record.s[u]), float(record.r[u]), int(record.s_next[u]), bool(record.terminated[u]))
                        for u in range(t, int(end))])
            t = int(end)
        runs.append(run)
    return runs


def n_step_target(episode, t, n, v, gamma):
    total = 0.0
    for k in range(n):
        _, r, s_next, terminated = episode[t + k]
        total += gamma**k * r
        if terminated:
            return total
        if t + k + 1 == len(episode):
            break
    return total + gamma ** (k + 1) * v[s_next]


def lambda_target(episode, t, lam, v, gamma, horizon=None):
    """The mixture of n-step targets, the last of which takes all the weight that is left."""
    left = (len(episode) if horizon is None else horizon) - t
    mixed = sum((1 - lam) * lam ** (n - 1) * n_step_target(episode, t, n, v, gamma) for n in range(1, left))
    return mixed + lam ** (left - 1) * n_step_target(episode, t, left, v, gamma)


def n_step_td(run, S, n, gamma, alpha, power, v):
    v, seen, history = [float(x) for x in v], [0] * S, []
    for episode in run:
        for t, (s, *_) in enumerate(episode):
            seen[s] += 1
            v[s] += alpha / seen[s] ** power * (n_step_target(episode, t, n, v, gamma) - v[s])
        history.append(list(v))
    return history


def monte_carlo(run, S, gamma, alpha, power, first_visit, v):
    v, seen, history = [float(x) for x in v], [0] * S, []
    for episode in run:
        for t, (s, *_) in enumerate(episode):
            if first_visit and s in [step[0] for step in episode[:t]]:
                continue
            seen[s] += 1
            ret = sum(gamma**k * step[1] for k, step in enumerate(episode[t:]))
            v[s] += alpha / seen[s] ** power * (ret - v[s])
        history.append(list(v))
    return history


def offline_lambda(run, S, lam, gamma, alpha, power, v):
    v, seen, history = [float(x) for x in v], [0] * S, []
    for episode in run:
        old = list(v)
        for t, (s, *_) in enumerate(episode):
            seen[s] += 1
            v[s] += alpha / seen[s] ** power * (lambda_target(episode, t, lam, old, gamma) - old[s])
        history.append(list(v))
    return history


def td_lambda(run, S, lam, gamma, alpha, power, kind, v, online=True):
    """Traces as sums or products over the past of the episode, not by recursion in time."""
    v, seen, history = [float(x) for x in v], [0] * S, []
    for episode in run:
        held, rates = list(v), []
        for t, (s, r, s_next, terminated) in enumerate(episode):
            seen[s] += 1
            rates.append(alpha / seen[s] ** power)
            now = v if online else held
            delta = r + (0.0 if terminated else gamma * now[s_next]) - now[s]
            times = {x: [u for u in range(t + 1) if episode[u][0] == x] for x in {step[0] for step in episode[: t + 1]}}
            change = {}
            for x, visits in times.items():
                if kind == "replacing":
                    visits = visits[-1:]
                weight = 0.0
                for u in visits:
                    kept = 1.0
                    for later in visits:
                        if later > u and kind == "dutch":
                            kept *= 1 - rates[later]
                    weight += kept * rates[u] * (gamma * lam) ** (t - u)
                change[x] = weight * delta
            for x, amount in change.items():
                v[x] += amount
        history.append(list(v))
    return history


def online_lambda_return(run, S, lam, gamma, alpha, power, v):
    """At each time, all updates of the episode made anew with what is known by then."""
    v, seen, history = [float(x) for x in v], [0] * S, []
    for episode in run:
        first, known, rates = list(v), [list(v)], []
        for s, *_ in episode:
            seen[s] += 1
            rates.append(alpha / seen[s] ** power)
        for h in range(1, len(episode) + 1):
            v = list(first)
            for t in range(h):
                targets = [n_step_target(episode, t, n, known[t + n - 1], gamma) for n in range(1, h - t + 1)]
                mixed = sum((1 - lam) * lam**k * x for k, x in enumerate(targets[:-1]))
                s = episode[t][0]
                v[s] += rates[t] * (mixed + lam ** (h - t - 1) * targets[-1] - v[s])
            known.append(list(v))
        history.append(list(v))
    return history


def implied_values(run, S, gamma, sweeps=3000):
    """Values of the chain that a batch suggests, by repeated substitution of its means."""
    steps = [step for episode in run for step in episode]
    v = [0.0] * S
    for _ in range(sweeps):
        v = [
            sum(r + (0 if end else gamma * v[b]) for s, r, b, end in steps if s == x) / n if n else 0.0
            for x in range(S)
            for n in [sum(step[0] == x for step in steps)]
        ]
    return v


def target_moments(P, R, pi, gamma, terminal, target, s, longest):
    """Mean and variance of ``target(episode)`` over all episodes of at most ``longest`` steps from s, in fractions."""
    found = []

    def extend(path, chance):
        at = path[-1][2] if path else s
        if terminal[at] or len(path) == longest:
            found.append((chance, target(path)))
            return
        for a, b in product(range(len(R[0])), range(len(P))):
            weight = Fraction(pi[at][a]) * Fraction(P[at][a][b])
            if weight:
                extend([*path, (at, Fraction(R[at][a]), b, terminal[b])], chance * weight)

    extend([], Fraction(1))
    mean = sum(c * x for c, x in found)
    return mean, sum(c * (x - mean) ** 2 for c, x in found)

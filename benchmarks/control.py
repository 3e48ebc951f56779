"""Control on cliff walking: steps per second against a Python loop over Gymnasium, and the whole figure.

Run:    python benchmarks/control.py        prints, and writes benchmarks/results/control.md
Peers:  pip install -e ".[bench]"           gymnasium, for the environment

`rlcourse` is timed as it is called: checks, sampling tables and the generators of all runs included. The loops in
Python run on Gymnasium's environment without wrappers, and on lists. All are asked first for the greedy path that
they have learned, with epsilon = 0.1 and alpha = 0.5: 13 steps by Q-learning.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

# before numpy is loaded: one thread
os.environ.setdefault("OMP_NUM_THREADS", "1")

import harness
import numpy as np
from harness import Candidate

from rlcourse.tabular import control
from rlcourse.tabular.worlds import cliff_walk

EPISODES, RUNS = 500, 500
ALPHA, EPSILON = 0.5, 0.1
LEARNERS = {
    "Q-learning": control.q_learning,
    "SARSA": control.sarsa,
    "expected SARSA": control.expected_sarsa,
    "double Q-learning": control.double_q_learning,
}
PACKAGES = ["rlcourse", "numpy", "numba", "gymnasium"]


def gymnasium_steps():
    """A function ``(s, a) -> (s_next, r, terminated)`` of Gymnasium's environment, and one that starts an episode."""
    import gymnasium

    env = gymnasium.make("CliffWalking-v1").unwrapped

    def step(_, a):
        s_next, r, terminated, _, _ = env.step(a)
        return s_next, r, terminated

    return step, lambda: env.reset()[0]


def list_steps():
    """The same from lists."""
    mdp = cliff_walk()
    to, reward = mdp.P.argmax(axis=2).tolist(), mdp.R.tolist()
    return lambda s, a: (to[s][a], reward[s][a], to[s][a] == 47), lambda: 36


def python_loop(make, on_policy, episodes, seed=0):
    """Q-learning or SARSA in plain Python: the table and the number of steps."""
    step, reset = make()
    rng = random.Random(seed)
    q, steps = [[0.0] * 4 for _ in range(48)], 0

    def act(s):
        if rng.random() < EPSILON:
            return int(4 * rng.random())
        top = max(q[s])
        return rng.choice([a for a in range(4) if q[s][a] == top]) if q[s].count(top) > 1 else q[s].index(top)

    for _ in range(episodes):
        s, terminated = reset(), False
        a = act(s)
        while not terminated:
            s_next, r, terminated = step(s, a)
            a_next = act(s_next)
            future = 0.0 if terminated else q[s_next][a_next] if on_policy else max(q[s_next])
            q[s][a] += ALPHA * (r + future - q[s][a])
            s = s_next
            a = a_next if on_policy else act(s)
            steps += 1
    return np.array(q), steps


def tutorial_loop(on_policy, episodes, seed=0):
    """The loop as tutorials have it, on Gymnasium with a table in numpy."""
    import gymnasium

    env = gymnasium.make("CliffWalking-v1").unwrapped
    rng = np.random.default_rng(seed)
    q, steps = np.zeros((48, 4)), 0

    def act(s):
        return int(rng.integers(4)) if rng.random() < EPSILON else int(np.argmax(q[s]))

    for _ in range(episodes):
        (s, _), terminated = env.reset(), False
        a = act(s)
        while not terminated:
            s_next, r, terminated, _, _ = env.step(a)
            a_next = act(s_next) if on_policy else None
            future = 0.0 if terminated else q[s_next, a_next] if on_policy else np.max(q[s_next])
            q[s, a] += ALPHA * (r + future - q[s, a])
            s = s_next
            a = a_next if on_policy else act(s)
            steps += 1
    return q, steps


def path_length(q) -> int:
    """Steps of the greedy path, at most 100."""
    mdp, s, count = cliff_walk(), 36, 0
    while s != 47 and count < 100:
        s, count = mdp.P[s, q[s].argmax()].argmax(), count + 1
    return count


def rates(name, on_policy):
    """Steps per second of each candidate."""
    mdp, learner = cliff_walk(), LEARNERS[name]
    run = lambda: learner(mdp, RUNS, EPISODES, 0, alpha=ALPHA, epsilon=EPSILON)  # noqa: E731
    candidates = [Candidate(f"**rlcourse**, {RUNS} runs", run, list, turns=15)]
    steps = {candidates[0].name: int(run().steps.sum())}
    paths = [int(np.median([path_length(q) for q in run().q[:50]]))]
    loops = {
        "Python loop, lists only": lambda: python_loop(list_steps, on_policy, 500),
        "Python loop, Gymnasium, table in lists": lambda: python_loop(gymnasium_steps, on_policy, 150),
        "Python loop, Gymnasium, table in numpy": lambda: tutorial_loop(on_policy, 150),
    }
    for label, loop in loops.items():
        try:
            q, steps[label] = loop()
        except ImportError as error:
            print(f"left out: {label} ({error})")
            continue
        paths.append(path_length(q))
        candidates.append(Candidate(label, loop, list, turns=7))
    if not on_policy and set(paths) != {13}:
        raise AssertionError(f"greedy paths of {paths} steps; expected 13 from all")
    seconds = harness.alternate(candidates)
    return {label: steps[label] / x for label, x in seconds.items()}


def cells(found):
    own = next(iter(found.values()))
    return {label: f"{x / 1e6:.3g} M/s ({harness.ratio(own / x)})" for label, x in found.items()}


def figure() -> dict[str, str]:
    """Seconds of the whole figure of the chapter."""
    mdp, best = cliff_walk(), {}
    for name, learner in LEARNERS.items():
        for _ in range(7):
            begin = time.process_time()
            learner(mdp, RUNS, EPISODES, 0, alpha=ALPHA, epsilon=EPSILON)
            best[name] = min(best.get(name, np.inf), time.process_time() - begin)
    best["all four"] = sum(best.values())
    return {name: harness.duration(x) for name, x in best.items()}


def table(columns) -> str:
    return harness.table(list(dict.fromkeys(name for column in columns.values() for name in column)), columns)


def main() -> None:
    columns = {name: cells(rates(name, name == "SARSA")) for name in ("Q-learning", "SARSA")}
    text = "\n".join(
        [
            "# Control on cliff walking",
            "",
            "Steps per second from the lowest CPU time of one call, candidates taking turns in one process; in",
            "parentheses, how many times as long a step takes as with `rlcourse`. Gymnasium without wrappers.",
            "",
            table(columns),
            "",
            f"## The whole figure: {EPISODES} episodes, {RUNS} runs",
            "",
            table({"time": figure()}),
            "",
            f"{harness.machine()}.",
            f"{harness.versions(PACKAGES)}.",
            "",
            "Made by `python benchmarks/control.py`.",
            "",
        ]
    )
    print(text)
    Path(__file__).with_name("results").mkdir(exist_ok=True)
    (Path(__file__).parent / "results" / "control.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

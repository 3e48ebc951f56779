"""Prediction on the walk with 19 states: updates per second of TD(lambda) and Monte Carlo, against plain loops.

Run:    python benchmarks/prediction.py         prints, and writes benchmarks/results/prediction.md

One update is one step of one episode for one setting (lambda and step size). All candidates learn from the same
recorded episodes; the record is made before the clock starts, and the table says what it costs.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

# before numpy is loaded: one thread
os.environ.setdefault("OMP_NUM_THREADS", "1")

import harness
import numpy as np
from harness import Candidate

from rlcourse.tabular import monte_carlo, td, traces
from rlcourse.tabular.experience import sample_experience
from rlcourse.tabular.mdp import uniform_policy
from rlcourse.tabular.worlds import random_walk

LAMS = np.array([0.0, 0.4, 0.8, 0.9, 0.95, 0.975, 0.99, 1.0])
ALPHAS = np.linspace(0.01, 0.11, 11)
RUNS, EPISODES = 100, 10
PACKAGES = ["rlcourse", "numpy", "numba"]
FEW = 3  # runs of the slowest candidate


def spans(record, runs):
    """Slices of the episodes of each run."""
    ends = np.concatenate([[0], record.ends.ravel()])
    episodes = [slice(a, b) for a, b in itertools.pairwise(ends)]
    return np.array(episodes, object).reshape(record.ends.shape)[:runs]


def python_td(record, lams, alphas, runs):
    """Lists and floats only; values after the last episode, [lams, alphas, runs, S]."""
    S = record.n_states
    lists = [
        [list(zip(*(x[span].tolist() for x in record[:4]), strict=True)) for span in run]
        for run in spans(record, runs)
    ]
    found = []
    for lam in lams.tolist():
        for alpha in alphas.tolist():
            for episodes in lists:
                v = [0.0] * S
                for episode in episodes:
                    e = [0.0] * S
                    for s, r, s_next, terminated in episode:
                        delta = alpha * (r + (0.0 if terminated else v[s_next]) - v[s])
                        e = [lam * x for x in e]
                        e[s] += 1.0
                        v = [x + delta * y for x, y in zip(v, e, strict=True)]
                found.append(v)
    return np.reshape(found, (len(lams), len(alphas), runs, S))


def numpy_td(record, lams, alphas, runs):
    """One numpy operation for all settings; one run after the other."""
    S = record.n_states
    out = np.empty((len(lams), len(alphas), runs, S))
    rates = np.tile(alphas, len(lams))
    for run, episodes in enumerate(spans(record, runs)):
        v = np.zeros((len(rates), S))
        for span in episodes:
            e = np.zeros((len(rates), S))
            decay = np.repeat(lams, len(alphas))[:, None]
            for s, r, s_next, terminated in zip(*(x[span].tolist() for x in record[:4]), strict=True):
                delta = rates * (r + (0.0 if terminated else v[:, s_next]) - v[:, s])
                e *= decay
                e[:, s] += 1
                v += delta[:, None] * e
        out[:, :, run] = v.reshape(len(lams), len(alphas), S)
    return out


def python_mc(record, alphas, runs):
    """Every-visit Monte Carlo with lists and floats; [alphas, runs, S]."""
    lists = [
        [list(zip(record.s[span].tolist(), record.r[span].tolist(), strict=True)) for span in run]
        for run in spans(record, runs)
    ]
    found = []
    for alpha in alphas.tolist():
        for episodes in lists:
            v = [0.0] * record.n_states
            for episode in episodes:
                ret, rets = 0.0, []
                for _, r in reversed(episode):
                    ret += r
                    rets.append(ret)
                for (s, _), g in zip(episode, reversed(rets), strict=True):
                    v[s] += alpha * (g - v[s])
            found.append(v)
    return np.reshape(found, (len(alphas), runs, record.n_states))


def rates(candidates, updates):
    """Table cells, millions of updates per second and how many times as fast the first one is; its seconds."""
    harness.compare(candidates, atol=1e-10)
    seconds = harness.alternate(candidates)
    speed = {c.name: updates[c.name] / seconds[c.name] for c in candidates}
    own = speed[candidates[0].name]
    cells = {name: f"{x / 1e6:.3g} M/s ({harness.ratio(own / x)})" for name, x in speed.items()}
    return cells, seconds[candidates[0].name]


def main() -> None:
    walk = random_walk(19)
    pi = uniform_policy(walk)
    record = sample_experience(walk, pi, RUNS, EPISODES, seed=0)
    steps, few_steps = len(record.s), int(record.ends[FEW - 1, -1])
    settings = len(LAMS) * len(ALPHAS)
    last = lambda v: [v[..., :FEW, -1, :]]  # noqa: E731
    part = (LAMS[2:3], ALPHAS[3:4])  # what the plain loop is asked for

    own = lambda: traces.td_lambda(record, 1.0, LAMS, ALPHAS)  # noqa: E731
    vector = lambda: numpy_td(record, LAMS, ALPHAS, FEW)  # noqa: E731
    plain = lambda: python_td(record, *part, FEW)  # noqa: E731
    learners = [
        Candidate("**rlcourse**", own, lambda: last(own()[2:3, 3:4]), turns=15),
        Candidate("numpy over all settings", vector, lambda: [vector()[2:3, 3:4]], turns=5),
        Candidate("Python lists", plain, lambda: [plain()], turns=9),
    ]
    updates = dict(zip((c.name for c in learners), (steps * settings, few_steps * settings, few_steps), strict=True))
    by_td, own_seconds = rates(learners, updates)

    mc = lambda: monte_carlo.monte_carlo(record, 1.0, ALPHAS, power=0.0)  # noqa: E731
    loop = lambda: python_mc(record, ALPHAS, FEW)  # noqa: E731
    averages = [
        Candidate("**rlcourse**", mc, lambda: last(mc()), turns=15),
        Candidate("Python lists", loop, lambda: [loop()], turns=9),
    ]
    of_mc = {"**rlcourse**": steps * len(ALPHAS), "Python lists": few_steps * len(ALPHAS)}
    by_mc, _ = rates(averages, of_mc)

    others = {
        "n-step TD, n = 4": (lambda: td.n_step_td(record, 1.0, 4, ALPHAS), steps * len(ALPHAS)),
        "true online TD(λ)": (lambda: traces.true_online_td(record, 1.0, LAMS, ALPHAS), steps * settings),
        "the record itself": (lambda: sample_experience(walk, pi, RUNS, EPISODES, seed=0), steps),
    }
    seconds = harness.alternate([Candidate(name, run, list, turns=9) for name, (run, _) in others.items()])
    more = {name: f"{others[name][1] / x / 1e6:.3g} M/s" for name, x in seconds.items()}
    text = "\n".join(
        [
            "# Prediction on the walk with 19 states",
            "",
            "Steps of episodes learned from per second, times settings; in parentheses, how many times as fast",
            f"`rlcourse` is. {len(LAMS)} values of λ, {len(ALPHAS)} step sizes, {RUNS} runs of {EPISODES} episodes,",
            f"{steps * settings / 1e6:.2f} million updates of TD(λ): {harness.duration(own_seconds)} in all.",
            f"The plain loops are timed on {FEW} runs.",
            "Lowest CPU time, candidates taking turns in one process; answers were compared first.",
            "",
            harness.table(list(by_td), {"TD(λ), accumulating": by_td, "every-visit Monte Carlo": by_mc}),
            "",
            harness.table(list(more), {"rlcourse": more}),
            "",
            f"{harness.machine()}.",
            f"{harness.versions(PACKAGES)}.",
            "",
            "Made by `python benchmarks/prediction.py`.",
            "",
        ]
    )
    print(text)
    Path(__file__).with_name("results").mkdir(exist_ok=True)
    (Path(__file__).parent / "results" / "prediction.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

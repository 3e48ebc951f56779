"""Markov chains on the CPU: stationary law, fundamental matrix and simulation, against the best peers.

Run:    python benchmarks/markov.py         prints, and writes benchmarks/results/markov.md
Peers:  pip install -e ".[bench]"           a peer that is not installed is left out

`rlcourse` is timed as it is called, with its checks. Chains and sampling tables are made before the clock
starts, for every candidate, unless a row says otherwise; the last table says what they cost.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

# before numpy is loaded: one thread
os.environ.setdefault("OMP_NUM_THREADS", "1")

import harness
import numpy as np
from harness import Candidate

from rlcourse.tabular import absorption, stationary
from rlcourse.tabular.markov import MarkovChain

STATES = 2000
RUNS = {"one path of 1,000,000 steps": (1, 1_000_000), "1,000 paths of 1,000 steps": (1000, 1000)}
PACKAGES = ["rlcourse", "numpy", "numba", "scipy", "quantecon"]


def dense_chain() -> np.ndarray:
    """Every step possible."""
    P = np.random.default_rng(0).random((STATES, STATES))
    return P / P.sum(axis=1, keepdims=True)


def walk_chain(states: int = 21) -> np.ndarray:
    """Symmetric walk that stays where it would leave."""
    s = np.arange(states)
    P = np.zeros((states, states))
    np.add.at(P, (s, np.maximum(s - 1, 0)), 0.5)
    np.add.at(P, (s, np.minimum(s + 1, states - 1)), 0.5)
    return P


def stationary_candidates():
    P = dense_chain()
    chain = MarkovChain(P)
    run = lambda: stationary.stationary_law(chain)  # noqa: E731
    yield Candidate("**rlcourse**, elimination in blocks", run, lambda: [run()], turns=7)
    new = lambda: stationary.stationary_law(MarkovChain(P))  # noqa: E731
    yield Candidate("**rlcourse**, the checks and classes of a new chain included", new, lambda: [new()], turns=7)

    def linear_system():
        A = np.eye(STATES) - P.T
        A[-1] = 1
        return np.linalg.solve(A, np.eye(STATES)[-1])

    yield Candidate("numpy, linear system", linear_system, lambda: [linear_system()], turns=7)
    try:
        from quantecon.markov import gth_solve

        yield Candidate("quantecon, `gth_solve`", lambda: gth_solve(P), lambda: [gth_solve(P)], turns=3)
    except ImportError as error:
        print(f"left out: quantecon ({error})")


def fundamental_candidates():
    P = np.vstack([dense_chain() * 0.99, np.zeros(STATES)])
    P = np.hstack([P, 1 - P.sum(axis=1, keepdims=True)])
    chain, Q = MarkovChain(P), P[:-1, :-1]
    run = lambda: absorption.fundamental_matrix(chain, [STATES])  # noqa: E731
    yield Candidate("**rlcourse**", run, lambda: [run()], turns=5)
    for name, of in (("inv(I - Q)", np.linalg.inv), ("solve(I - Q, I)", lambda A: np.linalg.solve(A, np.eye(STATES)))):
        peer = lambda of=of: of(np.eye(STATES) - Q)  # noqa: E731
        yield Candidate(f"numpy, `{name}`", peer, lambda peer=peer: [peer()], turns=5)


def simulation_candidates(P, paths, steps):
    """Candidates whose answer is how far the mean step is from the law's, which must be near 0."""
    height = np.arange(len(P)) / len(P)
    expected = P @ height

    def answer(run):
        path = np.asarray(run()).reshape(paths, -1)
        return [np.array([(height[path[:, 1:]] - expected[path[:, :-1]]).mean()])]

    chain, start, rng = MarkovChain(P), np.zeros(paths, int), np.random.default_rng(0)
    run = lambda: chain.simulate(start, steps, rng)  # noqa: E731
    yield Candidate("**rlcourse**, alias tables", run, lambda: answer(run), turns=9)
    try:
        import quantecon

        peer = quantecon.MarkovChain(P)

        def simulate():
            first = 0 if paths == 1 else start
            return peer.simulate_indices(steps + 1, init=first, random_state=1)

        yield Candidate("quantecon, `simulate_indices`", simulate, lambda: answer(simulate), turns=5)
    except ImportError as error:
        print(f"left out: quantecon ({error})")


def choice_loop(P, seconds: float = 0.3) -> float:
    """Steps per second of a loop over `Generator.choice`, too slow to take full turns."""
    rng, states, s, count = np.random.default_rng(0), np.arange(len(P)), 0, 0
    begin = time.process_time()
    while time.process_time() - begin < seconds:
        s = rng.choice(states, p=P[s])
        count += 1
    return count / (time.process_time() - begin)


def timed(candidates, atol):
    """Table cells: time, and in parentheses how many times that of the first candidate."""
    harness.compare(candidates, atol)
    seconds = harness.alternate(candidates)
    own = seconds[candidates[0].name]
    return {name: f"{harness.duration(x)} ({harness.ratio(x / own)})" for name, x in seconds.items()}


def simulated(P):
    columns = {}
    for label, (paths, steps) in RUNS.items():
        candidates = list(simulation_candidates(P, paths, steps))
        harness.compare(candidates, atol=5e-3)
        rates = {name: paths * steps / x for name, x in harness.alternate(candidates).items()}
        own = rates[candidates[0].name]
        columns[label] = {name: f"{x / 1e6:.3g} M/s ({harness.ratio(own / x)})" for name, x in rates.items()}
    rate = choice_loop(P)
    columns[next(iter(RUNS))]["loop over numpy `choice`"] = f"{rate / 1e6:.2g} M/s"
    return columns


def table_cost(P):
    """Seconds until the first step can be drawn, the checks of the chain included."""
    rng, zero = np.random.default_rng(0), np.zeros(1, int)
    candidates = [Candidate("**rlcourse**", lambda: MarkovChain(P).simulate(zero, 1, rng), list, turns=5)]
    try:
        import quantecon

        first = lambda: quantecon.MarkovChain(P).simulate_indices(2, init=0, random_state=1)  # noqa: E731
        candidates.append(Candidate("quantecon", first, list, turns=5))
    except ImportError:
        pass
    seconds = harness.alternate(candidates)
    return {name: harness.duration(x) for name, x in seconds.items()}


def table(columns) -> str:
    return harness.table(list(dict.fromkeys(name for cells in columns.values() for name in cells)), columns)


def main() -> None:
    solve = {"stationary law": timed(list(stationary_candidates()), 1e-9)}
    inverse = {"fundamental matrix": timed(list(fundamental_candidates()), 1e-6)}
    dense, walk = dense_chain(), walk_chain()
    text = "\n".join(
        [
            "# Markov chains on the CPU",
            "",
            "Lowest CPU time of one call, candidates taking turns in one process; in parentheses, how many times",
            "the time of `rlcourse`. Answers were compared first; of simulated paths, that their mean step is the",
            "law's.",
            "",
            f"## Stationary law, {STATES} states, dense",
            "",
            table(solve),
            "",
            f"## Fundamental matrix, {STATES} transient states, dense",
            "",
            table(inverse),
            "",
            f"## Simulation, {STATES} states, dense: steps per second",
            "",
            table(simulated(dense)),
            "",
            "## Simulation, walk on 21 states: steps per second",
            "",
            table(simulated(walk)),
            "",
            f"## From the matrix of {STATES} dense states to the first step",
            "",
            table({"time": table_cost(dense)}),
            "",
            f"{harness.machine()}.",
            f"{harness.versions(PACKAGES)}.",
            "",
            "Made by `python benchmarks/markov.py`.",
            "",
        ]
    )
    print(text)
    Path(__file__).with_name("results").mkdir(exist_ok=True)
    (Path(__file__).parent / "results" / "markov.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

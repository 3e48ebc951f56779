"""Dynamic programming on the CPU: time and memory of the solvers, against the best peers.

Run:    python benchmarks/dp.py             prints, and writes benchmarks/results/dp.md (ten minutes)
        python benchmarks/dp.py --quick     small problems only, writes nothing
Peers:  pip install -e ".[bench]"           a peer that is not installed is left out

Garnets have 8 actions with 5 random successors each and discount 0.95. The grid is a square whose moves go astray
with probability 0.1; every move costs 1 until a corner is reached; discount 0.99. All values are within 5e-9 of the
optimum: that is `tolerance=5e-9` here and `epsilon=1e-8` in quantecon. Problems are made, and brought into each
solver's own form, before the clock starts; what a solver does with them after that is timed, checks included.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

# before numpy is loaded: one thread
os.environ.setdefault("OMP_NUM_THREADS", "1")

import harness
import numpy as np
from harness import Candidate
from scipy import sparse

from rlcourse.tabular import dp
from rlcourse.tabular.garnet import garnet
from rlcourse.tabular.mdp import MDP

TOLERANCE = 5e-9
PACKAGES = ["rlcourse", "numpy", "numba", "scipy", "quantecon", "pymdptoolbox", "mdpsolver"]
MEMORY = {"rlcourse": "dp.modified_policy_iteration(mdp, TOLERANCE)", "quantecon": "quantecon_solver(mdp, 'mpi')()"}


def random_problem(states: int) -> MDP:
    """A Garnet with sparse P."""
    return garnet(states, 8, 5, np.random.default_rng(0), 0.95, sparse=True)


def grid_problem(side: int) -> MDP:
    """A square grid; the last cell is terminal."""
    cell = np.arange(side * side)
    row, column = np.divmod(cell, side)
    last = side - 1
    to = [
        np.clip(row + down, 0, last) * side + np.clip(column + right, 0, last)
        for down, right in ((-1, 0), (0, 1), (1, 0), (0, -1))
    ]
    parts = [
        (np.full(len(cell), p), (cell * 4 + a, to[(a + turn) % 4]))
        for a in range(4)
        for turn, p in ((0, 0.9), (1, 0.05), (-1, 0.05))
    ]
    p = np.concatenate([x for x, _ in parts])
    places = [np.concatenate([x[k] for _, x in parts]) for k in (0, 1)]
    P = sparse.coo_array((p, tuple(places)), shape=(len(cell) * 4, len(cell))).tocsr()
    return MDP(P, np.full((len(cell), 4), -1.0), 0.99, terminal=cell == len(cell) - 1)


def quantecon_solver(mdp: MDP, method: str):
    """A call that solves; its result has the values as ``v``."""
    from quantecon.markov import DiscreteDP

    states, actions = np.divmod(np.arange(mdp.R.size), mdp.n_actions)
    P = sparse.csr_matrix((mdp.P.data, mdp.P.indices, mdp.P.indptr), shape=mdp.P.shape)
    problem = DiscreteDP(mdp.R.ravel(), P, mdp.gamma, states, actions)
    return lambda: problem.solve(method=method, epsilon=2 * TOLERANCE, max_iter=100_000)


def toolbox_solver(mdp: MDP, method: str):
    """A call that solves and returns the values."""
    from mdptoolbox import mdp as toolbox

    class Unbounded(toolbox.ValueIteration):
        def _boundIter(self, epsilon):  # takes minutes, and saves no iteration
            pass

    toolbox._util.check = lambda P, R: None  # compares all pairs of states
    P = [sparse.csr_matrix(mdp.P[a :: mdp.n_actions]) for a in range(mdp.n_actions)]

    def solve():
        if method == "vi":
            solver = Unbounded(P, mdp.R, mdp.gamma, epsilon=2 * TOLERANCE, max_iter=10_000)
        else:
            solver = toolbox.PolicyIteration(P, mdp.R, mdp.gamma)
        solver.run()
        return np.array(solver.V)

    return solve


def mdpsolver_solver(mdp: MDP, method: str):
    """A call that solves and returns the values."""
    import mdpsolver

    ends, A = mdp.P.indptr, mdp.n_actions

    def lists(x):
        rows = [x[ends[i] : ends[i + 1]].tolist() for i in range(mdp.R.size)]
        return [rows[s * A : (s + 1) * A] for s in range(mdp.n_states)]

    model = mdpsolver.model()
    model.mdp(mdp.gamma, rewards=mdp.R.tolist(), tranMatProbs=lists(mdp.P.data), tranMatColumns=lists(mdp.P.indices))
    zeros = [0.0] * mdp.n_states  # else it goes on from its last answer

    def solve():
        model.solve(algorithm=method, tolerance=2 * TOLERANCE, parallel=False, initValueVector=zeros)
        return model

    return solve


def candidates(mdp: MDP, own, peers):
    """Our solvers first; values of peers that stop on the span are shifted to the mean of ours before comparing."""
    found = []
    for name, run, turns in own:
        found.append(Candidate(f"**rlcourse** {name}", run, lambda run=run: [run().v], turns))
    mean = found[0].answer()[0].mean()
    shifted = lambda v: [v - v.mean() + mean]  # noqa: E731
    for library, method, turns in peers:
        try:
            if library == "quantecon":
                run = quantecon_solver(mdp, method)
                answer = lambda run=run: [run().v]  # noqa: E731
            elif library == "pymdptoolbox":
                run = toolbox_solver(mdp, method)
                answer = lambda run=run: shifted(run())  # noqa: E731
            else:
                run = mdpsolver_solver(mdp, method)
                answer = lambda run=run: shifted(np.array(run().getValueVector()))  # noqa: E731
        except ImportError as error:
            print(f"left out: {library} ({error})")
            continue
        found.append(Candidate(f"{library} {method.upper()}", run, answer, turns))
    return found


def timed(found) -> dict[str, str]:
    """Table cells: time, and in parentheses how many times that of the first candidate.

    Those with one turn take seconds: they are timed while they give their answer.
    """
    once = {}

    def clocked(c):
        def answer():
            begin = time.process_time()
            result = c.answer()
            once[c.name] = time.process_time() - begin
            return result

        return dataclasses.replace(c, answer=answer)

    harness.compare([clocked(c) for c in found], 1e-6)
    seconds = harness.alternate([c for c in found if c.turns > 1])
    seconds = {c.name: seconds.get(c.name, once[c.name]) for c in found}
    own = seconds[found[0].name]
    cells = {name: f"{harness.duration(x)} ({harness.ratio(x / own)})" for name, x in seconds.items()}
    print(cells, flush=True)
    return cells


def garnets(quick: bool):
    columns = {}
    for states in (10**4,) if quick else (10**4, 10**5):
        mdp, few = random_problem(states), states > 10**4
        own = [
            ("MPI", lambda m=mdp: dp.modified_policy_iteration(m, TOLERANCE), 7 if few else 25),
            ("VI, span", lambda m=mdp: dp.value_iteration(m, TOLERANCE), 5 if few else 15),
            ("VI, largest change", lambda m=mdp: dp.value_iteration(m, TOLERANCE, span=False), 1 if few else 3),
        ]
        peers = [("quantecon", "mpi", 7 if few else 25), ("quantecon", "vi", 1 if few else 3)]
        peers += [("pymdptoolbox", "vi", 3 if few else 7)]
        if not few:
            peers += [("mdpsolver", "vi", 5), ("mdpsolver", "mpi", 5)]
        columns[f"{states:,} states"] = timed(candidates(mdp, own, peers))
    return columns


def grids(quick: bool):
    columns = {}
    for side in (100,) if quick else (100, 300, 1000):
        mdp = grid_problem(side)
        turns = {100: 9, 300: 2, 1000: 1}[side]
        low = np.where(mdp.terminal, 0.0, -1 / (1 - mdp.gamma))
        own = [
            ("MPI, in place from the goal", lambda m=mdp: dp.modified_policy_iteration(m, TOLERANCE), turns + 1),
            (
                "VI, in place from the goal",
                lambda m=mdp, v=low: dp.value_iteration(m, TOLERANCE, v=v, in_place=True),
                turns,
            ),
        ]
        peers = [("quantecon", "mpi", turns)]
        if side < 1000:
            own.append(("VI, span", lambda m=mdp: dp.value_iteration(m, TOLERANCE), turns))
            slow = 1 if side == 300 else turns
            peers += [("quantecon", "vi", slow), ("pymdptoolbox", "vi", slow)]
        columns[f"{side} × {side}"] = timed(candidates(mdp, own, peers))
    return columns


def policy_iterations():
    mdp = random_problem(2000)
    own = [
        ("PI, sweeps", lambda: dp.policy_iteration(mdp, TOLERANCE), 25),
        ("PI, sparse solves", lambda: dp.policy_iteration(mdp, TOLERANCE, exact=True), 2),
    ]
    peers = [("quantecon", "pi", 2), ("pymdptoolbox", "pi", 2), ("mdpsolver", "pi", 7)]
    return timed(candidates(mdp, own, peers))


def growth():
    """CPU time of modified policy iteration as the number of states grows; per state and sweep over all actions."""
    columns = {"Garnet": {}, "grid": {}}
    for name, make, sizes in (
        ("Garnet", random_problem, (10**3, 10**4, 10**5, 10**6)),
        ("grid", lambda n: grid_problem(int(n**0.5)), (1024, 10**4, 316**2, 10**6)),
    ):
        for size, label in zip(sizes, ("1e3", "1e4", "1e5", "1e6"), strict=True):
            mdp, best = make(size), np.inf
            for _ in range(1 if size > 5e5 else 3):
                begin = time.process_time()
                found = dp.modified_policy_iteration(mdp, TOLERANCE)
                best = min(best, time.process_time() - begin)
            work = f"{found.iterations} + {found.backups / mdp.n_states - found.iterations * mdp.n_actions:.0f} sweeps"
            columns[name][label] = f"{harness.duration(best)}, {work}, {best / size * 1e6:.2g} µs per state"
    return columns


def memory(library: str, problem: str) -> str:
    """Peak memory of a whole process that makes a problem and solves it, MB."""
    # not getrusage: a child begins with the peak of its parent
    program = f"from dp import *; mdp = {problem}; {MEMORY[library]}; print(open('/proc/self/status').read())"
    here = Path(__file__).parent
    path = os.pathsep.join(filter(None, [str(here), os.environ.get("PYTHONPATH")]))
    run = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    peak = [line.split()[1] for line in run.stdout.splitlines() if line.startswith("VmHWM")]
    return f"{int(peak[0]) // 1024} MB" if peak else "–"


def table(columns) -> str:
    return harness.table(list(dict.fromkeys(name for cells in columns.values() for name in cells)), columns)


def main() -> None:
    quick = "--quick" in sys.argv
    parts = {
        "Garnet": table(garnets(quick)),
        "Grid": table(grids(quick)),
        "Policy iteration, Garnet with 2,000 states": table({"time": policy_iterations()}),
    }
    if not quick:
        problems = {"Garnet, 1e5 states": "random_problem(10**5)", "grid, 1e6 states": "grid_problem(1000)"}
        used = {label: {x: memory(x, text) for x in MEMORY} for label, text in problems.items()}
        print(used, flush=True)
        parts["Peak memory of the whole process, making the problem included; MPI"] = table(used)
        parts["How time grows with the number of states, modified policy iteration"] = table(growth())
    text = "\n".join(
        [
            "# Dynamic programming on the CPU",
            "",
            "Lowest CPU time of one call, candidates taking turns in one process; in parentheses, how many times",
            "the time of the first row. Values are within 5e-9 of the optimum and were compared first; pymdptoolbox",
            "and mdpsolver stop on the span, and their values were compared up to a constant.",
            "VI: value iteration, MPI: modified policy iteration, PI: policy iteration.",
            "",
            *(line for title, cells in parts.items() for line in (f"## {title}", "", cells, "")),
            f"{harness.machine()}.",
            f"{harness.versions(PACKAGES)}.",
            "",
            "Made by `python benchmarks/dp.py`.",
            "",
        ]
    )
    print(text)
    if not quick:
        Path(__file__).with_name("results").mkdir(exist_ok=True)
        (Path(__file__).parent / "results" / "dp.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

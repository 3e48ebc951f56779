"""GAE on the CPU in float32, against plain loops and the libraries that are installed.

Run:    python benchmarks/gae.py            prints, and writes benchmarks/results/gae.md
Peers:  pip install -e ".[bench]"           a peer that is not installed is left out

The task is the one that every library can do: rewards, values, terminations and the value after the last
step; no truncation inside a rollout. Every candidate gets its inputs in its own layout before the clock
starts. `rlcourse` is timed as it is called, with all checks of its arguments.
"""

from __future__ import annotations

import os
from pathlib import Path

# before numpy, torch and jax are loaded: one thread each
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import harness
import numpy as np
import torch
from harness import Candidate
from scipy.signal import lfilter

from rlcourse.deep import returns as deep
from rlcourse.tabular import returns as tabular

SHAPES = [(8, 128), (64, 2048), (4096, 1024)]  # [batch, T]
GAMMA, LAM = 0.99, 0.95
BYTES_PER_STEP = 3 * 4 + 2 * 1 + 2 * 4  # read r, v, v_next and two flags; write advantages and targets
PACKAGES = ["rlcourse", "numpy", "numba", "scipy", "torch", "stable-baselines3", "torchrl", "jax", "rlax"]


def problem(shape):
    """Rewards, values [batch, T + 1] and terminations at one step in a hundred."""
    rng = np.random.default_rng(0)
    batch, T = shape
    r = rng.normal(size=shape).astype(np.float32)
    v = rng.normal(size=(batch, T + 1)).astype(np.float32)
    return r, v, rng.random(shape) < 0.01


def ours(r, v, terminated):
    now, after, truncated = v[:, :-1].copy(), v[:, 1:].copy(), np.zeros_like(terminated)
    args = (r, now, after, terminated, truncated)
    tensors = [torch.from_numpy(x) for x in args]
    in_numpy = lambda: tabular.gae(*args, GAMMA, LAM)  # noqa: E731
    yield Candidate("**rlcourse.tabular**", in_numpy, in_numpy)
    yield Candidate(
        "**rlcourse.deep**",
        lambda: deep.gae(*tensors, GAMMA, LAM),
        lambda: [x.numpy() for x in deep.gae(*tensors, GAMMA, LAM)],
    )


def numpy_loop(r, v, terminated):
    r, v, live = r.T.copy(), v.T.copy(), 1 - terminated.T.astype(np.float32, order="C")

    def run():
        adv, last = np.empty_like(r), np.zeros_like(r[0])
        for t in range(len(r) - 1, -1, -1):
            last = r[t] + GAMMA * v[t + 1] * live[t] - v[t] + GAMMA * LAM * live[t] * last
            adv[t] = last
        return adv, adv + v[:-1]

    yield Candidate("loop over numpy", run, lambda: [x.T for x in run()])


def torch_loop(r, v, terminated):
    r, v, live = (torch.from_numpy(x.T.copy()) for x in (r, v, 1 - terminated.astype(np.float32)))

    def run():
        adv, last = torch.empty_like(r), torch.zeros_like(r[0])
        for t in range(len(r) - 1, -1, -1):
            last = r[t] + GAMMA * v[t + 1] * live[t] - v[t] + GAMMA * LAM * live[t] * last
            adv[t] = last
        return adv, adv + v[:-1]

    yield Candidate("loop over torch", run, lambda: [x.numpy().T for x in run()])


def scipy_filter(r, v, terminated):
    """`scipy.signal.lfilter` over each episode, backward."""
    live = 1 - terminated.astype(np.float32)

    def run():
        delta = r + np.float32(GAMMA) * live * v[:, 1:] - v[:, :-1]
        adv = np.empty_like(delta)
        for i in range(len(r)):
            ends = np.flatnonzero(np.append(terminated[i, :-1], True)) + 1
            begin = 0
            for end in ends:
                adv[i, begin:end] = lfilter([1.0], [1.0, -GAMMA * LAM], delta[i, begin:end][::-1])[::-1]
                begin = end
        return adv, adv + v[:, :-1]

    yield Candidate("scipy lfilter, per episode", run, run, turns=5 if r.size > 2**20 else 15)


def stable_baselines3(r, v, terminated):
    from gymnasium import spaces
    from stable_baselines3.common.buffers import RolloutBuffer

    batch, T = r.shape
    space = spaces.Box(-1, 1, (1,))
    buffer = RolloutBuffer(T, space, space, gae_lambda=LAM, gamma=GAMMA, n_envs=batch)
    buffer.rewards[:], buffer.values[:] = r.T, v[:, :-1].T
    buffer.episode_starts[1:] = terminated[:, :-1].T
    last_values, last_ends = torch.from_numpy(v[:, -1].copy()), terminated[:, -1].copy()

    def run():
        buffer.compute_returns_and_advantage(last_values, last_ends)
        return buffer.advantages, buffer.returns

    yield Candidate("stable-baselines3 RolloutBuffer", run, lambda: [x.T for x in run()])


def torchrl(r, v, terminated):
    from torchrl.objectives.value import functional

    column = [torch.from_numpy(x.copy())[..., None] for x in (v[:, :-1], v[:, 1:], r, terminated, terminated)]
    for kind, function in (
        ("vectorized", functional.vec_generalized_advantage_estimate),
        ("loop", functional.generalized_advantage_estimate),
    ):
        if kind == "vectorized" and r.size > 2**20:
            continue  # takes seconds and more than 3 GB

        def run(function=function):
            return function(GAMMA, LAM, *column)

        yield Candidate(f"torchrl, {kind}", run, lambda run=run: [x[..., 0].numpy() for x in run()], turns=7)


def rlax(r, v, terminated):
    import jax
    import rlax as library

    def one(r, discount, v):
        return library.truncated_generalized_advantage_estimation(r, discount, LAM, v)

    discount = (GAMMA * (1 - terminated)).astype(np.float32)
    for axis, layout in ((0, "[batch, T]"), (1, "[T, batch]")):
        batched = jax.jit(jax.vmap(one, in_axes=axis, out_axes=axis))
        arrays = [jax.numpy.asarray(x if axis == 0 else x.T.copy()) for x in (r, discount, v)]

        def run(batched=batched, arrays=arrays):
            return batched(*arrays).block_until_ready()

        yield Candidate(
            f"rlax, jit, {layout} (advantages only)",
            run,
            lambda run=run, axis=axis: [np.asarray(run()) if axis == 0 else np.asarray(run()).T],
        )


PEERS = [numpy_loop, torch_loop, scipy_filter, stable_baselines3, torchrl, rlax]


def candidates(shape):
    """Ours, then every peer that can be imported."""
    data = problem(shape)
    found = list(ours(*data))
    for peer in PEERS:
        try:
            found += peer(*data)
        except ImportError as error:
            print(f"left out: {peer.__name__} ({error})")
    return found


def main() -> None:
    torch.set_num_threads(1)
    bandwidth = harness.copy_bandwidth()
    columns, names = {}, {}
    for shape in SHAPES:
        runners = candidates(shape)
        harness.compare(runners, atol=2e-4)
        seconds = harness.alternate(runners)
        reference = seconds[runners[0].name]
        limit = shape[0] * shape[1] * BYTES_PER_STEP / bandwidth
        cells = {name: f"{harness.duration(x)} ({harness.ratio(x / reference)})" for name, x in seconds.items()}
        cells["roofline"] = f"{harness.duration(limit)} ({harness.ratio(limit / reference)})"
        columns[f"[{shape[0]}, {shape[1]}]"] = cells
        names.update(dict.fromkeys(cells))
        print(f"{shape}: done", flush=True)
    names.pop("roofline")
    text = "\n".join(
        [
            "# GAE on the CPU, float32",
            "",
            "Lowest CPU time of one call, candidates taking turns in one process; in parentheses, how many times",
            "the time of `rlcourse.tabular.returns.gae`. All answers were compared first (within 2e-4).",
            f"The roofline is the time to move {BYTES_PER_STEP} bytes a step at the speed of a large numpy copy,",
            f"{bandwidth / 1e9:.0f} GB/s. The two smaller problems stay in the caches, where this is no bound.",
            "",
            harness.table([*names, "roofline"], columns),
            "",
            f"{harness.machine()}.",
            f"{harness.versions(PACKAGES)}.",
            "",
            "Made by `python benchmarks/gae.py`.",
            "",
        ]
    )
    print(text)
    Path(__file__).with_name("results").mkdir(exist_ok=True)
    (Path(__file__).parent / "results" / "gae.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Recorded episodes of a fixed policy: what every method of prediction learns from.

The record is made once, and every method, step size and lambda then sees the same episodes. Its arrays are flat, all
runs and episodes one after the other, which is what :mod:`rlcourse.tabular.returns` takes as one row with flags.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.scan import coefficient
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.simulator import check_episodes_end, draw, simulator, step

__all__ = ["Experience", "sample_experience"]


class Experience(NamedTuple):
    """Episodes of independent runs, step after step.

    Attributes:
        s: states acted in, ``[N]``; N counts the steps of all runs.
        r: rewards after each action, ``[N]``.
        s_next: states reached, ``[N]``.
        terminated: bool ``[N]``, True where the state reached is terminal.
        truncated: bool ``[N]``, True where the record of an episode stops although the process goes on.
        ends: ``[runs, episodes]``; an episode is the steps from the end of the one before up to its own end.
        n_states: number of states, terminal ones included.
    """

    s: np.ndarray
    r: np.ndarray
    s_next: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    ends: np.ndarray
    n_states: int

    def learn(self, loop, v, alpha, power, *settings) -> np.ndarray:
        """Values after every episode, learned by a compiled loop for many step sizes at once.

        Args:
            loop: fills ``out[run, episode, s, k]`` from ``(s, r, s_next, terminated, ends, v, alpha,
                schedule, *settings, out)``; ``alpha * schedule[k]`` is the step size after k visits to a state.
            v: first values, one number or ``[S]``.
            alpha: step sizes, one number or ``[K]``, greater than 0; the loop gets them filled up with zeros.
            power: in [0, 1]; the k-th visit to a state has the step size ``alpha / k**power``.
            settings: further arguments of the loop.

        Returns:
            Values ``[*K, runs, episodes, S]``.

        Raises:
            ValueError: a step size is not positive, power is outside [0, 1], v does not fit, or the record is no record
                of episodes (the message says what is wrong with it, and where).
            TypeError: power is not one number, or an array of the record does not hold what it should.
        """
        _check(self)
        alpha = np.asarray(checks.positive("alpha", alpha), float)
        if alpha.ndim > 1:
            raise ValueError(f"alpha has shape {alpha.shape}; expected one number or a list of them")
        power = coefficient("power", power)
        first = np.asarray(checks.finite("v", v), float)
        if first.shape not in ((), (self.n_states,)):
            raise ValueError(f"v has shape {first.shape}; expected one number or one per state, ({self.n_states},)")
        first = np.broadcast_to(first, self.n_states).copy()
        # whole vectors of four: a processor that handles the rest one by one needs twice the time
        lanes = np.zeros(-(-alpha.size // 4) * 4)
        lanes[: alpha.size] = alpha.ravel()
        out = np.empty((*self.ends.shape, self.n_states, lanes.size))
        longest = np.diff(self.ends[:, -1:], axis=0, prepend=0).max(initial=0)  # no more visits to a state in a run
        schedule = np.arange(1.0, longest + 1) ** -power
        loop(self.s, self.r, self.s_next, self.terminated, self.ends, first, lanes, schedule, *settings, out)
        return np.moveaxis(out[..., : alpha.size], -1, 0).reshape(*alpha.shape, *out.shape[:-1])


def sample_experience(mdp: MDP, pi, runs: int, episodes: int, seed: int, max_steps: int | None = None) -> Experience:
    """Play episodes with a policy and keep the record.

    A run does not depend on how many others there are, and its first episodes not on how many follow. The reward of
    a step is ``mdp.rewards[s, a, s_next]``: where R was given as ``[S, A]``, the mean.

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``.
        runs: number of independent runs.
        episodes: number of episodes of each run.
        seed: split by `SeedSequence` into one stream of random numbers for each run.
        max_steps: episodes are truncated after so many steps; None if they must end by themselves.

    Returns:
        The record.

    Raises:
        ValueError: a count is not a positive whole number, the seed is none; the policy is no policy; or ``max_steps``
            is None and an episode may go on for ever (the message names a state from which it does).

    Proved in: values/monte_carlo_td (thm-td0-mean-field).
    """
    runs, episodes = checks.whole("runs", runs, 1), checks.whole("episodes", episodes, 1)
    streams = np.random.SeedSequence(checks.whole("seed", seed)).spawn(runs)
    game = simulator(mdp, pi, max_steps=max_steps)
    if max_steps is None:
        check_episodes_end(mdp, pi)
    columns, ends, room = [], np.empty((runs, episodes), np.int64), 1
    for stream, end in zip(streams, ends, strict=True):
        while True:
            s, s_next = np.empty((2, room), np.int64)
            r = np.empty(room)
            _play(*game, np.random.default_rng(stream), s, r, s_next, end)
            if end[-1] <= room:
                break
            room = 2 * end[-1]  # the same stream once more, with enough room
        columns.append((s[: end[-1]], r[: end[-1]], s_next[: end[-1]]))
    ends += np.concatenate([[0], np.cumsum(ends[:-1, -1])])[:, None]
    s, r, s_next = (np.concatenate(column) for column in zip(*columns, strict=True))
    terminated, last = mdp.terminal[s_next], _last_steps(ends, len(s))
    return Experience(s, r, s_next, terminated, last & ~terminated, ends, mdp.n_states)


@njit
def _play(world, rows, cells, R, noise, terminal, rng, states, r, s_next, ends):
    """Play episodes; write the steps for which there is room, and count them all in ``ends``."""
    n = 0
    for episode in range(len(ends)):
        s = draw(world, rows, cells, world.start, rng.random())
        begin = n
        while not terminal[s] and n - begin < world.max_steps:
            a = draw(world, rows, cells, world.policy + s, rng.random())
            there, reward = step(world, rows, cells, R, s, a, rng.random() if world.random else 0.0)
            if n < len(states):
                states[n], r[n], s_next[n] = s, reward, there
            n += 1
            s = there
        ends[episode] = n


def _last_steps(ends: np.ndarray, steps: int) -> np.ndarray:
    """Bool ``[N]``: whether an episode ends with the step."""
    last = np.zeros(steps, bool)
    last[np.unique(ends[ends > 0]) - 1] = True
    return last


def _check(record: Experience) -> None:
    """Raise unless a record, which anybody can write down, is one of episodes: compiled loops do not ask."""
    steps = np.size(record.s)
    for name, x in zip(record._fields[:5], record[:5], strict=True):
        if not isinstance(x, np.ndarray) or x.shape != (steps,):
            raise ValueError(f"{name}: expected an array with one entry per step, ({steps},), got shape {np.shape(x)}")
    checks.whole("n_states", record.n_states, 1)
    for name, x in (("s", record.s), ("s_next", record.s_next)):
        if x.dtype.kind not in "iu":
            raise TypeError(f"{name}: expected integers (states), got dtype {x.dtype}")
        for t in np.flatnonzero((x < 0) | (x >= record.n_states)):
            raise ValueError(f"{name}[{t}] is {x[t]}; expected a state, 0 to {record.n_states - 1}")
    checks.finite("r", record.r)
    ends = record.ends
    if not isinstance(ends, np.ndarray) or ends.ndim != 2 or ends.dtype.kind not in "iu":
        kind = getattr(ends, "dtype", type(ends).__name__)
        raise ValueError(f"ends: expected an array [runs, episodes] of integers, got {kind} of shape {np.shape(ends)}")
    for k in np.flatnonzero(np.diff(ends.ravel().astype(np.int64), prepend=0) < 0):
        where = ", ".join(map(str, np.unravel_index(k, ends.shape)))
        raise ValueError(f"ends[{where}] is {ends.flat[k]}; expected no less than the end of the episode before")
    if ends.max(initial=0) != steps:
        raise ValueError(f"ends stops at {ends.max(initial=0)}; expected the last episode to end after {steps} steps")
    flag = checks.boolean("terminated", record.terminated) | checks.boolean("truncated", record.truncated)
    for t in np.flatnonzero(flag != _last_steps(ends, steps)):
        raise ValueError(
            f"step {t} has terminated {record.terminated[t]} and truncated {record.truncated[t]}; "
            "expected one of them True at the last step of each episode, and at no other"
        )

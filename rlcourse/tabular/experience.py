"""Recorded episodes of a fixed policy: what every method of prediction learns from.

The record is made once, and every method, step size and lambda then sees the same episodes. Its arrays are flat, all
runs and episodes one after the other, which is what :mod:`rlcourse.tabular.returns` takes as one row with flags.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.tabular.absorption import hitting_probabilities
from rlcourse.tabular.mdp import MDP, policy_chain

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
            ValueError: a step size is not positive, power is outside [0, 1], or v does not fit.
        """
        alpha = np.asarray(checks.positive("alpha", alpha), float)
        if alpha.ndim > 1:
            raise ValueError(f"alpha has shape {alpha.shape}; expected one number or a list of them")
        power = float(checks.unit_interval("power", power))
        first = np.asarray(checks.finite("v", v), float)
        if first.shape not in ((), (self.n_states,)):
            raise ValueError(f"v has shape {first.shape}; expected one number or one per state, ({self.n_states},)")
        first = np.broadcast_to(first, self.n_states).copy()
        # whole vectors of four: a processor that handles the rest one by one needs twice the time
        lanes = np.zeros(-(-alpha.size // 4) * 4)
        lanes[: alpha.size] = alpha.ravel()
        out = np.empty((*self.ends.shape, self.n_states, lanes.size))
        longest = np.diff(self.ends[:, -1], prepend=0).max()  # no state is visited more often in a run
        schedule = np.arange(1.0, longest + 1) ** -power
        loop(self.s, self.r, self.s_next, self.terminated, self.ends, first, lanes, schedule, *settings, out)
        return np.moveaxis(out[..., : alpha.size], -1, 0).reshape(*alpha.shape, *out.shape[:-1])


def sample_experience(mdp: MDP, pi, runs: int, episodes: int, seed: int, max_steps: int | None = None) -> Experience:
    """Play episodes with a policy and keep the record.

    A run does not depend on how many others there are, and its first episodes not on how many follow. The reward of
    a step is ``R[s, a]``: if rewards are random given s and a, the record holds their means.

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
        ValueError: a count is not positive; the policy is no policy; or ``max_steps`` is None and an episode may go on
            for ever (the message names a state from which it does).

    Proved in: values/monte_carlo_td (thm-td0-mean-field).
    """
    for name, count in (("runs", runs), ("episodes", episodes), ("max_steps", 1 if max_steps is None else max_steps)):
        checks.whole(name, count, 1)
    chain = policy_chain(mdp, pi)
    if max_steps is None:
        _check_episodes_end(mdp, chain)
    table = _outcomes(mdp, np.asarray(pi, float))
    start = np.cumsum(mdp.start)
    start[np.flatnonzero(mdp.start)[-1] :] = 1.0  # not 1 - 1e-16
    limit = np.iinfo(np.int64).max if max_steps is None else max_steps
    steps, ends, room = [], np.empty((runs, episodes), np.int64), 1
    for run, stream in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        while True:
            states, outcome = np.empty((2, room), np.int64)
            rng = np.random.default_rng(stream)
            _play(rng, start, mdp.terminal, *table[:3], limit, states, outcome, ends[run])
            if ends[run, -1] <= room:
                break
            room = 2 * ends[run, -1]  # the same stream once more, with enough room
        steps.append((states[: ends[run, -1]], outcome[: ends[run, -1]]))
    ends += np.concatenate([[0], np.cumsum(ends[:-1, -1])])[:, None]
    s, outcome = (np.concatenate(x) for x in zip(*steps, strict=True))
    s_next = table[2][outcome]
    terminated = mdp.terminal[s_next]
    last = np.zeros(len(s), bool)
    last[np.unique(ends[ends > 0]) - 1] = True
    return Experience(s, table[3][outcome], s_next, terminated, last & ~terminated, ends, mdp.n_states)


def _check_episodes_end(mdp: MDP, chain) -> None:
    if not mdp.terminal.any():
        raise ValueError("the decision process has no terminal state; say with max_steps where to cut the record")
    ending = hitting_probabilities(chain, np.flatnonzero(mdp.terminal))
    for s in np.flatnonzero((mdp.start > 0) & (ending < 1)):
        raise ValueError(f"from state {s} an episode ends only with probability {ending[s]:.4g}; give max_steps")


def _outcomes(mdp: MDP, pi: np.ndarray):
    """What can happen in each state: (first, cumulative, s_next, r), those of state s from ``first[s]`` on."""
    rows = sparse.coo_array(mdp.P if mdp.is_sparse else mdp.P.reshape(-1, mdp.n_states))
    pairs, s_next = rows.coords
    probability = pi.ravel()[pairs] * rows.data
    kept = np.flatnonzero(probability > 0)
    kept = kept[np.lexsort((s_next[kept], pairs[kept]))]
    pairs, s_next, probability = pairs[kept], s_next[kept].astype(np.int64), probability[kept]
    s = pairs // mdp.n_actions
    first = np.searchsorted(s, np.arange(mdp.n_states + 1))
    before = np.concatenate([[0.0], np.cumsum(probability)])
    cumulative = before[1:] - before[first[s]]
    cumulative[first[1:] - 1] = 1.0
    return first, cumulative, s_next, mdp.R.ravel()[pairs]


@njit
def _play(rng, start, terminal, first, cumulative, s_next, max_steps, states, outcome, ends):
    """Play episodes; write the steps for which there is room, and count them all in ``ends``."""
    n = 0
    for episode in range(len(ends)):
        u, s = rng.random(), 0
        while u >= start[s]:
            s += 1
        begin = n
        while not terminal[s] and n - begin < max_steps:
            u, k = rng.random(), first[s]
            while u >= cumulative[k]:
                k += 1
            if n < len(states):
                states[n], outcome[n] = s, k
            n += 1
            s = s_next[k]
        ends[episode] = n

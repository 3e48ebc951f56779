"""What the learners of control share: a decision process to be sampled, decisions, step sizes, and many runs.

Rows of P are alias tables (:mod:`rlcourse.tabular.paths`), so that a step costs one random number, however many
states there are. The loops call :func:`step` with it.

Compiled functions are given numbers in tuples, but arrays one by one, and the random numbers instead of their
generator: numba counts references to each array and generator that it takes out of a tuple or hands on, which takes
longer than a step of the loop.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.tabular.absorption import hitting_probabilities
from rlcourse.tabular.mdp import MDP, policy_chain, uniform_policy
from rlcourse.tabular.paths import BITS, alias_table

__all__ = [
    "ControlRuns",
    "Schedule",
    "Simulator",
    "World",
    "act",
    "best_value",
    "choose",
    "draw",
    "learn",
    "mean_value",
    "scheduled",
    "simulator",
    "step",
    "step_size",
]


ROW = np.dtype([("first", np.int64), ("shift", np.int64), ("reward", np.float64)])


class World(NamedTuple):
    """Numbers that describe a decision process.

    Attributes:
        gamma: discount.
        max_steps: an episode is truncated after so many steps.
        actions: number of actions.
        last: the index of the row that holds the law of the first state.
        scale: scale of the alias table.
        random: whether anything is left to chance; without it no numbers are drawn for the states.
        noisy: whether rewards have noise.
    """

    gamma: float
    max_steps: int
    actions: np.uint64
    last: np.uint64
    scale: int
    random: bool
    noisy: bool


class Simulator(NamedTuple):
    """A decision process for compiled loops.

    Attributes:
        world: its numbers.
        rows: for each pair ``s * A + a``, and at the end for the start, the row of the alias table and mean reward.
        cells: the cells of the alias table.
        noise: standard deviation of Gaussian noise that is added to each reward, ``[S, A]``.
        terminal: bool ``[S]``.
    """

    world: World
    rows: np.ndarray
    cells: np.ndarray
    noise: np.ndarray
    terminal: np.ndarray


def simulator(mdp: MDP, epsilon: float, noise=0.0, max_steps: int | None = None) -> Simulator:
    """Tables for a learner that explores with probability ``epsilon``.

    Args:
        mdp: the decision process.
        epsilon: probability of exploring; only asked whether it is 0.
        noise: standard deviation of the reward noise, one number or ``[S, A]``.
        max_steps: length at which episodes are truncated; None if they must end by themselves.

    Raises:
        ValueError: ``max_steps`` is None and an episode may go on for ever; ``noise`` is negative or does not fit.
    """
    noise = np.asarray(checks.finite("noise", noise), float)
    if noise.shape not in ((), mdp.R.shape) or (noise < 0).any():
        raise ValueError(f"noise: expected a number >= 0, or one per state and action, {mdp.R.shape}, got {noise}")
    if max_steps is None:
        _check_episodes_end(mdp, epsilon)
    else:
        checks.whole("max_steps", max_steps, 1)
    rows = mdp.P if mdp.is_sparse else mdp.P.reshape(-1, mdp.n_states)
    rows = sparse.vstack([sparse.csr_array(rows), sparse.csr_array(mdp.start[None])], format="csr")
    table = alias_table(rows)
    laws = np.zeros(len(table.first), ROW)
    laws["first"], laws["shift"] = table.first, table.shift
    laws["reward"][:-1] = mdp.R.ravel()
    world = World(
        gamma=mdp.gamma,
        max_steps=np.iinfo(np.int64).max if max_steps is None else max_steps,
        actions=np.uint64(mdp.n_actions),
        last=np.uint64(mdp.R.size),
        scale=table.scale,
        random=bool((table.shift < BITS).any()),
        noisy=bool(noise.any()),
    )
    return Simulator(world, laws, table.cells, np.broadcast_to(noise, mdp.R.shape).copy(), mdp.terminal)


def _check_episodes_end(mdp: MDP, epsilon: float) -> None:
    if not mdp.terminal.any():
        raise ValueError("the decision process has no terminal state; say with max_steps where to cut an episode")
    if epsilon == 0:
        raise ValueError("epsilon is 0, so that an episode may go on for ever; give max_steps")
    ending = hitting_probabilities(policy_chain(mdp, uniform_policy(mdp)), np.flatnonzero(mdp.terminal))
    for s in np.flatnonzero((mdp.start > 0) & (ending < 1)):
        raise ValueError(f"from state {s} an episode ends only with probability {ending[s]:.4g}; give max_steps")


@njit
def draw(world, rows, cells, row, u):
    """The state that belongs to a number u in [0, 1), by the law of a row; the law of the start is in the last row."""
    first, shift = rows[row]["first"], rows[row]["shift"]
    if shift == BITS:  # one cell only
        return np.uint64(cells[np.uint64(first)]["state"])
    number = np.int64(u * 2.0**BITS)
    cell = cells[np.uint64(first + (number >> shift))]
    return np.uint64(cell["state"] if number & (world.scale - 1) < cell["keep"] else cell["other"])


@njit
def step(world, rows, cells, s, a, u):
    """Next state and mean reward of action a in state s."""
    row = s * world.actions + a
    return draw(world, rows, cells, row, u), rows[row]["reward"]


class Schedule(NamedTuple):
    """Step sizes ``alpha / n**power``, n counting the updates of a pair, and exploration ``epsilon / m**decay``, m
    counting the decisions in a state.
    """

    alpha: float
    power: float
    epsilon: float
    decay: float


@njit
def scheduled(first, power, count):
    """``first / count**power``."""
    return first if power == 0 else first * float(count) ** -power


@njit
def step_size(rule, pairs, s, a):
    """Count an update of the pair, and say how large a step it takes."""
    pairs[s, a] += 1
    return scheduled(rule.alpha, rule.power, pairs[s, a])


@njit
def act(rule, decisions, q, s, u):
    """Count a decision in state s, and make it: an epsilon-greedy action."""
    decisions[s] += 1
    return choose(q, s, scheduled(rule.epsilon, rule.decay, decisions[s]), u)


@njit
def choose(q, s, epsilon, u):
    """The epsilon-greedy action that belongs to a number u in [0, 1).

    Below epsilon every action has an equal share of the interval; above, every best action has one. Indices are
    unsigned, because of signed ones compiled code asks whether they count from the end.
    """
    actions = np.uint64(q.shape[1])
    if u < epsilon:
        return np.uint64(u / epsilon * actions)
    best, ties, top = np.uint64(0), 1, q[s, np.uint64(0)]
    for a in range(np.uint64(1), actions):
        value = q[s, a]
        if value > top:
            best, ties, top = a, 1, value
        elif value == top:
            ties += 1
    if ties > 1:
        skip = np.int64((u - epsilon) / (1 - epsilon) * ties)
        for a in range(actions):
            if q[s, a] == top:
                if skip == 0:
                    return np.uint64(a)
                skip -= 1
    return np.uint64(best)


@njit
def best_value(q, s):
    """``max_a q[s, a]``."""
    top = q[s, np.uint64(0)]
    for a in range(np.uint64(1), np.uint64(q.shape[1])):
        top = q[s, a] if q[s, a] > top else top
    return top


@njit
def mean_value(q, s, epsilon):
    """Mean of ``q[s, a]`` over the epsilon-greedy actions."""
    total = 0.0
    for a in range(np.uint64(q.shape[1])):
        total += q[s, a]
    return (1 - epsilon) * best_value(q, s) + epsilon * total / q.shape[1]


class ControlRuns(NamedTuple):
    """What independent runs of a learner ended with and earned.

    Attributes:
        q: action values after the last episode, ``[runs, S, A]``; 0 in terminal states.
        returns: discounted return of each episode while learning, exploration included, ``[runs, episodes]``.
        steps: length of each episode, ``[runs, episodes]``.
        updates: number of updates of each pair, ``[runs, S, A]``.
    """

    q: np.ndarray
    returns: np.ndarray
    steps: np.ndarray
    updates: np.ndarray


def learn(loop, mdp: MDP, runs: int, episodes: int, seed: int, settings: dict, *more) -> ControlRuns:
    """Check the arguments of a learner and play its runs.

    Args:
        loop: compiled; plays the episodes of one run on the simulator, the schedule, the counts of updates and
            decisions, the table q, a generator, and the returns and lengths to be filled in.
        mdp, runs, episodes, seed, settings: as :func:`rlcourse.tabular.control.sarsa`.
        more: further arguments of the loop.
    """
    runs, episodes = checks.whole("runs", runs, 1), checks.whole("episodes", episodes, 1)
    return _learn(loop, mdp, runs, episodes, seed, more, **settings)


def _learn(
    loop, mdp, runs, episodes, seed, more, *,
    alpha=0.1, power=0.0, epsilon=0.1, decay=0.0, q=0.0, noise=0.0, max_steps=None,
):  # fmt: skip
    for name, x in (("alpha", alpha), ("power", power), ("epsilon", epsilon), ("decay", decay)):
        checks.unit_interval(name, x)
    checks.positive("alpha", alpha)
    q = np.asarray(checks.finite("q", q), float)
    if q.shape not in ((), mdp.R.shape):
        raise ValueError(f"q has shape {q.shape}; expected one number or one per state and action, {mdp.R.shape}")
    game = simulator(mdp, epsilon, noise, max_steps)
    rule = Schedule(float(alpha), float(power), float(epsilon), float(decay))
    first = np.where(mdp.terminal[:, None], 0.0, np.broadcast_to(q, mdp.R.shape))
    result = ControlRuns(
        np.tile(first, (runs, 1, 1)),
        np.empty((runs, episodes)),
        np.empty((runs, episodes), np.int64),
        np.zeros((runs, *mdp.R.shape), np.int64),
    )
    for stream, table, returns, steps, pairs in zip(np.random.SeedSequence(seed).spawn(runs), *result, strict=True):
        decisions = np.zeros(mdp.n_states, np.int64)
        loop(*game, rule, pairs, decisions, table, np.random.default_rng(stream), returns, steps, *more)
    return result

"""Steps of a decision process for compiled loops, and what the learners of control share.

Records of episodes (:mod:`rlcourse.tabular.experience`), the learners of control and the environments of
:mod:`rlcourse.envs` draw here what is left to chance: :func:`simulator` makes the tables, :func:`draw` and :func:`step`
use them. Laws are rows of an alias table (:mod:`rlcourse.tabular.paths`), so that a step costs one random number,
however many states there are.

Compiled functions are given numbers in tuples, but arrays one by one, and the random numbers instead of their
generator: numba counts references to each array and generator that it takes out of a tuple, which takes longer than
a step of the loop. It leaves the counts out where the flow of control is simple (the early returns below are no matter
of taste); an edit that brings them back changes no number and halves the speed, as ``benchmarks/control.py`` shows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.compiled import inlined
from rlcourse.scan import coefficient
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
    "check_episodes_end",
    "choose",
    "draw",
    "learn",
    "mean_value",
    "scheduled",
    "simulator",
    "step",
    "step_size",
]


ROW = np.dtype([("first", np.int64), ("shift", np.int64)])


class World(NamedTuple):
    """Numbers that describe a decision process.

    Attributes:
        gamma: discount.
        max_steps: an episode is truncated after so many steps.
        actions: number of actions.
        start: the index of the row that holds the law of the first state.
        policy: the index of the row that holds the law of the action in state 0; those of the other states follow.
        scale: scale of the alias table.
        random: whether first or next states are left to chance; without it no numbers are drawn for the steps.
        noisy: whether rewards have noise.
    """

    gamma: float
    max_steps: int
    actions: np.uint64
    start: np.uint64
    policy: np.uint64
    scale: int
    random: bool
    noisy: bool


class Simulator(NamedTuple):
    """A decision process for compiled loops.

    Attributes:
        world: its numbers.
        rows: the rows of the alias table: for each pair ``s * A + a`` the law of the next state, then the law of the
            first state, then, if there is a policy, for each state the law of the action.
        cells: the cells of the alias table.
        rewards: reward of each transition, ``[S, A, S]``.
        noise: standard deviation of Gaussian noise that is added to each reward, ``[S, A]``.
        terminal: bool ``[S]``.
    """

    world: World
    rows: np.ndarray
    cells: np.ndarray
    rewards: np.ndarray
    noise: np.ndarray
    terminal: np.ndarray


def simulator(mdp: MDP, pi=None, *, noise=0.0, max_steps: int | None = None) -> Simulator:
    """Tables of a decision process, and of a policy.

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``; None if the caller makes its own decisions.
        noise: standard deviation of Gaussian noise of the rewards, one number or ``[S, A]``, reward units.
        max_steps: length at which episodes are truncated; None if they must end by themselves, which
            :func:`check_episodes_end` asks.

    Raises:
        TypeError: ``mdp`` is not an `MDP`.
        ValueError: the policy, the noise or ``max_steps`` does not fit.

    Source: Walker (1977). Proved in: processes/markov_chains (thm-chain-alias).
    """
    if not isinstance(mdp, MDP):
        raise TypeError(f"mdp: expected an rlcourse.tabular.mdp.MDP, got {type(mdp).__name__}")
    noise = np.asarray(checks.finite("noise", noise), float)
    if noise.shape not in ((), mdp.R.shape) or (noise < 0).any():
        raise ValueError(f"noise: expected a number >= 0, or one per state and action, {mdp.R.shape}, got {noise}")
    limit = np.iinfo(np.int64).max if max_steps is None else checks.whole("max_steps", max_steps, 1)
    laws = [mdp.P if mdp.is_sparse else mdp.P.reshape(-1, mdp.n_states), mdp.start[None]]
    if pi is not None:
        policy_chain(mdp, pi)  # checks pi
        laws.append(np.asarray(pi, float))
    laws = [sparse.csr_array(law) for law in laws]
    for law in laws:
        law.resize(law.shape[0], max(mdp.n_states, mdp.n_actions))
    table = alias_table(sparse.vstack(laws, format="csr"))
    rows = np.empty(len(table.first), ROW)
    rows["first"], rows["shift"] = table.first, table.shift
    pairs = mdp.R.size
    world = World(
        gamma=mdp.gamma,
        max_steps=limit,
        actions=np.uint64(mdp.n_actions),
        start=np.uint64(pairs),
        policy=np.uint64(pairs + 1),
        scale=table.scale,
        random=bool((table.shift[: pairs + 1] < BITS).any()),
        noisy=bool(noise.any()),
    )
    return Simulator(world, rows, table.cells, mdp.rewards, np.broadcast_to(noise, mdp.R.shape).copy(), mdp.terminal)


def check_episodes_end(mdp: MDP, pi) -> None:
    """Raise unless every episode of a policy ends with probability 1.

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``.

    Raises:
        ValueError: an episode may go on for ever; the message names a first state from which it does.
    """
    if not mdp.terminal.any():
        raise ValueError("the decision process has no terminal state; say with max_steps where to cut an episode")
    ending = hitting_probabilities(policy_chain(mdp, pi), np.flatnonzero(mdp.terminal))
    for s in np.flatnonzero((mdp.start > 0) & (ending < 1)):
        raise ValueError(f"from state {s} an episode ends only with probability {ending[s]:.4g}; give max_steps")


@inlined
def draw(world, rows, cells, row, u):
    """The state or action that belongs to a number u in [0, 1), by the law of a row."""
    first, shift = rows[row]["first"], rows[row]["shift"]
    if shift == BITS:  # one cell only
        return np.uint64(cells[np.uint64(first)]["state"])
    number = np.int64(u * 2.0**BITS)
    cell = cells[np.uint64(first + (number >> shift))]
    return np.uint64(cell["state"] if number & (world.scale - 1) < cell["keep"] else cell["other"])


@inlined
def step(world, rows, cells, R, s, a, u):
    """Next state and reward of action a in state s."""
    s_next = draw(world, rows, cells, s * world.actions + a, u)
    return s_next, R[s, a, s_next]


class Schedule(NamedTuple):
    """Step sizes ``alpha / n**power``, n counting the updates of a pair, and exploration ``epsilon / m**decay``, m
    counting the decisions in a state.
    """

    alpha: float
    power: float
    epsilon: float
    decay: float


@inlined
def scheduled(first, power, count):
    """``first / count**power``."""
    return first if power == 0 else first * float(count) ** -power


@inlined
def step_size(rule, pairs, s, a):
    """Count an update of the pair, and say how large a step it takes."""
    pairs[s, a] += 1
    return scheduled(rule.alpha, rule.power, pairs[s, a])


@inlined
def act(rule, decisions, q, s, u):
    """Count a decision in state s, and make it: an epsilon-greedy action."""
    decisions[s] += 1
    return choose(q, s, scheduled(rule.epsilon, rule.decay, decisions[s]), u)


@inlined
def choose(q, s, epsilon, u):
    """The epsilon-greedy action that belongs to a number u in [0, 1).

    Below epsilon every action has an equal share of the interval; above, every best action has one. Indices are
    unsigned, because of signed ones compiled code asks whether they count from the end.
    """
    actions = np.uint64(q.shape[1])
    if u < epsilon:
        return np.uint64(u / epsilon * actions)
    best, ties, top = np.uint64(0), 0, q[s, np.uint64(0)]
    for a in range(np.uint64(1), actions):
        if q[s, a] > top:
            best, top = a, q[s, a]
    for a in range(actions):
        ties += q[s, a] == top
    if ties > 1:
        skip = np.int64((u - epsilon) / (1 - epsilon) * ties)
        for a in range(actions):
            if q[s, a] == top:
                if skip == 0:
                    return np.uint64(a)
                skip -= 1
    return np.uint64(best)


@inlined
def best_value(q, s):
    """``max_a q[s, a]``."""
    top = q[s, np.uint64(0)]
    for a in range(np.uint64(1), np.uint64(q.shape[1])):
        top = q[s, a] if q[s, a] > top else top
    return top


@inlined
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
    return _learn(loop, mdp, runs, episodes, checks.whole("seed", seed), more, **settings)


def _learn(
    loop, mdp, runs, episodes, seed, more, *,
    alpha=0.1, power=0.0, epsilon=0.1, decay=0.0, q=0.0, noise=0.0, max_steps=None,
):  # fmt: skip
    settings = {"alpha": alpha, "power": power, "epsilon": epsilon, "decay": decay}
    rule = Schedule(*(coefficient(name, x) for name, x in settings.items()))
    checks.positive("alpha", rule.alpha)
    game = simulator(mdp, noise=noise, max_steps=max_steps)
    q = np.asarray(checks.finite("q", q), float)
    if q.shape not in ((), mdp.R.shape):
        raise ValueError(f"q has shape {q.shape}; expected one number or one per state and action, {mdp.R.shape}")
    if max_steps is None:
        if rule.epsilon == 0:
            raise ValueError("epsilon is 0, so that an episode may go on for ever; give max_steps")
        check_episodes_end(mdp, uniform_policy(mdp))
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

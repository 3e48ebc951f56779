"""From Gymnasium's tables to decision processes and back."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import TimeLimit

from rlcourse import checks
from rlcourse.envs.tabular_env import TabularEnv, TabularVectorEnv
from rlcourse.tabular.mdp import MDP

__all__ = ["mdp_from_gymnasium", "to_gymnasium"]


def mdp_from_gymnasium(env: gymnasium.Env, gamma: float) -> MDP:
    r"""The decision process behind a Gymnasium environment with a known table.

    FrozenLake, CliffWalking and Taxi keep in ``env.unwrapped.P[s][a]`` a list of outcomes (p, s_next, r, terminated).

    .. math:: P(s' \mid s, a) = \sum_{\text{outcomes with } s'} p, \qquad R(s, a) = \sum_{\text{outcomes}} p\, r

    The reward ``rewards[s, a, s_next]`` of a transition is the mean over the outcomes with this next state.

    Gymnasium marks transitions as terminating, a decision process marks states: every state in which an episode
    may terminate becomes terminal. What the table says about the time after is ignored.

    Args:
        env: the environment, wrapped or not; only its table is used, so that a time limit or another wrapper has no
            effect.
        gamma: discount, which Gymnasium does not know.

    Returns:
        The decision process. Its start law is ``env.unwrapped.initial_state_distrib``, or uniform over the states that
        are not terminal if there is none.

    Raises:
        TypeError: a space is not `Discrete`.
        ValueError: there is no table; it lacks an action or leads to a state that does not exist; a state ends the
            episode or not depending on how it is entered from states within reach of the start; as `MDP`.

    Source: Gymnasium 1.x, environments "Toy Text".
    """
    checks.unit_interval("gamma", gamma)
    n_states, n_actions = (_size(env, name) for name in ("observation_space", "action_space"))
    world = env.unwrapped
    if getattr(world, "P", None) is None:
        raise ValueError(
            f"env: {world} has no table of transitions (attribute P), so that its law is not known; "
            "expected an environment such as FrozenLake, CliffWalking or Taxi"
        )
    s, a, p, to, r, ends = _outcomes(world.P, n_states, n_actions)
    P = np.zeros((n_states, n_actions, n_states))
    np.add.at(P, (s, a, to), p)
    # means as deviations from one of the rewards: exact where all of them are equal
    rewards = np.zeros(P.shape)
    rewards[s, a, to] = r
    np.add.at(rewards, (s, a, to), p / P[s, a, to] * (r - rewards[s, a, to]))
    terminal = np.bincount(to[ends], minlength=n_states) > 0
    mdp = MDP(P, rewards, gamma, start=getattr(world, "initial_state_distrib", None), terminal=terminal)
    _check_ends(mdp, s, a, to, ends)
    return mdp


def to_gymnasium(
    mdp: MDP,
    num_envs: int | None = None,
    *,
    max_episode_steps: int | None = None,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
) -> gymnasium.Env | gymnasium.vector.VectorEnv:
    r"""A decision process as an environment of Gymnasium, one or a batch.

    Observations are states, and the reward of a step is ``mdp.rewards[s, a, s_next]``: where R was given as
    ``[S, A]``, the mean. ``terminated`` says that the new state is terminal, ``truncated`` that the episode has reached
    ``max_episode_steps``; as in Gymnasium both can be true at once. What follows after a truncated step still counts:
    bootstrap from the new state unless ``terminated``.

    A batch has one generator, so that one seed gives its whole course; with ``num_envs=1`` the course is that of the
    single environment with this seed. The action space may be given the same seed: its actions are independent of the
    transitions. After an episode of a copy has ended,

    - ``"NextStep"``: its next step ignores the action and returns a new first state with reward 0, so that the state
      returned at the end is the true successor;
    - ``"SameStep"``: the state returned is already the first one of the next episode, and the true successor is in
      ``info["final_obs"]``, where ``info["_final_obs"]`` is True;
    - ``"Disabled"``: the caller must ``reset(options={"reset_mask": ended})``.

    Args:
        mdp: the decision process; gamma is not part of an environment.
        num_envs: number of copies in a batch; None for a single environment.
        max_episode_steps: steps after which an episode is truncated; None for no limit.
        autoreset_mode: what a batch does after the end of an episode.

    Returns:
        A ``gymnasium.Env`` whose table :func:`mdp_from_gymnasium` can read, or a ``gymnasium.vector.VectorEnv``.

    Raises:
        TypeError: ``mdp`` is not an `MDP`.
        ValueError: ``num_envs`` or ``max_episode_steps`` is not a positive whole number, or the mode is unknown.

    Source: Gymnasium 1.x, "Vector environments" and "Autoreset modes". The steps are drawn from the alias tables
    of processes/markov_chains (thm-chain-alias).
    """
    if num_envs is not None:
        return TabularVectorEnv(mdp, num_envs, max_episode_steps, autoreset_mode)
    env = TabularEnv(mdp)
    if max_episode_steps is None:
        return env
    return TimeLimit(env, checks.whole("max_episode_steps", max_episode_steps, least=1))


def _size(env: gymnasium.Env, name: str) -> int:
    """Number of elements of a space of the environment."""
    space = getattr(env.unwrapped, name, None)
    if not isinstance(space, Discrete):
        raise TypeError(f"env.{name} is {space}; expected Discrete: only finitely many, numbered from 0, fit a table")
    if space.start != 0:
        raise ValueError(f"env.{name} starts at {space.start}; expected a Discrete space that starts at 0")
    return int(space.n)


def _outcomes(table, n_states: int, n_actions: int) -> tuple[np.ndarray, ...]:
    """All possible outcomes: states, actions, probabilities, next states, rewards, and whether the episode ends."""
    rows = []
    for s in range(n_states):
        for a in range(n_actions):
            try:
                # what has probability 0 neither pays nor ends anything
                possible = [(s, a, *outcome) for outcome in table[s][a] if outcome[0] != 0]
            except (KeyError, IndexError):
                possible = []
            if not possible:
                raise ValueError(f"env.unwrapped.P has no outcome for state {s} and action {a}; expected at least one")
            rows += possible
    s, a, p, to, r, ends = (np.array(column) for column in zip(*rows, strict=True))
    lost = (to < 0) | (to >= n_states)
    if lost.any():
        k = np.argmax(lost)
        raise ValueError(f"env.unwrapped.P[{s[k]}][{a[k]}] leads to state {to[k]}; expected 0 to {n_states - 1}")
    return s, a, p, to, r, ends.astype(bool)


def _check_ends(mdp: MDP, s, a, to, ends) -> None:
    """Raise unless every terminal state ends the episode however it is entered."""
    reached, found = mdp.start > 0, -1
    going = mdp.P.any(axis=1) & ~mdp.terminal[:, None]
    while reached.sum() > found:
        found = reached.sum()
        reached = reached | going[reached].any(axis=0)
    odd = (reached & ~mdp.terminal)[s] & mdp.terminal[to] & ~ends
    if odd.any():
        k = np.argmax(odd)
        raise ValueError(
            f"env.unwrapped.P[{s[k]}][{a[k]}] enters state {to[k]} without ending the episode, and elsewhere the same "
            "state ends it; expected terminal states: whether the episode has ended must be part of the state"
        )

"""A decision process as a Gymnasium environment, and many copies of it as one batch."""

from __future__ import annotations

from functools import cached_property

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from scipy import sparse

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.simulator import draw, simulator, step


@njit
def _begin(world, rows, cells, some, uniform, state, steps, ended):
    """Draw first states for some of the copies, each with the next of the random numbers."""
    for k, i in enumerate(np.flatnonzero(some)):
        state[i], steps[i], ended[i] = draw(world, rows, cells, world.start, uniform[k]), 0, False


@njit
def _advance(world, rows, cells, R, terminal, actions, uniform, state, steps, ended, rewards, terminated, truncated):
    """One step of every copy, with one random number each; a copy whose episode has ended draws a first state."""
    for i in range(len(state)):
        if ended[i]:
            state[i], steps[i], ended[i] = draw(world, rows, cells, world.start, uniform[i]), 0, False
        else:
            s, a = np.uint64(state[i]), np.uint64(actions[i])
            state[i], rewards[i] = step(world, rows, cells, R, s, a, uniform[i])
            steps[i] += 1
            terminated[i] = terminal[state[i]]
            truncated[i] = steps[i] >= world.max_steps
            ended[i] = terminated[i] or truncated[i]


class _OwnChances:
    """A generator for the transitions alone, descended from the one that ``reset(seed=...)`` makes.

    Callers like to seed the action space with the number that they give to ``reset``. If both drew from generators
    with this seed, the actions would know what happens next.
    """

    _parent = _child = None

    @property
    def chances(self) -> np.random.Generator:
        """The generator of the transitions; a new one when the environment's generator is new."""
        if self._parent is not self.np_random:
            self._parent, (self._child,) = self.np_random, self.np_random.spawn(1)
        return self._child


class TabularEnv(_OwnChances, gymnasium.Env):
    """One copy of a decision process: states and actions are numbers, the reward is ``mdp.rewards[s, a, s_next]``.

    Attributes:
        mdp: the decision process.
        state: the present state.
        initial_state_distrib: law of the first state, ``[S]``, as in Gymnasium's own tabular environments.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 (Gymnasium declares it so)

    def __init__(self, mdp: MDP) -> None:
        self._game, self.mdp = simulator(mdp), mdp
        self.observation_space, self.action_space = Discrete(mdp.n_states), Discrete(mdp.n_actions)
        self.initial_state_distrib = mdp.start
        self.state: int | None = None

    @cached_property
    def P(self) -> dict[int, dict[int, list[tuple[float, int, float, bool]]]]:
        """The table in Gymnasium's form: ``P[s][a]`` lists (probability, next state, reward, terminated)."""
        rows, terminal, actions = _rows(self.mdp), self.mdp.terminal, self.mdp.n_actions
        table = {s: {} for s in range(self.mdp.n_states)}
        for row, (begin, end) in enumerate(zip(rows.indptr[:-1], rows.indptr[1:], strict=True)):
            s, a = divmod(row, actions)
            to, p = rows.indices[begin:end], rows.data[begin:end]
            columns = (p, to, self.mdp.rewards[s, a, to], terminal[to])
            table[s][a] = list(zip(*(column.tolist() for column in columns), strict=True))
        return table

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[int, dict]:
        """Start an episode. A seed starts the generator anew; there are no options."""
        super().reset(seed=seed)
        world, rows, cells, *_ = self._game
        self.state = int(draw(world, rows, cells, world.start, self.chances.random()))
        return self.state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict]:
        """Next state, reward, whether the episode terminated, False (see `to_gymnasium` for limits), and no info."""
        if self.state is None:
            raise ResetNeeded("step comes after reset; call reset() first")
        s, a = np.uint64(self.state), np.uint64(_actions(self.mdp, action, ()))
        s_next, reward = step(*self._game[:4], s, a, self.chances.random())
        self.state = int(s_next)
        return self.state, float(reward), bool(self.mdp.terminal[self.state]), False, {}


class TabularVectorEnv(_OwnChances, VectorEnv):
    """Independent copies of a decision process that take their steps together.

    Attributes:
        mdp: the decision process.
        num_envs: number of copies.
        max_episode_steps: length at which episodes are truncated, or None.
        state: the present states, ``[num_envs]``.
        steps: actions taken since the start of each episode, ``[num_envs]``.
        ended: whether the last step of each copy ended its episode, ``[num_envs]``.
    """

    def __init__(
        self,
        mdp: MDP,
        num_envs: int,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    ) -> None:
        self.num_envs = checks.whole("num_envs", num_envs, least=1)
        limit = max_episode_steps
        self.max_episode_steps = limit if limit is None else checks.whole("max_episode_steps", limit, least=1)
        self._game, self.mdp = simulator(mdp, max_steps=self.max_episode_steps), mdp
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"render_modes": [], "autoreset_mode": self.autoreset_mode}
        self.single_observation_space, self.single_action_space = Discrete(mdp.n_states), Discrete(mdp.n_actions)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.state: np.ndarray | None = None

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """Start an episode in every copy, or in some of them.

        Args:
            seed: starts the one generator of the batch anew.
            options: ``{"reset_mask": mask}`` with a bool array ``[num_envs]`` resets these copies only.

        Returns:
            The states ``[num_envs]``, and an empty dictionary.
        """
        super().reset(seed=seed)
        some = (options or {}).get("reset_mask")
        if some is None:
            some = np.ones(self.num_envs, bool)
            self.state, self.steps = np.zeros((2, self.num_envs), np.int64)
            self.ended = np.zeros(self.num_envs, bool)
        elif self.state is None:
            raise ResetNeeded("reset_mask asks for some copies; call reset() for all of them first")
        elif np.shape(checks.boolean("reset_mask", some)) != (self.num_envs,):
            raise ValueError(f"reset_mask: expected shape ({self.num_envs},), got {np.shape(some)}")
        self._begin(some)
        return self.state.copy(), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:
        """Take one action in each copy; what happens after the end of an episode is said in `to_gymnasium`.

        Args:
            actions: integers ``[num_envs]``.

        Returns:
            States, rewards, whether the episodes terminated, whether they were truncated (all ``[num_envs]``), and
            a dictionary.
        """
        if self.state is None:
            raise ResetNeeded("step comes after reset; call reset() first")
        actions = _actions(self.mdp, actions, (self.num_envs,))
        if self.autoreset_mode == AutoresetMode.DISABLED and self.ended.any():
            raise ResetNeeded(f"the episode of copy {np.argmax(self.ended)} has ended; reset it with a reset_mask")
        rewards = np.zeros(self.num_envs)
        terminated, truncated = np.zeros((2, self.num_envs), bool)
        laws = (*self._game[:4], self.mdp.terminal)
        uniform = self.chances.random(self.num_envs)
        _advance(*laws, actions, uniform, self.state, self.steps, self.ended, rewards, terminated, truncated)
        info = self._same_step() if self.autoreset_mode == AutoresetMode.SAME_STEP and self.ended.any() else {}
        return self.state.copy(), rewards, terminated, truncated, info

    def _begin(self, some: np.ndarray) -> None:
        _begin(*self._game[:3], some, self.chances.random(some.sum()), self.state, self.steps, self.ended)

    def _same_step(self) -> dict:
        """Begin the next episodes at once, and keep the last states for the dictionary, in Gymnasium's form."""
        some = self.ended.copy()
        final = np.where(some, self.state.astype(object), None)
        self._begin(some)
        return {"final_obs": final, "_final_obs": some, "final_info": {}, "_final_info": some.copy()}


def _rows(mdp: MDP) -> sparse.csr_array:
    """Transition probabilities, one row for each state and action, without explicit zeros."""
    return sparse.csr_array(mdp.P if mdp.is_sparse else mdp.P.reshape(-1, mdp.n_states))


def _actions(mdp: MDP, actions, shape: tuple[int, ...]) -> np.ndarray:
    """The actions as an array, after a check that there is one for each copy."""
    actions = np.asarray(actions)
    if actions.dtype.kind not in "iu":
        raise TypeError(f"actions: expected integers, got dtype {actions.dtype}")
    if actions.shape != shape:
        raise ValueError(f"actions: expected shape {shape}, one per copy, got {actions.shape}")
    wrong = (actions < 0) | (actions >= mdp.n_actions)
    if wrong.any():
        where = f"actions[{np.argmax(wrong)}]" if shape else "the action"
        raise ValueError(f"{where} is {actions[wrong].flat[0]}; expected 0 to {mdp.n_actions - 1}")
    return actions.astype(np.int64, copy=False)

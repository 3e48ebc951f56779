"""The book's worlds in Gymnasium's registry."""

from __future__ import annotations

import gymnasium
import numpy as np

from rlcourse.envs.tabular_env import TabularEnv, TabularVectorEnv
from rlcourse.tabular import worlds
from rlcourse.tabular.garnet import garnet
from rlcourse.tabular.mdp import MDP


def _garnet(seed: int, gamma: float = 0.9, **sizes) -> MDP:
    # a seed and not a generator, so that every copy of an environment is the same random world
    return garnet(**sizes, rng=np.random.default_rng(seed), gamma=gamma)


WORLDS = {
    "TinyWorld": worlds.tiny_world,
    "CliffWalk": worlds.cliff_walk,
    "WindyGrid": worlds.windy_grid,
    "RandomWalk": worlds.random_walk,
    "Queue": worlds.queue,
    "GridWorld": worlds.grid_world,
    "Garnet": _garnet,
}


def register_worlds() -> None:
    """Tell Gymnasium of every world: ``gymnasium.make("rlcourse/TinyWorld-v0")``, or ``make_vec`` for a batch.

    Further arguments go to the function that makes the world, such as ``n=5`` to the random walk. A grid world needs
    its ``text``, a Garnet its ``n_states``, ``n_actions``, ``branching`` and ``seed``. No episode is truncated unless
    ``max_episode_steps`` is given. ``make_vec`` also takes ``autoreset_mode``.
    """
    for world in WORLDS:
        name = f"rlcourse/{world}-v0"
        # importing twice (importlib.reload) is no mistake, but Gymnasium warns of it
        gymnasium.registry.pop(name, None)
        gymnasium.register(
            name,
            # names and not functions: a specification with names can be written to a file
            entry_point=f"{__name__}:single",
            vector_entry_point=f"{__name__}:batch",
            kwargs={"world": world},
        )


def single(world: str, **parameters) -> TabularEnv:
    """One copy of a world, for ``gymnasium.make``."""
    return TabularEnv(WORLDS[world](**parameters))


def batch(
    world: str, num_envs: int, max_episode_steps: int | None = None, autoreset_mode="NextStep", **parameters
) -> TabularVectorEnv:
    """Many copies of a world, for ``gymnasium.make_vec``."""
    return TabularVectorEnv(WORLDS[world](**parameters), num_envs, max_episode_steps, autoreset_mode)

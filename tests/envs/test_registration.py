"""Gymnasium knows the worlds, and its own checker finds nothing wrong with them."""

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from rlcourse import envs
from rlcourse.envs.registration import WORLDS, register_worlds
from rlcourse.tabular import worlds
from rlcourse.tabular.garnet import garnet

ARGUMENTS = {
    "GridWorld": {"text": "S.\n#G", "slip": 0.2},
    "Garnet": {"n_states": 4, "n_actions": 2, "branching": 3, "seed": 8},
}
EXPECTED = {
    "TinyWorld": worlds.tiny_world(),
    "CliffWalk": worlds.cliff_walk(),
    "WindyGrid": worlds.windy_grid(),
    "RandomWalk": worlds.random_walk(),
    "Queue": worlds.queue(),
    "GridWorld": worlds.grid_world("S.\n#G", slip=0.2),
    "Garnet": garnet(4, 2, 3, np.random.default_rng(8), 0.9),
}
world = pytest.mark.parametrize("name", [*EXPECTED])


def test_every_world_is_here():
    assert WORLDS.keys() == EXPECTED.keys()


@world
def test_gymnasium_makes_the_world(name):
    env = gymnasium.make(f"rlcourse/{name}-v0", **ARGUMENTS.get(name, {}))
    batch = gymnasium.make_vec(f"rlcourse/{name}-v0", num_envs=3, **ARGUMENTS.get(name, {}))
    for mdp in (env.unwrapped.mdp, batch.mdp):
        np.testing.assert_array_equal(mdp.P, EXPECTED[name].P)
        np.testing.assert_array_equal(mdp.R, EXPECTED[name].R)
        np.testing.assert_array_equal(mdp.start, EXPECTED[name].start)
    assert isinstance(batch, gymnasium.vector.VectorEnv) and not isinstance(batch, gymnasium.vector.SyncVectorEnv)
    states, _ = batch.reset(seed=3)
    assert states in batch.observation_space
    for _ in range(3):
        states, rewards, *_ = batch.step(batch.action_space.sample())
        assert states in batch.observation_space and rewards.shape == (3,)


@world
def test_gymnasiums_checker_passes(name):
    # warnings are errors
    check_env(gymnasium.make(f"rlcourse/{name}-v0", **ARGUMENTS.get(name, {})).unwrapped)


def test_episodes_have_no_limit_of_their_own():
    walk = gymnasium.make("rlcourse/RandomWalk-v0", n=3)
    walk.reset()
    for _ in range(50):
        assert walk.step(0)[2:4] == walk.step(1)[2:4] == (False, False)
    assert gymnasium.make_vec("rlcourse/RandomWalk-v0").max_episode_steps is None


def test_arguments_reach_the_world_and_the_batch():
    assert gymnasium.make("rlcourse/RandomWalk-v0", n=3).observation_space.n == 5
    batch = gymnasium.make_vec("rlcourse/RandomWalk-v0", 2, n=5, max_episode_steps=4, autoreset_mode="SameStep")
    assert batch.single_observation_space.n == 7 and batch.max_episode_steps == 4
    assert batch.metadata["autoreset_mode"].value == "SameStep"
    limited = gymnasium.make("rlcourse/RandomWalk-v0", max_episode_steps=1)
    limited.reset()
    assert limited.step(0)[3]


def test_every_copy_of_a_random_world_is_the_same():
    copies = gymnasium.make_vec("rlcourse/Garnet-v0", 2, vectorization_mode="sync", **ARGUMENTS["Garnet"])
    np.testing.assert_array_equal(*(env.unwrapped.mdp.P for env in copies.envs))


def test_a_specification_can_be_written_down():
    spec = gymnasium.make("rlcourse/RandomWalk-v0", n=3).spec
    assert gymnasium.make(EnvSpec.from_json(spec.to_json())).observation_space.n == 5


def test_gymnasiums_worlds_without_a_table_are_refused():
    for name, space in (("CartPole-v1", "Box"), ("Blackjack-v1", "Tuple")):
        with pytest.raises(TypeError, match=f"env.observation_space is {space}.*; expected Discrete"):
            envs.mdp_from_gymnasium(gymnasium.make(name), 0.9)


def test_registering_again_is_silent():
    register_worlds()
    assert sorted(envs.__all__) == ["mdp_from_gymnasium", "to_gymnasium"]

"""Environments take the steps that the decision process says: exact laws, ends, limits, seeds."""

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from scipy import sparse

from rlcourse.envs.tabular_env import TabularEnv, TabularVectorEnv
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.worlds import random_walk, tiny_world

POINTS = 64  # evenly spaced numbers in [0, 1), among which an event of probability k/8 has exactly 8 k


class Evenly:
    """A generator whose numbers are evenly spaced, so that frequencies are probabilities."""

    def spawn(self, count):
        return [self] * count

    def random(self, size=None):
        return np.tile((np.arange(POINTS) + 0.5) / POINTS, size // POINTS)


def eighths():
    """Five states, the last terminal, two actions; all probabilities are multiples of 1/8."""
    P = np.array([[[0, 3, 5, 0, 0], [8, 0, 0, 0, 0]], [[1, 1, 1, 1, 4], [0, 0, 0, 8, 0]], [[2, 2, 1, 2, 1]] * 2])
    P = np.concatenate([P, [[[0, 7, 0, 1, 0], [0, 0, 0, 0, 8]], [[8, 0, 0, 0, 0]] * 2]]) / 8
    R = np.arange(10.0).reshape(5, 2) - 3
    return MDP(P, R, 0.9, start=np.array([1, 0, 2, 5, 0]) / 8, terminal=np.arange(5) == 4)


def in_sparse_form(mdp):
    return MDP(sparse.csr_array(mdp.P.reshape(-1, mdp.n_states)), mdp.R, mdp.gamma, mdp.start, mdp.terminal)


def frequencies(states, n_states):
    """Frequencies of states within each group of POINTS."""
    return np.array([np.bincount(group, minlength=n_states) for group in states.reshape(-1, POINTS)]) / POINTS


@pytest.mark.parametrize("form", [lambda mdp: mdp, in_sparse_form], ids=["dense", "sparse"])
def test_every_law_is_that_of_the_decision_process(form):
    mdp = eighths()
    pairs = np.repeat(np.arange(10), POINTS)
    envs = TabularVectorEnv(form(mdp), len(pairs))
    envs.np_random = Evenly()
    first, info = envs.reset()
    np.testing.assert_array_equal(frequencies(first, 5), np.tile(mdp.start, (10, 1)))
    assert info == {}
    envs.state[:] = pairs // 2
    states, rewards, terminated, truncated, info = envs.step(pairs % 2)
    np.testing.assert_array_equal(frequencies(states, 5).reshape(5, 2, 5), mdp.P)
    np.testing.assert_array_equal(rewards, mdp.R.ravel()[pairs])
    np.testing.assert_array_equal(terminated, states == 4)
    assert not truncated.any() and info == {}
    # those that have ended draw a first state, whatever the action
    ended = pairs == 9
    envs.ended[:] = ended
    states, rewards, terminated, *_ = envs.step(pairs % 2)
    np.testing.assert_array_equal(frequencies(states[ended], 5), [mdp.start])
    assert not rewards[ended].any() and not terminated[ended].any()


def test_a_single_environment_has_the_same_laws():
    mdp = eighths()
    env = TabularEnv(mdp)
    uniform = iter(np.tile(Evenly().random(POINTS), 11))
    env.np_random = type("OneByOne", (Evenly,), {"random": lambda self: next(uniform)})()
    first = np.array([env.reset()[0] for _ in range(POINTS)])
    np.testing.assert_array_equal(frequencies(first, 5), [mdp.start])
    for s, a in np.ndindex(5, 2):
        found = []
        for _ in range(POINTS):
            env.state = s
            state, reward, terminated, truncated, info = env.step(a)
            assert (reward, terminated, truncated, info) == (mdp.R[s, a], state == 4, False, {})
            found.append(state)
        np.testing.assert_array_equal(frequencies(np.array(found), 5), mdp.P[s, a][None])


def test_a_step_pays_the_reward_of_the_transition():
    plain = eighths()
    paid = np.random.default_rng(0).normal(size=(5, 2, 5))
    mdp = MDP(plain.P, paid, 0.9, plain.start, plain.terminal)
    pairs = np.repeat(np.arange(8), POINTS)
    envs = TabularVectorEnv(mdp, len(pairs))
    envs.np_random = Evenly()
    envs.reset()
    envs.state[:] = pairs // 2
    states, rewards, *_ = envs.step(pairs % 2)
    np.testing.assert_array_equal(rewards, paid[pairs // 2, pairs % 2, states])
    np.testing.assert_allclose(rewards.reshape(8, POINTS).mean(axis=1), mdp.R.ravel()[:8], atol=1e-12)
    env = TabularEnv(mdp)
    env.reset(seed=1)
    for _ in range(30):
        env.state = 1
        s_next, reward, *_ = env.step(0)
        assert reward == paid[1, 0, s_next]
    assert {(s_next, r) for _, s_next, r, _ in env.P[1][0]} == {(b, paid[1, 0, b]) for b in range(5)}


def test_the_table_is_in_gymnasiums_form():
    env = TabularEnv(tiny_world())
    assert env.P[2][2] == [(0.8, 3, -1.0, False), (0.2, 5, -1.0, True)]
    assert env.P[4] == {a: [(1.0, 4, 0.0, True)] for a in range(3)}
    assert [*env.P] == list(range(6)) and all([*env.P[s]] == [0, 1, 2] for s in env.P)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_batch_of_one_is_gymnasiums_batch_of_the_single_environment(mode):
    # gymnasium's own rules for resets and time limits, against ours
    mdp, limit = tiny_world(), 6
    theirs = SyncVectorEnv([lambda: TimeLimit(TabularEnv(mdp), limit)], autoreset_mode=mode)
    ours = TabularVectorEnv(mdp, 1, limit, mode)
    assert ours.observation_space == theirs.observation_space and ours.action_space == theirs.action_space
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.single_action_space == theirs.single_action_space
    assert ours.metadata["autoreset_mode"] is theirs.metadata["autoreset_mode"]
    assert ours.reset(seed=7)[0] == theirs.reset(seed=7)[0]
    rng, seen = np.random.default_rng(1), np.zeros(3, int)
    for _ in range(120):
        actions = rng.integers(0, 3, 1)
        mine, gyms = ours.step(actions), theirs.step(actions)
        for x, y in zip(mine[:4], gyms[:4], strict=True):
            np.testing.assert_array_equal(x, y)
            assert x.dtype == y.dtype
        assert mine[4] == gyms[4]
        seen += [mine[2][0], mine[3][0], mine[2][0] and mine[3][0]]
    assert (seen > 0).all(), "episodes that terminate, that are truncated, and both at once"


def test_the_next_step_begins_an_episode():
    envs = TabularVectorEnv(random_walk(3), 2)
    assert envs.reset()[0].tolist() == [2, 2]
    course = [(0, 0), (0, 1), (1, 1), (1, 1)]
    got = [envs.step(np.array(actions)) for actions in course]
    assert [step[0].tolist() for step in got] == [[1, 1], [0, 2], [2, 3], [3, 4]]
    assert [step[1].tolist() for step in got] == [[0, 0], [-1, 0], [0, 0], [0, 1]]
    assert [step[2].tolist() for step in got] == [[False] * 2, [True, False], [False] * 2, [False, True]]
    assert not any(step[3].any() or step[4] for step in got)
    assert envs.steps.tolist() == [1, 4]


def test_the_same_step_begins_an_episode_and_keeps_the_last_state():
    envs = TabularVectorEnv(random_walk(3), 2, autoreset_mode="SameStep")
    envs.reset()
    envs.step(np.array([0, 0]))
    states, rewards, terminated, truncated, info = envs.step(np.array([0, 1]))
    assert states.tolist() == [2, 2] and rewards.tolist() == [-1, 0] and terminated.tolist() == [True, False]
    assert not truncated.any()
    assert info["final_obs"].tolist() == [0, None] and info["_final_obs"].tolist() == [True, False]
    assert envs.steps.tolist() == [0, 2]
    states, _, terminated, _, info = envs.step(np.array([0, 1]))
    assert states.tolist() == [1, 3] and not terminated.any() and info == {}


def test_without_autoreset_the_caller_resets():
    envs = TabularVectorEnv(random_walk(1), 3, autoreset_mode=AutoresetMode.DISABLED)
    with pytest.raises(ResetNeeded, match="all of them first"):
        envs.reset(options={"reset_mask": np.ones(3, bool)})
    envs.reset(seed=0)
    states, _, terminated, *_ = envs.step(np.array([0, 1, 0]))
    assert terminated.all() and states.tolist() == [0, 2, 0]
    states, info = envs.reset(options={"reset_mask": np.array([True, False, True])})
    assert states.tolist() == [1, 2, 1] and info == {}
    with pytest.raises(ResetNeeded, match="copy 1 has ended"):
        envs.step(np.array([0, 0, 0]))
    with pytest.raises(TypeError, match="reset_mask: expected dtype bool"):
        envs.reset(options={"reset_mask": np.array([1, 0, 1])})
    with pytest.raises(ValueError, match=r"reset_mask: expected shape \(3,\), got \(2,\)"):
        envs.reset(options={"reset_mask": np.array([True, False])})


def test_terminated_and_truncated_are_two_things():
    envs = TabularVectorEnv(random_walk(3), 2, max_episode_steps=2)
    envs.reset()
    assert not any(flags.any() for flags in envs.step(np.array([0, 0]))[2:4])
    states, _, terminated, truncated, _ = envs.step(np.array([0, 1]))
    assert states.tolist() == [0, 2], "the successor, not the next start"
    assert terminated.tolist() == [True, False] and truncated.tolist() == [True, True]
    assert envs.step(np.array([0, 0]))[0].tolist() == [2, 2] and envs.steps.tolist() == [0, 0]


def test_a_seed_gives_the_course():
    def course(envs, **seed):
        first = envs.reset(**seed)[0]
        return np.array([first] + [envs.step(np.ones(4, int))[0] for _ in range(20)])

    envs = TabularVectorEnv(tiny_world(), 4)
    one = course(envs, seed=1)
    two = course(envs)
    assert (course(envs, seed=1) == one).all() and (course(envs) == two).all()
    assert (course(TabularVectorEnv(tiny_world(), 4), seed=1) == one).all()
    assert (one != two).any() and (course(envs, seed=2) != one).any()
    # copies do not share their chances
    assert (one[:, :1] != one[:, 1:]).any(axis=0).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_actions_with_the_same_seed_do_not_know_the_future(seed):
    # a fair coin is tossed and guessed; a shared stream of numbers guesses right every time, or wrong
    coin = MDP(np.full((2, 2, 2), 0.5), np.zeros((2, 2)), 0.9)
    envs = TabularVectorEnv(coin, 64)
    envs.action_space.seed(seed)
    states, right = envs.reset(seed=seed)[0], []
    for _ in range(50):
        actions = envs.action_space.sample()
        right.append(actions == states)
        states = envs.step(actions)[0]
        right.append(actions == states)
    assert (abs(np.mean(right[::2]) - 0.5) < 0.05) and (abs(np.mean(right[1::2]) - 0.5) < 0.05), "5.6 deviations"


def test_a_generator_may_be_given():
    course = []
    for _ in range(2):
        envs = TabularVectorEnv(tiny_world(), 4)
        envs.np_random = np.random.default_rng(3)
        course.append(np.array([envs.reset()[0]] + [envs.step(np.ones(4, int))[0] for _ in range(20)]))
    assert (course[0] == course[1]).all()


def test_a_reset_begins_everywhere():
    envs = TabularVectorEnv(random_walk(1), 2, max_episode_steps=3)
    envs.reset()
    envs.step(np.array([0, 0]))
    assert envs.reset()[0].tolist() == [1, 1]
    assert envs.step(np.array([1, 1]))[2].all(), "nobody waits after a reset"


def test_what_is_returned_belongs_to_the_caller():
    envs = TabularVectorEnv(random_walk(3), 2)
    first = envs.reset()[0]
    first[:] = 0
    states, _, terminated, *_ = envs.step(np.array([0, 0]))
    assert states.tolist() == [1, 1]
    states[:] = 3
    terminated[:] = True
    assert envs.step(np.array([1, 1]))[0].tolist() == [2, 2]


def test_bad_input_is_an_error_before_any_step():
    world = tiny_world()
    for make in (TabularEnv, lambda mdp: TabularVectorEnv(mdp, 2)):
        with pytest.raises(TypeError, match="mdp: expected an rlcourse.tabular.mdp.MDP, got ndarray"):
            make(world.P)
        with pytest.raises(ResetNeeded, match="call reset"):
            make(world).step(np.array([0, 0]))
    for name, arguments in (("num_envs", (0,)), ("num_envs", (1.5,)), ("max_episode_steps", (2, 0))):
        with pytest.raises(ValueError, match=f"{name} is .*; expected a whole number, at least 1"):
            TabularVectorEnv(world, *arguments)
    with pytest.raises(ValueError, match="not a valid AutoresetMode"):
        TabularVectorEnv(world, 2, autoreset_mode="never")
    env, envs = TabularEnv(world), TabularVectorEnv(world, 2)
    env.reset(seed=0), envs.reset(seed=0)
    before = envs.state.copy()
    for wrong in (3, -1):
        with pytest.raises(ValueError, match=f"the action is {wrong}; expected 0 to 2"):
            env.step(wrong)
        with pytest.raises(ValueError, match=rf"actions\[1\] is {wrong}; expected 0 to 2"):
            envs.step(np.array([0, wrong]))
    with pytest.raises(ValueError, match=r"expected shape \(2,\), one per copy, got \(3,\)"):
        envs.step(np.zeros(3, int))
    for actions in (np.zeros(2), np.zeros(2, bool)):
        with pytest.raises(TypeError, match="actions: expected integers, got dtype"):
            envs.step(actions)
    assert (envs.state == before).all()

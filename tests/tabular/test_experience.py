"""Records of episodes: their shape, their law (where it is forced, exactly), and what the loops get from them."""

import numpy as np
import pytest
from scipy import sparse

from rlcourse.tabular.experience import Experience, sample_experience
from rlcourse.tabular.mdp import MDP, deterministic_policy, uniform_policy
from rlcourse.tabular.targets import lambda_return_moments
from rlcourse.tabular.worlds import cliff_walk, random_walk


def corridor(n=4, start=None):
    """Action 1 goes right, action 0 stays; the right end is terminal. Rewards name state and action."""
    P = np.zeros((n, 2, n))
    P[np.arange(n), 0, np.arange(n)] = 1
    P[np.arange(n), 1, np.minimum(np.arange(n) + 1, n - 1)] = 1
    return MDP(P, np.arange(2.0 * n).reshape(n, 2), 1.0, start=start, terminal=np.arange(n) == n - 1)


@pytest.mark.parametrize("make", [np.asarray, lambda P: sparse.csr_array(P.reshape(-1, P.shape[-1]))])
def test_a_forced_episode(make):
    world = corridor(start=np.eye(4)[1])
    world = MDP(make(np.array(world.P)), world.R, 1.0, start=world.start, terminal=world.terminal)
    record = sample_experience(world, deterministic_policy([1, 1, 1, 1], 2), runs=2, episodes=2, seed=0)
    np.testing.assert_array_equal(record.s, [1, 2] * 4)
    np.testing.assert_array_equal(record.s_next, [2, 3] * 4)
    np.testing.assert_array_equal(record.r, [3, 5] * 4)
    np.testing.assert_array_equal(record.terminated, [False, True] * 4)
    assert not record.truncated.any()
    np.testing.assert_array_equal(record.ends, [[2, 4], [6, 8]])
    assert record.n_states == 4


def test_a_cut_episode():
    record = sample_experience(corridor(), deterministic_policy([0, 0, 0, 0], 2), 2, 2, seed=0, max_steps=3)
    np.testing.assert_array_equal(record.ends, [[3, 6], [9, 12]])
    np.testing.assert_array_equal(record.truncated, [False, False, True] * 4)
    assert not record.terminated.any()


def test_an_episode_that_starts_at_its_end_is_empty():
    record = sample_experience(corridor(start=np.eye(4)[3]), uniform_policy(corridor()), 2, 3, seed=0)
    assert len(record.s) == 0
    np.testing.assert_array_equal(record.ends, np.zeros((2, 3)))


def test_episodes_are_paths_of_the_walk():
    walk = random_walk(5)
    record = sample_experience(walk, uniform_policy(walk), runs=3, episodes=4, seed=7)
    assert (np.abs(record.s_next - record.s) == 1).all()
    np.testing.assert_array_equal(record.terminated, np.isin(record.s_next, [0, 6]))
    np.testing.assert_array_equal(record.r, np.select([record.s_next == 0, record.s_next == 6], [-1, 1], 0))
    begins = np.concatenate([[0], record.ends.ravel()[:-1]])
    np.testing.assert_array_equal(record.s[begins], 3)
    inside = ~record.terminated[:-1]
    np.testing.assert_array_equal(record.s[1:][inside], record.s_next[:-1][inside])
    np.testing.assert_array_equal(np.flatnonzero(record.terminated) + 1, record.ends.ravel())


def test_every_outcome_has_its_share():
    """2000 single steps, six outcomes, each within five standard errors, less than most differences between them."""
    P = np.zeros((5, 2, 5))
    P[1, 0, 2:], P[1, 1, 2:] = [0.2, 0.3, 0.5], [0.6, 0.1, 0.3]
    P[[0, 2, 3, 4], :, 4] = 1
    R = np.array([[0.0, 0], [0, 10], [0, 0], [0, 0], [0, 0]])
    world = MDP(P, R, 1.0, start=np.eye(5)[1], terminal=np.arange(5) > 1)
    pi = np.array([[1, 0], [0.3, 0.7], [1, 0], [1, 0], [1, 0]])
    record = sample_experience(world, pi, runs=1, episodes=2000, seed=1)
    for a in (0, 1):
        for b in (2, 3, 4):
            share = ((record.r == 10 * a) & (record.s_next == b)).mean()
            p = pi[1, a] * P[1, a, b]
            assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / 2000)


@pytest.mark.parametrize("make", [np.asarray, lambda P: sparse.csr_array(P.reshape(-1, P.shape[-1]))])
def test_rewards_of_transitions_have_their_exact_variance(make):
    """Of 4000 returns, whose variance is 4 with the rewards of the transitions and 0 with their means."""
    P, R = np.zeros((4, 1, 4)), np.zeros((4, 1, 4))
    P[0, 0, [1, 2]] = P[1:3, 0, 3] = [0.5, 0.5]
    P[1:3, 0, 3] = 1
    R[0, 0, [1, 2]], R[1, 0, 3], R[2, 0, 3] = [3, -1], 1, 1
    world = MDP(make(P), R, 1.0, start=np.eye(4)[0], terminal=np.arange(4) == 3)
    pi = np.ones((4, 1))
    exact = lambda_return_moments(world, pi, np.zeros(4), 1.0)
    assert exact.variance[0] == pytest.approx(4) and exact.mean[0] == pytest.approx(2)
    record = sample_experience(world, pi, runs=1, episodes=4000, seed=3)
    np.testing.assert_array_equal(record.r, world.rewards[record.s, 0, record.s_next])
    found = record.r.reshape(4000, 2).sum(axis=1)
    # the deviations from the mean are 2 and -2, so that the variance found lies within the square of the mean's error
    assert abs(found.mean() - 2) < 5 * 2 / np.sqrt(4000) and abs(found.var() - 4) < 25 * 4 / 4000


def test_starts_follow_their_law():
    world = corridor(start=np.array([0.2, 0.5, 0.3, 0]))
    record = sample_experience(world, deterministic_policy([1] * 4, 2), 1, 2000, 1)
    first = record.s[np.concatenate([[0], record.ends[0, :-1]])]
    for s, p in enumerate([0.2, 0.5, 0.3]):
        assert abs((first == s).mean() - p) < 5 * np.sqrt(p * (1 - p) / 2000)


def test_runs_do_not_depend_on_each_other():
    walk = random_walk(5)
    pi = uniform_policy(walk)
    many = sample_experience(walk, pi, runs=3, episodes=4, seed=7)
    few = sample_experience(walk, pi, runs=2, episodes=2, seed=7)
    for run in range(2):
        begins = [0 if run == 0 else x.ends[run - 1, -1] for x in (many, few)]
        length = few.ends[run, -1] - begins[1]
        np.testing.assert_array_equal(many.s[begins[0] :][:length], few.s[begins[1] :][:length])
    assert not np.array_equal(many.s[:4], many.s[many.ends[0, -1] :][:4]) or len(set(np.diff(many.ends[:, -1]))) > 1
    again = sample_experience(walk, pi, runs=3, episodes=4, seed=7)
    np.testing.assert_array_equal(again.s, many.s)


def test_learn_hands_the_loop_what_it_promises():
    record = Experience(
        np.array([0, 0, 1]), np.ones(3), np.array([0, 2, 2]), np.array([False, True, True]), np.zeros(3, bool),
        np.array([[2], [3]]), 3,
    )
    seen = {}

    def loop(s, r, s_next, terminated, ends, v, alpha, schedule, extra, out):
        seen.update(v=v.copy(), alpha=alpha.copy(), schedule=schedule.copy(), extra=extra, shape=out.shape)
        out[:] = np.arange(out.size).reshape(out.shape)

    got = record.learn(loop, 2.0, [0.5, 0.25], 0.5, "x")
    np.testing.assert_array_equal(seen["v"], [2, 2, 2])
    np.testing.assert_array_equal(seen["alpha"], [0.5, 0.25, 0, 0])
    np.testing.assert_allclose(seen["schedule"], [1, 2**-0.5])  # the longest run has two steps
    assert seen["extra"] == "x" and seen["shape"] == (2, 1, 3, 4)
    assert got.shape == (2, 2, 1, 3)
    np.testing.assert_array_equal(got[1, 0, 0], [1, 5, 9])
    assert record.learn(loop, 2.0, 0.5, 0.5, "x").shape == (2, 1, 3)
    assert record.learn(loop, 2.0, np.full(5, 0.5), 0.5, "x").shape == (5, 2, 1, 3)
    assert seen["shape"][-1] == 8


def test_bad_arguments_are_named():
    walk, pi = random_walk(5), uniform_policy(random_walk(5))
    for name in ("runs", "episodes", "max_steps"):
        for count in (0, 1.5):
            with pytest.raises(ValueError, match=f"{name} is {count}; expected a whole number"):
                sample_experience(walk, pi, **{"runs": 1, "episodes": 1, "seed": 0, name: count})
    with pytest.raises(ValueError, match="from state 0 an episode ends only with probability 0; give max_steps"):
        sample_experience(corridor(), deterministic_policy([0, 1, 1, 1], 2), 1, 1, seed=0)
    with pytest.raises(ValueError, match="no terminal state"):
        sample_experience(MDP(np.ones((1, 1, 1)), np.ones((1, 1)), 0.9), np.ones((1, 1)), 1, 1, seed=0)
    with pytest.raises(ValueError, match="pi"):
        sample_experience(walk, pi[:3], 1, 1, seed=0)
    for seed in (1.5, -1, None):
        with pytest.raises(ValueError, match=f"seed is {seed}; expected a whole number, at least 0"):
            sample_experience(walk, pi, 1, 1, seed=seed)
    with pytest.raises(TypeError, match="mdp: expected an rlcourse.tabular.mdp.MDP, got int"):
        sample_experience(3, pi, 1, 1, seed=0)
    # cells that are never entered need not lead to the goal
    assert sample_experience(cliff_walk(), uniform_policy(cliff_walk()), 1, 1, seed=0, max_steps=5).ends[0, 0] <= 5


def record(**changes):
    """Two runs of two episodes; the last one is empty."""
    fields = {
        "s": np.array([0, 1, 1]), "r": np.ones(3), "s_next": np.array([1, 2, 0]),
        "terminated": np.array([False, True, False]), "truncated": np.array([False, False, True]),
        "ends": np.array([[2, 3], [3, 3]]), "n_states": 3,
    }  # fmt: skip
    return Experience(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes, error, words",
    [
        ({"s": np.array([0, 3, 1])}, ValueError, r"s\[1\] is 3; expected a state, 0 to 2"),
        ({"s_next": np.array([0, 1, -1])}, ValueError, r"s_next\[2\] is -1; expected a state, 0 to 2"),
        ({"s": np.array([0.0, 1, 1])}, TypeError, "s: expected integers .states., got dtype float64"),
        ({"r": np.ones(2)}, ValueError, r"r: expected an array with one entry per step, \(3,\), got shape \(2,\)"),
        ({"r": [1.0, 1, 1]}, ValueError, "r: expected an array"),
        ({"r": np.array([1, np.nan, 1])}, ValueError, r"r\[1\] is nan"),
        ({"r": np.ones(3, bool)}, TypeError, "r: expected real numbers, got dtype bool"),
        ({"terminated": np.array([0, 1, 0])}, TypeError, "terminated: expected dtype bool"),
        ({"truncated": np.array([0, 0, 1])}, TypeError, "truncated: expected dtype bool"),
        ({"truncated": np.zeros(3, bool)}, ValueError, "step 2 has terminated False and truncated False; expected one"),
        ({"truncated": np.ones(3, bool)}, ValueError, "step 0 has terminated False and truncated True; expected one"),
        ({"ends": np.array([[2, 3], [3, 4]])}, ValueError, "ends stops at 4; expected the last episode to end after 3"),
        ({"ends": np.array([[2, 2], [2, 2]])}, ValueError, "ends stops at 2"),
        ({"ends": np.array([[2, 1], [3, 3]])}, ValueError, r"ends\[0, 1\] is 1; expected no less than the end of the"),
        ({"ends": np.array([[-1, 2], [3, 3]])}, ValueError, r"ends\[0, 0\] is -1"),
        ({"ends": np.array([2, 3])}, ValueError, r"ends: expected an array .* got int64 of shape \(2,\)"),
        ({"ends": np.array([[2.0, 3]])}, ValueError, "ends: expected an array .* got float64"),
        ({"ends": [[2, 3], [3, 3]]}, ValueError, r"ends: expected an array .* got list of shape \(2, 2\)"),
        ({"n_states": 1.5}, ValueError, "n_states is 1.5; expected a whole number"),
    ],
)
def test_a_record_that_is_none_is_refused(changes, error, words):
    with pytest.raises(error, match=words):
        record(**changes).learn(lambda *args: None, 0.0, 0.5, 0.0)


def test_records_that_hold_little():
    seen = []
    for changes in ({}, {"ends": np.array([[2, 3]])}, {"ends": np.array([[2, 3, 3]])}):
        assert record(**changes).learn(lambda *args: seen.append(len(args[7])), 0.0, 0.5, 0.0).shape[-1] == 3
    assert seen == [3, 3, 3]
    nothing = {name: getattr(record(), name)[:0] for name in ("s", "r", "s_next", "terminated", "truncated")}
    for shape in ((0, 2), (2, 0), (1, 1)):
        empty = record(**nothing, ends=np.zeros(shape, int))
        assert empty.learn(lambda *args: None, 0.0, 0.5, 0.0).shape == (*shape, 3)
    with pytest.raises(TypeError, match="power: expected one number"):
        record().learn(lambda *args: None, 0.0, 0.5, [0, 1])

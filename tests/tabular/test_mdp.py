"""Decision processes: validation, values, visits, differences, against sums over the times."""

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles import mdp as oracle
from scipy import sparse

from rlcourse.tabular import mdp as module
from rlcourse.tabular.mdp import MDP

STATES, ACTIONS = 4, 3
SEEDS = st.integers(0, 10**6)
LONG = 100  # steps after which nothing is left: gamma is at most 0.7, or half of the episodes end in each


def arrays(seed):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(STATES), (STATES, ACTIONS)) * (rng.random((STATES, ACTIONS, STATES)) < 0.7)
    P[..., -1] += 1  # half of the steps lead to the last state
    return P / P.sum(axis=-1, keepdims=True), rng.normal(size=(STATES, ACTIONS)), rng


def both(seed, gamma, terminal=True):
    """The same problem dense and sparse, and two policies."""
    P, R, rng = arrays(seed)
    ends = np.arange(STATES) == STATES - 1 if terminal else None
    start = rng.dirichlet(np.ones(STATES))
    policies = rng.dirichlet(np.ones(ACTIONS), (2, STATES))
    dense = MDP(P, R, gamma, start, ends)
    return (dense, MDP(sparse.csr_array(P.reshape(-1, STATES)), R, gamma, start, ends)), policies


@settings(max_examples=15)
@given(SEEDS, st.floats(0, 0.7), st.booleans())
@example(0, 1.0, True)
def test_values_and_visits_are_sums_over_the_times(seed, gamma, terminal):
    problems, (pi, _) = both(seed, gamma, terminal)
    dense = problems[0]
    P, R = dense.P, dense.R
    v = [oracle.mean_return(P, R, pi, np.eye(STATES)[s], gamma, LONG) for s in range(STATES)]
    q = R + gamma * np.array([[sum(P[s, a] * v) for a in range(ACTIONS)] for s in range(STATES)])
    d = oracle.visits(P, pi, dense.start, gamma, LONG)
    if terminal:
        d[-1] = 0
    else:
        np.testing.assert_allclose(d.sum(), 1 / (1 - gamma))
    for mdp in problems:
        found = module.policy_values(mdp, pi)
        np.testing.assert_allclose(found.v, v, atol=1e-10)
        np.testing.assert_allclose(found.q, q, atol=1e-10)
        np.testing.assert_allclose(found.adv, q - np.array(v)[:, None], atol=1e-10)
        np.testing.assert_allclose(module.state_visitation(mdp, pi), d, atol=1e-10)
        np.testing.assert_allclose(module.performance(mdp, pi), dense.start @ v, atol=1e-10)
        np.testing.assert_allclose(d @ module.policy_rewards(mdp, pi), dense.start @ v, atol=1e-10)


@settings(max_examples=15)
@given(SEEDS, st.floats(0, 0.9))
def test_the_performance_difference(seed, gamma):
    for mdp in both(seed, gamma)[0]:
        pi, old = both(seed, gamma)[1]
        difference = module.performance(mdp, pi) - module.performance(mdp, old)
        np.testing.assert_allclose(module.performance_difference(mdp, pi, old), difference, atol=1e-10)


def test_the_difference_is_not_symmetric_in_its_parts():
    # visits of the new policy with advantages of the old one: the other way round gives another number
    (mdp, _), (pi, old) = both(3, 0.9)
    wrong = module.state_visitation(mdp, old) @ (pi * module.policy_values(mdp, old).adv).sum(axis=1)
    assert abs(wrong - module.performance_difference(mdp, pi, old)) > 1e-3


def test_the_chain_of_a_policy():
    problems, (pi, _) = both(0, 0.9)
    P = problems[0].P
    want = [[sum(pi[s, a] * P[s, a, x] for a in range(ACTIONS)) for x in range(STATES)] for s in range(STATES)]
    dense, thin = (module.policy_chain(mdp, pi).P for mdp in problems)
    np.testing.assert_allclose(dense, want)
    np.testing.assert_allclose(thin.toarray(), want)
    np.testing.assert_allclose(problems[1].expect(np.arange(STATES)), problems[0].P @ np.arange(STATES))
    np.testing.assert_allclose(problems[0].expect(np.arange(STATES)), problems[0].P @ np.arange(STATES))


def test_rewards_of_transitions_become_their_means():
    P, _, rng = arrays(1)
    R = rng.normal(size=P.shape)
    want = [[sum(P[s, a] * R[s, a]) for a in range(ACTIONS)] for s in range(STATES)]
    np.testing.assert_allclose(MDP(P, R, 0.9).R, want)
    np.testing.assert_allclose(MDP(sparse.csr_array(P.reshape(-1, STATES)), R, 0.9).R, want)


@pytest.mark.parametrize("form", [np.array, lambda P: sparse.csr_array(P.reshape(-1, STATES))])
def test_terminal_states_are_absorbing_and_worth_nothing(form):
    P, R, _ = arrays(2)
    P[1] = 0  # what is given for a terminal state does not matter
    mdp = MDP(form(P), R, 1.0, terminal=np.array([False, True, False, True]))
    for s in (1, 3):
        here = np.eye(STATES)[s]
        np.testing.assert_array_equal(mdp.expect(here)[s], 1)
    assert not mdp.R[[1, 3]].any() and mdp.R[[0, 2]].all()
    np.testing.assert_allclose(mdp.expect(np.ones(STATES)), 1)
    np.testing.assert_array_equal(mdp.start, [0.5, 0, 0.5, 0])
    assert not module.policy_values(mdp, module.uniform_policy(mdp)).v[[1, 3]].any()


def test_it_is_a_copy_that_cannot_be_changed():
    P, R, _ = arrays(0)
    start, terminal = np.ones(STATES) / STATES, np.arange(STATES) == 3
    mdp = MDP(P, R, 0.9, start, terminal)
    thin = MDP(sparse.csr_array(P.reshape(-1, STATES)), R, 0.9)
    before = mdp.P.copy(), mdp.R.copy()
    P[:], R[:], start[:], terminal[:] = 0, 0, 0, True
    np.testing.assert_array_equal(mdp.P, before[0])
    np.testing.assert_array_equal(mdp.R, before[1])
    assert mdp.start.all() and mdp.terminal.sum() == 1
    for array in (mdp.P, mdp.R, mdp.start, mdp.terminal, thin.P.data, thin.P.indices, thin.P.indptr):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        mdp.gamma = 0.5
    assert (mdp.n_states, mdp.n_actions, mdp.is_sparse, thin.is_sparse) == (4, 3, False, True)


def chain_with_a_loop():
    """0 -> 1 -> 2 (terminal) by action 0; action 1 stays."""
    P = np.zeros((3, 2, 3))
    P[[0, 1], 0, [1, 2]] = 1
    P[[0, 1], 1, [0, 1]] = 1
    return P


def test_without_discount_a_policy_must_end():
    mdp = MDP(chain_with_a_loop(), np.full((3, 2), -1.0), 1, terminal=np.arange(3) == 2)
    np.testing.assert_allclose(module.policy_values(mdp, module.uniform_policy(mdp)).v, [-4, -2, 0])
    np.testing.assert_allclose(module.state_visitation(mdp, module.uniform_policy(mdp)), [1, 2, 0])
    stays = module.deterministic_policy([0, 1, 0], 2)
    for function in (module.policy_values, module.state_visitation, module.performance):
        with pytest.raises(ValueError, match=r"may never end from state 0 \(2 in all\)"):
            function(mdp, stays)
        with pytest.raises(ValueError, match=r"may never end from state 1 \(1 in all\)"):
            function(MDP(mdp.P[[0, 1, 2]], mdp.R, 1, terminal=np.array([True, False, True])), stays)
    endless = MDP(chain_with_a_loop() + np.eye(3)[:, None] * (np.arange(3) == 2)[:, None, None], mdp.R, 1)
    with pytest.raises(ValueError, match=r"may never end from state 0 \(3 in all\)"):
        module.policy_values(endless, stays)


def test_policies():
    mdp = both(0, 0.9)[0][0]
    np.testing.assert_array_equal(module.uniform_policy(mdp), np.full((4, 3), 1 / 3))
    np.testing.assert_array_equal(module.deterministic_policy([2, 0], 3), [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize(
    "actions, error, message",
    [
        ([0.0, 1.0], TypeError, "actions: expected integers, got dtype float64"),
        ([0, 3], ValueError, "one of 0 to 2 for each state.* got 3 in state 1"),
        ([-1, 0], ValueError, "got -1 in state 0"),
        ([[0]], ValueError, r"got shape \(1, 1\)"),
    ],
)
def test_wrong_actions_are_refused(actions, error, message):
    with pytest.raises(error, match=message):
        module.deterministic_policy(actions, 3)


def spoiled(index, value):
    P = arrays(0)[0]
    P[index] = value
    return P


@pytest.mark.parametrize(
    "change, message",
    [
        ({"P": spoiled((2, 1), 0.3)}, r"P\[2, 1, :\] sums to 1.2; expected 1"),
        ({"P": np.ones((4, 3, 1))}, r"P: expected shape \[S, A, S\]"),
        ({"P": sparse.csr_array(np.ones((11, 4)))}, r"P: expected shape \[S, A, S\].* got \(11, 4\)"),
        ({"R": np.full((4, 3), np.nan)}, r"R\[0, 0\] is nan"),
        ({"R": np.zeros((4, 2))}, r"R: expected shape \(4, 3\) or \(4, 3, 4\).* got \(4, 2\)"),
        ({"gamma": 1.1}, "gamma is 1.1; expected a number in"),
        ({"gamma": np.nan}, "gamma is nan"),
        ({"start": np.full(4, 0.2500001, np.float32)}, r"start\[:\] sums to 1.00.*the numbers are float32"),
        ({"start": np.array([1.5, -0.5, 0, 0])}, r"start\[1\] is -0.5"),
        ({"start": np.ones(3) / 3}, r"start: expected shape \(4,\)"),
        ({"terminal": np.zeros(3, bool)}, r"terminal: expected shape \(4,\)"),
        ({"terminal": np.ones(4, bool)}, "every state is terminal"),
    ],
)
def test_a_wrong_problem_is_refused(change, message):
    P, R, _ = arrays(0)
    with pytest.raises(ValueError, match=message):
        MDP(**{"P": P, "R": R, "gamma": 0.9, **change})


@pytest.mark.parametrize(
    "change, message",
    [
        ({"terminal": np.array([0, 0, 0, 1])}, "terminal: expected dtype bool"),
        ({"R": np.full((4, 3), "1")}, "R: expected real numbers"),
        ({"R": np.ones((4, 3), bool)}, "R: expected real numbers"),
        ({"gamma": np.array([0.9, 0.8])}, r"gamma: expected one number in \[0, 1\], got an array of shape \(2,\)"),
        ({"start": ["a", "b", "c", "d"]}, "start: expected real numbers, got dtype <U1"),
    ],
)
def test_a_wrong_type_is_refused(change, message):
    P, R, _ = arrays(0)
    with pytest.raises(TypeError, match=message):
        MDP(**{"P": P, "R": R, "gamma": 0.9, **change})


@pytest.mark.parametrize(
    "function", [module.policy_chain, module.policy_rewards, module.policy_values, module.state_visitation]
)
def test_a_wrong_policy_is_refused(function):
    mdp = both(0, 0.9)[0][0]
    pi = module.uniform_policy(mdp)
    with pytest.raises(ValueError, match=r"pi\[0, :\] sums to 0.5"):
        function(mdp, pi / 2)
    with pytest.raises(ValueError, match=r"pi: expected shape \(4, 3\).* got \(3, 4\)"):
        function(mdp, pi.T)
    with pytest.raises(ValueError, match="the numbers are float32, whose rounding is larger than 1e-09"):
        function(mdp, pi.astype(np.float32))


def test_only_values_of_states_have_a_mean():
    for mdp in both(0, 0.9)[0]:
        for v, message in (
            (np.ones(3), r"v: expected shape \(4,\), one value per state, got \(3,\)"),
            (np.ones((4, 1)), r"v: expected shape .* got \(4, 1\)"),
            ([1, 2, np.nan, 3], r"v\[2\] is nan"),
        ):
            with pytest.raises(ValueError, match=message):
                mdp.expect(v)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 4)])
def test_rewards_of_terminal_states_do_not_matter_and_all_are_double(shape):
    P, _, rng = arrays(0)
    R, ends = rng.normal(size=shape).astype(np.float32), np.arange(STATES) == 1
    want = MDP(P, R.astype(float), 0.9, terminal=ends).R
    R[1], P[1] = np.nan, np.nan
    for form in (P, sparse.csr_array(P.reshape(-1, STATES))):
        mdp = MDP(form, R, 0.9, terminal=ends)
        assert mdp.R.dtype == np.float64
        np.testing.assert_array_equal(mdp.R, want)


@pytest.mark.parametrize("form", [np.array, lambda P: sparse.csr_array(P.reshape(-1, 2))])
def test_a_policy_that_ends_late_gets_its_values_or_a_clear_error(form):
    for p in (1e-15, 1e-17):
        P = np.array([[[1 - p, p]], [[0, 1]]])
        mdp = MDP(form(P), [[p], [0]], 1, terminal=[False, True])
        if mdp.is_sparse:
            with pytest.raises(ValueError, match="hardly ever ends from state 0"):
                module.policy_values(mdp, module.uniform_policy(mdp))
        else:
            np.testing.assert_allclose(module.policy_values(mdp, module.uniform_policy(mdp)).v, [1, 0])


@pytest.mark.parametrize("make", [np.asarray, lambda P: sparse.csr_array(P.reshape(-1, P.shape[-1]))])
def test_rewards_of_transitions_are_kept(make):
    rng = np.random.default_rng(0)
    P, paid, ends = rng.dirichlet(np.ones(4), (4, 2)), rng.normal(size=(4, 2, 4)), np.arange(4) == 3
    world = MDP(make(P), paid, 0.9, terminal=ends)
    np.testing.assert_array_equal(world.rewards[:3], paid[:3])
    assert not world.rewards[3].any() and not world.R[3].any()
    np.testing.assert_allclose(world.R[:3], (P * paid).sum(axis=2)[:3], atol=1e-15)
    means = MDP(make(P), world.R, 0.9, terminal=ends)
    assert means.rewards.shape == (4, 2, 4) and (means.rewards == world.R[:, :, None]).all()
    assert np.shares_memory(means.rewards, means.R)
    for each in (world, means):
        with pytest.raises(ValueError, match="read-only"):
            each.rewards[0, 0, 0] = 1

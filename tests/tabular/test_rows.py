"""Rows and chains as the sweeps read them, and what they say about rounding."""

import warnings

import numpy as np
import pytest
from oracles import dp as oracle
from scipy import sparse

from rlcourse.tabular import rows as rows_module
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.rows import Chain, Rows, change, rounding

EPS = np.finfo(float).eps


def drawn(*args, **how):
    return MDP(**oracle.random_process(*args, **how))


def corridor(gamma=1.0, step=-1.0):
    """0 <- 1 <- 2: the first action goes on with probability 1/2, the second stays."""
    P = np.zeros((3, 2, 3))
    P[0, :, 0] = P[1, 1, 1] = P[2, 1, 2] = 1
    P[1, 0, [0, 1]] = P[2, 0, [1, 2]] = 0.5
    return MDP(P, np.full((3, 2), step), gamma, terminal=np.arange(3) == 0)


def test_the_size_of_a_change():
    assert change(-3.0, 1.0, True) == 4
    assert change(-3.0, 1.0, False) == change(-1.0, 3.0, False) == 3


@pytest.mark.parametrize("is_sparse", [False, True])
def test_rows_from_the_end(is_sparse):
    dense = drawn(5, terminal=(2,), states=4)
    P = sparse.csr_array(dense.P.reshape(-1, 4)) if is_sparse else dense.P
    mdp = MDP(P, dense.R, 0.75, terminal=dense.terminal)
    plain, ordered = Rows.of(mdp), Rows.of(mdp, from_the_end=True)
    assert plain.order is None and ordered.order[0] == 2
    for rows, order in ((plain, np.arange(4)), (ordered, ordered.order)):
        packed = sparse.csr_array((rows.p, rows.to, rows.first), shape=(8, 4)).toarray().reshape(4, 2, 4)
        np.testing.assert_allclose(packed, dense.P[order][:, :, order])
        np.testing.assert_array_equal(rows.R, dense.R[order])
        np.testing.assert_array_equal(rows.terminal, dense.terminal[order])
        x = np.array([3.0, 1.0, 4.0, 1.5])
        np.testing.assert_array_equal(rows.renumbered(x), x[order])
        np.testing.assert_array_equal(rows.original(rows.renumbered(x)), x)
        assert rows.renumbered(x) is not x
    for i, s in enumerate(ordered.order[1:], start=1):
        assert dense.P[s, ordered.toward[i], ordered.order[:i]].sum() > 0
    np.testing.assert_array_equal(plain.first_actions(), dense.R.argmax(axis=1))
    np.testing.assert_array_equal(ordered.first_actions(), ordered.toward)


def test_predecessors_of_a_state():
    mdp = drawn(5, states=4)
    first, states, p = Rows.of(mdp).predecessors()
    found = sparse.csc_array((p, states, first), shape=(4, 4)).toarray()
    np.testing.assert_array_equal(found, mdp.P.max(axis=1))


def test_values_that_start_below():
    for step, low in ((-2.0, -8.0), (2.0, 0.0)):
        rows = Rows.of(corridor(0.75, step))
        np.testing.assert_array_equal(rows.lower_start(rows.first_actions()), [0, low, low])
    rows = Rows.of(corridor(1.0))
    np.testing.assert_allclose(rows.lower_start(rows.first_actions()), [0, -2, -4], atol=0.01)


def test_an_in_place_sweep_counts_no_change_as_a_change():
    mdp = drawn(1)
    rows, action = Rows.of(mdp), np.zeros(3, np.int32)
    v = np.full(3, -50.0)
    assert rows.optimal_sweep(v.copy(), np.empty(3), action)[0] > 0
    w = v.copy()
    assert rows.optimal_sweep(w, w, action)[:2] == (0, pytest.approx((w - v).max()))
    v = np.full(3, 50.0)
    assert rows.optimal_sweep(v.copy(), np.empty(3), action)[1] < 0
    assert rows.optimal_sweep(v, v, action)[1] == 0


@pytest.mark.parametrize("is_sparse", [False, True])
def test_measures_of_the_rows(is_sparse):
    """Rows of 2 and 1, then 3 and 2 successors; the third sums to 1 + 4e-10."""
    P = np.array([[[0.5, 0.5, 0], [0, 0, 1]], [[0.25, 0.25, 0.5 + 4e-10], [0, 0.5, 0.5]], [[0, 1, 0], [1, 0, 0]]])
    rows = Rows.of(MDP(sparse.csr_array(P.reshape(-1, 3)) if is_sparse else P, np.ones((3, 2)), 0.5))
    assert rows.entries == 2 + 3 + 1
    assert rows.relative == (3 + 20) * EPS / 2
    assert rows.excess == pytest.approx(4e-10, rel=1e-4) and rows.excess > 4e-10
    least, most = rows.factors()
    assert (least, most) == pytest.approx((0.5 - 2e-10, 0.5 + 2e-10), rel=1e-13)
    P[1, 0, 2] -= 8e-10
    assert Rows.of(MDP(P, np.ones((3, 2)), 0.5)).excess == pytest.approx(4e-10, rel=1e-4)


def test_the_rows_of_a_policy():
    mdp, pi = drawn(3, terminal=(1,)), np.array([[0.5, 0.5], [1, 0], [0.25, 0.75]])
    rows, plain = Rows.of_policy(mdp, pi), Rows.of(mdp)
    P = sparse.csr_array((rows.p, rows.to, rows.first), shape=(3, 3)).toarray()
    np.testing.assert_allclose(P, np.einsum("sa,sat->st", pi, mdp.P))
    np.testing.assert_allclose(rows.R, (pi * mdp.R).sum(axis=1, keepdims=True))
    # means of two numbers are rounded
    mixed = Rows.of(MDP(P[:, None], rows.R, 0.75))
    for measure in ("excess", "relative"):
        assert getattr(rows, measure) - getattr(mixed, measure) == pytest.approx(2 * EPS, rel=1e-6, abs=0)
    for R in (mdp.R, np.array([[4.0, -4.0], [0, 1], [3, -1]])):
        absolute = Rows.of_policy(MDP(mdp.P, R, 0.75), pi).absolute
        assert absolute == pytest.approx(2 * EPS * (pi * np.abs(R)).sum(axis=1).max(), abs=0)
    assert Rows.of_policy(MDP(mdp.P, 0 * mdp.R, 0.75), pi).absolute == plain.absolute > 0
    stay = MDP(corridor().P, corridor().R, 1.0, terminal=corridor().terminal)
    with pytest.raises(ValueError, match=r"gamma is 1 and the policy may never end from state 1"):
        Rows.of_policy(stay, np.eye(2)[[0, 1, 1]])


@pytest.mark.parametrize("gamma", [0.75, 1.0])
def test_the_value_of_a_chain(gamma):
    mdp = MDP(drawn(5, states=4).P, drawn(5, states=4).R, gamma, terminal=np.arange(4) == 2)
    action = np.array([1, 0, 0, 1], np.int32)
    exact = oracle.values_of(*map(oracle.exact, (mdp.P, mdp.R, gamma)), mdp.terminal, action)
    exact = np.array(exact, float)
    chain = Chain(Rows.of(mdp)).pack(action)
    for start in (exact, exact + 1, exact - 5, 3 * exact):
        v = np.where(mdp.terminal, 0, start)
        low, high, _ = chain.sweep(v, np.empty(4), 1, 0.0, True)
        value, wrong = chain.value(v, low, high)
        assert np.abs(value - exact).max() <= wrong and value[2] == 0
        assert wrong <= 1e-12 or start is not exact
        if gamma < 1:
            np.testing.assert_allclose(value, np.where(mdp.terminal, 0, v + 3 * (low + high) / 2), rtol=1e-12)
            assert wrong == pytest.approx(3 * (high - low) / 2, abs=1e-12)
        else:
            w = chain.time_to_end()
            np.testing.assert_allclose(value, v + (min(low, 0) + max(high, 0)) / 2 * w, rtol=1e-11, atol=1e-11)
            assert wrong == pytest.approx((max(high, 0) - min(low, 0)) / 2 * w.max(), abs=1e-11)


def test_the_value_of_a_chain_that_may_go_on_for_ever_is_unknown():
    chain = Chain(Rows.of(corridor())).pack(np.ones(3, np.int32))
    v = np.array([0.0, 1.0, 2.0])
    value, wrong = chain.value(v, -1.0, 1.0)
    assert wrong == np.inf
    np.testing.assert_array_equal(value, v)
    chain = Chain(Rows.of(MDP(np.full((1, 1, 1), 1 + 9e-10), np.ones((1, 1)), 1 - 1e-10))).pack(np.zeros(1, np.int32))
    assert chain.value(np.ones(1), 0.5, 0.5)[1] == np.inf


def test_what_later_sweeps_can_add():
    rows = Rows.of(drawn(0))._replace(excess=0.1)  # factors 0.675 and 0.825
    away, back = 0.825 / 0.175, 0.675 / 0.325
    for low, high, want in ((-1, 2, (-away, 2 * away)), (1, 2, (back, 2 * away)), (-2, -1, (-2 * away, -back))):
        assert rows.remaining(low, high, 0.0) == pytest.approx(want)
    assert rows.remaining(0.0, 0.0, 0.35) == pytest.approx((-2, 2))
    assert rows._replace(excess=1 / 3).remaining(0.0, 0.0, 0.1) == (-np.inf, np.inf)


@pytest.mark.parametrize("start", [1.0, -4.0])
def test_the_size_of_rounding(start):
    rows = Rows.of(drawn(0))
    assert rounding(rows, np.array([start, -3.0])) == pytest.approx((3 + 20) * EPS / 2 * max(3, -start), abs=0)
    assert rounding(rows, np.array([1.0, -3.0]), 2.0) == pytest.approx((3 + 20) * EPS / 2 * 5, abs=0)
    assert rounding(rows._replace(absolute=1.0), np.zeros(2)) == 1


@pytest.mark.parametrize("gamma", [0.75, 1 - 2e-4])
def test_a_chain_settles_however_long_it_takes(gamma, monkeypatch):
    """1 in the first state and 0 in the second; each leads to the other with probability 1e-4."""
    monkeypatch.setattr(rows_module, "LIMIT", 1000)  # fewer sweeps than are needed
    P = np.array([[[1 - 1e-4, 1e-4]], [[1e-4, 1 - 1e-4]]])
    mdp = MDP(P, np.array([[1.0], [0.0]]), gamma)
    chain = Chain(Rows.of(mdp)).pack(np.zeros(2, np.int32))
    v = np.zeros(2)
    low, high, count = chain.settle(v, np.empty(2), 1e-3, True)
    assert high - low <= 1e-3
    # the difference of the two values is (1 - x^n) / (1 - x) after n sweeps, x = gamma (1 - 2e-4)
    x = gamma * (1 - 2e-4)
    assert count == int(np.ceil(np.log(1e-3) / np.log(x))) + 1
    assert v[0] - v[1] == pytest.approx((1 - x**count) / (1 - x), rel=1e-6)


def test_a_chain_stops_at_what_is_rounding(monkeypatch):
    monkeypatch.setattr(rows_module.sweeps, "policy_sweeps", lambda *args: (-1e-9, 2e-9, args[7]))
    chain = Chain(Rows.of(drawn(0))).pack(np.zeros(3, np.int32))
    assert chain.settle(np.zeros(3), np.empty(3), 1e-12, True) == (-1e-9, 2e-9, 2 * 1004)


def test_changes_that_stall():
    rows = Rows.of(drawn(0))
    assert rows.patience() == 1004
    stalled = rows.stall()
    assert not any(stalled(1.0) for _ in range(2007))
    assert stalled(1.0)
    stalled = rows.stall()
    assert not any(stalled(1 / k) for k in range(1, 5000))
    assert Rows.of(MDP(drawn(0).P, drawn(0).R, 1 - 1e-15)).patience() == rows_module.LIMIT
    assert Rows.of(corridor()).patience() == rows_module.LIMIT


def test_times_to_the_end(monkeypatch):
    rows, forward = Rows.of(corridor()), np.zeros(3, np.int32)
    chain = Chain(rows).pack(forward)
    P = corridor().P[:, 0]
    for limit in (rows_module.LIMIT, 0):  # by sweeps, and by a solve
        monkeypatch.setattr(rows_module, "LIMIT", limit)
        if not limit:
            monkeypatch.setattr(rows_module.sweeps, "policy_sweeps", lambda *args: (0.0, 1.0, 0))
        w = chain.time_to_end()
        assert w[0] == 0 and (w >= [0, 2, 4]).all() and (w <= [0, 5, 9]).all()
        assert (w[1:] >= 1 + (P @ w)[1:] - 1e-12).all()
    assert w[1:] == pytest.approx([2, 4], rel=1e-12)  # the solve is not wasteful
    assert Chain(rows).pack(np.ones(3, np.int32)).time_to_end() is None


def test_a_time_to_the_end_that_is_lost_in_rounding_is_none():
    for p, known in ((1e-5, True), (1e-15, False)):
        mdp = MDP(np.array([[[1 - p, p]], [[0, 1]]]), -np.ones((2, 1)), 1.0, terminal=np.array([False, True]))
        w = Chain(Rows.of(mdp)).pack(np.zeros(2, np.int32)).time_to_end()
        assert (w is not None) == known
    w = []
    for relative in (0.0, 0.02, 0.2):
        rows = Rows.of(corridor())._replace(relative=relative)
        w.append(Chain(rows).pack(np.zeros(3, np.int32)).time_to_end())
    assert (w[1] > w[0])[1:].all() and w[2] is None


def test_lowered_values_are_lowered_no_further():
    mdp = drawn(2, terminal=(1,), states=4)
    rows = Rows.of(mdp, from_the_end=True)
    for given in (np.zeros(4), np.array([0, 9.0, -3.0, 5.0]), np.array([0, -90.0, -80.0, -85.0])):
        low = given.copy()
        assert rows.lower(low) == 1
        assert low[0] == 0 and (low <= given).all()
        assert rows.optimal_sweep(low, np.empty(4), np.zeros(4, np.int32))[0] >= -1e-12
    np.testing.assert_array_equal(low, given)  # they were low enough
    v = np.array([1.0, 9.0, -3.0])
    for other in (Rows.of(drawn(0)), Rows.of(corridor(), from_the_end=True)):
        assert other.lower(v) == 0
        np.testing.assert_array_equal(v, [1, 9, -3])


def test_first_actions_of_a_policy():
    ordered = Rows.of(drawn(5, terminal=(2,), states=4), from_the_end=True)
    np.testing.assert_array_equal(ordered.first_actions(np.eye(2)[[0, 1, 1, 0]]), np.array([0, 1, 1, 0])[ordered.order])


def test_rewards_that_are_too_large():
    with pytest.raises(ValueError, match=r"R has entries up to 1e\+300 and gamma is 0.999"):
        Rows.of(MDP(np.ones((1, 1, 1)), np.full((1, 1), -1e300), 1 - 1e-5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Rows.of(MDP(np.ones((1, 1, 1)), np.full((1, 1), -1e300), 0.5)).gamma == 0.5


def test_states_that_cannot_end_are_named():
    with pytest.raises(ValueError, match=r"no terminal state can be reached from state 0 \(3 in all\)"):
        Rows.of(drawn(0, gamma=1.0))
    P = np.array(corridor().P)
    P[2] = [[0, 0, 1]] * 2
    with pytest.raises(ValueError, match=r"no terminal state can be reached from state 2 \(1 in all\)"):
        Rows.of(MDP(P, np.zeros((3, 2)), 1.0, terminal=np.arange(3) == 0))

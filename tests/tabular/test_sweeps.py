"""Compiled sweeps against their definitions."""

import numpy as np
import pytest
from oracles import dp as oracle
from scipy import sparse

from rlcourse.tabular import sweeps


def drawn(seed, states=4, actions=3):
    """Random rows of different lengths, dense and as the arrays that sweeps read."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(states), size=(states, actions)) * (rng.random((states, actions, states)) < 0.6)
    P[..., 0] += 1 - P.sum(axis=-1)
    R, v = rng.normal(size=(states, actions)), rng.normal(size=states)
    flat = sparse.csr_array(P.reshape(-1, states))
    return P, R, v, (flat.indptr, flat.indices, flat.data)


def q_of(P, R, v, gamma=0.9):
    return R + gamma * P @ v


@pytest.mark.parametrize("seed", range(6))
def test_an_optimal_sweep(seed):
    P, R, v, rows = drawn(seed)
    u, action = np.empty(4), np.zeros(4, np.int32)
    low, high, changes = sweeps.optimal_sweep(*rows, R, 0.9, v, u, action, 0.0)
    q = q_of(P, R, v)
    np.testing.assert_allclose(u, oracle.backup(P, R, 0.9, v), rtol=1e-13)
    np.testing.assert_array_equal(action, q.argmax(axis=1))
    assert (low, high) == pytest.approx(((u - v).min(), (u - v).max()))
    assert changes == (q.argmax(axis=1) != 0).sum()


@pytest.mark.parametrize("seed", range(6))
def test_an_optimal_sweep_in_place(seed):
    P, R, v, rows = drawn(seed)
    before, action = v.copy(), np.full(4, 2, np.int32)
    low, high, _ = sweeps.optimal_sweep(*rows, R, 0.9, v, v, action, 0.0)
    np.testing.assert_allclose(v, oracle.backup_in_place(P, R, 0.9, before), rtol=1e-13)
    assert (low, high) == pytest.approx(((v - before).min(), (v - before).max()))


def test_an_action_stays_until_it_is_beaten_by_the_margin():
    P, R, v, rows = drawn(0)
    q = q_of(P, R, v)
    worst = q.argmin(axis=1).astype(np.int32)
    gap = q.max(axis=1) - q.min(axis=1)
    for margin in (0.0, *(gap + 1e-9), *(gap - 1e-9)):
        action = worst.copy()
        changes = sweeps.optimal_sweep(*rows, R, 0.9, v, np.empty(4), action, margin)[2]
        np.testing.assert_array_equal(action, np.where(gap > margin, q.argmax(axis=1), worst))
        assert changes == (gap > margin).sum()
    # two actions that are equal
    twice = (np.array([0, 1, 2]), np.array([0, 0]), np.ones(2))
    for old in (0, 1):
        action = np.array([old], np.int32)
        assert sweeps.optimal_sweep(*twice, np.ones((1, 2)), 0.9, np.ones(1), np.empty(1), action, 0.0)[2] == 0
        assert action[0] == old


def chain_of(seed):
    P, R, v, rows = drawn(seed)
    action = np.array([2, 0, 1, 1], np.int32)
    first, to, p, r = np.zeros(5, np.int32), np.full(16, -1, np.int32), np.zeros(16), np.zeros(4)
    sweeps.pack_policy(*rows, R, action, first, to, p, r)
    return P[np.arange(4), action], R[np.arange(4), action], v, (first, to, p, r)


@pytest.mark.parametrize("seed", range(3))
def test_packed_rows(seed):
    P, R, _, (first, to, p, r) = chain_of(seed)
    used = first[-1]
    packed = sparse.csr_array((p[:used], to[:used], first), shape=(4, 4))
    np.testing.assert_allclose(packed.toarray(), P)
    np.testing.assert_array_equal(r, R)
    assert (to[used:] == -1).all()


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_sweeps_of_a_chain(limit, in_place):
    P, R, v, chain = chain_of(1)
    want = v.copy()
    low = high = 0.0
    for _ in range(limit):
        old = want
        want = old.copy()
        for s in range(4):
            want[s] = R[s] + 0.9 * P[s] @ (want if in_place else old)
        change = want - old
        low, high = (min(change.min(), 0), max(change.max(), 0)) if in_place else (change.min(), change.max())
    u = v if in_place else np.empty(4)
    found = sweeps.policy_sweeps(*chain, 0.9, v, u, limit, 0.0, True)
    np.testing.assert_allclose(v, want, rtol=1e-13)
    assert found == pytest.approx((low, high, limit))


@pytest.mark.parametrize("by_span", [False, True])
def test_sweeps_stop_when_the_change_is_small(by_span):
    P, R, v, chain = chain_of(2)
    values, size = [v.copy()], 0.02
    while True:
        values.append(R + 0.9 * P @ values[-1])
        change = values[-1] - values[-2]
        if (np.ptp(change) if by_span else np.abs(change).max()) <= size:
            break
    found = sweeps.policy_sweeps(*chain, 0.9, v, np.empty(4), 1000, size, by_span)
    assert found == pytest.approx((change.min(), change.max(), len(values) - 1))
    np.testing.assert_allclose(v, values[-1], rtol=1e-13)


def test_a_sweep_that_changes_exactly_the_size_is_the_last():
    alone = (np.array([0, 1], np.int32), np.array([0], np.int32), np.ones(1), np.ones(1))
    # changes 1, 1/2, 1/4, and falling from 4: -1, -1/2, -1/4
    for start in (0.0, 4.0):
        found = sweeps.policy_sweeps(*alone, 0.5, np.array([start]), np.empty(1), 9, 0.25, False)
        assert found[2] == 3
    assert sweeps.policy_sweeps(*alone, 0.5, np.zeros(1), np.empty(1), 9, 0.0, True)[2] == 1


def test_states_from_the_end():
    # 0 <- 1 <- 2, 3 alone, 4 can go to 2 by its second action; 0 is terminal
    P = np.zeros((5, 2, 5))
    for s, a, to in (
        (0, 0, 0),
        (0, 1, 0),
        (1, 0, 1),
        (1, 1, 0),
        (2, 0, 1),
        (2, 1, 2),
        (3, 0, 3),
        (3, 1, 3),
        (4, 0, 4),
        (4, 1, 2),
    ):
        P[s, a, to] = 1
    columns = sparse.csc_array(P.reshape(-1, 5))
    terminal = np.arange(5) == 0
    order, toward, lost = sweeps.from_the_end(columns.indptr, columns.indices, 2, terminal)
    np.testing.assert_array_equal(order, [0, 1, 2, 4, 3])
    np.testing.assert_array_equal(toward, [0, 1, 0, 0, 1])
    assert lost == 1
    order, _, lost = sweeps.from_the_end(columns.indptr, columns.indices, 2, ~terminal)
    np.testing.assert_array_equal(order, [1, 2, 3, 4, 0])
    assert lost == 1
    order, _, lost = sweeps.from_the_end(columns.indptr, columns.indices, 2, np.arange(5) == 3)
    np.testing.assert_array_equal(order, [3, 0, 1, 2, 4])
    assert lost == 4


def test_renumbered_rows():
    P, R, _, rows = drawn(3)
    order = np.array([2, 0, 3, 1])
    parts = [np.zeros_like(rows[0]), np.empty_like(rows[1]), np.empty_like(rows[2]), np.empty_like(R)]
    sweeps.renumber(*rows, R, order, *parts)
    packed = sparse.csr_array((parts[2], parts[1], parts[0]), shape=(12, 4)).toarray().reshape(4, 3, 4)
    np.testing.assert_array_equal(packed, P[order][:, :, order])
    np.testing.assert_array_equal(parts[3], R[order])


@pytest.mark.parametrize("seed", range(4))
def test_priorities_bound_the_residuals(seed):
    P, R, v, rows = drawn(seed)
    columns = sparse.csc_array(P.max(axis=1))
    graph = (columns.indptr, columns.indices, columns.data)
    for limit in (1, 2, 3, 8, 10_000):
        w = v.copy()
        priority = np.abs(q_of(P, R, w).max(axis=1) - w)
        largest = priority.argmax()
        count = sweeps.prioritized(*rows, R, 0.9, *graph, w, priority, 1e-3, limit)
        residual = np.abs(q_of(P, R, w).max(axis=1) - w)
        assert (residual <= priority + 1e-12).all()
        if limit == 1:
            np.testing.assert_array_equal(np.flatnonzero(w != v), [largest])
            # not more than what the change can do
            gained = 0.9 * P[:, :, largest].max(axis=1) * np.abs(w - v).max()
            started = np.where(np.arange(4) == largest, 0, np.abs(q_of(P, R, v).max(axis=1) - v))
            np.testing.assert_allclose(priority, started + gained, rtol=1e-12)
        assert count == limit if limit < 10_000 else count < 1000
    assert priority.max() <= 1e-3

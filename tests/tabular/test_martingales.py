"""Martingales on finite trees: definitions by listing paths, identities, controls, messages."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from oracles import martingales as oracle

from rlcourse.tabular import martingales as mg

seeds = st.integers(0, 2**32 - 1)
HALF = Fraction(1, 2)


def drawn(seed, sizes=(2, 3, 2)):
    """A tree with random exact probabilities, as the package and as the oracle hold it."""
    rng = np.random.default_rng(seed)
    rows = {}

    def step(history):
        if history not in rows:
            parts = [int(x) for x in rng.integers(1, 9, size=sizes[len(history)])]
            rows[history] = [Fraction(x, sum(parts)) for x in parts]
        return rows[history]

    law = mg.outcome_tree(step, len(sizes))
    values = rng.integers(-9, 10, size=sizes)
    return law, oracle.paths(step, len(sizes)), values.astype(object) * Fraction(1), rng


def walk(law):
    return mg.adapted_process(lambda h: sum(2 * x - 1 for x in h), law)


@given(seeds)
def test_conditional_means_equal_sums_over_paths(seed):
    law, paths, values, _ = drawn(seed)
    for n in range(4):
        got = mg.conditional_expectation(values, law, n)
        for h in oracle.histories(paths, n):
            assert got[(*h, *[0] * (3 - n))] == oracle.mean_given(values.__getitem__, paths, h)
        assert got.shape == (2, 3, 2)[:n] + (1,) * (3 - n)


def test_a_walk_by_hand():
    law = mg.outcome_tree([Fraction(1, 3), Fraction(2, 3)], 2)
    S = walk(law)
    assert [x.ravel().tolist() for x in S] == [[0], [-1, 1], [-2, 0, 0, 2]]
    assert [x.ravel().tolist() for x in mg.drift(S, law)] == [[Fraction(1, 3)], [Fraction(1, 3)] * 2]
    assert [x.shape for x in S] == [(1, 1), (2, 1), (2, 2)]
    gains = mg.transform([2, np.array([[5], [7]])], S)
    assert [x.ravel().tolist() for x in gains] == [[0], [-2, 2], [-7, 3, -5, 9]]
    assert mg.first_time(lambda x: x == 1, S).tolist() == [[3, 3], [1, 1]]
    assert (mg.first_time(lambda x: x >= 0, S) == 0).all()
    assert mg.stopped(S, np.array([[1, 1], [2, 3]]))[-1].tolist() == [[-1, -1], [0, 2]]
    assert (mg.stopped(S, 0)[-1] == 0).all()


def test_the_largest_drift_is_located():
    law = mg.outcome_tree([HALF, HALF], 3)
    S = walk(law)
    bent = [S[0], S[1], S[2].copy(), S[3].copy()]
    bent[3][1, 0] += 4  # both outcomes after the history (1, 0): the drift there is 4
    bent[3][0, 0] -= 3  # and -3 after (0, 0)
    assert mg.largest_drift(bent, law) == (4, 2, (1, 0))
    bent[3][0, 0] -= 2
    assert mg.largest_drift(bent, law) == (5, 2, (0, 0))
    # the earliest of equal ones
    assert mg.largest_drift([0, 1, 2, 3], law) == (1, 0, ())
    assert mg.largest_drift(S, law)[0] == 0
    assert mg.largest_drift([x**2 for x in S], law)[0] == 1  # negative control
    assert mg.largest_drift([x**2 - n for n, x in enumerate(S)], law)[0] == 0


@given(seeds)
def test_drift_is_the_conditional_mean_of_the_increment(seed):
    law, paths, _, rng = drawn(seed)
    process = [(rng.integers(-9, 10, size=(2, 3, 2)[:n] + (1,) * (3 - n))).astype(object) for n in range(4)]
    for n, d in enumerate(mg.drift(process, law)):
        for h in oracle.histories(paths, n):
            now = process[n][(*h, *[0] * (3 - n))]

            def gain(path, n=n, now=now):
                return process[n + 1][(*path[: n + 1], *[0] * (2 - n))] - now

            assert d[(*h, *[0] * (3 - n))] == oracle.mean_given(gain, paths, h)


@given(seeds)
def test_doob_martingales_have_no_drift(seed):
    law, _, values, _ = drawn(seed)
    M = mg.doob_martingale(values, law)
    assert mg.largest_drift(M, law)[0] == 0
    assert (M[-1] == values).all()
    assert len(M) == 4


@given(seeds)
def test_the_doob_decomposition(seed):
    law, _, _, rng = drawn(seed)
    process = [(rng.integers(-9, 10, size=(2, 3, 2)[:n] + (1,) * (3 - n))).astype(object) for n in range(4)]
    M, A = mg.doob_decomposition(process, law)
    assert mg.largest_drift(M, law)[0] == 0
    assert (A[0] == 0).all() and all((m + a == x).all() for m, a, x in zip(M, A, process, strict=True))
    assert [a.shape for a in A] == [(1, 1, 1), (1, 1, 1), (2, 1, 1), (2, 3, 1)]  # known one step earlier


@given(seeds)
def test_predictable_stakes_keep_a_fair_game_fair(seed):
    law, _, values, rng = drawn(seed)
    M = mg.doob_martingale(values, law)
    stakes = [rng.integers(-9, 10, size=(2, 3, 2)[:n] + (1,) * (3 - n)) for n in range(3)]
    gains = mg.transform(stakes, M)
    assert mg.largest_drift(gains, law)[0] == 0
    assert mg.conditional_expectation(gains[-1], law, 0).item() == 0
    by_hand = sum(h * (b - a) for h, a, b in zip(stakes, M[:-1], M[1:], strict=True))
    assert (gains[-1] == by_hand).all()


def test_a_stake_that_looks_ahead_wins():
    law = mg.outcome_tree([HALF, HALF], 3)
    S = walk(law)
    gains = mg.transform([S[k + 1] - S[k] for k in range(3)], S)
    assert mg.conditional_expectation(gains[-1], law, 0).item() == 3


@given(seeds)
def test_no_stopping_time_changes_the_mean(seed):
    law, paths, values, _ = drawn(seed, (2, 2))
    M = mg.doob_martingale(values, law)
    for rule in oracle.stopping_rules(paths, 2):
        tau = np.array([[rule[i, j] for j in range(2)] for i in range(2)])
        assert mg.is_stopping_time(tau, law)
        held = mg.stopped(M, tau)
        assert mg.largest_drift(held, law)[0] == 0
        for path, time in rule.items():
            assert held[-1][path] == np.broadcast_to(M[time], (2, 2))[path]


@given(seeds)
def test_the_envelope_is_the_best_over_all_rules(seed):
    law, paths, _, rng = drawn(seed, (2, 2))
    process = [rng.integers(-9, 10, size=(2,) * n + (1,) * (2 - n)).astype(object) for n in range(3)]

    def earned(rule):
        return lambda path: np.broadcast_to(process[rule[path]], (2, 2))[path]

    best = max(oracle.mean_given(earned(rule), paths, ()) for rule in oracle.stopping_rules(paths, 2))
    envelope = mg.snell_envelope(process, law)
    assert envelope[0].item() == best
    stop = mg.first_time(lambda same: same, [u == x for u, x in zip(envelope, process, strict=True)])
    assert mg.conditional_expectation(mg.stopped(process, stop)[-1], law, 0).item() == best
    assert all((u >= x).all() for u, x in zip(envelope, process, strict=True))


def test_times_that_look_ahead_are_noticed():
    law = mg.outcome_tree([HALF, HALF], 3)
    S = walk(law)
    top = np.maximum.reduce([np.broadcast_to(x, (2, 2, 2)) for x in S])
    at_top = mg.first_time(lambda x: x == top, S)
    assert not mg.is_stopping_time(at_top, law)
    assert mg.conditional_expectation(mg.stopped(S, at_top)[-1], law, 0).item() == 1
    with pytest.raises(ValueError, match=r"process\[1\] is not known at time 1: the first 1 outcomes of path \(1, 1,"):
        mg.drift(mg.stopped(S, np.where(top == 2, 3, 0)), law)
    assert mg.is_stopping_time(2, law) and mg.is_stopping_time(mg.first_time(lambda x: x == 2, S), law)
    # decided by the last outcome, at the time before it
    assert not mg.is_stopping_time(np.where(S[3] == 3, 2, 3), law)
    assert mg.is_stopping_time(np.where(S[2] == 2, 2, 3), law)


def test_floats_fractions_and_symbols():
    p = sp.Symbol("p", positive=True)
    for law, zero in (
        (mg.outcome_tree([0.25, 0.75], 2), 0.0),
        (mg.outcome_tree([Fraction(1, 4), Fraction(3, 4)], 2), 0),
        (mg.outcome_tree(lambda h: [1 - p, p], 2), 0),
    ):
        M = mg.doob_martingale(np.arange(4).reshape(2, 2), law)
        assert [sp.simplify(x) == zero for d in mg.drift(M, law) for x in d.ravel()] == [True] * 3
    assert sp.expand(M[0].item() - 3 * p) == 0
    # an urn: the sum is 1 only after simplification
    w, b = sp.symbols("w b", positive=True)
    urn = mg.outcome_tree(lambda h: [(b + len(h) - sum(h)) / (w + b + len(h)), (w + sum(h)) / (w + b + len(h))], 2)
    share = mg.adapted_process(lambda h: (w + sum(h)) / (w + b + len(h)), urn)
    assert all(sp.simplify(x) == 0 for d in mg.drift(share, urn) for x in d.ravel())


def test_outcomes_without_probability():
    law = mg.outcome_tree(lambda h: [1.0, 0.0] if not h else [0.5, 0.5], 2)
    M = mg.doob_martingale(np.array([[1.0, 3.0], [5.0, 9.0]]), law)
    np.testing.assert_array_equal(M[1].ravel(), [2, 7])
    assert M[0].item() == 2


def test_inputs_are_not_touched():
    law = mg.outcome_tree([0.5, 0.5], 2)
    X = np.arange(4.0).reshape(2, 2)
    M = mg.doob_martingale(X, law)
    before = [x.copy() for x in M]
    mg.transform([1, 2], M), mg.stopped(M, 1), mg.snell_envelope(M, law), mg.doob_decomposition(M, law)
    assert all((x == y).all() for x, y in zip(M, before, strict=True)) and X[1, 1] == 3


BAD_TREES = [
    (([0.5, 0.5], 0), r"horizon is 0; expected a whole number of steps from 1 to 32"),
    (([0.5, 0.5], 1.5), r"horizon is 1.5"),
    (([0.5, 0.5], np.nan), r"horizon is nan; expected a whole number of steps from 1 to 32"),
    (([0.5, 0.5], np.inf), r"horizon is inf"),
    (([1.0], 33), r"horizon is 33"),
    (([0.5, 0.5], 21), r"horizon is 21: the tree has more than 1048576 paths; take fewer steps"),
    (([0.5, 0.4], 2), r"step\[:\] sums to 0.9; expected 1"),
    (([1.5, -0.5], 2), r"step\[1\] is -0.5; expected a probability >= 0"),
    (([Fraction(1, 2), Fraction(1, 3)], 2), r"step sums to 5/6; expected exactly 1"),
    (([Fraction(3, 2), -HALF], 2), r"step\[1\] is -1/2; expected a probability >= 0"),
    (([sp.Integer(2), sp.Integer(-1)], 1), r"step\[1\] is -1"),
    (([sp.Symbol("p"), sp.Symbol("p")], 1), r"step sums to 2\*p; expected exactly 1"),
    ((lambda h: [[1.0]], 1), r"step\(\(\)\): expected a list of probabilities, got an array of shape \(1, 1\)"),
    (([], 1), r"step: expected a list of probabilities, got an array of shape \(0,\)"),
    ((lambda h: [0.5, 0.5] if not h else [1.0] * (1 + h[0]), 2), r"step\(\(1,\)\)\[:\] sums to 2; expected 1"),
    ((lambda h: [HALF] * 2 if h != (1,) else [1 * HALF / HALF], 2), r"step: histories of length 1 have \[1, 2\] outc"),
]


@pytest.mark.parametrize("arguments, message", BAD_TREES, ids=[str(i) for i in range(len(BAD_TREES))])
def test_bad_trees_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        mg.outcome_tree(*arguments)


def test_the_largest_tree_is_built():
    assert len(mg.outcome_tree([0.5, 0.5], 20)) == 20
    assert mg.outcome_tree([1.0], 32)[5].shape == (1,) * 32


def test_bad_processes_are_named():
    law = mg.outcome_tree([0.5, 0.5], 2)
    S = walk(law)
    for call, message in (
        (lambda: mg.drift(S[:2], law), r"process has 2 entries; expected 3, for the times 0 to 2"),
        (lambda: mg.drift([S[1], S[1], S[2]], law), r"process\[0\] is not known at time 0: .* of path \(1, 0\) do not"),
        (lambda: mg.drift([0, np.zeros(2), 0], law), r"process\[1\] has shape \(2,\); expected the tree's \(2, 2\)"),
        (lambda: mg.drift([0, 0, np.zeros((2, 3))], law), r"process\[2\] has shape \(2, 3\)"),
        (lambda: mg.drift([0, np.nan, 0], law), r"process\[1\] is nan; expected a finite number"),
        (lambda: mg.conditional_expectation(np.zeros((3, 2)), law, 0), r"x has shape \(3, 2\)"),
        (lambda: mg.conditional_expectation(0, law, 3), r"n is 3; expected a time from 0 to 2"),
        (lambda: mg.conditional_expectation(0, law, -1), r"n is -1"),
        (lambda: mg.transform([1], S), r"stakes has 1 entries; expected 2, one for each step"),
        (lambda: mg.stopped(S, np.array([[1, -1], [2, 2]])), r"tau is -1; expected a whole number, at least 0"),
        (lambda: mg.stopped(S, np.array([[1, 1.5], [2, 2]])), r"tau is 1.5; expected a whole number, at least 0"),
        (lambda: mg.stopped(S, np.nan), r"tau is nan; expected a whole number"),
        (lambda: mg.is_stopping_time(np.zeros((3, 2)), law), r"tau has shape \(3, 2\)"),
        (lambda: mg.is_stopping_time(-1, law), r"tau is -1; expected a whole number, at least 0"),
        (lambda: mg.is_stopping_time(np.array([[1.5], [2]]), law), r"tau is 1.5; expected a whole number"),
        (lambda: mg.snell_envelope([S[2], S[1], S[2]], law), r"process\[0\] is not known at time 0"),
    ):
        with pytest.raises(ValueError, match=message):
            call()

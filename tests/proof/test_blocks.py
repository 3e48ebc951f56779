"""Building blocks: each by enumeration, with bad input."""

import pytest
import sympy as sp
from sympy import Rational, exp, log, symbols

from rlcourse.proof import (
    entropy,
    expectation,
    kl,
    logsumexp,
    prove,
    score,
    simplex,
    softmax,
    trajectories,
    variance,
)

half, third = Rational(1, 2), Rational(1, 3)
a = symbols("a_1:3", real=True)


def test_simplex_sums_to_one():
    p = simplex("p", 4)
    assert len(p) == 4 and sp.expand(sum(p)) == 1
    assert all(x.is_positive for x in p[:-1])
    assert simplex("p", 4) == p and simplex("p", 3)[0] != p[0]
    with pytest.raises(ValueError, match="at least 2"):
        simplex("p", 1)


def test_softmax_and_logsumexp():
    assert softmax([0, log(2)]) == [third, 2 * third]
    assert logsumexp([0, log(2)]) == log(3)
    assert softmax(a)[0] == exp(a[0]) / (exp(a[0]) + exp(a[1]))
    with pytest.raises(ValueError, match="logits"):
        softmax([])


def test_moments():
    p, f = [half, third, Rational(1, 6)], [1, 2, 3]
    assert expectation(p, f) == Rational(5, 3)
    assert expectation(p, lambda i: f[i] ** 2) == Rational(10, 3)
    assert variance(p, f) == Rational(5, 9)
    with pytest.raises(ValueError, match="f: expected 3 values"):
        expectation(p, [1, 2])


def test_information():
    assert entropy([half, half, 0]) == log(2)
    assert kl([half, half], [Rational(1, 4), Rational(3, 4)]) == log(2) / 2 + log(Rational(2, 3)) / 2
    assert kl([1, 0], [half, half]) == log(2)
    with pytest.raises(ValueError, match=r"q\[1\] is 0"):
        kl([half, half], [1, 0])
    with pytest.raises(ValueError, match="q: expected 2"):
        kl([half, half], [third, third, third])


def test_score_is_a_column():
    assert score(log(softmax(a)[0]), a).shape == (2, 1)
    prove("thm-score", score(log(softmax(a)[0]), a), sp.Matrix([softmax(a)[1], -softmax(a)[1]]))


@pytest.mark.parametrize(
    "p, message",
    [
        ([half, third], "sum to 1, got the sum 5/6"),
        ([Rational(3, 2), -half], r"p\[1\]: expected a probability, got -1/2"),
        ([], "at least one"),
        ([*simplex("p", 3)[:2], half], None),
        (softmax(a), None),
        ([2 * x for x in softmax(a)], "sum to 1"),
    ],
)
def test_distributions_are_checked(p, message):
    if message is None:
        entropy(p)
    else:
        with pytest.raises(ValueError, match=message):
            entropy(p)


P = [[[half, half], [0, 1]], [[1, 0], [third, 2 * third]]]
R = [[1, 2], [3, 4]]


def test_trajectories_enumerate_a_decision_process():
    pi = [softmax(a), [half, half]]
    paths = trajectories(P, R, pi, 0, 2)
    assert sp.simplify(sum(t.probability for t in paths)) == 1
    assert all(len(t.states) == 3 and len(t.actions) == len(t.rewards) == 2 for t in paths)
    assert all(t.states[0] == 0 and t.rewards[0] == R[0][t.actions[0]] for t in paths)
    assert not any(t.states[1] == 0 and t.actions[0] == 1 for t in paths)
    first = sum(t.probability * t.rewards[0] for t in paths)
    prove("thm-first", first, pi[0][0] + 2 * pi[0][1])


def test_trajectories_with_times_and_start_law():
    paths = trajectories(
        P, lambda s, x, s_next: 10 * s + s_next, lambda t, s: [1, 0] if t == 0 else [0, 1], [half, half], 2
    )
    assert sum(t.probability for t in paths) == 1
    assert {t.actions for t in paths} == {(0, 1)}
    assert all(t.rewards[0] == 10 * t.states[0] + t.states[1] for t in paths)


def test_bad_decision_processes():
    with pytest.raises(ValueError, match=r"P\[0\]\[0\]: expected probabilities that sum to 1"):
        trajectories([[[half, third]]], [[0]], [[1]], 0, 1)
    with pytest.raises(ValueError, match=r"pi\[0\]"):
        trajectories(P, R, [[half, third], [half, half]], 0, 1)
    with pytest.raises(ValueError, match="horizon"):
        trajectories(P, R, [[half, half]] * 2, 0, 0)
    with pytest.raises(ValueError, match="start"):
        trajectories(P, R, [[half, half]] * 2, [half, third], 1)

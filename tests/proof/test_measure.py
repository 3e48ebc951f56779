"""`agree` and `consistent`."""

import numpy as np
import pytest
import sympy as sp

from rlcourse.proof import Refuted, Undecided, agree, consistent, ledger

EXACT = np.arange(6.0).reshape(2, 3)


def test_agree_counts_what_it_compared():
    verdict = agree("thm-x:code", EXACT + 1e-12, EXACT)
    assert (verdict.status, verdict.route) == ("verified exactly", "6 numbers within 1e-10")


@pytest.mark.parametrize("shift", [1e-9, -1e-9, 1.0])
def test_agree_names_the_worst_index(shift):
    wrong = EXACT.copy()
    wrong[1, 0] += shift
    wrong[0, 1] += shift / 3
    with pytest.raises(Refuted, match=r"computed\[1, 0\].*exact\[1, 0\] = 3.0.*2 of 6"):
        agree("thm-x:code", wrong, EXACT)
    assert len(ledger) == 0


def test_tolerance_is_respected():
    agree("thm-x:loose", EXACT + 1e-7, EXACT, atol=1e-6)
    with pytest.raises(Refuted):
        agree("thm-x:tight", EXACT + 1e-7, EXACT, atol=1e-8)


@pytest.mark.parametrize("atol", [0, -1, 1, float("nan")])
def test_bad_tolerance(atol):
    with pytest.raises(ValueError, match="atol"):
        agree("thm-x:code", EXACT, EXACT, atol=atol)


@pytest.mark.parametrize(
    "computed, exact",
    [(EXACT, EXACT[:1]), (EXACT, 1.0), (1.0, [1.0]), (EXACT[..., None], EXACT), ([1.0], [[1.0]])],
)
def test_nothing_is_broadcast(computed, exact):
    with pytest.raises(ValueError, match="nothing is broadcast"):
        agree("thm-x:code", computed, exact)


@pytest.mark.parametrize("side", [0, 1])
def test_nan_is_never_equal(side):
    sides = [EXACT.copy(), EXACT.copy()]
    sides[side][0, 2] = np.nan
    with pytest.raises(ValueError, match=r"\[0, 2\] is NaN"):
        agree("thm-x:code", *sides)
    with pytest.raises(ValueError, match="NaN"):
        agree("thm-x:code", np.full(3, np.nan), np.full(3, np.nan))


def test_infinities_agree_only_with_themselves():
    agree("thm-x:same", [1.0, np.inf], [1.0, np.inf])
    for other in (-np.inf, 1e308):
        with pytest.raises(Refuted):
            agree("thm-x:other", [1.0, np.inf], [1.0, other])


@pytest.mark.parametrize("empty", [np.zeros((0, 3)), [], {}, {"a": []}])
def test_empty_checks_nothing(empty):
    with pytest.raises(ValueError, match="checks nothing"):
        agree("thm-x:code", empty, empty)


def test_dicts_are_compared_key_by_key():
    agree("thm-x:code", {"v": EXACT, "q": {"a": 1.0}}, {"q": {"a": 1.0}, "v": EXACT})
    with pytest.raises(ValueError, match="keys"):
        agree("thm-x:keys", {"v": EXACT}, {"q": EXACT})
    with pytest.raises(ValueError, match="keys"):
        agree("thm-x:keys", {"v": EXACT}, EXACT)
    with pytest.raises(Refuted, match=r"computed\['q'\]\['a'\]"):
        agree("thm-x:value", {"q": {"a": 1.0}}, {"q": {"a": 2.0}})


def test_sympy_tensors_and_complex_numbers():
    import torch

    agree("thm-x:sympy", [sp.Rational(1, 3), sp.sqrt(2)], [1 / 3, 2**0.5])
    agree("thm-x:matrix", np.eye(2), sp.eye(2))
    agree("thm-x:torch", torch.ones(2, requires_grad=True), torch.ones(2, dtype=torch.float64))
    agree("thm-x:bool", np.array([True, False]), [1, 0])
    with pytest.raises(Refuted):
        agree("thm-x:complex", 1 + 1j, 1.0)
    with pytest.raises(TypeError, match="expected numbers"):
        agree("thm-x:symbol", [sp.Symbol("x")], [1.0])
    with pytest.raises(TypeError, match="expected numbers"):
        agree("thm-x:text", ["a"], ["a"])
    with pytest.raises(ValueError, match="different lengths"):
        agree("thm-x:ragged", [[1.0], [1.0, 2.0]], [[1.0], [1.0, 2.0]])


SAMPLES = np.random.default_rng(0).normal(1.0, 2.0, size=10_000)


def test_consistent_with_the_true_mean():
    verdict = consistent("thm-x:mc", SAMPLES, 1.0, wrong=2.0)
    assert verdict.status == "consistent"
    assert "wrong value excluded" in verdict.route


def test_a_wrong_mean_is_refuted():
    for wrong_mean in (1.2, 0.8):
        with pytest.raises(Refuted, match="standard errors"):
            consistent("thm-x:mc", SAMPLES, wrong_mean, wrong=10.0)
    assert len(ledger) == 0


def test_the_width_of_the_interval_is_respected():
    shifted = SAMPLES - SAMPLES.mean() + 1 + 4 * SAMPLES.std() / 100
    consistent("thm-x:wide", shifted, 1.0, wrong=2.0, sigmas=5)
    with pytest.raises(Refuted):
        consistent("thm-x:narrow", shifted, 1.0, wrong=2.0, sigmas=3)


def test_power_is_required():
    with pytest.raises(Undecided, match="about"):
        consistent("thm-x:mc", SAMPLES, 1.0, wrong=1.1)
    with pytest.raises(Undecided):  # between one and two widths: noticed only half of the time
        consistent("thm-x:mc", SAMPLES, 1.0, wrong=1.15)
    with pytest.raises(ValueError, match="equals exact"):
        consistent("thm-x:mc", SAMPLES, 1.0, wrong=1.0)


def test_components_are_checked_each():
    pairs = np.stack([SAMPLES, SAMPLES[::-1] + 1], axis=1)
    consistent("thm-x:vector", pairs, [1.0, 2.0], wrong=[2.0, 2.0])
    with pytest.raises(Refuted, match=r"mean\[1\]"):
        consistent("thm-x:component", pairs, [1.0, 3.0], wrong=[9.0, 9.0])


def test_constant_samples():
    with pytest.raises(ValueError, match="every draw is the same"):  # rare events may just not have occurred
        consistent("thm-x:constant", np.ones(50), 1.0, wrong=2.0)
    with pytest.raises(Refuted, match="every sample"):
        consistent("thm-x:other", np.ones(50), 1.5, wrong=2.0)


@pytest.mark.parametrize(
    "samples, exact, wrong, sigmas, message",
    [
        (np.ones(29), 1.0, 2.0, 5, "at least 30"),
        (1.0, 1.0, 2.0, 5, "at least 30"),
        (np.ones((50, 2)), 1.0, 2.0, 5, "exact: expected shape"),
        (np.ones((50, 2)), [1.0, 1.0], 2.0, 5, "wrong: expected shape"),
        (np.full(50, np.nan), 1.0, 2.0, 5, "NaN"),
        (np.full(50, np.inf), 1.0, 2.0, 5, "infinite"),
        (np.ones(50), 1.0, 2.0, 1, "sigmas"),
        (np.ones(50), 1.0, 2.0, 50, "sigmas"),
    ],
)
def test_bad_samples(samples, exact, wrong, sigmas, message):
    with pytest.raises(ValueError, match=message):
        consistent("thm-x:mc", samples, exact, wrong=wrong, sigmas=sigmas)

"""The checks accept what is right, and say what is wrong with the rest."""

import re

import numpy as np
import pytest
import torch

from rlcourse import checks

GOOD_P = np.array([[0.25, 0.75], [1.0, 0.0]])


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_valid_values_come_back_unchanged(kind):
    p, r, flag = kind(GOOD_P), kind(np.array([1.0, -2.0])), kind(np.array([True, False]))
    assert checks.probabilities("p", p) is p
    assert checks.finite("r", r) is r
    assert checks.boolean("terminated", flag) is flag
    assert checks.unit_interval("p", p) is p
    assert checks.broadcastable(p=p, r=r) == (2, 2)


def test_plain_numbers_and_the_ends_of_the_interval():
    assert checks.unit_interval("gamma", 0) == 0
    assert checks.unit_interval("gamma", 1.0) == 1.0
    assert checks.positive("beta", 1e-9) == 1e-9
    assert checks.boolean("terminated", True) is True


BAD = [
    (lambda: checks.probabilities("pi", np.array([[0.5, 0.5], [0.5, 0.6]])), ValueError, "pi[1, :] sums to 1.1"),
    (lambda: checks.probabilities("pi", np.array([[0.5, 0.6], [0.6, 0.4]]), axis=0), ValueError, "pi[:, 0] sums"),
    (lambda: checks.probabilities("p", torch.tensor([-0.5, 1.5])), ValueError, "p[0] is -0.5"),
    (lambda: checks.probabilities("p", np.array([np.nan, 1.0])), ValueError, "p[0] is nan"),
    (lambda: checks.probabilities("p", 1.0), ValueError, "p is the number 1.0"),
    (lambda: checks.probabilities("p", np.zeros(0)), ValueError, "p[:] sums to 0"),
    (lambda: checks.unit_interval("lam", 1.5), ValueError, "lam is 1.5; expected a number in [0, 1]"),
    (lambda: checks.unit_interval("lam", [0.5, -0.1]), ValueError, "lam[1] is -0.1"),
    (lambda: checks.unit_interval("gamma", float("nan")), ValueError, "gamma is nan"),
    (lambda: checks.positive("beta", 0.0), ValueError, "beta is 0.0; expected a finite number greater than 0"),
    (lambda: checks.positive("beta", float("inf")), ValueError, "beta is inf"),
    (lambda: checks.finite("r", torch.tensor([0.0, float("nan")])), ValueError, "r[1] is nan"),
    (lambda: checks.finite("r", np.array(["a"])), TypeError, "r: expected real numbers"),
    (lambda: checks.boolean("terminated", np.array([0, 1])), TypeError, "terminated: expected dtype bool"),
    (lambda: checks.boolean("terminated", torch.zeros(2)), TypeError, "got torch.float32"),
    (lambda: checks.boolean("terminated", 1), TypeError, "terminated: expected dtype bool"),
    (lambda: checks.broadcastable(r=np.zeros(3), v=torch.zeros(2)), ValueError, "r (3,), v (2,)"),
]


@pytest.mark.parametrize("call, error, words", BAD, ids=[words for *_, words in BAD])
def test_messages_name_the_argument_and_the_place(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()


def test_half_precision_tensors_can_be_checked():
    assert checks.finite("r", torch.ones(2, dtype=torch.bfloat16)) is not None


def test_whole_numbers_come_back_as_int():
    assert checks.whole("n", 3.0, 1) == 3 and isinstance(checks.whole("n", np.int64(3)), int)
    assert checks.whole("level", -2, None) == -2


def test_whole_numbers_fit_into_64_bits():
    assert checks.whole("n", 2**63 - 1) == 2**63 - 1
    for n, bits in ((2**63, 64), (10**5000, 16610), (1e300, 997)):
        with pytest.raises(ValueError, match=f"n is about 2 to the power {bits}; expected a whole number.*64 bits"):
            checks.whole("n", n)


@pytest.mark.parametrize("n", [2.5, -1, float("nan"), float("inf"), [4], "x", "3", None])
def test_other_numbers_are_refused(n):
    with pytest.raises(ValueError, match=re.escape(f"n is {n}; expected a whole number, at least 0")):
        checks.whole("n", n)
    if n != -1:
        with pytest.raises(ValueError, match=re.escape(f"n is {n}; expected a whole number") + "$"):
            checks.whole("n", n, None)

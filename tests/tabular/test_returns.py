"""Returns and advantages in numpy: definitions, identities, masks, messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import returns as oracle

from rlcourse import scan
from rlcourse.tabular import returns

unit = st.floats(0, 1)
seeds = st.integers(0, 2**32 - 1)
batches = st.sampled_from([(), (1,), (2,), (5,), (2, 3)])


def drawn(seed, batch=(5,), T=6, masked=True):
    """Random arrays with flags at a quarter of the steps."""
    rng = np.random.default_rng(seed)
    r, v, v_next = rng.normal(size=(3, *batch, T))
    terminated, truncated, padding = rng.random((3, *batch, T)) < 0.25
    return dict(r=r, v=v, v_next=v_next, terminated=terminated, truncated=truncated, mask=~padding if masked else None)


def without(arrays, *names):
    return {name: x for name, x in arrays.items() if name not in names}


def followed(arrays):
    """The same episodes with v_next[t] = v[t+1] wherever step t + 1 continues step t."""
    v_next, mask = arrays["v_next"].copy(), arrays["mask"]
    inside = ~(arrays["terminated"] | arrays["truncated"])[..., :-1]
    if mask is not None:
        inside &= mask[..., 1:]
    v_next[..., :-1][inside] = arrays["v"][..., 1:][inside]
    return {**arrays, "v_next": v_next}


@given(seeds, batches, st.integers(0, 6), unit, unit, st.booleans())
def test_every_function_equals_its_definition(seed, batch, T, gamma, lam, masked):
    a = drawn(seed, batch, T, masked)
    tail = without(a, "v")
    head = without(a, "truncated")
    for got, want in (
        (returns.td_errors(**head, gamma=gamma), oracle.td_errors(**head, gamma=gamma)),
        (returns.discounted_returns(**tail, gamma=gamma), oracle.discounted_returns(**tail, gamma=gamma)),
        (returns.n_step_returns(**tail, gamma=gamma, n=3), oracle.n_step_returns(**tail, gamma=gamma, n=3)),
        (returns.lambda_returns(**tail, gamma=gamma, lam=lam), oracle.lambda_returns(**tail, gamma=gamma, lam=lam)),
        (returns.gae(**a, gamma=gamma, lam=lam), oracle.gae(**a, gamma=gamma, lam=lam)),
    ):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@given(seeds, unit)
def test_lambda_0_is_the_td_error(seed, gamma):
    a = drawn(seed)
    adv, _ = returns.gae(**a, gamma=gamma, lam=0.0)
    np.testing.assert_allclose(adv, returns.td_errors(**without(a, "truncated"), gamma=gamma), atol=1e-12)


@given(seeds, unit)
def test_lambda_1_is_the_return_minus_the_value(seed, gamma):
    a = followed(drawn(seed))
    adv, _ = returns.gae(**a, gamma=gamma, lam=1.0)
    ret = returns.discounted_returns(**without(a, "v"), gamma=gamma)
    np.testing.assert_allclose(adv, np.where(a["mask"], ret - a["v"], 0), atol=1e-12)


@given(seeds, unit, unit)
def test_the_targets_are_lambda_returns(seed, gamma, lam):
    a = followed(drawn(seed))
    _, ret = returns.gae(**a, gamma=gamma, lam=lam)
    np.testing.assert_allclose(ret, returns.lambda_returns(**without(a, "v"), gamma=gamma, lam=lam), atol=1e-12)


@given(seeds, unit, unit)
def test_a_potential_shifts_nothing(seed, gamma, lam):
    """Rewards shaped by a potential and values lowered by it give the same advantages."""
    a = drawn(seed)
    phi, phi_next = np.random.default_rng(seed).normal(size=(2, *a["r"].shape))
    shaped = {
        **a,
        "r": a["r"] + gamma * np.where(a["terminated"], 0, phi_next) - phi,
        "v": a["v"] - phi,
        "v_next": a["v_next"] - phi_next,
    }
    got, want = (returns.gae(**x, gamma=gamma, lam=lam)[0] for x in (shaped, a))
    np.testing.assert_allclose(got, want, atol=1e-12)


@given(seeds, unit)
def test_one_step_and_all_steps(seed, gamma):
    a = without(drawn(seed), "v")
    one = returns.lambda_returns(**a, gamma=gamma, lam=0.0)
    np.testing.assert_allclose(returns.n_step_returns(**a, gamma=gamma, n=1), one, atol=1e-12)
    every = returns.discounted_returns(**a, gamma=gamma)
    np.testing.assert_allclose(returns.n_step_returns(**a, gamma=gamma, n=6), every, atol=1e-12)


def test_exact_values_of_a_constant_reward_leave_no_advantage():
    """Reward 1 forever has value 1 / (1 - gamma); a cut of the record must not show."""
    T, gamma = 7, 0.9
    r, v, no = np.ones(T), np.full(T, 1 / (1 - gamma)), np.zeros(T, bool)
    truncated = np.arange(T) == 3
    adv, _ = returns.gae(r, v, v, no, truncated, gamma, 0.95)
    np.testing.assert_allclose(adv, 0, atol=1e-12)
    # negative control: the same cut taken for a termination loses gamma / (1 - gamma), and earlier steps too
    wrong, _ = returns.gae(r, v, v, truncated, no, gamma, 0.95)
    lost = gamma / (1 - gamma) * (gamma * 0.95) ** np.arange(3, -1, -1)
    np.testing.assert_allclose(wrong, [*-lost, 0, 0, 0], atol=1e-12)


def test_a_termination_reads_no_value_and_wins_over_a_truncation():
    r, v, v_next = np.array([1.0, 2.0]), np.array([5.0, 7.0]), np.array([7.0, np.nan])
    end = np.array([False, True])
    for truncated in (end, np.zeros(2, bool)):
        adv, ret = returns.gae(r, v, v_next, end, truncated, 0.5, 0.5)
        np.testing.assert_allclose(adv, [1 + 3.5 - 5 + 0.25 * (2 - 7), 2 - 7])
        np.testing.assert_allclose(ret, adv + v)
        np.testing.assert_allclose(returns.n_step_returns(r, v_next, end, truncated, 0.5, 2), [2, 2])
        np.testing.assert_allclose(returns.lambda_returns(r, v_next, end, truncated, 0.5, 0.5), [3.25, 2])
        np.testing.assert_allclose(returns.td_errors(r, v, v_next, end, 0.5), [-0.5, -5])


@given(seeds, unit, unit)
def test_padding_is_inert(seed, gamma, lam):
    a = drawn(seed)
    spoiled = {**a, **{name: np.where(a["mask"], a[name], np.nan) for name in ("r", "v", "v_next")}}
    flipped = {name: np.where(a["mask"], a[name], ~a[name]) for name in ("terminated", "truncated")}
    for x in (spoiled, {**a, **flipped}):
        both = returns.gae(**x, gamma=gamma, lam=lam), returns.gae(**a, gamma=gamma, lam=lam)
        for got, want in zip(*both, strict=True):
            np.testing.assert_array_equal(got, want)
            assert (got[~a["mask"]] == 0).all()
        for function, extra, leave in (
            (returns.td_errors, {}, "truncated"),
            (returns.discounted_returns, {}, "v"),
            (returns.n_step_returns, {"n": 3}, "v"),
            (returns.lambda_returns, {"lam": lam}, "v"),
        ):
            got, want = (function(**without(y, leave), gamma=gamma, **extra) for y in (x, a))
            np.testing.assert_array_equal(got, want)
            assert (got[~a["mask"]] == 0).all()


@given(seeds, unit, unit)
def test_episodes_in_one_row_equal_episodes_in_their_own_rows(seed, gamma, lam):
    a = drawn(seed, (2,), 4, masked=False)
    a["truncated"][:, -1] = True
    joined = {name: None if x is None else x.reshape(8) for name, x in a.items()}
    both = returns.gae(**joined, gamma=gamma, lam=lam), returns.gae(**a, gamma=gamma, lam=lam)
    for got, want in zip(*both, strict=True):
        np.testing.assert_allclose(got.reshape(2, 4), want, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_and_inputs_are_not_touched(dtype):
    a = {name: x.astype(dtype) if x.dtype.kind == "f" else x for name, x in drawn(0).items()}
    before = {name: x.copy() for name, x in a.items()}
    outputs = [
        *returns.gae(**a, gamma=0.9, lam=0.8),
        returns.td_errors(**without(a, "truncated"), gamma=0.9),
        returns.n_step_returns(**without(a, "v"), gamma=0.9, n=2),
        returns.lambda_returns(**without(a, "v"), gamma=0.9, lam=0.8),
    ]
    assert {x.dtype for x in outputs} == {np.dtype(dtype)}
    for name, x in a.items():
        np.testing.assert_array_equal(x, before[name])


def test_any_layout_integers_and_scalars_are_taken():
    a = drawn(1, (3,), 5)
    want, _ = returns.gae(**a, gamma=0.9, lam=0.8)
    strided = {name: np.asfortranarray(x) for name, x in a.items()}
    np.testing.assert_array_equal(returns.gae(**strided, gamma=0.9, lam=0.8)[0], want)
    plain = returns.gae([1, 1, 1], 0, 0, False, False, 1, 1)
    np.testing.assert_array_equal(plain, [[3, 2, 1], [3, 2, 1]])


def test_sums_that_overflow_are_returned():
    huge = np.full(3, 3e38, np.float32)
    with np.errstate(over="ignore"):
        adv, _ = returns.gae(huge, np.float32(0), np.float32(0), False, False, 1.0, 1.0)
    assert np.isinf(adv[0])


BAD = [
    ({"gamma": 1.5}, ValueError, r"gamma is 1.5; expected a number in \[0, 1\]"),
    ({"lam": -0.1}, ValueError, r"lam is -0.1"),
    ({"lam": np.nan}, ValueError, r"lam is nan"),
    ({"gamma": np.ones(2)}, TypeError, r"gamma: expected one number"),
    ({"terminated": np.zeros((5, 6))}, TypeError, r"terminated: expected dtype bool, got float64"),
    ({"truncated": np.zeros((5, 6), int)}, TypeError, r"truncated: expected dtype bool, got int64"),
    ({"mask": np.ones((5, 6))}, TypeError, r"mask: expected dtype bool"),
    ({"v": np.zeros((5, 5))}, ValueError, r"shapes do not broadcast: r \(5, 6\), v \(5, 5\)"),
    ({"r": np.full((5, 6), "x")}, TypeError, r"r: expected real numbers"),
]


@pytest.mark.parametrize("change, error, message", BAD, ids=lambda x: next(iter(x)) if isinstance(x, dict) else None)
def test_bad_arguments_are_named(change, error, message):
    a = {**drawn(2, masked=False), "gamma": 0.9, "lam": 0.9, **change}
    with pytest.raises(error, match=message):
        returns.gae(**a)
    if not {"lam", "truncated"} & change.keys():
        with pytest.raises(error, match=message):
            returns.td_errors(**without(a, "truncated", "lam"))


@pytest.mark.parametrize("name", ["r", "v", "v_next"])
def test_a_number_that_is_not_finite_is_located(name):
    a = drawn(3, masked=False)
    a["terminated"][2, 4] = False
    a[name][2, 4] = np.nan
    message = rf"{name}\[2, 4\] is nan"
    with pytest.raises(ValueError, match=message):
        returns.gae(**a, gamma=0.9, lam=0.9)
    with pytest.raises(ValueError, match=message):
        returns.td_errors(**without(a, "truncated"), gamma=0.9)
    if name != "v":
        with pytest.raises(ValueError, match=message):
            returns.lambda_returns(**without(a, "v"), gamma=0.9, lam=0.0)
        with pytest.raises(ValueError, match=message):
            returns.n_step_returns(**without(a, "v"), gamma=0.9, n=1)


@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_the_number_of_steps_is_a_positive_integer(n):
    with pytest.raises(ValueError, match=rf"n is {n}; expected a whole number"):
        returns.n_step_returns([1.0], 0.0, False, False, 0.9, n)


def test_a_single_number_has_no_time_axis():
    with pytest.raises(ValueError, match=r"expected an array \[\*batch, T\]"):
        returns.gae(1.0, 0.0, 0.0, False, False, 0.9, 0.9)


def test_an_empty_row_block_is_left_alone():
    """The kernels run four rows at a time; every count of rows from 0 to 9 gives the same rows."""
    a = drawn(4, (9,), 3)
    want = returns.gae(**a, gamma=0.9, lam=0.8)[0]
    for rows in range(10):
        part = {name: x[:rows] for name, x in a.items()}
        np.testing.assert_array_equal(returns.gae(**part, gamma=0.9, lam=0.8)[0], want[:rows])
    assert scan.ROWS == 4

"""n-step TD and the forward view against their definitions, one update at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import prediction as oracle

from rlcourse.tabular import td
from rlcourse.tabular.experience import Experience

seeds = st.integers(0, 2**32 - 1)
unit = st.floats(0, 1)


def drawn(seed, **how):
    return Experience(**oracle.random_record(seed, **how))


def test_two_steps_by_hand():
    record = Experience(
        np.array([0, 1, 0]), np.array([1.0, 2.0, 4.0]), np.array([1, 0, 2]),
        np.array([False, False, True]), np.zeros(3, bool), np.array([[3]]), 3,
    )
    # targets: 1 + 0.5 * (2 + 0.5 * 8); 2 + 0.5 * 4, complete; 4
    v = td.n_step_td(record, 0.5, 2, 0.5, v=np.array([8.0, 0.0, 9.0]))
    np.testing.assert_allclose(v[0, 0], [0.5 * (0.5 * 8 + 0.5 * 4) + 0.5 * 4, 2.0, 9.0])


@given(seeds, st.integers(1, 7), unit, unit)
def test_n_step_td_equals_its_definition(seed, n, gamma, power):
    record, v, alphas = drawn(seed), np.random.default_rng(seed).normal(size=4), [0.3, 0.8]
    got = td.n_step_td(record, gamma, n, alphas, power=power, v=v)
    runs = oracle.episodes(record)
    want = [[oracle.n_step_td(run, 4, n, gamma, alpha, power, v) for run in runs] for alpha in alphas]
    np.testing.assert_allclose(got, want, atol=1e-12)


@given(seeds, unit, unit, unit)
def test_the_forward_view_equals_its_definition(seed, lam, gamma, power):
    record, v, alphas = drawn(seed), np.random.default_rng(seed).normal(size=4), [0.3, 0.8]
    got = td.offline_lambda_return(record, gamma, lam, alphas, power=power, v=v)
    runs = oracle.episodes(record)
    want = [[oracle.offline_lambda(run, 4, lam, gamma, alpha, power, v) for run in runs] for alpha in alphas]
    np.testing.assert_allclose(got, want, atol=1e-12)


@given(seeds)
def test_runs_and_episodes_do_not_leak(seed):
    record = drawn(seed, runs=2, cut=False)
    first = int(record.ends[0, -1])
    alone = Experience(*(x[first:] for x in record[:5]), record.ends[1:] - first, record.n_states)
    for learn in (lambda e: td.n_step_td(e, 0.9, 3, 0.5), lambda e: td.offline_lambda_return(e, 0.9, 0.5, 0.5)):
        np.testing.assert_allclose(learn(record)[1:], learn(alone), atol=1e-14)


def test_values_of_terminal_states_are_not_read():
    record = drawn(3, cut=False)
    for learn in (
        lambda v: td.n_step_td(record, 0.9, 2, 0.5, v=v),
        lambda v: td.offline_lambda_return(record, 0.9, 0.5, 0.5, v=v),
    ):
        got, want = learn(np.array([0, 0, 0, 99.0])), learn(np.zeros(4))
        np.testing.assert_array_equal(got[..., :3], want[..., :3])


@pytest.mark.parametrize("n", [0, -1, 1.5, np.inf, np.nan])
def test_the_number_of_steps_is_a_positive_integer(n):
    with pytest.raises(ValueError, match=rf"n is {n}; expected a whole number, at least 1"):
        td.n_step_td(drawn(0), 0.9, n, 0.1)


def test_more_steps_than_there_are():
    record = drawn(7)
    want = td.n_step_td(record, 0.9, 100, 0.3)
    for n in (10**9, 2**63 - 1):
        np.testing.assert_array_equal(td.n_step_td(record, 0.9, n, 0.3), want)


def test_rewards_in_single_precision_are_summed_in_double():
    record = drawn(4)
    single = record._replace(r=record.r.astype(np.float32))
    double = single._replace(r=single.r.astype(float))
    for learn in (lambda e: td.n_step_td(e, 0.9, 3, 0.5), lambda e: td.offline_lambda_return(e, 0.9, 0.5, 0.5)):
        np.testing.assert_array_equal(learn(single), learn(double))


BAD = [
    ({"gamma": 1.5}, r"gamma is 1.5"),
    ({"alpha": 0.0}, r"alpha is 0.0; expected a finite number greater than 0"),
    ({"alpha": [0.1, -1.0]}, r"alpha\[1\] is -1.0"),
    ({"power": 2.0}, r"power is 2.0"),
    ({"v": np.zeros(3)}, r"v has shape \(3,\); expected one number or one per state, \(4,\)"),
    ({"v": np.nan}, r"v is nan"),
    ({"alpha": [[0.1]]}, r"alpha has shape \(1, 1\)"),
]


@pytest.mark.parametrize("change, message", BAD, ids=[next(iter(x)) for x, _ in BAD])
def test_bad_arguments_are_named(change, message):
    arguments = {"gamma": 0.9, "alpha": 0.1, **change}
    with pytest.raises(ValueError, match=message):
        td.n_step_td(drawn(0), n=1, **arguments)
    with pytest.raises(ValueError, match=message):
        td.offline_lambda_return(drawn(0), lam=0.5, **arguments)


def test_the_loops_give_the_same_uncompiled():
    record = drawn(8)
    loop = getattr(td._toward_n_steps, "py_func", td._toward_n_steps)
    ret = td.returns.discounted_returns(record.r, 0.0, record.terminated, record.truncated, 0.9)
    plain = record.learn(loop, 0.0, [0.3, 0.8], 0.5, ret, 0.9, 2)
    np.testing.assert_allclose(plain, td.n_step_td(record, 0.9, 2, [0.3, 0.8], power=0.5), rtol=0, atol=1e-15)

"""Averages of returns, and the values of the implied chain, against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import prediction as oracle

from rlcourse.tabular import monte_carlo as mc
from rlcourse.tabular import traces
from rlcourse.tabular.experience import Experience

seeds = st.integers(0, 2**32 - 1)
unit = st.floats(0, 1)


def drawn(seed, **how):
    return Experience(**oracle.random_record(seed, **how))


def test_two_visits_by_hand():
    record = Experience(
        np.array([0, 0, 0]), np.array([1.0, 2.0, 5.0]), np.array([0, 1, 1]), np.array([False, True, True]),
        np.zeros(3, bool), np.array([[2, 3]]), 2,
    )
    np.testing.assert_allclose(mc.monte_carlo(record, 1.0)[0, :, 0], [2.5, 10 / 3])
    np.testing.assert_allclose(mc.monte_carlo(record, 1.0, first_visit=True)[0, :, 0], [3, 4])
    np.testing.assert_allclose(mc.monte_carlo(record, 1.0, 0.5, power=0.0, v=1.0)[0, 0], [2, 1])


@given(seeds, unit, unit, st.booleans())
def test_monte_carlo_equals_its_definition(seed, gamma, power, first):
    record, v, alphas = drawn(seed, cut=False), np.random.default_rng(seed).normal(size=4), [0.3, 1.0]
    got = mc.monte_carlo(record, gamma, alphas, power=power, first_visit=first, v=v)
    runs = oracle.episodes(record)
    want = [[oracle.monte_carlo(run, 4, gamma, alpha, power, first, v) for run in runs] for alpha in alphas]
    np.testing.assert_allclose(got, want, atol=1e-12)


@given(seeds, unit)
def test_monte_carlo_is_offline_td_1_within_an_episode_without_repeats(seed, gamma):
    record = drawn(seed, episodes=1, cut=False)
    got = mc.monte_carlo(record, gamma, 0.3, power=0.0, first_visit=True)
    want = traces.td_lambda(record, gamma, 1.0, 0.3, online=False)
    once = [len(set(s)) == len(s) for s in ([x[0] for x in run[0]] for run in oracle.episodes(record))]
    np.testing.assert_allclose(got[once], want[once], atol=1e-12)


@given(seeds, st.floats(0, 0.9))
def test_certainty_equivalence_solves_the_implied_chain(seed, gamma):
    record = drawn(seed)
    got = mc.certainty_equivalence(record, gamma)
    for run, values in zip(oracle.episodes(record), got, strict=True):
        for e in (0, 2):
            want = oracle.implied_values(run[: e + 1], 4, gamma, sweeps=300)
            np.testing.assert_allclose(values[e], want, atol=1e-8)


def test_certainty_equivalence_without_discount():
    """The eight episodes of Sutton and Barto (2018), example 6.4."""
    record = Experience(
        np.array([0] + 8 * [1]), np.array([0, 0, 1, 1, 1, 1, 1, 1, 0.0]), np.array([1] + 8 * [2]),
        np.arange(9) > 0, np.zeros(9, bool), np.arange(2, 10)[None, :], 3,
    )
    np.testing.assert_allclose(mc.certainty_equivalence(record, 1.0, v=7.0)[0, -1], [0.75, 0.75, 7])
    np.testing.assert_allclose(mc.certainty_equivalence(record, 1.0)[0, 0], [0, 0, 0], atol=1e-15)
    np.testing.assert_allclose(mc.monte_carlo(record, 1.0)[0, -1], [0, 0.75, 0])


@given(seeds)
def test_batch_td_is_at_rest_there(seed):
    record = drawn(seed, runs=1)
    v = mc.certainty_equivalence(record, 0.9, v=0.5)[0, -1]
    added = np.zeros(4)
    for episode in oracle.episodes(record)[0]:
        for s, r, s_next, terminated in episode:
            added[s] += r + (0 if terminated else 0.9 * v[s_next]) - v[s]
    np.testing.assert_allclose(added, 0, atol=1e-10)


def test_rewards_in_single_precision_are_summed_in_double():
    record = drawn(4, cut=False)
    single = record._replace(r=record.r.astype(np.float32))
    double = single._replace(r=single.r.astype(float))
    np.testing.assert_array_equal(mc.monte_carlo(single, 0.9), mc.monte_carlo(double, 0.9))


def test_bad_arguments_are_named():
    cut = drawn(1)
    first = int(np.argmax(cut.truncated))
    assert cut.truncated.any()
    neither = cut._replace(truncated=np.zeros(len(cut.s), bool))  # no flag at all where an episode is cut
    with pytest.raises(ValueError, match="does not terminate"):
        mc.monte_carlo(neither, 0.9)
    with pytest.raises(ValueError, match=f"the episode that ends with step {first} does not terminate; expected"):
        mc.monte_carlo(cut, 0.9)
    with pytest.raises(ValueError, match=f"gamma is 1 and the episode that ends with step {first} does not terminate"):
        mc.certainty_equivalence(cut, 1.0)
    for function in (mc.monte_carlo, mc.certainty_equivalence):
        with pytest.raises(ValueError, match="gamma is 1.1"):
            function(drawn(1, cut=False), 1.1)
        with pytest.raises(TypeError, match="terminated: expected dtype bool"):
            function(drawn(1, cut=False)._replace(terminated=np.ones(len(drawn(1, cut=False).s), int)), 0.9)
        with pytest.raises(ValueError, match=r"v has shape \(3,\)"):
            function(drawn(1, cut=False), 0.9, v=np.zeros(3))
        with pytest.raises(ValueError, match="v is nan"):
            function(drawn(1, cut=False), 0.9, v=np.nan)


def test_the_loops_give_the_same_uncompiled():
    record = drawn(8, cut=False)
    loop = getattr(mc._toward_returns, "py_func", mc._toward_returns)
    ret = mc.returns.discounted_returns(record.r, 0.0, record.terminated, record.truncated, 0.9)
    plain = record.learn(loop, 0.0, [0.3, 0.8], 0.5, ret, True)
    want = mc.monte_carlo(record, 0.9, [0.3, 0.8], power=0.5, first_visit=True)
    np.testing.assert_allclose(plain, want, rtol=0, atol=1e-15)

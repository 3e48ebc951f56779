"""Traces against sums over the past, and true online TD(lambda) against updates made anew at every step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import prediction as oracle

from rlcourse.tabular import monte_carlo, td, traces
from rlcourse.tabular.experience import Experience

seeds = st.integers(0, 2**32 - 1)
unit = st.floats(0, 1)


def drawn(seed, **how):
    return Experience(**oracle.random_record(seed, **how))


def test_two_visits_by_hand():
    record = Experience(
        np.array([0, 0]), np.array([1.0, 2.0]), np.array([0, 1]), np.array([False, True]), np.zeros(2, bool),
        np.array([[2]]), 2,
    )
    # delta 1 with trace 0.5, then delta 2 - 0.5; the old trace has decayed to 0.25
    for kind, trace in (("accumulating", 0.75), ("replacing", 0.5), ("dutch", 0.5 * 0.25 + 0.5)):
        v = traces.td_lambda(record, 1.0, 0.5, 0.5, trace=kind)
        np.testing.assert_allclose(v[0, 0], [0.5 + 1.5 * trace, 0])
    # V moved by 0.5 since the first TD error was computed with the old value of the same state
    v = traces.true_online_td(record, 1.0, 0.5, 0.5)
    np.testing.assert_allclose(v[0, 0], [0.5 + (1.5 + 0.5) * 0.625 - 0.5 * 0.5, 0])


@given(seeds, st.sampled_from(traces.TRACES), st.booleans(), unit, unit, unit)
def test_td_lambda_equals_its_definition(seed, kind, online, lam, gamma, power):
    record, v, alphas = drawn(seed), np.random.default_rng(seed).normal(size=4), [0.3, 0.8]
    got = traces.td_lambda(record, gamma, lam, alphas, power=power, trace=kind, online=online, v=v)
    runs = oracle.episodes(record)
    want = [[oracle.td_lambda(run, 4, lam, gamma, alpha, power, kind, v, online) for run in runs] for alpha in alphas]
    np.testing.assert_allclose(got, want, atol=1e-12)


@given(seeds, unit, unit, unit)
def test_true_online_is_the_online_lambda_return(seed, lam, gamma, power):
    record, v, alphas = drawn(seed), np.random.default_rng(seed).normal(size=4), [0.3, 0.8]
    got = traces.true_online_td(record, gamma, lam, alphas, power=power, v=v)
    runs = oracle.episodes(record)
    want = [[oracle.online_lambda_return(run, 4, lam, gamma, alpha, power, v) for run in runs] for alpha in alphas]
    np.testing.assert_allclose(got, want, atol=1e-12)


@given(seeds, unit, unit)
def test_forward_is_backward_offline_and_not_online(seed, lam, gamma):
    record = drawn(seed)
    forward = td.offline_lambda_return(record, gamma, lam, 0.2, power=0.5)
    np.testing.assert_allclose(
        traces.td_lambda(record, gamma, lam, 0.2, power=0.5, online=False), forward, atol=1e-12
    )


def test_online_the_two_views_differ():
    record = drawn(5, runs=1, cut=False)
    gap = traces.td_lambda(record, 0.9, 0.9, 0.2) - td.offline_lambda_return(record, 0.9, 0.9, 0.2)
    assert np.abs(gap).max() > 1e-3


@given(seeds, unit)
def test_lambda_0_is_td_0_with_every_trace(seed, gamma):
    record = drawn(seed)
    want = td.n_step_td(record, gamma, 1, 0.3)
    for kind in traces.TRACES:
        np.testing.assert_allclose(traces.td_lambda(record, gamma, 0.0, 0.3, trace=kind), want, atol=1e-12)
    np.testing.assert_allclose(traces.true_online_td(record, gamma, 0.0, 0.3), want, atol=1e-12)


@given(seeds)
def test_replacing_traces_of_one_episode_are_first_visit_monte_carlo(seed):
    """Offline, gamma = lambda = 1: the change is that of the first visit, with its step size."""
    record = drawn(seed, runs=3, episodes=1, cut=False)
    got = traces.td_lambda(record, 1.0, 1.0, 0.3, trace="replacing", online=False)
    want = monte_carlo.monte_carlo(record, 1.0, 0.3, power=0.0, first_visit=True)
    np.testing.assert_allclose(got, want, atol=1e-12)


def test_many_lambdas_and_step_sizes_at_once():
    record, lams, alphas = drawn(2), [0.0, 0.7, 1.0], [0.1, 0.2, 0.3, 0.4, 0.5]
    for learn in (traces.td_lambda, traces.true_online_td):
        got = learn(record, 0.9, lams, alphas)
        assert got.shape == (3, 5, 2, 3, 4)
        for i, lam in enumerate(lams):
            for j, alpha in enumerate(alphas):
                np.testing.assert_allclose(got[i, j], learn(record, 0.9, lam, alpha), atol=1e-14)


@given(seeds)
def test_many_runs_are_what_each_is_alone(seed):
    record = drawn(seed, runs=3)
    begins = [0, *record.ends[:-1, -1]]
    for learn in (
        lambda e: traces.td_lambda(e, 0.9, 0.8, 0.4),
        lambda e: traces.td_lambda(e, 0.9, 0.8, 0.4, power=0.5, trace="dutch", online=False),
        lambda e: traces.true_online_td(e, 0.9, 0.8, 0.4, power=0.5),
    ):
        together = learn(record)
        for run, (begin, ends) in enumerate(zip(begins, record.ends, strict=True)):
            alone = Experience(*(x[begin : ends[-1]] for x in record[:5]), ends[None, :] - begin, record.n_states)
            np.testing.assert_array_equal(together[run], learn(alone)[0])


@given(seeds, unit)
def test_without_a_change_on_the_way_the_td_errors_add_up_to_the_monte_carlo_error(seed, gamma):
    """Offline TD(1) of one episode: the sum of what every visit lacks, all with the values at its start."""
    record = drawn(seed, runs=3, episodes=1, cut=False)
    v = np.random.default_rng(seed).normal(size=4)
    got = traces.td_lambda(record, gamma, 1.0, 0.3, online=False, v=v)[:, 0]
    for (episode,), change in zip(oracle.episodes(record), got - v, strict=True):
        want = np.zeros(4)
        for t, (s, *_) in enumerate(episode):
            want[s] += 0.3 * (sum(gamma**k * step[1] for k, step in enumerate(episode[t:])) - v[s])
        np.testing.assert_allclose(change, want, atol=1e-12)


def test_values_of_terminal_states_are_not_read():
    record = drawn(3, cut=False)
    for learn in (traces.td_lambda, traces.true_online_td):
        got, want = (learn(record, 0.9, 0.5, 0.5, v=np.array([0, 0, 0, x])) for x in (99.0, 0.0))
        np.testing.assert_array_equal(got[..., :3], want[..., :3])


BAD = [
    ({"lam": 1.5}, r"lam is 1.5"),
    ({"lam": [0.5, -0.1]}, r"lam\[1\] is -0.1"),
    ({"lam": [[0.5]]}, r"lam has shape \(1, 1\)"),
    ({"lam": []}, r"lam has shape \(0,\)"),
    ({"gamma": -1.0}, r"gamma is -1.0"),
    ({"alpha": 0.0}, r"alpha is 0.0"),
]


@pytest.mark.parametrize("change, message", BAD, ids=[f"{x}" for x, _ in BAD])
def test_bad_arguments_are_named(change, message):
    for learn in (traces.td_lambda, traces.true_online_td):
        with pytest.raises(ValueError, match=message):
            learn(drawn(0), **{"gamma": 0.9, "lam": 0.5, "alpha": 0.1, **change})


def test_numbers_are_no_flags():
    record = drawn(0)._replace(terminated=drawn(0).terminated.astype(int))
    for learn in (traces.td_lambda, traces.true_online_td):
        with pytest.raises(TypeError, match="terminated: expected dtype bool"):
            learn(record, 0.9, 0.5, 0.1)
        with pytest.raises(TypeError, match="gamma: expected one number"):
            learn(drawn(0), [0.5, 0.9], 0.5, 0.1)


def test_an_unknown_trace_is_named():
    with pytest.raises(ValueError, match="trace is 'french'; expected one of accumulating, replacing, dutch"):
        traces.td_lambda(drawn(0), 0.9, 0.5, 0.1, trace="french")


def test_the_loops_give_the_same_uncompiled():
    record = drawn(8)
    for name, last, want in (
        ("_shared_traces", False, traces.td_lambda(record, 0.9, 0.7, [0.3, 0.8], power=0.5)),
        ("_dutch_traces", True, traces.true_online_td(record, 0.9, 0.7, [0.3, 0.8], power=0.5)),
    ):
        loop = getattr(traces, name)
        plain = record.learn(getattr(loop, "py_func", loop), 0.0, [0.3, 0.8], 0.5, 0.9, 0.7, True, last)
        np.testing.assert_allclose(plain, want, rtol=0, atol=1e-15)

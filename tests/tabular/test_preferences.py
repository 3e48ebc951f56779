"""Preference models, the Gibbs policy and the DPO loss in numpy: identities, gradients, bad input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles import preferences as oracle

from rlcourse.tabular import preferences

real = st.floats(-5, 5, allow_nan=False)
beta_values = st.floats(0.1, 5)


def vectors(n=4):
    return arrays(float, n, elements=real)


def normalized(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_bradley_terry_at_known_points():
    got = preferences.bradley_terry([0.0, 1.0, 1.0], [0.0, 0.0, 3.0])
    np.testing.assert_allclose(got, [0.5, np.e / (1 + np.e), 1 / (1 + np.e**2)], rtol=1e-12)


@given(vectors(), vectors(), real)
def test_bradley_terry_is_complementary_and_ignores_a_shift(r_w, r_l, shift):
    p = preferences.bradley_terry(r_w, r_l)
    np.testing.assert_allclose(p + preferences.bradley_terry(r_l, r_w), 1, atol=1e-12)
    np.testing.assert_allclose(p, preferences.bradley_terry(r_w + shift, r_l + shift), atol=1e-12)


@given(vectors(), vectors())
def test_the_likelihood_loss_of_a_label_is_minus_the_log_of_its_probability(r_w, r_l):
    won, lost = (preferences.bradley_terry_loss(r_w, r_l, label) for label in (1.0, 0.0))
    np.testing.assert_allclose(np.exp(-won), preferences.bradley_terry(r_w, r_l), rtol=1e-10)
    np.testing.assert_allclose(np.exp(-lost), preferences.bradley_terry(r_l, r_w), rtol=1e-10)
    np.testing.assert_allclose(won, preferences.bradley_terry_loss(r_l, r_w, 0.0), rtol=1e-12)


@given(vectors(), vectors())
def test_the_true_probability_as_label_gives_the_smallest_expected_loss(r_w, r_l):
    p = preferences.bradley_terry(r_w, r_l)
    entropy = preferences.bradley_terry_loss(r_w, r_l, p)
    for wrong in (0.3, -0.3):
        assert (preferences.bradley_terry_loss(r_w + wrong, r_l, p) >= entropy).all()


def test_the_loss_survives_huge_margins():
    # log(1 / (1 + exp(1000))) overflows; the loss is the margin itself
    loss = preferences.bradley_terry_loss([0.0, 1000.0], [1000.0, 0.0])
    np.testing.assert_allclose(loss, [1000.0, 0.0], rtol=1e-12)


@given(vectors(3))
def test_plackett_luce_sums_to_one_over_the_rankings(r):
    orders = [list(order) for order in itertools.permutations(range(3))]
    np.testing.assert_allclose(np.exp(preferences.plackett_luce(r[orders])).sum(), 1, rtol=1e-10)


@given(vectors(), real)
def test_plackett_luce_ignores_a_shift_and_is_bradley_terry_for_two(r, shift):
    np.testing.assert_allclose(preferences.plackett_luce(r + shift), preferences.plackett_luce(r), atol=1e-10)
    np.testing.assert_allclose(
        preferences.plackett_luce(r[:2]), np.log(preferences.bradley_terry(r[0], r[1])), rtol=1e-9
    )
    assert preferences.plackett_luce(r[:1]) == pytest.approx(0, abs=1e-12)


def test_plackett_luce_starts_with_the_best_place():
    # negative control: listed from the last place to the best, the ranking is another one
    r = np.array([2.0, 1.0, 0.0])
    np.testing.assert_allclose(preferences.plackett_luce(r), oracle.plackett_luce(r), rtol=1e-12)
    assert preferences.plackett_luce(r) > preferences.plackett_luce(r[::-1]) + 1


@given(vectors(), vectors(), vectors(), beta_values)
def test_the_gibbs_identity(logits, ref, r, beta):
    logp, logp_ref = normalized(logits), normalized(ref)
    best = preferences.gibbs_policy(r, logp_ref, beta)
    J = preferences.kl_regularized_objective(logp, r, logp_ref, beta)
    gap = beta * (np.exp(logp) * (logp - best)).sum()
    np.testing.assert_allclose(J, beta * preferences.log_partition(r, logp_ref, beta) - gap, atol=1e-8)
    assert preferences.kl_regularized_objective(best, r, logp_ref, beta) + 1e-9 >= J


@given(vectors(), vectors(), beta_values)
def test_the_gibbs_policy_is_normalized_and_tends_to_the_reference_or_the_best_response(ref, r, beta):
    logp_ref = normalized(ref)
    np.testing.assert_allclose(np.exp(preferences.gibbs_policy(r, logp_ref, beta)).sum(), 1, rtol=1e-10)
    far = preferences.gibbs_policy(r, logp_ref, 1e9)
    np.testing.assert_allclose(far, logp_ref, atol=1e-6)
    r[2] = r.max() + 1
    near = preferences.gibbs_policy(r, logp_ref, 1e-3)
    assert np.exp(near[2]) == pytest.approx(1)


def test_the_gibbs_policy_at_a_known_point():
    best = np.exp(preferences.gibbs_policy([1.0, 0.0, 0.0], np.log([1 / 3] * 3), 0.5))
    np.testing.assert_allclose(best, [0.787, 0.107, 0.107], atol=5e-4)


def test_the_objective_at_the_edges_of_the_support():
    logp_ref, r = np.log([0.5, 0.5]), np.array([1.0, 0.0])
    with np.errstate(divide="ignore"):
        one, half = np.log([1.0, 0.0]), np.log([0.5, 0.5])
        assert preferences.kl_regularized_objective(one, r, logp_ref, 2.0) == pytest.approx(1 - 2 * np.log(2))
        assert preferences.kl_regularized_objective(half, r, one, 2.0) == -np.inf
        assert preferences.kl_regularized_objective(one, r, one, 2.0) == pytest.approx(1)


@given(vectors(), vectors(), vectors(), beta_values, real)
def test_the_implicit_reward_of_the_gibbs_policy_is_the_reward_up_to_a_constant(logits, ref, r, beta, shift):
    logp_ref = normalized(ref)
    best = preferences.gibbs_policy(r + shift, logp_ref, beta)
    back = preferences.implicit_reward(best, logp_ref, beta)
    np.testing.assert_allclose(back - back[0], r - r[0], atol=1e-8)
    assert np.exp(normalized(logits)) @ preferences.implicit_reward(logp_ref, logp_ref, beta) == 0


def test_the_implicit_reward_is_positive_where_the_policy_prefers_more_than_the_reference():
    got = preferences.implicit_reward(np.log([0.4, 0.1]), np.log([0.1, 0.4]), 0.5)
    np.testing.assert_allclose(got, [0.5 * np.log(4), -0.5 * np.log(4)], rtol=1e-12)


def pairs(seed, n=5):
    rng = np.random.default_rng(seed)
    return [-rng.exponential(size=n) for _ in range(4)]


@given(st.integers(0, 10_000), beta_values, st.floats(0, 1))
def test_the_dpo_loss_has_the_value_of_its_definition(seed, beta, label):
    given_pairs = pairs(seed)
    got = preferences.dpo_loss(*given_pairs, beta, label)
    np.testing.assert_allclose(got, oracle.dpo_loss(*given_pairs, beta, label), rtol=1e-8, atol=1e-10)


@given(st.integers(0, 10_000), beta_values)
def test_the_dpo_loss_at_the_reference_is_log_two_and_depends_on_differences_only(seed, beta):
    logp_w, logp_l, ref_w, ref_l = pairs(seed)
    np.testing.assert_allclose(preferences.dpo_loss(ref_w, ref_l, ref_w, ref_l, beta), np.log(2), rtol=1e-12)
    loss = preferences.dpo_loss(logp_w, logp_l, ref_w, ref_l, beta)
    np.testing.assert_allclose(
        preferences.dpo_loss(logp_w - 3, logp_l - 3, ref_w - 1, ref_l - 1, beta), loss, rtol=1e-9
    )
    # negative control: swapping winner and loser is the loss of the opposite label
    np.testing.assert_allclose(
        preferences.dpo_loss(logp_l, logp_w, ref_l, ref_w, beta),
        preferences.dpo_loss(logp_w, logp_l, ref_w, ref_l, beta, 0.0),
        rtol=1e-12,
    )


@pytest.mark.parametrize("label", [1.0, 0.3, 0.0])
def test_the_dpo_gradient_is_the_derivative_of_the_loss(label):
    logp_w, logp_l, ref_w, ref_l = pairs(3)
    by_w = oracle.derivative(lambda x: oracle.dpo_loss(x, logp_l, ref_w, ref_l, 0.6, label), logp_w)
    by_l = oracle.derivative(lambda x: oracle.dpo_loss(logp_w, x, ref_w, ref_l, 0.6, label), logp_l)
    got = preferences.dpo_gradient(logp_w, logp_l, ref_w, ref_l, 0.6, label)
    np.testing.assert_allclose(got, by_w, atol=1e-8)
    np.testing.assert_allclose(-got, by_l, atol=1e-8)


def test_the_dpo_gradient_at_the_reference_is_half_of_beta():
    logp = np.log([0.2, 0.3])
    np.testing.assert_allclose(preferences.dpo_gradient(logp, logp, logp, logp, 0.8), [-0.4, -0.4], rtol=1e-12)


def population(seed=0, n=4):
    rng = np.random.default_rng(seed)
    r, logp_ref = rng.normal(size=n), normalized(rng.normal(size=n))
    weight = rng.uniform(size=(n, n))
    return r, logp_ref, preferences.bradley_terry(r[:, None], r[None, :]), weight / weight.sum()


def test_the_population_gradient_is_the_derivative_of_the_loss():
    _, logp_ref, preference, weight = population()
    rng = np.random.default_rng(5)
    preference = rng.uniform(size=preference.shape)
    logits = rng.normal(size=4)
    got = preferences.dpo_population_gradient(normalized(logits), logp_ref, preference, weight, 0.6)

    def by_logits(x):
        return oracle.dpo_population_loss(normalized(x), logp_ref, preference, weight, 0.6)

    np.testing.assert_allclose(got, oracle.derivative(by_logits, logits), atol=1e-8)
    assert got.sum() == pytest.approx(0, abs=1e-12)


def test_prompts_are_batched_in_front():
    r, logp_ref, preference, weight = (np.stack(pair) for pair in zip(population(1), population(2), strict=True))
    logp = np.log([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    for function in (preferences.dpo_population_loss, preferences.dpo_population_gradient):
        together = function(logp, logp_ref, preference, weight, 0.6)
        apart = [function(logp[x], logp_ref[x], preference[x], weight[x], 0.6) for x in range(2)]
        np.testing.assert_allclose(together, apart, rtol=1e-12)
    best = preferences.gibbs_policy(r, logp_ref, 0.6)
    np.testing.assert_allclose(best[1], preferences.gibbs_policy(r[1], logp_ref[1], 0.6), rtol=1e-12)


@given(st.integers(0, 1000), beta_values)
def test_the_population_loss_is_stationary_and_smallest_at_the_gibbs_policy(seed, beta):
    r, logp_ref, preference, weight = population(seed)
    best = preferences.gibbs_policy(r, logp_ref, beta)
    gradient = preferences.dpo_population_gradient(best, logp_ref, preference, weight, beta)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)
    other = normalized(best + np.random.default_rng(seed).normal(size=4))
    losses = [preferences.dpo_population_loss(logp, logp_ref, preference, weight, beta) for logp in (best, other)]
    assert losses[0] < losses[1]


def test_the_population_loss_of_one_shown_pair_is_its_loss():
    _, logp_ref, preference, _ = population()
    logp, weight = np.log([0.1, 0.2, 0.3, 0.4]), np.zeros((4, 4))
    weight[2, 0] = 1
    got = preferences.dpo_population_loss(logp, logp_ref, preference, weight, 0.6)
    want = oracle.dpo_loss(logp[2], logp[0], logp_ref[2], logp_ref[0], 0.6, preference[2, 0])
    np.testing.assert_allclose(got, want, rtol=1e-12)


THIRD = np.log([0.2, 0.3, 0.5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: preferences.bradley_terry([0.0, np.nan], 0.0), r"r_w\[1\] is nan"),
        (lambda: preferences.bradley_terry(0.0, np.inf), "r_l is inf"),
        (lambda: preferences.bradley_terry(np.zeros(2), np.zeros(3)), r"r_w \(2,\), r_l \(3,\)"),
        (lambda: preferences.bradley_terry_loss(0.0, 1.0, 1.2), r"label is 1.2; expected a number in \[0, 1\]"),
        (lambda: preferences.plackett_luce([0.0, np.nan]), r"r\[1\] is nan"),
        (lambda: preferences.log_partition(np.zeros(3), THIRD, 0.0), "beta is 0.0; expected a finite number greater"),
        (lambda: preferences.gibbs_policy(np.zeros(3), THIRD + 1, 1.0), r"exp\(logp_ref\)\[:\] sums to 2.71"),
        (lambda: preferences.gibbs_policy([0.0, np.inf, 0.0], THIRD, 1.0), r"r\[1\] is inf"),
        (lambda: preferences.gibbs_policy(np.zeros(2), THIRD, 1.0), r"r \(2,\), logp_ref \(3,\)"),
        (
            lambda: preferences.kl_regularized_objective(THIRD - 1, np.zeros(3), THIRD, 1.0),
            r"exp\(logp\)\[:\] sums to 0.367",
        ),
        (
            lambda: preferences.kl_regularized_objective(THIRD[:2], np.zeros(3), THIRD, 1.0),
            r"logp \(2,\), r \(3,\)",
        ),
        (lambda: preferences.implicit_reward(0.0, -np.inf, 1.0), "logp_ref is -inf"),
        (lambda: preferences.implicit_reward(-np.inf, 0.0, 1.0), "logp is -inf"),
        (lambda: preferences.implicit_reward(0.0, 0.0, -1.0), "beta is -1.0"),
        (lambda: preferences.implicit_reward(np.zeros(2), np.zeros(3), 1.0), r"logp \(2,\), logp_ref \(3,\)"),
        (lambda: preferences.dpo_loss(0.0, 0.0, 0.0, 0.0, 1.0, -0.1), "label is -0.1"),
        (lambda: preferences.dpo_gradient(0.0, 0.0, 0.0, 0.0, 1.0, 2.0), "label is 2.0"),
        (
            lambda: preferences.dpo_gradient(np.zeros(3), np.zeros(3), 0.0, 0.0, 1.0, np.zeros(2)),
            r"label \(2,\)",
        ),
        (
            lambda: preferences.dpo_population_loss(THIRD, THIRD, np.full((3, 3), 0.5), np.ones((3, 3)), 1.0),
            r"weight \(pairs flattened\)\[:\] sums to 9",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Preference models, the Gibbs policy and the DPO loss in torch: values, gradients, dtypes, bad input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import preferences as oracle

from rlcourse.deep import preferences

seeds = st.integers(0, 10_000)
beta_values = st.floats(0.1, 5)


def draw(seed, *shape, count=1):
    rng = np.random.default_rng(seed)
    drawn = [torch.from_numpy(rng.normal(size=shape)) for _ in range(count)]
    return drawn[0] if count == 1 else drawn


def gradient(function, *inputs):
    """Derivatives of the summed result by every input."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    return torch.autograd.grad(function(*inputs).sum(), inputs)


def close(got, want, atol=1e-8):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), atol=atol, rtol=1e-7)


@given(seeds)
def test_bradley_terry_value_and_gradient(seed):
    r_w, r_l = draw(seed, 5, count=2)
    p = preferences.bradley_terry(r_w, r_l)
    close(p, oracle.bradley_terry(r_w, r_l))
    close(p + preferences.bradley_terry(r_l, r_w), np.ones(5))
    by_w, by_l = gradient(preferences.bradley_terry, r_w, r_l)
    close(by_w, p * (1 - p))
    close(by_l, -by_w)


@given(seeds, st.floats(0, 1))
def test_bradley_terry_loss_value_and_gradient(seed, label):
    r_w, r_l = draw(seed, 5, count=2)
    close(preferences.bradley_terry_loss(r_w, r_l, label), oracle.bradley_terry_loss(r_w, r_l, label))
    by_w, by_l = gradient(lambda a, b: preferences.bradley_terry_loss(a, b, label), r_w, r_l)
    close(by_w, -(label - oracle.bradley_terry(r_w, r_l)))
    close(by_l, label - oracle.bradley_terry(r_w, r_l))


def test_loss_and_gradient_survive_huge_margins():
    r_w, r_l = torch.tensor([0.0, 1000.0]), torch.tensor([1000.0, 0.0])
    close(preferences.bradley_terry_loss(r_w, r_l), [1000, 0])
    by_w, by_l = gradient(preferences.bradley_terry_loss, r_w, r_l)
    close(by_w, [-1, 0])
    close(by_l, [1, 0])


@given(seeds)
def test_plackett_luce_value_and_gradient(seed):
    r = draw(seed, 3)
    orders = torch.tensor(list(itertools.permutations(range(3))))
    close(preferences.plackett_luce(r[orders]).exp().sum(), 1)
    close(preferences.plackett_luce(r), oracle.plackett_luce(r))
    (got,) = gradient(preferences.plackett_luce, r)
    close(got, oracle.derivative(oracle.plackett_luce, r.numpy()), atol=1e-7)
    close(preferences.plackett_luce(r[:2]), preferences.bradley_terry(r[0], r[1]).log())


def test_plackett_luce_starts_with_the_best_place():
    # negative control: listed from the last place to the best, the ranking is another one
    r = torch.tensor([2.0, 1.0, 0.0])
    assert preferences.plackett_luce(r) > preferences.plackett_luce(r.flip(-1)) + 1


@given(seeds, beta_values)
def test_the_gradient_of_the_log_partition_is_the_gibbs_policy(seed, beta):
    r, logits = draw(seed, 2, 4, count=2)
    logp_ref = logits.log_softmax(-1)
    best = preferences.gibbs_policy(r, logp_ref, beta)
    close(best, oracle.gibbs_policy(r, logp_ref, beta))
    close(preferences.log_partition(r, logp_ref, beta), oracle.log_partition(r, logp_ref, beta))
    (by_r,) = gradient(lambda x: preferences.log_partition(x, logp_ref, beta), r)
    close(beta * by_r, best.exp())


@given(seeds, beta_values)
def test_the_objective_has_the_gibbs_policy_as_its_maximum(seed, beta):
    r, logits, ref = draw(seed, 4, count=3)
    logp_ref = ref.log_softmax(-1)

    def J(x):
        return preferences.kl_regularized_objective(x.log_softmax(-1), r, logp_ref, beta)

    best = preferences.gibbs_policy(r, logp_ref, beta)
    close(J(logits), oracle.kl_regularized_objective(logits.log_softmax(-1), r, logp_ref, beta))
    assert J(logits) <= J(best) + 1e-9
    (at_best,) = gradient(J, best)
    close(at_best, np.zeros(4))
    (elsewhere,) = gradient(J, logits)

    def by_definition(x):
        logp = x - np.log(np.exp(x).sum())
        return oracle.kl_regularized_objective(logp, r, logp_ref, beta)

    close(elsewhere, oracle.derivative(by_definition, logits.numpy()), atol=1e-6)


def test_the_objective_at_the_edges_of_the_support_has_a_finite_gradient():
    logp = torch.tensor([0.0, -torch.inf], dtype=torch.float64)
    r, logp_ref = torch.tensor([1.0, 0.0]).double(), torch.tensor([0.5, 0.5]).double().log()
    close(preferences.kl_regularized_objective(logp, r, logp_ref, 2.0), 1 - 2 * np.log(2))
    (got,) = gradient(lambda x: preferences.kl_regularized_objective(x, r, logp_ref, 2.0), logp)
    assert got.isfinite().all()
    assert got[1] == 0
    assert preferences.kl_regularized_objective(logp_ref, r, logp, 2.0) == -torch.inf


@given(seeds, beta_values)
def test_implicit_reward_value_and_gradient(seed, beta):
    logp, logp_ref = draw(seed, 5, count=2)
    close(preferences.implicit_reward(logp, logp_ref, beta), beta * (logp - logp_ref))
    by_policy, by_reference = gradient(lambda a, b: preferences.implicit_reward(a, b, beta), logp, logp_ref)
    close(by_policy, np.full(5, beta))
    close(by_reference, np.full(5, -beta))


@given(seeds, beta_values, st.floats(0, 1))
def test_dpo_loss_value_and_gradient(seed, beta, label):
    given_pairs = draw(seed, 5, count=4)
    close(preferences.dpo_loss(*given_pairs, beta, label), oracle.dpo_loss(*given_pairs, beta, label))
    by_w, by_l, by_ref_w, by_ref_l = gradient(lambda *x: preferences.dpo_loss(*x, beta, label), *given_pairs)
    logp_w, logp_l, ref_w, ref_l = given_pairs
    chance = oracle.bradley_terry(beta * (logp_w - ref_w), beta * (logp_l - ref_l))
    close(by_w, -beta * (label - chance))
    close(by_l, -by_w)
    close(by_ref_w, -by_w)
    close(by_ref_l, by_w)


def test_dpo_loss_at_the_reference_and_with_winner_and_loser_swapped():
    logp = torch.tensor([-1.0, -2.0])
    close(preferences.dpo_loss(logp, logp.flip(0), logp, logp.flip(0), 0.3), [np.log(2)] * 2, atol=1e-7)
    better = preferences.dpo_loss(logp + 1, logp, logp, logp, 0.3)
    assert (better < np.log(2) - 0.1).all()
    assert (preferences.dpo_loss(logp, logp + 1, logp, logp, 0.3) > np.log(2) + 0.1).all()


@given(seeds, beta_values)
def test_the_population_loss_is_stationary_at_the_gibbs_policy_only(seed, beta):
    r, ref, logits = draw(seed, 4, count=3)
    logp_ref = ref.log_softmax(-1)
    preference = preferences.bradley_terry(r[:, None], r[None, :])
    weight = draw(seed + 1, 4, 4).exp()
    weight = weight / weight.sum()

    def L(x):
        return preferences.dpo_population_loss(x.log_softmax(-1), logp_ref, preference, weight, beta)

    (at_best,) = gradient(L, preferences.gibbs_policy(r, logp_ref, beta))
    close(at_best, np.zeros(4))
    close(L(logits), oracle.dpo_population_loss(*(x.numpy() for x in (logits, logp_ref, preference, weight)), beta))
    (elsewhere,) = gradient(L, logits)

    def by_definition(x):
        return oracle.dpo_population_loss(x, logp_ref.numpy(), preference.numpy(), weight.numpy(), beta)

    close(elsewhere, oracle.derivative(by_definition, logits.numpy()), atol=1e-6)


def test_prompts_are_batched_in_front():
    logits, ref, preference, weight = draw(3, 2, 4), draw(4, 2, 4), draw(5, 2, 4, 4).sigmoid(), draw(6, 2, 4, 4).exp()
    weight = weight / weight.sum((1, 2), keepdim=True)
    given_prompts = (logits.log_softmax(-1), ref.log_softmax(-1), preference, weight)
    together = preferences.dpo_population_loss(*given_prompts, 0.6)
    apart = [preferences.dpo_population_loss(*(x[prompt] for x in given_prompts), 0.6) for prompt in range(2)]
    close(together, torch.stack(apart))
    close(preferences.kl_regularized_objective(given_prompts[0], logits, given_prompts[1], 0.6).shape, [2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_preserved(dtype):
    logp = torch.tensor([0.2, 0.3, 0.5], dtype=dtype).log()
    r = torch.zeros(3, dtype=dtype)
    for result in (
        preferences.bradley_terry(r, r),
        preferences.bradley_terry_loss(r, r),
        preferences.plackett_luce(r),
        preferences.gibbs_policy(r, logp, 1.0),
        preferences.log_partition(r, logp, 1.0),
        preferences.kl_regularized_objective(logp, r, logp, 1.0),
        preferences.implicit_reward(logp, logp, 1.0),
        preferences.dpo_loss(logp, logp, logp, logp, 1.0),
    ):
        assert result.dtype == dtype


THIRD = torch.tensor([0.2, 0.3, 0.5]).log()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: preferences.bradley_terry(torch.tensor([0.0, torch.nan]), torch.zeros(2)), r"r_w\[1\] is nan"),
        (lambda: preferences.bradley_terry(torch.zeros(2), torch.tensor([0.0, torch.inf])), r"r_l\[1\] is inf"),
        (lambda: preferences.bradley_terry(torch.zeros(2), torch.zeros(3)), r"r_w \(2,\), r_l \(3,\)"),
        (
            lambda: preferences.bradley_terry_loss(torch.zeros(1), torch.zeros(1), 1.5),
            r"label is 1.5; expected a number in \[0, 1\]",
        ),
        (lambda: preferences.plackett_luce(torch.tensor([0.0, torch.nan])), r"r\[1\] is nan"),
        (lambda: preferences.log_partition(torch.zeros(3), THIRD, -1.0), "beta is -1.0"),
        (lambda: preferences.gibbs_policy(torch.zeros(3), THIRD + 1, 1.0), r"exp\(logp_ref\)\[:\] sums to 2.71"),
        (lambda: preferences.gibbs_policy(torch.zeros(2), THIRD, 1.0), r"r \(2,\), logp_ref \(3,\)"),
        (
            lambda: preferences.kl_regularized_objective(THIRD - 1, torch.zeros(3), THIRD, 1.0),
            r"exp\(logp\)\[:\] sums to 0.367",
        ),
        (lambda: preferences.implicit_reward(THIRD, THIRD - torch.inf, 1.0), r"logp_ref\[0\] is -inf"),
        (lambda: preferences.implicit_reward(THIRD, THIRD, 0.0), "beta is 0.0"),
        (lambda: preferences.dpo_loss(THIRD, THIRD, THIRD, THIRD, 1.0, THIRD), r"label\[0\] is -1.6"),
        (
            lambda: preferences.dpo_population_loss(THIRD, THIRD, torch.full((3, 3), 0.5), torch.ones(3, 3), 1.0),
            r"weight \(pairs flattened\)\[:\] sums to 9",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

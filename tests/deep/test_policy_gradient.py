"""The torch loss and baselines: the gradient is the tabular estimate, and nothing flows through the weights."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import policy_gradient as oracle

from rlcourse.deep import policy_gradient as pg

SEEDS = st.integers(0, 10**6)


def draw(seed, episodes=3, steps=4, actions=3, states=2):
    rng = np.random.default_rng(seed)
    theta = torch.tensor(rng.normal(size=(states, actions)), requires_grad=True)
    s, a = rng.integers(states, size=(episodes, steps)), rng.integers(actions, size=(episodes, steps))
    adv, mask = rng.normal(size=(episodes, steps)), rng.random((episodes, steps)) < 0.7
    logp = torch.log_softmax(theta, dim=-1)[torch.tensor(s), torch.tensor(a)]
    pi = torch.softmax(theta.detach(), dim=-1).numpy()
    score = np.zeros((episodes, steps, states, actions))
    for index in np.ndindex(s.shape):
        score[index][s[index]] = np.eye(actions)[a[index]] - pi[s[index]]
    return theta, logp, torch.tensor(adv), torch.tensor(mask), score.reshape(episodes, steps, -1)


@given(SEEDS, st.floats(0, 1))
def test_the_gradient_is_minus_the_mean_estimate(seed, gamma):
    theta, logp, adv, mask, score = draw(seed)
    pg.policy_gradient_loss(logp, adv, mask, gamma).backward()
    expected = oracle.policy_gradient(score, adv.numpy(), mask.numpy(), gamma).mean(axis=0)
    np.testing.assert_allclose(theta.grad.numpy().ravel(), -expected, atol=1e-12)


@given(SEEDS, st.sampled_from([(4,), (3, 4), (2, 3, 4)]))
def test_the_value_of_the_loss(seed, shape):
    rng = np.random.default_rng(seed)
    logp, adv, mask = -rng.exponential(size=shape), rng.normal(size=shape), rng.random(shape) < 0.7
    expected = oracle.policy_gradient(logp[..., None], adv, mask, 0.9).mean()
    loss = pg.policy_gradient_loss(torch.tensor(logp), torch.tensor(adv), torch.tensor(mask), 0.9)
    np.testing.assert_allclose(loss.item(), -expected, atol=1e-12)


def test_without_mask_every_step_counts():
    _, logp, adv, mask, _ = draw(0)
    assert pg.policy_gradient_loss(logp, adv) == pg.policy_gradient_loss(logp, adv, torch.ones_like(mask))


def test_no_gradient_flows_through_the_weights():
    theta, logp, adv, _, _ = draw(0)
    shared = adv * theta.sum()
    (with_graph,) = torch.autograd.grad(pg.policy_gradient_loss(logp, shared), theta, retain_graph=True)
    (without,) = torch.autograd.grad(pg.policy_gradient_loss(logp, shared.detach()), theta, retain_graph=True)
    assert torch.equal(with_graph, without)
    (naive,) = torch.autograd.grad(-(logp * shared).sum(dim=-1).mean(), theta)
    assert (naive - without).abs().max() > 1e-3


def test_padding_is_inert_whatever_it_holds():
    theta, logp, adv, mask, _ = draw(1)
    clean = pg.policy_gradient_loss(logp, adv, mask, 0.9)
    (expected,) = torch.autograd.grad(clean, theta, retain_graph=True)
    dirty_logp = torch.where(mask, logp, -torch.inf)
    dirty = pg.policy_gradient_loss(dirty_logp, torch.where(mask, adv, torch.nan), mask, 0.9)
    (got,) = torch.autograd.grad(dirty, theta)
    assert torch.equal(dirty, clean)
    assert torch.equal(got, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_is_kept(dtype):
    logp, adv = torch.zeros(2, 3, dtype=dtype), torch.ones(2, 3, dtype=dtype)
    assert pg.policy_gradient_loss(logp, adv, gamma=0.9).dtype == dtype
    assert pg.optimal_baseline(torch.ones(2, 3, 1, dtype=dtype), adv).dtype == dtype


@given(SEEDS, st.integers(2, 6), st.sampled_from([(), (3,), (2, 3)]))
def test_baselines_of_a_batch(seed, n, shape):
    G = torch.tensor(np.random.default_rng(seed).normal(size=(*shape, n)))
    np.testing.assert_allclose(pg.batch_mean_baseline(G), oracle.batch_mean_baseline(G.numpy()))
    np.testing.assert_allclose(pg.leave_one_out_baseline(G), oracle.leave_one_out_baseline(G.numpy()))
    # leave-one-out is the centered return rescaled
    torch.testing.assert_close(G - pg.leave_one_out_baseline(G), n / (n - 1) * (G - pg.batch_mean_baseline(G)))


@given(SEEDS, st.booleans())
def test_optimal_baseline(seed, per_component):
    rng = np.random.default_rng(seed)
    score, G, p = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4)), rng.dirichlet(np.ones(4), 2)
    score -= (p[..., None] * score).sum(axis=-2, keepdims=True)
    got = pg.optimal_baseline(torch.tensor(score), torch.tensor(G), torch.tensor(p), per_component)
    np.testing.assert_allclose(got, oracle.optimal_baseline(score, G, p, per_component), rtol=1e-6, atol=1e-6)
    shifted = pg.optimal_baseline(torch.tensor(score), torch.tensor(G + 3), torch.tensor(p), per_component)
    torch.testing.assert_close(shifted, got + 3)


def test_optimal_baseline_without_probabilities_weighs_all_alike():
    score, G = torch.tensor([[1.0], [2.0]]), torch.tensor([1.0, 0.0])
    assert pg.optimal_baseline(score, G).item() == pytest.approx(0.2)
    assert pg.optimal_baseline(torch.zeros(2, 1), G).item() == 0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: pg.policy_gradient_loss(torch.zeros(2, 3), torch.zeros(2, 4)), r"logp \(2, 3\), adv \(2, 4\)"),
        (lambda: pg.policy_gradient_loss(torch.zeros(3), torch.zeros(3), gamma=-0.1), "gamma is -0.1"),
        (lambda: pg.leave_one_out_baseline(torch.ones(3, 1)), r"at least 2 samples .* \(3, 1\)"),
        (lambda: pg.optimal_baseline(torch.zeros(2, 1), torch.zeros(3)), r"score \(2,\), G \(3,\)"),
        (lambda: pg.optimal_baseline(torch.zeros(2, 1), torch.zeros(2), torch.ones(2)), "probability.* sums to 2"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_mask_must_be_boolean():
    with pytest.raises(TypeError, match="mask: expected dtype bool"):
        pg.policy_gradient_loss(torch.zeros(3), torch.zeros(3), mask=torch.ones(3))

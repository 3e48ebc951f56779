import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import kl as oracle

from rlcourse.deep import kl

ESTIMATORS = ("k1", "k2", "k3")
MODES = ("value", "loss", "detached_ratio", "reward", "ratio")
P = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)
Q = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)
OLD = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)

logits = st.lists(st.floats(-3, 3), min_size=4, max_size=4).map(np.array)


def free(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def gradient(loss, x):
    return torch.autograd.grad(loss, x)[0].numpy()


# -- values ------------------------------------------------------------------------------------------


def test_kl_takes_the_first_argument_as_the_sampling_distribution():
    p, q = torch.tensor([0.7, 0.3]).log(), torch.tensor([0.4, 0.6]).log()
    assert kl.kl(p, q).item() == pytest.approx(0.18379, abs=1e-5)
    assert kl.kl(q, p).item() == pytest.approx(0.19204, abs=1e-5)


def test_kl_uses_the_last_axis_and_broadcasts():
    torch.manual_seed(0)
    logp = torch.randn(2, 3, 4, dtype=torch.float64).log_softmax(-1)
    logq = torch.randn(4, dtype=torch.float64).log_softmax(-1)
    np.testing.assert_allclose(kl.kl(logp, logq), oracle.kl(logp, logq), atol=1e-12)


def test_kl_with_impossible_outcomes():
    half, third = torch.tensor([0.5, 0.5, 0.0]).log(), torch.full((3,), 1 / 3).log()
    assert kl.kl(half, third).item() == pytest.approx(math.log(1.5))
    assert kl.kl(third, half).item() == math.inf
    assert kl.kl(half, half).item() == 0


@pytest.mark.parametrize("name", ["k1", "k2", "k3", "forward_k1", "forward_k3"])
def test_each_estimator_is_its_formula(name):
    rng = np.random.default_rng(1)
    logp, logq = -rng.exponential(size=(2, 50))
    got = getattr(kl, name)(torch.tensor(logp), torch.tensor(logq))
    np.testing.assert_allclose(got, getattr(oracle, name)(logp, logq), atol=1e-12)


def test_a_sample_that_the_reference_excludes():
    logp, logq = torch.tensor(-1.0), torch.tensor(-math.inf)
    values = [f(logp, logq).item() for f in (kl.k1, kl.k2, kl.k3, kl.forward_k1, kl.forward_k3)]
    assert values == [math.inf, math.inf, math.inf, 0.0, 1.0]


def test_the_optimal_coefficient_has_the_least_variance():
    best = kl.optimal_coefficient(P.log(), Q.log())
    assert best.item() == pytest.approx(0.580, abs=5e-4)

    def variance(coefficient):
        values = kl.controlled(P.log(), Q.log(), coefficient)
        return (P * values**2).sum().item() - (P * values).sum().item() ** 2

    assert [variance(c) for c in (0.0, 1.0, best)] == pytest.approx([0.735, 0.435, 0.106], abs=5e-4)


def test_optimal_coefficient_of_equal_distributions_and_along_the_last_axis():
    rng = np.random.default_rng(2)
    logp, logq = (torch.tensor(x).log_softmax(-1) for x in rng.normal(size=(2, 2, 3, 4)))
    logq[0, 0] = logp[0, 0]
    got = kl.optimal_coefficient(logp, logq)
    assert got[0, 0] == 1
    np.testing.assert_allclose(got[1], oracle.optimal_coefficient(logp[1], logq[1]), rtol=1e-9)


# -- gradients of the divergence and of the estimators -----------------------------------------------


@given(logits, logits)
def test_gradient_of_the_exact_divergence(x, y):
    z, logq = free(x), torch.tensor(y).log_softmax(-1)
    q = logq.exp().tolist()
    got = gradient(kl.kl(z.log_softmax(-1), logq), z)
    np.testing.assert_allclose(got, oracle.reverse_gradient(x, q), atol=1e-8)
    got = gradient(kl.kl(logq, z.log_softmax(-1)), z)
    np.testing.assert_allclose(got, oracle.forward_gradient(x, q), atol=1e-8)


def test_gradient_of_the_divergence_is_finite_at_impossible_outcomes():
    z = torch.tensor([0.3, -0.2, -math.inf], dtype=torch.float64, requires_grad=True)
    logq = torch.tensor([0.4, 0.6, 0.0], dtype=torch.float64).log()
    got = gradient(kl.kl(z.log_softmax(-1), logq), z)
    assert got[2] == 0
    np.testing.assert_allclose(got[:2], oracle.reverse_gradient([0.3, -0.2], [0.4, 0.6]), atol=1e-8)


@pytest.mark.parametrize("name", ["k1", "k2", "k3", "forward_k1", "forward_k3"])
def test_gradient_of_each_estimator_is_its_derivative(name):
    rng = np.random.default_rng(3)
    logp, logq = -rng.exponential(size=(2, 6))
    for argument in (0, 1):
        pair = [torch.tensor(logp), torch.tensor(logq)]
        pair[argument].requires_grad_()
        got = gradient(getattr(kl, name)(*pair).sum(), pair[argument])

        def value(x, argument=argument):
            arrays = [logp, logq]
            arrays[argument] = x
            return float(getattr(oracle, name)(*arrays).sum())

        np.testing.assert_allclose(got, oracle.numerical_gradient(value, (logp, logq)[argument]), atol=1e-7)


def test_the_coefficient_is_a_constant():
    z = free([0.3, -0.2, 1.0])
    assert not kl.optimal_coefficient(z.log_softmax(-1), Q.log()).requires_grad


# -- gradients of the penalty ------------------------------------------------------------------------


@given(logits, logits)
def test_expected_gradients_of_every_mode(x, y):
    logq = torch.tensor(y).log_softmax(-1)
    table = oracle.gradient_table(x, logq.exp().tolist())
    for (estimator, mode), want in table.items():
        for old in (None, OLD):
            z = free(x)
            logp = z.log_softmax(-1)
            sampler = logp.detach().exp() if old is None or mode == "loss" else old
            logp_old = None if old is None or mode == "loss" else old.log()
            expected = (sampler * kl.penalty(logp, logq, logp_old, estimator=estimator, mode=mode)).sum()
            if mode == "value":
                assert not expected.requires_grad
                continue
            np.testing.assert_allclose(gradient(expected, z), want, rtol=1e-4, atol=1e-5)


@given(logits, logits)
def test_every_mode_has_the_same_value(x, y):
    logp, logq = torch.tensor(x).log_softmax(-1), torch.tensor(y).log_softmax(-1)
    for estimator in ESTIMATORS:
        k = oracle.ESTIMATORS[estimator](logp, logq)
        for mode in MODES:
            np.testing.assert_allclose(kl.penalty(logp, logq, estimator=estimator, mode=mode), k, atol=1e-12)
            if mode != "loss":
                got = kl.penalty(logp, logq, OLD.log(), estimator=estimator, mode=mode)
                np.testing.assert_allclose(got, logp.exp().numpy() / OLD.numpy() * k, atol=1e-10)


def test_negative_control_of_the_gradient_test():
    """The cells of the table are far apart, so that a test can tell them from one another."""
    table = oracle.gradient_table([0.3, -0.4, 1.0], Q.tolist())
    cells = [table[k, m] for k in ESTIMATORS for m in ("reward", "ratio")]
    reverse = oracle.reverse_gradient([0.3, -0.4, 1.0], Q.tolist())
    apart = [float(np.abs(cell - reverse).max()) for cell in cells]
    assert [a < 1e-6 for a in apart] == [True, True, False, False, False, True]
    assert min(a for a in apart if a > 1e-6) > 0.01


def test_the_penalty_trains_the_policy_only():
    z, ref, old = free([0.1, 0.2, 0.3]), free([0.5, -0.5, 0.0]), free([0.0, 1.0, 0.0])
    for estimator in ESTIMATORS:
        for mode in ("detached_ratio", "reward", "ratio"):
            terms = kl.penalty(
                z.log_softmax(-1), ref.log_softmax(-1), old.log_softmax(-1), estimator=estimator, mode=mode
            )
            grads = torch.autograd.grad(terms.sum(), [z, ref, old], allow_unused=True)
            assert grads[0] is not None
            assert grads[1] is None
            assert grads[2] is None


# -- sequences ---------------------------------------------------------------------------------------


def test_sequences_at_free_logits():
    """A language of two tokens: values against the oracle, gradients against numerical ones."""
    logq = torch.tensor([[-0.5, -1.0], [-2.0, -0.1]], dtype=torch.float64)
    x = -np.random.default_rng(4).exponential(size=4)
    for estimator in ESTIMATORS:
        for per_token in (False, True):

            def value(v, estimator=estimator, per_token=per_token):
                pair = oracle.sequence_kl(v.reshape(2, 2), logq, estimator=estimator, per_token=per_token)
                return float(pair.sum())

            z = free(x)
            got = kl.sequence_kl(z.reshape(2, 2), logq, estimator=estimator, per_token=per_token).sum()
            assert got.item() == pytest.approx(value(x))
            np.testing.assert_allclose(gradient(got, z), oracle.numerical_gradient(value, x), atol=1e-6)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("per_token", [False, True])
def test_padding_is_inert_in_value_and_gradient(estimator, per_token):
    rng = np.random.default_rng(5)
    logp, logq = torch.tensor(-rng.exponential(size=(2, 5, 2, 6)))
    mask = torch.arange(6) < 4
    junk = torch.where(mask, logp, -math.inf).requires_grad_()
    got = kl.sequence_kl(junk, torch.where(mask, logq, math.nan), mask, estimator=estimator, per_token=per_token)
    want = kl.sequence_kl(logp[..., :4], logq[..., :4], estimator=estimator, per_token=per_token)
    np.testing.assert_allclose(got.detach(), want)
    grad = gradient(got.sum(), junk)
    assert np.isfinite(grad).all()
    assert not grad[..., 4:].any()
    assert grad[..., :4].any()


def test_padding_is_inert_for_rao_blackwell():
    rng = np.random.default_rng(6)
    rows_p, rows_q = (torch.tensor(x).log_softmax(-1) for x in rng.normal(size=(2, 5, 2, 4, 3)))
    mask = torch.tensor([True, True, False, True])
    junk_p = torch.where(mask[:, None], rows_p, math.nan).requires_grad_()
    got = kl.rao_blackwell_kl(junk_p, torch.where(mask[:, None], rows_q, math.nan), mask)
    want = kl.rao_blackwell_kl(rows_p[..., mask, :], rows_q[..., mask, :])
    np.testing.assert_allclose(got.detach(), want)
    np.testing.assert_allclose(want, oracle.rao_blackwell_kl(rows_p[..., mask, :], rows_q[..., mask, :]))
    grad = gradient(got.sum(), junk_p)
    assert np.isfinite(grad).all()
    assert not grad[..., 2, :].any()


def test_rao_blackwell_gradient_is_that_of_every_row():
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(2, 2, 3))
    z = free(x)
    got = gradient(kl.rao_blackwell_kl(z.log_softmax(-1), torch.tensor(y).log_softmax(-1)), z)
    want = [oracle.reverse_gradient(a, oracle.softmax(b)) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(got, want, atol=1e-8)


def test_dtype_stays():
    logp, logq = P.float().log(), Q.float().log()
    mask = torch.tensor([True, True, False])
    for result in (
        kl.kl(logp, logq),
        kl.k1(logp, logq),
        kl.k2(logp, logq),
        kl.k3(logp, logq),
        kl.forward_k1(logp, logq),
        kl.forward_k3(logp, logq),
        kl.optimal_coefficient(logp, logq),
        kl.penalty(logp, logq, logp, estimator="k3"),
        kl.sequence_kl(logp, logq, mask, estimator="k3"),
        kl.rao_blackwell_kl(logp[None], logq[None], torch.tensor([True])),
    ):
        assert result.dtype == torch.float32


# -- bad input ---------------------------------------------------------------------------------------


def test_bad_input_is_named():
    logp, logq = P.log(), Q.log()
    with pytest.raises(ValueError, match=r"exp\(logq\).*sums to 1\.2"):
        kl.kl(logp, torch.tensor([0.2, 0.5, 0.5], dtype=torch.float64).log())
    with pytest.raises(ValueError, match=r"exp\(logp\)"):
        kl.kl(P, logq)
    with pytest.raises(ValueError, match=r"logp \(3,\).*logq \(2,\)"):
        kl.k1(logp, logq[:2])
    with pytest.raises(ValueError, match=r"logp at index \(1,\) is -inf"):
        kl.k3(torch.tensor([-1.0, -math.inf]), torch.tensor([-1.0, -1.0]))
    with pytest.raises(ValueError, match=r"logp at index \(0,\) is nan"):
        kl.k1(torch.tensor([math.nan]), torch.tensor([-1.0]))
    with pytest.raises(ValueError, match=r"estimator.*'k4'"):
        kl.penalty(logp, logq, estimator="k4")
    with pytest.raises(ValueError, match=r"estimator.*'K1'"):
        kl.sequence_kl(logp, logq, estimator="K1")
    with pytest.raises(ValueError, match=r"mode.*'both'"):
        kl.penalty(logp, logq, mode="both")
    with pytest.raises(ValueError, match="has no ratio"):
        kl.penalty(logp, logq, logp, mode="loss")
    with pytest.raises(TypeError, match="mask"):
        kl.sequence_kl(logp, logq, torch.tensor([1, 1, 0]))
    with pytest.raises(TypeError, match="mask"):
        kl.rao_blackwell_kl(logp[None], logq[None], torch.tensor([1]))
    with pytest.raises(ValueError, match=r"different supports.*index \(2,\).*-inf"):
        kl.optimal_coefficient(logp, torch.tensor([0.5, 0.5, 0.0]).log())
    with pytest.raises(ValueError, match=r"different supports"):
        kl.optimal_coefficient(torch.tensor([0.5, 0.5, 0.0]).log(), logq)

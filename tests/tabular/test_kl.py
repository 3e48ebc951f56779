import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import kl as oracle

from rlcourse.tabular import kl

ESTIMATORS = ("k1", "k2", "k3")
MODES = ("value", "loss", "detached_ratio", "reward", "ratio")
P = np.array([0.6, 0.3, 0.1])
Q = np.array([0.2, 0.3, 0.5])
OLD = np.array([0.2, 0.5, 0.3])

logits = st.lists(st.floats(-3, 3), min_size=4, max_size=4).map(np.array)


def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


# -- values ------------------------------------------------------------------------------------------


def test_kl_takes_the_first_argument_as_the_sampling_distribution():
    assert kl.kl(np.log([0.7, 0.3]), np.log([0.4, 0.6])) == pytest.approx(0.18379, abs=1e-5)
    assert kl.kl(np.log([0.4, 0.6]), np.log([0.7, 0.3])) == pytest.approx(0.19204, abs=1e-5)


@given(logits, logits)
def test_kl_is_the_sum_of_its_definition_and_zero_only_for_equal_arguments(x, y):
    logp, logq = log_softmax(x), log_softmax(y)
    assert kl.kl(logp, logq) == pytest.approx(float(oracle.kl(logp, logq)), abs=1e-12)
    assert kl.kl(logp, logp) == 0


def test_kl_uses_the_last_axis_and_broadcasts():
    rng = np.random.default_rng(0)
    logp = log_softmax(rng.normal(size=(2, 3, 4)))
    logq = log_softmax(rng.normal(size=4))
    np.testing.assert_allclose(kl.kl(logp, logq), oracle.kl(logp, logq), atol=1e-12)


def test_kl_with_impossible_outcomes():
    with np.errstate(divide="ignore"):
        half, third = np.log([0.5, 0.5, 0.0]), np.log([1 / 3] * 3)
    assert kl.kl(half, third) == pytest.approx(math.log(1.5))
    assert kl.kl(third, half) == math.inf
    assert kl.kl(half, half) == 0
    # probabilities that underflow are impossible outcomes too
    assert kl.kl(np.array([0.0, -800.0]), np.array([0.0, -math.inf])) == 0


@given(logits, logits)
def test_the_estimators_have_the_means_that_are_claimed(x, y):
    logp, logq = log_softmax(x), log_softmax(y)
    p, q = np.exp(logp).tolist(), np.exp(logq).tolist()

    def mean(k):
        return float(np.sum(np.exp(logp) * k(logp, logq)))

    assert mean(kl.k1) == pytest.approx(oracle.kl_of(p, q), abs=1e-10)
    assert mean(kl.k3) == pytest.approx(oracle.kl_of(p, q), abs=1e-10)
    assert mean(kl.forward_k1) == pytest.approx(oracle.kl_of(q, p), abs=1e-10)
    assert mean(kl.forward_k3) == pytest.approx(oracle.kl_of(q, p), abs=1e-10)
    for coefficient in (-1.0, 0.3):
        assert mean(lambda a, b, c=coefficient: kl.controlled(a, b, c)) == pytest.approx(oracle.kl_of(p, q), abs=1e-10)


def test_k2_is_biased():
    mean = np.sum(P * kl.k2(np.log(P), np.log(Q)))
    assert mean == pytest.approx(sum(p * math.log(q / p) ** 2 / 2 for p, q in zip(P, Q, strict=True)))
    assert abs(mean - kl.kl(np.log(P), np.log(Q))) > 0.005


@pytest.mark.parametrize("name", ["k1", "k2", "k3", "forward_k1", "forward_k3"])
def test_each_estimator_is_its_formula(name):
    rng = np.random.default_rng(1)
    logp, logq = -rng.exponential(size=(2, 50))
    np.testing.assert_allclose(getattr(kl, name)(logp, logq), getattr(oracle, name)(logp, logq), atol=1e-12)


@given(st.floats(-20, 0), st.floats(-20, 0))
def test_signs(logp, logq):
    assert kl.k2(logp, logq) >= 0
    # up to rounding of r log r
    assert kl.k3(logp, logq) >= -1e-15
    assert kl.forward_k3(logp, logq) >= -1e-15 * max(1.0, math.exp(logq - logp))


def test_k3_keeps_its_digits_near_the_reference():
    x = 1e-6
    assert kl.k3(-1.0, -1.0 + x) == pytest.approx(x**2 / 2, rel=1e-3)


def test_a_sample_that_the_reference_excludes():
    values = [float(f(-1.0, -math.inf)) for f in (kl.k1, kl.k2, kl.k3, kl.forward_k1, kl.forward_k3)]
    assert values == [math.inf, math.inf, math.inf, 0.0, 1.0]


def test_single_precision_stays():
    logp, logq = np.log(P).astype(np.float32), np.log(Q).astype(np.float32)
    mask = np.array([True, True, False])
    for result in (
        kl.kl(logp, logq),
        kl.k1(logp, logq),
        kl.k2(logp, logq),
        kl.k3(logp, logq),
        kl.forward_k1(logp, logq),
        kl.forward_k3(logp, logq),
        kl.optimal_coefficient(logp, logq),
        kl.sequence_kl(logp, logq, mask, estimator="k3"),
        kl.rao_blackwell_kl(logp[None], logq[None], np.array([True])),
    ):
        assert result.dtype == np.float32


# -- the control variate -----------------------------------------------------------------------------


def variance(p, values):
    return float(np.sum(p * values**2) - np.sum(p * values) ** 2)


def test_the_optimal_coefficient_of_the_example():
    logp, logq = np.log(P), np.log(Q)
    best = kl.optimal_coefficient(logp, logq)
    assert best == pytest.approx(0.580, abs=5e-4)
    variances = [variance(P, kl.controlled(logp, logq, c)) for c in (0.0, 1.0, best)]
    assert variances == pytest.approx([0.735, 0.435, 0.106], abs=5e-4)


@given(logits, logits)
def test_no_coefficient_has_less_variance(x, y):
    logp, logq = log_softmax(x), log_softmax(y)
    p, best = np.exp(logp), kl.optimal_coefficient(logp, logq)
    least = variance(p, kl.controlled(logp, logq, best))
    for other in (best - 0.1, best + 0.1, 0.0, 1.0):
        assert least <= variance(p, kl.controlled(logp, logq, other)) + 1e-9


def test_coefficients_zero_and_one_are_k1_and_k3():
    logp, logq = np.log(P), np.log(Q)
    np.testing.assert_array_equal(kl.controlled(logp, logq, 0.0), kl.k1(logp, logq))
    np.testing.assert_array_equal(kl.controlled(logp, logq, 1.0), kl.k3(logp, logq))


def test_optimal_coefficient_of_equal_distributions_and_along_the_last_axis():
    rng = np.random.default_rng(2)
    logp, logq = log_softmax(rng.normal(size=(2, 2, 3, 4)))
    logq[0, 0] = logp[0, 0]
    got = kl.optimal_coefficient(logp, logq)
    assert got[0, 0] == 1
    np.testing.assert_allclose(got[1], oracle.optimal_coefficient(logp[1], logq[1]), rtol=1e-9)


# -- gradients ---------------------------------------------------------------------------------------


def expected_gradient(p, logq, estimator, mode, old=None):
    """Sum over outcomes of sampling probability, weight and score (logit coordinates)."""
    logp = np.log(p)
    if mode == "loss" or old is None:
        sampler, weight = p, kl.score_weight(logp, logq, estimator=estimator, mode=mode)
    else:
        sampler, weight = old, kl.score_weight(logp, logq, np.log(old), estimator=estimator, mode=mode)
    score = np.eye(len(p)) - p
    return (sampler * weight) @ score


@given(logits, logits)
def test_expected_gradients_of_every_mode(x, y):
    q = np.exp(log_softmax(y))
    table = oracle.gradient_table(x, q)
    p = np.exp(log_softmax(x))
    for (estimator, mode), want in table.items():
        for old in (None, np.array([0.1, 0.2, 0.3, 0.4])):
            got = expected_gradient(p, np.log(q), estimator, mode, old)
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_the_table_in_words():
    z, q = np.array([0.3, -0.4, 1.0]), Q
    p = np.exp(log_softmax(z))
    reverse, forward = oracle.reverse_gradient(z, q), oracle.forward_gradient(z, q)
    want = {
        ("k1", "loss"): 0 * reverse,
        ("k2", "loss"): reverse,
        ("k3", "loss"): forward,
        ("k1", "reward"): reverse,
        ("k3", "reward"): reverse - forward,
        ("k1", "ratio"): reverse,
        ("k3", "ratio"): reverse,
    }
    for (estimator, mode), gradient in want.items():
        np.testing.assert_allclose(
            expected_gradient(p, np.log(q), estimator, mode, OLD), gradient, rtol=1e-6, atol=1e-8
        )
    # negative control: the two wrong cells of the table are far from the gradient of the divergence
    for mode in ("reward", "ratio"):
        assert np.abs(expected_gradient(p, np.log(q), "k2", mode, OLD) - reverse).max() > 0.01


def test_the_sum_of_two_modes_is_the_third():
    logp, logq, old = np.log(P), np.log(Q), np.log(OLD)
    for estimator in ESTIMATORS:
        parts = [kl.score_weight(logp, logq, old, estimator=estimator, mode=m) for m in ("detached_ratio", "reward")]
        np.testing.assert_allclose(sum(parts), kl.score_weight(logp, logq, old, estimator=estimator, mode="ratio"))
        assert not np.any(kl.score_weight(logp, logq, old, estimator=estimator, mode="value"))


# -- sequences ---------------------------------------------------------------------------------------


def two_token_language():
    """Log-probabilities of all 9 sequences of two tokens out of three, under two languages."""
    rng = np.random.default_rng(3)
    first, second = log_softmax(rng.normal(size=(2, 3))), log_softmax(rng.normal(size=(2, 3, 3)))
    a, b = np.divmod(np.arange(9), 3)
    tokens = [np.stack([first[i, a], second[i, a, b]], axis=-1) for i in (0, 1)]
    rows = [np.stack([np.broadcast_to(first[i], (9, 3)), second[i, a]], axis=1) for i in (0, 1)]
    return tokens, rows


def test_sequence_estimates_have_the_mean_that_is_claimed():
    (logp, logq), (rows_p, rows_q) = two_token_language()
    weight = np.exp(logp.sum(axis=-1))
    exact = oracle.kl_of(weight.tolist(), np.exp(logq.sum(axis=-1)).tolist())
    for estimator in ("k1", "k3"):
        for per_token in (False, True):
            estimates = kl.sequence_kl(logp, logq, estimator=estimator, per_token=per_token)
            assert weight @ estimates == pytest.approx(exact)
    assert weight @ kl.rao_blackwell_kl(rows_p, rows_q) == pytest.approx(exact)
    assert variance(weight, kl.rao_blackwell_kl(rows_p, rows_q)) < variance(weight, kl.sequence_kl(logp, logq))
    assert abs(weight @ kl.sequence_kl(logp, logq, estimator="k2") - exact) > 1e-3


def test_tokens_against_sequences():
    (logp, logq), _ = two_token_language()
    k1_tokens, k1_sequence = (kl.sequence_kl(logp, logq, per_token=each) for each in (True, False))
    np.testing.assert_allclose(k1_tokens, k1_sequence)
    k3_tokens, k3_sequence = (kl.sequence_kl(logp, logq, estimator="k3", per_token=each) for each in (True, False))
    assert np.abs(k3_tokens - k3_sequence).max() > 0.1
    np.testing.assert_allclose(k3_sequence, kl.k3(logp.sum(-1), logq.sum(-1)))
    np.testing.assert_allclose(k3_tokens, kl.k3(logp, logq).sum(-1))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("per_token", [False, True])
def test_padding_is_inert(estimator, per_token):
    rng = np.random.default_rng(4)
    logp, logq = -rng.exponential(size=(2, 5, 2, 6))
    mask = np.arange(6) < 4
    junk_p, junk_q = np.where(mask, logp, -np.inf), np.where(mask, logq, np.nan)
    want = kl.sequence_kl(logp[..., :4], logq[..., :4], estimator=estimator, per_token=per_token)
    got = kl.sequence_kl(junk_p, junk_q, mask, estimator=estimator, per_token=per_token)
    np.testing.assert_allclose(got, want)


def test_padding_is_inert_for_rao_blackwell():
    rng = np.random.default_rng(5)
    rows_p, rows_q = log_softmax(rng.normal(size=(2, 5, 2, 4, 3)))
    mask = np.array([True, True, False, True])
    junk_p, junk_q = (np.where(mask[:, None], rows, np.nan) for rows in (rows_p, rows_q))
    want = kl.rao_blackwell_kl(rows_p[..., mask, :], rows_q[..., mask, :])
    np.testing.assert_allclose(kl.rao_blackwell_kl(junk_p, junk_q, mask), want)
    np.testing.assert_allclose(want, oracle.rao_blackwell_kl(rows_p[..., mask, :], rows_q[..., mask, :]))


# -- bad input ---------------------------------------------------------------------------------------


def test_bad_input_is_named():
    logp, logq = np.log(P), np.log(Q)
    with pytest.raises(ValueError, match=r"exp\(logq\).*sums to 1\.2"):
        kl.kl(logp, np.log([0.2, 0.5, 0.5]))
    with pytest.raises(ValueError, match=r"exp\(logp\)"):
        kl.kl(P, logq)
    with pytest.raises(ValueError, match=r"logp \(3,\).*logq \(2,\)"):
        kl.k1(logp, logq[:2])
    with pytest.raises(ValueError, match=r"logp at index \(1,\) is -inf"):
        kl.k3(np.array([-1.0, -np.inf]), np.array([-1.0, -1.0]))
    with pytest.raises(ValueError, match=r"logp at index \(0,\) is nan"):
        kl.k1(np.array([np.nan]), np.array([-1.0]))
    with pytest.raises(ValueError, match=r"estimator.*'k4'"):
        kl.score_weight(logp, logq, estimator="k4")
    with pytest.raises(ValueError, match=r"estimator.*'K1'"):
        kl.sequence_kl(logp, logq, estimator="K1")
    with pytest.raises(ValueError, match=r"mode.*'both'"):
        kl.score_weight(logp, logq, mode="both")
    with pytest.raises(ValueError, match="has no ratio"):
        kl.score_weight(logp, logq, logp, mode="loss")
    with pytest.raises(TypeError, match="mask"):
        kl.sequence_kl(logp, logq, np.array([1, 1, 0]))
    with pytest.raises(TypeError, match="mask"):
        kl.rao_blackwell_kl(logp[None], logq[None], np.array([1]))
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=r"different supports.*index \(2,\).*-inf"):
        kl.optimal_coefficient(logp, np.log([0.5, 0.5, 0.0]))
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=r"different supports"):
        kl.optimal_coefficient(np.log([0.5, 0.5, 0.0]), logq)

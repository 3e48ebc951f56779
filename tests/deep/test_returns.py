"""Returns and advantages in torch: both routes, gradients, dtype and device, messages."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import returns as oracle

from rlcourse.deep import returns

unit = st.floats(0, 1)
seeds = st.integers(0, 2**32 - 1)
batches = st.sampled_from([(), (2,), (5,), (2, 3)])
DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()


def drawn(seed, batch=(3,), T=5, masked=True):
    rng = np.random.default_rng(seed)
    r, v, v_next = rng.normal(size=(3, *batch, T))
    terminated, truncated, padding = rng.random((3, *batch, T)) < 0.25
    return dict(r=r, v=v, v_next=v_next, terminated=terminated, truncated=truncated, mask=~padding if masked else None)


def without(arrays, *names):
    return {name: x for name, x in arrays.items() if name not in names}


def tensors(arrays, grad=False, device="cpu", dtype=torch.float64):
    """The arrays as tensors; with ``grad`` the floating ones are leaves, which selects the differentiable route."""
    out = {}
    for name, x in arrays.items():
        floating = isinstance(x, np.ndarray) and x.dtype.kind == "f"
        out[name] = torch.tensor(x, device=device, dtype=dtype if floating else None) if x is not None else None
        if grad and floating:
            out[name].requires_grad_()
    return out


def pairs(a, gamma, lam, n, **how):
    """(torch result, definition) for every function."""
    t = tensors(a, **how)
    tail, head = without(a, "v"), without(a, "truncated")
    ttail, thead = without(t, "v"), without(t, "truncated")
    return [
        (returns.td_errors(**thead, gamma=gamma), oracle.td_errors(**head, gamma=gamma)),
        (returns.discounted_returns(**ttail, gamma=gamma), oracle.discounted_returns(**tail, gamma=gamma)),
        (returns.n_step_returns(**ttail, gamma=gamma, n=n), oracle.n_step_returns(**tail, gamma=gamma, n=n)),
        (
            returns.lambda_returns(**ttail, gamma=gamma, lam=lam),
            oracle.lambda_returns(**tail, gamma=gamma, lam=lam),
        ),
        *zip(
            returns.gae(**t, gamma=gamma, lam=lam), oracle.gae(**a, gamma=gamma, lam=lam), strict=True
        ),
    ]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("grad", [False, True], ids=["compiled", "differentiable"])
@given(seed=seeds, batch=batches, T=st.integers(0, 9), gamma=unit, lam=unit, masked=st.booleans())
def test_every_function_equals_its_definition(grad, device, seed, batch, T, gamma, lam, masked):
    for got, want in pairs(drawn(seed, batch, T, masked), gamma, lam, 3, grad=grad, device=device):
        assert got.requires_grad == grad
        assert got.device.type == device
        np.testing.assert_allclose(got.detach().cpu(), want, rtol=1e-12, atol=1e-12)


@given(seeds, unit, unit)
def test_limits_and_targets(seed, gamma, lam):
    """lambda = 0 and 1, and targets = lambda-returns when v_next[t] = v[t+1]."""
    a = tensors({**drawn(seed, masked=False), "truncated": np.zeros((3, 5), bool)}, grad=True)
    follows = ~a["terminated"][:, :-1]
    a["v_next"] = torch.cat((torch.where(follows, a["v"][:, 1:], a["v_next"][:, :-1]), a["v_next"][:, -1:]), -1)
    close = dict(rtol=0, atol=1e-12)
    td = returns.td_errors(**without(a, "truncated"), gamma=gamma)
    torch.testing.assert_close(returns.gae(**a, gamma=gamma, lam=0.0)[0], td, **close)
    every = returns.discounted_returns(**without(a, "v"), gamma=gamma)
    torch.testing.assert_close(returns.gae(**a, gamma=gamma, lam=1.0)[0], every - a["v"], **close)
    target = returns.lambda_returns(**without(a, "v"), gamma=gamma, lam=lam)
    torch.testing.assert_close(returns.gae(**a, gamma=gamma, lam=lam)[1], target, **close)


def test_gradients_are_the_weights_of_the_sum():
    """The advantage is linear: its slope in r[t+l] is (gamma lam)^l, in v_next gamma times that, in v minus that."""
    T, gamma, lam = 6, 0.9, 0.7
    no = torch.zeros(T, dtype=torch.bool)
    terminated = torch.arange(T) == 4
    r, v, v_next = (torch.randn(T, dtype=torch.float64, requires_grad=True) for _ in range(3))
    adv, ret = returns.gae(r, v, v_next, terminated, no, gamma, lam)
    slope = torch.autograd.grad(adv[1], (r, v, v_next), retain_graph=True)
    weight = torch.tensor([0, 1, 0.63, 0.63**2, 0.63**3, 0], dtype=torch.float64)
    torch.testing.assert_close(slope[0], weight)
    torch.testing.assert_close(slope[1], -weight)
    torch.testing.assert_close(slope[2], gamma * torch.where(terminated, 0, weight))
    # the target does not depend on the value of its own state
    assert torch.autograd.grad(ret[1], v)[0][1] == 0


@pytest.mark.parametrize("seed", range(3))
def test_gradients_equal_finite_differences(seed):
    a = tensors(drawn(seed, (2,), 4), grad=True)
    floats = [a[name] for name in ("r", "v", "v_next")]
    flags = [a[name] for name in ("terminated", "truncated")]
    end, cut = flags
    mask = a["mask"]
    assert torch.autograd.gradcheck(lambda r, v, w: returns.gae(r, v, w, end, cut, 0.9, 0.7, mask), floats)
    assert torch.autograd.gradcheck(lambda r, v, w: returns.td_errors(r, v, w, end, 0.9, mask), floats)
    tail = (floats[0], floats[2])
    assert torch.autograd.gradcheck(lambda r, w: returns.lambda_returns(r, w, end, cut, 0.9, 0.7, mask), tail)
    assert torch.autograd.gradcheck(lambda r, w: returns.n_step_returns(r, w, end, cut, 0.9, 3, mask), tail)
    assert torch.autograd.gradcheck(lambda r, w: returns.discounted_returns(r, w, end, cut, 0.9, mask), tail)


def test_no_gradient_reaches_padding_or_the_value_after_a_termination():
    a = tensors(drawn(5), grad=True)
    unread = {"r": ~a["mask"], "v": ~a["mask"], "v_next": ~a["mask"] | a["terminated"]}
    spoiled = {
        name: torch.where(unread[name], torch.nan, x).detach().requires_grad_() if name in unread else x
        for name, x in a.items()
    }
    tail = without(spoiled, "v")
    total = (
        sum(x.sum() for x in returns.gae(**spoiled, gamma=0.9, lam=0.7))
        + returns.lambda_returns(**tail, gamma=0.9, lam=0.7).sum()
        + returns.n_step_returns(**tail, gamma=0.9, n=2).sum()
        + returns.td_errors(**without(spoiled, "truncated"), gamma=0.9).sum()
    )
    total.backward()
    for name, where in unread.items():
        assert (spoiled[name].grad[where] == 0).all()
        assert spoiled[name].grad.isfinite().all()
        assert (spoiled[name].grad[~where] != 0).any()


def test_nothing_is_recorded_under_no_grad():
    a = tensors(drawn(6), grad=True)
    with torch.no_grad():
        quiet = returns.gae(**a, gamma=0.9, lam=0.7)
    for x, y in zip(quiet, returns.gae(**a, gamma=0.9, lam=0.7), strict=True):
        assert not x.requires_grad
        torch.testing.assert_close(x, y.detach())


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_dtype_is_kept(dtype, grad):
    tolerance = {torch.bfloat16: 0.1, torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    for got, want in pairs(drawn(7), 0.9, 0.7, 2, grad=grad, dtype=dtype):
        assert got.dtype == dtype
        np.testing.assert_allclose(got.detach().double(), want, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("grad", [False, True], ids=["compiled", "differentiable"])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"gamma": 1.5}, ValueError, r"gamma is 1.5"),
        ({"lam": -0.1}, ValueError, r"lam is -0.1"),
        ({"terminated": torch.zeros(3, 5)}, TypeError, r"terminated: expected dtype bool"),
        ({"mask": torch.ones(3, 5)}, TypeError, r"mask: expected dtype bool"),
        ({"v": torch.zeros(3, 4)}, ValueError, r"shapes do not broadcast: r \(3, 5\), v \(3, 4\)"),
    ],
)
def test_bad_arguments_are_named(grad, change, error, message):
    a = {**tensors(drawn(8, masked=False), grad), "gamma": 0.9, "lam": 0.9, **change}
    with pytest.raises(error, match=message):
        returns.gae(**a)


@pytest.mark.parametrize("grad", [False, True], ids=["compiled", "differentiable"])
@pytest.mark.parametrize("name", ["r", "v", "v_next"])
def test_a_number_that_is_not_finite_is_located(name, grad):
    a = drawn(9, masked=False)
    a["terminated"][1, 2] = False
    a[name][1, 2] = np.inf
    with pytest.raises(ValueError, match=rf"{name}\[1, 2\] is inf"):
        returns.gae(**tensors(a, grad), gamma=0.9, lam=0.9)
    if name != "v":
        with pytest.raises(ValueError, match=rf"{name}\[1, 2\] is inf"):
            returns.lambda_returns(**tensors(without(a, "v"), grad), gamma=0.9, lam=0.9)


def test_a_single_number_has_no_time_axis_and_n_is_checked():
    one, no = torch.tensor(1.0, requires_grad=True), torch.tensor(False)
    with pytest.raises(ValueError, match=r"expected a tensor \[\*batch, T\]"):
        returns.gae(one, one, one, no, no, 0.9, 0.9)
    with pytest.raises(ValueError, match=r"n is 0; expected a whole number"):
        returns.n_step_returns(one[None], one[None], no, no, 0.9, 0)

"""Returns and advantages of sampled episodes on tensors: the torch forms of `rlcourse.tabular.returns`.

Shapes, flags and meaning are the same; dtype and device are preserved. On CPU tensors that need no gradient
the backward recursions run compiled. Everywhere else they run in about log2(T) differentiable steps.

None of these functions detaches anything: gradients flow through rewards and values. A critic's target and
an actor's advantage must be constants, so compute them under ``torch.no_grad()`` or detach them.
"""

from __future__ import annotations

import torch

from rlcourse import checks, scan

__all__ = ["discounted_returns", "gae", "lambda_returns", "n_step_returns", "td_errors"]


def td_errors(r, v, v_next, terminated, gamma, mask=None):
    """Temporal-difference errors ``r + gamma v_next - v``.

    Args, returns, raises, bias and source: as for :func:`rlcourse.tabular.returns.td_errors`, with tensors.

    Gradient: flows through r, v and v_next; none outside the mask, none to v_next at a termination.
    Proved in: policies/gae (thm-td-advantage).
    """
    (r, v, v_next), (terminated, real) = _prepared(
        {"r": r, "v": v, "v_next": v_next}, {"terminated": terminated, "mask": mask}
    )
    gamma = scan.coefficient("gamma", gamma)
    return torch.where(real, r + gamma * torch.where(terminated, 0, v_next) - v, 0)


def discounted_returns(r, v_next, terminated, truncated, gamma, mask=None):
    """Discounted rewards from each step on.

    Args, returns, raises, bias and source: as for :func:`rlcourse.tabular.returns.discounted_returns`, with tensors.

    Gradient: flows through r, and through v_next at the cuts. Proved in: policies/gae (thm-gae-limits).
    """
    return lambda_returns(r, v_next, terminated, truncated, gamma, 1.0, mask)


def n_step_returns(r, v_next, terminated, truncated, gamma, n, mask=None):
    """Rewards of n steps, then the value reached.

    Args, returns, raises, bias and source: as for :func:`rlcourse.tabular.returns.n_step_returns`, with tensors.

    Gradient: flows through r and v_next. Proved in: policies/gae (thm-telescoping).
    """
    n = checks.whole("n", n, 1)
    (r, v_next), (terminated, truncated, real) = _prepared(
        {"r": r, "v_next": v_next}, {"terminated": terminated, "truncated": truncated, "mask": mask}
    )
    gamma = scan.coefficient("gamma", gamma)
    ends = truncated | ~_after(real, 1, False)
    rest = v_next
    for _ in range(int(n)):
        ret = torch.where(real, r + gamma * torch.where(terminated, 0, rest), 0)
        rest = torch.where(ends, v_next, _after(ret, 1, 0))
    return ret


def lambda_returns(r, v_next, terminated, truncated, gamma, lam, mask=None):
    """Geometric mixture of the n-step returns.

    Args, returns, raises, bias and source: as for :func:`rlcourse.tabular.returns.lambda_returns`, with tensors.

    Gradient: flows through r and v_next. Proved in: policies/gae (thm-lambda-return).
    """
    floats = {"r": r, "v_next": v_next}
    flags = {"terminated": terminated, "truncated": truncated, "mask": mask}
    if _compiled(r, v_next):
        return _backward(scan.lambda_rows, 1, floats, flags, gamma, lam)[0]
    (r, v_next), (terminated, truncated, real) = _prepared(floats, flags)
    gamma, lam = scan.coefficient("gamma", gamma), scan.coefficient("lam", lam)
    ends = truncated | ~_after(real, 1, False)
    v_next = torch.where(terminated, 0, v_next)
    base = r + gamma * torch.where(ends, v_next, (1 - lam) * v_next)
    return _scan(torch.where(real, base, 0), gamma * lam, real & ~terminated & ~ends)


def gae(r, v, v_next, terminated, truncated, gamma, lam, mask=None):
    """Generalized advantage estimates and critic targets.

    Args, returns, raises, bias and source: as for :func:`rlcourse.tabular.returns.gae`, with tensors.

    Gradient: flows through r, v and v_next of every step that is summed. Detach the results (or compute
    them under ``torch.no_grad()``) before they weigh a policy gradient or serve as a critic's target.
    Proved in: policies/gae (thm-gae-sum, alg-gae).
    """
    floats = {"r": r, "v": v, "v_next": v_next}
    flags = {"terminated": terminated, "truncated": truncated, "mask": mask}
    if _compiled(r, v, v_next):
        adv, ret = _backward(scan.gae_rows, 2, floats, flags, gamma, lam)
        return adv, ret
    (r, v, v_next), (terminated, truncated, real) = _prepared(floats, flags)
    gamma, lam = scan.coefficient("gamma", gamma), scan.coefficient("lam", lam)
    delta = torch.where(real, r + gamma * torch.where(terminated, 0, v_next) - v, 0)
    adv = _scan(delta, gamma * lam, real & ~terminated & ~truncated)
    return adv, torch.where(real, adv + v, 0)


def _scan(a, decay, continues):
    """``x[t] = a[t] + c[t] x[t+1]``, c = decay where the row continues, else 0.

    The map from ``x[t+1]`` to ``x[t]`` is affine, and so is the map over 2, 4, 8, ... steps: its terms are
    ``a[t] + c[t] a[t+k]`` and ``c[t] c[t+k]``. Doubling k passes over the row about log2(T) times instead
    of T times, on any device, and autograd sees through it.
    """
    c = torch.where(continues, torch.as_tensor(decay, dtype=a.dtype, device=a.device), 0)
    k = 1
    while k < a.shape[-1]:
        a, c, k = a + c * _after(a, k, 0), c * _after(c, k, 0), 2 * k
    return a


def _after(x, k, fill):
    """The entries k steps later, ``fill`` past the end."""
    return torch.nn.functional.pad(x[..., k:], (0, min(k, x.shape[-1])), value=fill)


def _compiled(*floats):
    """Whether the compiled recursion applies: CPU tensors, single or double precision, no gradient."""
    graph = torch.is_grad_enabled()
    for x in floats:
        if not x.is_cpu or x.dtype not in (torch.float32, torch.float64) or (graph and x.requires_grad):
            return False
    return True


def _backward(kernel, outputs, floats, flags, gamma, lam):
    """Run a compiled recursion on the memory of CPU tensors."""
    floats = {name: (x.detach() if x.requires_grad else x).numpy() for name, x in floats.items()}
    flags = {name: None if x is None else x.numpy() for name, x in flags.items()}
    return [torch.from_numpy(x) for x in scan.backward(kernel, outputs, floats, flags, gamma, lam)]


def _prepared(floats, flags):
    """Tensors of one shape, checked; a missing mask is True everywhere."""
    shape = checks.broadcastable(**floats, **{name: x for name, x in flags.items() if x is not None})
    if not shape:
        raise ValueError("r is a single number; expected a tensor [*batch, T]")
    real = torch.ones((), dtype=torch.bool, device=floats["r"].device)
    flags = {name: real if x is None else checks.boolean(name, x) for name, x in flags.items()}
    for name, x in floats.items():
        read = flags["mask"] & ~flags["terminated"] if name == "v_next" else flags["mask"]
        if not torch.isfinite(x).logical_or(~read).all():
            checks.finite(name, torch.where(read, x, 0))
    return [x.expand(shape) for x in floats.values()], [x.expand(shape) for x in flags.values()]

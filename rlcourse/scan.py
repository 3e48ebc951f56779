"""Compiled recursions that run backward along time.

Every estimator of this kind has the form ``x[t] = a[t] + c[t] * x[t+1]``; only the terms ``a`` and ``c``
differ. The kernels here are below `rlcourse.tabular` and `rlcourse.deep` because both use them: the torch
forms run them on CPU tensors that need no gradient.

One step of the recursion waits for the step before it, which costs about four cycles. Rows do not wait
for each other, so four of them advance together and the waiting is filled.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from rlcourse import checks
from rlcourse.compiled import fused

__all__ = [
    "align",
    "backward",
    "coefficient",
    "finite_at_real_steps",
    "gae_rows",
    "lambda_rows",
    "scan",
]

ROWS = 4  # rows that advance together
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
BOOL = np.dtype(np.bool_)


@fused
def scan(a, c, x, first):
    """Fill ``x[t] = a[t] + c[t] * x[t+1]`` in four rows of x, from row ``first`` on.

    Past the end of x the last row is computed again, which changes nothing.

    Returns:
        Whether every number is finite. One that is not reaches the start of its row (0 * nan is nan).
    """
    last = x.shape[0] - 1
    i0, i1, i2, i3 = first, min(first + 1, last), min(first + 2, last), min(first + 3, last)
    x0 = x1 = x2 = x3 = x.dtype.type(0)
    for t in range(x.shape[1] - 1, -1, -1):
        x0 = a[0, t] + c[0, t] * x0
        x1 = a[1, t] + c[1, t] * x1
        x2 = a[2, t] + c[2, t] * x2
        x3 = a[3, t] + c[3, t] * x3
        x[i0, t], x[i1, t], x[i2, t], x[i3, t] = x0, x1, x2, x3
    return np.isfinite(x0) and np.isfinite(x1) and np.isfinite(x2) and np.isfinite(x3)


@fused
def gae_rows(r, v, v_next, terminated, truncated, mask, gamma, lam, adv, ret):
    """Fill ``adv[t] = delta[t] + gamma lam adv[t+1]`` and ``ret = adv + v``.

    Returns:
        Whether every number is finite.
    """
    rows, T = r.shape
    zero, gamma, decay = r.dtype.type(0), r.dtype.type(gamma), r.dtype.type(gamma * lam)
    delta, keep = np.empty((ROWS, T), r.dtype), np.empty((ROWS, T), r.dtype)
    finite = True
    for first in range(0, rows, ROWS):
        for j in range(ROWS):
            i = min(first + j, rows - 1)
            for t in range(T):
                v_reached = zero if terminated[i, t] else v_next[i, t]
                delta[j, t] = r[i, t] + gamma * v_reached - v[i, t]
                keep[j, t] = zero if terminated[i, t] or truncated[i, t] else decay
                if mask is not None and not mask[i, t]:
                    delta[j, t] = keep[j, t] = zero
        finite &= scan(delta, keep, adv, first)
        for i in range(first, min(first + ROWS, rows)):
            for t in range(T):
                ret[i, t] = adv[i, t] + v[i, t]
                if mask is not None and not mask[i, t]:
                    ret[i, t] = zero
    return finite


@fused
def lambda_rows(r, v_next, terminated, truncated, mask, gamma, lam, ret):
    """Fill ``ret[t] = r[t] + gamma ((1 - lam) v_next[t] + lam ret[t+1])``.

    Returns:
        Whether every number is finite.
    """
    rows, T = r.shape
    zero, gamma, lam = r.dtype.type(0), r.dtype.type(gamma), r.dtype.type(lam)
    base, keep = np.empty((ROWS, T), r.dtype), np.empty((ROWS, T), r.dtype)
    finite = True
    for first in range(0, rows, ROWS):
        for j in range(ROWS):
            i = min(first + j, rows - 1)
            for t in range(T):
                v_reached = zero if terminated[i, t] else v_next[i, t]
                # nothing follows in this row: v_next stands for the whole rest
                end = truncated[i, t] or t + 1 == T or (mask is not None and not mask[i, t + 1])
                base[j, t] = r[i, t] + gamma * (v_reached if end else v_reached - lam * v_reached)
                keep[j, t] = zero if terminated[i, t] or end else gamma * lam
                if mask is not None and not mask[i, t]:
                    base[j, t] = keep[j, t] = zero
        finite &= scan(base, keep, ret, first)
    return finite


def backward(
    kernel: Callable, outputs: int, floats: dict, flags: dict, gamma: float, lam: float
) -> list[np.ndarray]:
    """Check and align the arguments, run a kernel over all rows, and return the arrays it fills.

    Args:
        kernel: `gae_rows` or `lambda_rows`.
        outputs: how many arrays the kernel fills.
        floats: name to array ``[*batch, T]``, in the kernel's order.
        flags: name to bool array ``[*batch, T]``, in the kernel's order; ``mask`` may be None.
        gamma: discount in [0, 1].
        lam: weight in [0, 1].

    Returns:
        Arrays ``[*batch, T]`` in the dtype of the inputs (float64 unless all are float32).

    Raises:
        TypeError: a flag is not boolean, or an array does not hold real numbers.
        ValueError: gamma or lam outside [0, 1], shapes that do not broadcast, or a number that is not
            finite at a real step. ``v_next`` is not read at a termination.
    """
    gamma, lam = coefficient("gamma", gamma), coefficient("lam", lam)
    if not _aligned(floats, flags):
        floats, flags = align(floats, flags)
    shape, dtype = floats["r"].shape, floats["r"].dtype
    filled = [np.empty(shape, dtype) for _ in range(outputs)]
    given = [*floats.values(), *flags.values()]
    views = filled
    if len(shape) != 2:
        rows = (math.prod(shape[:-1]), shape[-1])
        given = [None if x is None else x.reshape(rows) for x in given]
        views = [x.reshape(rows) for x in filled]
    if not kernel(*given, gamma, lam, *views):
        finite_at_real_steps(floats, flags)
    return filled


def coefficient(name: str, x: float) -> float:
    """A number in [0, 1]."""
    if not (type(x) is float and 0 <= x <= 1):  # the check proper costs more than a small kernel
        if np.ndim(x):
            raise TypeError(f"{name}: expected one number in [0, 1], got an array of shape {np.shape(x)}")
        checks.unit_interval(name, x)
    return float(x)


def _aligned(floats: dict, flags: dict) -> bool:
    """Whether the arrays can go to the kernel as they are: one shape, one dtype, contiguous."""
    # written for speed: on small arrays this takes as long as the kernel, and `is` is enough for the
    # common dtypes (an equal dtype that is another object is aligned without harm)
    ndarray, r = np.ndarray, floats["r"]
    if type(r) is not ndarray or r.dtype not in FLOATS or r.ndim == 0:
        return False
    shape, dtype = r.shape, r.dtype
    for x in floats.values():
        if type(x) is not ndarray or x.dtype is not dtype or x.shape != shape or not x.flags.c_contiguous:
            return False
    for x in flags.values():
        if x is None:
            continue
        if type(x) is not ndarray or x.dtype is not BOOL or x.shape != shape or not x.flags.c_contiguous:
            return False
    return True


def align(floats: dict, flags: dict) -> tuple[dict, dict]:
    """Contiguous arrays of one shape; the floats in one dtype."""
    given = {name: x for name, x in (*floats.items(), *flags.items()) if x is not None}
    shape = checks.broadcastable(**given)
    if not shape:
        raise ValueError("r is a single number; expected an array [*batch, T]")
    for name, x in floats.items():
        if np.asarray(x).dtype.kind not in "fiu":
            raise TypeError(f"{name}: expected real numbers, got dtype {np.asarray(x).dtype}")
    for name in flags.keys() & given.keys():
        checks.boolean(name, given[name])
    dtype = np.result_type(*(np.asarray(x) for x in floats.values()))
    dtype = dtype if dtype in FLOATS else np.dtype(np.float64)
    floats = {name: np.ascontiguousarray(np.broadcast_to(x, shape), dtype) for name, x in floats.items()}
    flags = {
        name: None if x is None else np.ascontiguousarray(np.broadcast_to(x, shape)) for name, x in flags.items()
    }
    return floats, flags


def finite_at_real_steps(floats: dict, flags: dict) -> None:
    """Raise for the first number that is read and not finite (none is left if the sums overflowed)."""
    mask = flags["mask"]
    for name, x in floats.items():
        read = True if mask is None else mask
        if name == "v_next":
            read = read & ~flags["terminated"]
        checks.finite(name, np.where(read, x, 0))

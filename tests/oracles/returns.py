"""Returns and advantages as the sums that define them, one step at a time."""

import numpy as np


def _rows(function):
    """Apply a definition for one row [T] to arrays [*batch, T]."""

    def batched(arrays, *numbers):
        r = np.asarray(arrays["r"], dtype=float)
        out = np.zeros(r.shape)
        for row in np.ndindex(*r.shape[:-1]):
            given = {name: x[row] for name, x in arrays.items() if x is not None}
            given.setdefault("mask", np.ones(r.shape[-1], dtype=bool))
            for t in np.flatnonzero(given["mask"]):
                out[(*row, t)] = function(given, t, *numbers)
        return out

    return batched


def _steps_left(a, t):
    """Number of steps from t to the end of its piece of the row, t included."""
    T, n = len(a["r"]), 1
    while True:
        k = t + n - 1
        last = k == T - 1 or a["terminated"][k] or a["truncated"][k] or not a["mask"][k + 1]
        if last:
            return n
        n += 1


def _delta(a, t, gamma):
    reached = 0.0 if a["terminated"][t] else a["v_next"][t]
    return a["r"][t] + gamma * reached - a["v"][t]


def _n_step(a, t, gamma, n):
    n = min(n, _steps_left(a, t))
    last = t + n - 1
    reached = 0.0 if a["terminated"][last] else a["v_next"][last]
    return sum(gamma**k * a["r"][t + k] for k in range(n)) + gamma**n * reached


def _lambda_return(a, t, gamma, lam):
    N = _steps_left(a, t)
    mixed = sum(lam ** (n - 1) * _n_step(a, t, gamma, n) for n in range(1, N))
    return (1 - lam) * mixed + lam ** (N - 1) * _n_step(a, t, gamma, N)


def _advantage(a, t, gamma, lam):
    return sum((gamma * lam) ** k * _delta(a, t + k, gamma) for k in range(_steps_left(a, t)))


def td_errors(r, v, v_next, terminated, gamma, mask=None):
    return _rows(_delta)(dict(r=r, v=v, v_next=v_next, terminated=terminated, mask=mask), gamma)


def discounted_returns(r, v_next, terminated, truncated, gamma, mask=None):
    return n_step_returns(r, v_next, terminated, truncated, gamma, np.inf, mask)


def n_step_returns(r, v_next, terminated, truncated, gamma, n, mask=None):
    arrays = dict(r=r, v_next=v_next, terminated=terminated, truncated=truncated, mask=mask)
    return _rows(_n_step)(arrays, gamma, n)


def lambda_returns(r, v_next, terminated, truncated, gamma, lam, mask=None):
    arrays = dict(r=r, v_next=v_next, terminated=terminated, truncated=truncated, mask=mask)
    return _rows(_lambda_return)(arrays, gamma, lam)


def gae(r, v, v_next, terminated, truncated, gamma, lam, mask=None):
    arrays = dict(r=r, v=v, v_next=v_next, terminated=terminated, truncated=truncated, mask=mask)
    adv = _rows(_advantage)(arrays, gamma, lam)
    return adv, adv + np.where(True if mask is None else mask, v, 0.0)

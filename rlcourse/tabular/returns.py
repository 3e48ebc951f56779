"""Returns and advantages of sampled episodes: TD errors, n-step and lambda-returns, GAE.

Arrays are ``[*batch, T]``, time last. ``r[..., t]`` is the reward after action t, ``v[..., t]`` the value of
the state before it, ``v_next[..., t]`` the value of the state that it reached. Two different things can end
a row before T:

- ``terminated``: the state reached has no future. Nothing is added after the reward; ``v_next`` is not read.
- ``truncated``: the record stops but the process does not. ``v_next`` stands for the whole rest. The last
  column counts as truncated unless it terminates. Where both flags are set, termination wins.

``mask`` is True at real steps. Steps outside it give 0, are never read (NaN is fine there), and end the row
to their left as a truncation does. All functions keep float32 and float64.
"""

from __future__ import annotations

import numpy as np

from rlcourse import checks, scan

__all__ = ["discounted_returns", "gae", "lambda_returns", "n_step_returns", "td_errors"]


def td_errors(r, v, v_next, terminated, gamma, mask=None):
    r"""Temporal-difference errors, the one-step estimates of the advantage.

    .. math:: \delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)

    with no value after a termination. A truncation changes nothing here: its successor has a value.

    Args:
        r: rewards ``[*batch, T]``.
        v: values of the states acted in, reward units.
        v_next: values of the states reached, reward units.
        terminated: bool, True where the state reached is terminal.
        gamma: discount in [0, 1].
        mask: bool, True at real steps; None means all.

    Returns:
        Errors ``[*batch, T]`` in reward units, 0 outside the mask.

    Raises:
        TypeError: a flag is not boolean.
        ValueError: gamma outside [0, 1], shapes that do not broadcast, a number that is not finite.

    Bias: none for the advantage of the sampled action if v is the true value; otherwise
    ``gamma E[(v - V)(s')] - (v - V)(s)``.
    Source: Sutton and Barto (2018), eq. 6.5. Proved in: policies/gae (thm-td-advantage).
    """
    floats, flags = scan.align({"r": r, "v": v, "v_next": v_next}, {"terminated": terminated, "mask": mask})
    gamma = floats["r"].dtype.type(scan.coefficient("gamma", gamma))
    scan.finite_at_real_steps(floats, flags)
    r, v, v_next = floats.values()
    delta = r + gamma * np.where(flags["terminated"], 0, v_next) - v
    return delta if mask is None else np.where(flags["mask"], delta, 0)


def discounted_returns(r, v_next, terminated, truncated, gamma, mask=None):
    r"""Discounted sum of the rewards from each step on (reward-to-go).

    .. math:: G_t = r_t + \gamma r_{t+1} + \dots + \gamma^{N-1} r_{t+N-1} + \gamma^N V(s_{t+N})

    up to the end of the row or its first cut, N steps ahead; no value follows a termination.

    Args:
        r: rewards ``[*batch, T]``.
        v_next: values of the states reached; only those at a cut are used. Pass zeros to ignore what
            follows a cut.
        terminated, truncated, gamma, mask: as in :func:`gae`.

    Returns:
        Returns ``[*batch, T]`` in reward units, 0 outside the mask.

    Raises: as :func:`gae`.
    Bias: none where the row ends in a termination; ``gamma^N`` times that of v_next otherwise.
    Source: Sutton and Barto (2018), eq. 3.8. Proved in: policies/gae (thm-gae-limits).
    """
    return lambda_returns(r, v_next, terminated, truncated, gamma, 1.0, mask)


def n_step_returns(r, v_next, terminated, truncated, gamma, n, mask=None):
    r"""Rewards of the next n steps, then the value of the state reached.

    .. math:: G^{(n)}_t = r_t + \gamma r_{t+1} + \dots + \gamma^{n-1} r_{t+n-1} + \gamma^n V(s_{t+n})

    A cut within the n steps ends the sum there, with the value of the state reached or, at a termination,
    without one.

    Args:
        r: rewards ``[*batch, T]``.
        v_next: values of the states reached, reward units.
        n: number of steps, at least 1.
        terminated, truncated, gamma, mask: as in :func:`gae`.

    Returns:
        Returns ``[*batch, T]`` in reward units, 0 outside the mask.

    Raises: as :func:`gae`; ValueError if n is not a positive integer.
    Bias: at most ``gamma^n`` times the largest error of v_next.
    Source: Sutton and Barto (2018), eq. 7.1. Proved in: policies/gae (thm-telescoping).
    """
    n = checks.whole("n", n, 1)
    floats, flags = scan.align(
        {"r": r, "v_next": v_next}, {"terminated": terminated, "truncated": truncated, "mask": mask}
    )
    gamma = floats["r"].dtype.type(scan.coefficient("gamma", gamma))
    scan.finite_at_real_steps(floats, flags)
    r, v_next = floats.values()
    real = np.ones(r.shape, bool) if mask is None else flags["mask"]
    follows = ~flags["truncated"][..., :-1] & real[..., 1:]  # step t + 1 continues step t
    rest = v_next
    for _ in range(int(n)):
        ret = np.where(real, r + gamma * np.where(flags["terminated"], 0, rest), 0)
        rest = v_next.copy()
        rest[..., :-1] = np.where(follows, ret[..., 1:], v_next[..., :-1])
    return ret


def lambda_returns(r, v_next, terminated, truncated, gamma, lam, mask=None):
    r"""Geometric mixture of the n-step returns, computed backward.

    .. math:: G^\lambda_t = r_t + \gamma\,[(1-\lambda)\,V(s_{t+1}) + \lambda\,G^\lambda_{t+1}]

    The bracket is ``V(s_{t+1})`` at a truncation and 0 at a termination.

    Args:
        r: rewards ``[*batch, T]``.
        v_next: values of the states reached, reward units.
        terminated, truncated, gamma, lam, mask: as in :func:`gae`.

    Returns:
        Returns ``[*batch, T]`` in reward units, 0 outside the mask.

    Raises: as :func:`gae`.
    Bias: that of v_next, weighted by ``(1 - lam) (gamma lam)^k``; none at ``lam = 1`` before a termination.
    Source: Sutton and Barto (2018), eqs. 12.3 and 12.18. Proved in: policies/gae (thm-lambda-return).
    """
    floats = {"r": r, "v_next": v_next}
    flags = {"terminated": terminated, "truncated": truncated, "mask": mask}
    (ret,) = scan.backward(scan.lambda_rows, 1, floats, flags, gamma, lam)
    return ret


def gae(r, v, v_next, terminated, truncated, gamma, lam, mask=None):
    r"""Generalized advantage estimates, and the targets for the critic.

    .. math::
        \hat A_t = \sum_{l\ge0} (\gamma\lambda)^l \delta_{t+l} = \delta_t + \gamma\lambda\,\hat A_{t+1},
        \qquad \hat G_t = \hat A_t + V(s_t)

    The sum ends with the row, and at the first step that terminates or is truncated.

    Args:
        r: rewards ``[*batch, T]``.
        v: values of the states acted in, reward units.
        v_next: values of the states reached, also at a truncation, where it must not be the value of the
            first state of the next episode.
        terminated: bool, True where the state reached is terminal (its value counts as 0).
        truncated: bool, True where the record of the episode stops for another reason.
        gamma: discount in [0, 1].
        lam: weight in [0, 1]; 0 gives the TD error, 1 the discounted return minus v.
        mask: bool, True at real steps; None means all.

    Returns:
        Pair of arrays ``[*batch, T]`` in reward units: advantages, and targets (the lambda-returns). Both
        are 0 outside the mask.

    Raises:
        TypeError: a flag is not boolean.
        ValueError: gamma or lam outside [0, 1], shapes that do not broadcast, a number that is not finite.

    Bias: none for the advantage if v is the true value. For the gradient also none at ``lam = 1`` with any
    v, if the rows end in terminations.
    Source: Schulman et al. (2016), eq. 16. Proved in: policies/gae (thm-gae-sum, alg-gae).
    """
    floats = {"r": r, "v": v, "v_next": v_next}
    flags = {"terminated": terminated, "truncated": truncated, "mask": mask}
    adv, ret = scan.backward(scan.gae_rows, 2, floats, flags, gamma, lam)
    return adv, ret

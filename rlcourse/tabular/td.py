"""Prediction by bootstrapping: n-step TD, and the lambda-return used at the end of each episode."""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.scan import coefficient
from rlcourse.tabular import returns
from rlcourse.tabular.experience import Experience

__all__ = ["n_step_td", "offline_lambda_return"]


def n_step_td(experience: Experience, gamma, n, alpha, *, power=0.0, v=0.0) -> np.ndarray:
    r"""Move each state toward the n-step return, as soon as it is known.

    .. math:: V(s_t) \leftarrow V(s_t) + \frac{\alpha}{k^p}\,(G^{(n)}_t - V(s_t)), \qquad
              G^{(n)}_t = G_t + \gamma^n\,(V(s_{t+n}) - G_{t+n})

    at the k-th visit to the state. Where the episode ends within the n steps, the return is complete
    (:math:`G^{(n)}_t = G_t`); where the record is truncated within them, the value of the state reached stands for
    the rest. ``n = 1`` is TD(0). Rounding is relative to the largest return of the episode.

    Args:
        experience: episodes.
        gamma: discount in [0, 1].
        n: number of steps, at least 1.
        alpha: step size, greater than 0, or several, ``[K]``.
        power: exponent p in [0, 1]; 0 keeps the step size constant.
        v: first values, one number or ``[S]``.

    Returns:
        Values after each episode, ``[*K, runs, episodes, S]``.

    Raises:
        ValueError: n is not a positive whole number; gamma, power, alpha or v is bad.

    Bias: that of the target, with V held fixed, is at most ``gamma**n`` times the largest error of V.
    Source: Sutton and Barto (2018), section 7.1. Proved in: values/monte_carlo_td (alg-n-step-td, thm-td0-n-step).
    """
    gamma = coefficient("gamma", gamma)
    n = min(checks.whole("n", n, 1), len(experience.s))  # t + n must not overflow
    # nothing is added at a truncation: the loop puts its own value there
    ret = returns.discounted_returns(experience.r, 0.0, experience.terminated, experience.truncated, gamma)
    return experience.learn(_toward_n_steps, v, alpha, power, ret, gamma, n)


@njit
def _toward_n_steps(s, r, s_next, terminated, ends, v, alpha, schedule, ret, gamma, n, out):
    t = 0
    for run in range(ends.shape[0]):
        value = np.repeat(v, len(alpha)).reshape(len(v), len(alpha))
        visits = np.zeros(len(v), np.int64)
        for episode in range(ends.shape[1]):
            end = ends[run, episode]
            while t < end:
                here, last = s[t], min(t + n, end) - 1
                reached = s_next[last]
                weight = 0.0 if terminated[last] else gamma ** (last + 1 - t)
                rewards = ret[t]
                if last + 1 < end:
                    rewards -= weight * ret[last + 1]
                step = schedule[visits[here]]
                visits[here] += 1
                for k in range(len(alpha)):
                    target = rewards + weight * value[reached, k]
                    value[here, k] += alpha[k] * step * (target - value[here, k])
                t += 1
            out[run, episode] = value


def offline_lambda_return(experience: Experience, gamma, lam, alpha, *, power=0.0, v=0.0) -> np.ndarray:
    r"""The forward view: after each episode, move every visited state toward its lambda-return.

    .. math:: V(s) \leftarrow V(s) + \sum_{t:\,s_t = s} \frac{\alpha}{k_t^p}\,(G^\lambda_t - V(s))

    where V is the same for all steps of the episode and :math:`k_t` counts the visits to the state. A truncated
    record bootstraps from the state that it reached. The same changes as
    :func:`rlcourse.tabular.traces.td_lambda` with ``online=False`` makes from TD errors.

    Args:
        experience: episodes.
        gamma: discount in [0, 1].
        lam: weight in [0, 1].
        alpha: step size, greater than 0, or several, ``[K]``.
        power: exponent p in [0, 1]; 0 keeps the step size constant.
        v: first values, one number or ``[S]``.

    Returns:
        Values after each episode, ``[*K, runs, episodes, S]``.

    Raises:
        ValueError: gamma, lam, power, alpha or v is bad.

    Source: Sutton and Barto (2018), section 12.1. Proved in: values/monte_carlo_td (thm-lambda-mixture).
    """
    return experience.learn(_forward_view, v, alpha, power, experience.truncated, gamma, lam)


def _forward_view(s, r, s_next, terminated, ends, v, alpha, schedule, truncated, gamma, lam, out):
    """Not compiled: the targets of an episode are computed all at once."""
    begin = 0
    for run in range(ends.shape[0]):
        value, visits = np.tile(v, (len(alpha), 1)), np.zeros(len(v), np.int64)
        for episode in range(ends.shape[1]):
            steps = slice(begin, ends[run, episode])
            flags = terminated[steps], truncated[steps]
            target = returns.lambda_returns(r[steps], value[:, s_next[steps]], *flags, gamma, lam)
            change = np.zeros_like(value)
            for t, here in enumerate(s[steps]):
                change[:, here] += schedule[visits[here]] * (target[:, t] - value[:, here])
                visits[here] += 1
            value += alpha[:, None] * change
            out[run, episode] = value.T
            begin = ends[run, episode]

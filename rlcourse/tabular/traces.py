"""Prediction with eligibility traces: TD(lambda) and true online TD(lambda).

A trace says how much of the next TD error each state is to get. The step size of a visit is fixed at the visit and
kept in the trace, so that it may depend on the state and on how often it was visited.
"""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.scan import coefficient
from rlcourse.tabular.experience import Experience

__all__ = ["td_lambda", "true_online_td"]

TRACES = ("accumulating", "replacing", "dutch")


def td_lambda(
    experience: Experience, gamma, lam, alpha, *, power=0.0, trace="accumulating", online=True, v=0.0
) -> np.ndarray:
    r"""TD(lambda): every TD error corrects all states of the episode, in proportion to their traces.

    .. math:: \delta_t = r_t + \gamma V(s_{t+1}) - V(s_t), \qquad V(s) \leftarrow V(s) + \delta_t\, e_t(s)

    All traces decay by :math:`\gamma\lambda` at each step and are 0 when an episode starts. With
    :math:`\alpha_t = \alpha/k^p` at the k-th visit to a state, the trace of the state acted in becomes

    - accumulating: :math:`e_t = \gamma\lambda e_{t-1} + \alpha_t`,
    - replacing: :math:`e_t = \alpha_t`,
    - dutch: :math:`e_t = (1 - \alpha_t)\,\gamma\lambda e_{t-1} + \alpha_t`.

    With ``online=False`` and accumulating traces the changes are those of the lambda-return. Online they differ from
    them by terms of second order in the step size; :func:`true_online_td` has a forward view of its own.

    Args:
        experience: episodes.
        gamma: discount in [0, 1].
        lam: decay of the traces besides gamma, in [0, 1]; or several, ``[L]``.
        alpha: step size, greater than 0, or several, ``[K]``.
        power: exponent p in [0, 1]; 0 keeps the step size constant.
        trace: ``"accumulating"``, ``"replacing"`` or ``"dutch"``.
        online: change V at every step; False collects the changes until the end of the episode.
        v: first values, one number or ``[S]``.

    Returns:
        Values after each episode, ``[*L, *K, runs, episodes, S]``. With too large a step size they grow until they
        overflow.

    Raises:
        ValueError: an unknown trace; gamma, lam, power, alpha or v is bad.

    Source: Sutton and Barto (2018), section 12.2; Singh and Sutton (1996).
    Proved in: values/monte_carlo_td (thm-trace-forward, thm-trace-memory).
    """
    if trace not in TRACES:
        raise ValueError(f"trace is {trace!r}; expected one of {', '.join(TRACES)}")
    if trace == "dutch":
        return _for_each(lam, experience, v, alpha, power, _dutch_traces, gamma, online, False)
    return _for_each(lam, experience, v, alpha, power, _shared_traces, gamma, online, trace == "replacing")


def true_online_td(experience: Experience, gamma, lam, alpha, *, power=0.0, v=0.0) -> np.ndarray:
    r"""True online TD(lambda): at every step the values of the online lambda-return algorithm.

    .. math:: V(s) \leftarrow V(s) + (\delta_t + V(s_t) - V_{\mathrm{old}})\, e_t(s)
              - \alpha_t\,(V(s_t) - V_{\mathrm{old}})\, 1\{s = s_t\}

    with dutch traces, see :func:`td_lambda`; :math:`V_{\mathrm{old}}` is the value that the state acted in had before
    the step that reached it changed V.

    Args: as in :func:`td_lambda`.

    Returns:
        Values after each episode, ``[*L, *K, runs, episodes, S]``.

    Raises:
        ValueError: gamma, lam, power, alpha or v is bad.

    Source: van Seijen et al. (2016). Proved in: values/monte_carlo_td (thm-trace-true-online).
    """
    return _for_each(lam, experience, v, alpha, power, _dutch_traces, gamma, True, True)


def _for_each(lam, experience: Experience, v, alpha, power, loop, gamma, *settings) -> np.ndarray:
    """One call of the loop for each lambda."""
    gamma, lams = coefficient("gamma", gamma), np.asarray(checks.unit_interval("lam", lam), float)
    if lams.ndim > 1 or not lams.size:
        raise ValueError(f"lam has shape {lams.shape}; expected one number or a list of them")
    found = [experience.learn(loop, v, alpha, power, gamma, float(x), *settings) for x in lams.ravel()]
    return np.reshape(found, (*lams.shape, *found[0].shape))


@njit
def _shared_traces(s, r, s_next, terminated, ends, v, alpha, schedule, gamma, lam, online, replacing, out):
    """Accumulating and replacing traces: but for the factor alpha the same for all step sizes."""
    S, K, t = len(v), len(alpha), 0
    trace, delta, touched = np.zeros(S), np.zeros(K), np.empty(S, np.int64)
    for run in range(ends.shape[0]):
        value = np.repeat(v, K).reshape(S, K)
        visits, fresh = np.zeros(S, np.int64), np.ones(S, np.bool_)
        for episode in range(ends.shape[1]):
            ahead = value if online else value.copy()
            trace[:], fresh[:], n = 0.0, True, 0
            while t < ends[run, episode]:
                here, there = s[t], s_next[t]
                for i in touched[:n]:
                    trace[i] *= gamma * lam
                if fresh[here]:
                    touched[n], fresh[here], n = here, False, n + 1
                step = schedule[visits[here]]
                visits[here] += 1
                trace[here] = step if replacing else trace[here] + step
                rest = 0.0 if terminated[t] else gamma
                now, then = value[here], value[there]
                for k in range(K):
                    delta[k] = alpha[k] * (r[t] + rest * then[k] - now[k])
                for i in touched[:n]:
                    e, row = trace[i], ahead[i]
                    for k in range(K):
                        row[k] += delta[k] * e
                t += 1
            value = ahead
            out[run, episode] = value


@njit
def _dutch_traces(s, r, s_next, terminated, ends, v, alpha, schedule, gamma, lam, online, exact, out):
    """Dutch traces depend on the step size; ``exact`` adds what makes TD(lambda) true online."""
    S, K, t = len(v), len(alpha), 0
    trace, old, moved, delta = np.zeros((S, K)), np.zeros(K), np.zeros(K), np.zeros(K)
    touched = np.empty(S, np.int64)
    for run in range(ends.shape[0]):
        value = np.repeat(v, K).reshape(S, K)
        visits, fresh = np.zeros(S, np.int64), np.ones(S, np.bool_)
        for episode in range(ends.shape[1]):
            ahead = value if online else value.copy()
            # what `moved` does in the first step cancels, so that `old` may start anywhere
            trace[:], old[:], fresh[:], n = 0.0, 0.0, True, 0
            while t < ends[run, episode]:
                here, there = s[t], s_next[t]
                if fresh[here]:
                    touched[n], fresh[here], n = here, False, n + 1
                step = schedule[visits[here]]
                visits[here] += 1
                rest = 0.0 if terminated[t] else gamma
                now, then, e_now, ahead_now = value[here], value[there], trace[here], ahead[here]
                for k in range(K):
                    moved[k] = now[k] - old[k] if exact else 0.0
                    delta[k] = r[t] + rest * then[k] - now[k] + moved[k]
                    old[k] = then[k]
                for i in touched[:n]:
                    e = trace[i]
                    for k in range(K):
                        e[k] *= gamma * lam
                for k in range(K):
                    e_now[k] += alpha[k] * step * (1 - e_now[k])
                for i in touched[:n]:
                    e, row = trace[i], ahead[i]
                    for k in range(K):
                        row[k] += delta[k] * e[k]
                for k in range(K):
                    ahead_now[k] -= alpha[k] * step * moved[k]
                t += 1
            value = ahead
            out[run, episode] = value

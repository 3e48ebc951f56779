"""Values of a policy from complete returns, and from the model that the record implies."""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.scan import coefficient
from rlcourse.tabular import returns
from rlcourse.tabular.experience import Experience

__all__ = ["certainty_equivalence", "monte_carlo"]


def monte_carlo(experience: Experience, gamma, alpha=1.0, *, power=1.0, first_visit=False, v=0.0) -> np.ndarray:
    r"""Move each visited state toward the return that followed.

    .. math:: V(s_t) \leftarrow V(s_t) + \frac{\alpha}{k^p}\,(G_t - V(s_t))
              \qquad\text{at the $k$-th update of } V(s_t)

    step after step, when the episode has ended. With ``alpha = power = 1``, the default, V is the mean of the returns
    used; with ``power = 0`` the step size is constant and V a mean that forgets. States never visited keep their
    first value.

    Args:
        experience: complete episodes.
        gamma: discount in [0, 1].
        alpha: step size, greater than 0, or several, ``[K]``.
        power: exponent p in [0, 1].
        first_visit: use only the first visit to a state in each episode; by default every visit.
        v: first values, one number or ``[S]``.

    Returns:
        Values after each episode, ``[*K, runs, episodes, S]``.

    Raises:
        ValueError: an episode does not terminate, so that its return is not known; gamma, power, alpha or v is bad.
        TypeError: a flag of the record is not boolean.

    Bias: none for the mean of first visits, given that there was one. The mean of every visit is biased, since the
    number of visits in an episode depends on the returns; the bias vanishes with the number of episodes.
    Source: Sutton and Barto (2018), section 5.1 and eq. 6.1.
    Proved in: values/monte_carlo_td (thm-mc-mean, thm-mc-first-visit, thm-mc-visits).
    """
    gamma = coefficient("gamma", gamma)
    for step in _cut_off(experience):
        raise ValueError(f"the episode that ends with step {step} does not terminate; expected complete episodes")
    ret = returns.discounted_returns(experience.r, 0.0, experience.terminated, experience.truncated, gamma)
    return experience.learn(_toward_returns, v, alpha, power, ret, first_visit)


@njit
def _toward_returns(s, r, s_next, terminated, ends, v, alpha, schedule, ret, first_visit, out):
    t = 0
    for run in range(ends.shape[0]):
        value = np.repeat(v, len(alpha)).reshape(len(v), len(alpha))
        visits, seen_in = np.zeros(len(v), np.int64), np.full(len(v), -1)
        for episode in range(ends.shape[1]):
            while t < ends[run, episode]:
                here, t = s[t], t + 1
                if first_visit and seen_in[here] == episode:
                    continue
                seen_in[here] = episode
                step = schedule[visits[here]]
                visits[here] += 1
                for k in range(len(alpha)):
                    value[here, k] += alpha[k] * step * (ret[t - 1] - value[here, k])
            out[run, episode] = value


def certainty_equivalence(experience: Experience, gamma, *, v=0.0) -> np.ndarray:
    r"""Exact values of the chain that the record implies: where batch TD(0) comes to rest.

    .. math:: V = \hat r + \gamma \hat P V, \qquad
              \hat P(s, s') = \frac{\#\{s \to s'\}}{\#\{s\}}, \quad
              \hat r(s) = \text{mean reward after } s

    Args:
        experience: episodes; with gamma = 1 complete ones.
        gamma: discount in [0, 1].
        v: values of states in which the record shows no action, one number or ``[S]``.

    Returns:
        Values after each episode, from all episodes of the run so far, ``[runs, episodes, S]``. Needs
        ``episodes * S**2`` numbers of memory.

    Raises:
        ValueError: gamma is outside [0, 1]; v does not fit; or gamma = 1 and an episode does not terminate, so that
            the implied chain need not end.
        TypeError: a flag of the record is not boolean.

    Source: Sutton and Barto (2018), section 6.3. Proved in: values/monte_carlo_td (thm-td0-batch).
    """
    gamma, v = coefficient("gamma", gamma), np.asarray(checks.finite("v", v), float)
    if v.shape not in ((), (experience.n_states,)):
        raise ValueError(f"v has shape {v.shape}; expected one number or one per state, ({experience.n_states},)")
    for step in _cut_off(experience) if gamma == 1 else ():
        raise ValueError(
            f"gamma is 1 and the episode that ends with step {step} does not terminate; expected complete episodes or "
            "gamma < 1"
        )
    runs, episodes = experience.ends.shape
    S, begin = experience.n_states, 0
    out = np.empty((runs, episodes, S))
    for run, ends in enumerate(experience.ends):
        steps = slice(begin, ends[-1])
        episode = np.searchsorted(ends, np.arange(begin, ends[-1]), side="right")
        s, going = experience.s[steps], ~checks.boolean("terminated", experience.terminated[steps])
        moves, visits, rewards = np.zeros((episodes, S, S)), np.zeros((episodes, S)), np.zeros((episodes, S))
        np.add.at(moves, (episode, s, experience.s_next[steps]), going)
        np.add.at(visits, (episode, s), 1.0)
        np.add.at(rewards, (episode, s), experience.r[steps])
        moves, visits, rewards = (np.cumsum(x, axis=0) for x in (moves, visits, rewards))
        # (visits) V = rewards + gamma (moves) V; where nothing was seen, V is the first value
        system = np.eye(S) * np.where(visits > 0, visits, 1.0)[:, None] - gamma * moves
        known = np.where(visits > 0, rewards, v)
        out[run] = np.linalg.solve(system, known[..., None])[..., 0]
        begin = ends[-1]
    return out


def _cut_off(experience: Experience) -> np.ndarray:
    """Last steps of the episodes that do not terminate."""
    last = np.unique(experience.ends[experience.ends > 0]) - 1
    return last[~checks.boolean("terminated", experience.terminated)[last]]

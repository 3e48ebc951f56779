"""Control that looks further than one step: n-step SARSA, SARSA(lambda) and Watkins's Q(lambda).

Runs, seeds, settings and results are those of :mod:`rlcourse.tabular.control`.
"""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.compiled import inlined, njit
from rlcourse.scan import coefficient
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.simulator import ControlRuns, act, best_value, draw, learn, step, step_size

__all__ = ["n_step_sarsa", "sarsa_lambda", "watkins_q_lambda"]


def n_step_sarsa(mdp: MDP, runs: int, episodes: int, seed: int, n: int, **settings) -> ControlRuns:
    r"""n-step SARSA: n rewards, then the value of the action taken.

    .. math:: Q(s_t, a_t) \leftarrow Q(s_t, a_t) + \alpha\,\bigl(r_t + \dots + \gamma^{n-1} r_{t+n-1}
              + \gamma^n Q(s_{t+n}, a_{t+n}) - Q(s_t, a_t)\bigr)

    Where the episode ends earlier, so does the sum. ``n = 1`` is SARSA.

    Args:
        mdp, runs, episodes, seed, settings: as :func:`rlcourse.tabular.control.sarsa`.
        n: number of rewards, at least 1. Memory is proportional to it, or to ``max_steps`` if that is smaller.

    Returns, Raises: as :func:`rlcourse.tabular.control.sarsa`; ValueError if n is not a positive whole number.

    Source: Sutton and Barto (2018), section 7.2. Proved in: values/q_learning (alg-sarsa-n-step).
    """
    return learn(_n_step_sarsa, mdp, runs, episodes, seed, settings, checks.whole("n", n, 1))


@njit
def _n_step_sarsa(world, rows, cells, R, noise, terminal, rule, pairs, decisions, q, rng, returns, steps, n):
    n = min(n, world.max_steps)  # no episode is longer
    states, actions = np.zeros((2, n + 1), np.uint64)  # those of time t are at t % (n + 1)
    rewards = np.zeros(n + 1)
    for episode in range(len(returns)):
        total, weight, t, updated = 0.0, 1.0, 0, 0
        s = draw(world, rows, cells, world.start, rng.random())
        going = not terminal[s]
        states[0], actions[0] = s, act(rule, decisions, q, s, rng.random())
        while going or updated < t:
            if going:
                here = t % (n + 1)
                s, a = states[here], actions[here]
                s_next, r = step(world, rows, cells, R, s, a, rng.random() if world.random else 0.0)
                if world.noisy:
                    r += noise[s, a] * rng.standard_normal()
                rewards[here], s = r, s_next
                total += weight * r
                weight *= world.gamma
                t += 1
                states[t % (n + 1)], actions[t % (n + 1)] = s, act(rule, decisions, q, s, rng.random())
                going = not terminal[s] and t < world.max_steps
            if t - updated == n or not going:
                end = t % (n + 1)
                target = q[states[end], actions[end]]
                for k in range(t - 1, updated - 1, -1):
                    target = rewards[k % (n + 1)] + world.gamma * target
                s0, a0 = states[updated % (n + 1)], actions[updated % (n + 1)]
                q[s0, a0] += step_size(rule, pairs, s0, a0) * (target - q[s0, a0])
                updated += 1
        decisions[s] -= 1  # the last action was not taken
        returns[episode], steps[episode] = total, t


def sarsa_lambda(mdp: MDP, runs: int, episodes: int, seed: int, lam: float, **settings) -> ControlRuns:
    r"""SARSA(lambda): every TD error goes back to the pairs that led to it.

    .. math:: \delta_t = r_t + \gamma\, Q(s_{t+1}, a_{t+1}) - Q(s_t, a_t), \qquad
              e \leftarrow \gamma\lambda\, e + \alpha\, 1_{(s_t, a_t)}, \qquad Q \leftarrow Q + \delta_t\, e

    The trace e holds the step size of the visit that made it. ``lam = 0`` is SARSA. A step costs time proportional
    to the number of pairs.

    Args:
        mdp, runs, episodes, seed, settings: as :func:`rlcourse.tabular.control.sarsa`, and ``replacing=False``: if
            True, a visit sets the trace of its pair to the step size instead of adding to it.
        lam: decay of the trace, in [0, 1].

    Returns, Raises: as :func:`rlcourse.tabular.control.sarsa`; ValueError if lam is outside [0, 1].

    Source: Sutton and Barto (2018), section 12.7. Proved in: values/q_learning (alg-sarsa-n-step).
    """
    return _with_trace(_sarsa_lambda, mdp, runs, episodes, seed, lam, settings)


@njit
def _sarsa_lambda(
    world, rows, cells, R, noise, terminal, rule, pairs, decisions, q, rng, returns, steps, lam, replacing
):
    for episode in range(len(returns)):
        total, weight, t = 0.0, 1.0, 0
        e = np.zeros(q.shape)
        s = draw(world, rows, cells, world.start, rng.random())
        a = act(rule, decisions, q, s, rng.random())
        while not terminal[s] and t < world.max_steps:
            s_next, r = step(world, rows, cells, R, s, a, rng.random() if world.random else 0.0)
            if world.noisy:
                r += noise[s, a] * rng.standard_normal()
            a_next = act(rule, decisions, q, s_next, rng.random())
            delta = r + world.gamma * q[s_next, a_next] - q[s, a]
            e[s, a] = step_size(rule, pairs, s, a) + (0.0 if replacing else e[s, a])
            _spread(q, e, delta, world.gamma * lam)
            total += weight * r
            weight *= world.gamma
            s, a = s_next, a_next
            t += 1
        decisions[s] -= 1  # the last action was not taken
        returns[episode], steps[episode] = total, t


def watkins_q_lambda(mdp: MDP, runs: int, episodes: int, seed: int, lam: float, **settings) -> ControlRuns:
    r"""Watkins's Q(lambda): traces as long as the actions are greedy, cut at the first that is not.

    .. math:: \delta_t = r_t + \gamma \max_{a'} Q(s_{t+1}, a') - Q(s_t, a_t), \qquad
              e \leftarrow \gamma\lambda\, 1\{a_t \text{ greedy}\}\, e + \alpha\, 1_{(s_t, a_t)}, \qquad
              Q \leftarrow Q + \delta_t\, e

    An action counts as greedy if its value was a maximum when it was chosen.

    Args:
        mdp, runs, episodes, seed, lam, settings: as :func:`sarsa_lambda`.

    Returns, Raises: as :func:`sarsa_lambda`.

    Source: Watkins (1989); Sutton and Barto (2018), section 12.10.
    Proved in: values/q_learning (thm-q-lambda).
    """
    return _with_trace(_watkins, mdp, runs, episodes, seed, lam, settings)


@njit
def _watkins(world, rows, cells, R, noise, terminal, rule, pairs, decisions, q, rng, returns, steps, lam, replacing):
    for episode in range(len(returns)):
        total, weight, t = 0.0, 1.0, 0
        e = np.zeros(q.shape)
        s = draw(world, rows, cells, world.start, rng.random())
        a = act(rule, decisions, q, s, rng.random())
        while not terminal[s] and t < world.max_steps:
            s_next, r = step(world, rows, cells, R, s, a, rng.random() if world.random else 0.0)
            if world.noisy:
                r += noise[s, a] * rng.standard_normal()
            a_next = act(rule, decisions, q, s_next, rng.random())
            best = best_value(q, s_next)
            greedy = q[s_next, a_next] == best
            delta = r + world.gamma * best - q[s, a]
            e[s, a] = step_size(rule, pairs, s, a) + (0.0 if replacing else e[s, a])
            _spread(q, e, delta, world.gamma * lam if greedy else 0.0)
            total += weight * r
            weight *= world.gamma
            s, a = s_next, a_next
            t += 1
        decisions[s] -= 1  # the last action was not taken
        returns[episode], steps[episode] = total, t


@inlined
def _spread(q, e, delta, fade):
    """Move all pairs by their traces, and let the traces fade."""
    for s in range(np.uint64(q.shape[0])):
        for a in range(np.uint64(q.shape[1])):
            q[s, a] += delta * e[s, a]
            e[s, a] *= fade


def _with_trace(loop, mdp, runs, episodes, seed, lam, settings) -> ControlRuns:
    lam = coefficient("lam", lam)
    settings = {"replacing": False, **settings}
    replacing = bool(checks.boolean("replacing", settings.pop("replacing")))
    return learn(loop, mdp, runs, episodes, seed, settings, lam, replacing)

"""One-step control: SARSA, expected SARSA, Q-learning and double Q-learning.

Each learner plays many independent runs on a decision process. A run has its own stream of random numbers, so it does
not depend on how many others there are, nor its first episodes on how many follow. The loops below are the algorithm
boxes; :mod:`rlcourse.tabular.simulator` holds what they call. The learners of
:mod:`rlcourse.tabular.control_traces` look further ahead.
"""

from __future__ import annotations

import numpy as np

from rlcourse.compiled import njit
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.simulator import (
    ControlRuns,
    act,
    best_value,
    choose,
    draw,
    learn,
    mean_value,
    scheduled,
    step,
    step_size,
)

__all__ = ["double_q_learning", "expected_sarsa", "q_learning", "sarsa"]


def sarsa(mdp: MDP, runs: int, episodes: int, seed: int, **settings) -> ControlRuns:
    r"""SARSA: the target holds the value of the action that is really taken next.

    .. math:: Q(s, a) \leftarrow Q(s, a) + \alpha\,\bigl(r + \gamma\, Q(s', a') - Q(s, a)\bigr)

    Args:
        mdp: the decision process. The reward of a step is ``rewards[s, a, s_next]``: where R was given as
            ``[S, A]``, the mean.
        runs: number of independent runs.
        episodes: number of episodes of each run.
        seed: split by `SeedSequence` into one stream of random numbers for each run.
        settings: keywords with these defaults. ``alpha=0.1, power=0.0``: the n-th update of a pair has the step size
            ``alpha / n**power``. ``epsilon=0.1, decay=0.0``: the m-th decision in a state explores with
            probability ``epsilon / m**decay``; an action that is chosen for the last target of an episode, and never
            taken, is no decision. ``q=0.0``: first values, one number or ``[S, A]``; terminal states get 0.
            ``noise=0.0``: standard deviation of Gaussian noise added to the rewards, one number or ``[S, A]``.
            ``max_steps=None``: an episode is truncated after so many steps (its last target still bootstraps); None
            if episodes must end by themselves.

    Returns:
        Values, returns, lengths and numbers of updates, see `ControlRuns`.

    Raises:
        ValueError: a count is not a positive whole number, the seed no whole number; alpha, epsilon, power or decay is
            outside [0, 1], alpha is 0; q or noise does not fit; ``max_steps`` is None and an episode may go on for
            ever.
        TypeError: a setting is unknown, or an array where one number is expected; ``mdp`` is no `MDP`.

    Source: Sutton and Barto (2018), section 6.4; Rummery and Niranjan (1994).
    Proved in: values/q_learning (alg-sarsa, thm-sarsa-expected, thm-sarsa-soft,
    thm-sarsa-glie, thm-sarsa-converges).
    """
    return learn(_sarsa, mdp, runs, episodes, seed, settings)


@njit
def _sarsa(world, rows, cells, R, noise, terminal, rule, pairs, decisions, q, rng, returns, steps):
    for episode in range(len(returns)):
        total, weight, t = 0.0, 1.0, 0
        s = draw(world, rows, cells, world.start, rng.random())
        a = act(rule, decisions, q, s, rng.random())
        while not terminal[s] and t < world.max_steps:
            s_next, r = step(world, rows, cells, R, s, a, rng.random() if world.random else 0.0)
            if world.noisy:
                r += noise[s, a] * rng.standard_normal()
            a_next = act(rule, decisions, q, s_next, rng.random())
            target = r + world.gamma * q[s_next, a_next]  # q is 0 in terminal states
            q[s, a] += step_size(rule, pairs, s, a) * (target - q[s, a])
            total += weight * r
            weight *= world.gamma
            s, a = s_next, a_next
            t += 1
        decisions[s] -= 1  # the last action was not taken
        returns[episode], steps[episode] = total, t


def expected_sarsa(mdp: MDP, runs: int, episodes: int, seed: int, **settings) -> ControlRuns:
    r"""Expected SARSA: the target holds the mean over the action that may be taken next.

    .. math:: Q(s, a) \leftarrow Q(s, a) + \alpha\,\Bigl(r + \gamma \sum_{a'} \pi(a' \mid s')\, Q(s', a')
              - Q(s, a)\Bigr)

    Args, Returns, Raises: as :func:`sarsa`.

    Source: Sutton and Barto (2018), section 6.6; van Seijen et al. (2009).
    Proved in: values/q_learning (thm-sarsa-expected, thm-sarsa-converges).
    """
    return learn(_expected_sarsa, mdp, runs, episodes, seed, settings)


@njit
def _expected_sarsa(world, rows, cells, R, noise, terminal, rule, pairs, decisions, q, rng, returns, steps):
    for episode in range(len(returns)):
        total, weight, t = 0.0, 1.0, 0
        s = draw(world, rows, cells, world.start, rng.random())
        while not terminal[s] and t < world.max_steps:
            a = act(rule, decisions, q, s, rng.random())
            s_next, r = step(world, rows, cells, R, s, a, rng.random() if world.random else 0.0)
            if world.noisy:
                r += noise[s, a] * rng.standard_normal()
            epsilon = scheduled(rule.epsilon, rule.decay, decisions[s_next] + 1)  # of the next decision there
            target = r + world.gamma * mean_value(q, s_next, epsilon)
            q[s, a] += step_size(rule, pairs, s, a) * (target - q[s, a])
            total += weight * r
            weight *= world.gamma
            s = s_next
            t += 1
        returns[episode], steps[episode] = total, t


def q_learning(mdp: MDP, runs: int, episodes: int, seed: int, **settings) -> ControlRuns:
    r"""Q-learning: the target holds the best value of the next state, whatever is done there.

    .. math:: Q(s, a) \leftarrow Q(s, a) + \alpha\,\bigl(r + \gamma \max_{a'} Q(s', a') - Q(s, a)\bigr)

    Args, Returns, Raises: as :func:`sarsa`.

    Source: Watkins and Dayan (1992); Sutton and Barto (2018), section 6.5.
    Proved in: values/q_learning (alg-q-learning, thm-q-mean-field, thm-q-converges).
    """
    return learn(_q_learning, mdp, runs, episodes, seed, settings)


@njit
def _q_learning(world, rows, cells, R, noise, terminal, rule, pairs, decisions, q, rng, returns, steps):
    for episode in range(len(returns)):
        total, weight, t = 0.0, 1.0, 0
        s = draw(world, rows, cells, world.start, rng.random())
        while not terminal[s] and t < world.max_steps:
            a = act(rule, decisions, q, s, rng.random())
            s_next, r = step(world, rows, cells, R, s, a, rng.random() if world.random else 0.0)
            if world.noisy:
                r += noise[s, a] * rng.standard_normal()
            target = r + world.gamma * best_value(q, s_next)
            q[s, a] += step_size(rule, pairs, s, a) * (target - q[s, a])
            total += weight * r
            weight *= world.gamma
            s = s_next
            t += 1
        returns[episode], steps[episode] = total, t


def double_q_learning(mdp: MDP, runs: int, episodes: int, seed: int, **settings) -> ControlRuns:
    r"""Double Q-learning: one table chooses the best next action, the other says what it is worth.

    .. math:: Q_i(s, a) \leftarrow Q_i(s, a) + \alpha\,\bigl(r + \gamma\, Q_{1-i}(s', \arg\max_{a'} Q_i(s', a'))
              - Q_i(s, a)\bigr), \qquad i \in \{0, 1\} \text{ by a fair coin}

    Actions are epsilon-greedy for the mean of the two tables, which is what is returned. Step sizes count the
    updates of each table.

    Args, Returns, Raises: as :func:`sarsa`.

    Bias: a maximum over noisy values is too high; with two independent tables the mean of the target would be at most
    that of the best action, and below it as soon as a worse one may be chosen.

    Source: van Hasselt (2010); Sutton and Barto (2018), section 6.7.
    Proved in: values/q_learning (thm-q-double).
    """
    return learn(_double_q_learning, mdp, runs, episodes, seed, settings)


@njit
def _double_q_learning(world, rows, cells, R, noise, terminal, rule, pairs, decisions, q, rng, returns, steps):
    two, counts = np.empty((2, *q.shape)), np.zeros((2, *q.shape), np.int64)
    two[:] = q  # q stays the mean of the two
    for episode in range(len(returns)):
        total, weight, t = 0.0, 1.0, 0
        s = draw(world, rows, cells, world.start, rng.random())
        while not terminal[s] and t < world.max_steps:
            a = act(rule, decisions, q, s, rng.random())
            s_next, r = step(world, rows, cells, R, s, a, rng.random() if world.random else 0.0)
            if world.noisy:
                r += noise[s, a] * rng.standard_normal()
            i = 0 if rng.random() < 0.5 else 1
            a_best = choose(two[i], s_next, 0.0, rng.random())
            target = r + world.gamma * two[1 - i, s_next, a_best]
            counts[i, s, a] += 1
            two[i, s, a] += scheduled(rule.alpha, rule.power, counts[i, s, a]) * (target - two[i, s, a])
            q[s, a] = (two[0, s, a] + two[1, s, a]) / 2
            total += weight * r
            weight *= world.gamma
            s = s_next
            t += 1
        returns[episode], steps[episode] = total, t
    pairs[:] = counts[0] + counts[1]

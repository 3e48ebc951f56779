"""REINFORCE for a policy in a table, with and without a baseline: the compiled loop behind the learning curves."""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.compiled import njit
from rlcourse.tabular.mdp import MDP

__all__ = ["reinforce"]

# numbers for the compiled loop, which cannot compare strings quickly
_NONE, _BATCH_MEAN, _LEAVE_ONE_OUT, _VALUE, _OPTIMAL, _CRITIC = range(6)
_BASELINES = {
    "none": _NONE,
    "batch_mean": _BATCH_MEAN,
    "leave_one_out": _LEAVE_ONE_OUT,
    "value": _VALUE,
    "optimal": _OPTIMAL,
    "critic": _CRITIC,
}


def reinforce(mdp: MDP, theta, baseline, *, horizon, alpha, batch, updates, runs, seed, alpha_critic=0.1):
    r"""REINFORCE for a tabular softmax policy; the exact objective is recorded before every update.

    Each update plays ``batch`` episodes with the current policy and moves the logits by
    :math:`\frac{\alpha}{N}\sum_{i,t} \gamma^t (G_{i,t} - b_{i,t})\, \nabla\log\pi(a_{i,t}\mid s_{i,t})`.

    ================= ==============================================================================
    baseline          :math:`b_{i,t}`
    ================= ==============================================================================
    ``none``          0
    ``batch_mean``    mean over the batch of :math:`G_{j,t}`, which is 0 after the end of episode j
    ``leave_one_out`` the same mean without episode i
    ``value``         :math:`V_t(s_{i,t})` of the current policy, exact, from the model
    ``optimal``       :math:`E[\lVert s\rVert^2 Q_t\mid s_{i,t}]/E[\lVert s\rVert^2\mid s_{i,t}]`, from the model
    ``critic``        a table over states, learned by regression on the returns (actor-critic)
    ================= ==============================================================================

    Args:
        mdp: the decision process, dense.
        theta: first logits, shape ``[S, A]``, nats.
        baseline: one of the names above.
        horizon: largest number of actions of an episode.
        alpha: step size of the policy.
        batch: episodes per update.
        updates: number of updates.
        runs: independent repetitions.
        seed: integer; every run gets a stream of its own.
        alpha_critic: step size of the critic.

    Returns:
        ``J``, shape ``[runs, updates + 1]``, and the last logits, shape ``[runs, S, A]``.

    Raises:
        ValueError: an unknown baseline, a step size that is not positive, a batch that is too small, a horizon
            that is not positive, logits of the wrong shape, or a sparse P.

    Bias: none, except ``batch_mean`` (see :func:`~rlcourse.tabular.policy_gradient.batch_mean_baseline`).
    Source: Williams (1992); Sutton and Barto (2018), section 13.4.
    Proved in: policies/baselines (thm-baseline-gradient, alg-reinforce).
    """
    if baseline not in _BASELINES:
        raise ValueError(f"baseline: expected one of {', '.join(_BASELINES)}, got {baseline!r}")
    checks.positive("alpha", alpha)
    checks.positive("alpha_critic", alpha_critic)
    least = 2 if baseline == "leave_one_out" else 1
    if batch < least:
        raise ValueError(f"batch is {batch}; expected at least {least} episodes for baseline {baseline!r}")
    if horizon < 1:
        raise ValueError(f"horizon is {horizon}; expected at least one action")
    if mdp.is_sparse:
        raise ValueError("mdp.P is sparse; expected a small dense problem")
    if np.shape(theta) != mdp.R.shape:
        raise ValueError(f"theta: expected shape {mdp.R.shape}, as the rewards, got {np.shape(theta)}")
    J = np.zeros((runs, updates + 1))
    last = np.tile(np.asarray(checks.finite("theta", theta), float), (runs, 1, 1))
    model = (mdp.P, mdp.P.cumsum(axis=-1), mdp.R, mdp.rewards, mdp.start, mdp.start.cumsum(), mdp.terminal, mdp.gamma)
    method = (_BASELINES[baseline], alpha, alpha_critic, np.zeros((batch, horizon)))
    for run, stream in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        _reinforce(np.random.default_rng(stream), *model, *method, last[run], J[run])
    return J, last


# Scalar loops below: numba compiles array expressions ten times more slowly, and runs them no faster here.


@njit
def _reinforce(
    rng, P, P_sum, R, rewards, start, start_sum, terminal, gamma, baseline, alpha, alpha_critic, G, theta, J
):
    """One run of :func:`reinforce`: changes ``theta``, fills ``J``; ``G`` is the work space for returns."""
    batch, horizon = G.shape
    s, a = np.zeros(G.shape, np.int64), np.zeros(G.shape, np.int64)
    length = np.zeros(batch, np.int64)
    critic = np.zeros(len(R))
    for update in range(len(J)):
        pi, pi_sum, v, best = _exact(theta, P, R, terminal, gamma, horizon)
        for state in range(len(R)):
            J[update] += start[state] * v[0, state]
        if update == len(J) - 1:
            return
        for i in range(batch):
            length[i] = _play(rng, P_sum, rewards, start_sum, terminal, gamma, pi_sum, s[i], a[i], G[i])
        for i in range(batch):
            for t in range(length[i]):
                state, b = s[i, t], 0.0
                if baseline == _BATCH_MEAN:
                    b = G[:, t].sum() / batch
                elif baseline == _LEAVE_ONE_OUT:
                    b = (G[:, t].sum() - G[i, t]) / (batch - 1)
                elif baseline == _VALUE:
                    b = v[t, state]
                elif baseline == _OPTIMAL:
                    b = best[t, state]
                elif baseline == _CRITIC:
                    b = critic[state]
                step = alpha / batch * gamma**t * (G[i, t] - b)
                for k in range(R.shape[1]):
                    theta[state, k] -= step * pi[state, k]
                theta[state, a[i, t]] += step
        # after the actor, so that no baseline has seen the episode that it is subtracted from
        for i in range(batch):
            for t in range(length[i]):
                critic[s[i, t]] += alpha_critic * (G[i, t] - critic[s[i, t]])


@njit
def _exact(theta, P, R, terminal, gamma, horizon):
    """The softmax policy, its cumulative sums, its values, and the optimal baselines ``best[t, s]``."""
    states, actions = R.shape
    pi, pi_sum = np.zeros(R.shape), np.zeros(R.shape)
    for s in range(states):
        total = 0.0
        for a in range(actions):
            pi[s, a] = np.exp(theta[s, a] - theta[s].max())
            total += pi[s, a]
        for a in range(actions):
            pi[s, a] /= total
            pi_sum[s, a] = pi[s, a] + (pi_sum[s, a - 1] if a > 0 else 0.0)
    v, best = np.zeros((horizon + 1, states)), np.zeros((horizon, states))
    for t in range(horizon - 1, -1, -1):
        for s in range(states):
            if terminal[s]:
                continue
            same, weight = 0.0, 0.0
            for a in range(actions):
                same += pi[s, a] ** 2
            for a in range(actions):
                q = R[s, a]
                for s_next in range(states):
                    q += gamma * P[s, a, s_next] * v[t + 1, s_next]
                v[t, s] += pi[s, a] * q
                # the squared length of the score
                square = 1 - 2 * pi[s, a] + same
                best[t, s] += pi[s, a] * square * q
                weight += pi[s, a] * square
            if weight > 0:  # else the policy is certain, every score is 0, and any baseline will do
                best[t, s] /= weight
    return pi, pi_sum, v, best


@njit
def _play(rng, P_sum, rewards, start_sum, terminal, gamma, pi_sum, s, a, G):
    """Play one episode: fill states, actions and discounted returns (0 after the end); the length."""
    G[:] = 0.0
    state, length = _draw(rng, start_sum), 0
    while length < len(G) and not terminal[state]:
        s[length] = state
        a[length] = _draw(rng, pi_sum[state])
        state = _draw(rng, P_sum[state, a[length]])
        G[length] = rewards[s[length], a[length], state]
        length += 1
    for t in range(length - 1, 0, -1):
        G[t - 1] += gamma * G[t]
    return length


@njit
def _draw(rng, cumulative):
    """An index drawn from the distribution with these cumulative sums."""
    u, k = rng.random(), 0
    # the last sum may round to just below 1, so it is never compared
    while k < len(cumulative) - 1 and u >= cumulative[k]:
        k += 1
    return k

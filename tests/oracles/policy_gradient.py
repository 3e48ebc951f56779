"""Policy gradients, their baselines and REINFORCE, from the definitions."""

import cmath

import numpy as np


def softmax(logits):
    weights = [cmath.exp(x) for x in logits]
    return [w / sum(weights) for w in weights]


def objective(P, R, start, terminal, horizon, gamma, pi):
    """Expected discounted return: the sum over all paths of probability times return."""

    def from_here(s, t):
        if terminal[s] or t == horizon:
            return 0
        return sum(
            pi[s][a] * P[s][a][s_next] * (R[s][a] + gamma * from_here(s_next, t + 1))
            for a in range(len(R[s]))
            for s_next in range(len(P))
        )

    return sum(start[s] * from_here(s, 0) for s in range(len(P)))


def objective_gradient(P, R, start, terminal, horizon, gamma, theta):
    """Derivative of the objective in every logit of a softmax policy, by a complex step (exact to rounding)."""
    gradient = np.zeros(np.shape(theta))
    for index in np.ndindex(gradient.shape):
        moved = np.array(theta, complex)
        moved[index] += 1e-30j
        pi = [softmax(row) for row in moved]
        gradient[index] = objective(P, R, start, terminal, horizon, gamma, pi).imag / 1e-30
    return gradient


def policy_gradient(score, adv, mask, gamma):
    total = np.zeros((*adv.shape[:-1], score.shape[-1]))
    for index in np.ndindex(adv.shape):
        if mask[index]:
            total[index[:-1]] += gamma ** index[-1] * score[index] * adv[index]
    return total


def batch_mean_baseline(G):
    b = np.zeros(G.shape)
    for index in np.ndindex(G.shape):
        b[index] = sum(G[index[:-1]]) / G.shape[-1]
    return b


def leave_one_out_baseline(G):
    b = np.zeros(G.shape)
    for index in np.ndindex(G.shape):
        others = [G[(*index[:-1], j)] for j in range(G.shape[-1]) if j != index[-1]]
        b[index] = sum(others) / len(others)
    return b


def optimal_baseline(score, G, probability, per_component):
    """The vertex of the parabola through the variances at the baselines -1, 0 and 1."""

    def variances(index, b):
        g = score[index] * (G[index] - b)[:, None]
        mean = probability[index] @ g
        each = probability[index] @ (g - mean) ** 2
        return each if per_component else each.sum()

    b = np.zeros((*G.shape[:-1], score.shape[-1]) if per_component else G.shape[:-1])
    for index in np.ndindex(G.shape[:-1]):
        left, middle, right = (variances(index, x) for x in (-1, 0, 1))
        b[index] = (left - right) / (2 * (left - 2 * middle + right))
    return b


def reinforce(mdp, theta, baseline, horizon, alpha, batch, updates, rng, alpha_critic):
    """One run in plain Python; draws its random numbers in the order in which an episode needs them."""
    theta, critic, J = np.array(theta), np.zeros(len(mdp.R)), []
    for _ in range(updates):
        pi = np.array([softmax(row) for row in theta]).real
        J.append(objective(mdp.P, mdp.R, mdp.start, mdp.terminal, horizon, mdp.gamma, pi))
        episodes = [play(mdp, pi, horizon, rng) for _ in range(batch)]
        before = critic.copy()
        move = np.zeros(theta.shape)
        for i, episode in enumerate(episodes):
            for t, (s, a, G) in enumerate(episode):
                column = [other[t][2] if t < len(other) else 0 for other in episodes]
                b = baseline_of(baseline, mdp, pi, horizon - t, before, s, column, i)
                move[s] += alpha / batch * mdp.gamma**t * (G - b) * (np.eye(len(pi[s]))[a] - pi[s])
        for episode in episodes:
            for s, _, G in episode:
                critic[s] += alpha_critic * (G - critic[s])
        theta += move
    pi = np.array([softmax(row) for row in theta]).real
    J.append(objective(mdp.P, mdp.R, mdp.start, mdp.terminal, horizon, mdp.gamma, pi))
    return np.array(J), theta


def baseline_of(name, mdp, pi, left, critic, s, column, i):
    """The baseline of episode i in state s with `left` actions left; `column` has the returns of all from then on."""
    if name == "batch_mean":
        return sum(column) / len(column)
    if name == "leave_one_out":
        return np.mean(column[:i] + column[i + 1 :])
    if name == "value":
        return pi[s] @ action_values(mdp, pi, s, left)
    if name == "optimal":
        return state_optimum(pi[s], action_values(mdp, pi, s, left))
    return critic[s] if name == "critic" else 0


def action_values(mdp, pi, s, left):
    first = np.zeros(len(mdp.P))
    values = []
    for a in range(len(pi[s])):
        rest = 0
        for s_next, p in enumerate(mdp.P[s, a]):
            first[:] = np.arange(len(first)) == s_next
            rest += p * objective(mdp.P, mdp.R, first, mdp.terminal, left - 1, mdp.gamma, pi)
        values.append(mdp.R[s, a] + mdp.gamma * rest)
    return np.array(values)


def state_optimum(p, q):
    square = [sum((np.eye(len(p))[a] - p) ** 2) for a in range(len(p))]
    return sum(p * square * q) / sum(p * square)


def play(mdp, pi, horizon, rng):
    """States, actions and discounted returns of one episode."""

    def draw(p):
        u, total = rng.random(), 0.0
        for k in range(len(p) - 1):
            total += p[k]
            if u < total:
                return k
        return len(p) - 1

    s, steps = draw(mdp.start), []
    while len(steps) < horizon and not mdp.terminal[s]:
        a = draw(pi[s])
        steps.append((s, a, mdp.R[s, a]))
        s = draw(mdp.P[s, a])
    return [(s, a, sum(mdp.gamma**k * r for k, (_, _, r) in enumerate(steps[t:]))) for t, (s, a, _) in enumerate(steps)]

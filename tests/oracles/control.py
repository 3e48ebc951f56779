"""Control from its definitions: dictionaries, whole histories, and one number per decision in a fixed order.

The order of the random numbers is part of the definition of a run: one for the first state, one for each decision,
one for each next state (none if ``land`` needs none), and for double Q-learning a coin and a number for the ties.
"""


def action(values, epsilon, u):
    """The action on whose share of [0, 1) the number u falls: first the exploring shares, then those of the ties."""
    top = max(values)
    best = [a for a, value in enumerate(values) if value == top]
    shares = [(epsilon / len(values), a) for a in range(len(values))] if epsilon > 0 else []
    shares += [((1 - epsilon) / len(best), a) for a in best]
    edge = 0.0
    for share, a in shares:
        edge += share
        if u < edge:
            return a
    return shares[-1][1]


def play(kind, land, R, gamma, terminal, episodes, u, *, alpha, power, epsilon, decay, q=0.0, n=1, lam=0.0,
         replacing=False, limit=10**6):  # fmt: skip
    """Values, returns, lengths and numbers of updates of one run; ``R[s][a][s_next]`` are the rewards.

    ``land(s, a)`` gives the next state, ``land(None, None)`` the first one; ``u()`` the next random number.
    """
    states, actions = len(R), len(R[0])
    tables = [[[0.0 if terminal[s] else q for _ in range(actions)] for s in range(states)] for _ in range(2)]
    visits = [[[0] * actions for _ in range(states)] for _ in range(2)]
    decisions = [0] * states
    returns, lengths = [], []

    def values(s):
        if kind == "double":
            return [(x + y) / 2 for x, y in zip(tables[0][s], tables[1][s], strict=True)]
        return tables[0][s]

    def exploring(s, count):
        return epsilon / count**decay

    def decide(s):
        decisions[s] += 1
        return action(values(s), exploring(s, decisions[s]), u())

    def size(i, s, a):
        visits[i][s][a] += 1
        return alpha / visits[i][s][a] ** power

    for _ in range(episodes):
        s = land(None, None)
        on_policy = kind in ("sarsa", "n-step", "lambda", "watkins")
        a = decide(s) if on_policy else None
        pairs, rewards, trace = [], [], {}
        while not terminal[s] and len(rewards) < limit:
            if not on_policy:
                a = decide(s)
            s_next = land(s, a)
            r = R[s][a][s_next]
            pairs.append((s, a))
            rewards.append(r)
            if kind in ("sarsa", "n-step", "lambda", "watkins"):
                a_next = decide(s_next)
            table = tables[0]
            if kind == "sarsa":
                table[s][a] += size(0, s, a) * (r + gamma * table[s_next][a_next] - table[s][a])
            elif kind == "expected":
                e = exploring(s_next, decisions[s_next] + 1)
                best = [b for b in range(actions) if table[s_next][b] == max(table[s_next])]
                law = [e / actions + (1 - e) / len(best) * (b in best) for b in range(actions)]
                mean = sum(p * x for p, x in zip(law, table[s_next], strict=True))
                table[s][a] += size(0, s, a) * (r + gamma * mean - table[s][a])
            elif kind == "q":
                table[s][a] += size(0, s, a) * (r + gamma * max(table[s_next]) - table[s][a])
            elif kind == "double":
                i = 0 if u() < 0.5 else 1
                b = action(tables[i][s_next], 0.0, u())
                tables[i][s][a] += size(i, s, a) * (r + gamma * tables[1 - i][s_next][b] - tables[i][s][a])
            elif kind == "n-step":
                over = terminal[s_next] or len(rewards) == limit
                first = len(rewards) - n
                for t in range(max(first, 0), len(rewards)) if over else ([first] if first >= 0 else []):
                    target = sum(gamma ** (k - t) * rewards[k] for k in range(t, len(rewards)))
                    target += gamma ** (len(rewards) - t) * table[s_next][a_next]
                    x, b = pairs[t]
                    table[x][b] += size(0, x, b) * (target - table[x][b])
            else:
                future = table[s_next][a_next] if kind == "lambda" else max(table[s_next])
                greedy = kind == "lambda" or table[s_next][a_next] == max(table[s_next])
                delta = r + gamma * future - table[s][a]
                trace[s, a] = size(0, s, a) + (0.0 if replacing else trace.get((s, a), 0.0))
                for (x, b), e in trace.items():
                    table[x][b] += delta * e
                trace = {pair: gamma * lam * e for pair, e in trace.items()} if greedy else {}
            s = s_next
            if on_policy:
                a = a_next
        if on_policy:
            decisions[s] -= 1  # the last action was chosen and not taken
        returns.append(sum(gamma**k * r for k, r in enumerate(rewards)))
        lengths.append(len(rewards))
    updates = [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(*visits, strict=True)]
    return [values(s) for s in range(states)], returns, lengths, updates


def epsilon_soft(P, R, gamma, terminal, epsilon, sweeps=400):
    """Best values under epsilon-soft policies, by repeating their equation."""
    states, actions = len(R), len(R[0])
    q = [[0.0] * actions for _ in range(states)]
    for _ in range(sweeps):
        v = [0.0 if terminal[s] else (1 - epsilon) * max(q[s]) + epsilon * sum(q[s]) / actions for s in range(states)]
        q = [
            [R[s][a] + gamma * sum(p * x for p, x in zip(P[s][a], v, strict=True)) for a in range(actions)]
            for s in range(states)
        ]
    return q

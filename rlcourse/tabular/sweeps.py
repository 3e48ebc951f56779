"""Compiled sweeps over a decision process whose transition matrix is stored row by row.

Row ``s * A + a`` holds the successors of action a in state s: ``to[first[row]:first[row + 1]]`` are the states and
``p`` their probabilities (the arrays of a scipy ``csr_array``). A sweep reads them once from beginning to end.

A sweep reads values ``v`` and writes values ``u``. Synchronous sweeps take two arrays. If ``u`` is ``v``, each state
already sees the new values of the states before it: that is the sweep in place (Gauss and Seidel), another operator.

Counters are unsigned: of a signed one, compiled code asks whether it counts from the end, which doubles the time.
"""

from __future__ import annotations

import heapq

import numpy as np

from rlcourse.compiled import fused, njit

__all__ = ["from_the_end", "optimal_sweep", "pack_policy", "policy_sweeps", "prioritized", "renumber"]

ONE = np.uint64(1)


@fused
def optimal_sweep(first, to, p, R, gamma, v, u, action, margin):
    """Write ``max_a (R + gamma P v)``; take a new action where it beats the old one by more than ``margin``.

    Returns the smallest and the largest of ``u - v``, and the number of actions that changed.
    """
    low, high, changes = np.inf, -np.inf, 0
    row = e = np.uint64(0)
    for s in range(np.uint64(R.shape[0])):
        top = kept = -np.inf
        best = 0
        for a in range(R.shape[1]):
            mean = 0.0
            row += ONE
            end = np.uint64(first[row])
            while e < end:
                mean += p[e] * v[np.uint64(to[e])]
                e += ONE
            q = R[s, a] + gamma * mean
            if q > top:
                top, best = q, a
            if a == action[s]:
                kept = q
        if top > kept + margin:
            action[s] = best
            changes += 1
        step = top - v[s]
        u[s] = top
        low, high = min(low, step), max(high, step)
    return low, high, changes


@fused
def policy_sweeps(first, to, p, r, gamma, v, u, limit, size, by_span):
    """Repeat ``u = r + gamma P v`` in a chain until a sweep changes v by no more than ``size``; the result is in v.

    The size of a change is its span (``by_span``; in place 0 counts as a change too) or its largest absolute value.
    Returns the smallest and the largest change of the last sweep and the number of sweeps.
    """
    low = high = 0.0
    count, in_place = 0, u is v
    old, new = v, u
    while count < limit:
        count += 1
        low, high = (0.0, 0.0) if in_place else (np.inf, -np.inf)
        e = np.uint64(0)
        for s in range(np.uint64(len(r))):
            mean = 0.0
            end = np.uint64(first[s + ONE])
            while e < end:
                mean += p[e] * old[np.uint64(to[e])]
                e += ONE
            value = r[s] + gamma * mean
            step = value - old[s]
            new[s] = value
            low, high = min(low, step), max(high, step)
        old, new = new, old
        if (high - low if by_span else max(high, -low)) <= size:
            break
    if old is not v:
        v[:] = old
    return low, high, count


@njit
def pack_policy(first, to, p, R, action, chain_first, chain_to, chain_p, r):
    """Copy the rows of one action per state next to each other, so that evaluating them reads nothing else."""
    row = n = np.uint64(0)
    for s in range(np.uint64(R.shape[0])):
        chosen = row + np.uint64(action[s])
        r[s] = R[s, action[s]]
        for e in range(np.uint64(first[chosen]), np.uint64(first[chosen + ONE])):
            chain_to[n], chain_p[n] = to[e], p[e]
            n += ONE
        chain_first[s + ONE] = n
        row += np.uint64(R.shape[1])


@njit
def from_the_end(column_first, column_row, actions, terminal):
    """States by their number of steps to a terminal state, and for each an action that can lead closer.

    The columns of P list, for every state, the rows that may lead to it. States from which no terminal state can be
    reached come last; their number is returned too.
    """
    states = len(terminal)
    order, toward = np.empty(states, np.int64), np.full(states, -1)
    found = 0
    for s in range(states):
        if terminal[s]:
            order[found], toward[s] = s, 0
            found += 1
    i = 0
    while i < found:
        for e in range(column_first[order[i]], column_first[order[i] + 1]):
            s, a = divmod(column_row[e], actions)
            if toward[s] < 0:
                order[found], toward[s] = s, a
                found += 1
        i += 1
    lost = states - found
    for s in range(states):
        if toward[s] < 0:
            order[found], toward[s] = s, 0
            found += 1
    return order, toward, lost


@njit
def renumber(first, to, p, R, order, new_first, new_to, new_p, new_R):
    """The same process with state ``order[i]`` called i, so that sweeps in this order read memory in order."""
    place = np.empty(len(order), to.dtype)
    for i in range(len(order)):
        place[order[i]] = i
    n = 0
    for i in range(len(order)):
        for a in range(R.shape[1]):
            row = order[i] * R.shape[1] + a
            new_R[i, a] = R[order[i], a]
            for e in range(first[row], first[row + 1]):
                new_to[n], new_p[n] = place[to[e]], p[e]
                n += 1
            new_first[i * R.shape[1] + a + 1] = n


@njit
def prioritized(first, to, p, R, gamma, column_first, column_row, column_p, v, priority, size, limit):
    """Back up the state of the highest priority until none exceeds ``size``; returns the number of backups.

    ``priority[s]`` is at least the residual of s: a change of its successor adds what it can change at most. Column s
    holds the states that can lead to s, each with the probability of its likeliest action. Entries of the heap whose
    priority is no longer that of their state are out of date, and skipped.
    """
    heap = [(-priority[s], s) for s in range(len(v)) if priority[s] > size]
    heapq.heapify(heap)
    count = 0
    while heap and count < limit:
        urgency, s = heapq.heappop(heap)
        if -urgency != priority[s]:
            continue
        top = -np.inf
        for a in range(R.shape[1]):
            mean = 0.0
            for e in range(first[s * R.shape[1] + a], first[s * R.shape[1] + a + 1]):
                mean += p[e] * v[to[e]]
            top = max(top, R[s, a] + gamma * mean)
        change = abs(top - v[s])
        v[s] = top
        priority[s] = 0.0
        count += 1
        for e in range(column_first[s], column_first[s + 1]):
            before = np.int64(column_row[e])
            priority[before] += gamma * column_p[e] * change
            if priority[before] > size:
                heapq.heappush(heap, (-priority[before], before))
    return count

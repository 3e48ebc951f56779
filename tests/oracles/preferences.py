"""Definitions of preference models and of the KL-regularized problem, as sums over enumerated outcomes."""

from __future__ import annotations

import itertools
import math

import numpy as np


def _rowwise(function, *arrays, out=0):
    """Apply a function of plain lists along the last axis of broadcast arrays."""
    arrays = np.broadcast_arrays(*(np.asarray(a, float) for a in arrays))
    *batch, n = arrays[0].shape
    result = np.zeros((*batch, *[n] * out))
    for index in np.ndindex(*batch):
        result[index] = function(*(a[index].tolist() for a in arrays))
    return result


def _elementwise(function, *arrays):
    return np.vectorize(function, otypes=[float])(*arrays)


def bradley_terry(r_w, r_l):
    return _elementwise(lambda a, b: math.exp(a) / (math.exp(a) + math.exp(b)), r_w, r_l)


def bradley_terry_loss(r_w, r_l, label=1.0):
    def one(a, b, p):
        both = math.exp(a) + math.exp(b)
        # not 1 - win: the difference would lose all digits of a rare label
        win, lose = math.exp(a) / both, math.exp(b) / both
        return sum(-weight * math.log(chance) for weight, chance in ((p, win), (1 - p, lose)) if weight)

    return _elementwise(one, r_w, r_l, label)


def plackett_luce(r):
    """Draw without replacement, with chances proportional to exp(r); the places come in order."""

    def one(rewards):
        chance = 1.0
        for k in range(len(rewards)):
            chance *= math.exp(rewards[k]) / sum(math.exp(rest) for rest in rewards[k:])
        return math.log(chance)

    return _rowwise(one, r)


def log_partition(r, logp_ref, beta):
    return _rowwise(
        lambda rewards, refs: math.log(
            sum(math.exp(q) * math.exp(a / beta) for a, q in zip(rewards, refs, strict=True))
        ),
        r,
        logp_ref,
    )


def gibbs_policy(r, logp_ref, beta):
    def one(rewards, refs):
        mass = [math.exp(q) * math.exp(a / beta) for a, q in zip(rewards, refs, strict=True)]
        return [math.log(m / sum(mass)) for m in mass]

    return _rowwise(one, r, logp_ref, out=1)


def kl_regularized_objective(logp, r, logp_ref, beta):
    """Expected reward and KL divergence apart, each from its own definition."""

    def one(logs, rewards, refs):
        reward = sum(math.exp(l) * a for l, a in zip(logs, rewards, strict=True))
        divergence = sum(math.exp(l) * math.log(math.exp(l) / math.exp(q)) for l, q in zip(logs, refs, strict=True))
        return reward - beta * divergence

    return _rowwise(one, logp, r, logp_ref)


def implicit_reward(logp, logp_ref, beta):
    return _elementwise(lambda l, q: beta * math.log(math.exp(l) / math.exp(q)), logp, logp_ref)


def dpo_loss(logp_w, logp_l, logp_ref_w, logp_ref_l, beta, label=1.0):
    """The likelihood written with ratios of probabilities raised to the power beta; no log-sigmoid."""

    def one(lw, ll, qw, ql, p):
        odds = (math.exp(lw - qw) / math.exp(ll - ql)) ** beta
        return -p * math.log(odds / (1 + odds)) - (1 - p) * math.log(1 / (1 + odds))

    return _elementwise(one, logp_w, logp_l, logp_ref_w, logp_ref_l, label)


def dpo_population_loss(logp, logp_ref, preference, weight, beta):
    """One term for every shown pair and every outcome of its label."""
    logp, logp_ref = np.broadcast_arrays(logp, logp_ref)
    *batch, n = logp.shape
    total = np.zeros(batch)
    for index in np.ndindex(*batch):
        for i, j in itertools.product(range(n), repeat=2):
            lw, ll, qw, ql = (x[index][k] for x in (logp, logp_ref) for k in (i, j))
            shown = weight[index][i, j]
            total[index] += shown * preference[index][i, j] * dpo_loss(lw, ll, qw, ql, beta)
            total[index] += shown * (1 - preference[index][i, j]) * dpo_loss(ll, lw, ql, qw, beta)
    return total


def derivative(function, x, step=1e-6):
    """Central differences of a function of one array, entry by entry; the function may return an array
    (then its sum is differentiated)."""
    x = np.asarray(x, float)
    result = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        result[index] = (np.sum(function(up)) - np.sum(function(down))) / (2 * step)
    return result

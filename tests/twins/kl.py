"""Rows of the KL module."""

from functools import partial

import numpy as np
from oracles import kl as oracle

from twins import Twin


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def samples(rng, batch, T, **extra):
    shape = (*batch, T)
    return {"logp": -rng.exponential(size=shape), "logq": -rng.exponential(size=shape), **extra}


def draw_controlled(rng, batch, T):
    return samples(rng, batch, T, coefficient=rng.normal(size=(*batch, T)))


def distributions(rng, batch, T):
    """Two distributions over T outcomes, of which one may be impossible under both."""
    logits = rng.normal(size=(2, *batch, T))
    if T > 2:
        logits[..., 0] = -np.inf
    logp, logq = log_softmax(logits)
    return {"logp": logp, "logq": logq}


def draw_sequence(rng, batch, T, estimator, per_token):
    mask = rng.random((*batch, T)) < 0.7
    given = samples(rng, batch, T, mask=mask, estimator=estimator, per_token=per_token)
    # what stands at padding must not matter
    given["logp"][~mask] = -np.inf
    given["logq"][~mask] = np.nan
    return given


def draw_next_token(rng, batch, T):
    logp, logq = log_softmax(rng.normal(size=(2, *batch, T, 5)))
    return {"logp_all": logp, "logq_all": logq, "mask": rng.random((*batch, T)) < 0.7}


TWINS = [
    Twin("kl.kl", distributions, oracle.kl, min_T=1),
    Twin("kl.k1", samples, oracle.k1),
    Twin("kl.k2", samples, oracle.k2),
    Twin("kl.k3", samples, oracle.k3),
    Twin("kl.controlled", draw_controlled, oracle.controlled),
    Twin("kl.forward_k1", samples, oracle.forward_k1),
    Twin("kl.forward_k3", samples, oracle.forward_k3),
    # a ratio of two small numbers: single precision loses some digits
    Twin("kl.optimal_coefficient", distributions, oracle.optimal_coefficient, min_T=2, float32_rtol=1e-3),
    *(
        Twin("kl.sequence_kl", partial(draw_sequence, estimator=k, per_token=each), oracle.sequence_kl)
        for k in ("k1", "k2", "k3")
        for each in (False, True)
    ),
    Twin("kl.rao_blackwell_kl", draw_next_token, oracle.rao_blackwell_kl),
]

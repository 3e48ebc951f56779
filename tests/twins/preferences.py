"""Oracle, tabular and deep forms of everything in `preferences`."""

from __future__ import annotations

import numpy as np
from oracles import preferences as oracle

from twins import Twin


def log_probabilities(rng, shape):
    logits = rng.normal(size=shape)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def rewards(rng, batch, T):
    return {"r_w": rng.normal(size=(*batch, T)), "r_l": rng.normal(size=(*batch, T))}


def labeled_rewards(rng, batch, T):
    return rewards(rng, batch, T) | {"label": rng.uniform(size=(*batch, T))}


def ranking(rng, batch, T):
    return {"r": rng.normal(size=(*batch, T))}


def problem(rng, batch, T):
    shape = (*batch, T)
    return {"r": rng.normal(size=shape), "logp_ref": log_probabilities(rng, shape), "beta": 0.7}


def policy_problem(rng, batch, T):
    return {"logp": log_probabilities(rng, (*batch, T))} | problem(rng, batch, T)


def responses(rng, batch, T):
    return {"logp": -rng.exponential(size=(*batch, T)), "logp_ref": -rng.exponential(size=(*batch, T)), "beta": 0.3}


def pairs(rng, batch, T):
    names = ("logp_w", "logp_l", "logp_ref_w", "logp_ref_l")
    given = {name: -rng.exponential(size=(*batch, T)) for name in names}
    return given | {"beta": 0.4, "label": rng.uniform(size=(*batch, T))}


def population(rng, batch, T):
    shape = (*batch, T)
    weight = rng.uniform(size=(*shape, T))
    return {
        "logp": log_probabilities(rng, shape),
        "logp_ref": log_probabilities(rng, shape),
        "preference": rng.uniform(size=(*shape, T)),
        "weight": weight / weight.sum((-2, -1), keepdims=True),
        "beta": 0.5,
    }


TWINS = [
    Twin("preferences.bradley_terry", rewards, oracle.bradley_terry),
    Twin("preferences.bradley_terry_loss", labeled_rewards, oracle.bradley_terry_loss),
    Twin("preferences.plackett_luce", ranking, oracle.plackett_luce),
    Twin("preferences.log_partition", problem, oracle.log_partition, min_T=1),
    Twin("preferences.gibbs_policy", problem, oracle.gibbs_policy, min_T=1),
    Twin("preferences.kl_regularized_objective", policy_problem, oracle.kl_regularized_objective, min_T=1),
    Twin("preferences.implicit_reward", responses, oracle.implicit_reward),
    Twin("preferences.dpo_loss", pairs, oracle.dpo_loss),
    Twin("preferences.dpo_population_loss", population, oracle.dpo_population_loss, min_T=1),
]

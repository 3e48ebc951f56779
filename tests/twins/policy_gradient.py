"""Rows of the policy-gradient module. The last axis holds the samples of one situation."""

from functools import partial

from oracles import policy_gradient as oracle

from twins import Twin


def draw_returns(rng, batch, T):
    return {"G": rng.normal(size=(*batch, T))}


def draw_scores(rng, batch, T, per_component):
    """Scores with mean 0, as those of a policy."""
    weight = rng.exponential(size=(*batch, T))
    probability = weight / weight.sum(axis=-1, keepdims=True)
    score = rng.normal(size=(*batch, T, 3))
    score = score - (probability[..., None] * score).sum(axis=-2, keepdims=True)
    G = rng.normal(size=(*batch, T))
    return {"score": score, "G": G, "probability": probability, "per_component": per_component}


TWINS = [
    Twin("policy_gradient.batch_mean_baseline", draw_returns, oracle.batch_mean_baseline),
    Twin("policy_gradient.leave_one_out_baseline", draw_returns, oracle.leave_one_out_baseline, min_T=2),
    # with a single outcome the score is 0 and every baseline is optimal
    *[
        Twin(
            "policy_gradient.optimal_baseline",
            partial(draw_scores, per_component=each),
            oracle.optimal_baseline,
            min_T=2,
        )
        for each in (False, True)
    ],
]

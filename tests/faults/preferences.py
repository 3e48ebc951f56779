"""Slips in the preference models, the Gibbs policy and the DPO loss."""

from __future__ import annotations

from faults import Fault

TABULAR, DEEP = "rlcourse.tabular.preferences", "rlcourse.deep.preferences"
TABULAR_TESTS, DEEP_TESTS = "tests/tabular/test_preferences.py::", "tests/deep/test_preferences.py::"

FAULTS = [
    Fault(
        TABULAR,
        find="return expit(r_w - r_l)",
        replace="return expit(r_l - r_w)",
        caught_by=TABULAR_TESTS + "test_bradley_terry_at_known_points",
        why="winner and loser swapped",
    ),
    Fault(
        TABULAR,
        find="return -label * log_expit(d) - (1 - label) * log_expit(-d)",
        replace="return -label * np.log(expit(d)) - (1 - label) * np.log(expit(-d))",
        caught_by=TABULAR_TESTS + "test_the_loss_survives_huge_margins",
        why="log of a sigmoid that has underflowed",
    ),
    Fault(
        TABULAR,
        find="- (1 - label) * log_expit(-d)",
        replace="- (1 - label) * log_expit(d)",
        caught_by=TABULAR_TESTS + "test_the_likelihood_loss_of_a_label_is_minus_the_log_of_its_probability",
        why="the soft label's second half has the wrong sign",
    ),
    Fault(
        TABULAR,
        find="np.flip(np.logaddexp.accumulate(np.flip(r, -1), axis=-1), -1)",
        replace="np.logaddexp.accumulate(r, axis=-1)",
        caught_by=TABULAR_TESTS + "test_plackett_luce_starts_with_the_best_place",
        why="the ranking's denominators run over the places already filled",
    ),
    Fault(
        TABULAR,
        find="return logsumexp(logp_ref + r / beta, axis=-1)",
        replace="return logsumexp(logp_ref + r * beta, axis=-1)",
        caught_by=TABULAR_TESTS + "test_the_gibbs_identity",
        why="reward multiplied by beta instead of divided",
    ),
    Fault(
        TABULAR,
        find="return logp_ref + r / beta - log_partition(r, logp_ref, beta)[..., None]",
        replace="return r / beta - logsumexp(r / beta, axis=-1, keepdims=True)",
        caught_by=TABULAR_TESTS + "test_the_gibbs_policy_is_normalized_and_tends_to_the_reference_or_the_best_response",
        why="reference left out of the optimum",
    ),
    Fault(
        TABULAR,
        find="return np.where(p > 0, p * (r - beta * log_ratio), 0).sum(-1)",
        replace="return np.where(p > 0, p * r + beta * np.exp(logp_ref) * log_ratio, 0).sum(-1)",
        caught_by=TABULAR_TESTS + "test_the_gibbs_identity",
        why="penalty in the other KL direction",
    ),
    Fault(
        TABULAR,
        find="return beta * (logp - logp_ref)",
        replace="return beta * (logp_ref - logp)",
        caught_by=TABULAR_TESTS
        + "test_the_implicit_reward_is_positive_where_the_policy_prefers_more_than_the_reference",
        why="ratio inverted",
    ),
    Fault(
        TABULAR,
        find="return -beta * (label - bradley_terry(r_w, r_l))",
        replace="return -(label - bradley_terry(r_w, r_l))",
        caught_by=TABULAR_TESTS + "test_the_dpo_gradient_is_the_derivative_of_the_loss",
        why="beta missing in the gradient",
    ),
    Fault(
        TABULAR,
        find="return -beta * (label - bradley_terry(r_w, r_l))",
        replace="return -beta * (label - bradley_terry(r_l, r_w))",
        caught_by=TABULAR_TESTS + "test_the_dpo_gradient_is_the_derivative_of_the_loss",
        why="weight sigma(d) instead of sigma(-d): easy pairs weigh most",
    ),
    Fault(
        TABULAR,
        find="return flow.sum(-1) - flow.sum(-2)",
        replace="return flow.sum(-1)",
        caught_by=TABULAR_TESTS + "test_the_population_gradient_is_the_derivative_of_the_loss",
        why="the rejected response's half of the gradient is missing",
    ),
    Fault(
        TABULAR,
        find="return (_pair_weights(weight) * pair).sum((-2, -1))",
        replace="return pair.mean((-2, -1))",
        caught_by=TABULAR_TESTS + "test_the_population_loss_of_one_shown_pair_is_its_loss",
        why="pair weights ignored",
    ),
    Fault(
        DEEP,
        find="return torch.sigmoid(checks.finite",
        replace="return 1 - torch.sigmoid(checks.finite",
        caught_by=DEEP_TESTS + "test_bradley_terry_value_and_gradient",
        why="winner and loser swapped",
    ),
    Fault(
        DEEP,
        find="return -label * logsigmoid(d) - (1 - label) * logsigmoid(-d)",
        replace="return -label * d.sigmoid().log() - (1 - label) * (-d).sigmoid().log()",
        caught_by=DEEP_TESTS + "test_loss_and_gradient_survive_huge_margins",
        why="log of a sigmoid that has underflowed",
    ),
    Fault(
        DEEP,
        find='return beta * (checks.finite("logp", logp) - checks.finite("logp_ref", logp_ref))',
        replace='return beta * (checks.finite("logp", logp) - checks.finite("logp_ref", logp_ref)).detach()',
        caught_by=DEEP_TESTS + "test_dpo_loss_value_and_gradient",
        why="stop-gradient on the policy",
    ),
    Fault(
        DEEP,
        find='return beta * (checks.finite("logp", logp) - checks.finite("logp_ref", logp_ref))',
        replace='return beta * checks.finite("logp", logp)',
        caught_by=DEEP_TESTS + "test_dpo_loss_at_the_reference_and_with_winner_and_loser_swapped",
        why="reference missing",
    ),
    Fault(
        DEEP,
        find="remaining = r.flip(-1).logcumsumexp(-1).flip(-1)",
        replace="remaining = r.logcumsumexp(-1)",
        caught_by=DEEP_TESTS + "test_plackett_luce_value_and_gradient",
        why="the ranking's denominators run over the places already filled",
    ),
    Fault(
        DEEP,
        find="return torch.log_softmax(logp_ref + r / beta, -1)",
        replace="return logp_ref + r / beta",
        caught_by=DEEP_TESTS + "test_the_gradient_of_the_log_partition_is_the_gibbs_policy",
        why="normalization forgotten",
    ),
    Fault(
        DEEP,
        find="log_ratio = torch.where(p > 0, torch.where(p > 0, logp, 0) - logp_ref, 0)",
        replace="log_ratio = logp - logp_ref",
        caught_by=DEEP_TESTS + "test_the_objective_at_the_edges_of_the_support_has_a_finite_gradient",
        why="0 log 0 is NaN in the gradient",
    ),
    Fault(
        DEEP,
        find="return torch.where(p > 0, p * (r - beta * log_ratio), 0).sum(-1)",
        replace="return torch.where(p > 0, p.detach() * (r - beta * log_ratio), 0).sum(-1)",
        caught_by=DEEP_TESTS + "test_the_objective_has_the_gibbs_policy_as_its_maximum",
        why="sampling law not differentiated",
    ),
    Fault(
        DEEP,
        find="return (weight * pair).sum((-2, -1))",
        replace="return pair.mean((-2, -1))",
        caught_by=DEEP_TESTS + "test_the_population_loss_is_stationary_at_the_gibbs_policy_only",
        why="pair weights ignored",
    ),
]

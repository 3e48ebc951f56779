"""Slips that the KL module's tests must notice."""

from faults import Fault

TABULAR, DEEP = "rlcourse.tabular.kl", "rlcourse.deep.kl"
T, D = "tests/tabular/test_kl.py::", "tests/deep/test_kl.py::"

FAULTS = [
    Fault(
        TABULAR,
        find="    return np.asarray(logq) - logp",
        replace="    return logp - np.asarray(logq)",
        caught_by=T + "test_each_estimator_is_its_formula",
        why="ratio inverted",
    ),
    Fault(
        TABULAR,
        find="    p = np.exp(logp)\n    # 0 log 0",
        replace="    p = np.exp(logq)\n    # 0 log 0",
        caught_by=T + "test_kl_takes_the_first_argument_as_the_sampling_distribution",
        why="expectation under the wrong distribution",
    ),
    Fault(
        TABULAR,
        find="    return controlled(logp, logq, 1.0)",
        replace="    return controlled(logq, logp, 1.0)",
        caught_by=T + "test_the_estimators_have_the_means_that_are_claimed",
        why="k3 with swapped arguments estimates another number",
    ),
    Fault(
        TABULAR,
        find="    return 0.5 * _log_ratio(logp, logq) ** 2",
        replace="    return _log_ratio(logp, logq) ** 2",
        caught_by=T + "test_k2_is_biased",
        why="missing one half in k2",
    ),
    Fault(
        TABULAR,
        find="chi2 = np.divide((q - p) ** 2, p,",
        replace="chi2 = np.divide((q - p) ** 2, q,",
        caught_by=T + "test_the_optimal_coefficient_of_the_example",
        why="chi-square of the other direction",
    ),
    Fault(
        TABULAR,
        find='"k2": -log_ratio, "k3": -np.expm1(log_ratio)',
        replace='"k2": -log_ratio, "k3": -np.expm1(-log_ratio)',
        caught_by=T + "test_the_table_in_words",
        why="ratio inverted in the gradient of k3",
    ),
    Fault(
        TABULAR,
        find="np.exp(_log_ratio(logp_old, logp))",
        replace="np.exp(_log_ratio(logp, logp_old))",
        caught_by=T + "test_expected_gradients_of_every_mode",
        why="importance ratio inverted",
    ),
    Fault(
        TABULAR,
        find='through_rho = 0.0 if mode in ("value", "loss", "detached_ratio") else k',
        replace='through_rho = 0.0 if mode in ("value", "loss") else k',
        caught_by=T + "test_expected_gradients_of_every_mode",
        why="missing stop-gradient on the ratio",
    ),
    Fault(
        TABULAR,
        find="    return np.where(mask, logp, 0), np.where(mask, logq, 0)",
        replace="    return np.asarray(logp), np.asarray(logq)",
        caught_by=T + "test_padding_is_inert",
        why="mask ignored",
    ),
    Fault(
        TABULAR,
        find="    return estimate(logp.sum(axis=-1), logq.sum(axis=-1))",
        replace="    return estimate(logp.mean(axis=-1), logq.mean(axis=-1))",
        caught_by=T + "test_sequence_estimates_have_the_mean_that_is_claimed",
        why="mean over tokens for their sum",
    ),
    Fault(
        TABULAR,
        find="    if per_token:\n        return estimate(logp, logq).sum(axis=-1)\n",
        replace="",
        caught_by=T + "test_tokens_against_sequences",
        why="estimator applied to the sequence where the tokens were asked for",
    ),
    Fault(
        DEEP,
        find='    if mode in ("value", "loss", "detached_ratio"):\n        rho = rho.detach()\n',
        replace="",
        caught_by=D + "test_expected_gradients_of_every_mode",
        why="missing stop-gradient on the ratio",
    ),
    Fault(
        DEEP,
        find='    if mode in ("value", "reward"):\n        k = k.detach()\n',
        replace="",
        caught_by=D + "test_expected_gradients_of_every_mode",
        why="missing stop-gradient on the reward",
    ),
    Fault(
        DEEP,
        find="    sampler = logp if logp_old is None else logp_old\n",
        replace="    sampler = logp\n",
        caught_by=D + "test_every_mode_has_the_same_value",
        why="old policy ignored: the ratio is always 1",
    ),
    Fault(
        DEEP,
        find="    rho = _log_ratio(sampler.detach(), logp).exp()",
        replace="    rho = _log_ratio(sampler, logp).exp()",
        caught_by=D + "test_expected_gradients_of_every_mode",
        why="ratio of the policy to itself without stop-gradient has no gradient",
    ),
    Fault(
        DEEP,
        find="k = _estimator(estimator)(logp, logq.detach())",
        replace="k = _estimator(estimator)(logp, logq)",
        caught_by=D + "test_the_penalty_trains_the_policy_only",
        why="the reference is trained",
    ),
    Fault(
        DEEP,
        find="    return (p * (torch.where(seen, logp, 0) - torch.where(seen, logq, 0))).sum(dim=-1)",
        replace="    return torch.where(seen, p * (logp - logq), 0).sum(dim=-1)",
        caught_by=D + "test_gradient_of_the_divergence_is_finite_at_impossible_outcomes",
        why="where after the subtraction: the value is right, the gradient is NaN",
    ),
    Fault(
        DEEP,
        find="    logp, logq = (x.detach() for x in _distributions(logp, logq))",
        replace="    logp, logq = _distributions(logp, logq)",
        caught_by=D + "test_the_coefficient_is_a_constant",
        why="gradient through the coefficient",
    ),
    Fault(
        DEEP,
        find="    return torch.where(mask, logp, 0), torch.where(mask, logq, 0)",
        replace="    return logp * mask, logq * mask",
        caught_by=D + "test_padding_is_inert_in_value_and_gradient",
        why="mask by multiplication: -inf times 0",
    ),
    Fault(
        DEEP,
        find="    return forward_k1(logp, logq) - torch.expm1(_log_ratio(logp, logq))",
        replace="    return forward_k1(logp, logq) - _log_ratio(logp, logq).exp()",
        caught_by=D + "test_each_estimator_is_its_formula",
        why="r instead of r - 1",
    ),
]

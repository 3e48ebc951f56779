"""Slips in the policy-gradient modules."""

from faults import Fault

TABULAR = "tests/tabular/test_policy_gradient.py"
DEEP = "tests/deep/test_policy_gradient.py"
LOOP = "tests/tabular/test_reinforce.py::test_reinforce_is_the_loop_of_the_definition"


def tabular(find, replace, test, why):
    return Fault("rlcourse.tabular.policy_gradient", find, replace, f"{TABULAR}::{test}", why)


def loop(find, replace, why):
    return Fault("rlcourse.tabular.reinforce", find, replace, LOOP, why)


def deep(find, replace, test, why):
    return Fault("rlcourse.deep.policy_gradient", find, replace, f"{DEEP}::{test}", why)


FAULTS = [
    tabular(
        "np.eye(actions) - pi[s]",
        "np.eye(actions)",
        "test_the_score_is_the_gradient_of_log_pi",
        "the score without its mean",
    ),
    tabular(
        "discount = gamma ** np.arange(adv.shape[-1])",
        "discount = gamma ** 0",
        "test_every_weight_of_the_table_has_the_true_gradient_as_its_mean",
        "gamma^t left out",
    ),
    tabular(
        "gamma ** np.arange(adv.shape[-1])",
        "gamma ** np.arange(1, adv.shape[-1] + 1)",
        "test_policy_gradient_is_the_masked_sum",
        "time counted from 1",
    ),
    tabular(
        "score, adv = np.where(np.asarray(mask)[..., None], score, 0), np.where(mask, adv, 0)",
        "score = np.where(np.asarray(mask)[..., None], score, 0)",
        "test_policy_gradient_is_the_masked_sum",
        "mask not applied to the weights",
    ),
    tabular(
        "(probability[:, None] * away).T @ away",
        "(probability[:, None] * gradients).T @ gradients",
        "test_moments",
        "second moment instead of covariance",
    ),
    tabular("- G) / (n - 1)", "- G) / n", "test_leave_one_out_is_the_centered_return_rescaled", "N for N - 1"),
    tabular(
        "(G.sum(axis=-1, keepdims=True) - G) / (n - 1)",
        "G.mean(axis=-1, keepdims=True) + 0 * G",
        "test_the_batch_mean_shrinks_the_gradient_and_leave_one_out_does_not",
        "own sample kept in the baseline",
    ),
    tabular(
        "weight = np.asarray(probability)[..., None] * square",
        "weight = np.asarray(probability)[..., None] * np.ones_like(square)",
        "test_the_optimal_baseline_of_a_two_armed_bandit",
        "the value instead of the optimal baseline",
    ),
    tabular(
        "score**2 if per_component else",
        "np.abs(score) if per_component else",
        "test_the_optimal_baseline_has_the_least_variance",
        "weights |s| instead of s^2",
    ),
    loop("alpha / batch * gamma**t *", "alpha / batch *", "REINFORCE without gamma^t"),
    loop("alpha / batch * gamma**t", "alpha * gamma**t", "sum over the batch instead of the mean"),
    loop("G[t - 1] += gamma * G[t]", "G[t - 1] += G[t]", "undiscounted returns"),
    loop("b = v[t, state]", "b = v[t + 1, state]", "value of the next time as baseline"),
    loop("(G[:, t].sum() - G[i, t]) / (batch - 1)", "G[:, t].sum() / (batch - 1)", "own return kept"),
    loop("G[:] = 0.0", "pass", "returns of an earlier, longer episode left behind"),
    loop("not terminal[state]:", "state >= 0:", "episodes that run through terminal states"),
    deep("adv = adv.detach()", "adv = adv * 1", "test_no_gradient_flows_through_the_weights", "missing stop-gradient"),
    deep("-(discount", "(discount", "test_the_gradient_is_minus_the_mean_estimate", "objective returned as loss"),
    deep(".sum(dim=-1).mean()", ".mean()", "test_the_value_of_the_loss", "mean over time instead of sum"),
    deep(
        "torch.where(mask, logp, 0), torch",
        "logp * mask, torch",
        "test_padding_is_inert_whatever_it_holds",
        "mask by multiplying",
    ),
    deep("(discount * adv", "(adv", "test_the_gradient_is_minus_the_mean_estimate", "gamma^t left out"),
    deep("- G) / (n - 1)", "- G) / n", "test_baselines_of_a_batch", "N for N - 1"),
    deep(
        "weight = probability[..., None] * square", "weight = square", "test_optimal_baseline", "probabilities ignored"
    ),
    Fault(
        "rlcourse.tabular.reinforce",
        "rewards[s[length], a[length], state]",
        "rewards[s[length], a[length], s[length]]",
        "tests/tabular/test_reinforce.py::test_returns_hold_the_rewards_of_the_transitions",
        "the reward of staying",
    ),
]

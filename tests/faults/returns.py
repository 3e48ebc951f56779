"""Planted faults in returns and advantages."""

from faults import Fault

SCAN, TABULAR, DEEP = "rlcourse.scan", "rlcourse.tabular.returns", "rlcourse.deep.returns"
TABLE, TORCH = "tests/tabular/test_returns.py", "tests/deep/test_returns.py"
EXACT = "test_every_function_equals_its_definition"

FAULTS = [
    Fault(
        SCAN,
        "r.dtype.type(gamma * lam)",
        "r.dtype.type(lam)",
        f"{TABLE}::{EXACT}",
        "gamma missing in the decay of the advantages",
    ),
    Fault(
        SCAN,
        "zero if terminated[i, t] or truncated[i, t] else decay",
        "zero if terminated[i, t] else decay",
        f"{TABLE}::test_episodes_in_one_row_equal_episodes_in_their_own_rows",
        "advantages leak across a truncation into the episode before",
    ),
    Fault(
        SCAN,
        "v_reached = zero if terminated[i, t] else v_next[i, t]\n                delta",
        "v_reached = zero if terminated[i, t] or truncated[i, t] else v_next[i, t]\n                delta",
        f"{TABLE}::test_exact_values_of_a_constant_reward_leave_no_advantage",
        "truncation treated as termination",
    ),
    Fault(
        SCAN,
        "delta[j, t] = keep[j, t] = zero",
        "keep[j, t] = zero",
        f"{TABLE}::test_padding_is_inert",
        "mask ignored in the TD error",
    ),
    Fault(
        SCAN,
        "if end else v_reached - lam * v_reached",
        "if end else v_reached",
        f"{TABLE}::test_one_step_and_all_steps",
        "weight 1 - lambda of the value missing",
    ),
    Fault(
        SCAN,
        "end = truncated[i, t] or t + 1 == T or",
        "end = truncated[i, t] or",
        f"{TABLE}::{EXACT}",
        "the last column does not bootstrap (or reads past the row)",
    ),
    Fault(
        SCAN,
        "min(first + 3, last)",
        "min(first + 2, last)",
        f"{TABLE}::test_an_empty_row_block_is_left_alone",
        "the fourth row of a block is written to the third",
    ),
    Fault(
        SCAN,
        "ret[i, t] = adv[i, t] + v[i, t]",
        "ret[i, t] = adv[i, t] + v_next[i, t]",
        f"{TABLE}::test_the_targets_are_lambda_returns",
        "index shifted in the critic's target",
    ),
    Fault(
        SCAN,
        "read = read & ~flags[\"terminated\"]",
        "read = read | flags[\"terminated\"]",
        f"{TABLE}::test_a_termination_reads_no_value_and_wins_over_a_truncation",
        "a value after a termination must be finite",
    ),
    Fault(
        TABULAR,
        "delta = r + gamma * np.where(flags[\"terminated\"], 0, v_next) - v",
        "delta = r + gamma * np.where(flags[\"terminated\"], 0, v) - v_next",
        f"{TABLE}::test_lambda_0_is_the_td_error",
        "the two values of the TD error exchanged",
    ),
    Fault(
        TABULAR,
        "return lambda_returns(r, v_next, terminated, truncated, gamma, 1.0, mask)",
        "return lambda_returns(r, v_next, terminated, truncated, gamma, gamma, mask)",
        f"{TABLE}::test_lambda_1_is_the_return_minus_the_value",
        "discount applied twice",
    ),
    Fault(
        TABULAR,
        "ret[..., 1:], v_next[..., :-1]",
        "ret[..., :-1], v_next[..., :-1]",
        f"{TABLE}::{EXACT}",
        "the n-step return reads its own step instead of the next",
    ),
    Fault(
        TABULAR,
        "~flags[\"truncated\"][..., :-1] & real",
        "real",
        f"{TABLE}::{EXACT}",
        "the n-step return runs through a truncation",
    ),
    Fault(
        DEEP,
        "    adv = _scan(delta, gamma * lam, real & ~terminated & ~truncated)",
        "    adv = _scan(delta, gamma * lam, real & ~truncated)",
        f"{TORCH}::test_gradients_are_the_weights_of_the_sum",
        "the differentiable sum runs through a termination",
    ),
    Fault(
        DEEP,
        "a, c, k = a + c * _after(a, k, 0), c * _after(c, k, 0), 2 * k",
        "a, c, k = a + c * _after(a, k, 0), c * c, 2 * k",
        f"{TORCH}::{EXACT}",
        "the decay over k steps is squared in place instead of composed",
    ),
    Fault(
        DEEP,
        " or (graph and x.requires_grad)",
        "",
        f"{TORCH}::test_gradients_are_the_weights_of_the_sum",
        "the compiled route drops the gradient",
    ),
    Fault(
        DEEP,
        "return adv, torch.where(real, adv + v, 0)",
        "return adv, torch.where(real, adv + v.detach(), 0)",
        f"{TORCH}::test_gradients_equal_finite_differences",
        "a detach inside the target",
    ),
    Fault(
        DEEP,
        "torch.where(ends, v_next, (1 - lam) * v_next)",
        "(1 - lam) * v_next",
        f"{TORCH}::{EXACT}",
        "the weight of the last n-step return is lost",
    ),
]

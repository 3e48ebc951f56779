"""Planted faults in Bellman's operators."""

from faults import Fault

MODULE, T = "rlcourse.tabular.bellman", "tests/tabular/test_bellman.py::"


def fault(find, replace, test, why):
    return Fault(MODULE, find=find, replace=replace, caught_by=T + test, why=why)


FAULTS = [
    fault(
        "return mdp.R + mdp.gamma * mdp.expect(v)",
        "return mdp.R + mdp.expect(v)",
        "test_the_formulas",
        "no discount",
    ),
    fault(
        "return mdp.R + mdp.gamma * mdp.expect(v)",
        "return mdp.R + mdp.gamma * v[:, None]",
        "test_the_formulas",
        "value of this state instead of the next",
    ),
    fault(
        "return mdp.R + mdp.gamma * mdp.expect(v)",
        "return (mdp.R + mdp.expect(v)) * mdp.gamma",
        "test_the_formulas",
        "discounted reward",
    ),
    fault(
        "return (pi * q).sum(axis=1)",
        "return (pi * q).sum(axis=0)",
        "test_square_tables_are_not_transposed",
        "sum over the states",
    ),
    fault(
        "return (pi * q).sum(axis=1)",
        "return q.mean(axis=1)",
        "test_the_formulas",
        "policy ignored",
    ),
    fault(
        "return q_from_v(mdp, v).max(axis=1)",
        "return q_from_v(mdp, v).max(axis=0)",
        "test_square_tables_are_not_transposed",
        "best state instead of best action",
    ),
    fault(
        "return q_from_v(mdp, v).max(axis=1)",
        "return q_from_v(mdp, v).min(axis=1)",
        "test_the_formulas",
        "worst action",
    ),
    fault(
        '_finite("q", q, mdp.R.shape).max(axis=1)',
        '_finite("q", q, mdp.R.shape).max(axis=0)',
        "test_square_tables_are_not_transposed",
        "best state instead of best action, in action values",
    ),
    fault(
        "return q_from_v(mdp, v_from_q(pi, _finite(",
        "return q_from_v(mdp, v_from_q(greedy_policy(q), _finite(",
        "test_the_formulas",
        "maximum where the policy's mean belongs",
    ),
    fault(
        "return v_from_q(pi, q_from_v(mdp, v))",
        "return q_from_v(mdp, v).max(axis=1)",
        "test_the_formulas",
        "optimal backup in place of the policy's",
    ),
    fault(
        "best = q >= q.max(axis=1, keepdims=True) - atol",
        "best = q >= q.max(axis=0, keepdims=True) - atol",
        "test_ties_are_shared",
        "greedy over the states",
    ),
    fault(
        "best = q >= q.max(axis=1, keepdims=True) - atol",
        "best = q >= q.max(axis=1, keepdims=True)",
        "test_ties_are_shared",
        "ties broken by rounding",
    ),
    fault(
        "best = q >= q.max(axis=1, keepdims=True) - atol",
        "best = q > q.max(axis=1, keepdims=True) - atol",
        "test_ties_are_shared",
        "strict comparison",
    ),
    fault(
        "return best / best.sum(axis=1, keepdims=True)",
        "return np.eye(q.shape[1])[best.argmax(axis=1)]",
        "test_greedy_reaches_the_maximum_and_numbering_does_not_matter",
        "first of the best actions",
    ),
    fault(
        "return best / best.sum(axis=1, keepdims=True)",
        "return best / q.shape[1]",
        "test_ties_are_shared",
        "not normalized over the ties",
    ),
    fault(
        "    if not atol >= 0:\n",
        "    if atol < 0:\n",
        "test_bad_input",
        "NaN passes as a tolerance",
    ),
]

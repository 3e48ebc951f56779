"""Planted faults in what the learners of control explore with, and in the best values that they can have."""

from faults import Fault

MODULE = "rlcourse.tabular.exploration"
TESTS = "tests/tabular/test_exploration.py::"
TIES = TESTS + "test_ties_share_the_greedy_mass"
TREMBLING = TESTS + "test_the_trembling_process"
BEST = TESTS + "test_the_best_soft_values_solve_their_equation"
IMPROVES = TESTS + "test_epsilon_greedy_improves_policies_that_explore_as_much"
BAD = TESTS + "test_bad_input"

ROWS = [
    ("epsilon / best.shape[1] +", "epsilon / best.shape[0] +", TIES, "shares by the number of states"),
    (
        "epsilon / best.shape[1] + (1 - epsilon) * best",
        "epsilon / (best.shape[1] - 1) * (best == 0) + (1 - epsilon) * best",
        TIES,
        "only the actions that are not greedy are explored",
    ),
    ("+ (1 - epsilon) * best", "+ best", TIES, "the greedy action keeps all its mass"),
    (
        "+ (1 - epsilon) * best",
        "+ (1 - epsilon) * (best > 0)",
        TIES,
        "every one of several best actions gets all the greedy mass",
    ),
    (
        "best = greedy_policy(q, atol)",
        "best = np.eye(np.shape(q)[1])[np.argmax(q, axis=1)]",
        TIES,
        "ties go to the first action",
    ),
    ("greedy_policy(q, atol)", "greedy_policy(q, 0.0)", TIES, "ties need equal bits"),
    (
        "greedy_policy(q, atol)",
        "greedy_policy(-np.asarray(q, float), atol)",
        IMPROVES,
        "the worst action is the greedy one",
    ),
    ("epsilon = epsilon[..., None]", "epsilon = epsilon.mean()", TIES, "every state explores as much as the mean"),
    (
        "if epsilon.shape not in ((), best.shape[:1]):",
        "if epsilon.ndim > 1:",
        BAD,
        "a list of one exploration serves all states",
    ),
    (
        "if epsilon.shape not in ((), best.shape[:1]):",
        "if epsilon.ndim and len(epsilon) != len(best):",
        BAD,
        "a column of explorations gives a table of tables",
    ),
    ("    if np.ndim(epsilon):\n", "    if False:\n", BAD, "an exploration for each state of the trembling process"),
    ("x.mean(axis=1, keepdims=True)", "x.mean(axis=0, keepdims=True)", TREMBLING, "the mean is over the states"),
    ("x.mean(axis=1, keepdims=True)", "x.sum(axis=1, keepdims=True)", TREMBLING, "a sum in the place of a mean"),
    (
        "return MDP(P, R, mdp.gamma, mdp.start, mdp.terminal)",
        "return MDP(P, mdp.R, mdp.gamma, mdp.start, mdp.terminal)",
        TREMBLING,
        "rewards do not tremble",
    ),
    ("(1 - epsilon) * x + epsilon * x", "x + epsilon * x", TREMBLING, "the action meant always happens too"),
    (
        "return MDP(P, R, mdp.gamma, mdp.start, mdp.terminal)",
        "return MDP(P, R, mdp.gamma, mdp.start)",
        TREMBLING,
        "no end",
    ),
    (
        "return MDP(P, R, mdp.gamma, mdp.start, mdp.terminal)",
        "return MDP(P, R, mdp.gamma, None, mdp.terminal)",
        TREMBLING,
        "the start is forgotten",
    ),
    (
        "return MDP(P, R, mdp.gamma, mdp.start, mdp.terminal)",
        "return MDP(P, R, (1 - epsilon) * mdp.gamma, mdp.start, mdp.terminal)",
        TREMBLING,
        "exploring discounts",
    ),
    (
        "policy_iteration(epsilon_soft_mdp(mdp, epsilon), exact=True)",
        "policy_iteration(mdp, exact=True)",
        BEST,
        "the optimal values, which do not explore",
    ),
    (
        "v = dp.policy_iteration(epsilon_soft_mdp(mdp, epsilon), exact=True).v",
        "mdp = epsilon_soft_mdp(mdp, epsilon)\n    v = dp.policy_iteration(mdp, exact=True).v",
        BEST,
        "values of actions that tremble too",
    ),
    ("q = mdp.R + mdp.gamma * mdp.expect(v)", "q = mdp.R + mdp.expect(v)", BEST, "a missing gamma"),
    ("mdp.expect(v)\n", "mdp.expect(mdp.gamma * v)\n", BEST, "gamma twice"),
    (
        "return EpsilonSoft(v, q,",
        "return EpsilonSoft(q.max(axis=1), q,",
        BEST,
        "values of a policy that stops exploring",
    ),
    (
        "epsilon_greedy(q, epsilon, atol=atol))",
        "epsilon_greedy(q, 0.0, atol=atol))",
        BEST,
        "the policy does not explore",
    ),
    (
        "epsilon_greedy(q, epsilon, atol=atol))",
        "epsilon_greedy(q, epsilon))",
        TESTS + "test_ties_within_the_tolerance_share_the_best_policy",
        "the tolerance for ties is not passed on",
    ),
]
FAULTS = [Fault(MODULE, find, new, test, why) for find, new, test, why in ROWS]

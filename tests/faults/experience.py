"""Planted faults in records of episodes."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.experience", "tests/tabular/test_experience.py"

FAULTS = [
    Fault(
        MODULE,
        "pi.ravel()[pairs] * rows.data",
        "rows.data",
        f"{TESTS}::test_every_outcome_has_its_share",
        "the policy is forgotten",
    ),
    Fault(
        MODULE,
        "mdp.R.ravel()[pairs]",
        "mdp.R.ravel()[s]",
        f"{TESTS}::test_a_forced_episode",
        "the reward of another state and action",
    ),
    Fault(
        MODULE,
        "s = pairs // mdp.n_actions",
        "s = pairs % mdp.n_actions",
        f"{TESTS}::test_a_forced_episode",
        "action taken for state",
    ),
    Fault(
        MODULE,
        "n - begin < max_steps",
        "n < max_steps",
        f"{TESTS}::test_a_cut_episode",
        "the limit counts the steps of the run",
    ),
    Fault(
        MODULE,
        "last & ~terminated, ends",
        "last, ends",
        f"{TESTS}::test_a_forced_episode",
        "every end counts as truncated",
    ),
    Fault(
        MODULE,
        "    ends += np.concatenate([[0], np.cumsum(ends[:-1, -1])])[:, None]\n",
        "",
        f"{TESTS}::test_a_forced_episode",
        "the ends of later runs count from 0",
    ),
    Fault(
        MODULE,
        "rng = np.random.default_rng(stream)",
        "rng = np.random.default_rng(seed)",
        f"{TESTS}::test_runs_do_not_depend_on_each_other",
        "all runs are the same",
    ),
    Fault(
        MODULE,
        "spawn(runs)",
        "generate_state(runs)[::-1]",
        f"{TESTS}::test_runs_do_not_depend_on_each_other",
        "a run depends on how many there are",
    ),
    Fault(
        MODULE,
        "while u >= start[s]:",
        "while u >= start[s] - start[0]:",
        f"{TESTS}::test_starts_follow_their_law",
        "a shifted law of the first state",
    ),
    Fault(
        MODULE,
        "cumulative = before[1:] - before[first[s]]",
        "cumulative = before[1:]",
        f"{TESTS}::test_every_outcome_has_its_share",
        "probabilities of other states counted in",
    ),
    Fault(
        MODULE,
        "np.arange(1.0, longest + 1) ** -power",
        "np.arange(1.0, longest + 1) ** power",
        f"{TESTS}::test_learn_hands_the_loop_what_it_promises",
        "step sizes that grow",
    ),
    Fault(
        MODULE,
        "np.moveaxis(out[..., : alpha.size], -1, 0)",
        "np.moveaxis(out[..., -alpha.size :], -1, 0)",
        f"{TESTS}::test_learn_hands_the_loop_what_it_promises",
        "the padding is returned in place of the step sizes",
    ),
    Fault(
        MODULE,
        "(mdp.start > 0) & (ending < 1)",
        "(mdp.start > 0) & (ending < 0)",
        f"{TESTS}::test_bad_arguments_are_named",
        "endless episodes are not noticed",
    ),
    Fault(
        MODULE,
        "last[np.unique(ends[ends > 0]) - 1] = True",
        "last[ends - 1] = True",
        f"{TESTS}::test_an_episode_that_starts_at_its_end_is_empty",
        "an empty record has a last step",
    ),
]

"""Planted faults in the laws of random walks."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.walks", "tests/tabular/test_walks.py"
LISTED = f"{TESTS}::test_every_law_is_that_of_the_listed_paths"
PASSAGE = f"{TESTS}::test_first_passage"
REFLECTED = f"{TESTS}::test_reflection_is_a_bijection"
GRIDS = f"{TESTS}::test_returns_on_grids"
SIMULATED = f"{TESTS}::test_simulated_walks"
BALLOTS = f"{TESTS}::test_ballots"

FAULTS = [
    Fault(MODULE, "[1 - p, 0, p])", "[p, 0, 1 - p])", LISTED, "p and q exchanged in the law of the position"),
    Fault(MODULE, "[1 - p, 0, p])", "[1 - p, p])", LISTED, "a step down taken for a step of length 0"),
    Fault(
        MODULE,
        "np.cumprod(4 * p * (1 - p) * (k - 0.5) / k)",
        "np.cumprod(4 * p * (1 - p) * (k - 0.5) / (k + 1))",
        LISTED,
        "index shifted in the ratio of central binomials (Catalan numbers)",
    ),
    Fault(
        MODULE,
        "np.cumprod(4 * p * (1 - p)",
        "np.cumprod(4 * p * p",
        LISTED,
        "steps down are given the probability of steps up",
    ),
    Fault(MODULE, "    f[0] = 0.0\n", "", LISTED, "the start counted as a return"),
    Fault(
        MODULE,
        "f[2::2] /= np.arange(1, len(f) - 1, 2)",
        "f[2::2] /= np.arange(2, len(f), 2)",
        LISTED,
        "divided by 2k instead of 2k - 1",
    ),
    Fault(
        MODULE,
        "if a > 0 else (1 - p, p, -a)",
        "if a > 0 else (p, 1 - p, -a)",
        PASSAGE,
        "the mirrored walk keeps p",
    ),
    Fault(MODULE, "ratio = t * (t + 1)", "ratio = (t + 2) * (t + 1)", PASSAGE, "the law of S_t without the factor a/t"),
    Fault(MODULE, "    law[a::2] =", "    law[a - 1 : -1 : 2] =", PASSAGE, "off by one in time"),
    Fault(
        MODULE,
        "    law[a::2] = np.exp(a * np.log(toward) + np.concatenate([[0], np.cumsum(np.log(ratio))]))",
        "    law[a::2] = toward**a * np.concatenate([[1], np.cumprod(ratio)])",
        f"{TESTS}::test_first_passage_far_away_and_late",
        "the first term underflows",
    ),
    Fault(
        MODULE,
        "        moved[0] += (1 - p) * law[0]  # held by the barrier\n",
        "",
        LISTED,
        "the barrier swallows the walk",
    ),
    Fault(
        MODULE,
        "        moved[1:] = p * law[:-1]\n        moved[:-1] += (1 - p) * law[1:]",
        "        moved[1:] = (1 - p) * law[:-1]\n        moved[:-1] += p * law[1:]",
        LISTED,
        "p and q exchanged in the law of the maximum",
    ),
    Fault(
        MODULE,
        "return return_probabilities(p, n) * not_yet[::-1]",
        "return return_probabilities(p, n) * not_yet",
        LISTED,
        "the time left is not the time passed",
    ),
    Fault(
        MODULE,
        "not_yet = 1 - np.cumsum(first_return_law(p, n))",
        "not_yet = return_probabilities(p, n)",
        LISTED,
        "the arcsine law used for p other than 1/2",
    ),
    Fault(MODULE, "max(a - b, 0)", "max(a - b + 1, 0)", BALLOTS, "ties counted as leads"),
    Fault(MODULE, "math.comb(a + b, a) //", "math.comb(a + b, a + 1) //", BALLOTS, "one vote moved"),
    Fault(
        MODULE,
        "2 * level - paths",
        "level - paths",
        REFLECTED,
        "mirrored at half the level",
    ),
    Fault(
        MODULE,
        "np.logical_or.accumulate(paths == level, axis=-1)",
        "paths >= level",
        REFLECTED,
        "mirrored only while above the level",
    ),
    Fault(
        MODULE,
        "np.logical_or.accumulate(paths == level, axis=-1)",
        "np.logical_or.accumulate(paths == level, axis=0)",
        REFLECTED,
        "the first visit looked for along the wrong axis",
    ),
    Fault(
        MODULE,
        "[1 - 1 / axes, 1 / axes])",
        "[1 - 1 / d, 1 / d])",
        GRIDS,
        "the number of axes does not grow",
    ),
    Fault(MODULE, "rest[t::-1]", "rest[: t + 1]", GRIDS, "both parts of the walk take j steps"),
    Fault(MODULE, ") < p, 1, -1)", ") < p, 1, 0)", SIMULATED, "steps of 0 instead of -1"),
    Fault(MODULE, ") < p, 1, -1)", ") > p, 1, -1)", SIMULATED, "p and q exchanged in the simulation"),
    Fault(MODULE, ", axis=1, out=", ", axis=0, out=", SIMULATED, "summed over walks instead of time"),
]

"""Planted faults in the gambler's ruin."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.ruin", "tests/tabular/test_ruin.py"
EXACT = f"{TESTS}::test_both_closed_forms_solve_their_equations"
NEAR = f"{TESTS}::test_near_one_half_and_for_large_stakes"
MEET = f"{TESTS}::test_where_the_branches_meet"
ENDS = f"{TESTS}::test_the_law_of_the_end_by_rounds"
BANK = f"{TESTS}::test_escape_is_the_limit_of_a_rich_bank"

FAULTS = [
    Fault(
        MODULE,
        "    middle = np.abs(p - 0.5) <= 0.25\n",
        "    middle = np.abs(p - 0.5) < 0.0\n",
        NEAR,
        "log(q/p) as a difference of logarithms, which cancels near p = 1/2",
    ),
    Fault(
        MODULE,
        "-2 * np.arctanh(tilt)",
        "-np.arctanh(tilt)",
        EXACT,
        "log(q/p) is twice the inverse hyperbolic tangent",
    ),
    Fault(
        MODULE,
        "np.log1p(-p) - np.log(p)",
        "np.log(p) - np.log1p(-p)",
        EXACT,
        "p and q exchanged outside of the middle",
    ),
    Fault(
        MODULE,
        "np.exp(-np.maximum(x, 0) * (S - k))",
        "np.exp(-np.maximum(x, 0) * S)",
        EXACT,
        "scaled by the whole table instead of what is missing",
    ),
    Fault(
        MODULE,
        "np.expm1(-k * size) / np.expm1(-S * size)",
        "np.expm1(-(S - k) * size) / np.expm1(-S * size)",
        EXACT,
        "the player's units exchanged with the opponent's",
    ),
    Fault(MODULE, "np.where(fair, k / S, ratio)", "np.where(fair, 0.5, ratio)", EXACT, "a fair game is not even"),
    Fault(
        MODULE,
        "    own = np.where(x > 0, k, S - k)\n",
        "    own = np.where(x > 0, S - k, k)\n",
        EXACT,
        "the duration seen from the wrong side",
    ),
    Fault(
        MODULE,
        "rounds = own * other / S",
        "rounds = own * other",
        EXACT,
        "the factor 1/S forgotten",
    ),
    Fault(MODULE, "drift = np.tanh(size / 2)", "drift = np.tanh(size)", EXACT, "q - p = tanh(x/2), not tanh(x)"),
    Fault(
        MODULE,
        "np.where(fair, k * (S - k), rounds)",
        "np.where(fair, k * S, rounds)",
        EXACT,
        "mean duration of the fair game without the opponent's units",
    ),
    Fault(
        MODULE,
        "term = term * near / (m + 1)",
        "term = term * near / m",
        EXACT,
        "index shifted in the series",
    ),
    Fault(MODULE, "below = below + m * term", "below = below + term", EXACT, "a factor m lost in the series"),
    Fault(MODULE, "TERMS = 20", "TERMS = 8", MEET, "the series is cut before float64 is exhausted"),
    Fault(
        MODULE,
        "    small = z < 1\n",
        "    small = z < 0\n",
        NEAR,
        "no series: differences of nearly equal numbers",
    ),
    Fault(MODULE, "np.where(k == 0, np.abs(2 * p - 1), away)", "away", BANK, "the start counted as a return"),
    Fault(
        MODULE,
        "np.minimum(0.0, k * _log_odds(p))",
        "np.minimum(0.0, np.abs(k) * _log_odds(p))",
        BANK,
        "the mirrored walk keeps p",
    ),
    Fault(
        MODULE,
        "        mass[0] = mass[-1] = 0.0\n",
        "        mass[0] = 0.0\n",
        ENDS,
        "the winner plays on",
    ),
    Fault(
        MODULE,
        "        moved[1:] = p * mass[:-1]\n        moved[:-1] += (1 - p) * mass[1:]",
        "        moved[1:] = (1 - p) * mass[:-1]\n        moved[:-1] += p * mass[1:]",
        ENDS,
        "p and q exchanged in the law of the end",
    ),
    Fault(MODULE, "mass[0], mass[-1]\n", "mass[-1], mass[0]\n", ENDS, "ruin and win exchanged"),
    Fault(
        MODULE,
        "    wrong = (k < 0) | (k > S)\n",
        "    wrong = (k < 0) | (k > S + 1)\n",
        f"{TESTS}::test_bad_games_are_named",
        "more units than there are on the table",
    ),
]

"""Planted faults in the generating functions of random walks."""

from faults import Fault

MODULE, TESTS = "rlcourse.tabular.walk_series", "tests/tabular/test_walk_series.py"
COEFFICIENTS = f"{TESTS}::test_coefficients_are_probabilities"
VALUES = f"{TESTS}::test_values_at_one_are_probabilities_of_the_whole_event"
MESSAGES = f"{TESTS}::test_bad_arguments_are_named"

FAULTS = [
    Fault(MODULE, "(1 - p) * s**2", "(1 - p) * s", COEFFICIENTS, "a pair of steps counted as one"),
    Fault(MODULE, "1 - 4 * p * (1 - p) * s**2", "1 - 2 * p * (1 - p) * s**2", COEFFICIENTS, "2pq for 4pq"),
    Fault(MODULE, "1 - 4 * p * (1 - p) * s**2", "1 - 4 * p * p * s**2", COEFFICIENTS, "p squared for pq"),
    Fault(
        MODULE, "sp.oo if root.is_zero else 1 / root", "sp.oo if root.is_zero else root", COEFFICIENTS, "H upside down"
    ),
    Fault(
        MODULE,
        "return 1 - _root(_step_up(p), s)",
        "return 1 / _root(_step_up(p), s) - 1",
        COEFFICIENTS,
        "every return taken for the first: H - 1",
    ),
    Fault(
        MODULE,
        "return 1 - _root(_step_up(p), s)",
        "return _root(_step_up(p), s)",
        COEFFICIENTS,
        "the start not taken away",
    ),
    Fault(
        MODULE,
        "toward = p if level.is_positive else 1 - p",
        "toward = p",
        COEFFICIENTS,
        "the mirrored walk keeps p",
    ),
    Fault(
        MODULE,
        "toward = p if level.is_positive else 1 - p",
        "toward = 1 - p if level.is_positive else p",
        VALUES,
        "p and q exchanged in the first passage",
    ),
    Fault(MODULE, "2 * toward * s / (1", "toward * s / (1", VALUES, "half of the first passage"),
    Fault(MODULE, "s / (1 + _root(p, s))", "s / (1 - _root(p, s))", VALUES, "the other root of the quadratic equation"),
    Fault(MODULE, "** abs(level)", "", VALUES, "one level for all"),
    Fault(MODULE, "** abs(level)", "* abs(level)", VALUES, "levels added instead of multiplied"),
    Fault(MODULE, "0 <= p <= 1", "0 <= p", MESSAGES, "p above 1 accepted"),
    Fault(MODULE, "if p.has(sp.Float):", "if False:", MESSAGES, "floats accepted as exact"),
]

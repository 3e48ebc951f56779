"""Planted faults in what can and what must be reached."""

from faults import Fault

MODULE, T = "rlcourse.tabular.reachability", "tests/tabular/test_reachability.py::"

FAULTS = [
    Fault(
        MODULE,
        find="    if states.size == 0:\n",
        replace="    if states.size < 0:\n",
        caught_by=T + "test_bad_targets_are_named",
        why="an empty target is taken",
    ),
    Fault(
        MODULE,
        find="(states >= chain.n_states)",
        replace="(states > chain.n_states)",
        caught_by=T + "test_bad_targets_are_named",
        why="one state too many allowed",
    ),
    Fault(
        MODULE,
        find="return found[:size] & ~blocked",
        replace="return found[:size]",
        caught_by=T + "test_both_are_those_of_walks",
        why="a path may run through the target",
    ),
    Fault(
        MODULE,
        find="return near & ~blocked",
        replace="return near",
        caught_by=T + "test_both_are_those_of_walks",
        why="a path may run through the target if one step is enough",
    ),
    Fault(
        MODULE,
        find="if near.all() or not ends.any()",
        replace="if near.any() or not ends.any()",
        caught_by=T + "test_both_are_those_of_walks",
        why="the search is given up after one step",
    ),
    Fault(
        MODULE,
        find="np.repeat(~blocked, into)",
        replace="np.repeat(~ends, into)",
        caught_by=T + "test_both_are_those_of_walks",
        why="the search is blocked at its start",
    ),
    Fault(
        MODULE,
        find="backward = chain.n_states, chain.graph.T.tocsr()",
        replace="backward = chain.n_states, chain.graph.tocsr()",
        caught_by=T + "test_both_are_those_of_walks",
        why="the search runs forward",
    ),
    Fault(
        MODULE,
        find="(chain.P @ ends > 0)",
        replace="(ends @ chain.P > 0)",
        caught_by=T + "test_both_are_those_of_walks",
        why="successors for predecessors",
    ),
    Fault(
        MODULE,
        find="return ~_ancestors(chain, ~can_reach(chain, target), target_mask(chain, target))",
        replace="return ~_ancestors(chain, ~can_reach(chain, target), np.zeros(chain.n_states, bool))",
        caught_by=T + "test_both_are_those_of_walks",
        why="what happens after the target counts",
    ),
]

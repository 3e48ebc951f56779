"""All solvers and the linear program agree on thousands of random decision processes."""

import numpy as np

from rlcourse.tabular import dp
from rlcourse.tabular.linear_program import LinearSolution, linear_program
from rlcourse.tabular.mdp import MDP

SIZES = [(2, 2), (3, 2), (4, 3), (6, 2)]
COUNT = 2000


def drawn(rng):
    """A process with sparse or full rows, with or without terminal states, and any discount below 0.95."""
    states, actions = SIZES[rng.integers(len(SIZES))]
    P = rng.dirichlet(np.full(states, rng.choice([0.1, 1.0])), size=(states, actions))
    terminal = rng.random(states) < rng.choice([0, 0.3])
    terminal[0] = False
    gamma = rng.choice([0.0, 0.5, 0.9, 0.95])
    return MDP(P, rng.normal(size=(states, actions)), gamma, terminal=terminal)


def test_solvers_agree():
    rng = np.random.default_rng(0)
    for i in range(COUNT):
        mdp = drawn(rng)
        answers = [
            dp.value_iteration(mdp),
            dp.value_iteration(mdp, in_place=True),
            dp.modified_policy_iteration(mdp),
            dp.policy_iteration(mdp),
        ]
        if i % 4 == 0:
            answers += [dp.value_iteration(mdp, span=False), dp.prioritized_sweeping(mdp)]
            answers += [dp.policy_iteration(mdp, exact=True), linear_program(mdp)]
        for a in answers:
            # the linear program's own tolerance is larger, and its bound says so
            assert a.bound <= (1e-6 if isinstance(a, LinearSolution) else 1e-8), i
            np.testing.assert_allclose(a.v, answers[0].v, rtol=0, atol=a.bound + answers[0].bound, err_msg=str(i))


def test_solvers_agree_without_discount():
    """Every action may end the episode, so every policy does."""
    rng = np.random.default_rng(1)
    for i in range(COUNT // 10):
        states, actions = SIZES[rng.integers(len(SIZES))]
        P = rng.dirichlet(np.ones(states), size=(states, actions))
        mdp = MDP(P, rng.normal(size=(states, actions)), 1.0, terminal=np.arange(states) == 0)
        answers = [
            dp.value_iteration(mdp),
            dp.modified_policy_iteration(mdp),
            dp.policy_iteration(mdp),
            linear_program(mdp),
        ]
        for a in answers:
            np.testing.assert_allclose(a.v, answers[0].v, atol=1e-7, err_msg=str(i))

"""Both linear programs against the best of all policies and the visits of one."""

import numpy as np
import pytest
from oracles import dp as oracle
from scipy import optimize, sparse

from rlcourse.tabular.linear_program import linear_program
from rlcourse.tabular.mdp import MDP


def drawn(seed, gamma=0.75, **how):
    arrays = oracle.random_process(seed, gamma, **how)
    return MDP(**arrays | {"R": arrays["R"] - 5 * (gamma == 1)})


@pytest.mark.parametrize("gamma, terminal", [(0.75, ()), (0.75, (1,)), (1.0, (0,)), (0.0, ())])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_both_programs(gamma, terminal, is_sparse):
    mdp = drawn(3, gamma, terminal=terminal)
    if is_sparse:
        mdp = MDP(sparse.csr_array(mdp.P.reshape(-1, 3)), mdp.R, gamma, terminal=mdp.terminal)
    P = drawn(3, gamma, terminal=terminal).P
    best, _ = oracle.optimum(P, mdp.R, gamma, mdp.terminal)
    best, going = np.array(best, float), ~mdp.terminal
    for weights in (None, np.where(going, [0.5, 0.2, 0.3], 0) / np.where(going, [0.5, 0.2, 0.3], 0).sum()):
        found = linear_program(mdp, weights)
        mu = going / going.sum() if weights is None else weights
        np.testing.assert_allclose(found.v, best, atol=1e-9)
        assert found.bound < 1e-9 and found.iterations >= 0 and found.residual < 1e-9
        assert found.objectives == pytest.approx((mu @ best, mu @ best))
        # visits: nonnegative, conserved, and those of the policy
        d = found.visits
        assert (d >= 0).all() and (d[mdp.terminal] == 0).all()
        flow = mu + gamma * np.einsum("sa,sat->t", d, P)
        np.testing.assert_allclose(d.sum(axis=1)[going], flow[going], atol=1e-9)
        np.testing.assert_allclose(d[going] * (1 - found.pi[going]), 0, atol=1e-9)


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_rewards_in_any_unit(unit):
    mdp = drawn(3)
    best, _ = oracle.best(mdp)
    found = linear_program(MDP(mdp.P, unit * mdp.R, 0.75))
    np.testing.assert_allclose(found.v, unit * best, rtol=1e-9)
    assert np.abs(found.v - unit * best).max() <= found.bound <= 1e-9 * unit
    assert found.objectives == pytest.approx((unit * best.mean(), unit * best.mean()))
    nothing = linear_program(MDP(mdp.P, 0 * mdp.R, 0.75))
    np.testing.assert_allclose(nothing.v, 0, atol=1e-300)


def test_bad_arguments_are_named(monkeypatch):
    mdp = drawn(0)
    with pytest.raises(ValueError, match=r"weights: expected shape \(3,\), one per state, got \(2,\)"):
        linear_program(mdp, [0.5, 0.5])
    with pytest.raises(ValueError, match=r"weights\[:\] sums to 0.9"):
        linear_program(mdp, [0.5, 0.2, 0.2])
    with pytest.raises(ValueError, match=r"weights\[1\] is 0.0; expected a positive weight"):
        linear_program(mdp, [0.5, 0.0, 0.5])
    stay = np.array([[[1.0, 0], [0, 1]], [[0, 1], [0, 1]]])
    with pytest.raises(ValueError, match=r"gamma is 1.0 and the linear program has no finite optimum"):
        linear_program(MDP(stay, np.array([[1.0, 0], [0, 0]]), 1.0, terminal=np.array([False, True])))
    with pytest.raises(ValueError, match=r"no terminal state can be reached from state 0"):
        linear_program(drawn(0, 1.0))
    failed = optimize.OptimizeResult(status=4, message="numerical difficulties")
    monkeypatch.setattr(optimize, "linprog", lambda *args, **how: failed)
    with pytest.raises(ValueError, match=r"gamma is 0.75 and the linear program was not solved: numerical"):
        linear_program(drawn(0))

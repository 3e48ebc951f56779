"""Optimal values as a linear program, and the dual program, whose variables are visits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize, sparse

from rlcourse import checks
from rlcourse.tabular.certificates import bracket, middle
from rlcourse.tabular.mdp import MDP, deterministic_policy
from rlcourse.tabular.rows import Rows, change

__all__ = ["LinearSolution", "linear_program"]


class LinearSolution(NamedTuple):
    """Both optima of the linear program.

    Attributes:
        v: optimal values ``[S]``, reward units.
        pi: policy ``[S, A]``, deterministic, greedy for ``v``.
        visits: discounted number of times that an optimal policy takes each action, ``[S, A]``, from the law
            ``weights``: the dual variables.
        objectives: the primal and the dual objective, which are equal up to rounding.
        iterations: of the simplex method.
        residual: span of what one more sweep would change.
        bound: no entry of ``v`` is further than this from the optimal value.
    """

    v: np.ndarray
    pi: np.ndarray
    visits: np.ndarray
    objectives: tuple[float, float]
    iterations: int
    residual: float
    bound: float


def linear_program(mdp: MDP, weights=None) -> LinearSolution:
    r"""Optimal values by the simplex method (HiGHS).

    .. math:: \min_V \sum_s \mu(s) V(s) \quad\text{with}\quad
              V(s) \ge R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, V(s') \text{ for all } s, a

    and its dual

    .. math:: \max_{d \ge 0} \sum_{s, a} d(s, a) R(s, a) \quad\text{with}\quad
              \sum_a d(s', a) = \mu(s') + \gamma \sum_{s, a} d(s, a) P(s' \mid s, a) \text{ for all } s'

    over the states that are not terminal. The dual variables are the discounted visits of a policy.

    Args:
        mdp: the decision process.
        weights: law :math:`\mu` of the first state, ``[S]``, positive in every state that is not terminal; by
            default uniform over these. The values do not depend on it, the visits do.

    Returns:
        Both solutions, see `LinearSolution`.

    Raises:
        ValueError: a weight is not positive; gamma = 1 and the program has no finite optimum: some policy never ends
            and does not lose by that; HiGHS does not solve it.

    Source: d'Epenoux (1963); Puterman (1994), section 6.9.
    Proved in: foundations/dynamic_programming (thm-dp-duality, thm-dp-visits).
    """
    rows, going = Rows.of(mdp), np.flatnonzero(~mdp.terminal)
    if weights is None:
        weights = np.where(mdp.terminal, 0.0, 1 / len(going))
    weights = np.asarray(weights, float)
    if weights.shape != (mdp.n_states,):
        raise ValueError(f"weights: expected shape ({mdp.n_states},), one per state, got {weights.shape}")
    checks.probabilities("weights", weights)
    if (weights[going] <= 0).any():
        s = going[np.argmin(weights[going])]
        raise ValueError(f"weights[{s}] is {weights[s]}; expected a positive weight where the state is not terminal")
    P = sparse.csr_array((rows.p, rows.to, rows.first), shape=(mdp.R.size, mdp.n_states))
    stay = sparse.kron(sparse.eye_array(mdp.n_states), np.ones((mdp.n_actions, 1)), format="csr")
    used = np.repeat(~mdp.terminal, mdp.n_actions)
    A = (mdp.gamma * P - stay)[used][:, going]
    unit = np.abs(mdp.R).max() or 1.0  # the solver's tolerances are numbers, not shares of the rewards
    b = -mdp.R[going].ravel() / unit
    found = optimize.linprog(weights[going], A, b, bounds=(None, None), method="highs")
    if found.status != 0:
        what = "has no finite optimum" if mdp.gamma == 1 else "was not solved"
        raise ValueError(f"gamma is {mdp.gamma} and the linear program {what}: {found.message}")
    v, visits = np.zeros(mdp.n_states), np.zeros(mdp.R.shape)
    v[going], visits[going] = unit * found.x, -found.ineqlin.marginals.reshape(len(going), -1)
    objectives = float(weights @ v), float((visits * mdp.R).sum())
    u, action = np.empty_like(v), np.zeros(mdp.n_states, np.int32)
    low, high, _ = rows.optimal_sweep(v, u, action)
    values, bound = middle(rows, u, *bracket(rows, u, low, high, action))
    pi = deterministic_policy(action, mdp.n_actions)
    return LinearSolution(values, pi, visits, objectives, int(found.nit), float(change(low, high, True)), bound)

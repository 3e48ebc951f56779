"""Reward per step in the long run, and what the first states add to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlcourse.tabular.mdp import MDP, policy_chain, policy_rewards
from rlcourse.tabular.stationary import stationary_law

__all__ = ["LongRun", "average_reward"]


class LongRun(NamedTuple):
    """The gain, in reward units per step, and the bias of each state ``[S]``, in reward units."""

    gain: float
    bias: np.ndarray


def average_reward(mdp: MDP, pi) -> LongRun:
    r"""Gain and bias of a policy whose chain has one closed class.

    .. math:: g = \sum_s \pi_\infty(s)\, r_\pi(s), \qquad g + h = r_\pi + P_\pi h, \qquad
              \sum_s \pi_\infty(s)\, h(s) = 0

    Here :math:`\pi_\infty` is the stationary law of the policy's chain. The discounted values near gamma = 1 are
    :math:`V_\gamma = g/(1-\gamma) + h + O(1-\gamma)`. Gamma and the start law are not used.

    Args:
        mdp: the decision process; the solve is dense.
        pi: policy, ``[S, A]``.

    Returns:
        Gain and bias, see `LongRun`.

    Raises:
        ValueError: the chain has more than one closed class, so that the gain depends on the first state; as
            :func:`rlcourse.tabular.mdp.policy_chain`.

    Source: Puterman (1994), sections 8.2.1 and 8.2.2. Proved in: foundations/mdp (thm-mdp-average).
    """
    chain, r = policy_chain(mdp, pi), policy_rewards(mdp, pi)
    law = stationary_law(chain)
    P = chain.P.toarray() if mdp.is_sparse else chain.P
    gain = float(law @ r)
    # one equation follows from the others; a recurrent state's can be replaced by law @ bias = 0
    system, known = np.eye(len(r)) - P, r - gain
    spare = law.argmax()
    system[spare], known[spare] = law, 0
    return LongRun(gain, np.linalg.solve(system, known))

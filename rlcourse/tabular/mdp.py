"""Finite Markov decision processes as arrays, their policies, and what is exactly true of a policy.

``P[s, a, s_next]`` is the law of the next state, ``R[s, a]`` the mean reward of an action, and a policy is an array
``pi[s, a]`` whose rows are laws over the actions. A policy turns the decision process into a Markov chain
(:mod:`rlcourse.tabular.markov`), and its values solve a linear system. Problems with a last time are in
:mod:`rlcourse.tabular.episodes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlcourse import checks
from rlcourse.scan import coefficient
from rlcourse.tabular.markov import MarkovChain
from rlcourse.tabular.resolvent import discounted_sums
from rlcourse.tabular.transitions import checked_laws, checked_transitions, policy_matrix

__all__ = [
    "MDP",
    "Values",
    "deterministic_policy",
    "performance",
    "performance_difference",
    "policy_chain",
    "policy_rewards",
    "policy_values",
    "state_visitation",
    "uniform_policy",
]


@dataclass(frozen=True, eq=False)
class MDP:
    r"""A finite Markov decision process: states 0, ..., S - 1, the same actions 0, ..., A - 1 in each.

    .. math:: P(s' \mid s, a) = \Pr(s_{t+1} = s' \mid s_t = s, a_t = a, s_{t-1}, \dots), \qquad
              R(s, a) = E[r_t \mid s_t = s, a_t = a]

    All arrays are checked and copied, and the copies cannot be written to. (A sparse P that nobody can write to
    is kept as it is, so that a large one need not exist twice.)

    Attributes:
        P: transition probabilities, ``[S, A, S]``, or scipy sparse ``[S * A, S]`` with the row ``s * A + a`` for
            action a in state s.
        R: mean reward of action a in state s, ``[S, A]``, reward units. May be given as ``[S, A, S]``, the reward of
            each transition; it is then reduced to the mean over the next state.
        rewards: reward of each transition, ``[S, A, S]``, as given; if only means were given, ``R[s, a]`` whatever the
            next state (a view that takes no memory). What samples or enumerates steps pays these; what needs means
            only reads R.
        gamma: discount in [0, 1].
        start: law of the first state, ``[S]``; by default uniform over the states that are not terminal.
        terminal: bool ``[S]``, by default False. An episode ends when it reaches a terminal state. These states are
            made absorbing with reward 0 (the rows given for them are ignored), so that their value is 0.

    Raises:
        ValueError: a row of P does not sum to 1 (state, action and sum are named), a probability is negative, a
            reward is not finite, gamma is outside [0, 1], a shape is wrong, or every state is terminal.
        TypeError: ``terminal`` is not boolean, gamma is not one number, or an array does not hold real numbers.

    Source: Puterman (1994), section 2.1; Sutton and Barto (2018), section 3.1.
    Proved in: foundations/mdp (def-mdp-process, thm-mdp-reward-forms).
    """

    P: np.ndarray | sparse.csr_array
    R: np.ndarray
    gamma: float
    start: np.ndarray | None = None
    terminal: np.ndarray | None = None
    rewards: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        P, terminal = checked_transitions(self.P, self.terminal)
        states, R = len(terminal), np.asarray(self.R)
        actions = P.shape[0] // states if sparse.issparse(P) else P.shape[1]
        if R.shape not in ((states, actions), (states, actions, states)):
            raise ValueError(
                f"R: expected shape {(states, actions)} or {(states, actions, states)} "
                f"for P of shape {P.shape}, got {R.shape}"
            )
        # no action is taken in a terminal state, whatever is given for it
        R = np.where(terminal[:, None], R.dtype.type(0), R.reshape(states, -1)).reshape(R.shape)
        R = np.array(checks.finite("R", R), dtype=np.float64)
        gamma = coefficient("gamma", self.gamma)
        start = ~terminal / (~terminal).sum() if self.start is None else np.array(self.start)
        if start.shape != (states,):
            raise ValueError(f"start: expected shape ({states},), one entry per state, got {start.shape}")
        start = checked_laws("start", start)
        if R.ndim == 3:
            law, rewards = P.toarray().reshape(R.shape) if sparse.issparse(P) else P, R
            # as a deviation from the likeliest one: exact where the next state does not matter
            likeliest = np.take_along_axis(R, law.argmax(axis=2, keepdims=True), axis=2)
            R = likeliest[:, :, 0] + (law * (R - likeliest)).sum(axis=2)
        else:
            rewards = np.broadcast_to(R[:, :, None], (states, actions, states))
        R.setflags(write=False)
        rewards.setflags(write=False)
        start.setflags(write=False)
        checked = {"P": P, "R": R, "gamma": gamma, "start": start, "terminal": terminal, "rewards": rewards}
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def n_states(self) -> int:
        """Number of states, terminal ones included."""
        return self.R.shape[0]

    @property
    def n_actions(self) -> int:
        """Number of actions, the same in every state."""
        return self.R.shape[1]

    @property
    def is_sparse(self) -> bool:
        """Whether P is a scipy sparse matrix ``[S * A, S]``."""
        return sparse.issparse(self.P)

    def expect(self, v) -> np.ndarray:
        r"""Mean of a function of the next state.

        .. math:: E[v(s_{t+1}) \mid s_t = s, a_t = a] = \sum_{s'} P(s' \mid s, a)\, v(s')

        Args:
            v: one number per state, ``[S]``.

        Returns:
            Means ``[S, A]``.

        Raises:
            ValueError: ``v`` has another shape, or an entry is not finite.

        Proved in: foundations/mdp (thm-mdp-finite-horizon).
        """
        if np.shape(v) != (self.n_states,):
            raise ValueError(f"v: expected shape ({self.n_states},), one value per state, got {np.shape(v)}")
        v = np.asarray(checks.finite("v", v))
        rows = self.P if self.is_sparse else self.P.reshape(-1, self.n_states)
        return (rows @ v).reshape(self.R.shape)


class Values(NamedTuple):
    """Values of a policy, in reward units: v ``[S]``, q ``[S, A]``, and the advantages ``adv = q - v`` ``[S, A]``."""

    v: np.ndarray
    q: np.ndarray
    adv: np.ndarray


def uniform_policy(mdp: MDP) -> np.ndarray:
    """The policy that takes every action with the same probability, ``[S, A]``."""
    return np.full(mdp.R.shape, 1 / mdp.n_actions)


def deterministic_policy(actions, n_actions: int) -> np.ndarray:
    """The policy that takes one given action in each state.

    Args:
        actions: the actions, integers ``[S]``.
        n_actions: number of actions.

    Returns:
        Policy ``[S, A]`` of zeros and ones.

    Raises:
        TypeError: the actions are not integers.
        ValueError: an action is not in 0, ..., n_actions - 1.
    """
    actions, n_actions = np.asarray(actions), checks.whole("n_actions", n_actions, 1)
    if actions.dtype.kind not in "iu":
        raise TypeError(f"actions: expected integers, got dtype {actions.dtype}")
    wrong = (actions < 0) | (actions >= n_actions)
    if actions.ndim != 1 or wrong.any():
        what = f"shape {actions.shape}" if actions.ndim != 1 else f"{actions[wrong][0]} in state {np.argmax(wrong)}"
        raise ValueError(f"actions: expected one of 0 to {n_actions - 1} for each state, shape [S], got {what}")
    return np.eye(n_actions)[actions]


def policy_chain(mdp: MDP, pi) -> MarkovChain:
    r"""The Markov chain of the states under a policy.

    .. math:: P_\pi(s' \mid s) = \sum_a \pi(a \mid s)\, P(s' \mid s, a)

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``.

    Returns:
        The chain, sparse if P is.

    Raises:
        ValueError: ``pi`` has another shape, or one of its rows is not a law.

    Source: Puterman (1994), section 5.6. Proved in: foundations/mdp (thm-mdp-chain).
    """
    return MarkovChain(policy_matrix(mdp.P, _policy(mdp, pi)))


def policy_rewards(mdp: MDP, pi) -> np.ndarray:
    r"""Mean reward of a step in each state under a policy.

    .. math:: r_\pi(s) = \sum_a \pi(a \mid s)\, R(s, a)

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``.

    Returns:
        Rewards ``[S]``, 0 in terminal states.

    Raises: as :func:`policy_chain`.
    Source: Puterman (1994), section 5.6. Proved in: foundations/mdp (thm-mdp-chain).
    """
    return (_policy(mdp, pi) * mdp.R).sum(axis=1)


def policy_values(mdp: MDP, pi) -> Values:
    r"""Exact values of a policy, by one linear solve.

    .. math:: V = (I - \gamma P_\pi)^{-1} r_\pi, \qquad Q(s, a) = R(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\, V(s'),
              \qquad A(s, a) = Q(s, a) - V(s)

    Args:
        mdp: the decision process. If P is sparse, so is the solve; its time depends on the graph of the steps.
        pi: policy, ``[S, A]``.

    Returns:
        ``v``, ``q`` and ``adv``, see `Values`; all are 0 in terminal states.

    Raises:
        ValueError: gamma = 1 and the policy does not end from every state with probability 1 (the message names a
            state from which it may go on for ever), or ends so late that the values would be inaccurate (it names
            a state from which it hardly ever ends; if P is dense, only numbers too large for float64 are refused);
            as :func:`policy_chain`.

    Source: Sutton and Barto (2018), section 3.5; Puterman (1994), theorem 6.1.1.
    Proved in: foundations/mdp (thm-mdp-values).
    """
    pi = _policy(mdp, pi)
    v = discounted_sums(policy_matrix(mdp.P, pi), mdp.gamma, mdp.terminal, (pi * mdp.R).sum(axis=1))
    q = mdp.R + mdp.gamma * mdp.expect(v)
    return Values(v, q, q - v[:, None])


def state_visitation(mdp: MDP, pi) -> np.ndarray:
    r"""Discounted number of times that a policy acts in each state.

    .. math:: d(s) = \sum_{t\ge0} \gamma^t \Pr(s_t = s), \qquad d = \mu + \gamma\, d P_\pi

    The start law is :math:`\mu`. No action is taken in a terminal state: its entry is 0. Where no state is terminal
    the entries sum to :math:`1/(1-\gamma)`, so that :math:`(1-\gamma)\, d` is a law.

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``.

    Returns:
        Visits ``[S]``, in steps. They are not normalized.

    Raises: as :func:`policy_values`.
    Source: Puterman (1994), section 6.9. Proved in: foundations/mdp (thm-mdp-visitation).
    """
    P = policy_matrix(mdp.P, _policy(mdp, pi))
    first = np.where(mdp.terminal, 0.0, mdp.start)
    return discounted_sums(P, mdp.gamma, mdp.terminal, first, transpose=True)


def performance(mdp: MDP, pi) -> float:
    r"""Mean return of an episode from the start law.

    .. math:: J(\pi) = \sum_s \mu(s) V(s) = \sum_s d(s)\, r_\pi(s)

    Args:
        mdp: the decision process.
        pi: policy, ``[S, A]``.

    Returns:
        J in reward units.

    Raises: as :func:`policy_values`.
    Source: Sutton and Barto (2018), section 13.2. Proved in: foundations/mdp (thm-mdp-visitation).
    """
    return float(mdp.start @ policy_values(mdp, pi).v)


def performance_difference(mdp: MDP, pi, pi_old) -> float:
    r"""How much better a policy is than another one, from the advantages of the other.

    .. math:: J(\pi) - J(\pi_{\mathrm{old}}) = \sum_s d_\pi(s) \sum_a \pi(a \mid s)\, A_{\mathrm{old}}(s, a)

    Args:
        mdp: the decision process.
        pi: policy whose visits are counted, ``[S, A]``.
        pi_old: policy whose advantages are taken, ``[S, A]``.

    Returns:
        The difference in reward units.

    Raises: as :func:`policy_values`.
    Source: Kakade and Langford (2002), lemma 6.1. Proved in: foundations/mdp (thm-mdp-difference).
    """
    gain = (_policy(mdp, pi) * policy_values(mdp, pi_old).adv).sum(axis=1)
    return float(state_visitation(mdp, pi) @ gain)


def _policy(mdp: MDP, pi) -> np.ndarray:
    if np.shape(pi) != mdp.R.shape:
        raise ValueError(f"pi: expected shape {mdp.R.shape}, one law over the actions per state, got {np.shape(pi)}")
    return checked_laws("pi", pi)

"""Uniformization: a chain in continuous time as a chain in discrete time whose steps come at Poisson times.

If no state is left faster than at rate Lambda, then :math:`\\hat P = I + Q/\\Lambda` is a transition matrix, and the
chain is :math:`\\hat P` run by the clock of a Poisson process of rate Lambda. This gives the laws at any time with
a certified error, and turns a control problem in continuous time into a Markov decision process.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse, special

from rlcourse import checks
from rlcourse.tabular.ctmc import Generator
from rlcourse.tabular.markov import MarkovChain

__all__ = ["Laws", "Transition", "UniformizedMDP", "laws", "transition_matrix", "uniformized_chain", "uniformized_mdp"]

SMALLEST_TOL = 1e-15  # below it rounding is larger than what is cut off
SMALLEST = float(np.finfo(float).smallest_subnormal)
STEP_MEAN = 1.0  # mean number of ticks in one piece of time before squaring


class Transition(NamedTuple):
    """Transition probabilities over a time, with a bound on what the truncation cost.

    Attributes:
        P: probabilities ``[S, S]``; every row sums to 1.
        terms: number of powers of the uniformized chain that were summed, from the 0th on.
        squarings: how often the result was squared.
        error: bound on the largest absolute row sum of the error, rounding excluded.
    """

    P: np.ndarray
    terms: int
    squarings: int
    error: float


class Laws(NamedTuple):
    """Laws at given times, with a bound on what the truncation cost.

    Attributes:
        p: laws ``[T, S]``; each lacks at most ``error`` of its mass.
        terms: number of terms summed, for all times together.
        error: bound on the sum of the absolute errors of each law, rounding excluded.
    """

    p: np.ndarray
    terms: int
    error: float


class UniformizedMDP(NamedTuple):
    """A decision process in discrete time that has the values of one in continuous time.

    Attributes:
        P: transition probabilities ``[S, A, S]``.
        R: expected reward of a step, ``[S, A]``, reward units.
        gamma: discount of a step.
        rate: steps per unit of time (Lambda).
    """

    P: np.ndarray
    R: np.ndarray
    gamma: float
    rate: float


def uniformized_chain(gen: Generator, rate: float | None = None) -> MarkovChain:
    r"""The chain that is observed at the ticks of a Poisson clock.

    .. math:: \hat P = I + \frac1\Lambda Q

    Args:
        gen: the generator, dense or sparse.
        rate: Lambda, ticks per unit of time; by default the largest exit rate (1 if no state is ever left).

    Returns:
        The chain, sparse if the generator is.

    Raises:
        ValueError: the rate is smaller than an exit rate (the message names the state), or not finite.

    Source: Jensen (1953). Proved in: processes/continuous_time (thm-uniform-series).
    """
    rate = _clock(gen.exit_rates, rate)
    if sparse.issparse(gen.Q):
        return MarkovChain(_stochastic(sparse.csr_array(sparse.eye_array(gen.n_states) + gen.Q / rate)))
    return MarkovChain(_stochastic(np.eye(gen.n_states) + gen.Q / rate))


def transition_matrix(gen: Generator, t: float, tol: float = 1e-12) -> Transition:
    r"""Transition probabilities over a time, by uniformization and repeated squaring.

    .. math:: P(t) = e^{tQ} = \sum_{n\ge0} e^{-m} \frac{m^n}{n!}\, \hat P^n, \qquad m = \Lambda t

    The time is halved k times until m is at most 1. There the sum over :math:`n < N` lacks the Poisson tail
    :math:`\epsilon = P(\text{at least } N \text{ ticks})`; its rows are scaled to sum to 1, which at most doubles
    the error, and each of the k squarings doubles it again: :math:`2^{k+1}\epsilon` in all. Nothing is subtracted
    but on the diagonal of :math:`\hat P`, whose entries are :math:`1 - |Q_{ii}|/\Lambda`.

    Args:
        gen: the generator; the result is dense.
        t: time, not negative.
        tol: largest error allowed, at least 1e-15.

    Returns:
        P with the number of terms, the number of squarings and the bound, see `Transition`.

    Raises:
        ValueError: t is negative or not finite, or so large that the number of ticks is not finite; tol is not
            between 1e-15 and 1.

    Source: Jensen (1953); Moler and Van Loan (2003), method 3 (scaling and squaring).
    Proved in: processes/continuous_time (thm-uniform-series, thm-uniform-error, thm-uniform-squaring).
    """
    (t,), tol = _times([t]), _tolerance(tol)
    rate = _clock(gen.exit_rates, None)
    ticks = checks.finite("rate * t", rate * float(t))
    squarings = max(0, int(np.ceil(np.log2(ticks / STEP_MEAN)))) if ticks > 0 else 0
    mean = ticks * 2.0**-squarings
    terms = _enough(mean, tol * 2.0 ** -(squarings + 1))
    step = uniformized_chain(gen).P
    weight = _weights(mean, terms)
    power = np.eye(gen.n_states)
    P = weight[0] * power
    for n in range(1, terms):
        power = power @ step
        P += weight[n] * power
    for _ in range(squarings):
        P = _stochastic(P)  # so that rounding does not grow with the squares
        P = P @ P
    # the tail may be less than the smallest number, but it is not 0
    tail = max(special.gammainc(terms, mean), SMALLEST if ticks > 0 else 0.0)
    return Transition(_stochastic(P), terms, squarings, float(np.ldexp(tail, squarings + 1)))


def laws(gen: Generator, start, times, tol: float = 1e-12) -> Laws:
    r"""Laws of the state at given times; only vectors are multiplied, so that large sparse chains are fine.

    .. math:: \pi_0\, e^{tQ} = \sum_{n\ge0} e^{-\Lambda t} \frac{(\Lambda t)^n}{n!}\, \pi_0 \hat P^n

    The law moves on from each time to the next. Each move leaves out a Poisson tail of at most ``tol / T``, so that
    the last law lacks at most ``tol``. The number of steps grows like the rate times the largest time.

    Args:
        gen: the generator, dense or sparse.
        start: law at time 0, shape ``[S]``.
        times: times, not negative, shape ``[T]``, in any order.
        tol: largest error allowed, at least 1e-15.

    Returns:
        Laws ``[T, S]`` with the number of terms and the bound, see `Laws`.

    Raises:
        ValueError: start is not a law on the states; a time is negative or not finite; tol as above.

    Source: Jensen (1953). Proved in: processes/continuous_time (thm-uniform-series, thm-uniform-error).
    """
    start = np.asarray(start, dtype=float)
    if start.shape != (gen.n_states,):
        raise ValueError(f"start: expected shape ({gen.n_states},), one entry per state, got {start.shape}")
    checks.probabilities("start", start)
    times, tol = _times(times), _tolerance(tol)
    rate, step = _clock(gen.exit_rates, None), uniformized_chain(gen).P
    p, terms, error = np.empty((len(times), gen.n_states)), 0, 0.0
    here, now = start, 0.0
    for k in np.argsort(times):
        mean = rate * (times[k] - now)
        weight = _weights(mean, _enough(mean, tol / len(times)))
        at_tick, here, now = here, weight[0] * here, times[k]
        for w in weight[1:]:
            at_tick = at_tick @ step
            here = here + w * at_tick
        p[k] = here
        terms += len(weight)
        error += float(special.gammainc(len(weight), mean))
    return Laws(p, terms, error)


def uniformized_mdp(q, r, alpha: float, lump=None, rate: float | None = None) -> UniformizedMDP:
    r"""The discrete decision process with the values of one that is controlled in continuous time.

    In state s under action a, jumps to s' come at rate :math:`q(s, a, s')` and pay :math:`\ell(s, a, s')`; in between
    :math:`r(s, a)` is earned per unit of time. All is discounted by :math:`e^{-\alpha t}`. With
    :math:`\Lambda \ge \sum_{s'} q(s, a, s')`,

    .. math:: \hat P(s' \mid s, a) = \frac{q(s, a, s')}\Lambda \ (s' \ne s), \qquad
              \hat R(s, a) = \frac{r(s, a) + \sum_{s'} q(s, a, s')\, \ell(s, a, s')}{\Lambda + \alpha}, \qquad
              \gamma = \frac\Lambda{\Lambda + \alpha},

    and :math:`\hat P(s \mid s, a)` is what is missing to 1. Every stationary policy has the same value in both.

    Args:
        q: rates of jumps per unit of time, shape ``[S, A, S]``, not negative. It is no generator: its diagonal is 0,
            or the rate of events that pay and leave the state as it is.
        r: reward per unit of time, shape ``[S, A]``.
        alpha: discount rate per unit of time, positive.
        lump: reward of a jump, shape ``[S, A, S]``; 0 if not given.
        rate: Lambda, steps per unit of time; by default the largest total rate of a state and action.

    Returns:
        The arrays, see `UniformizedMDP`.

    Raises:
        ValueError: a rate is negative or not finite, a shape does not fit, alpha is not positive, or Lambda is
            smaller than a total rate (the message names state and action).

    Source: Lippman (1975); Puterman (1994), section 11.5. Proved in: processes/continuous_time (thm-uniform-control).
    """
    q, r = np.asarray(q, dtype=float), np.asarray(r, dtype=float)
    if q.ndim != 3 or q.shape[0] != q.shape[2] or q.size == 0:
        raise ValueError(f"q: expected shape [S, A, S], got {q.shape}")
    if r.shape != q.shape[:2]:
        raise ValueError(f"r: expected shape {q.shape[:2]}, one reward rate per state and action, got {r.shape}")
    lump = np.zeros(q.shape) if lump is None else np.asarray(lump, dtype=float)
    if lump.shape != q.shape:
        raise ValueError(f"lump: expected shape {q.shape}, as q, got {lump.shape}")
    for name, x in (("q", q), ("r", r), ("lump", lump)):
        checks.finite(name, x)
    checks.positive("alpha", alpha)
    if (q < 0).any():
        s, a, s_next = np.argwhere(q < 0)[0]
        hint = "; q holds rates of jumps, not generators" if s == s_next else ""
        raise ValueError(f"q[{s}, {a}, {s_next}] is {q[s, a, s_next]}; expected a rate >= 0{hint}")
    rate = _clock(q.sum(axis=2), rate)
    P = q / rate
    states = np.arange(len(q))
    P[states, :, states] += np.maximum(0, 1 - P.sum(axis=2))
    R = (r + (q * lump).sum(axis=2)) / (rate + alpha)
    return UniformizedMDP(P, R, float(rate / (rate + alpha)), rate)


def _clock(exit_rates: np.ndarray, rate: float | None) -> float:
    """Lambda after checking that no exit rate is larger; by default the largest one."""
    largest = float(exit_rates.max())
    if rate is None:
        return largest if largest > 0 else 1.0
    checks.positive("rate", rate)
    if rate < largest:
        where = ", ".join(str(i) for i in np.unravel_index(np.argmax(exit_rates), exit_rates.shape))
        name = "state" if exit_rates.ndim == 1 else "state, action"
        raise ValueError(
            f"rate is {rate}; expected at least {largest}, the exit rate of {name} {where}: "
            "a slower clock would need negative probabilities"
        )
    return float(rate)


def _times(times) -> np.ndarray:
    times = np.atleast_1d(np.asarray(times, dtype=float))
    checks.finite("t", times)
    if times.ndim != 1 or times.size == 0 or (times < 0).any():
        raise ValueError(f"t is {times}; expected times >= 0, shape [T]")
    return times


def _tolerance(tol: float) -> float:
    if not SMALLEST_TOL <= tol < 1:
        raise ValueError(f"tol is {tol}; expected at least {SMALLEST_TOL} (rounding) and less than 1")
    return tol


def _enough(mean: float, tol: float) -> int:
    """Smallest number N of terms, at least 1, such that P(Poisson(mean) >= N) <= tol."""
    most = int(mean + 12 * np.sqrt(mean)) + 200  # the tail there is below any tol, by Chernoff's bound
    return 1 + int(np.argmax(special.gammainc(np.arange(1, most), mean) <= tol))


def _weights(mean: float, terms: int) -> np.ndarray:
    """Poisson probabilities of 0 to terms - 1, by their ratios from the mode on, where nothing underflows."""
    n = np.arange(terms)
    mode = int(mean)  # it may lie beyond the last term; the slices then end there
    below = np.cumprod(n[mode:0:-1] / mean)[::-1] if mode else n[:0]
    weight = np.concatenate([below, [1.0], np.cumprod(mean / n[mode + 1 :])])
    return weight * (special.gammaincc(terms, mean) / weight.sum())


def _stochastic(P):
    """Rows scaled to sum to 1, negative rounding removed."""
    if sparse.issparse(P):
        P.data = np.maximum(P.data, 0)
        return sparse.csr_array(sparse.diags_array(1 / P.sum(axis=1)) @ P)
    P = np.maximum(P, 0)
    return P / P.sum(axis=1, keepdims=True)

"""Martingales with closed forms or exact laws: tail bounds, likelihood ratios, sequential tests, Polya's urn."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln

from rlcourse import checks

__all__ = [
    "azuma_bound",
    "likelihood_ratio",
    "mcdiarmid_bound",
    "polya_law",
    "sequential_test",
    "simulate_polya",
    "wald_boundaries",
]

TIE = 1e-9  # a count this close to a boundary lies on it


def azuma_bound(t, c) -> np.ndarray:
    r"""Bound on the tail of a martingale whose k-th increment is at most ``c[k]`` in size.

    .. math:: P(M_N - M_0 \ge t) \le \exp\Bigl(-\frac{t^2}{2\sum_k c_k^2}\Bigr)

    Args:
        t: distances, at least 0, any shape.
        c: bounds of the increments, greater than 0, shape ``[N]``. Half the width of a symmetric range.

    Returns:
        Bounds of the shape of t; twice this bounds ``P(|M_N - M_0| >= t)``.

    Raises:
        ValueError: a bound that is not positive, no bound at all, or a negative distance.

    Source: Azuma (1967). Proved in: processes/martingales (thm-martingale-azuma).
    """
    return _gaussian_tail(t, "c", c, 1 / 2)


def mcdiarmid_bound(t, width) -> np.ndarray:
    r"""Bound on the tail of a function of independent variables with bounded differences.

    .. math:: P(f - E f \ge t) \le \exp\Bigl(-\frac{2t^2}{\sum_k w_k^2}\Bigr)

    The same bound holds for a martingale whose k-th increment lies, given the past, in an interval of width
    ``w_k``.

    Args:
        t: distances, at least 0, any shape.
        width: largest change of f if only its k-th variable changes, greater than 0, shape ``[N]``.

    Returns:
        Bounds of the shape of t.

    Raises:
        ValueError: a width that is not positive, no width at all, or a negative distance.

    Source: McDiarmid (1989), lemma 1.2. Proved in: processes/martingales (thm-martingale-mcdiarmid).
    """
    return _gaussian_tail(t, "width", width, 2)


def _gaussian_tail(t, name: str, sizes, factor: float) -> np.ndarray:
    """The exponential of ``-factor * t**2`` over the sum of the squared sizes."""
    sizes = np.atleast_1d(checks.positive(name, sizes)).astype(float)
    if sizes.ndim != 1 or not sizes.size:
        raise ValueError(f"{name} has shape {sizes.shape}; expected one {name} for each step, at least one step")
    t = np.asarray(checks.finite("t", t), float)
    if (t < 0).any():
        raise ValueError(f"t has the entry {t.min()}; expected distances >= 0 (for the other tail, negate the process)")
    unit = sizes.max()  # so that no square is too small for a number
    share = sizes / unit
    with np.errstate(over="ignore"):
        return np.exp(-factor * (t / unit) ** 2 / (share @ share))


def likelihood_ratio(x, p, q) -> np.ndarray:
    r"""Likelihood ratio of two laws along sequences of outcomes, a martingale if the outcomes follow p.

    .. math:: L_n = \prod_{k=1}^{n} \frac{q(x_k)}{p(x_k)}

    Args:
        x: outcomes as indices, ``[*batch, T]``.
        p: probabilities of the outcomes under the law that is doubted, ``[K]``.
        q: probabilities under the other law, ``[K]``.

    Returns:
        Ratios ``[*batch, T + 1]``, starting at 1; ``inf`` only where the ratio itself is too large a number.

    Raises:
        ValueError: p or q is no law, they differ in length, or an outcome occurs that is impossible under p.
        TypeError: x holds no whole numbers.

    Source: Wald (1945). Proved in: processes/martingales (thm-martingale-examples).
    """
    x, p, q = np.asarray(x), np.asarray(p, float), np.asarray(q, float)
    checks.probabilities("p", p)
    checks.probabilities("q", q)
    if p.shape != q.shape or p.ndim != 1:
        raise ValueError(f"p has shape {p.shape}, q has shape {q.shape}; expected two laws on the same outcomes")
    if x.dtype.kind not in "iu":
        raise TypeError(f"x: expected outcomes as whole numbers, got dtype {x.dtype}")
    bad = (x < 0) | (x >= len(p))
    if bad.any():
        raise ValueError(f"x has the entry {x[bad][0]}; expected outcomes from 0 to {len(p) - 1}")
    if (p[x] == 0).any():
        raise ValueError(f"x has the outcome {x[p[x] == 0][0]}, whose probability under p is 0: the ratio is infinite")
    with np.errstate(divide="ignore", over="ignore"):
        # summed as logarithms, because a product that once was too large or too small a number does not recover
        ratio = np.exp(np.cumsum(np.log(q[x]) - np.log(p[x]), axis=-1))
    return np.concatenate([np.ones((*x.shape[:-1], 1)), ratio], axis=-1)


def wald_boundaries(p0, p1, alpha, beta, horizon) -> tuple[np.ndarray, np.ndarray]:
    r"""Numbers of successes at which Wald's test of p0 against p1 > p0 stops.

    .. math:: L_n \le \frac{\beta}{1-\alpha}: \text{accept } p_0, \qquad
              L_n \ge \frac{1-\beta}{\alpha}: \text{reject it}

    Args:
        p0: success probability that is tested.
        p1: the alternative, greater than p0.
        alpha: aim for the probability of rejecting p0 although it is true.
        beta: aim for the probability of accepting p0 although p1 is true; with 0 the test never accepts and
            rejects once ``L_n >= 1 / alpha``, which happens with probability at most alpha at any horizon.
        horizon: number of steps.

    Returns:
        ``accept_at`` and ``reject_at``, arrays ``[horizon + 1]``: accept at that many successes or fewer, reject
        at that many or more. Entries may be infinite.

    Raises:
        ValueError: not ``0 < p0 < p1 < 1``; alpha or beta out of range; horizon below 1.

    Source: Wald (1945). Proved in: processes/martingales (alg-sequential-test).
    """
    if not 0 < p0 < p1 < 1:
        raise ValueError(f"p0 is {p0} and p1 is {p1}; expected 0 < p0 < p1 < 1 (for p1 < p0, count failures)")
    if not (0 < alpha and 0 <= beta and alpha + beta < 1):
        raise ValueError(f"alpha is {alpha} and beta is {beta}; expected alpha > 0, beta >= 0 and a sum below 1")
    checks.whole("horizon", horizon, 1)
    success, failure = np.log(p1 / p0), np.log((1 - p1) / (1 - p0))
    n = np.arange(horizon + 1)
    low = np.log(beta / (1 - alpha)) if beta > 0 else -np.inf
    high = np.log((1 - beta) / alpha)
    accept_at, reject_at = ((level - n * failure) / (success - failure) for level in (low, high))
    return np.floor(accept_at + TIE), np.ceil(reject_at - TIE)


def sequential_test(p, accept_at, reject_at) -> tuple[np.ndarray, np.ndarray]:
    r"""Exact law of a test that looks at the number of successes after every step and may stop.

    Args:
        p: success probability of the independent steps.
        accept_at: accept at step n if at most ``accept_at[n]`` successes, ``[horizon + 1]``; -inf for never.
        reject_at: reject at step n if at least ``reject_at[n]`` successes, ``[horizon + 1]``; inf for never.

    Returns:
        ``accept`` and ``reject``, arrays ``[horizon + 1]``: probabilities to stop at step n with that decision.
        What is missing from 1 is the probability that the test has not stopped at the horizon.

    Raises:
        ValueError: p outside [0, 1]; boundaries of other lengths, that meet, or that stop before the first step.

    Source: Wald (1945). Proved in: processes/martingales (alg-sequential-test).
    """
    checks.unit_interval("p", p)
    accept_at, reject_at = np.asarray(accept_at, float), np.asarray(reject_at, float)
    if accept_at.shape != reject_at.shape or accept_at.ndim != 1 or len(accept_at) < 2:
        raise ValueError(
            f"accept_at has shape {accept_at.shape}, reject_at has shape {reject_at.shape}; "
            "expected one number for each time from 0 to the horizon"
        )
    if not (accept_at < reject_at).all():
        n = int(np.argmin(accept_at < reject_at))
        raise ValueError(f"accept_at[{n}] is {accept_at[n]}, reject_at[{n}] is {reject_at[n]}; expected a gap")
    if accept_at[0] >= 0 or reject_at[0] <= 0:
        raise ValueError("the test stops at time 0: expected accept_at[0] < 0 < reject_at[0]")
    horizon = len(accept_at) - 1
    accept, reject = np.zeros((2, horizon + 1))
    going = np.zeros(horizon + 1)  # by the number of successes, of the tests that have not stopped
    going[0] = 1
    count = np.arange(horizon + 1)
    for n in range(1, horizon + 1):
        going[1:] = (1 - p) * going[1:] + p * going[:-1]
        going[0] *= 1 - p
        yes, no = count >= reject_at[n], count <= accept_at[n]
        reject[n], accept[n] = going[yes].sum(), going[no].sum()
        going[yes | no] = 0
    return accept, reject


def polya_law(steps, white=1, black=1, added=1) -> np.ndarray:
    r"""Law of the number of white draws from Polya's urn (beta-binomial).

    .. math:: P(K_n = k) = \binom nk \frac{B(k + a,\; n - k + b)}{B(a, b)}, \qquad
              a = \frac{\text{white}}{\text{added}}, \quad b = \frac{\text{black}}{\text{added}}

    Args:
        steps: number of draws n.
        white: white balls at the start, greater than 0 (a fraction is allowed).
        black: black balls at the start, greater than 0.
        added: balls of the drawn color that are put back in addition, greater than 0.

    Returns:
        Probabilities of 0, ..., n white draws.

    Raises:
        ValueError: a negative number of draws, or a number of balls that is not positive.

    Source: Eggenberger and Polya (1923). Proved in: processes/martingales (thm-martingale-polya).
    """
    _check_urn(steps, white, black, added)
    k, a, b = np.arange(steps + 1), white / added, black / added
    choices = gammaln(steps + 1) - gammaln(k + 1) - gammaln(steps - k + 1)
    return np.exp(choices + betaln(k + a, steps - k + b) - betaln(a, b))


def simulate_polya(rng: np.random.Generator, urns, steps, white=1, black=1, added=1) -> np.ndarray:
    """Shares of white balls in many independent urns.

    Args:
        rng: generator that draws.
        urns: number of urns.
        steps, white, black, added: as in :func:`polya_law`.

    Returns:
        Shares ``[urns, steps + 1]`` before the first and after each draw.

    Raises: as :func:`polya_law`; ValueError if there is no urn.
    Proved in: processes/martingales (thm-martingale-polya).
    """
    checks.whole("urns", urns, 1)
    _check_urn(steps, white, black, added)
    share = np.full((urns, steps + 1), white / (white + black))
    balls = np.full(urns, float(white))
    for n in range(1, steps + 1):
        balls += added * (rng.random(urns) < share[:, n - 1])
        share[:, n] = balls / (white + black + n * added)
    return share


def _check_urn(steps, white, black, added) -> None:
    checks.whole("steps", steps, 0)
    for name, value in (("white", white), ("black", black), ("added", added)):
        checks.positive(name, value)

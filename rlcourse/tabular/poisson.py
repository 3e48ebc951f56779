"""Poisson processes: paths, superposition, thinning, and the laws of the jump times.

A record of paths is an array ``[paths, jumps]`` of increasing jump times; padding after the last jump is ``inf``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from rlcourse import checks

__all__ = [
    "counts",
    "inhomogeneous_jump_times",
    "jump_density",
    "jump_times",
    "jump_times_given_count",
    "superpose",
    "thin",
]

LATE = 1e300  # mean number of jumps at which every density is 0 in floating point


def jump_times(lam: float, horizon: float, paths: int, rng) -> np.ndarray:
    r"""Jump times of independent paths up to a time, made from exponential gaps.

    .. math:: T_n = E_1 + \dots + E_n, \qquad E_k \sim \mathrm{Exp}(\lambda) \text{ independent}

    Args:
        lam: rate, jumps per unit of time, positive.
        horizon: time at which the record stops, positive.
        paths: number of paths.
        rng: source of randomness, a ``numpy.random.Generator`` or a seed.

    Returns:
        Times ``[paths, K]``, increasing; ``inf`` after the last jump before the horizon.

    Raises:
        ValueError: a rate or horizon that is not positive and finite; a number of paths that is negative or not whole.

    Source: Kingman (1993), section 4.1. Proved in: processes/continuous_time (thm-poisson-law, thm-poisson-times).
    """
    paths = _check(horizon, paths, lam=lam)
    rng = np.random.default_rng(rng)
    mean = lam * horizon
    block = int(mean + 6 * np.sqrt(mean)) + 6  # most records need no second one
    times = np.zeros((paths, 1))
    while (times[:, -1] <= horizon).any():
        gaps = rng.exponential(1 / lam, (paths, block))
        times = np.concatenate([times, times[:, -1:] + gaps.cumsum(axis=1)], axis=1)
    return _packed(np.where(times <= horizon, times, np.inf)[:, 1:])


def jump_times_given_count(n: int, horizon: float, paths: int, rng) -> np.ndarray:
    r"""Jump times of paths that have exactly n jumps up to a time.

    .. math:: (T_1, \dots, T_n) \mid N_t = n \ \sim\ \text{sorted independent uniforms on } [0, t]

    The rate does not matter.

    Args:
        n: number of jumps, at least 0.
        horizon, paths, rng: as in `jump_times`.

    Returns:
        Times ``[paths, n]``, increasing.

    Raises:
        ValueError: n is negative or not whole; the others as in `jump_times`.

    Source: Kingman (1993), section 2.4. Proved in: processes/continuous_time (thm-poisson-order).
    """
    n = checks.whole("n", n)
    paths = _check(horizon, paths)
    return np.sort(np.random.default_rng(rng).uniform(0, horizon, (paths, n)), axis=1)


def inhomogeneous_jump_times(
    intensity: Callable[[np.ndarray], np.ndarray], bound: float, horizon: float, paths: int, rng
) -> np.ndarray:
    r"""Jump times of a Poisson process whose rate changes with time, by thinning.

    A jump at time t of a process of rate :math:`\bar\lambda` is kept with probability
    :math:`\lambda(t)/\bar\lambda`. The number of jumps is Poisson with mean :math:`\int_0^t \lambda(u)\,du`.

    Args:
        intensity: rate at given times, a function of an array.
        bound: a number that the intensity never exceeds, positive.
        horizon, paths, rng: as in `jump_times`.

    Returns:
        Times ``[paths, K]``, as in `jump_times`.

    Raises:
        ValueError: the intensity is negative, above the bound or not finite at a time that occurred; the others as
            in `jump_times`.

    Source: Lewis and Shedler (1979). Proved in: processes/continuous_time (thm-poisson-thinning).
    """
    paths = _check(horizon, paths, bound=bound)
    rng = np.random.default_rng(rng)
    times = jump_times(bound, horizon, paths, rng)
    real = np.isfinite(times)
    rate = np.broadcast_to(np.asarray(intensity(times[real]), dtype=float), real.sum())
    bad = ~((rate >= 0) & (rate <= bound))
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"intensity at t = {times[real][at]:.6g} is {rate[at]}; expected 0 to bound = {bound}")
    keep = np.zeros(times.shape)
    keep[real] = rate / bound
    return thin(times, keep, rng)[0]


def thin(times: np.ndarray, keep, rng) -> tuple[np.ndarray, np.ndarray]:
    """Keep each jump with a probability of its own, independently.

    Args:
        times: jump times ``[paths, K]``, not negative.
        keep: probability of keeping a jump, a number or an array that broadcasts to ``times``.
        rng: source of randomness, a ``numpy.random.Generator`` or a seed.

    Returns:
        The jumps kept and the jumps dropped, two records. With a constant ``keep`` they are independent Poisson
        processes.

    Raises:
        ValueError: a probability outside [0, 1], or of a shape that does not fit; times that are not a record.

    Source: Kingman (1993), section 5.1. Proved in: processes/continuous_time (thm-poisson-thinning).
    """
    times = _record("times", times)
    keep = np.asarray(checks.unit_interval("keep", keep))
    if keep.ndim > 2 or any(a not in (1, b) for a, b in zip(keep.shape[::-1], times.shape[::-1], strict=False)):
        raise ValueError(f"keep has shape {keep.shape}; expected a number, or a shape that broadcasts to {times.shape}")
    kept = np.random.default_rng(rng).random(times.shape) < keep
    return _packed(np.where(kept, times, np.inf)), _packed(np.where(kept, np.inf, times))


def superpose(*records: np.ndarray) -> np.ndarray:
    """All jumps of several processes, path by path.

    Args:
        records: jump times ``[paths, K_i]`` with the same number of paths.

    Returns:
        Times ``[paths, K]``. For independent Poisson processes, a Poisson process whose rate is the sum.

    Raises:
        ValueError: no record, or numbers of paths that differ.

    Source: Kingman (1993), section 2.2. Proved in: processes/continuous_time (thm-poisson-superposition).
    """
    checked = [_record(f"records[{i}]", times) for i, times in enumerate(records)]
    if len({len(times) for times in checked}) != 1:
        raise ValueError(f"records: expected the same number of paths, got {[len(times) for times in checked]}")
    return _packed(np.concatenate(checked, axis=1))


def counts(times: np.ndarray, t) -> np.ndarray:
    r"""The counting process of a record at given times.

    .. math:: N_t = \sum_{k\ge1} 1\{T_k \le t\}

    Args:
        times: jump times ``[paths, K]``, not negative.
        t: times, shape ``[T]``, from 0 to the horizon of the record.

    Returns:
        Counts ``[paths, T]``; a jump at t counts.

    Raises:
        ValueError: times that are not a record; a time t that is negative or NaN.

    Source: Norris (1997), section 2.4. Proved in: processes/continuous_time (def-poisson-counting).
    """
    times, t = _record("times", times), np.atleast_1d(_from_zero(t))
    return np.array([np.searchsorted(row, t, side="right") for row in times]).reshape(len(times), len(t))


def jump_density(n: int, lam: float, t) -> np.ndarray:
    r"""Density of the n-th jump time, a Gamma law with mean n / lam.

    .. math:: f_{T_n}(t) = \lambda e^{-\lambda t} \frac{(\lambda t)^{n-1}}{(n-1)!}

    Args:
        n: which jump, at least 1.
        lam: rate, positive.
        t: times, not negative, any shape; at infinity the density is 0.

    Returns:
        Densities, per unit of time, the shape of t.

    Raises:
        ValueError: n is not a positive whole number, the rate is not positive, or a time is negative.

    Source: Kingman (1993), section 4.1. Proved in: processes/continuous_time (thm-poisson-times).
    """
    n = checks.whole("n", n, 1)
    checks.positive("lam", lam)
    with np.errstate(over="ignore"):  # infinity is late, too; without the bound, it would be taken from itself
        mean = np.minimum(lam * _from_zero(t), LATE)
    return lam * np.exp(special.xlogy(n - 1, mean) - mean - special.gammaln(n))


def _check(horizon: float, paths: int, **rates: float) -> int:
    """The number of paths, after checking everything."""
    for name, rate in rates.items():
        checks.positive(name, rate)
    checks.positive("horizon", horizon)
    return checks.whole("paths", paths)


def _from_zero(t) -> np.ndarray:
    t = np.asarray(t, dtype=float)
    if not (t >= 0).all():
        raise ValueError(f"t holds {t[~(t >= 0)].flat[0]}; expected times >= 0")
    return t


def _record(name: str, times) -> np.ndarray:
    times = np.asarray(times, dtype=float)
    if times.ndim != 2:
        raise ValueError(f"{name}: expected jump times [paths, K], got shape {times.shape}")
    if not (times >= 0).all() or (times[:, 1:] < times[:, :-1]).any():
        raise ValueError(f"{name}: expected increasing times >= 0 in every row, with inf after the last jump")
    return times


def _packed(times: np.ndarray) -> np.ndarray:
    """Every row sorted, without the columns that hold padding only."""
    times = np.sort(times, axis=1)
    return times[:, np.isfinite(times).any(axis=0)]

"""Birth-death chains in continuous time, and the queues among them."""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.tabular.ctmc import Generator

__all__ = ["birth_death", "birth_death_law", "mm1_law"]


def birth_death(births, deaths) -> Generator:
    r"""Generator of a chain on 0, ..., S - 1 that moves to neighbors only.

    .. math:: Q_{n,n+1} = \lambda_n, \qquad Q_{n+1,n} = \mu_{n+1}

    A queue with one server, room for K customers, arrivals at rate lam and services at rate mu (M/M/1/K) has
    ``births = [lam] * K`` and ``deaths = [mu] * K``; with c servers, ``deaths[n]`` is ``mu * min(n + 1, c)``.

    Args:
        births: rates from n to n + 1, shape ``[S - 1]``, not negative.
        deaths: rates from n + 1 to n, shape ``[S - 1]``, not negative.

    Returns:
        The generator, dense.

    Raises:
        ValueError: shapes that differ, or a rate that is negative or not finite.

    Source: Norris (1997), section 3.7. Proved in: processes/continuous_time (thm-queue-balance).
    """
    births, deaths = _rates(births, deaths)
    for name, rates in (("births", births), ("deaths", deaths)):
        if (rates < 0).any():
            n = int(np.argmax(rates < 0))
            raise ValueError(f"{name}[{n}] is {rates[n]}; expected a rate >= 0")
    Q = np.diag(births, 1) + np.diag(deaths, -1)
    return Generator(Q - np.diag(Q.sum(axis=1)))


def birth_death_law(births, deaths) -> np.ndarray:
    r"""Stationary law of a birth-death chain, by detailed balance.

    .. math:: \lambda_n \pi_n = \mu_{n+1} \pi_{n+1}, \qquad
              \pi_n \propto \prod_{k<n} \frac{\lambda_k}{\mu_{k+1}}

    Computed through logarithms, so that weights of any size are fine.

    Args:
        births, deaths: as in `birth_death`, but positive.

    Returns:
        The law ``[S]``.

    Raises:
        ValueError: a rate is not positive and finite. With rates of 0 some states are transient or closed off; see
            :func:`rlcourse.tabular.ctmc.stationary_law`.

    Source: Norris (1997), section 3.7. Proved in: processes/continuous_time (thm-queue-balance).
    """
    births, deaths = _rates(births, deaths)
    checks.positive("births", births)
    checks.positive("deaths", deaths)
    weight = np.concatenate([[0.0], np.cumsum(np.log(births) - np.log(deaths))])
    law = np.exp(weight - weight.max())
    return law / law.sum()


def mm1_law(lam: float, mu: float, n) -> np.ndarray:
    r"""Stationary law of the queue with one server and unlimited room (M/M/1).

    .. math:: \pi_n = (1 - \rho)\, \rho^n, \qquad \rho = \frac\lambda\mu < 1

    Args:
        lam: rate of arrivals, positive.
        mu: rate of services, positive.
        n: numbers of customers, whole and not negative, any shape.

    Returns:
        Probabilities, the shape of n.

    Raises:
        ValueError: ``lam >= mu``: the queue is null recurrent or grows forever, and there is no stationary law; a
            rate that is not positive; n is negative or not whole.

    Source: Norris (1997), section 5.2. Proved in: processes/continuous_time (thm-queue-mm1).
    """
    checks.positive("lam", lam)
    checks.positive("mu", mu)
    rho = lam / mu
    if rho >= 1:
        what = "grows without bound" if rho > 1 else "returns to empty, but after an infinite mean time"
        raise ValueError(f"lam / mu is {rho:.6g}; expected less than 1: there is no stationary law, the queue {what}")
    n = np.asarray(n)
    if (n < 0).any() or (n != np.floor(n)).any():
        raise ValueError(f"n is {n}; expected whole numbers of customers, at least 0")
    return (1 - rho) * rho**n


def _rates(births, deaths) -> tuple[np.ndarray, np.ndarray]:
    births, deaths = np.asarray(births, dtype=float), np.asarray(deaths, dtype=float)
    if births.ndim != 1 or births.shape != deaths.shape:
        raise ValueError(f"births, deaths: expected the same shape [S - 1], got {births.shape} and {deaths.shape}")
    checks.finite("births", births)
    checks.finite("deaths", deaths)
    return births, deaths

"""Martingales on finite trees of outcomes: exact conditional means, stakes and stopping.

An experiment has N steps; a path is a tuple of N outcomes, written as indices. ``law`` holds the transition
probabilities of the tree: ``law[k]`` is ``P(next outcome | the first k outcomes)``, normalized along axis k. Every
array has N axes, one for each step. What is known at time n has length 1 along the axes n, n+1, ..., so that
broadcasting does the bookkeeping of the filtration ``F_0 < F_1 < ... < F_N``. A process is a list of N + 1 such
arrays. Entries may be floats, or objects with exact arithmetic (``Fraction``, sympy expressions with symbols).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, product

import numpy as np

from rlcourse import checks

__all__ = [
    "adapted_process",
    "conditional_expectation",
    "doob_decomposition",
    "doob_martingale",
    "drift",
    "first_time",
    "is_stopping_time",
    "largest_drift",
    "outcome_tree",
    "snell_envelope",
    "stopped",
    "transform",
]

LARGEST = 2**20  # paths; more would not fit into memory as objects
MOST_STEPS = 32  # axes that every version of numpy allows


def outcome_tree(step: Callable | Sequence, horizon: int) -> list[np.ndarray]:
    """Transition probabilities of a tree of outcomes.

    Args:
        step: probabilities of the outcomes of one step, if the steps are independent and alike; or a function
            ``step(history)`` of the tuple of earlier outcomes that returns them.
        horizon: number of steps N.

    Returns:
        ``law``, a list of N arrays with N axes; equal rows of independent steps are stored once.

    Raises:
        ValueError: horizon below 1 or too many paths; probabilities that are negative or do not sum to 1; two
            histories of the same length with different numbers of outcomes.

    Proved in: processes/martingales (thm-martingale-tower).
    """
    if horizon not in range(1, MOST_STEPS + 1):
        raise ValueError(f"horizon is {horizon}; expected a whole number of steps from 1 to {MOST_STEPS}")
    law, sizes = [], ()
    for k in range(int(horizon)):
        before = sizes if callable(step) else (1,) * k
        rows = [_step_law(step, history) for history in product(*map(range, before))]
        widths = {len(row) for row in rows}
        if len(widths) > 1:
            raise ValueError(f"step: histories of length {k} have {sorted(widths)} outcomes; give the missing ones 0")
        sizes += (len(rows[0]),)
        if np.prod(sizes) > LARGEST:
            raise ValueError(f"horizon is {horizon}: the tree has more than {LARGEST} paths; take fewer steps")
        law.append(np.array(rows).reshape(*before, sizes[k], *[1] * (int(horizon) - k - 1)))
    return law


def _step_law(step, history) -> np.ndarray:
    """The probabilities after one history, checked."""
    row = np.asarray(step(history) if callable(step) else step)
    name = f"step({history})" if callable(step) else "step"
    if row.ndim != 1 or not row.size:
        raise ValueError(f"{name}: expected a list of probabilities, got an array of shape {row.shape}")
    if row.dtype != object:
        return checks.probabilities(name, row.astype(float))
    for i, x in enumerate(row):
        if x.is_negative if hasattr(x, "is_negative") else x < 0:
            raise ValueError(f"{name}[{i}] is {x}; expected a probability >= 0")
    rest = row.sum() - 1
    rest = rest.simplify() if hasattr(rest, "simplify") else rest
    if rest != 0:
        raise ValueError(f"{name} sums to {rest + 1}; expected exactly 1")
    return row


def _shape(law) -> tuple[int, ...]:
    return tuple(p.shape[k] for k, p in enumerate(law))


def _variable(name, x, law) -> np.ndarray:
    """An array with one axis for each step, whatever the caller gave."""
    x, shape = np.asarray(x), _shape(law)
    if x.dtype.kind == "f":
        checks.finite(name, x)
    if x.ndim == 0:
        x = x.reshape([1] * len(shape))
    if x.ndim != len(shape) or any(a not in (1, b) for a, b in zip(x.shape, shape, strict=True)):
        raise ValueError(f"{name} has shape {x.shape}; expected the tree's {shape}, or 1 where it does not depend")
    return x


def _first(x, n) -> np.ndarray:
    """The values on the first path through each history of length n."""
    return x[(slice(None),) * n + (slice(0, 1),) * (x.ndim - n)]


def _process(process, law) -> list[np.ndarray]:
    """The process, known at its times; raises where it looks ahead."""
    if len(process) != len(law) + 1:
        raise ValueError(f"process has {len(process)} entries; expected {len(law) + 1}, for the times 0 to {len(law)}")
    found = []
    for n, x in enumerate(process):
        x = _variable(f"process[{n}]", x, law)
        now = _first(x, n)
        if not (x == now).all():
            path = tuple(int(i) for i in np.argwhere(x != now)[0])
            raise ValueError(
                f"process[{n}] is not known at time {n}: the first {n} outcomes of path {path} do not determine it; "
                "does a bet or a stopping rule look ahead?"
            )
        found.append(now)
    return found


def adapted_process(value: Callable, law) -> list[np.ndarray]:
    """The process whose value at time n is a function of the first n outcomes.

    Args:
        value: ``value(history)`` for a tuple of outcomes of any length from 0 to N.
        law: tree, from :func:`outcome_tree`.

    Returns:
        List of N + 1 arrays; it is adapted because ``value`` sees no later outcome.

    Proved in: processes/martingales (def-martingale).
    """
    shape, found = _shape(law), []
    for n in range(len(shape) + 1):
        values = [value(history) for history in product(*map(range, shape[:n]))]
        found.append(np.array(values).reshape(*shape[:n], *[1] * (len(shape) - n)))
    return found


def conditional_expectation(x, law, n: int) -> np.ndarray:
    r"""Mean of a variable given the first n outcomes, by averaging over the last steps first.

    .. math:: E[X \mid F_n] = \sum_{x_{n+1}} P(x_{n+1} \mid x_1 \dots x_n) \cdots
              \sum_{x_N} P(x_N \mid x_1 \dots x_{N-1})\, X

    Args:
        x: variable, an array over the paths (length 1 along an axis on which it does not depend) or a number.
        law: tree, from :func:`outcome_tree`.
        n: time, 0 to N; 0 gives the mean.

    Returns:
        Array with length 1 along the axes n, n+1, ... It is also defined after histories of probability 0.

    Raises: ValueError if n is no time of the tree, or x has another shape.
    Source: Williams (1991), chapter 9. Proved in: processes/martingales (thm-martingale-tower).
    """
    if n not in range(len(law) + 1):
        raise ValueError(f"n is {n}; expected a time from 0 to {len(law)}")
    x = _variable("x", x, law)
    for k in reversed(range(n, len(law))):
        if x.shape[k] > 1:  # otherwise x does not depend on this step
            x = (law[k] * x).sum(axis=k, keepdims=True)
    return x


def drift(process, law) -> list[np.ndarray]:
    r"""What a process gains on average in its next step; zero for a martingale.

    .. math:: d_n = E[M_{n+1} \mid F_n] - M_n

    Args:
        process: list of N + 1 variables ``M_0, ..., M_N``.
        law: tree, from :func:`outcome_tree`.

    Returns:
        List of N arrays, ``d_n`` known at time n.

    Raises: ValueError if the process is not adapted (the message names a path), or has another length or shape.
    Source: Williams (1991), section 10.3. Proved in: processes/martingales (def-martingale).
    """
    process = _process(process, law)
    return [conditional_expectation(process[n + 1], law, n) - process[n] for n in range(len(law))]


def largest_drift(process, law) -> tuple:
    """The largest size of the drift, with the time and the history at which it occurs first.

    Args:
        process, law: as in :func:`drift`, with numbers as entries (floats or exact).

    Returns:
        ``(size, n, history)``; size 0 means that the process is a martingale.

    Raises: as :func:`drift`.
    Proved in: processes/martingales (def-martingale).
    """
    sizes = [abs(d) for d in drift(process, law)]
    n = max(range(len(sizes)), key=lambda k: sizes[k].max())
    where = np.unravel_index(sizes[n].argmax(), sizes[n].shape)
    return sizes[n].max(), n, tuple(int(i) for i in where[:n])


def doob_martingale(x, law) -> list[np.ndarray]:
    r"""What is expected of a variable as the outcomes come in.

    .. math:: M_n = E[X \mid F_n]

    Args:
        x: variable over the paths.
        law: tree, from :func:`outcome_tree`.

    Returns:
        List of N + 1 arrays, from the mean of x to x itself.

    Raises: as :func:`conditional_expectation`.
    Source: Williams (1991), section 10.4. Proved in: processes/martingales (thm-martingale-tower).
    """
    return [conditional_expectation(x, law, n) for n in range(len(law) + 1)]


def doob_decomposition(process, law) -> tuple[list[np.ndarray], list[np.ndarray]]:
    r"""A process as a martingale plus what could be predicted one step ahead.

    .. math:: X_n = M_n + A_n, \qquad A_n = \sum_{k<n} \bigl(E[X_{k+1} \mid F_k] - X_k\bigr)

    Args:
        process, law: as in :func:`drift`.

    Returns:
        Martingale and compensator, lists of N + 1 arrays; ``A_0 = 0``, and ``A_n`` is known at time n - 1.

    Raises: as :func:`drift`.
    Source: Williams (1991), section 12.11. Proved in: processes/martingales (thm-martingale-decomposition).
    """
    process = _process(process, law)
    compensator = list(accumulate(drift(process, law), initial=0 * process[0]))
    return [x - a for x, a in zip(process, compensator, strict=True)], compensator


def transform(stakes, process) -> list[np.ndarray]:
    r"""Gains of a player who stakes ``H_k`` on step k of a process (a martingale transform).

    .. math:: (H \cdot M)_n = \sum_{k=1}^{n} H_k\,(M_k - M_{k-1})

    Args:
        stakes: list of N variables; ``stakes[k - 1]`` is ``H_k`` and must be known at time k - 1 for a fair game.
        process: list of N + 1 variables.

    Returns:
        List of N + 1 arrays that starts at 0.

    Raises: ValueError if there is not one stake for each step.
    Source: Williams (1991), section 10.6. Proved in: processes/martingales (thm-martingale-transform).
    """
    if len(stakes) != len(process) - 1:
        raise ValueError(f"stakes has {len(stakes)} entries; expected {len(process) - 1}, one for each step")
    rounds = zip(stakes, process[:-1], process[1:], strict=True)
    gains = (stake * (after - before) for stake, before, after in rounds)
    return list(accumulate(gains, initial=0 * np.asarray(process[0])))


def first_time(hit: Callable, process) -> np.ndarray:
    """First time at which a process is where the rule asks it to be, N + 1 if it never is.

    Args:
        hit: function of the array ``M_n`` that returns booleans.
        process: list of N + 1 variables.

    Returns:
        Array of whole numbers over the paths; a stopping time if the process is adapted.

    Proved in: processes/martingales (def-stopping-time).
    """
    tau = np.asarray(len(process))
    for n in reversed(range(len(process))):
        tau = np.where(hit(process[n]), n, tau)
    return tau


def is_stopping_time(tau, law) -> bool:
    """Whether the first n outcomes tell if ``tau = n``, for every time n of the tree.

    Args:
        tau: whole numbers over the paths; beyond N means not within the horizon.
        law: tree, from :func:`outcome_tree`.

    Returns:
        False if the rule looks ahead.

    Raises: ValueError if a time is negative or not whole, or tau has another shape.
    Source: Williams (1991), section 10.8. Proved in: processes/martingales (def-stopping-time).
    """
    tau = _variable("tau", tau, law)
    for time in np.unique(tau):
        checks.whole("tau", time)
    return all(((tau == n) == _first(tau == n, n)).all() for n in range(len(law)))


def stopped(process, tau) -> list[np.ndarray]:
    r"""The process that stays where it is from a random time on.

    .. math:: M_{n \wedge \tau}

    Args:
        process: list of N + 1 variables.
        tau: whole numbers over the paths, from 0; beyond N means that it is not stopped.

    Returns:
        List of N + 1 arrays; the last one is ``M_tau`` where tau is at most N.

    Raises: ValueError if a time is negative or not whole.
    Source: Williams (1991), section 10.9. Proved in: processes/martingales (thm-stopping-stopped).
    """
    tau = np.asarray(tau)
    for time in np.unique(tau):
        checks.whole("tau", time)
    held = [np.asarray(process[0])]
    for n, x in enumerate(process[1:], 1):
        held.append(np.where(tau >= n, x, held[-1]))
    return held


def snell_envelope(process, law) -> list[np.ndarray]:
    r"""Largest mean that a stopping time up to the horizon can reach, by backward induction.

    .. math:: U_N = X_N, \qquad U_n = \max\bigl(X_n,\; E[U_{n+1} \mid F_n]\bigr)

    Args:
        process, law: as in :func:`drift`, with numbers as entries.

    Returns:
        List of N + 1 arrays. Stopping at the first time with ``U_n = X_n`` is optimal; for a martingale U = X.

    Raises: as :func:`drift`.
    Source: Snell (1952). Proved in: processes/martingales (thm-stopping-snell).
    """
    process = _process(process, law)
    best = [process[-1]]
    for n in reversed(range(len(law))):
        best.append(np.maximum(process[n], conditional_expectation(best[-1], law, n)))
    return best[::-1]

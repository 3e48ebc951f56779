"""Value and shape checks whose messages say which argument is wrong, where, and what was expected.

Every check takes the name of the argument first and returns the value unchanged, for numpy arrays,
torch tensors and plain numbers alike. Checks read values; they never repair them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "boolean",
    "broadcastable",
    "finite",
    "positive",
    "probabilities",
    "unit_interval",
    "whole",
]


def _array(x: Any) -> np.ndarray:
    """The values of a number, array or tensor (any device, with or without gradient)."""
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        # numpy has no bfloat16; half precision is checked as float32
        x = (x.float() if x.is_floating_point() else x).numpy()
    return np.asarray(x)


def _where(bad: np.ndarray) -> tuple[int, ...]:
    """Index of the first bad entry."""
    return tuple(int(i) for i in np.argwhere(bad)[0])


def _at(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _numeric(name: str, x: Any) -> np.ndarray:
    a = _array(x)
    if a.dtype.kind not in "fiu":
        raise TypeError(f"{name}: expected real numbers, got dtype {a.dtype}")
    return a


def finite(name: str, x: Any) -> Any:
    """Raise ``ValueError`` unless every entry is finite (no NaN, no infinity)."""
    a = _numeric(name, x)
    bad = ~np.isfinite(a)
    if bad.any():
        i = _where(bad)
        raise ValueError(
            f"{_at(name, i)} is {a[i]}; expected a finite number "
            f"({int(bad.sum())} of {a.size} entries are not finite)"
        )
    return x


def unit_interval(name: str, x: Any) -> Any:
    """Raise ``ValueError`` unless every entry lies in [0, 1]."""
    a = _numeric(name, x)
    bad = ~((a >= 0) & (a <= 1))
    if bad.any():
        i = _where(bad)
        raise ValueError(f"{_at(name, i)} is {a[i]}; expected a number in [0, 1]")
    return x


def positive(name: str, x: Any) -> Any:
    """Raise ``ValueError`` unless every entry is finite and greater than 0."""
    a = _numeric(name, x)
    bad = ~((a > 0) & np.isfinite(a))
    if bad.any():
        i = _where(bad)
        raise ValueError(f"{_at(name, i)} is {a[i]}; expected a finite number greater than 0")
    return x


def probabilities(name: str, p: Any, axis: int = -1, atol: float = 1e-6) -> Any:
    """Raise ``ValueError`` unless ``p`` holds probability vectors along ``axis``.

    Entries must be non-negative and each vector must sum to 1 within ``atol``.
    """
    a = _numeric(name, p)
    if a.ndim == 0:
        raise ValueError(f"{name} is the number {a}; expected a vector of probabilities")
    bad = ~(a >= 0)
    if bad.any():
        i = _where(bad)
        raise ValueError(f"{_at(name, i)} is {a[i]}; expected a probability >= 0")
    total = a.sum(axis=axis, dtype=np.float64)
    off = ~(np.abs(total - 1) <= atol)
    if off.any():
        i = _where(off)
        row = list(map(str, i))
        row.insert(axis % a.ndim, ":")
        hint = "; normalize it, or pass exp(log-probabilities)" if total[i] > 0 else ""
        raise ValueError(f"{name}[{', '.join(row)}] sums to {total[i]:.10g}; expected 1{hint}")
    return p


def whole(name: str, x: Any, least: int | None = 0) -> int:
    """Return a whole number as an int, or raise ``ValueError`` unless it is one and not below ``least``.

    Numbers that do not fit into 64 bits are refused.
    """
    expected = f"expected a whole number{'' if least is None else f', at least {least}'}"
    try:
        good = np.ndim(x) == 0 and bool(x == int(x) and (least is None or x >= least))
    except (TypeError, ValueError, OverflowError):  # text, nothing, nan, inf
        good = False
    if not good:
        raise ValueError(f"{name} is {x}; {expected}")
    if not -(2**63) <= int(x) < 2**63:
        raise ValueError(f"{name} is about 2 to the power {int(x).bit_length()}; {expected}, that fits into 64 bits")
    return int(x)


def boolean(name: str, x: Any) -> Any:
    """Raise ``TypeError`` unless ``x`` has dtype bool (0/1 numbers are refused: they hide mix-ups)."""
    dtype = getattr(x, "dtype", type(x))
    if str(dtype) not in ("bool", "torch.bool", "<class 'bool'>"):
        raise TypeError(f"{name}: expected dtype bool, got {dtype}; write `{name} = {name} != 0`")
    return x


def broadcastable(**arrays: Any) -> tuple[int, ...]:
    """The common shape of the named arrays; ``ValueError`` names every shape if there is none."""
    shapes = {name: tuple(np.shape(x)) for name, x in arrays.items()}
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"shapes do not broadcast: {listed}; expected [*batch, T] for all") from None

"""Exercise checks: they say what is right, what is wrong, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["check"]


def _number(x: Any) -> Any:
    """Numbers, arrays and tensors as an array; symbolic values as they are."""
    if hasattr(x, "detach"):
        x = x.detach().cpu().numpy()
    return x if _is_symbolic(x) else np.asarray(x)


def _is_symbolic(x: Any) -> bool:
    return hasattr(x, "free_symbols")


def _same(got: Any, want: Any, tolerance: float) -> bool:
    if _is_symbolic(got) or _is_symbolic(want):
        import sympy

        gap = sympy.simplify(sympy.sympify(got) - sympy.sympify(want))
        return bool(gap.is_number and abs(gap) <= tolerance)
    got, want = _number(got), _number(want)
    if got.dtype.kind in "fiub" and want.dtype.kind in "fiub":
        return got.shape == want.shape and bool(np.allclose(got, want, tolerance, tolerance))
    return bool(np.array_equal(got, want))


def _show(x: Any, digits: int) -> str:
    x = _number(x)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return np.array2string(x, precision=digits, threshold=12)
    return str(x)


def _difference(got: Any, want: Any) -> str:
    """Both values, with as many digits as it takes to tell them apart."""
    for digits in (4, 8, 16):
        shown = _show(got, digits), _show(want, digits)
        if shown[0] != shown[1]:
            return f"got {shown[0]}, expected {shown[1]}"
    got, want = _number(got), _number(want)
    if getattr(got, "shape", ()) != getattr(want, "shape", ()) or not getattr(got, "ndim", 0):
        return f"got {got!r}, expected {want!r}"
    # long arrays are shown without their middle
    index = tuple(int(i) for i in np.argwhere(got != want)[0])
    return f"entry {list(index)}: got {got[index]}, expected {want[index]}"


def check(
    label: str,
    answer: Any,
    conditions: Mapping[str, Callable[[Any], tuple[Any, Any]]],
    tolerance: float = 1e-8,
) -> bool:
    """Check an answer against conditions and print the outcome of each.

    Args:
        label: the exercise's label, ``"ex-..."``.
        answer: what the student wrote: a value or a function. Ellipsis, or a function that
            returns Ellipsis, counts as not answered.
        conditions: words -> function of the answer that gives ``(got, want)``.
        tolerance: absolute and relative tolerance for floating-point numbers.

    Returns:
        True if every condition holds.
    """
    if answer is Ellipsis:
        print(f"{label}: not answered yet")
        return False
    right = 0
    for words, condition in conditions.items():
        try:
            got, want = condition(answer)
        except Exception as error:
            # a student's own mistake: name it and go on with the other conditions
            if getattr(answer, "__code__", None) is not None and _unanswered(answer):
                print(f"{label}: not answered yet")
                return False
            print(f"  ✗ {words}: {type(error).__name__}: {error}")
            continue
        if got is Ellipsis:
            print(f"{label}: not answered yet")
            return False
        if _same(got, want, tolerance):
            right += 1
            print(f"  ✓ {words}")
        else:
            print(f"  ✗ {words}: {_difference(got, want)}")
    verdict = "right" if right == len(conditions) else "not right yet"
    print(f"{label}: {verdict} ({right} of {len(conditions)})")
    return right == len(conditions)


def _unanswered(function: Any) -> bool:
    """Whether the function's body still ends in the Ellipsis that stands for the answer."""
    return Ellipsis in function.__code__.co_consts

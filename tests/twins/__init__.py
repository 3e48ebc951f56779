"""One row per quantity that has a tabular and a torch form; `tests/test_twins.py` runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Twin:
    """A quantity with three independent forms: oracle, tabular, deep.

    Attributes:
        name: module and function, ``"returns.gae"`` for ``rlcourse.{tabular,deep}.returns.gae``.
        draw: ``draw(rng, batch, T)`` gives random keyword arguments (numpy arrays, numbers, strings).
        oracle: the definition, written as a sum; takes the same keywords.
        min_T: the smallest time length for which the quantity is defined.
        float32_rtol: relative tolerance of the float32 forms.
    """

    name: str
    draw: Callable[[np.random.Generator, tuple[int, ...], int], dict]
    oracle: Callable
    min_T: int = 0
    float32_rtol: float = 1e-4

"""Checks that derivations run through: symbolic or exact, or they raise.

`prove` settles an identity or an inequality symbolically, `refute` shows a counterexample, `agree` compares
computed numbers with exact ones, and `consistent` tests a seeded sample with enough power to fail.

How `prove` works, from the top: ``proofs`` checks the input, looks for a counterexample among random points
(``evaluate``) and then asks for a proof. An identity is proved if the ``normal`` form of the difference is the
zero polynomial in its kernels (``rational``); ``sums`` (with ``antidifferences``, ``hypergeometric``, ``gosper``),
``products``, ``integrals``, ``limits`` and ``factorials`` bring what they know into that form, and ``clock`` ends
what takes too long. An inequality is proved by a certificate (``inequalities``, ``positivity``). What is known about
the symbols is kept in a ``domain``. The building blocks are in ``blocks``, constrained extrema in ``extrema``.
"""

from rlcourse.proof.blocks import (
    Trajectory,
    entropy,
    expectation,
    kl,
    logsumexp,
    score,
    simplex,
    softmax,
    trajectories,
    variance,
)
from rlcourse.proof.extrema import Lagrange, lagrange
from rlcourse.proof.measure import agree, consistent
from rlcourse.proof.proofs import prove
from rlcourse.proof.refutations import refute
from rlcourse.proof.session import ledger
from rlcourse.proof.verdict import Refuted, Undecided, Verdict

__all__ = [
    "Lagrange",
    "Refuted",
    "Trajectory",
    "Undecided",
    "Verdict",
    "agree",
    "consistent",
    "entropy",
    "expectation",
    "kl",
    "lagrange",
    "ledger",
    "logsumexp",
    "prove",
    "refute",
    "score",
    "simplex",
    "softmax",
    "trajectories",
    "variance",
]

"""`refute`: a statement is false at a given point."""

from fractions import Fraction

import mpmath
import sympy as sp

from rlcourse.proof import typeset
from rlcourse.proof.domain import Domain
from rlcourse.proof.evaluate import Point
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.rational import vanishes
from rlcourse.proof.session import check_code, check_label, ledger
from rlcourse.proof.statement import parse
from rlcourse.proof.statements import check_covers
from rlcourse.proof.values import DIGITS, Undefined, fits, show_value, to_sympy
from rlcourse.proof.verdict import Verdict


def refute(label, lhs, rhs=None, *, at, covers=(), code=(), formula=None, note="") -> Verdict:
    """Show that ``lhs == rhs``, or an inequality, fails at a point.

    Args:
        label: Reference target, as in `prove`.
        lhs: One side, or a relation such as ``a >= b``.
        rhs: The other side; leave it out after a relation.
        at: ``{symbol: exact value}`` for every free symbol; likewise for function values and indexed entries.
        covers: Ids of the statements that this corrects.
        code: Qualified names of the package functions concerned.
        formula: LaTeX (or a sympy expression) of the false statement, shown where the two sides are too long to read.
        note: One short sentence.

    Returns:
        The verdict, status "refuted"; it shows both values.

    Raises:
        ValueError: The statement holds at the point, or is not defined there; a symbol has no value, or one that
            breaks its assumptions.
    """
    check_label(label)
    ledger.check_free(label)
    covers = check_covers(covers)
    statement = parse(lhs, rhs)
    at = {sp.sympify(k): parse(v, 0).pairs[0][1] for k, v in at.items()}
    symbols = statement.free_symbols()
    for symbol, value in at.items():
        if value.is_infinite:
            raise ValueError(f"at: {symbol} = {value} is no number")
        if not fits(value, symbol):
            raise ValueError(f"at: {symbol} = {value} breaks an assumption of {symbol}")
    place, left, right, a, b = _failing_entry(label, statement, symbols, at)
    left_value, right_value = _value(left, at, a), _value(right, at, b)
    claim = statement.latex(formula)
    details = {
        "claim": claim,
        "point": {str(s): str(at[s]) for s in sorted(at, key=str)},
        "lhs_value": str(left_value),
        "rhs_value": str(right_value),
    }
    formula = typeset.counterexample(claim, at, left_value, right_value, place)
    values = f"{typeset.short(left_value)} and {typeset.short(right_value)}"
    text = f"{statement.text()}: at {typeset.point_text(at)} the sides are {values}"
    verdict = Verdict(
        label, "refuted", "refute", formula, text, "values at a point", covers, check_code(code), note, details
    )
    ledger.add(verdict)
    return verdict


def _failing_entry(label, statement, symbols, at):
    """Return the first entry that fails at the point, with both its values."""
    missing = sorted(str(s) for s in symbols - set(at))
    if missing:
        raise ValueError(f"at: no value for {', '.join(missing)} (with other assumptions, it is another symbol)")
    try:
        with mpmath.workdps(DIGITS):
            point = Point(Domain(symbols), symbols, label, given=at)
            values = [(entry, point.value(entry[1]), point.value(entry[2])) for entry in statement.pairs]
    except Undefined as error:
        raise ValueError(f"at: both sides must be real numbers there: {error}") from error
    invented = sorted(str(e) for e in set(point.table) - set(at))
    if invented:
        raise ValueError(f"at: no value for {', '.join(invented)}")
    for entry, a, b in values:
        if not point.holds(statement.sign, a, b) or _is_an_equality(statement.sign, entry, at):
            return *entry, a, b
    shown = "; ".join(f"{show_value(a)} {statement.sign} {show_value(b)}" for _, a, b in values)
    raise ValueError(f"{label}: the statement holds at {typeset.point_text(at)}: {shown}")


def _is_an_equality(sign, entry, at) -> bool:
    """Return whether a strict inequality fails because both sides are exactly equal, which digits cannot tell."""
    _, left, right = entry
    gap = (left - right).subs(at, simultaneous=True)
    return sign in (">", "<") and vanishes(Normalizer(Domain(())).form(gap))


def _value(side, at, number):
    """Return the exact value of a side if it is short, else 12 digits of it."""
    exact = side.subs(at, simultaneous=True).doit() if not isinstance(number, Fraction) else to_sympy(number)
    return exact if exact.is_number and exact.count_ops() <= 12 and not exact.has(sp.Float) else sp.Float(number, 12)

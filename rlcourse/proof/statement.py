"""Statements: two sides and a sign, checked before anything is proved about them."""

from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from rlcourse.proof import typeset
from rlcourse.proof.domain import Domain

_TEX = {"==": "=", "!=": r"\neq", ">=": r"\geq", "<=": r"\leq", ">": ">", "<": "<"}


@dataclass(frozen=True)
class Statement:
    """``lhs sign rhs``; for a matrix or a list, one such statement for each entry.

    Attributes:
        sign: One of ``== != >= <= > <``.
        lhs: Left side as it was given.
        rhs: Right side as it was given.
        pairs: ``(place, lhs, rhs)`` of every entry; the place is "" for a scalar.
    """

    sign: str
    lhs: object
    rhs: object
    pairs: tuple

    def free_symbols(self) -> set:
        """Return the free symbols of both sides, without the bases of indexed entries."""
        found = set()
        for _, *sides in self.pairs:
            for side in sides:
                found |= side.free_symbols - side.atoms(sp.Indexed)
                found -= {i.base.label for i in side.atoms(sp.Indexed)}
        return {s for s in found if isinstance(s, sp.Symbol)}

    def latex(self, formula=None) -> str:
        """Return LaTeX of the statement; ``formula`` is shown in its place."""
        if formula is not None:
            return formula if isinstance(formula, str) else typeset.tex(formula)
        return typeset.relation(typeset.tex(self.lhs), _TEX[self.sign], typeset.tex(self.rhs))

    def text(self) -> str:
        """Return the statement in plain text, shortened if it is long."""
        sign = self.sign.replace("==", "=")
        return f"{typeset.short(_matrix(self.lhs))} {sign} {typeset.short(_matrix(self.rhs))}"


@dataclass(frozen=True)
class Claim:
    """A proved statement with the conditions under which it holds, perhaps with other terms for its symbols."""

    statement: Statement
    assuming: tuple = ()
    substitution: tuple = ()

    def at(self, substitution) -> "Claim":
        """Return the instance in which symbols are replaced by terms."""
        substitution = {sp.sympify(k): sp.sympify(v) for k, v in substitution.items()}
        unknown = sorted(str(s) for s in set(substitution) - self.statement.free_symbols())
        if unknown:
            raise ValueError(f"at: {', '.join(unknown)} is no free symbol of the statement")
        return Claim(self.statement, self.assuming, tuple(substitution.items()))

    def pairs(self) -> list:
        """Return both sides of each entry of the instance."""
        return [(self._instance(left), self._instance(right)) for _, left, right in self.statement.pairs]

    def _instance(self, expr):
        return expr.subs(dict(self.substitution), simultaneous=True)

    def broken_conditions(self, domain) -> list[str]:
        """Return the conditions of the statement that are not known to hold for this instance."""
        broken = []
        for symbol in sorted(self.statement.free_symbols(), key=str):
            value = self._instance(symbol)
            for name, holds in (
                ("positive", domain.is_positive(value)),
                ("nonnegative", domain.is_nonnegative(value)),
                ("integer", value.is_integer),
                ("real", value.is_real or domain.is_nonnegative(value)),
                ("negative", domain.is_positive(-value)),
                ("nonpositive", domain.is_nonnegative(-value)),
                ("nonzero", value.is_nonzero or domain.is_positive(value) or domain.is_positive(-value)),
                *((name, getattr(value, f"is_{name}")) for name in ("even", "odd", "prime", "rational", "irrational")),
            ):
                if getattr(symbol, f"is_{name}") and not holds:
                    broken.append(f"{name} {symbol}, here {value}")
        for gap in Domain(self.statement.free_symbols()).conditions:
            if not domain.is_positive(self._instance(gap)):
                broken.append(f"{self._instance(gap)} > 0")
        for condition in self.assuming:
            here = self._instance(condition)
            if here not in domain.stated and domain.truth(here) is not True:
                broken.append(str(here))
        return broken


def parse(lhs, rhs=None) -> Statement:
    """Return the statement ``lhs == rhs``, or the relational ``lhs`` if there is no ``rhs``.

    Raises:
        TypeError: A side is no sympy expression, or has a floating-point number in it.
        ValueError: The shapes differ, a side is empty, or sympy has already decided the relational.
    """
    sign = "=="
    if rhs is None:
        if lhs in (True, False, sp.true, sp.false):
            raise ValueError(
                f"the statement became {lhs} before it got here: sympy decided it from the symbols' assumptions; "
                "write Ge(lhs, rhs, evaluate=False) to keep it"
            )
        if not isinstance(lhs, Relational):
            raise TypeError(f"expected two sides, or a relation such as lhs >= rhs, got {lhs!r} alone")
        sign, lhs, rhs = lhs.rel_op, lhs.lhs, lhs.rhs
    left, right = _entries("lhs", lhs), _entries("rhs", rhs)
    if left.keys() != right.keys():
        raise ValueError(f"shape mismatch: lhs is {_shape(lhs)}, rhs is {_shape(rhs)}")
    return Statement(sign, lhs, rhs, tuple((place, left[place], right[place]) for place in left))


def _shape(side) -> str:
    if isinstance(side, sp.MatrixBase):
        return f"a {side.rows}x{side.cols} matrix"
    return f"a list of {len(side)}" if isinstance(side, (list, tuple, sp.Tuple)) else "a scalar"


def _matrix(side):
    return sp.Matrix(side) if isinstance(side, (list, tuple, sp.Tuple)) else sp.sympify(side)


def _entries(name, side) -> dict:
    """Return ``{place: expression}``."""
    if isinstance(side, (list, tuple, sp.Tuple)):
        side = [x for x in side]
        if not side:
            raise ValueError(f"{name} is empty, which states nothing")
        found = {}
        for i, x in enumerate(side):
            found |= {f"[{i}]{place}": e for place, e in _entries(f"{name}[{i}]", x).items()}
        return found
    if isinstance(side, sp.MatrixBase):
        if 0 in side.shape:
            raise ValueError(f"{name} is an empty matrix, which states nothing")
        places = [(i, j) for i in range(side.rows) for j in range(side.cols)]
        return {f"[{i}, {j}]": _exact(f"{name}[{i}, {j}]", side[i, j]) for i, j in places}
    return {"": _exact(name, side)}


def _exact(name, value):
    try:
        expr = sp.sympify(value, strict=True)
    except sp.SympifyError:
        raise TypeError(f"{name}: expected a sympy expression, got {value!r}") from None
    if not isinstance(expr, sp.Expr) or expr.is_commutative is False or isinstance(expr, sp.Order):
        raise TypeError(f"{name}: expected a commutative sympy expression, got {value!r}")
    floats = sorted(expr.atoms(sp.Float))
    if floats:
        raise TypeError(f"{name}: {floats[0]} is not exact; write Rational({str(float(floats[0]))!r}) or a symbol")
    if expr.has(sp.nan, sp.zoo):
        raise ValueError(f"{name}: {expr} is undefined (a division by zero?)")
    return expr


def check_assumptions(expr, domain) -> None:
    """Raise ``ValueError`` if a logarithm, root or real power in ``expr`` needs an assumption that a symbol lacks."""
    for part in sp.preorder_traversal(expr):
        if isinstance(part, sp.log):
            _need_sign(part, part.args[0], domain)
        elif isinstance(part, sp.Pow) and not part.exp.is_integer:
            _need_sign(part, part.base, domain)


def check_bound(expr, domain) -> None:
    """Raise ``ValueError`` if what is assumed about the variable of a sum or integral fails in its range."""
    assumed = {s for fact in domain.stated if not isinstance(fact, sp.Eq) for s in fact.free_symbols}
    for part in expr.atoms(sp.Sum, sp.Product, sp.Integral, sp.Limit):
        for k, *range_ in [(part.args[1],)] if isinstance(part, sp.Limit) else part.limits:
            if k in assumed:
                raise ValueError(f"assuming: {k} is the variable of {part}; rename it, its range is all that holds")
            if isinstance(part, sp.Limit):
                continue
            lowest = 1 if k.is_positive and not isinstance(part, sp.Integral) else 0
            known = len(range_) == 2 and domain.is_nonnegative(range_[0] - lowest)
            if (k.is_nonnegative and not known) or k.is_nonpositive or k.is_even or k.is_odd:
                raise ValueError(f"{part}: {k} has an assumption that its range is not known to obey")


def check_defined(name, expr, sides, domain) -> None:
    """Raise ``ValueError`` if ``expr`` has a logarithm or root that may be undefined where the sides are defined."""
    present = {part for side in sides for part in sp.preorder_traversal(side)}
    for part in sp.preorder_traversal(expr):
        if part in present or not isinstance(part, (sp.log, sp.Pow)) or isinstance(part, sp.exp):
            continue
        inside = part.args[0]
        if isinstance(part, sp.Pow) and (part.exp.is_integer or domain.is_nonnegative(inside)):
            continue
        if not domain.is_positive(inside):
            raise ValueError(f"{name}: {part} may be undefined here; {inside} is not known to be positive")


def _need_sign(whole, inside, domain) -> None:
    """Raise if ``inside`` has a factor of unknown sign that is a bare symbol or function value.

    A compound such as 1 - p may be left undecided: the statement is then about the points where it is positive.
    """
    factors = sp.Mul.make_args(inside)
    for factor in factors:
        if isinstance(factor, sp.exp):
            unknown = sorted((s for s in factor.args[0].free_symbols if s.is_Symbol and s.is_real is None), key=str)
            if unknown and not factor.args[0].is_real:
                name = str(unknown[0])
                raise ValueError(f"{whole}: {name} has no assumptions; write Symbol({name!r}, real=True)")
            continue
        base, exponent = factor.as_base_exp()
        bare = isinstance(base, (sp.Symbol, AppliedUndef, sp.Indexed))
        square = exponent.is_even and len(factors) == 1
        if bare and not square and not domain.is_nonnegative(base):
            kind, name = _origin(base)
            raise ValueError(
                f"{whole}: the sign of {base} is not known; write {kind}({name!r}, positive=True) if it is positive"
            )


def _origin(entry) -> tuple[str, str]:
    """Return the sympy class and the name by which a symbol, function value or indexed entry was made."""
    if isinstance(entry, sp.Indexed):
        return "IndexedBase", str(entry.base.label)
    return ("Function", entry.func.__name__) if isinstance(entry, AppliedUndef) else ("Symbol", entry.name)

"""Constrained extrema: the Lagrangian, its conditions, and a certificate of the second order."""

from dataclasses import dataclass

import sympy as sp

from rlcourse.proof import typeset
from rlcourse.proof.domain import Domain
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.positivity import certify
from rlcourse.proof.proofs import sentence, settle
from rlcourse.proof.session import check_code, check_label, ledger
from rlcourse.proof.statement import parse
from rlcourse.proof.statements import check_covers
from rlcourse.proof.verdict import Undecided, Verdict


@dataclass(frozen=True)
class Lagrange:
    """A problem with equality constraints; made by `lagrange`.

    Attributes:
        objective: Expression in the variables.
        variables: Symbols over which it is extremal.
        constraints: Expressions that must be zero.
        multipliers: One symbol for each constraint.
    """

    objective: sp.Expr
    variables: tuple
    constraints: tuple
    multipliers: tuple

    @property
    def lagrangian(self) -> sp.Expr:
        """The objective minus multiplier times constraint."""
        return self.objective - sp.Add(*[m * g for m, g in zip(self.multipliers, self.constraints, strict=True)])

    @property
    def conditions(self) -> sp.Matrix:
        """Partial derivatives of the Lagrangian by the variables, which are zero at an extremum."""
        return sp.Matrix([sp.diff(self.lagrangian, x) for x in self.variables])

    @property
    def hessian(self) -> sp.Matrix:
        """Second derivatives of the Lagrangian by the variables."""
        return sp.hessian(self.lagrangian, self.variables)

    def maximum(self, label, at, *, assuming=(), covers=(), code=(), formula=None, note="") -> Verdict:
        """Certify that ``at`` is a maximum: feasible, stationary, and of negative curvature along the constraints.

        With linear constraints the curvature is certified everywhere if possible; the maximum is then the only
        one on any convex set of the variables. Otherwise it is certified at the point, and the maximum is local.

        Args:
            label: Reference target, as in `prove`.
            at: ``{symbol: value}`` of every variable and every multiplier.
            assuming: As in `prove`.
            covers: Statement ids.
            code: Qualified names of package functions.
            formula: LaTeX shown instead of the point.
            note: One short sentence.

        Raises:
            Refuted: A constraint or a condition fails at the point.
            Undecided: The sign of the curvature could not be certified.
            ValueError: A variable or multiplier has no value.
        """
        return self._extremum(label, at, -1, assuming, covers, code, formula, note)

    def minimum(self, label, at, *, assuming=(), covers=(), code=(), formula=None, note="") -> Verdict:
        """Certify that ``at`` is a minimum; see `maximum`."""
        return self._extremum(label, at, 1, assuming, covers, code, formula, note)

    def _extremum(self, label, at, sign, assuming, covers, code, formula, note):
        check_label(label)
        ledger.check_free(label)
        covers = check_covers(covers)
        at = {sp.sympify(k): sp.sympify(v) for k, v in at.items()}
        missing = [str(s) for s in (*self.variables, *self.multipliers) if s not in at]
        if missing:
            raise ValueError(f"at: no value for {', '.join(missing)}")
        domain = Domain({s for value in at.values() for s in value.free_symbols}, assuming)
        for x in self.variables:
            value = at[x]
            for name, holds in (
                ("positive", domain.is_positive(value)),
                ("nonnegative", domain.is_nonnegative(value)),
                ("negative", domain.is_positive(-value)),
                ("nonpositive", domain.is_nonnegative(-value)),
            ):
                if getattr(x, f"is_{name}") and not holds:
                    raise ValueError(f"at: {x} = {value} is not known to be {name}, as {x} is")
        zero = [e.subs(at, simultaneous=True) for e in (*self.constraints, *self.conditions)]
        first = parse(zero, [0] * len(zero))
        routes = settle(label, first, Domain(first.free_symbols(), assuming))
        extent = self._curvature(label, at, sign, assuming)
        name = "maximum" if sign < 0 else "minimum"
        point = [f"{typeset.tex(x)} = {typeset.tex(at[x])}" for x in self.variables]
        formula = formula or typeset.listing(rf"\text{{{extent} {name}:}}", point)
        text = f"{extent} {name} at {', '.join(f'{x} = {typeset.short(at[x], 60)}' for x in self.variables)}"
        route = sentence([*routes, "second-order condition by leading minors"])
        verdict = Verdict(label, "proved", "prove", formula, text, route, covers, check_code(code), note)
        ledger.add(verdict)
        return verdict

    def _curvature(self, label, at, sign, assuming) -> str:
        """Return "unique global" or "local" if the curvature has the sign along the constraints, or raise."""
        slopes = sp.Matrix([[sp.diff(g, x) for x in self.variables] for g in self.constraints])
        linear = not slopes.has(*self.variables)
        for extent, values in (("unique global", {}), ("local", at)):
            if extent == "unique global" and not linear:
                continue
            free = sp.eye(len(self.variables)).columnspace()
            basis = slopes.subs(values, simultaneous=True).nullspace() if self.constraints else free
            if not basis:
                return extent
            basis = sp.Matrix.hstack(*basis)
            form = sign * basis.T * self.hessian.subs(values, simultaneous=True) * basis
            normal = Normalizer(Domain(form.free_symbols, assuming))
            minors = [normal.form(form[:n, :n].det(method="berkowitz")) for n in range(1, form.rows + 1)]
            if all(certify(minor, normal.domain, strict=True) for minor in minors):
                return extent
        raise Undecided(f"{label}: stationary, but the signs of the minors {minors} could not be certified")


def lagrange(objective, variables, constraints) -> Lagrange:
    """Set up the extremum of ``objective`` in ``variables`` under ``constraints``.

    Args:
        objective: sympy expression.
        variables: Its symbols that vary; positive symbols where positivity is part of the problem.
        constraints: Expressions that must be zero, or equations ``Eq(lhs, rhs)``.

    Returns:
        The problem with its Lagrangian; ``maximum`` and ``minimum`` certify a point.
    """
    variables = tuple(variables)
    if not variables or not all(isinstance(x, sp.Symbol) for x in variables):
        raise ValueError(f"variables: expected symbols, got {variables}")
    for x in variables:
        if not x.is_real or x.is_integer or (x.is_nonzero and x.is_positive is None and x.is_negative is None):
            raise ValueError(f"variables: {x} must range over an interval; write Symbol({x.name!r}, real=True)")
    jumps = sp.sympify(objective).atoms(sp.Piecewise, sp.Abs, sp.Max, sp.Min, sp.sign, sp.Heaviside, sp.floor)
    if jumps:
        raise ValueError(f"objective: {jumps.pop()} is not smooth, so its derivatives show no extremum")
    constraints = tuple(g.lhs - g.rhs if isinstance(g, sp.Eq) else sp.sympify(g) for g in constraints)
    for i, g in enumerate(constraints):
        if not g.free_symbols & set(variables):
            raise ValueError(f"constraints[{i}]: {g} has none of the variables")
    names = ["mu"] if len(constraints) == 1 else [f"mu_{i}" for i in range(1, len(constraints) + 1)]
    multipliers = tuple(sp.Symbol(name, real=True) for name in names)
    return Lagrange(sp.sympify(objective), variables, constraints, multipliers)
